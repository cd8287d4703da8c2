"""What is due for whom: the groups of the work list, counts, the next open deadline of cases. Only reads."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date, timedelta
from typing import Any, NamedTuple

from sqlalchemy import func, or_, select

from core import _, current_principal, db, record_class, today
from plugins.deadlines.choices import LIVE
from plugins.deadlines.records import Deadline

SHOWN = 12
"""Rows of a group before the rest is only counted."""


class Group(NamedTuple):
    """A group of the work list: a level of urgency, its words, how many in all, the first rows."""

    level: str
    label: Any
    count: int
    rows: list[Any]
    href: str


def bounds(day: date) -> list[tuple[str, Any, date | None, date | None]]:
    """The groups by internal date: overdue, today, this week, two weeks; (level, label, from, to)."""
    week_end = day + timedelta(6 - day.weekday())
    two_weeks = day + timedelta(14)
    return [
        ("overdue", _("Overdue"), None, day - timedelta(1)),
        ("today", _("Today"), day, day),
        ("week", _("This week"), day + timedelta(1), max(week_end, day + timedelta(1))),
        ("later", _("Two weeks"), max(week_end, day + timedelta(1)) + timedelta(1), max(two_weeks, week_end)),
    ]


def mine() -> Any:
    """The condition for a person's own work: responsible or deputy."""
    me = current_principal().user_id
    return or_(Deadline.responsible_id == me, Deadline.deputy_id == me)


def groups(*, own: bool, as_of: date | None = None) -> list[Group]:
    """The work list by internal date, official date beside it; `own`: only what the person answers for."""
    day = as_of or today()
    return [_group(level, label, start, end, own) for level, label, start, end in bounds(day)]


def _group(level: str, label: Any, start: date | None, end: date | None, own: bool) -> Group:
    chosen = [Deadline.status.in_(LIVE), Deadline.kind == "deadline"]
    query = {"status__in": ",".join(LIVE), "kind": "deadline"}
    if start is not None:
        chosen.append(Deadline.internal_date >= start)
        query["internal_date__gte"] = start.isoformat()
    if end is not None:
        chosen.append(Deadline.internal_date <= end)
        query["internal_date__lte"] = end.isoformat()
    if own:
        chosen.append(mine())
        query["responsible"] = "me"
    count = db.session.scalar(select(func.count(Deadline.id)).where(*chosen)) or 0
    rows = [] if not count else list(db.session.scalars(_ordered(select(Deadline).where(*chosen)).limit(SHOWN)))
    href = "/r/deadlines.deadline?view=-&" + "&".join(f"{name}={value}" for name, value in query.items())
    return Group(level, label, count, rows, href)


def _ordered(query: Any) -> Any:
    return query.order_by(Deadline.internal_date, Deadline.due, Deadline.id)


def has_own() -> bool:
    """Whether the person answers for any open deadline."""
    chosen = select(Deadline.id).where(Deadline.status.in_(LIVE), mine()).limit(1)
    return db.session.scalar(chosen) is not None


def to_confirm() -> list[Deadline]:
    """Closures that wait for a second person, not the one who closed."""
    me = current_principal().user_id
    others = or_(Deadline.closed_by_id != me, Deadline.closed_by_id.is_(None))
    return list(db.session.scalars(_ordered(select(Deadline).where(Deadline.status == "to_confirm", others)).limit(8)))


def hot_count() -> int:
    """How many of the person's own deadlines are past their internal date or due today; for the sidebar."""
    chosen = (Deadline.status.in_(LIVE), Deadline.kind == "deadline", Deadline.internal_date <= today(), mine())
    return db.session.scalar(select(func.count(Deadline.id)).where(*chosen)) or 0


def cases_of(rows: Iterable[Any]) -> dict[int, Any]:
    """The cases of deadlines, as far as the person sees them."""
    model = record_class("cases.case")
    ids = {row.case_id for row in rows}
    return {case.id: case for case in db.session.scalars(select(model).where(model.id.in_(ids)))} if ids else {}


def people_of(rows: Iterable[Any]) -> dict[int, str]:
    """Names of the people responsible."""
    user = record_class("core.user")
    ids = {row.responsible_id for row in rows if row.responsible_id}
    return dict(db.session.execute(select(user.id, user.name).where(user.id.in_(ids))).all()) if ids else {}


def next_deadlines(case_ids: Iterable[int]) -> dict[int, Any]:
    """The open deadline that comes first of each case: id, name, name_en, due, internal_date, severity, provisional."""
    ids = list(case_ids)
    if not ids:
        return {}
    order = func.row_number().over(partition_by=Deadline.case_id, order_by=(Deadline.due, Deadline.id))
    columns = (Deadline.id, Deadline.case_id, Deadline.name, Deadline.name_en, Deadline.due, Deadline.internal_date)
    ranked = (
        select(*columns, Deadline.severity, Deadline.provisional, order.label("rank"))
        .where(Deadline.case_id.in_(ids), Deadline.status.in_(LIVE), Deadline.kind == "deadline")
        .order_by(Deadline.case_id)
    )
    return {row.case_id: row for row in db.session.execute(ranked) if row.rank == 1}
