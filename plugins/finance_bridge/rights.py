"""Whose books are whose, and what each role may do with the records of this plugin."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from sqlalchemy import ColumnElement, false, or_, select

from core import Grant, Principal, Scopes, record_class, role_holders
from plugins.finance_bridge.records import Book

DATA = Path(__file__).parent / "data" / "grants.json"
HEADS = ("finance_head",)
PEOPLE = ("finance_head", "finance")


def grants() -> list[Grant]:
    """The grants of the shipped role pack."""
    rows = json.loads(DATA.read_text("utf-8"))
    return [Grant(role, record, tuple(can), scope) for record, found in rows.items() for role, can, scope in found]


def _branch(model: Any, principal: Principal) -> ColumnElement[bool]:
    return model.branch_id == principal.branch_id if principal.branch_id else false()


def _branch_of_book(model: Any, principal: Principal) -> ColumnElement[bool]:
    if not principal.branch_id:
        return false()
    book = Book.__table__.c
    return model.book_id.in_(select(book.id).where(book.branch_id == principal.branch_id))


def _serves(model: Any, principal: Principal) -> ColumnElement[bool]:
    """Books of the person's branch, and those without a branch, which serve all of them."""
    return or_(model.branch_id == principal.branch_id, model.branch_id.is_(None)) if principal.branch_id else false()


def scopes() -> dict[str, Scopes]:
    """Everything lies in the branch whose bills it is about; what serves all branches is for those who see all.

    Of a book that serves all branches everybody in finance knows that it is there and may ask it for payments
    (scope `serving`); its codes, sheets and reports are about all branches and stay with those who see all.
    """
    own = ("document", "exchange", "sheet", "reconciliation")
    found = {f"finance_bridge.{name}": Scopes(branch=_branch) for name in own}
    book = {"finance_bridge.book": Scopes(branch=_branch, extra={"serving": _serves})}
    return found | book | {"finance_bridge.mapping": Scopes(branch=_branch_of_book)}


def people(branch_id: int | None, roles: tuple[str, ...] = PEOPLE) -> list[int]:
    """Ids of the people in finance who are told: heads everywhere, others in that branch. Call it as the system."""
    from core import db

    told, user = role_holders(*roles), record_class("core.user")
    if branch_id is None:
        return told
    here = set(db.session.scalars(select(user.id).where(user.id.in_(told), user.branch_id == branch_id)))
    return sorted(here | set(role_holders(*(role for role in roles if role in HEADS))))
