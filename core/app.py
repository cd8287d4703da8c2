"""`create_app`: the one place where a deployment is put together."""

from __future__ import annotations

from pathlib import Path

from flask import Flask

import core.events.model
import core.jobs.model
import core.records.audit
import core.records.numbering  # noqa: F401  (these modules declare the core's own tables)
from core import i18n, plugin as core_plugin
from core.db import init_db
from core.errors import CannotStart
from core.hooks.manager import Hooks
from core.hooks.manifest import discover
from core.hooks.resolver import resolve
from core.jobs import own as core_jobs
from core.permissions.rules import reset_access
from core.registry import Registry, set_registry
from core.settings import Settings, load_settings


def compose(settings: Settings, plugin_folder: Path | None = None) -> Registry:
    """Resolve, import and compose the enabled plugins; opens no database. Raises `CannotStart` with all problems."""
    found, problems = discover(plugin_folder)
    manifests, unresolved = resolve(settings.plugins, found)
    problems = [p for p in problems if p.plugin in settings.plugins] + unresolved
    if problems:
        raise CannotStart(problems)
    hooks = Hooks()
    hooks.manager.register(core_plugin, "core")
    hooks.manager.register(core_jobs, "core.jobs")
    hooks.load(manifests)
    registry = set_registry(Registry(hooks=hooks, access=reset_access(), manifests=manifests))
    registry.compose()
    i18n.load_catalogs([Path(__file__).parent / "translations", *(m.folder / "translations" for m in manifests)])
    return registry


def create_app(settings: Settings | None = None, *, web: bool = True, plugin_folder: Path | None = None) -> Flask:
    """A Flask app of this deployment; with `web=False` one without routes, for workers and commands."""
    settings = settings or load_settings()
    registry = compose(settings, plugin_folder)
    app = Flask("zhian", static_folder=None, template_folder=None)
    app.config["ZHIAN"] = settings
    app.config["SECRET_KEY"] = settings.secret
    app.config["MAX_CONTENT_LENGTH"] = settings.max_upload_mb * 1024 * 1024
    app.extensions["zhian"] = registry
    init_db(app, settings)
    if web:
        from core.api import init_api
        from core.web import init_web

        init_api(app)
        init_web(app)
    return app
