"""The shipped status models are sound: every state reachable, every event, need and condition known."""

from __future__ import annotations

from pathlib import Path

import pytest

from plugins.cases import status
from plugins.cases.status.predicates import PREDICATES

SHARED = Path(__file__).parents[3].parent / "shared" / "data" / "status-models.yaml"
MODELS = status.all_models()
ids = [m.code for m in MODELS]


@pytest.mark.parametrize("model", MODELS, ids=ids)
def test_every_state_is_reachable_from_the_first(model):
    seen, frontier = {model.initial}, [model.initial]
    while frontier:
        for transition in model.by_state[frontier.pop()]:
            if transition.to not in seen:
                seen.add(transition.to)
                frontier.append(transition.to)
    assert seen == set(model.states)


@pytest.mark.parametrize("model", MODELS, ids=ids)
def test_moves_join_known_states_and_end_states_have_no_exit(model):
    for transition in model.transitions:
        assert set(transition.sources) <= set(model.states)
        assert transition.to in model.states
        assert transition.who
    for state in model.states.values():
        assert not (state.terminal and model.by_state[state.code])
        assert state.terminal or model.by_state[state.code], f"{state.code} is a trap"


@pytest.mark.parametrize("model", MODELS, ids=ids)
def test_states_belong_to_a_group_and_expect_known_states(model):
    for state in model.states.values():
        assert state.group in status.groups()
        assert state.portal_zh
        assert state.portal_en
        if state.expected:
            assert state.expected.to in model.states
            assert 0 <= state.expected.months[0] <= state.expected.months[1]


@pytest.mark.parametrize("model", MODELS, ids=ids)
def test_every_event_and_every_need_has_words_in_both_languages(model):
    for code in model.events | {a.event for t in model.transitions for a in t.also_raise}:
        kind = status.event_type(code)
        assert kind.zh
        assert kind.en
    for transition in model.transitions:
        for kind in ("dates", "fields", "docs"):
            for name in getattr(transition, kind):
                asked = status.need(name, kind)
                assert asked.zh
                assert asked.en


def test_every_condition_is_classified_and_its_checks_exist():
    used = {t.condition for m in MODELS for t in m.transitions if t.condition}
    assert used == set(status.conditions())
    for condition in status.conditions().values():
        assert condition.zh
        assert condition.checks or condition.confirm or condition.hint, condition.text
        assert not (condition.hint and (condition.checks or condition.confirm)), condition.text
        for name, *_ in condition.checks:
            assert name in PREDICATES


CONSEQUENCE, LENGTH, ADVICE, CAUSE = (
    "says what follows by law; nothing is left to decide",
    "names the length of the period that the deadline engine counts",
    "tells the person what to do or to look at next",
    "tells what usually leads to the office's act, which has happened",
)
EXPLANATIONS = {
    "a running official or priority deadline keeps running and stays on the board": CONSEQUENCE,
    "file again as a new case": ADVICE,
    "filing date lost; a new filing is a new case": CONSEQUENCE,
    "15 days: same-day intake": LENGTH,
    "opens the opposition clock by itself": CONSEQUENCE,
    "alert at once; papers may go only to the registered address": ADVICE,
    "right is deemed acquired when the opposition period of the FIRST publication ended (3 months; 2 for publications "
    "from 2027)": CONSEQUENCE,
    "30 days to sue": LENGTH,
    "typical since 2025-05: prove a reasonable search for use": CAUSE,
    "usual cause: name or address differs from the register": CAUSE,
    "15 days, fatal": LENGTH,
    "file again as a new case; priority may be at risk": ADVICE,
    "recompute everything": CONSEQUENCE,
    "filing the drawings moves the filing date; cancelling the reference keeps it": CONSEQUENCE,
    "early publication can be asked": ADVICE,
    "waive the same-day utility model; since 2026-01-01 changing the claims is no way out": ADVICE,
    "three years from PRIORITY: only about four months after a 32-month entry": LENGTH,
    "set by the clerk when the file goes back to the first examiner": ADVICE,
    "ONE month": LENGTH,
    "fee missed or formal fault": CAUSE,
    "30 days": LENGTH,
    "60 days at the national centre; provinces differ": LENGTH,
}
"""Prose of the models that states no condition, each with the reason; every other one is checked or confirmed."""


def test_a_condition_is_left_unchecked_only_where_its_prose_is_an_explanation():
    assert {c.text for c in status.conditions().values() if c.hint} == set(EXPLANATIONS)
    for condition in status.conditions().values():
        assert condition.text in EXPLANATIONS or condition.checks or condition.confirm


def test_every_named_predicate_is_used():
    assert {check[0] for c in status.conditions().values() for check in c.checks} | {"outcome_is"} == set(PREDICATES)


@pytest.mark.parametrize("model", MODELS, ids=ids)
def test_moves_on_one_event_can_be_told_apart(model):
    for state in model.states:
        groups: dict[str, list] = {}
        for transition in model.by_state[state]:
            groups.setdefault(transition.event, []).append(transition)
        for event, found in groups.items():
            assert len({t.to for t in found}) == len(found), (state, event)
            if len(found) > 1:
                undecided = [t for t in found if not t.outcome and not _decides(t)]
                assert len(undecided) <= 1, (state, event)


def _decides(transition) -> bool:
    condition = status.condition_of(transition)
    return bool(condition and condition.checks)


def test_the_sixteen_models_agree_with_the_trade_data():
    if not SHARED.exists():
        pytest.skip("the trade's data folder ../shared is not here")
    yaml = pytest.importorskip("yaml")
    source = yaml.load(SHARED.read_text("utf-8"), getattr(yaml, "CSafeLoader", yaml.SafeLoader))
    assert [m["code"] for m in source["models"]] == list(status.CODES)
    assert {g["code"] for g in source["groups"]} == set(status.groups())
    assert {e["code"] for e in source["new_events"] + source["fact_events"]} <= set(status.event_types())
    for raw in source["models"]:
        ours = status.model(raw["code"])
        assert list(ours.states) == [s["code"] for s in raw["states"]]
        assert list(ours.type_fields) == raw["type_fields"]
        assert [(list(t.sources), t.to, t.event, t.condition) for t in ours.transitions] == [
            (t["from"], t["to"], t["event"], t.get("condition")) for t in raw["transitions"]
        ]
        for mine, theirs in zip(ours.transitions, raw["transitions"], strict=True):
            needs = theirs.get("needs") or {}
            assert (list(mine.dates), list(mine.fields), list(mine.docs)) == (
                needs.get("dates", []),
                needs.get("fields", []),
                needs.get("docs", []),
            )
        assert [o.code for o in ours.overlays] == [o["code"] for o in raw.get("overlays", [])]
