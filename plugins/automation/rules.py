"""Who may do what with rules, and whose they are: a rule is also the affair of the person with whose rights it runs."""

from __future__ import annotations

from typing import Any

from sqlalchemy import ColumnElement, and_, exists, false, not_, or_, select, true

from core import FieldRule, Grant, Principal, Scopes, readable, registry
from plugins.automation.records import Rule

RULE, VERSION, RUN, CALL = "automation.rule", "automation.version", "automation.run", "automation.call"
_rule = Rule.__table__.c


class _Everybody(tuple):
    """Roles of a rule that binds whoever it is, in whatever role."""

    def __contains__(self, role: object) -> bool:
        return True


def _runs_as_me(model: Any, principal: Principal) -> ColumnElement[bool]:
    return model.runs_as_id == principal.user_id


def _of_my_rules(model: Any, principal: Principal) -> ColumnElement[bool]:
    return model.rule_id.in_(select(_rule.id).where(_rule.runs_as_id == principal.user_id))


def scopes() -> dict[str, Scopes]:
    """Own: it runs with my rights."""
    mine = Scopes(own=_of_my_rules)
    return {RULE: Scopes(own=_runs_as_me), VERSION: mine, RUN: mine, CALL: mine}


def grants() -> list[Grant]:
    """Configurators build and switch on; heads read and approve mail to clients; who lends their rights agrees."""
    reading = (VERSION, RUN, CALL)
    found = [
        Grant("config_admin", RULE, ("create", "read", "update", "delete", "export")),
        Grant("config_admin", RULE, ("activate", "deactivate", "try_out", "take_back", "renew_address")),
        Grant("config_admin", RUN, ("replay",)),
        Grant("dept_head", RULE, ("read", "approve")),
        Grant("system_admin", RULE, ("read", "deactivate")),
        Grant("*", RULE, ("read", "agree", "deactivate"), "own"),
        Grant("*", RUN, ("replay",), "own"),
    ]
    found += [Grant(role, key, ("read",)) for role in ("config_admin", "dept_head", "system_admin") for key in reading]
    return found + [Grant("*", key, ("read",), "own") for key in reading]


def field_rules() -> list[FieldRule]:
    """Which record a run touched, and what it did there, is told to those who may read that record."""
    names = ("record_id", "results", "error")
    return [FieldRule(RUN, name, "hidden", _Everybody(), when=_about_unseen) for name in names]


def _about_unseen(model: Any, principal: Principal) -> ColumnElement[bool]:
    return and_(model.record_id.is_not(None), not_(or_(false(), *_seen(model, principal))))


def _seen(model: Any, principal: Principal) -> list[ColumnElement[bool]]:
    found = []
    for kind in registry().types.values():
        if kind.key.startswith(("core.", "automation.")) or not principal.can(kind.key, "read"):
            continue
        where, ident = readable(kind.model, principal), kind.model.__table__.c.id
        if where is true():
            found.append(model.record_key == kind.key)
        elif where is not false():
            there = exists(select(ident).where(ident == model.record_id, where))
            found.append(and_(model.record_key == kind.key, there))
    return found
