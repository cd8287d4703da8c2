"""`/settings/<plugin>`: the page that is made from the settings that a plugin declares."""

from __future__ import annotations

from typing import Any

from flask import Blueprint, Flask, render_template, request

from core.contributions import Setting
from core.db import db
from core.errors import CannotStart, Invalid, NotFound, StartProblem
from core.i18n import _, gettext
from core.permissions.principal import Principal
from core.plugin_settings import store
from core.registry import Registry
from core.web import shell
from core.web.lifecycle import done
from core.web.settings_items import SettingsItem, administers, require_administrator
from core.web.toasts import say
from core.web.widgets import field_of

CLEAR = "-clear-"
"""Before the name of a secret that is to be forgotten."""


def page(plugin: str) -> Any:
    """The form, filled with what holds now."""
    return _form(plugin, _specs(plugin), {}, {})


def save(plugin: str) -> Any:
    """Keep what was entered; errors come back at their fields."""
    specs = _specs(plugin)
    held = store.fixed(plugin)
    given = {key: _given(spec) for key, spec in specs.items() if key not in held}
    entered = {key: value for key, value in given.items() if value is not ...}
    try:
        changed = store.set_values(plugin, entered)
    except Invalid as error:
        db.session.rollback()
        return _form(plugin, specs, entered, {e.field: str(e.message) for e in error.errors}), 422
    say(gettext("Saved. It holds at once, everywhere.") if changed else gettext("Nothing was changed."))
    return done(f"/settings/{plugin}")


def _given(spec: Setting) -> Any:
    """What the form says of one setting; `...` where it says nothing."""
    value = request.form.get(spec.key, "").strip()
    if spec.kind != "secret":
        return value if spec.key in request.form else ...
    return None if request.form.get(f"{CLEAR}{spec.key}") else value or ...


def _specs(plugin: str) -> dict[str, Setting]:
    require_administrator()
    found = shell.registry().settings.get(plugin)
    if not found:
        raise NotFound()
    return found


def _form(plugin: str, specs: dict[str, Setting], entered: dict[str, Any], errors: dict[str, str]) -> Any:
    held = store.fixed(plugin)
    rows = [
        {
            "field": field_of(spec.field(), entered.get(key, store.shown(plugin, spec)), errors.get(key)),
            "fixed": key in held,
            "stored": spec.kind == "secret" and store.shown(plugin, spec) is not None,
            "clear": f"{CLEAR}{key}",
        }
        for key, spec in specs.items()
    ]
    title = next((str(m.title) for m in shell.registry().manifests if m.name == plugin), gettext("The house"))
    crumbs = [(gettext("Settings"), "/settings"), (title, None)]
    return render_template("web/plugin_settings.html", title=title, crumbs=crumbs, rows=rows, plugin=plugin)


def items(principal: Principal) -> list[SettingsItem]:
    """An entry of the settings page for each plugin that has some."""
    registry = shell.registry()
    with_some = [m for m in registry.manifests if registry.settings.get(m.name)]
    own = [SettingsItem(_("The house"), "/settings/core", "settings", "people", administers)]
    return own + [SettingsItem(m.title, f"/settings/{m.name}", "settings", "system", administers) for m in with_some]


def check_names(app: Flask, registry: Registry) -> None:
    """Raises `CannotStart` for a plugin whose page another page hides."""
    adapter = app.url_map.bind("localhost")
    for plugin in (name for name, specs in registry.settings.items() if specs):
        if adapter.match(f"/settings/{plugin}")[0] != "web.plugin_settings":
            what = f"has settings, but /settings/{plugin} is a page of Zhian itself"
            raise CannotStart([StartProblem(plugin, what, "give the plugin another name")])


def register(web: Blueprint) -> None:
    """The routes of this file."""
    web.add_url_rule("/settings/<plugin>", "plugin_settings", page)
    web.add_url_rule("/settings/<plugin>", "save_plugin_settings", save, methods=["POST"])
