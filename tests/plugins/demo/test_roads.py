"""Every case of the demo finds its road on any day of the year."""

from __future__ import annotations

from datetime import date, timedelta

import pytest

from plugins.cases import event_types, model
from plugins.demo.cast import data
from plugins.demo.roads import road_of

DAYS = [date(2026, 11, 22) + timedelta(days=step) for step in (*range(8), 39, 99, 130, 265, 464, 1200)]


@pytest.mark.parametrize("today", DAYS, ids=str)
def test_every_road_leads_to_the_state_of_the_story_and_lies_in_the_past(today):
    for row in data("cases")["cases"]:
        road = road_of(row, data("roads"), today)
        states = [step.state for step in road.steps if step.state]
        assert (states or [road.start])[-1] == row["s"], row["k"]
        assert all(step.day <= today for step in road.steps), row["k"]
        assert [step.day for step in road.steps] == sorted(step.day for step in road.steps)
        assert all(road.entered <= step.day for step in road.steps), row["k"]
        assert all(step.day.weekday() < 5 for step in road.steps), row["k"]


def test_roads_only_name_what_the_status_models_know():
    for case_type, legs in data("roads").items():
        if case_type in ("common", "stock"):
            continue
        known = model(case_type)
        for state, (before, _gap, event, *_rest) in legs.items():
            moves = [t for t in known.by_state.get(before, ()) if t.event == event]
            assert state in {t.to for t in moves}, f"{case_type}: {before} does not come to {state} by {event}"
            assert event in event_types()
