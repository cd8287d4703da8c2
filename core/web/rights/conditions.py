"""`/settings/conditions`: conditions on records, built from fields, shown with their effect before they are stored."""

from __future__ import annotations

from typing import Any

from flask import Blueprint, render_template, request
from sqlalchemy import func, select

from core.db import db
from core.errors import Forbidden, Invalid, NotFound
from core.i18n import _, gettext
from core.permissions import building, changing
from core.permissions.declared import CONDITION, STANDARD_ACTIONS
from core.permissions.holders import role_holders
from core.permissions.model import Condition
from core.permissions.org import User
from core.permissions.overlay import BuiltCondition
from core.permissions.people import forget, load_principal
from core.permissions.principal import SYSTEM, Principal, current_principal
from core.permissions.rules import access, on_table
from core.records import service
from core.records.conditions import judging
from core.registry import RecordType, registry
from core.web import trees, treewords
from core.web.lifecycle import done
from core.web.rights.matrix import overlay_now
from core.web.rights.words import ACTION_WORDS, crumbs, name_of, role_word, scope_word
from core.web.settings_items import require_administrator
from core.web.toasts import say

EXAMPLES = 8
USES = {"scope": _("the scope of a right"), "rule": _("a limit on all rights")}


def conditions() -> Any:
    """The list."""
    require_administrator()
    overlay = overlay_now()
    rows = [
        {
            "id": built.id,
            "name": built.name,
            "record": str(registry().types[built.record].plural) if built.record in registry().types else built.record,
            "use": str(USES[built.use]),
            "words": _sentence(built.record, built.tree),
            "used": used_by(built.id),
        }
        for built in sorted(overlay.conditions.values(), key=lambda c: (c.record, c.name))
    ]
    title = gettext("Conditions")
    return render_template(
        "web/rights/conditions.html", title=title, crumbs=crumbs(title), rows=rows, kinds=_kinds(), may=_may()
    )


def _may() -> bool:
    return current_principal().can("core.condition", "create")


def _kinds() -> list[tuple[str, str]]:
    """Record types on which conditions can be built."""
    found = [(k, str(t.plural)) for k, t in registry().types.items() if not k.startswith("core.") and t.public]
    return sorted(found, key=lambda item: item[1])


def used_by(ident: int) -> list[str]:
    """Codes of roles with a right in this scope."""
    sides = overlay_now().more.items()
    return sorted({role for (role, _key), pairs in sides for _a, scope in pairs if scope == f"{CONDITION}{ident}"})


def new() -> Any:
    """An empty builder for one record type."""
    _require()
    kind = _kind(request.args.get("record", ""))
    return _page(kind, None, {"use": "scope", "within": "all", "tree": {"all": [{}]}}, {})


def edit(ident: int) -> Any:
    """The builder with what is stored."""
    _require()
    found = service.get(Condition, ident)
    values = {n: getattr(found, n) for n in ("name", "use", "within", "tree", "actions", "roles")}
    return _page(_kind(found.record), found, values, {})


def _require() -> None:
    if not _may():
        raise Forbidden(detail={"record": "core.condition", "action": "create"})


def _kind(key: str) -> RecordType:
    kind = registry().types.get(key)
    if kind is None or key.startswith("core."):
        raise NotFound(_("Choose a record type of the agency."))
    return kind


def create() -> Any:
    """Show the effect, or store."""
    _require()
    return _take(_kind(request.form.get("record", "")), None)


def update(ident: int) -> Any:
    """Show the effect, or store."""
    _require()
    found = service.get(Condition, ident)
    return _take(_kind(found.record), found)


def _take(kind: RecordType, found: Condition | None) -> Any:
    form = request.form
    tree = trees.read(form) or {"all": []}
    values: dict[str, Any] = {
        "name": form.get("name", "").strip(),
        "use": form.get("use", "scope"),
        "within": form.get("within") or "all",
        "tree": tree,
        "actions": form.getlist("actions") or None,
        "roles": form.getlist("roles") or None,
    }
    try:
        building.check(kind.key, tree)
        if form.get("do") != "save":
            return _page(kind, found, values, {}, preview=preview(kind, values))
        if found is None:
            service.create(Condition, values | {"record": kind.key})
        else:
            service.update(found, values)
    except Invalid as error:
        db.session.rollback()
        fresh = service.get(Condition, found.id) if found is not None else None
        errors = {e.field: str(e.message) for e in error.errors}
        return _page(kind, fresh, values, errors), 422
    forget()
    say(gettext("The condition “%(name)s” is stored", name=values["name"]))
    return done("/settings/conditions")


def archive(ident: int) -> Any:
    """Put it away: rights in its scope allow nothing any more, a limit falls away."""
    found = service.get(Condition, ident)
    service.archive(found)
    forget()
    say(gettext("The condition “%(name)s” is put away", name=found.name))
    return done("/settings/conditions")


