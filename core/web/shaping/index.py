"""What can be shaped: all record types, and one of them with its layouts, choices and numbers."""

from __future__ import annotations

from typing import Any

from flask import Blueprint, render_template

from core.errors import Forbidden, NotFound
from core.i18n import gettext
from core.permissions.principal import current_principal
from core.permissions.rules import access
from core.registry import RecordType
from core.shaping import choices, layouts, numbering
from core.shaping.store import RIGHT, shapes
from core.web.shell import registry

Crumbs = list[tuple[str, str | None]]
BASE = "/settings/shaping"


def require() -> None:
    """Raises `Forbidden` for whoever may not shape."""
    if not current_principal().can(*RIGHT):
        raise Forbidden(detail={"record": RIGHT[0], "action": RIGHT[1]})


def type_of(key: str) -> RecordType:
    """The type of an address; raises `NotFound` for those that have no pages."""
    require()
    kind = registry().types.get(key)
    if kind is None or not kind.public:
        raise NotFound()
    return kind


def crumbs(*more: tuple[str, str | None]) -> Crumbs:
    """The way here from the settings."""
    return [(gettext("Settings"), "/settings"), (gettext("Forms, lists and numbers"), BASE), *more]


def view_words(view: str) -> str:
    """The name of a kind of view."""
    return {"form": gettext("Form"), "detail": gettext("Page"), "list": gettext("List")}[view]


def role_words(role: str) -> str:
    """The name of a role."""
    if role == layouts.EVERYBODY:
        return gettext("everybody")
    known = access().roles.get(role)
    return str(known.label) if known else role


def rules_of(kind: RecordType) -> list[Any]:
    """The numbering rules of a type."""
    return list(registry().numbering.get(kind.key, ()))


def overview() -> Any:
    """`/settings/shaping`: record types in groups, with what was shaped of each."""
    require()
    groups: dict[str, list[dict[str, Any]]] = {}
    titles = {m.name: m.title for m in registry().manifests}
    for kind in sorted(registry().types.values(), key=lambda k: (k.plugin, str(k.plural))):
        if kind.public and kind.fields:
            title = titles.get(kind.plugin)
            groups.setdefault(str(title) if title else gettext("Core"), []).append(_row(kind))
    title = gettext("Forms, lists and numbers")
    return render_template("web/shaping/index.html", title=title, crumbs=[*crumbs()[:-1], (title, None)], groups=groups)


def _row(kind: RecordType) -> dict[str, Any]:
    shaped = [view_words(v) for v in layouts.VIEWS if layouts.layouts(v, kind.key)]
    shaped += [str(f.label) for f in choices.shapeable(kind) if shapes(choices.KIND).get(choices.name_of(f))]
    shaped += [gettext("Number") for r in rules_of(kind) if shapes(numbering.KIND).get(numbering.name_of(r))]
    return {"label": str(kind.plural), "key": kind.key, "icon": kind.icon, "shaped": shaped}


def one(key: str) -> Any:
    """`/settings/shaping/<key>`: the layouts, choices and numbers of one type."""
    kind = type_of(key)
    views = [
        {
            "code": view,
            "label": view_words(view),
            "roles": [(role, role_words(role)) for role, _data in layouts.layouts(view, key)],
        }
        for view in layouts.VIEWS
    ]
    fields = [
        {
            "name": f.name,
            "label": str(f.label),
            "count": len(f.choices),
            "open": f.open_choices,
            "shaped": bool(shapes(choices.KIND).get(choices.name_of(f))),
        }
        for f in choices.shapeable(kind)
    ]
    rules = [
        {
            "place": place,
            "label": str(kind.fields[rule.field].label),
            "shaped": bool(shapes(numbering.KIND).get(numbering.name_of(rule))),
        }
        for place, rule in enumerate(rules_of(kind))
    ]
    title = str(kind.plural)
    return render_template(
        "web/shaping/type.html",
        title=title,
        crumbs=crumbs((title, None)),
        kind=kind,
        views=views,
        fields=fields,
        rules=rules,
    )


def register(web: Blueprint) -> None:
    """The routes of this file."""
    web.add_url_rule(BASE, "shaping", overview)
    web.add_url_rule(f"{BASE}/<key>", "shaping_type", one)
