"""Whatever a kind of custom field takes comes back as it was: over the API, a form, a sheet out and in again."""

from __future__ import annotations

import re
from datetime import date
from decimal import Decimal

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from core.api.keys import issue_key
from core.importing.run import open_plan
from core.importing.values import EMPTY, coerce
from core.records.custom.known import edition
from core.records.custom.stored import from_json, to_json
from core.records.schema import schema_field
from core.records.service import loader
from core.web.export import value_of
from tests.support.custom import KINDS, define
from tests.support.lab import Client

pytest_plugins = ("tests.e2e.fixtures",)
BACKEND = "postgresql"
LETTERS = st.characters(codec="utf-8", exclude_categories=("C", "Z"))
WORDS = st.text(LETTERS, min_size=1, max_size=12)
LINES = st.lists(WORDS, min_size=1, max_size=4)
CODES = ("low", "high")
SAID = st.text(st.characters(categories=("L", "N")), min_size=1, max_size=12).filter(lambda w: w.lower() not in EMPTY)
"""Sheets write “-” or “n/a” for nothing, and a mark at the end of a line says nothing there."""
VALUES = {
    "x_text": st.lists(WORDS, min_size=1, max_size=3).map(" ".join),
    "x_long": LINES.map("\n".join),
    "x_number": st.decimals(min_value=-(10**9), max_value=10**9, places=3),
    "x_money": st.decimals(min_value=-(10**12), max_value=10**12, places=2),
    "x_day": st.dates(min_value=date(1900, 1, 1), max_value=date(9999, 12, 31)),
    "x_level": st.sampled_from(CODES),
    "x_marks": st.lists(st.sampled_from(CODES), min_size=1, max_size=2, unique=True),
    "x_sure": st.booleans(),
}
IN_SHEETS = VALUES | {"x_text": SAID, "x_long": st.lists(SAID, min_size=1, max_size=3).map("\n".join)}
quickly = settings(
    max_examples=8, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture], derandomize=True
)


@pytest.fixture(scope="module")
def made(desk):
    with desk.app.app_context():
        return define("desk.paper", **KINDS)


@pytest.fixture(scope="module")
def program(desk):
    """A program that speaks for ann."""
    with desk.app.app_context():
        return Client(desk.app, issue_key(desk.ids["ann"], ["*"], "round trip"), {})


def plain(value):
    return str(value) if isinstance(value, (Decimal, date)) else value


def told(value):
    """As the API tells it."""
    return value if isinstance(value, (bool, str, list)) or value is None else str(value)


@pytest.mark.parametrize("name", VALUES)
def test_in_the_column(desk, made, name):
    with desk.app.app_context():
        spec = edition().find("desk.paper", name)

    @settings(quickly, max_examples=200)
    @given(value=VALUES[name])
    def holds(value):
        loaded = schema_field(spec)._deserialize(value, name, None)
        assert from_json(spec, to_json(spec, loaded)) == loaded == value

    holds()


@quickly
@given(values=st.fixed_dictionaries({}, optional=VALUES))
def test_over_the_api(desk, made, program, values):
    sent = {name: plain(value) for name, value in values.items()}
    row = program.post("desk.paper", {"name": "api", "keeper": desk.ids["ann"]} | sent)
    assert row.status_code == 201, row.json
    again = program.get(f"desk.paper/{row.json['id']}").json
    for name in VALUES:
        assert again[name] == told(values.get(name)), name
    for name, value in values.items():
        op = "__contains" if name in ("x_marks", "x_long") else ""
        wanted = value[0] if name == "x_marks" else value.split("\n")[0] if name == "x_long" else plain(value)
        query = {f"{name}{op}": wanted, "id": row.json["id"], "sort": name if name != "x_marks" else "id"}
        found = program.app.test_client().get("/api/v1/desk.paper", query_string=query, headers=program.headers)
        assert [r["id"] for r in found.json["data"]] == [row.json["id"]], (name, value, found.json)


def test_over_a_form(desk, made, program, visit):
    ann = visit("ann")
    ann.get("/r/desk.paper/new")

    @quickly
    @given(values=st.fixed_dictionaries({}, optional=VALUES))
    def holds(values):
        typed = {n: v if n == "x_marks" else str(int(v)) if n == "x_sure" else str(v) for n, v in values.items()}
        answer = ann.post("/r/desk.paper", name="form", state="draft", keeper=str(desk.ids["ann"]), **typed)
        assert answer.status_code == 303, answer.text
        ident = int(re.search(r"/(\d+)", answer.headers["Location"])[1])
        row = program.get(f"desk.paper/{ident}").json
        for name in VALUES:
            assert row[name] == told(values.get(name)), name

    holds()


@quickly
@given(values=st.fixed_dictionaries(IN_SHEETS))
def test_over_a_sheet(desk, made, tmp_path_factory, values):
    """What an export writes into a cell is what an import reads out of it, by the header that stands above."""
    with desk.app.app_context():
        specs = edition().of("desk.paper")
        cells = {str(specs[name].label): value_of(specs[name], value) for name, value in values.items()}
        file = tmp_path_factory.mktemp("sheet") / "papers.csv"
        file.write_text("name," + ",".join(cells) + "\nx," + ",".join("" for _ in cells), "utf-8-sig")
        plan = open_plan("desk.paper", file)
        assert {plan.mapping.fields[label] for label in cells} == set(VALUES)
        for name, value in values.items():
            cell = cells[str(specs[name].label)]
            cell = float(cell) if isinstance(cell, Decimal) else cell
            read = coerce(plan.targets[name], cell)
            loaded, errors = loader(specs_model()).load({name: read}, partial=True)
            assert not errors, (name, value, errors)
            assert loaded[name] == value, name


def specs_model():
    from core.registry import record_class

    return record_class("desk.paper")