def item() -> Any:
    """One row or group of the builder, for another field or as a new one."""
    _require()
    kind = _kind(request.args.get("record", ""))
    with judging(SYSTEM):
        return trees.fragment(kind, _source(kind), people=treewords.PEOPLE)


def _source(kind: RecordType) -> str:
    return f"/settings/conditions/-/item?record={kind.key}"


def _sentence(record: str, tree: dict[str, Any]) -> str:
    """A tree in words; empty when its record type is gone."""
    kind = registry().types.get(record)
    if kind is None or not tree:
        return ""
    with judging(SYSTEM):
        return treewords.sentence(kind, tree, people=treewords.PEOPLE)


def preview(kind: RecordType, values: dict[str, Any]) -> dict[str, Any]:
    """What the condition would mean now: records, people, and how it looks to some of them."""
    roles = frozenset(values["roles"] or ())
    built = BuiltCondition(0, kind.key, values["name"], values["use"], values["within"], values["tree"], (), roles)
    people = _people(built)
    total = _count(kind, None)
    personal = built.within != "all" or building.personal(built.tree)
    rows = []
    for user_id in people[:EXAMPLES] if personal else ():
        person = load_principal(user_id, db.session().connection())
        if person is not None:
            rows.append([name_of(person), _matching(kind, built, person)])
    number = None if personal else _matching(kind, built, Principal(user_id=0))
    return {
        "words": _sentence(kind.key, built.tree),
        "total": total,
        "number": number,
        "people": len(people),
        "rows": rows,
        "rule": built.use == "rule",
    }


def _people(built: BuiltCondition) -> list[int]:
    """Ids of the active staff whom it concerns: holders of its roles; everybody when it names none."""
    user = User.__table__.c
    wanted = select(user.id).where(user.active, user.archived_at.is_(None), user.realm == "staff").order_by(user.name)
    if built.roles:
        wanted = wanted.where(user.id.in_(role_holders(*built.roles)))
    return list(db.session().connection().execute(wanted).scalars())


def _matching(kind: RecordType, built: BuiltCondition, person: Principal) -> int:
    where = on_table(building.expression(kind.key, built.tree, person))
    within = on_table(access().scope_of(kind.model, built.within, person))
    return _count(kind, where, within)


def _count(kind: RecordType, *where: Any) -> int:
    table = kind.model.__table__
    conditions = [w for w in where if w is not None]
    counted = select(func.count()).select_from(table).where(table.c.archived_at.is_(None), *conditions)
    return db.session().connection().execute(counted).scalar_one()


def _page(
    kind: RecordType,
    found: Condition | None,
    values: dict[str, Any],
    errors: dict[str, str],
    preview: dict[str, Any] | None = None,
) -> Any:
    overlay, tree = overlay_now(), values["tree"]
    with judging(SYSTEM):
        drawn = trees.group(kind, tree if tree != {"all": []} else {"all": [{}]}, people=treewords.PEOPLE)
    title = found.name if found is not None else gettext("New condition")
    scopes = [s for s in changing.scopes_for(kind.key) if not s.startswith(CONDITION)]
    roles = {c: role_word(r, c) for c, r in access().all_roles(overlay).items() if r.realm != "admin"}
    return render_template(
        "web/rights/condition.html",
        title=title,
        crumbs=[*crumbs(gettext("Conditions"), "/settings/conditions"), (title, None)],
        kind=kind,
        found=found,
        values=values,
        tree=drawn,
        source=_source(kind),
        scopes=[(s, scope_word(s)) for s in reversed(scopes)],
        actions=[(a, str(ACTION_WORDS[a])) for a in STANDARD_ACTIONS],
        roles=sorted(roles.items(), key=lambda pair: pair[1]),
        uses=[(u, str(w)) for u, w in USES.items()],
        errors=errors,
        preview=preview,
        action=f"/settings/conditions/{found.id}" if found is not None else "/settings/conditions/-/new",
    )


def register(web: Blueprint) -> None:
    """The routes of this file."""
    web.add_url_rule("/settings/conditions", "conditions", conditions)
    web.add_url_rule("/settings/conditions/-/new", "new_condition", new)
    web.add_url_rule("/settings/conditions/-/new", "create_condition", create, methods=["POST"])
    web.add_url_rule("/settings/conditions/-/item", "condition_item", item)
    web.add_url_rule("/settings/conditions/<int:ident>", "edit_condition", edit)
    web.add_url_rule("/settings/conditions/<int:ident>", "update_condition", update, methods=["POST"])
    web.add_url_rule("/settings/conditions/<int:ident>/archive", "archive_condition", archive, methods=["POST"])
