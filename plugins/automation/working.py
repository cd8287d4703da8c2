"""Carrying out runs: all steps of one in a single transaction with the mark that it is done, as the rule's person. What
is killed in the middle leaves nothing, and the run waits as before; what fails is taken back whole and logged."""

from __future__ import annotations

import logging
import time
from datetime import timedelta
from typing import Any

from sqlalchemy import func, select, update
from sqlalchemy.exc import OperationalError

from core import (
    NotFound,
    ZhianError,
    acting_as,
    db,
    elevated,
    enqueue,
    get,
    gettext,
    load_principal,
    notify,
    now,
    registry,
    system,
    transaction,
    use_locale,
)
from plugins.automation import catching, words
from plugins.automation.records import Rule, Run
from plugins.automation.services import WORK
from plugins.automation.steps import base

SECONDS = 200.0
TRIES = 3
HOUR = timedelta(hours=1)
MOST_ON_RECORD = 20
"""Runs of one rule on one record in an hour; more of them are a loop that goes around by other ways."""
WHY = "the log of a rule's runs"
_quiet = {"synchronize_session": False}
_log = logging.getLogger("zhian.automation")


class Stopped(Exception):
    """The run ends without steps; the reason is a code that `reason` words."""


def work(seconds: float = SECONDS) -> dict[str, int]:
    """The job: carry out what waits, one after the other, for so long; counts by outcome."""
    end, counts, resting = time.monotonic() + seconds, {}, set()
    while time.monotonic() < end and (ident := _next(resting)) is not None:
        outcome = run_one(ident[0]) if not _over_limit(*ident) else "rests"
        if outcome == "rests":
            resting.add(ident[1])
        counts[outcome] = counts.get(outcome, 0) + 1
    if time.monotonic() >= end:
        with system("runs of rules wait"):
            enqueue(WORK, key=WORK)
    return counts


def _next(resting: set[int]) -> tuple[int, int] | None:
    with system("which runs of rules wait"):
        chosen = select(Run.id, Run.rule_id).where(Run.state == "waiting", Run.not_before <= now())
        if resting:
            chosen = chosen.where(Run.rule_id.not_in(sorted(resting)))
        row = db.session.execute(chosen.order_by(Run.not_before, Run.id).limit(1)).first()
        return (row.id, row.rule_id) if row else None


def _over_limit(_run_id: int, rule_id: int) -> bool:
    """Whether the rule ran as often as it may in this hour: what waits is put off, and somebody is told."""
    with system(WHY):
        rule = db.session.scalars(select(Rule).where(Rule.id == rule_id)).one()
        ran = (Run.rule_id == rule_id, Run.started_at > now() - HOUR)
        count = db.session.scalar(select(func.count(Run.id)).where(*ran)) or 0
        if count < rule.per_hour:
            return False
        waits = (Run.rule_id == rule_id, Run.state == "waiting")
        db.session.execute(
            update(Run).where(*waits).values(not_before=now() + timedelta(minutes=10)), execution_options=_quiet
        )
        alarm(rule, gettext("More than %(n)s runs in an hour. The rest waits.", n=rule.per_hour))
        return True


def alarm(rule: Any, why: str) -> None:
    """Tell the person with whose rights it runs and who wrote it; at most once an hour."""
    subject = gettext("Automation rule “%(name)s”: %(why)s", name=rule.name, why=why)
    notify(
        [rule.runs_as_id, rule.created_by_id],
        subject,
        severity="warning",
        record=rule,
        key=f"automation-{rule.id}-{now():%Y%m%d%H}-{hash_of(why)}",
    )


def hash_of(text: str) -> str:
    """A short mark of a text."""
    return f"{sum(text.encode()):x}"


def run_one(run_id: int) -> str:
    """Carry out one run; done, failed, skipped, gone (another process has it), or waits (the database was busy)."""
    with system("which rule runs"):
        run = db.session.scalars(select(Run).where(Run.id == run_id)).one()
        rule = db.session.scalars(select(Rule).where(Rule.id == run.rule_id)).one()
        db.session.expunge_all()
    person = load_principal(rule.runs_as_id) if rule.runs_as_id else None
    results: list[dict[str, Any]] = []
    try:
        if person is None:
            raise Stopped("person")
        if not rule.active or rule.archived_at is not None:
            raise Stopped("off")
        token = catching.running.set((*(run.chain or ()), rule.id))
        try:
            with acting_as(person, via="automation"), use_locale(person.locale), transaction():
                if not _claim(run):
                    return "gone"
                _steps(rule, run, results)
                _note(run_id, results=results)
        finally:
            catching.running.reset(token)
        return "done"
    except Stopped as stop:
        return _end(run, "failed" if str(stop) == "person" else "skipped", [], str(stop))
    except OperationalError as busy:
        return _again(run, str(busy.orig))
    except ZhianError as error:
        return _end(run, "failed", results, _said(error), rule)
    except Exception as fault:
        _log.exception("run %s of rule %s failed", run_id, rule.id)
        return _end(run, "failed", results, type(fault).__name__, rule)


