"""The role pack: complete against the trade's list, and each of its records has its line in the documentation."""

from __future__ import annotations

import pytest
import yaml

from core.settings import ROOT
from plugins.roles import role_codes, separation_of_duties


@pytest.fixture(scope="module")
def trade(shared_data):
    return yaml.load((shared_data / "roles-and-permissions.yaml").read_text("utf-8"), yaml.CSafeLoader)


def test_every_role_of_the_trade_is_there(trade):
    assert list(role_codes()) == [role["code"] for role in trade["roles"]]


def test_every_separation_of_duties_is_known(trade):
    assert {s.code for s in separation_of_duties()} == {s["code"] for s in trade["separation_of_duties"]}


def test_the_documentation_maps_every_record_of_the_pack(trade):
    text = (ROOT / "docs" / "records.md").read_text("utf-8")
    lines = {line.split("|")[1].strip(): line for line in text.splitlines() if line.startswith("| ")}
    assert [r["record"] for r in trade["records"] if r["record"] not in lines] == []


def test_the_documentation_names_only_records_that_exist(app):
    import re

    from core import registry

    text = (ROOT / "docs" / "records.md").read_text("utf-8")
    named = set(re.findall(r"`((?:core|clients|cases|deadlines)\.[a-z_]+)`", text))
    assert sorted(named - set(registry().types)) == []
