"""Reading and setting what plugins declared by `register_settings`: config file before database before default."""

from __future__ import annotations

import json
from datetime import date
from decimal import Decimal
from typing import Any

from flask import current_app, g
from sqlalchemy import delete, select

from core.clock import now
from core.contributions import Setting
from core.db import db, reading
from core.errors import FieldError, Invalid, NotFound, Refused
from core.i18n import _
from core.plugin_settings.model import PluginSetting
from core.records.audit import note_action
from core.records.changes import SECRET
from core.records.schema import Loader
from core.registry import registry

_table = PluginSetting.__table__


def setting(name: str) -> Any:
    """The value of `plugin.key` now: typed, or its default. Raises `KeyError` for a setting that nobody declares.

    Within one request or job the answer stays the same; the next one sees what was set meanwhile, in all processes.
    """
    plugin, _dot, key = name.partition(".")
    spec = registry().settings[plugin][key]
    given = fixed(plugin)
    if key in given:
        return typed(spec, given[key])
    known = _stored().get((plugin, key))
    return spec.default if known is None else known


def fixed(plugin: str) -> dict[str, Any]:
    """What the deployment's config says in `[plugin_settings.<plugin>]`; it cannot be changed elsewhere."""
    given = current_app.config["ZHIAN"].plugin_settings.get(plugin, {})
    return {key: value for key, value in given.items() if key in registry().settings.get(plugin, {})}


def _stored() -> dict[tuple[str, str], Any]:
    """All values that somebody set, read once in this request or job."""
    found = g.get("plugin_settings")
    if found is None:
        with reading() as connection:
            rows = connection.execute(select(_table)).all()
        declared = registry().settings
        found = g.plugin_settings = {
            (row.plugin, row.key): row.secret if spec.kind == "secret" else typed(spec, json.loads(row.value))
            for row in rows
            if (spec := declared.get(row.plugin, {}).get(row.key)) is not None
        }
    return found


def typed(spec: Setting, value: Any) -> Any:
    """A stored value as the plugin reads it: days, exact numbers."""
    if value in (None, ""):
        return None
    if spec.kind in ("decimal", "money"):
        return Decimal(str(value))
    return date.fromisoformat(value) if spec.kind == "date" and isinstance(value, str) else value


def declared(plugin: str, key: str) -> Setting:
    """The declaration; raises `NotFound`."""
    spec = registry().settings.get(plugin, {}).get(key)
    if spec is None:
        raise NotFound(_("No extension that is on declares the setting %(name)s.", name=f"{plugin}.{key}"))
    return spec


def set_values(plugin: str, values: dict[str, Any]) -> list[str]:
    """Check and keep values by key, whole or not at all; None goes back to the default. The keys that changed.

    In the session's transaction, audited. Raises `Invalid` with the settings at fault, `Refused` for fixed ones.
    """
    specs = {key: declared(plugin, key) for key in values}
    if held := sorted(set(values) & set(fixed(plugin))):
        raise Refused(_("%(keys)s: set in the config of this deployment, change it there.", keys=", ".join(held)))
    loaded, errors = Loader({key: spec.field() for key, spec in specs.items()}).load(values, partial=True)
    if errors:
        raise Invalid([FieldError(e.field, e.code, e.message) for e in errors])
    before = {key: _stored().get((plugin, key)) for key in specs}
    changed = {key: value for key, value in loaded.items() if value != before[key]}
    for key, value in changed.items():
        _put(plugin, specs[key], value)
    if changed:
        told = {f"{plugin}.{key}": _told(specs[key], before[key], value) for key, value in changed.items()}
        note_action(db.session(), "setting", None, reason=plugin, changes=told)
        registry().emit(db.session(), "core.setting.changed", [{"plugin": plugin, "keys": sorted(changed)}])
        g.pop("plugin_settings", None)
    return sorted(changed)


def _put(plugin: str, spec: Setting, value: Any) -> None:
    connection = db.session().connection()
    connection.execute(delete(_table).where(_table.c.plugin == plugin, _table.c.key == spec.key))
    if value is not None:
        row = {"plugin": plugin, "key": spec.key, "updated_at": now()}
        row |= {"secret": value} if spec.kind == "secret" else {"value": json.dumps(plain(value), ensure_ascii=False)}
        connection.execute(_table.insert().values(row))


def plain(value: Any) -> Any:
    """A value as JSON keeps it."""
    if isinstance(value, date):
        return value.isoformat()
    return str(value) if isinstance(value, Decimal) else value


def _told(spec: Setting, before: Any, after: Any) -> list[Any]:
    pair = [before, after]
    return [SECRET if value else value for value in pair] if spec.kind == "secret" else [plain(v) for v in pair]


def shown(plugin: str, spec: Setting) -> Any:
    """A value for people: of a secret only whether there is one."""
    value = setting(f"{plugin}.{spec.key}")
    if spec.kind == "secret":
        return SECRET if value else None
    return value
