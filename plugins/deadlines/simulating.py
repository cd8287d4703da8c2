"""Trials over the stock: which deadlines would appear, vanish or move by a change of a rule or a year of the calendar.

The trial derives each live case twice, as things are and as they would be, and stores nothing but the difference.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import date
from typing import Any

from sqlalchemy import func, select, update

from core import Refused, _, db, elevated, enqueue, insert_derived, now, record_class, report_progress, system, today
from plugins.deadlines import overlay
from plugins.deadlines.docket import _events
from plugins.deadlines.engine import Calendars, pack_from
from plugins.deadlines.engine.derive import Deriver
from plugins.deadlines.reading import ENDED, facts_of
from plugins.deadlines.records import CalendarDay, Computation, RuleChange

CHUNK = 300
KEPT = 300
"""So many differences are kept one by one; the counts are of all."""
SIMULATE, RECOMPUTE = "deadlines.simulate", "deadlines.recompute"


def rule_subject(change: RuleChange) -> str:
    """What a trial of a change of a rule is called."""
    return f"rule:{change.id}"


def year_subject(year: int) -> str:
    """What a trial of the entered days of a year is called."""
    return f"year:{year}"


def version_of(subject: str) -> int:
    """A number that changes when what is tried was edited, so that an old trial counts no more."""
    what, _colon, ident = subject.partition(":")
    if what == "recompute":
        return 0
    if what == "rule":
        return db.session.scalar(select(RuleChange.version).where(RuleChange.id == int(ident))) or 0
    drafts = select(func.count(CalendarDay.id), func.sum(CalendarDay.version), func.max(CalendarDay.id))
    count, versions, last = db.session.execute(drafts.where(*_entered(int(ident)))).one()
    return (count or 0) * 1_000_003 + (versions or 0) * 1009 + (last or 0)


def _entered(year: int) -> tuple[Any, ...]:
    return (CalendarDay.year == year, ~CalendarDay.published)


def start(subject: str, job: str = SIMULATE) -> int:
    """Have a trial (or a computing anew) done in the background; the id of the row that tells how far it is."""
    with elevated("a computation over the stock is noted"):
        row = {"subject": subject, "of_version": version_of(subject), "status": "waiting", "done": 0, "total": 0}
        ident = insert_derived(Computation, [row])[0]
    enqueue(job, computation=ident, key=f"{job}-{ident}")
    return ident


def latest(subject: str) -> Computation | None:
    """The newest computation of a subject."""
    query = select(Computation).where(Computation.subject == subject).order_by(Computation.id.desc()).limit(1)
    return db.session.scalars(query).first()


def require_trial(subject: str) -> Computation:
    """The trial of what is to be published; raises `Refused` when there is none, or something was edited since."""
    found = latest(subject)
    if found is None or found.status != "done" or found.of_version != version_of(subject):
        raise Refused(_("Try it on the stock first, so that you see what would change."), code="not_tried")
    return found


def simulate(computation: int) -> dict[str, int]:
    """The job: derive all live cases both ways and keep the difference."""
    with system("read what is to be tried"):
        row = db.session.get_one(Computation, computation)
        usual, trial = overlay.deriver(), trial_of(row.subject)
    counts = dict.fromkeys(("cases", "same", "appear", "vanish", "move"), 0)
    rows: list[dict[str, Any]] = []
    for cases, done, total in _stock(computation):
        counts["cases"] += len(cases)
        for case, facts in cases:
            for kind, told in differences(usual(facts, today()).deadlines, trial(facts, today()).deadlines):
                counts[kind] += 1
                if kind != "same" and len(rows) < KEPT:
                    rows.append({"case": case, "kind": kind, **told})
        note(computation, done=done, total=total, status="running")
        report_progress(done, total)
    note(computation, status="done", result={"counts": counts, "rows": rows, "on": today().isoformat()})
    return counts


def trial_of(subject: str) -> Deriver:
    """The deriver as it would be with what is to be tried."""
    what, _colon, ident = subject.partition(":")
    calendars, changes = overlay.engine().calendars, overlay.changes_in_effect(today())
    if what == "rule":
        change = overlay.as_change(db.session.get_one(RuleChange, int(ident)))
        changes = [c for c in changes if c["code"] != change["code"]] + [change]
    else:
        calendars = Calendars(_with_entered(calendars.holidays, int(ident)))
    return Deriver(pack_from(overlay.data_in_force(changes)), calendars)


def _with_entered(holidays: Any, year: int) -> Any:
    rows = db.session.execute(select(CalendarDay.day, CalendarDay.kind).where(*_entered(year))).all()
    days = {kind: [day for day, of in rows if of == kind] for kind in ("off", "worked")}
    return holidays.with_days(f"{holidays.version}+trial", days["off"], days["worked"], {year} if days["off"] else ())


def _stock(computation: int) -> Iterable[tuple[list[tuple[int, Any]], int, int]]:
    """The facts of all live cases in chunks, each read in a session of its own; how many are done and in all."""
    model = record_class("cases.case")
    live = (model.archived_at.is_(None), model.status_group.is_(None) | model.status_group.not_in(ENDED))
    last = done = 0
    with system("count the cases of a trial"):
        total = db.session.scalar(select(func.count(model.id)).where(*live)) or 0
    note(computation, total=total, status="running")
    while True:
        with system("read cases for a trial") as session:
            chosen = select(model).where(model.id > last, *live).order_by(model.id).limit(CHUNK)
            cases = list(session.scalars(chosen))
            events = _events([case.id for case in cases])
            facts = [(case.id, facts_of(case, events.get(case.id, ()))) for case in cases]
        if not facts:
            return
        last, done = facts[-1][0], done + len(facts)
        yield facts, done, total


def differences(before: Iterable[Any], after: Iterable[Any]) -> Iterable[tuple[str, dict[str, Any]]]:
    """(what, days) for each deadline that is wanted before or after: same, appear, vanish or move."""
    old = {item.identity: item for item in before if item.wanted}
    new = {item.identity: item for item in after if item.wanted}
    for identity in dict.fromkeys((*old, *new)):
        one, other = old.get(identity), new.get(identity)
        rule = (one or other).rule  # type: ignore[union-attr] - one of them is there
        told = {"rule": rule.code, "zh": rule.title_zh, "en": rule.title_en, "old": _days(one), "new": _days(other)}
        if one is None or other is None:
            yield ("appear" if one is None else "vanish"), told
        else:
            yield ("move" if told["old"] != told["new"] else "same"), told


def _days(item: Any) -> dict[str, str] | None:
    if item is None:
        return None
    days: dict[str, date] = {"due": item.due, "safe": item.safe, "internal": item.internal}
    return {name: day.isoformat() for name, day in days.items()}


def note(computation: int | None, **values: Any) -> None:
    """Keep how far a computation is, in a transaction of its own, so that pages see it."""
    if computation is None:
        return
    with system("how far a computation is") as session:
        change = update(Computation).where(Computation.id == computation)
        change = change.values(**values, updated_at=now())
        session.execute(change, execution_options={"synchronize_session": False})


def counts_of(found: Computation | None) -> Mapping[str, int]:
    """The counts of a finished trial."""
    return (found.result or {}).get("counts", {}) if found is not None else {}
