"""Billing starts with just what it requires; without it nothing of it is there."""

from __future__ import annotations

import json

import pytest

from core.settings import ROOT
from tests.support.running import command

SCRIPT = """
import json
from core.app import create_app
from core.settings import load_settings
app = create_app(load_settings(data={data!r}, plugins={plugins!r}, secret="s" * 40))
from core.registry import registry
reg = registry()
told = sorted(k for k in reg.types if k.startswith("billing."))
print(json.dumps({{
    "types": told,
    "menus": [m.key for m in reg.menus],
    "rules": sorted(str(r) for r in app.url_map.iter_rules() if "billing" in str(r)),
    "fields": "service_item" in reg.types["cases.case"].fields if "cases.case" in reg.types else None,
}}))
"""


def told(scratch, *plugins: str) -> dict:
    import subprocess
    import sys

    text = SCRIPT.format(data=str(scratch / "-".join(plugins)), plugins=tuple(plugins))
    done = subprocess.run([sys.executable, "-c", text], capture_output=True, text=True, cwd=ROOT, timeout=60)
    assert done.returncode == 0, done.stderr[-2000:]
    return json.loads(done.stdout.splitlines()[-1])


def test_it_starts_with_clients_and_cases_alone(scratch):
    found = told(scratch, "clients", "cases", "billing")
    assert "billing.bill" in found["types"]
    assert "/billing/ageing" in found["rules"]
    assert found["fields"] is True


@pytest.mark.parametrize("plugins", [("clients",), ("clients", "cases")])
def test_without_it_there_is_no_trace(scratch, plugins):
    found = told(scratch, *plugins)
    assert (found["types"], found["rules"]) == ([], [])
    assert not {"bills", "payments", "quotations", "ageing"} & set(found["menus"])
    assert not found["fields"]


def test_its_requirements_are_named_when_they_are_missing(scratch, tmp_path):
    config = tmp_path / "config.toml"
    config.write_text('plugins = ["clients", "billing"]\n')
    done = command("--config", config, "--data", scratch / "lacking", "db", "upgrade", check=False)
    assert done.returncode != 0
    assert "cases" in done.stdout + done.stderr
