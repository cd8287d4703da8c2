"""Case types of other plugins: what is wrong with one is told in words; a type that went leaves readable cases."""

from __future__ import annotations

import copy
import json

import pytest

from core import Choice, L
from core.app import compose
from core.settings import DEFAULT_CONFIG, ROOT, load_settings
from plugins.cases import choices, joining, status

EXAMPLE = ROOT / "examples" / "zhian-plant-varieties" / "plant_varieties" / "data" / "status.json"
KIND = Choice("plant_variety", L("植物新品种权", "Plant variety right"))


@pytest.fixture(scope="module", autouse=True)
def composed():
    """All bundled plugins, as other tests of this process load them; nothing is joined when the module ends."""
    yield compose(load_settings(DEFAULT_CONFIG))
    status.join(())
    choices.forget()


def given(change=lambda model: None, prefix="PZ", kinds=(KIND,), events=None):
    data = copy.deepcopy(json.loads(EXAMPLE.read_text("utf-8")))
    model = data["model"]
    model["type_fields"] = ["application_number"]
    change(model)
    events = tuple(data["events"] if events is None else events)
    return status.CaseType(model, prefix=prefix, right_kinds=kinds, events=events)


def told(*items):
    return [f"{plugin}: {what}" for plugin, what in joining.take([("strange", item) for item in items])]


def test_a_sound_type_is_offered_numbered_and_moved():
    assert told(given()) == []
    assert choices.types()[-1].code == "pv_application"
    assert choices.prefix_of("pv_application") == "PZ"
    assert "plant_variety" in [kind.code for kind in choices.right_kinds()]
    assert "PV_GRANTED" in [event.code for event in choices.events()]
    assert status.candidates(status.model("pv_application"), "filed", "PV_ACCEPTED")


@pytest.mark.parametrize(
    ("made", "said"),
    [
        (lambda: given(lambda m: m.pop("states")), "lacks or misspells 'states'"),
        (lambda: given(lambda m: m.update(code="invention")), "there is a case type invention already"),
        (lambda: given(prefix="PI"), "prefix 'PI' is no pair of letters that is free"),
        (lambda: given(lambda m: m.update(initial="nowhere")), "initial status nowhere"),
        (lambda: given(lambda m: m["states"][0].update(group="odd")), "unknown group odd"),
        (lambda: given(lambda m: m["transitions"][-1].update(to="heaven")), "heaven, which is no status"),
        (lambda: given(events=()), "nobody declares the event PV_"),
        (
            lambda: given(lambda m: m["transitions"][-1].update(needs={"docs": ["a_rose"]})),
            "a_rose, which nobody declares",
        ),
        (lambda: given(lambda m: m["transitions"][-1].update(condition="if it rains")), "'if it rains'"),
        (lambda: given(kinds=()), "nobody declares the kind of right plant_variety"),
        (lambda: given(lambda m: m["type_fields"].append("colour")), "a case has no field colour"),
    ],
)
def test_what_is_wrong_is_told_with_the_plugin(made, said):
    problems = told(made())
    assert [line for line in problems if said in line and line.startswith("strange: ")], problems
    assert "pv_application" not in status.codes()


def test_two_types_of_one_code_or_prefix_do_not_both_join():
    assert any("already" in line for line in told(given(), given(prefix="PX")))
    assert any("no pair of letters" in line for line in told(given(), given(lambda m: m.update(code="pv_other"))))


def test_a_type_that_went_with_its_plugin_is_read_and_does_not_move():
    assert told(given()) == []
    assert told() == []
    left = status.model("pv_application")
    assert left.code == "pv_application"
    assert "accepted" in left.states
    assert left.transitions == ()
