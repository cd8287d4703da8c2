"""What is due for whom: the groups of the work list, counts, the next open deadline of cases. Only reads."""

from __future__ import annotations

import operator
from collections.abc import Iterable
from datetime import date, timedelta
from functools import cache
from typing import Any, NamedTuple

from sqlalchemy import Date, and_, bindparam, case, func, not_, or_, select

from core import _, current_locale, current_principal, db, labels, record_class, today
from plugins.cases import event_types
from plugins.deadlines.choices import LIVE
from plugins.deadlines.engine import load_pack
from plugins.deadlines.records import Deadline

SHOWN = 12
"""Rows of a group before the rest is only counted."""
ALL = 200
"""Rows of a group on the page that shows nothing else."""


LONG_PAST = timedelta(183)
"""An official date that passed longer ago than this is hardly work of today."""
FOLLOWED = (*load_pack().after_missed, "CN.PCT.NATIONAL_ENTRY_30")
"""Rules after which, once missed, another one runs: a grace period, a restoration, the entry with surcharge."""


class Span(NamedTuple):
    """A span of dates as the list filters them, with its level of urgency and its words."""

    level: str
    label: Any
    dates: dict[str, date]
    newest: bool = False


class Group(NamedTuple):
    """A group of the work list: a level of urgency, its words, how many in all, fatal, provisional; the first rows."""

    level: str
    label: Any
    count: int
    rows: list[Any]
    href: str
    fatal: int = 0
    provisional: int = 0


def spans(day: date) -> list[Span]:
    """The groups in the order in which they are worked on: what can still be saved comes first."""
    week_end = day + timedelta(max(6 - day.weekday(), 1))
    two_weeks = max(day + timedelta(14), week_end)
    after = week_end + timedelta(1)
    yesterday = day - timedelta(1)
    return [
        Span("overdue", _("Internal date passed"), {"internal_date__lte": yesterday, "due__gte": day}),
        Span("overdue", _("Official date passed"), {"due__lte": yesterday, "due__gte": day - LONG_PAST}, newest=True),
        Span("today", _("Today"), {"internal_date__gte": day, "internal_date__lte": day}),
        Span("week", _("This week"), {"internal_date__gt": day, "internal_date__lte": week_end}),
        Span("later", _("Two weeks"), {"internal_date__gte": after, "internal_date__lte": two_weeks}),
    ]


def mine() -> Any:
    """The condition for a person's own work, and that of those they stand in for: responsible or deputy."""
    us = sorted(current_principal().acting_ids)
    return or_(Deadline.responsible_id.in_(us), Deadline.deputy_id.in_(us))


def urgent(day: Any) -> tuple[Any, ...]:
    """What a work list holds: open duties, without those whose grace or restoration period has its own row by now."""
    followed = and_(Deadline.rule_code.in_(FOLLOWED), Deadline.due < day)
    live = Deadline.status.in_(LIVE)
    return live, Deadline.kind == "deadline", Deadline.optional.is_(False), Deadline.severity != "info", not_(followed)


def groups(*, own: bool, as_of: date | None = None) -> list[Group]:
    """The work list by internal date, official date beside it; `own`: only what the person answers for."""
    day = as_of or today()
    return [_group(span, day, own) for span in spans(day)]


def long_past(*, own: bool, as_of: date | None = None) -> Group | None:
    """What passed so long ago that it can hardly be saved, as one line; None when there is nothing."""
    day = as_of or today()
    found = _group(_past(day), day, own, limit=0)
    return found._replace(href=address("past", own)) if found.count else None


def whole(level: str, *, own: bool, page: int = 1) -> list[Group]:
    """The groups behind a figure: overdue, today, week, later or past; `ALL` rows at a time."""
    day = today()
    chosen = [_past(day)] if level == "past" else [span for span in spans(day) if span.level == level]
    return [_group(span, day, own, limit=ALL, page=page) for span in chosen]


def address(level: str, own: bool) -> str:
    """The page of the groups behind a figure."""
    return f"/deadlines/work/{level}" + ("" if own else "?all=1")


def _past(day: date) -> Span:
    return Span("overdue", _("Long past"), {"due__lt": day - LONG_PAST}, newest=True)


def _group(span: Span, day: date, own: bool, *, limit: int = SHOWN, page: int = 1) -> Group:
    chosen = [
        *urgent(day),
        *(_condition(name, value) for name, value in span.dates.items()),
        *([mine()] if own else []),
    ]
    fatal = func.sum(case((Deadline.severity == "fatal", 1), else_=0))
    unsure = func.sum(case((Deadline.provisional, 1), else_=0))
    counts = db.session.execute(select(func.count(Deadline.id), fatal, unsure).where(*chosen)).one()
    count, fatal_count, unsure_count = (int(number or 0) for number in counts)
    order = (Deadline.due.desc(), Deadline.id) if span.newest else (Deadline.internal_date, Deadline.due, Deadline.id)
    query = select(Deadline).where(*chosen).order_by(*order).limit(limit).offset((page - 1) * limit)
    found = list(db.session.scalars(query)) if count and limit else []
    return Group(span.level, span.label, count, found, address(span.level, own), fatal_count, unsure_count)


