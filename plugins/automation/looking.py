"""The scheduler's look: dates that came, days before and after them, and schedules. The database picks what is due;
each (rule, record, day) is a key that exists once, so that a look missed or made twice changes nothing."""

from __future__ import annotations

import logging
from datetime import date, datetime, time, timedelta
from typing import Any

from sqlalchemy import String, and_, cast, exists, func, literal, or_, select, update

from core import (
    BadRequest,
    Principal,
    db,
    enqueue,
    insert_derived,
    load_principal,
    local,
    now,
    readable,
    registry,
    system,
    today,
)
from plugins.automation import conditions
from plugins.automation.catching import Live, run_row
from plugins.automation.records import Rule, Run
from plugins.automation.services import WORK
from plugins.automation.timing import last_planned

AT_ONCE = 2000
"""Runs of one rule in one look; the rest comes with the next."""
BACK = timedelta(days=45)
"""How long ago a day may lie that was missed while nothing ran."""
_log = logging.getLogger("zhian.automation")


def look() -> dict[str, int]:
    """The job: runs for everything that is due now, each rule in a transaction of its own."""
    chosen = select(Rule.id).where(
        Rule.active.is_(True), Rule.archived_at.is_(None), Rule.trigger.in_(("date", "schedule"))
    )
    made = 0
    with system("which rules look for what is due"):
        waiting = list(db.session.scalars(chosen.order_by(Rule.id)))
    for ident in waiting:
        try:
            with system("a rule looks for what is due"):
                rule = db.session.scalars(select(Rule).where(Rule.id == ident).with_for_update()).one()
                rows = _rows(rule)
                insert_derived(Run, rows)
                made += len(rows)
        except Exception:  # one broken rule must not keep the others waiting
            _log.exception("rule %s could not look for what is due", ident)
    if made:
        with system("runs of rules wait"):
            enqueue(WORK, key=WORK)
    return {"runs": made}


def _rows(rule: Rule) -> list[dict[str, Any]]:
    person = load_principal(rule.runs_as_id) if rule.runs_as_id else None
    if person is None or (rule.record_key and rule.record_key not in registry().types):
        return []
    alive = Live(rule.id, rule.version_no, rule.trigger, rule.when or {}, rule.condition, person.user_id or 0)
    try:
        return _of_dates(rule, alive, person) if rule.trigger == "date" else _of_schedule(rule, alive, person)
    except BadRequest:
        return []


def due_dates(rule: Any, first: date, last: date, person: Principal) -> Any:
    """Ids and days of the records whose date, moved by the rule's days, lies from `first` to `last`."""
    model, column = registry().types[rule.record_key].model, date_column(rule)
    days = timedelta(days=rule.when["days"])
    return select(model.id, _day_text(column).label("day")).where(
        column >= _bound(column, first - days),
        column < _bound(column, last - days + timedelta(days=1)),
        *_there(rule, model, person),
    )


def _there(rule: Any, model: Any, person: Principal) -> list[Any]:
    where = [readable(model, person), conditions.expression(rule.record_key, rule.condition, person)]
    return [*where, model.archived_at.is_(None)]


def date_column(rule: Any) -> Any:
    """The column of the date that the rule minds."""
    kind = registry().types[rule.record_key]
    return getattr(kind.model, kind.fields[rule.when["field"]].attr)


def _bound(column: Any, day: date) -> Any:
    is_day = column.type.python_type is date
    return day if is_day else datetime.combine(day, time(), local(now()).tzinfo)


def _day_text(column: Any) -> Any:
    return func.substr(cast(column, String), 1, 10)


def _of_dates(rule: Rule, alive: Live, person: Principal) -> list[dict[str, Any]]:
    """Days that came since the rule is on; with `include` also dates ahead that were nearer than that already."""
    model, column = registry().types[rule.record_key or ""].model, date_column(rule)
    since = max(rule.active_since or today(), today() - BACK)
    first = today() - timedelta(days=3660) if rule.when.get("include") else since
    chosen = due_dates(rule, first, today(), person)
    if rule.when.get("include"):
        days = timedelta(days=rule.when["days"])
        chosen = chosen.where(or_(column >= _bound(column, today()), column >= _bound(column, since - days)))
    key = literal(f"{rule.id}/{rule.record_key}/") + cast(model.id, String) + literal("/") + _day_text(column)
    fresh = chosen.where(~exists(select(Run.id).where(Run.key == key))).order_by(column, model.id).limit(AT_ONCE)
    return [run_row(alive, rule.record_key, row.id, row.day) for row in db.session.execute(fresh)]


def _of_schedule(rule: Rule, alive: Live, person: Principal) -> list[dict[str, Any]]:
    """The planned instant that came last, once; those that were missed before it are not made up for."""
    planned = last_planned(rule.when or {}, local(now()))
    mark = planned.isoformat(timespec="minutes")
    begun = rule.planned is not None or rule.active_since is None or planned.date() >= rule.active_since
    marked = update(Rule).where(Rule.id == rule.id).values(planned=mark)
    db.session.execute(marked, execution_options={"synchronize_session": False})
    if rule.planned == mark or not begun:
        return []
    if rule.record_key is None:
        return [run_row(alive, None, None, mark)]
    model = registry().types[rule.record_key].model
    chosen = select(model.id).where(and_(*_there(rule, model, person))).order_by(model.id).limit(rule.per_hour)
    return [run_row(alive, rule.record_key, ident, mark) for ident in db.session.scalars(chosen)]
