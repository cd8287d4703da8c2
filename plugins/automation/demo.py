"""Demo data: the examples switched on, the way people do it: built by one, agreed to by another, tried out."""

from __future__ import annotations

from typing import Any

from sqlalchemy import select

from core import acting_as, db, get, load_principal, record_class, run_action, system, transaction, update
from plugins.automation import looking, working
from plugins.automation.records import Rule, Run

BUILDER, LENDER = "s06", "s01"
KEY = "automation.rule"


def load(session: Any) -> None:
    """Switch the examples on; nothing where the people of the demo are missing or it was done before."""
    user = record_class("core.user")
    ids = dict(session.execute(select(user.login, user.id).where(user.login.in_((BUILDER, LENDER)))).all())
    rules = list(session.scalars(select(Rule.id).where(Rule.code.is_not(None), Rule.runs_as_id.is_(None))))
    session.commit()
    if len(ids) < 2 or not rules:
        return
    for ident in rules:
        _as(ids[BUILDER], lambda i=ident: update(get(Rule, i), {"runs_as": ids[LENDER]}))
        _as(ids[LENDER], lambda i=ident: run_action(get(Rule, i), KEY, "agree", {}))
        _as(ids[BUILDER], lambda i=ident: run_action(get(Rule, i), KEY, "try_out", {}))
        _as(ids[BUILDER], lambda i=ident: run_action(get(Rule, i), KEY, "activate", {}))
    looking.look()
    working.work(20)
    _everything_read()


def _as(person: int, do: Any) -> None:
    principal = load_principal(person)
    if principal is not None:
        with acting_as(principal), transaction():
            do()


def _everything_read() -> None:
    """What the rules told on the first day was read then."""
    told = record_class("core.notification")
    with system("messages of the demo's first runs were read"):
        about = db.session.execute(select(Run.record_key, Run.record_id).where(Run.state == "done")).all()
        keys = {row.record_key for row in about if row.record_key}
        chosen = select(told).where(told.record_key.in_(("todos.todo", *keys)), told.read_at.is_(None))
        for one in db.session.scalars(chosen.order_by(told.id.desc()).limit(500)):
            if one.record_key == "todos.todo" or (one.record_key, one.record_id) in {tuple(r) for r in about}:
                one.read_at = one.created_at
