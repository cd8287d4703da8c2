"""Whose to-dos are whose, as SQL: one's own, one's department's, one's branch's; what they are about is shown to its
readers alone."""

from __future__ import annotations

from typing import Any

from sqlalchemy import ColumnElement, and_, exists, false, not_, or_, select, true

from core import FieldRule, Grant, Principal, Scopes, readable, record_class, registry

KEY = "todos.todo"
WHOLE = ("create", "read", "update", "delete", "export", "finish", "reopen", "hand_on")


class _Everybody(tuple):
    """Roles of a rule that binds whoever it is, in whatever role."""

    def __contains__(self, role: object) -> bool:
        return True


def _mine(model: Any, principal: Principal) -> ColumnElement[bool]:
    """Given to me, made by me, or handed on by me: one sees what becomes of it."""
    me = principal.user_id
    return or_(model.assignee_id == me, model.created_by_id == me, model.handed_by_id == me)


def _department(model: Any, principal: Principal) -> ColumnElement[bool]:
    return model.department_id.in_(sorted(principal.department_ids)) if principal.department_ids else false()


def _branch(model: Any, principal: Principal) -> ColumnElement[bool]:
    place = record_class("core.department").__table__.c
    return model.department_id.in_(select(place.id).where(place.branch_id == principal.branch_id))


def scopes() -> dict[str, Scopes]:
    """What own, department and branch mean."""
    return {KEY: Scopes(own=_mine, department=_department, branch=_branch)}


def grants() -> list[Grant]:
    """Everybody has to-dos; heads see and give those of their department, others above read."""
    return [
        Grant("*", KEY, WHOLE, "own"),
        Grant("dept_head", KEY, WHOLE, "department"),
        Grant("branch_manager", KEY, ("create", "read", "hand_on"), "branch"),
        Grant("partner", KEY, ("create", "read", "hand_on"), "all"),
    ]


def field_rules() -> list[FieldRule]:
    """Which record a to-do is about is told to those who may read that record."""
    return [FieldRule(KEY, name, "hidden", _Everybody(), when=_about_unseen) for name in ("record_key", "record_id")]


def _about_unseen(model: Any, principal: Principal) -> ColumnElement[bool]:
    return and_(model.record_id.is_not(None), not_(or_(false(), *_seen(model, principal))))


def _seen(model: Any, principal: Principal) -> list[ColumnElement[bool]]:
    """For each record type: the to-do is about a row of it that the person reads."""
    found = []
    for kind in registry().types.values():
        where = readable(kind.model, principal) if principal.can(kind.key, "read") and kind.key != KEY else false()
        if where is true():
            found.append(model.record_key == kind.key)
        elif where is not false():
            ident = kind.model.__table__.c.id
            found.append(
                and_(model.record_key == kind.key, exists(select(ident).where(ident == model.record_id, where)))
            )
    return found
