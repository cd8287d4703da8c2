"""`/settings/roles/<code>/fields`: which fields a role reads, writes, sees masked or not at all."""

from __future__ import annotations

from typing import Any

from flask import Blueprint, render_template, request
from sqlalchemy import select

from core.db import db
from core.errors import NotFound
from core.i18n import _, gettext, ngettext
from core.permissions.fieldrules import of_role
from core.permissions.model import FieldRight
from core.permissions.people import forget
from core.permissions.principal import Principal
from core.permissions.rules import access
from core.records import service
from core.records.fields import Field
from core.registry import registry
from core.web.lifecycle import done
from core.web.rights.matrix import may_change, overlay_now, require_change, role_of
from core.web.rights.words import TREATMENT_WORDS, crumbs, role_word
from core.web.settings_items import require_administrator
from core.web.toasts import say


def page(code: str) -> Any:
    """The fields of one record type for one role; `record` chooses the type."""
    require_administrator()
    role, overlay, types = role_of(code), overlay_now(), registry().types
    kinds = sorted(((k, str(t.plural)) for k, t in types.items() if t.public), key=lambda item: item[1])
    chosen = request.args.get("record") or next(iter(overlay.closed), "") or _first(code) or kinds[0][0]
    kind = types.get(chosen)
    if kind is None:
        raise NotFound(_("There is no such record type."))
    title = gettext("Rights on fields")
    return render_template(
        "web/rights/fields.html",
        title=title,
        crumbs=[
            *crumbs(gettext("Roles and rights"), "/settings/roles"),
            (role_word(role, code), f"/settings/roles/{code}"),
            (title, None),
        ],
        code=code,
        role=role_word(role, code),
        kinds=kinds,
        kind=kind,
        may=may_change(code),
        rows=[_row(code, kind.key, spec) for spec in kind.fields.values() if not spec.hidden and spec.kind != "secret"],
    )


def _first(code: str) -> str:
    """The first record type with a closed field for the role."""
    like = overlay_now().like(code)
    return next((k for k, rules in access().field_rules.items() if any(like in r.roles for r in rules)), "")


def _row(code: str, key: str, spec: Field) -> dict[str, Any]:
    person = Principal(held=frozenset({code}), overlay=overlay_now())
    rules = [r for r in access().field_rules.get(key, ()) if r.field == spec.name]
    shipped = of_role(key, spec.name, rules, code, person, {})
    words = str(TREATMENT_WORDS[shipped.treatment if shipped else "open"])
    if shipped is not None and shipped.when is not None:
        words = gettext("%(treatment)s in some records", treatment=words)
    offered = [t for t in TREATMENT_WORDS if t != "masked" or spec.kind in ("text", "long_text")]
    return {
        "name": spec.name,
        "label": str(spec.label),
        "shipped": words,
        "set": person.overlay.closed.get(key, {}).get((code, spec.name), "") if person.overlay else "",
        "options": [(t, str(TREATMENT_WORDS[t])) for t in offered],
    }


def save(code: str) -> Any:
    """Store what differs from shipped; an empty choice is as shipped."""
    require_administrator()
    require_change(code)
    key = request.form.get("record", "")
    if key not in registry().types:
        raise NotFound(_("There is no such record type."))
    wanted = {
        n: request.form.get(f"field-{n}", "") for n in registry().types[key].fields if f"field-{n}" in request.form
    }
    there = {
        r.field: r
        for r in db.session.scalars(select(FieldRight).where(FieldRight.role == code, FieldRight.record == key))
    }
    number = 0
    for name, treatment in wanted.items():
        number += _set(code, key, name, treatment, there.get(name))
    forget()
    say(ngettext("%(n)s field changed", "%(n)s fields changed", number))
    return done(f"/settings/roles/{code}/fields?record={key}")


def _set(code: str, key: str, name: str, treatment: str, found: FieldRight | None) -> int:
    if (found.treatment if found is not None else "") == treatment:
        return 0
    if found is not None and not treatment:
        service.delete(found)
    elif found is not None:
        service.update(found, {"treatment": treatment})
    else:
        service.create(FieldRight, {"role": code, "record": key, "field": name, "treatment": treatment})
    return 1


def register(web: Blueprint) -> None:
    """The routes of this file."""
    web.add_url_rule("/settings/roles/<code>/fields", "role_fields", page)
    web.add_url_rule("/settings/roles/<code>/fields", "save_role_fields", save, methods=["POST"])
