"""The record types with their custom fields, and the page of one type: fields in order, those put away, the form."""

from __future__ import annotations

from typing import Any

from flask import Blueprint, render_template, request
from sqlalchemy import func, select

from core.db import db
from core.errors import BadRequest, Forbidden, NotFound
from core.i18n import _, gettext, ngettext
from core.permissions.principal import current_principal
from core.permissions.rules import access
from core.records import service
from core.records.custom import rules
from core.records.custom.known import refresh
from core.records.custom.model import CustomField
from core.records.reading import run
from core.registry import RecordType
from core.web import format as fmt
from core.web import forms
from core.web.lifecycle import commit, done, go
from core.web.shell import registry
from core.web.toasts import say

BASE = "/settings/fields"


def require(action: str = "update") -> None:
    """Raises `Forbidden` for whoever makes no fields."""
    if not current_principal().can("core.custom_field", action):
        raise Forbidden(detail={"record": "core.custom_field", "action": action})


def type_of(key: str) -> RecordType:
    """The record type of an address; raises `NotFound` for one that takes no custom fields."""
    require()
    kind = registry().types.get(key)
    if kind is None or not rules.takes_custom(kind):
        raise NotFound()
    return kind


def field_of_type(kind: RecordType, ident: int) -> Any:
    """One definition of a record type; raises `NotFound`."""
    found = service.get(CustomField, ident)
    if found.record_key != kind.key:
        raise NotFound()
    return found


def crumbs(*more: tuple[str, str | None]) -> list[tuple[str, str | None]]:
    """The way from the settings to here."""
    first = (gettext("Custom fields"), BASE if more else None)
    return [(gettext("Settings"), "/settings"), first, *more]


def overview() -> Any:
    """`/settings/fields`: record types by plugin, those with fields of their own first; the organisation comes last."""
    require()
    table = CustomField.__table__.c
    counted = select(table.record_key, func.count()).where(table.archived_at.is_(None)).group_by(table.record_key)
    numbers: dict[str, int] = dict(run(counted).all())  # type: ignore[arg-type]
    titles = {m.name: m.title for m in registry().manifests}
    groups: dict[str, list[dict[str, Any]]] = {}
    for kind in (k for k in registry().types.values() if rules.takes_custom(k)):
        groups.setdefault(kind.plugin, []).append(_entry(kind, numbers.get(kind.key, 0)))
    shown = [
        {"label": str(titles.get(plugin, gettext("People and organisation"))), "entries": _sorted(entries)}
        for plugin, entries in sorted(groups.items(), key=lambda item: item[0] == "core")
    ]
    return render_template("web/custom/overview.html", title=gettext("Custom fields"), crumbs=crumbs(), groups=shown)


def _entry(kind: RecordType, number: int) -> dict[str, Any]:
    note = ngettext("%(n)s field", "%(n)s fields", number) if number else ""
    return {
        "label": str(kind.plural),
        "icon": kind.icon,
        "href": f"{BASE}/{kind.key}",
        "note": note,
        "number": number,
        "form": ("form", kind.key) in registry().views,
    }


def _sorted(entries: list[dict[str, Any]]) -> list[dict[str, Any]]:
    return sorted(entries, key=lambda e: (not e["number"], not e["form"]))


def of_type(key: str) -> Any:
    """`/settings/fields/<key>`: the fields of one record type, and what the form looks like with them."""
    kind = type_of(key)
    refresh()
    found = db.session.scalars(
        select(CustomField).where(CustomField.record_key == key).order_by(CustomField.place, CustomField.id)
    ).all()
    live = [_row(kind, f) for f in found if f.archived_at is None]
    for place, row in enumerate(live):
        row["first"], row["last"] = place == 0, place == len(live) - 1
    return render_template(
        "web/custom/type.html",
        title=gettext("Fields of %(records)s", records=fmt.within(kind.plural)),
        crumbs=crumbs((str(kind.plural), None)),
        kind=kind,
        base=f"{BASE}/{key}",
        rows=live,
        away=[_row(kind, f) for f in found if f.archived_at is not None],
        sections=_preview(kind),
    )


