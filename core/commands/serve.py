"""`up`, `web`, `worker`, `scheduler`."""

from __future__ import annotations

import os
import sys
from dataclasses import replace
from pathlib import Path
from typing import Any

import click

from core.doctor.production import require_fit
from core.settings import DEFAULT_CONFIG, Settings, load_settings


def _say(text: str) -> None:
    click.echo(text, err=True)


@click.command()
@click.option("--demo", is_flag=True, help="Load the demo agency and print its logins.")
@click.option("--host", default="127.0.0.1", show_default=True, help="Address to listen on.")
@click.option("--port", default=8000, show_default=True, type=click.IntRange(0, 65535), help="0 takes a free one.")
def up(demo: bool, host: str, port: int) -> None:
    """Start web, worker and scheduler on this machine, until Ctrl-C."""
    from core.hooks.manifest import CORE_VERSION
    from core.setup import stamp
    from core.supervise.parent import CannotStart, Parent, listen
    from core.supervise.traces import clear_predecessor, only_one

    settings = _settings_for_up(demo)
    require_fit(settings)
    settings.data.mkdir(parents=True, exist_ok=True, mode=0o700)
    with only_one(settings.data):
        for name in clear_predecessor(settings.data):
            _say(f"{name} of the last run was still there and has been ended")
        with listen(host, port) as listener:
            logins = _make_ready(settings)
            try:
                Parent(settings, listener, host, CORE_VERSION).run(lambda url: _announce(url, logins))
            except CannotStart:
                stamp.forget(settings)
                raise


def _settings_for_up(demo: bool) -> Settings:
    settings = load_settings()
    if demo and settings.config_file == DEFAULT_CONFIG:
        settings = load_settings(DEFAULT_CONFIG.with_name("demo.toml"))
    return replace(settings, demo=True) if demo else settings


def _make_ready(settings: Settings) -> list[str]:
    """Database, demo data or first administrator, unless nothing changed; lines that tell how to sign in."""
    from core.setup import stamp

    lines = stamp.lines_when_ready(settings)
    if lines is None:
        lines = _prepare(settings)
        stamp.remember(settings, lines if settings.demo else [])
    return lines


def _prepare(settings: Settings) -> list[str]:
    from core.app import create_app
    from core.db import db
    from core.setup import database

    app = create_app(settings, web=False)
    database.prepare(app, settings, _say)
    with app.app_context():
        try:
            if settings.demo:
                database.load_demo(app, _say)
                return _demo_logins()
            return _first_administrator()
        finally:
            db.engine.dispose()


def _demo_logins() -> list[str]:
    from core.setup.demo import demo_logins, realm_logins

    return [f"  {login:<16} {password:<20} {who}" for login, password, who in (*demo_logins(), *realm_logins())]


def _first_administrator() -> list[str]:
    """Ask for the first administrator, or take them from the environment, unless there is one who can sign in.

    Without a terminal to ask at, one with a random password is made, which is shown this once.
    """
    from core.setup.people import ensure_administrator, first_administrator, new_password

    if first_administrator(can_sign_in=True) is not None:
        return []
    found, given = first_administrator(), _from_environment("ZHIAN_ADMIN_PASSWORD")
    asked = sys.stdin.isatty()
    login = found.login if found else os.environ.get("ZHIAN_ADMIN_LOGIN", "")
    login = login or (_ask("Login of the first administrator") if asked else "admin")
    password = given or (_ask("Password", hide_input=True, confirmation_prompt=True) if asked else new_password())
    ensure_administrator(login, password)
    if given or asked:
        return [f"  {login}  (the password you gave)"]
    return [f"  {login}  {password}  (made just now and shown this once; change it)"]


def _from_environment(name: str) -> str:
    """The variable, or the content of the file that `NAME_FILE` names."""
    if file := os.environ.get(f"{name}_FILE"):
        return Path(file).read_text().strip()
    return os.environ.get(name, "")


def _ask(question: str, **options: Any) -> str:
    return click.prompt(question, err=True, **options)


def _announce(url: str, logins: list[str]) -> None:
    click.echo(f"\nZhian 知案 is at  {url}\n")
    if logins:
        click.echo("Sign in as:\n" + "\n".join(logins) + "\n")
    click.echo("Ctrl-C stops it.")
    sys.stdout.flush()


@click.command()
@click.option("--host", default="127.0.0.1", show_default=True)
@click.option("--port", default=8000, show_default=True, type=int)
@click.option("--fd", type=int, help="Inherited listening socket, used by `up`.")
@click.option("--workers", default=2, show_default=True, type=click.IntRange(1), help="Processes.")
@click.option("--threads", default=4, show_default=True, type=click.IntRange(1), help="Threads in each.")
def web(host: str, port: int, fd: int | None, workers: int, threads: int) -> None:
    """Serve pages and API with gunicorn."""
    from core.supervise.web import serve

    serve(f"fd://{fd}" if fd is not None else f"{host}:{port}", workers, threads)


@click.command()
@click.option("--queue", "queues", multiple=True, help="Only these queues (default, bulk), in this order.")
def worker(queues: tuple[str, ...]) -> None:
    """Run background jobs. Start as many as you like, on any number of machines."""
    from core.jobs import kick
    from core.jobs.worker import serve

    settings = load_settings()
    require_fit(settings)
    serve(_current_app(settings), settings, queues or kick.QUEUES)


@click.command()
def scheduler() -> None:
    """Fire schedules and find lost work. A second one does no harm."""
    from core.jobs.scheduler import serve

    settings = load_settings()
    require_fit(settings)
    serve(_current_app(settings))


def _current_app(settings: Settings) -> Any:
    """The app, on a database that is up to date."""
    from core.setup.database import deployment

    with deployment(settings, _say) as app:
        return app
