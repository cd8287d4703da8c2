"""Fifth chapter: what people did with the deadlines that arose, what they planned for today, and who was reminded."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date, timedelta
from typing import Any

from sqlalchemy import select

from core import bulk_update, db, now, record_class, registry, run_action, standing_at, system, today, update
from plugins.demo import files
from plugins.demo.cases import cases_by_key
from plugins.demo.cast import Cast, data
from plugins.demo.team import Team
from plugins.demo.when import day, instant, office_day, span

DEADLINE = "deadlines.deadline"
SETTLED_LONG_AGO = timedelta(days=5)
"""Closures older than this have been confirmed; younger ones wait for the second person."""
UNREAD = 4
OPEN = ("open",)


def load(_session: Any) -> None:
    """Bring the deadlines up to today, then act on them; what is done already is not done again."""
    registry().jobs["deadlines.recompute"].fn()
    cast, cases, given = Cast(), cases_by_key(), data("docket")
    for row in given["missed"]:
        _act(cast, cases, row, lambda found, row=row: run_action(found, DEADLINE, "reason_missed", _why(row)))
    for row in given["waived"]:
        _act(cast, cases, row, lambda found, row=row: run_action(found, DEADLINE, "waive", _why(row)))
    for row in given["closed"]:
        _act(cast, cases, row, lambda found, row=row: _close(found, row))
        if "confirm" in row:
            _act(cast, cases, row | {"who": row["confirm"]}, _confirm, ("to_confirm",))
    for row in given["planned"]:
        _act(cast, cases, row, lambda found, row=row: _plan(found, today() + span(row["for"])))
    _confirm_old(cast, cases)
    for written in given["reminded"]:
        _remind(office_day(day(written, today())))
    _read_messages(cast)


def _why(row: dict[str, Any]) -> dict[str, Any]:
    return {"reason": row["reason"]}


def _act(
    cast: Cast,
    cases: dict[str, int],
    row: dict[str, Any],
    act: Callable[[Any], Any],
    states: tuple[str, ...] = OPEN,
) -> None:
    """Do something as that person with the deadline of that case and rule, if it is still in one of the states."""
    on = office_day(day(row["day"], today())) if "day" in row else None
    model = record_class(DEADLINE)
    rule = model.rule_code.like(row["rule"].replace("*", "%"))
    wanted = model.case_id == cases[row["case"]], rule, model.status.in_(states)
    with system("demo: look for a deadline") as session:
        receipts = select(model.id).where(model.case_id == cases[row["case"]], model.evidence == row.get("receipt"))
        if states == OPEN and "receipt" in row and session.scalars(receipts).first() is not None:
            return
        ident = session.scalars(select(model.id).where(*wanted).order_by(model.due)).first()
    if ident is not None:
        with cast.acting(row["who"], on):
            act(db.session.scalars(select(model).where(model.id == ident)).one())


def _plan(deadline: Any, wanted: date) -> None:
    """Somebody's own date for the work, never after the safe date."""
    update(deadline, {"internal_date": min(wanted, deadline.safe_date)})


def _close(deadline: Any, row: dict[str, Any]) -> None:
    """With the receipt as a file at the deadline."""
    on = office_day(day(row["day"], today()))
    lines = [f"期限：{deadline.name}", f"回执：{row['receipt']}", f"日期：{on:%Y-%m-%d}"]
    receipt = files.paper(DEADLINE, deadline.id, "递交回执", lines, "receipt")
    closing = {"act_date": on.isoformat(), "evidence": row["receipt"], "file": receipt}
    run_action(deadline, DEADLINE, "close_with_evidence", closing)


def _confirm(deadline: Any) -> None:
    run_action(deadline, DEADLINE, "confirm_closure", {})


def _confirm_old(cast: Cast, cases: dict[str, int]) -> None:
    """The second person has confirmed what was closed some time ago."""
    model = record_class(DEADLINE)
    rows = {cases[row["k"]]: row for row in data("cases")["cases"]}
    with system("demo: look for closures") as session:
        wanted = select(model).where(model.status == "to_confirm", model.case_id.in_(rows))
        waiting = [(d.case_id, d.rule_code, d.closed_at) for d in session.scalars(wanted)]
    for case_id, rule, closed_at in waiting:
        if closed_at and closed_at < now() - SETTLED_LONG_AGO:
            row, on = rows[case_id], closed_at.date() + timedelta(days=1)
            step = {"case": row["k"], "rule": rule, "who": Team(cast, row).verifier, "day": on}
            _act(cast, cases, step, _confirm, ("to_confirm",))


def _read_messages(cast: Cast) -> None:
    """Everybody has read what came before today, but for the last few."""
    message = record_class("core.notification")
    with system("demo: look for messages") as session:
        rows = session.execute(
            select(message.user_id, message.id).where(message.read_at.is_(None)).order_by(message.id)
        )
        unread: dict[int, list[int]] = {}
        for user, ident in rows:
            unread.setdefault(user, []).append(ident)
    logins = {ident: login for login, ident in cast.ids.items()}
    for user, ids in unread.items():
        with cast.acting(logins[user], office_day(today() - timedelta(days=1))):
            bulk_update(message, [(ident, None, {"read_at": now().isoformat()}) for ident in ids[:-UNREAD]])


def _remind(on: date) -> None:
    """The reminders of that day and their mails, as the scheduler would have sent them."""
    with standing_at(instant(on, 0)):
        with system("demo: reminders of a past day"):
            registry().jobs["deadlines.remind"].fn()
        registry().jobs["core.send_mails"].fn()
