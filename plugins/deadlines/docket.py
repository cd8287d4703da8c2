"""Keeps the stored deadlines of cases as their facts say: compares, inserts, replaces, settles. Never deletes.

One function for one case and for thousands: `follow(cases)`; it runs in the transaction of whatever changed them.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import date
from decimal import Decimal
from functools import lru_cache
from typing import Any

from sqlalchemy import select, update

from core import _, db, elevated, enqueue, gettext, insert_derived, note_action, now, record_class, today
from plugins.cases import members_of
from plugins.deadlines.choices import LIVE
from plugins.deadlines.engine.derive import Deriver
from plugins.deadlines.engine.facts import OPEN, SETTLED, Derived
from plugins.deadlines.engine.fees import annuity, reduced, reduction_in_year
from plugins.deadlines.engine.packs import Pack
from plugins.deadlines.overlay import deriver
from plugins.deadlines.reading import facts_of
from plugins.deadlines.records import MANUAL, Deadline
from plugins.deadlines.worklist import event_words

BATCH = 200
ANNUITIES = ("CN.PAT.ANNUITY", "CN.PAT.ANNUITY_GRACE")
SUMMARY = 60
"""Up to so many changed deadlines are named one by one in the log."""


DERIVED = _("derive_deadlines")
REMIND = "deadlines.remind_case"
FEW = 20
"""New deadlines of so few cases are told at once; those of imports wait for the next look at all."""


class NewDeadline:
    """The attributes of a row to insert; a mapped object would cost ten times as much, and imports make many."""


def follow(cases: Sequence[Any], *, fresh: bool = False) -> int:
    """Derive the deadlines of `cases` anew and store what changed; `fresh` cases have no events or deadlines yet.

    Returns how many deadlines were made or changed. The caller's transaction carries it all.
    """
    count = 0
    with elevated("deadlines follow the facts of their case"):
        engine = deriver()
        for start in range(0, len(cases), BATCH):
            count += _follow_batch(engine, cases[start : start + BATCH], fresh, today())
    return count


def _follow_batch(engine: Deriver, cases: Sequence[Any], fresh: bool, as_of: date) -> int:
    ids = [case.id for case in cases]
    events = {} if fresh else _events(ids)
    stored = {} if fresh else _stored(ids)
    work = _Work(engine)
    if not fresh:
        work.deputies = _deputies(ids)
    for case in cases:
        work.events = {str(event.id): event for event in events.get(case.id, ())}
        derived = engine(facts_of(case, events.get(case.id, ())), as_of).deadlines
        rows = stored.get(case.id, {})
        if rows:
            _compare(work, case, derived, rows)
        else:
            work.made.extend(_new(engine, case, item) for item in derived if item.wanted)
    work.write(cases)
    return len(work.made) + len(work.changes)


class _Work:
    """What a batch adds and changes. Changes are plain statements: a hook may not flush the session it runs in."""

    def __init__(self, engine: Deriver) -> None:
        self.engine = engine
        self.made: list[Any] = []
        self.changes: list[tuple[Any, dict[str, Any]]] = []
        self.events: dict[str, Any] = {}
        self.deputies: dict[int, int] = {}

    def change(self, row: Any, **values: Any) -> None:
        """Set fields of a stored row."""
        self.changes.append((row, values))

    def write(self, cases: Sequence[Any]) -> None:
        """Old rows first, so that a successor may take over their identity; then the new ones; then one audit row."""
        groups: dict[str, tuple[dict[str, Any], list[int]]] = {}
        for row, values in self.changes:
            groups.setdefault(repr(sorted(values.items())), (values, []))[1].append(row.id)
        for values, ids in groups.values():
            change = update(Deadline).where(Deadline.id.in_(ids))
            change = change.values(**values, version=Deadline.version + 1, updated_at=now())
            db.session.execute(change, execution_options={"synchronize_session": False})
        _forget({row.id for row, _values in self.changes})
        if self.made:
            insert_derived(Deadline, self.made)
        if self.made or self.changes:
            one = cases[0] if len(cases) == 1 else None
            note_action(db.session(), DERIVED.message, one, changes=self._summary())
        if self.made and len(cases) <= FEW:
            for case_id in sorted({row.case_id for row in self.made}):
                enqueue(REMIND, case_id=case_id, key=f"{REMIND}-{case_id}")

    def _summary(self) -> dict[str, Any]:
        """What the log keeps: each deadline with its old and new date for a single case, else the numbers."""
        if len(self.made) + len(self.changes) > SUMMARY:
            return {"deadlines_made": [None, len(self.made)], "deadlines_changed": [None, len(self.changes)]}
        told = {
            f"{row.rule_code} {row.occurrence}": [row.due.isoformat(), v.get("status", "")] for row, v in self.changes
        }
        for row in self.made:
            name = f"{row.rule_code} {row.occurrence}"
            told[name] = [told.get(name, [None])[0], row.due.isoformat()]
        return told


def _forget(ids: set[int]) -> None:
    """Rows that somebody holds in this session are read again when they are looked at."""
    for held in list(db.session().identity_map.values()):
        if isinstance(held, Deadline) and held.id in ids:
            db.session.expire(held)


def _events(ids: list[int]) -> dict[int, list[Any]]:
    model = record_class("cases.event")
    found: dict[int, list[Any]] = {}
    for event in db.session.scalars(select(model).where(model.case_id.in_(ids)).order_by(model.id)):
        found.setdefault(event.case_id, []).append(event)
    return found


def _deputies(ids: list[int]) -> dict[int, int]:
    """Who stands in for the agent of a case, where the case names somebody."""
    found = members_of(ids)
    return {case: user for case, people in found.items() for user, role in people if role == "deputy"}


_COLUMNS = (
    *(Deadline.id, Deadline.case_id, Deadline.identity, Deadline.rule_code, Deadline.occurrence, Deadline.status),
    *(Deadline.due, Deadline.computed_due, Deadline.safe_date, Deadline.nominal_date, Deadline.base_date),
    *(Deadline.internal_date, Deadline.overridden, Deadline.reason, Deadline.severity, Deadline.calendar),
    *(Deadline.responsible_id, Deadline.deputy_id, Deadline.department_id, Deadline.optional),
    *(Deadline.name, Deadline.heading),
    *(Deadline.wanted_due, Deadline.wanted_reason, Deadline.wanted_by_id, Deadline.second_id),
)


def _stored(ids: list[int]) -> dict[int, dict[str, Any]]:
    found: dict[int, dict[str, Any]] = {}
    query = select(*_COLUMNS).where(Deadline.case_id.in_(ids), Deadline.status != "superseded")
    for row in db.session.execute(query):
        found.setdefault(row.case_id, {})[row.identity] = row
    return found


def _compare(work: _Work, case: Any, derived: Iterable[Derived], rows: dict[str, Any]) -> None:
    seen = set()
    for item in derived:
        identity = item.identity
        seen.add(identity)
        row = rows.get(identity)
        if row is None:
            if item.wanted:
                work.made.append(_new(work.engine, case, item))
        elif row.status in LIVE:
            _update(work, case, item, row)
        elif row.status in ("moot", "passed") and item.wanted:
            why = gettext("The facts of the case give this deadline again.")
            work.change(row, status="open", change_note=why, closed_at=None)
    for identity, row in rows.items():
        if identity not in seen and row.status in LIVE and row.rule_code != MANUAL:
            _close(work, row, "moot", gettext("The facts of the case no longer give this deadline."))


def _update(work: _Work, case: Any, item: Derived, row: Any) -> None:
    """A live row against what follows now: settled, replaced by new dates, or only kept up."""
    if item.state == SETTLED:
        _settle(work, item, row)
    elif item.window and item.overdue and row.status == "open":
        _close(work, row, "passed", gettext("The opportunity has passed."))
    elif item.state == OPEN and _differs(item, row):
        work.made.append(_replace(work, case, item, row))
    else:
        _keep_up(work, case, item, row)


def _differs(item: Derived, row: Any) -> bool:
    """Of a date set by hand only the official date is compared, with what was computed then."""
    if row.overridden:
        return item.due != (row.computed_due or row.due)
    return (item.due, item.safe, item.nominal, item.base) != (row.due, row.safe_date, row.nominal_date, row.base_date)


def _settle(work: _Work, item: Derived, row: Any) -> None:
    if row.status == "to_confirm":
        return
    if item.cleared_by is None:
        _close(work, row, "moot", gettext("Settled by the facts of the case."))
        return
    status = "to_confirm" if row.severity == "fatal" else "met"
    note = gettext("An event of the case shows that it was done.")
    event = work.events.get(item.cleared_by)
    told = {}
    if event is not None:  # who put the event on record has closed it, and another person has to confirm
        told = {"evidence": event_words(event.code, event.date), "act_date": event.date}
        told["closed_by_id"] = event.created_by_id
    work.change(row, status=status, change_note=note, closed_at=now(), **told)


def _close(work: _Work, row: Any, status: str, why: str) -> None:
    work.change(row, status=status, change_note=why, closed_at=now())


def _replace(work: _Work, case: Any, item: Derived, row: Any) -> Any:
    """The old row stays as superseded; the new one says what changed. A date set by hand stays while it is earlier."""
    successor = _new(work.engine, case, item)
    successor.replaces_id = row.id
    successor.change_note = f"{row.due.isoformat()} -> {item.due.isoformat()}"
    successor.responsible_id, successor.deputy_id = row.responsible_id, row.deputy_id
    if row.overridden and row.due < item.due:
        successor.computed_due, successor.overridden, successor.reason = item.due, True, row.reason
        successor.due = row.due
        successor.safe_date = min(row.due, item.safe)
        successor.internal_date = min(row.internal_date, successor.safe_date)
    if row.wanted_due is not None and row.wanted_due > item.due:
        successor.wanted_due, successor.wanted_reason = row.wanted_due, row.wanted_reason
        successor.wanted_by_id, successor.second_id = row.wanted_by_id, row.second_id
    told = {"old": row.due.isoformat(), "new": item.due.isoformat()}
    _close(work, row, "superseded", gettext("Computed anew: %(old)s -> %(new)s", **told))
    return successor


def _keep_up(work: _Work, case: Any, item: Derived, row: Any) -> None:
    """What may change without a new row: how sure the calendar is, how grave it is, who has the case."""
    wanted = {"calendar": item.calendar, "severity": item.severity, "optional": item.optional}
    wanted |= {"department_id": case.department_id, "heading": _heading(case, row)}
    if row.responsible_id is None:
        wanted["responsible_id"] = case.agent_id
    if row.deputy_id is None and case.id in work.deputies:
        wanted["deputy_id"] = work.deputies[case.id]
    changed = {name: value for name, value in wanted.items() if getattr(row, name) != value}
    if "calendar" in changed:
        changed["provisional"] = item.calendar == "provisional"
    if changed:
        work.change(row, **changed)


def _new(engine: Deriver, case: Any, item: Derived) -> Any:
    rule = item.rule
    yearly = rule.code in ANNUITIES
    row = NewDeadline()
    row.__dict__.update(
        case_id=case.id,
        name=rule.title_zh + (f"（第 {item.occurrence} 年）" if yearly else ""),
        name_en=rule.title_en + (f", year {item.occurrence}" if yearly else ""),
        rule_code=rule.code,
        kind=rule.kind,
        severity=item.severity,
        status="open",
        due=item.due,
        safe_date=item.safe,
        internal_date=item.internal,
        client_date=item.client,
        base_date=item.base,
        nominal_date=item.nominal,
        calendar=item.calendar,
        provisional=item.calendar == "provisional",
        optional=item.optional,
        unverified=rule.code.startswith("LOCAL."),
        amount=_amount(engine, item),
        responsible_id=case.agent_id,
        department_id=case.department_id,
        identity=item.identity,
        fact=item.fact,
        event_id=int(item.fact[6:]) if item.fact.startswith("event:") else None,
        occurrence=item.occurrence,
        inputs=item.inputs,
        rule_version=engine.pack.version,
        calendar_version=engine.engine.calendars.version,
    )
    row.heading = _heading(case, row)
    return row


def _heading(case: Any, row: Any) -> str:
    """The case before the matter, for calendars and messages."""
    return f"{case.name or case.number or ''} · {row.name}"[-300:]


def _amount(engine: Deriver, item: Derived) -> Decimal | None:
    if item.rule.code not in ANNUITIES:
        return None
    year = int(item.occurrence)
    left = reduction_in_year(engine.pack, item.inputs, year) if item.inputs.get("fee_reduction_pct") else Decimal(0)
    return _reduced_annuity(engine.pack, item.inputs.get("right_kind"), year, left)


@lru_cache(maxsize=1024)
def _reduced_annuity(pack: Pack, right_kind: str | None, year: int, reduction: Decimal) -> Decimal | None:
    full = annuity(pack, right_kind, year)
    return None if full is None else reduced(full, reduction)
