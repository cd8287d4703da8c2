"""`create_app`: the one place where a deployment is put together."""

from __future__ import annotations

import gc
from importlib import import_module
from importlib.util import find_spec
from pathlib import Path

from flask import Flask
from werkzeug.middleware.proxy_fix import ProxyFix
from werkzeug.routing import IntegerConverter

from core import i18n
from core.db import init_db
from core.doctor.production import require_fit
from core.errors import CannotStart
from core.hooks.manager import Hooks
from core.hooks.manifest import discover
from core.hooks.resolver import resolve
from core.outgoing import allow_inside
from core.permissions.people import forget
from core.permissions.rules import reset_access
from core.plugin_settings.given import require_declared
from core.records.custom import known
from core.records.dump import forget_labels
from core.registry import Registry, set_registry
from core.settings import Settings, load_settings
from core.shaping import installing as shaping

TABLES = (
    "core.records.audit",
    "core.records.keys",
    "core.audit.model",
    "core.webhooks.model",
    "core.records.numbering",
    "core.events.model",
    "core.jobs.model",
    "core.desk.model",
    "core.records.undoing",
    "core.setup.model",
    "core.identity.model",
    "core.plugin_settings.model",
    "core.hooks.faults",
    "core.importing.models",
    "core.search.model",
    "core.feeds.model",
    "core.api.model",
)
"""Modules that declare the core's own bookkeeping, which no hook names."""

OWN = (
    "core.plugin",
    "core.audit.own",
    "core.webhooks.own",
    "core.permissions.own",
    "core.identity.own",
    "core.jobs.own",
    "core.desk.own",
    "core.messages.own",
    "core.importing.own",
    "core.shaping.own",
    "core.records.custom.own",
    "core.search.own",
    "core.saved.own",
)
"""The core's own contributions, made through the same hooks as everybody's."""


class IdInAddress(IntegerConverter):
    """A whole number in an address; one that no database can hold leads to no page, whatever the method."""

    regex = r"\d{1,18}"


def compose(settings: Settings, plugin_folder: Path | None = None) -> Registry:
    """Resolve, import and compose the enabled plugins; opens no database. Raises `CannotStart` with all problems."""
    found, problems = discover(plugin_folder)
    manifests, unresolved = resolve(settings.plugins, found)
    problems = [p for p in problems if p.plugin in settings.plugins] + unresolved
    if problems:
        raise CannotStart(problems)
    forget()
    forget_labels()
    known.reset()
    hooks = Hooks(settings.hook_seconds, settings.write_hook_seconds, settings.page_seconds)
    for module in (m for m in (*TABLES, *OWN) if find_spec(m)):
        loaded = import_module(module)
        if module in OWN:
            hooks.manager.register(loaded, "core" if module == "core.plugin" else module.removesuffix(".own"))
    hooks.load(manifests)
    registry = set_registry(Registry(hooks=hooks, access=reset_access(), manifests=manifests))
    registry.compose()
    i18n.load_catalogs([Path(__file__).parent / "translations", *(m.folder / "translations" for m in manifests)])
    return registry


def create_app(settings: Settings | None = None, *, web: bool = True, plugin_folder: Path | None = None) -> Flask:
    """A Flask app of this deployment; with `web=False` one without routes, for workers and commands.

    Raises `CannotStart` with all problems.
    """
    settings = settings or load_settings()
    if web:
        require_fit(settings)
    gc.disable()  # nothing that is made at the start is garbage
    try:
        return _assemble(settings, web, plugin_folder)
    finally:
        gc.freeze()
        gc.enable()


def _assemble(settings: Settings, web: bool, plugin_folder: Path | None) -> Flask:
    registry = compose(settings, plugin_folder)
    require_declared(settings.plugin_settings, registry)
    app = Flask("zhian", static_folder=None, template_folder=None)
    app.url_map.converters["int"] = IdInAddress
    app.config["ZHIAN"] = settings
    app.config["SECRET_KEY"] = settings.secret
    app.config["MAX_CONTENT_LENGTH"] = settings.max_upload_mb * 1024 * 1024
    app.extensions["zhian"] = registry
    init_db(app, settings)
    shaping.install()
    app.extensions["zhian.settings"] = settings
    allow_inside(settings.outgoing_allow)
    if settings.proxies:
        app.wsgi_app = ProxyFix(app.wsgi_app, x_for=settings.proxies, x_proto=0)  # type: ignore[method-assign]
    if web:
        from core.api import init_api
        from core.audit import watching
        from core.web import init_web

        init_api(app)
        init_web(app)
        watching.install(app)
    return app