def _claim(run: Run) -> bool:
    """Mark it as done in the very transaction of its steps: both are kept, or neither is."""
    mine = (Run.id == run.id, Run.state == "waiting")
    values = {"state": "done", "started_at": now(), "ended_at": now(), "attempts": Run.attempts + 1}
    with elevated(WHY):
        return db.session.execute(update(Run).where(*mine).values(values), execution_options=_quiet).rowcount == 1


def _note(run_id: int, **values: Any) -> None:
    with elevated(WHY):
        db.session.execute(update(Run).where(Run.id == run_id).values(**values), execution_options=_quiet)


def _steps(rule: Rule, run: Run, results: list[dict[str, Any]]) -> None:
    record = _record(rule, run)
    occasion = occasion_of(rule, run, record)
    if record is not None and _turns(rule, run, record.id) > MOST_ON_RECORD:
        raise Stopped("loop")
    carry_out(rule.steps or [], occasion, results)


def occasion_of(rule: Any, run: Any, record: Any, *, trial: bool = False) -> base.Occasion:
    """What the steps are given."""
    return base.Occasion(
        rule_id=rule.id,
        rule_name=rule.name,
        run_id=run.id,
        key=run.key,
        record_key=rule.record_key,
        record=record,
        message=run.payload,
        trial=trial,
        runs_as=rule.runs_as_id or 0,
    )


def carry_out(steps: list[dict[str, Any]], occasion: base.Occasion, results: list[dict[str, Any]]) -> None:
    """All steps in their order; what each did, or the error at which it ended, stands in `results`."""
    for number, step in enumerate(steps):
        kind = base.kind_of(step["do"])
        occasion.number = number
        told: dict[str, Any] = {"do": step["do"], "ok": False, "text": ""}
        results.append(told)
        if kind is None:
            raise NotFound(gettext("This step is not there: its plugin is not enabled."))
        try:
            told["text"] = kind.carry_out(occasion, step)[:1000]
            db.session.flush()
        except ZhianError as error:
            told["text"] = _said(error)
            raise
        told["ok"] = True


def _said(error: ZhianError) -> str:
    errors = getattr(error, "errors", None)
    return ("; ".join(f"{e.field}: {e.message}" for e in errors) if errors else str(error))[:600]


def _record(rule: Rule, run: Run) -> Any:
    """The record as the rule's person sees it; of a message the one that it names."""
    if run.record_key is None and rule.trigger == "webhook" and rule.record_key:
        return _named(rule, run)
    if run.record_key is None or run.record_id is None:
        return None
    if run.record_key not in registry().types:
        raise Stopped("gone")
    try:
        return get(registry().types[run.record_key].model, run.record_id)
    except NotFound:
        raise Stopped("unseen") from None


def _named(rule: Rule, run: Run) -> Any:
    match = (rule.when or {}).get("match")
    if not match:
        return None
    kind, told = registry().types[rule.record_key or ""], words.at_path(run.payload, match["path"])
    column = getattr(kind.model, kind.fields[match["field"].partition(".")[0]].attr)
    found = db.session.scalars(select(kind.model).where(column == told).limit(2)).all() if told is not None else []
    if len(found) != 1:
        raise Stopped("unnamed")
    _note(run.id, record_key=rule.record_key, record_id=found[0].id)
    return get(kind.model, found[0].id)


def _turns(rule: Rule, run: Run, record_id: int) -> int:
    with elevated(WHY):
        here = (Run.rule_id == rule.id, Run.record_key == run.record_key, Run.record_id == record_id)
        return db.session.scalar(select(func.count(Run.id)).where(*here, Run.started_at > now() - HOUR)) or 0


def _end(run: Run, state: str, results: list[dict[str, Any]], error: str, rule: Rule | None = None) -> str:
    """Log how it ended; what its steps had done is taken back already."""
    for told in results:
        told["back"] = told["ok"]
    values = {"state": state, "results": results, "error": error[:600], "ended_at": now(), "started_at": now()}
    with system(WHY):
        waits = (Run.id == run.id, Run.state == "waiting")
        db.session.execute(
            update(Run).where(*waits).values(attempts=Run.attempts + 1, **values), execution_options=_quiet
        )
        if rule is not None or error == "loop":
            known = rule or db.session.scalars(select(Rule).where(Rule.id == run.rule_id)).one()
            alarm(known, gettext("a run failed") if error != "loop" else gettext("it goes round in circles"))
    return state


def _again(run: Run, why: str) -> str:
    """The database was busy: a little later once more, three times in all."""
    if run.attempts + 1 >= TRIES:
        return _end(run, "failed", [], why)
    with system(WHY):
        later = {"attempts": Run.attempts + 1, "not_before": now() + timedelta(seconds=30)}
        db.session.execute(update(Run).where(Run.id == run.id).values(later), execution_options=_quiet)
    return "waits"