def _preview(kind: RecordType) -> list[dict[str, Any]]:
    """The parts of the form of a new record in which custom fields stand, as they are now."""
    values = {n: f.default for n, f in kind.fields.items() if not callable(f.default)}
    drawn = forms.fieldsets(kind, None, forms.sections_of(kind), values, {})
    own = {n for n, f in kind.fields.items() if f.custom}
    return [part | {"folded": False} for part in drawn if any(f["name"] in own for f in part["fields"])]


def _row(kind: RecordType, field: Any) -> dict[str, Any]:
    spec = CustomField.__table__.c.kind.info["field"]
    return {
        "id": field.id,
        "label": field.called,
        "other": field.label_en if field.called == field.label_zh else field.label_zh,
        "code": field.code,
        "kind": str(spec.choice(field.kind).label),
        "target": str(registry().types[field.target].label) if field.target in registry().types else "",
        "marks": _marks(field),
        "readers": _roles(field.readers),
        "writers": _roles(field.writers),
        "href": f"{BASE}/{kind.key}/{field.id}",
    }


def _marks(field: Any) -> list[str]:
    told = ((field.needed, _("must be filled in")), (field.indexed, _("filtered")), (field.searched, _("searched")))
    return [str(words) for yes, words in told if yes]


def _roles(codes: list[str] | None) -> str:
    known = access().all_roles()
    return gettext(", ").join(str(known[c].label) if c in known else c for c in codes or ())


def move(key: str, field_id: int) -> Any:
    """Exchange a field with its neighbour above or below."""
    kind = type_of(key)
    found = db.session.scalars(
        select(CustomField)
        .where(CustomField.record_key == key, CustomField.archived_at.is_(None))
        .order_by(CustomField.place, CustomField.id)
    ).all()
    at = next((n for n, f in enumerate(found) if f.id == field_id), None)
    step = {"up": -1, "down": 1}.get(request.form.get("to", ""))
    if at is None or step is None:
        raise BadRequest()
    if 0 <= at + step < len(found):
        order = list(found)
        order[at], order[at + step] = order[at + step], order[at]
        for number, field in enumerate(order, 1):
            service.update(field, {"place": number * 10})
    return done(f"{BASE}/{kind.key}")


def ask_archive(key: str, field_id: int) -> Any:
    """What becomes of the values, before a field is put away."""
    kind = type_of(key)
    field = field_of_type(kind, field_id)
    title = gettext("Put “%(name)s” away", name=field.called)
    return render_template(
        "web/custom/archive.html",
        title=title,
        crumbs=crumbs((str(kind.plural), f"{BASE}/{key}"), (title, None)),
        field=field,
        kind=kind,
        number=rules.uses(field),
        base=f"{BASE}/{key}",
    )


def archive(key: str, field_id: int) -> Any:
    """Put a field away; its values stay where they are."""
    require("delete")
    kind = type_of(key)
    field = field_of_type(kind, field_id)
    service.archive(field)
    commit()
    say(gettext("%(name)s is put away", name=field.called))
    return go(f"{BASE}/{key}")


def restore(key: str, field_id: int) -> Any:
    """Bring a field back, with the values that records still hold."""
    require("delete")
    kind = type_of(key)
    field = field_of_type(kind, field_id)
    service.restore(field)
    commit()
    say(gettext("%(name)s is back", name=field.called))
    return go(f"{BASE}/{key}")


def register(web: Blueprint) -> None:
    """The routes of this file."""
    web.add_url_rule(BASE, "custom_fields", overview)
    web.add_url_rule(f"{BASE}/<key>", "custom_of_type", of_type)
    web.add_url_rule(f"{BASE}/<key>/<int:field_id>/move", "move_custom", move, methods=["POST"])
    web.add_url_rule(f"{BASE}/<key>/<int:field_id>/archive", "ask_archive_custom", ask_archive)
    web.add_url_rule(f"{BASE}/<key>/<int:field_id>/archive", "archive_custom", archive, methods=["POST"])
    web.add_url_rule(f"{BASE}/<key>/<int:field_id>/restore", "restore_custom", restore, methods=["POST"])
