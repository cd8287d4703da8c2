"""`/settings/roles/<code>`: what a role may do per record type, as a matrix; and one row of it to be changed."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

from flask import Blueprint, render_template, request
from sqlalchemy import select

from core.db import db
from core.errors import Forbidden, NotFound, Refused
from core.i18n import _, gettext, ngettext
from core.permissions import changing
from core.permissions.declared import CONDITION, STANDARD_ACTIONS
from core.permissions.granting import TOP_ROLES
from core.permissions.model import Right
from core.permissions.overlay import Overlay, read_overlay
from core.permissions.people import forget
from core.permissions.principal import current_principal
from core.permissions.rules import access
from core.records import service
from core.records.audit import RIGHT as AUDIT
from core.web import shell
from core.web.lifecycle import done
from core.web.rights.words import action_word, crumbs, in_order, role_word, scope_word, type_words
from core.web.settings_items import require_administrator
from core.web.toasts import say

OF_CLIENTS = ("client", "released")
"""Scopes that mean something for people of clients alone."""
Pairs = frozenset[tuple[str, str]]


def overlay_now() -> Overlay:
    """The set rights as this transaction sees them."""
    return read_overlay(db.session().connection())


def role_of(code: str) -> Any:
    """A role by its code; raises `NotFound`."""
    role = access().role(code, overlay_now())
    if role is None:
        raise NotFound(_("There is no such role."))
    return role


def may_change(code: str) -> bool:
    """Whether the person may change what this role may do."""
    if not current_principal().can("core.right", "create"):
        return False
    try:
        changing.check_role(code)
    except Forbidden:
        return False
    return True


def require_change(code: str) -> None:
    """Raises `Forbidden` for whoever may not change what this role may do."""
    changing.check_role(code)
    if not current_principal().can("core.right", "create"):
        raise Forbidden(detail={"record": "core.right", "action": "create"})


def pairs_of(code: str, key: str, overlay: Overlay) -> Pairs:
    """(action, scope) pairs of a role on a record type as they hold now."""
    return frozenset((a, g.scope) for g in access().held_by(code, key, overlay) for a in g.actions)


def page(code: str) -> Any:
    """The matrix of one role."""
    require_administrator()
    role, overlay = role_of(code), overlay_now()
    title = role_word(role, code)
    return render_template(
        "web/rights/role.html",
        title=title,
        crumbs=[*crumbs(gettext("Roles and rights"), "/settings/roles"), (title, None)],
        code=code,
        role=role,
        base=role_word(access().roles.get(overlay.like(code)), overlay.like(code)),
        made=code in overlay.roles,
        may=may_change(code),
        everything=bool(access().grants.get((code, "*"))),
        groups=_groups(code, overlay),
        changed=changed_rights(code, overlay),
        fields=changed_fields(code, overlay),
        copyable=role.realm != "admin" and current_principal().can("core.role", "create"),
        top=code in TOP_ROLES,
    )


def given_types() -> dict[str, Any]:
    """What rights are given on: the record types, and the audit log, which is none."""
    name = _("Audit log")
    return {**shell.registry().types, AUDIT: SimpleNamespace(key=AUDIT, label=name, plural=name, plugin="core")}


def _groups(code: str, overlay: Overlay) -> list[dict[str, Any]]:
    """Record types by plugin, each with the scopes of its rights."""
    registry, found = shell.registry(), {}
    titles = {m.name: str(m.title) for m in registry.manifests}
    for key, kind in given_types().items():
        pairs, shipped = pairs_of(code, key, overlay), access().shipped(code, key)
        group = found.setdefault(kind.plugin, {"label": titles.get(kind.plugin, gettext("The house")), "rows": []})
        group["rows"].append(
            {
                "key": key,
                "label": str(kind.plural),
                "cells": [_cell(action, pairs, shipped, overlay) for action in STANDARD_ACTIONS],
                "named": [action_word(key, a) for a in sorted({a for a, _s in pairs} - {*STANDARD_ACTIONS, "*"})],
                "none": not pairs and not shipped,
            }
        )
    order = [*(m.name for m in registry.manifests), "core"]
    return [found[name] for name in sorted(found, key=lambda n: order.index(n) if n in order else 99)]


def _cell(action: str, pairs: Pairs, shipped: Pairs, overlay: Overlay) -> dict[str, Any]:
    now, was = ({s for a, s in these if a == action} for these in (pairs, shipped))
    return {"words": [scope_word(s, overlay) for s in in_order(now)], "changed": now != was}


def changed_rights(code: str, overlay: Overlay) -> int:
    """How many rights differ from what is shipped."""
    sides = (overlay.more, overlay.less)
    return sum(len(pairs) for side in sides for (role, _key), pairs in side.items() if role == code)


def changed_fields(code: str, overlay: Overlay) -> int:
    """How many fields are set otherwise than shipped."""
    return sum(role == code for closed in overlay.closed.values() for role, _name in closed)


def row(code: str, key: str) -> Any:
    """One row to be changed: rights down, scopes across."""
    require_administrator()
    role, kind, overlay = role_of(code), _kind(key), overlay_now()
    pairs, shipped = pairs_of(code, key, overlay), access().shipped(code, key)
    meant = (s for s in changing.scopes_for(key) if s not in OF_CLIENTS or role.realm == "portal")
    scopes = in_order({*meant, *(s for _a, s in pairs | shipped)})
    actions = changing.actions_for(key)
    title = f"{role_word(role, code)} / {kind.plural}"
    return render_template(
        "web/rights/row.html",
        title=title,
        crumbs=[
            *crumbs(gettext("Roles and rights"), "/settings/roles"),
            (role_word(role, code), f"/settings/roles/{code}"),
            (str(kind.plural), None),
        ],
        code=code,
        kind=kind,
        may=may_change(code),
        scopes=[(s, scope_word(s, overlay), s.startswith(CONDITION)) for s in scopes],
        actions=[
            {
                "code": a,
                "label": action_word(key, a),
                "cells": [{"value": f"{a}|{s}", "on": (a, s) in pairs, "shipped": (a, s) in shipped} for s in scopes],
            }
            for a in actions
        ],
        difference=_difference(key, pairs, shipped, overlay),
    )


def _kind(key: str) -> Any:
    kind = given_types().get(key)
    if kind is None:
        raise NotFound(_("There is no such record type."))
    return kind


def _difference(key: str, pairs: Pairs, shipped: Pairs, overlay: Overlay) -> list[tuple[str, str]]:
    """(sign, words) of each right more or less than shipped."""
    more = [("+", p) for p in sorted(pairs - shipped)]
    less = [("−", p) for p in sorted(shipped - pairs)]
    return [
        (sign, gettext("%(role)s: %(scope)s", role=action_word(key, a), scope=scope_word(s, overlay)))
        for sign, (a, s) in (*more, *less)
    ]


def save(code: str, key: str) -> Any:
    """Store what was ticked, as differences from what is shipped."""
    require_administrator()
    role_of(code)
    _kind(key)
    require_change(code)
    wanted = frozenset((a, s) for a, _sep, s in (v.partition("|") for v in request.form.getlist("right")) if s)
    number = lay_over(code, key, wanted)
    forget()
    say(
        ngettext(
            "%(n)s right changed. It holds everywhere within a second.",
            "%(n)s rights changed. They hold everywhere within a second.",
            number,
        )
    )
    return done(f"/settings/roles/{code}")


def lay_over(code: str, key: str, wanted: Pairs) -> int:
    """Make the role's rights on a record type these; how many rows of difference changed."""
    shipped = access().shipped(code, key)
    if any(a == "*" for a, _s in shipped):
        raise Refused(_("The rights of this role are fixed."))
    asked = {(a, s, "add") for a, s in wanted - shipped} | {(a, s, "remove") for a, s in shipped - wanted}
    there = {
        (r.action, r.scope, r.effect): r
        for r in db.session.scalars(select(Right).where(Right.role == code, Right.record == key))
    }
    gone = [there[k] for k in there if k not in asked]
    for found in gone:
        service.delete(found)
    for action, scope, effect in sorted(asked - there.keys()):
        values = {"role": code, "record": key, "action": action, "scope": scope, "effect": effect}
        service.create(Right, values)
    return len(gone) + len(asked - there.keys())


