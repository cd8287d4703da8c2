"""Checks of what a plugin registered: rights, endpoints, views with their anchors, menus, jobs. Reads no database."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any

from flask import Flask

from core.permissions.rules import STANDARD_ACTIONS, Grant
from core.records.query import SYSTEM_FIELDS
from core.registry import RecordType, Registry

SAFE = {"GET", "HEAD", "OPTIONS"}
NO_RULE = "no rule says which rows -> register_scopes, register_rules, or 'open': 'why all' in __record__"
COMMON_FIELDS = {*SYSTEM_FIELDS, "id", "version"}


def own_types(registry: Registry, plugin: str) -> list[RecordType]:
    """The record types of a plugin."""
    return [kind for kind in registry.types.values() if kind.plugin == plugin]


def grants_on(registry: Registry, key: str) -> list[Grant]:
    """Every grant that names this type."""
    return [g for (_role, record), given in registry.access.grants.items() if record == key for g in given]


def rights_problems(registry: Registry, plugin: str, words: set[str]) -> Iterator[str]:
    """Every record has grants and a rule for its rows, or says why all rows are for everybody who has a grant.

    `words` are the texts in the plugin's code: a right that no action and no line of code asks for is misspelt.
    """
    for kind in own_types(registry, plugin):
        key, grants = kind.key, grants_on(registry, kind.key)
        if not kind.public:
            continue
        if not any("read" in g.actions or "*" in g.actions for g in grants):
            yield f"{key}: nobody may read it -> Grant(role, {key!r}, ('read', …)) in register_grants"
        scopes = registry.access.scopes.get(key)
        for grant in grants:
            known = scopes is not None and (grant.scope in scopes.extra or getattr(scopes, grant.scope, None))
            if grant.scope != "all" and not known:
                yield f"{key}: scope {grant.scope!r} of {grant.role} allows nothing -> give it in register_scopes"
        if scopes is None and not registry.access.rules.get(key) and not kind.model.__record__.get("open"):
            yield f"{key}: {NO_RULE}"
        yield from _unknown_rights(registry, kind, grants, words)


def _unknown_rights(registry: Registry, kind: RecordType, grants: list[Grant], words: set[str]) -> Iterator[str]:
    named = registry.actions.get(kind.key, {})
    for word in sorted({a for g in grants for a in g.actions} - {*STANDARD_ACTIONS, "*", *named, *words}):
        yield f"{kind.key}: the right {word!r} belongs to no action -> correct its name, or register the action"
    given = {a for g in grants for a in g.actions}
    for code, action in named.items():
        if code not in given and "*" not in given and not action.on_type:
            yield f"{kind.key}: nobody may run the action {code} -> name it in a Grant"


def endpoint_problems(registry: Registry, plugin: str) -> Iterator[str]:
    """Each route says who may call it, and what is open says why."""
    for owner, endpoints in registry.endpoints:
        for route in endpoints.routes if owner == plugin else ():
            right, name = route.permission, f"{endpoints.name}:{route.name}"
            if right.kind == "record" and right.record not in registry.types:
                yield f"route {name}: asks for a right on {right.record}, which nobody declares -> correct the key"
            elif right.kind != "record" and len(right.reason.split()) < 2 and len(right.reason) < 8:
                yield f"route {name}: gives no reason for being {right.kind} -> {right.kind}('why')"
            if not route.csrf and right.kind != "public" and not set(route.methods) <= SAFE:
                yield f"route {name}: takes a signed-in write from other sites -> leave csrf=True"


def view_problems(app: Flask, registry: Registry, plugin: str) -> Iterator[str]:
    """Fields, templates and anchors that views, menus, schedules and letters name exist."""
    mine = {kind.key for kind in own_types(registry, plugin)}
    for (what, key), view in registry.views.items():
        if key in mine and key in registry.types:
            where = f"{what} of {key}"
            for part in _parts(view):
                yield from (f"{where}: {problem}" for problem in _part_problems(app, registry, key, part, view))
    for owner, menu in registry.hooks.collect("register_menus"):
        if owner == plugin:
            yield from _menu_problems(app, registry, menu)
    yield from _template_problems(app, registry, plugin)


def anchor_problems(registry: Registry, plugin: str) -> Iterator[str]:
    """Where this plugin adds to a view, the place behind which it wants to stand exists."""
    for kind in ("list", "detail", "form"):
        for impl in registry.hooks.implementations(f"filter_{kind}_view"):
            if impl.plugin_name != plugin:
                continue
            for (what, _key), view in registry.views.items():
                added = impl.function(view=view) if what == kind else None
                if added is not None:
                    yield from _anchors_of(added)


def _anchors_of(view: Any) -> Iterator[str]:
    for group in (getattr(view, n, ()) for n in ("columns", "sections", "facts", "tabs")):
        parts = group if isinstance(group, tuple) else ()
        keys = {part.key for part in parts}
        for part in parts:
            if getattr(part, "after", None) and part.after not in keys:
                where, known = f"{view.kind} of {view.record}: {part.key}", ", ".join(sorted(keys))
                yield f"{where} wants to stand after {part.after!r}, which is not there -> one of {known}"


def _parts(view: Any) -> Iterator[Any]:
    """Columns, sections, tabs and presets of a view."""
    for name in ("columns", "sections", "facts", "tabs", "presets", "lines"):
        value = getattr(view, name, ())
        yield from value if isinstance(value, tuple) else ()
    for tab in getattr(view, "tabs", ()):
        yield from tab.sections


def _part_problems(app: Flask, registry: Registry, key: str, part: Any, view: Any) -> Iterator[str]:
    kind, name = registry.types[key], getattr(part, "key", "") or getattr(part, "record", "")
    if (template := getattr(part, "template", None)) and not _has_template(app, template):
        yield f"{name}: the template {template} is missing -> put it under templates/"
    if type(part).__name__ == "Column" and not template:
        yield from _unknown(kind, [part.key], f"column {name}")
    if type(part).__name__ == "Section":
        yield from _unknown(kind, part.fields, f"section {name}")
    if type(part).__name__ == "Preset":
        yield from _unknown(kind, [f.split("__")[0].split(".")[0] for f in part.filters], f"preset {name}")
    related = getattr(part, "related", None)
    if related is not None and related.record in registry.types:
        if related.via not in registry.types[related.record].fields:
            yield f"tab {name}: {related.record} has no link {related.via} -> name a link field"
    elif related is not None:
        yield f"tab {name}: nobody declares {related.record} -> correct its key, or require its plugin"


def _unknown(kind: RecordType, names: Iterable[str], where: str) -> Iterator[str]:
    for name in names:
        if name.split(".")[0] not in kind.fields and name not in COMMON_FIELDS:
            yield f"{where}: {kind.key} has no field {name} -> correct it, or give the column a template"


def _menu_problems(app: Flask, registry: Registry, menu: Any) -> Iterator[str]:
    if menu.record and menu.record not in registry.types:
        yield f"menu {menu.key}: nobody declares {menu.record} -> correct its key"
    if not menu.permission and not menu.record:
        yield f"menu {menu.key}: stands there for everybody -> permission=(record, action)"
    if menu.url:
        path = menu.url.split("?")[0]
        try:
            app.url_map.bind("localhost").match(path)
        except Exception as error:  # whatever the router raises, no page is there
            if getattr(error, "code", None) == 404:
                yield f"menu {menu.key}: there is no page {path} -> correct its url"


def _template_problems(app: Flask, registry: Registry, plugin: str) -> Iterator[str]:
    for owner, document in registry.hooks.collect("register_documents"):
        if owner == plugin and document.record not in registry.types:
            yield f"document {document.code}: nobody declares {document.record} -> correct its key"
    for owner, action in registry.hooks.collect("register_actions"):
        if owner == plugin and action.template and not _has_template(app, action.template):
            yield f"action {action.code}: the template {action.template} is missing -> put it under templates/"


def _has_template(app: Flask, name: str) -> bool:
    from jinja2 import TemplateNotFound

    try:
        app.jinja_env.get_template(name)
    except TemplateNotFound:
        return False
    return True
