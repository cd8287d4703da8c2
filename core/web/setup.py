"""Wires the web room: blueprint, static files, template globals, plugin endpoints. Called once by `create_app`."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from flask import Blueprint, Flask, abort, request, send_from_directory
from flask.sessions import NullSession, SessionInterface
from jinja2 import ChoiceLoader, FileSystemLoader
from markupsafe import Markup

from core.hooks import faults
from core.i18n import current_locale, gettext, ngettext
from core.identity.policy import password_rules
from core.web import (
    assets,
    audit,
    auth,
    components,
    custom,
    desk,
    errors,
    export,
    extensions,
    feeds,
    find,
    home,
    identity,
    imports,
    inbox,
    lifecycle,
    mounts,
    plugin_settings,
    records,
    rights,
    security,
    sessions,
    settings_items,
    shaping,
    shell,
    styleguide,
    toasts,
)
from core.web import (
    format as fmt,
)
from core.web.identity.outside import way_words, ways_in

HERE = Path(__file__).parent
YEAR = 365 * 24 * 3600
MACROS = {
    "z/page.html": "z_btn z_head z_rec z_views z_chip z_tabs z_facts z_h2 z_card z_steps z_note z_menu",
    "z/data.html": "z_strip z_kpi z_progress z_doc z_table",
    "z/signature.html": "z_road z_why_steps z_law z_quote z_chain z_tier z_tl z_month z_legend z_checks",
    "z/overlay.html": "z_empty z_toast z_dialog z_peek z_kbd",
    "z/form.html": "z_input z_select z_check z_field",
}
FRAG = Markup('hx-boost="target:#list swap:outerHTML"')


class Macro:
    """A macro of templates/z/ as a global of all templates; its file is compiled at the first call."""

    def __init__(self, app: Flask, file: str, name: str) -> None:
        self.app, self.file, self.name = app, file, name

    def __call__(self, *args: Any, **kwargs: Any) -> Markup:
        """What the macro draws."""
        return getattr(self.app.jinja_env.get_template(self.file).module, self.name)(*args, **kwargs)


def install(app: Flask) -> None:
    """Everything, in order."""
    registry = app.extensions["zhian"]
    folders = [
        HERE / "templates",
        HERE.parent / "importing" / "templates",
        HERE.parent / "jobs" / "templates",
        *(m.folder / "templates" for m in registry.manifests),
    ]
    app.jinja_loader = ChoiceLoader([FileSystemLoader([str(f) for f in folders if f.is_dir()])])  # type: ignore[assignment]
    rooms = {"core": HERE / "static", "importing": HERE.parent / "importing" / "static"} | {
        m.name: m.folder / "static" for m in registry.manifests if (m.folder / "static").is_dir()
    }
    assets.set_rooms(rooms)
    for what, file in (("zhian.styles", "everywhere.css"), ("zhian.scripts", "everywhere.js")):
        app.extensions[what] = [assets.asset(room, file) for room, folder in rooms.items() if (folder / file).is_file()]
    app.session_interface = NoCookieSession()
    app.before_request(lifecycle.begin)
    app.after_request(_finish)
    app.teardown_request(lambda error: faults.save(registry.hooks) if registry.hooks.unsaved else None)
    app.register_blueprint(_blueprint())
    mounts.mount(app, registry)
    plugin_settings.check_names(app, registry)
    errors.install(app)
    _globals(app)


def _blueprint() -> Blueprint:
    web = Blueprint("web", __name__)
    web.add_url_rule("/static/<stamp>/<room>/<path:path>", "static", static)
    for module in (
        auth,
        audit,
        identity,
        home,
        records,
        desk,
        export,
        imports,
        inbox,
        feeds,
        find,
        settings_items,
        extensions,
        rights,
        shaping,
        custom,
        plugin_settings,
        styleguide,
    ):
        module.register(web)
    return web


def static(stamp: str, room: str, path: str) -> Any:
    """A file of a room. Addresses carry the deployment's stamp, so browsers may keep them for a year."""
    folder = assets.folder_of(room)
    if folder is None:
        abort(404)
    return send_from_directory(folder, path, max_age=YEAR)


def _finish(response: Any) -> Any:
    if lifecycle.by_key():
        response.headers.setdefault("X-Content-Type-Options", "nosniff")
        return response
    sessions.carry(response)
    if response.status_code < 400:
        sessions.touch()
        if request.method == "POST":
            shell.forget_counts()
    return security.add_headers(toasts.carry(response))


class NoCookieSession(SessionInterface):
    """Sessions live in the database; Flask's own signed cookie is never opened."""

    def open_session(self, app: Flask, request: Any) -> None:
        """Nothing to open."""
        return

    def make_null_session(self, app: Flask) -> Any:
        """What `flask.session` would be: empty and refusing writes."""
        return NullSession()


def _globals(app: Flask) -> None:
    env = app.jinja_env
    env.trim_blocks = env.lstrip_blocks = False
    env.globals.update({name: getattr(components, name) for name in dir(components) if name.startswith("z_")})
    for file, names in MACROS.items():
        env.globals.update({name: Macro(app, file, name) for name in names.split()})
    env.globals.update(
        _=gettext,
        gettext=gettext,
        ngettext=ngettext,
        asset=assets.asset,
        sep=components.SEP,
        frag=FRAG,
        csrf_token=security.csrf_token,
        csrf_field=security.csrf_field,
        take_toasts=toasts.take_toasts,
        draft_of=desk.draft_of,
        password_rules=password_rules,
        ways_in=ways_in,
        way_words=way_words,
        current_locale=current_locale,
        fmt=fmt,
        weekday_heads=fmt.weekday_heads,
    )
    app.context_processor(shell.context)