def back(code: str) -> Any:
    """Back to shipped: all differences of a role (or of one record type, `record`) go."""
    require_administrator()
    require_change(code)
    wanted = select(Right).where(Right.role == code)
    if key := request.form.get("record"):
        wanted = wanted.where(Right.record == key)
    for found in db.session.scalars(wanted):
        service.delete(found)
    forget()
    say(gettext("The role has its shipped rights again"))
    return done(f"/settings/roles/{code}/{key}" if key else f"/settings/roles/{code}")


def difference(code: str) -> Any:
    """All that differs from the shipped rights, in words."""
    require_administrator()
    role, overlay = role_of(code), overlay_now()
    types, rows = given_types(), []
    for key in types:
        pairs, shipped = pairs_of(code, key, overlay), access().shipped(code, key)
        rows += [[sign, type_words(types, key), words] for sign, words in _difference(key, pairs, shipped, overlay)]
    title = gettext("Difference from shipped")
    return render_template(
        "web/rights/difference.html",
        title=title,
        crumbs=[
            *crumbs(gettext("Roles and rights"), "/settings/roles"),
            (role_word(role, code), f"/settings/roles/{code}"),
            (title, None),
        ],
        code=code,
        rows=rows,
        may=may_change(code),
    )


def register(web: Blueprint) -> None:
    """The routes of this file."""
    web.add_url_rule("/settings/roles/<code>", "role", page)
    web.add_url_rule("/settings/roles/<code>/difference", "role_difference", difference)
    web.add_url_rule("/settings/roles/<code>/shipped", "role_back", back, methods=["POST"])
    web.add_url_rule("/settings/roles/<code>/<key>", "role_row", row)
    web.add_url_rule("/settings/roles/<code>/<key>", "role_save", save, methods=["POST"])