_OPERATORS = {"lt": operator.lt, "lte": operator.le, "gt": operator.gt, "gte": operator.ge}


def _condition(name: str, day: date) -> Any:
    field, _sep, code = name.partition("__")
    return _OPERATORS[code](getattr(Deadline, field), day)


def has_own() -> bool:
    """Whether the person answers for any open deadline."""
    chosen = select(Deadline.id).where(Deadline.status.in_(LIVE), mine()).limit(1)
    return db.session.scalar(chosen) is not None


def to_confirm() -> list[Deadline]:
    """Closures that wait for a second person, not the one who closed."""
    me = current_principal().user_id
    others = or_(Deadline.closed_by_id != me, Deadline.closed_by_id.is_(None))
    waiting = select(Deadline).where(Deadline.status == "to_confirm", others)
    return list(db.session.scalars(waiting.order_by(Deadline.internal_date, Deadline.id).limit(8)))


def hot_count() -> int:
    """How many of the person's own deadlines are past their internal date or due today; for the sidebar."""
    day = today()
    chosen = (*urgent(day), Deadline.internal_date <= day, Deadline.due >= day - LONG_PAST, mine())
    return db.session.scalar(select(func.count(Deadline.id)).where(*chosen)) or 0


def cases_of(rows: Iterable[Any]) -> dict[int, Any]:
    """The cases of deadlines, as far as the person sees them."""
    model = record_class("cases.case")
    ids = {row.case_id for row in rows}
    return {row.id: row for row in db.session.scalars(select(model).where(model.id.in_(ids)))} if ids else {}


def people_of(rows: Iterable[Any]) -> dict[int, str]:
    """Names of the people responsible, in the reader's language."""
    return labels("core.user", {row.responsible_id for row in rows if row.responsible_id})


def clients_of(cases: Iterable[Any]) -> dict[int, str]:
    """Names of the clients of cases, as far as the person sees them, in the reader's language."""
    return labels("clients.client", {row.client_id for row in cases if row.client_id})


def papers_of(rows: Iterable[Any]) -> dict[int, str]:
    """The paper or act that each deadline comes from, with its day; by the id of the event."""
    model = record_class("cases.event")
    ids = {row.event_id for row in rows if row.event_id}
    found = db.session.execute(select(model.id, model.code, model.dispatch_date, model.date).where(model.id.in_(ids)))
    return {ident: event_words(code, sent or day) for ident, code, sent, day in found} if ids else {}


def event_words(code: str, day: date | None) -> str:
    """The name of an event and its day, in the current language."""
    known = event_types().get(code)
    name = known.label(current_locale()) if known is not None else code
    return f"{name} {day.isoformat()}" if day else name


def of_case(case_id: int, limit: int | None = None) -> list[Deadline]:
    """The deadlines of a case: live ones first, by date; replaced and needless ones only when all are asked for."""
    shown = Deadline.status.in_(LIVE) if limit else Deadline.status != "superseded"
    ended = case((Deadline.status.in_(LIVE), 0), else_=1)
    query = select(Deadline).where(Deadline.case_id == case_id, shown)
    return list(db.session.scalars(query.order_by(ended, Deadline.due, Deadline.id).limit(limit or 500)))


def live_count(case_id: int) -> int:
    """How many deadlines of a case are live."""
    chosen = (Deadline.case_id == case_id, Deadline.status.in_(LIVE))
    return db.session.scalar(select(func.count(Deadline.id)).where(*chosen)) or 0


def next_deadlines(case_ids: Iterable[int]) -> dict[int, Any]:
    """The open deadline that comes first of each case: id, name, name_en, due, internal_date, severity, provisional."""
    ids = list(case_ids)
    if not ids:
        return {}
    found = db.session.execute(_next_of_cases(), {"ids": ids, "day": today()})
    return {row.case_id: row for row in found if row.rank == 1}


@cache
def _next_of_cases() -> Any:
    """The statement, built once: every page of cases asks it."""
    order = func.row_number().over(partition_by=Deadline.case_id, order_by=(Deadline.due, Deadline.id))
    columns = (Deadline.id, Deadline.case_id, Deadline.name, Deadline.name_en, Deadline.due, Deadline.internal_date)
    chosen = (Deadline.case_id.in_(bindparam("ids", expanding=True)), *urgent(bindparam("day", type_=Date)))
    ranked = select(*columns, Deadline.severity, Deadline.provisional, order.label("rank")).where(*chosen)
    return ranked.order_by(Deadline.case_id)
