"""`plugin list|enable|disable`: what is there, what is on, what is wrong, and the switch."""

from __future__ import annotations

import json
import re
from collections.abc import Callable

import click

from core.app import compose
from core.errors import CannotStart
from core.hooks.manifest import discover
from core.hooks.resolver import resolve
from core.settings import DEFAULT_CONFIG, load_settings


@click.group("plugin")
def plugin_group() -> None:
    """Plugins of this deployment."""


@plugin_group.command("list")
def list_plugins() -> None:
    """Name, version, on or off, title; problems on stderr, then exit code 1."""
    settings = load_settings()
    found, problems = discover(None)
    for name, manifest in sorted(found.items()):
        state = "on" if name in settings.plugins else "off"
        click.echo(f"{name}\t{manifest.version}\t{state}\t{manifest.title}")
    try:
        compose(settings)
    except CannotStart as refusal:
        problems = [*problems, *(p for p in refusal.problems if p not in problems)]
    for problem in problems:
        click.echo(str(problem), err=True)
    if problems:
        raise click.exceptions.Exit(1)


@plugin_group.command()
@click.argument("name")
def enable(name: str) -> None:
    """Switch NAME on, with a restart to follow."""
    _switch(lambda names: names if name in names else [*names, name])
    click.echo(f"{name} is on after: zhian db upgrade, and a restart", err=True)


@plugin_group.command()
@click.argument("name")
def disable(name: str) -> None:
    """Switch NAME off, with a restart to follow; its data stay."""
    _switch(lambda names: [n for n in names if n != name])
    click.echo(f"{name} is off after a restart; its data stay", err=True)


def _switch(change: Callable[[list[str]], list[str]]) -> None:
    """Write the new list into the deployment's own config file, if the plugins then fit together."""
    settings = load_settings()
    wanted = change(list(settings.plugins))
    found, _problems = discover(None)
    _ordered, problems = resolve(tuple(wanted), found)
    if problems:
        raise CannotStart(problems)
    chosen = settings.config_file
    shipped = chosen is None or chosen.parent == DEFAULT_CONFIG.parent
    target = settings.data / "config.toml" if shipped else chosen
    text = chosen.read_text("utf-8") if chosen and chosen.exists() else ""
    line = "plugins = " + json.dumps(wanted, ensure_ascii=False)
    changed, count = re.subn(r"^plugins\s*=\s*\[[^\]]*\]", line, text, flags=re.MULTILINE)
    fresh = target.with_name(f".{target.name}.new")
    fresh.write_text(changed if count else f"{line}\n{text}", "utf-8")
    fresh.replace(target)
