"""Schedules: fired once whoever asks, made up once after an outage, at the right hour in Asia/Shanghai."""

from __future__ import annotations

import threading
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from sqlalchemy import delete, select, update

from core.db import db
from core.jobs import schedules
from core.jobs.model import JobRun, ScheduleState
from core.registry import Job, Schedule, registry

SHANGHAI = ZoneInfo("Asia/Shanghai")
START = datetime(2026, 11, 23, 7, 30, tzinfo=SHANGHAI)
_state = ScheduleState.__table__


@pytest.fixture
def declare(context):
    """Replaces the schedules of the deployment by the given ones."""
    before = dict(registry().schedules)
    registry().jobs["test.tick"] = Job("test.tick", lambda: None)

    def only(*chosen: Schedule) -> None:
        registry().schedules.clear()
        registry().schedules.update({s.name: s for s in chosen})

    yield only
    only(*before.values())
    del registry().jobs["test.tick"]
    with db.engine.begin() as connection:
        connection.execute(delete(_state))
        connection.execute(delete(JobRun.__table__))


def finish_runs() -> None:
    with db.engine.begin() as connection:
        connection.execute(update(JobRun.__table__).values(state="done"))


def count_runs(*instants: datetime) -> list[int]:
    """How many runs each of these rounds started."""
    counts = []
    for at in instants:
        counts.append(len(schedules.fire_due(at)))
        finish_runs()
    return counts


def test_daily_means_that_hour_in_shanghai_and_once(declare):
    declare(Schedule("remind", "test.tick", daily="08:00"))
    assert count_runs(START, START + timedelta(minutes=29)) == [0, 0]
    assert count_runs(START + timedelta(minutes=30), START + timedelta(minutes=31)) == [1, 0]
    assert count_runs(START + timedelta(days=1, minutes=31)) == [1]


def test_every_fires_at_once_and_then_in_its_rhythm(declare):
    declare(Schedule("sweep", "test.tick", every=timedelta(minutes=5)))
    schedules.fire_due(START)
    finish_runs()
    minutes = [START + timedelta(minutes=m) for m in (4, 5, 6, 10, 11)]
    assert count_runs(START, *minutes)[1:] == [0, 1, 0, 1, 0]


def test_after_three_days_of_outage_a_schedule_is_made_up_once(declare):
    declare(Schedule("remind", "test.tick", daily="08:00"))
    count_runs(START, START + timedelta(minutes=30))
    back = START + timedelta(days=3, hours=5)
    assert count_runs(back, back + timedelta(minutes=1)) == [1, 0]
    with db.engine.connect() as connection:
        assert connection.execute(select(_state.c.made_up)).scalar_one() == 1


def test_without_make_up_a_late_run_is_left_out(declare):
    declare(Schedule("greet", "test.tick", daily="08:00", make_up=False))
    count_runs(START)
    assert count_runs(START + timedelta(hours=3), START + timedelta(days=1, minutes=30)) == [0, 1]


def test_two_schedulers_at_once_never_double_a_run(app, declare):
    declare(*[Schedule(f"s{n}", "test.tick", daily="08:00") for n in range(8)])
    schedules.fire_due(START)
    fired: list[int] = []
    gate = threading.Barrier(4)

    def work():
        with app.app_context():
            gate.wait()
            fired.extend(schedules.fire_due(START + timedelta(minutes=30)))

    threads = [threading.Thread(target=work) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    with db.engine.connect() as connection:
        assert len(connection.execute(select(JobRun.__table__.c.id)).all()) == 8
    assert len(fired) == 8


def test_a_clock_set_back_does_not_silence_a_schedule(declare):
    declare(Schedule("sweep", "test.tick", every=timedelta(minutes=5)))
    count_runs(START, START + timedelta(hours=2))
    earlier = START - timedelta(minutes=30)
    assert count_runs(earlier, earlier + timedelta(minutes=6)) == [0, 1]


def test_a_changed_timing_holds_at_once_and_a_removed_schedule_is_forgotten(declare):
    declare(Schedule("remind", "test.tick", daily="08:00"))
    schedules.fire_due(START)
    declare(Schedule("remind", "test.tick", daily="07:45"))
    assert count_runs(START, START + timedelta(minutes=15)) == [0, 1]
    declare()
    schedules.fire_due(START)
    with db.engine.connect() as connection:
        assert connection.execute(select(_state)).all() == []
