"""Rules and calendars of other plugins: joined when they are sound, told with the plugin when they are not."""

from __future__ import annotations

import copy
import json
from datetime import date

import pytest

from core.settings import ROOT
from plugins.deadlines import choices, joining, reading
from plugins.deadlines.engine import Calendars, RestDays, RulePack, compute_line, load_holidays, load_pack
from plugins.deadlines.engine.evaluate import Evaluator

EXAMPLE = ROOT / "examples" / "zhian-plant-varieties" / "plant_varieties" / "data" / "rules.json"
OFFICE = RestDays(
    "plant_variety", "植物新品种", "variety office", "a law", like="tm", off=frozenset({date(2026, 10, 8)})
)


@pytest.fixture(autouse=True)
def _as_it_ships():
    yield
    list(joining.take_calendars([]))
    list(joining.take_rules([]))


def given(change=lambda rows: None):
    data = copy.deepcopy(json.loads(EXAMPLE.read_text("utf-8")))
    change(data["rules"])
    triggers = {code: tuple(keys) for code, keys in data["case_triggers"].items()}
    kinds = {"pv_application": ("plant_variety", "national")}
    return RulePack("strange", "1", tuple(data["rules"]), kinds, {"woody": "woody"}, data["bases"], triggers)


def told(*packs, calendars=(OFFICE,)):
    found = [f"{who}: {what}" for who, what in joining.take_calendars([("strange", one) for one in calendars])]
    return found + [f"{who}: {what}" for who, what in joining.take_rules([("strange", pack) for pack in packs])]


def test_sound_rules_are_computed_with_their_calendar_and_explained_in_its_words():
    shipped = load_pack().version
    assert told(given()) == []
    engine = Evaluator(load_pack(), Calendars(load_holidays()))
    line = {"id": "x", "rule_code": "PV.PRELIM_ANSWER", "inputs": {"service_date": "2026-07-01"}}
    assert compute_line(line, engine)["due"] == "2026-10-09"
    assert load_pack().version.startswith(f"{shipped}+")
    assert joining.mark()
    assert "plant_variety" in [choice.code for choice in choices.rolls()]
    assert reading.relevant(["woody"])


def test_what_was_joined_goes_again():
    told(given())
    assert told(calendars=()) == []
    assert "PV.REVIEW" not in load_pack().rules
    assert joining.mark() == ""
    assert not reading.relevant(["woody"])
    assert choices.rolls() is choices.ROLLS


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (lambda rows: rows[0].update(code="CN.PAT.ANNUITY"), "there is a rule CN.PAT.ANNUITY already"),
        (lambda rows: rows[0].pop("legal_basis"), "lacks or misspells 'legal_basis'"),
        (lambda rows: rows[0].update(roll="moon"), "lacks or misspells 'moon'"),
    ],
)
def test_a_pack_that_cannot_be_is_told_and_left_out(change, said):
    problems = told(given(change))
    assert any(said in line and line.startswith("strange: ") for line in problems), problems
    assert "PV.REVIEW" not in load_pack().rules


@pytest.mark.parametrize(
    ("calendar", "said"),
    [
        (RestDays("tm", "商标", "trademark"), "there is a calendar tm already"),
        (RestDays("moon", "月", "moon", like="sun"), "is like sun, which is not there"),
    ],
)
def test_a_calendar_that_cannot_be_is_told(calendar, said):
    assert any(said in line for line in told(calendars=(calendar,)))
