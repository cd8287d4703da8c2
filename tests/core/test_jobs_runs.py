"""Runs of jobs: who they act as, progress, cancelling, retries, and recovery after a killed process."""

from __future__ import annotations

import socket
from datetime import UTC, datetime, timedelta

import pytest
import time_machine
from sqlalchemy import delete, select, update

from core.db import acting_as, db, system, transaction
from core.errors import NotFound, Refused
from core.jobs import progress, runs
from core.jobs.model import JobRun
from core.jobs.progress import report_progress
from core.jobs.runs import cancel, enqueue, run_job, run_view
from core.permissions.org import Team
from core.permissions.people import load_principal
from core.permissions.principal import current_principal
from core.registry import Job, registry
from core.setup.people import create_user


@pytest.fixture
def job(context):
    """Registers `fn` as the job `test.job`."""

    def register(fn):
        registry().jobs["test.job"] = Job("test.job", fn)
        return fn

    yield register
    registry().jobs.pop("test.job", None)
    with db.engine.begin() as connection:
        connection.execute(delete(JobRun.__table__))


@pytest.fixture(scope="module")
def clerk(app):
    with app.app_context():
        return create_user("job.clerk", ["administrator"], None, name="Clerk")


def queued(**arguments) -> int:
    with transaction():
        return enqueue("test.job", **arguments)


def enqueue_and_break() -> None:
    enqueue("test.job")
    raise ZeroDivisionError


def row(run_id: int):
    with db.engine.connect() as connection:
        return connection.execute(select(JobRun.__table__).where(JobRun.__table__.c.id == run_id)).one()


def principal(user_id: int):
    return load_principal(user_id)


def test_a_job_runs_as_the_system_with_its_arguments_and_keeps_its_result(job):
    @job
    def add(first, second):
        assert current_principal().is_system
        return {"sum": first + second}

    run_id = queued(first=2, second=3)
    run_job(run_id)
    assert (row(run_id).state, row(run_id).result) == ("done", {"sum": 5})
    run_job(run_id)
    assert row(run_id).attempts == 1, "a second message for the same run does nothing"


def test_as_me_runs_with_the_rights_of_the_person_who_asked(job, clerk):
    seen = []
    job(lambda: seen.append((current_principal().login, current_principal().is_system)))
    with acting_as(principal(clerk)), transaction():
        run_id = enqueue("test.job", as_me=True)
    run_job(run_id)
    assert seen == [("job.clerk", False)]


def test_enqueue_is_undone_with_its_transaction(job):
    job(lambda: None)
    with pytest.raises(ZeroDivisionError), transaction():
        enqueue_and_break()
    with db.engine.connect() as connection:
        assert connection.execute(select(JobRun.__table__)).all() == []


def test_an_unknown_job_is_an_error_of_the_caller(context):
    with pytest.raises(KeyError):
        enqueue("no.such.job")


def test_while_a_run_waits_a_second_one_with_its_key_is_not_made(job):
    job(lambda: None)
    first = queued(key="recompute 5")
    assert queued(key="recompute 5") == first
    run_job(first)
    assert queued(key="recompute 5") != first


def test_a_broken_run_is_tried_three_times_and_undone_each_time(job):
    tries = []

    @job
    def write_and_break():
        tries.append(1)
        db.session.add(Team(name="half a job"))
        db.session.flush()
        raise ConnectionError("away")

    run_id = queued()
    with time_machine.travel(datetime.now(UTC), tick=True) as clock:
        for _ in range(5):
            run_job(run_id)
            clock.shift(timedelta(minutes=10))
    assert len(tries) == 3
    assert row(run_id).state == "failed"
    assert "away" in row(run_id).error
    with system("look") as session:
        assert session.scalars(select(Team).where(Team.name == "half a job")).all() == []


def test_a_refusal_is_final(job):
    tries = []

    @job
    def refuse():
        tries.append(1)
        raise Refused("not on a Sunday")

    run_id = queued()
    run_job(run_id)
    with time_machine.travel(datetime.now(UTC) + timedelta(hours=1), tick=True):
        run_job(run_id)
    assert len(tries) == 1
    assert (row(run_id).state, row(run_id).error) == ("failed", "not on a Sunday")


