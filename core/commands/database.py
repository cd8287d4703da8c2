"""`db upgrade|status|revision`: the schema."""

from __future__ import annotations

import click
from flask import Flask

from core.app import create_app
from core.db import db
from core.hooks import migrations
from core.registry import registry
from core.settings import Settings, load_settings
from core.setup.database import prepare


def _app() -> tuple[Flask, Settings]:
    settings = load_settings()
    settings.data.mkdir(parents=True, exist_ok=True)
    return create_app(settings, web=False), settings


@click.group("db")
def db_group() -> None:
    """The database schema."""


@db_group.command()
def upgrade() -> None:
    """Bring the schema of every enabled plugin to its newest state."""
    app, settings = _app()
    prepare(app, settings, lambda text: click.echo(text, err=True))


@db_group.command()
def status() -> None:
    """Show where each plugin's schema stands; exit code 1 when one is behind."""
    app, _settings = _app()
    with app.app_context():
        states = migrations.status(registry(), db.engine)
    for state in states:
        click.echo(f"{state.plugin}\t{state.current or '-'}\t{state.head or '-'}\t{'ok' if state.ok else 'behind'}")
    if not all(state.ok for state in states):
        raise click.exceptions.Exit(1)


@db_group.command()
@click.argument("plugin")
@click.option("-m", "--message", required=True, help="What changes, in a few words.")
def revision(plugin: str, message: str) -> None:
    """Write the next migration of PLUGIN from its declarations."""
    app, settings = _app()
    with app.app_context():
        migrations.upgrade(registry(), db.engine, settings)
        path = migrations.revision(registry(), db.engine, plugin, message)
    click.echo(str(path) if path else "nothing changed", err=path is None)
