"""`settings list|get|set`: what plugins declared, what it is now, and changing it; running processes follow."""

from __future__ import annotations

import json

import click

from core.db import system
from core.plugin_settings import store
from core.registry import registry
from core.setup.database import deployment


@click.group("settings")
def settings_group() -> None:
    """Settings of plugins."""


@settings_group.command("list")
@click.argument("plugin", required=False)
def list_settings(plugin: str | None) -> None:
    """One line per setting: name, value as JSON, label. Secrets show as stars."""
    with deployment():
        for name, specs in sorted(registry().settings.items()):
            for spec in specs.values() if plugin in (None, name) else ():
                value = json.dumps(store.plain(store.shown(name, spec)), ensure_ascii=False)
                click.echo(f"{name}.{spec.key}\t{value}\t{spec.label}")


@settings_group.command()
@click.argument("name")
def get(name: str) -> None:
    """The value of NAME (plugin.key) as JSON; of a secret only whether it is set."""
    plugin, _dot, key = name.partition(".")
    with deployment():
        spec = store.declared(plugin, key)
        click.echo(json.dumps(store.plain(store.shown(plugin, spec)), ensure_ascii=False))


@settings_group.command("set")
@click.argument("name")
@click.argument("value", required=False)
@click.option("--default", "back", is_flag=True, help="Forget what was set.")
def set_setting(name: str, value: str | None, back: bool) -> None:
    """Set NAME (plugin.key) to VALUE; without one it is asked for or read from standard input, as secrets should be."""
    plugin, _dot, key = name.partition(".")
    if value is not None and back:
        raise click.UsageError("Give a value, or say --default.")
    with deployment(), system(f"set {name}"):
        spec = store.declared(plugin, key)
        if value is None and not back:
            value = click.prompt(str(spec.label), hide_input=spec.kind == "secret", err=True)
        changed = store.set_values(plugin, {key: None if back else value})
    click.echo(f"{name} is set" if changed else f"{name} stays as it was", err=True)