def test_a_run_whose_process_is_gone_comes_back_three_times_in_all(job):
    job(lambda: None)
    run_id = queued()
    gone = {"state": "running", "holder": f"{socket.gethostname()}|999999|12345", "started_at": datetime.now(UTC)}
    table = JobRun.__table__
    for attempt in (1, 2, 3):
        with db.engine.begin() as connection:
            connection.execute(update(table).where(table.c.id == run_id).values(gone | {"attempts": attempt}))
        assert runs.recover() == 1
        assert row(run_id).state == ("queued" if attempt < 3 else "failed")


def test_progress_is_seen_while_the_job_runs_and_a_cancel_rolls_it_back(job, redis, clerk):
    views = []

    @job
    def slow():
        db.session.add(Team(name="cancelled team"))
        db.session.flush()
        run_id = progress._current.get().job_id
        report_progress(40, 100, "rows")
        views.append(progress.seen(run_id))
        progress.ask_to_cancel(run_id)
        for number in range(41, 101):
            progress._current.get().told_at = 0.0
            report_progress(number)

    with acting_as(principal(clerk)), transaction():
        run_id = enqueue("test.job", as_me=True)
    run_job(run_id)
    assert views == [{"done": 40, "total": 100, "message": "rows"}]
    assert row(run_id).state == "cancelled"
    assert row(run_id).rows_done == 41
    with system("look") as session:
        assert session.scalars(select(Team).where(Team.name == "cancelled team")).all() == []


def test_only_the_person_who_asked_sees_a_run_and_may_take_it_back(job, app, clerk):
    job(lambda: None)
    with acting_as(principal(clerk)), transaction():
        run_id = enqueue("test.job", as_me=True)
    with app.app_context():
        other = create_user("job.other", [], None) if load(app, "job.other") is None else load(app, "job.other")
    with acting_as(principal(other)), pytest.raises(NotFound):
        run_view(run_id)
    with acting_as(principal(clerk)), transaction():
        assert run_view(run_id)["state"] == "queued"
        cancel(run_id)
    run_job(run_id)
    assert row(run_id).state == "cancelled"


def load(app, login):
    from core.permissions.org import User

    with system("look") as session:
        return session.scalars(select(User.id).where(User.login == login)).first()


def test_without_a_queue_a_run_is_kept_and_found_as_due(job):
    job(lambda: None)
    run_id = queued()
    assert (run_id, "test.job") in runs.due()


def test_the_scheduler_does_not_flood_the_queue_with_what_it_told_already(job, redis):
    from core.jobs.connection import connection
    from core.jobs.kick import ENOUGH, QUEUES, _queue

    job(lambda: None)
    client = connection()
    client.flushall()
    waiting = [queued() for _n in range(ENOUGH + 30)]

    def messages():
        return sum(_queue(client, name).count for name in QUEUES)

    assert messages() == len(waiting)
    for _round in range(4):
        runs.kick_due()
    assert messages() == len(waiting)
    client.flushall()  # everything that the queue knew is gone
    for _round in range(4):
        runs.kick_due()
    assert messages() == ENOUGH
    assert [name for _id, name in runs.due(200)] == ["test.job"] * len(waiting)


def test_bulk_work_waits_behind_what_somebody_waits_for(job):
    job(lambda: None)
    registry().jobs["test.bulk"] = Job("test.bulk", lambda: None, bulk=True)
    try:
        with transaction():
            prints = [enqueue("test.bulk") for _number in range(3)]
            urgent = enqueue("test.job")
        assert [run_id for run_id, _name in runs.due(2)] == [urgent, prints[0]]
        assert runs.message("test.bulk", prints[0]).queue == "bulk"
        assert runs.message("test.job", urgent).queue == "default"
    finally:
        del registry().jobs["test.bulk"]
