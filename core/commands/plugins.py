"""`plugin list|plan|enable|disable|upgrade|purge|new|check|texts`: what is there, what is on, and the switches."""

from __future__ import annotations

import json
import os
import re
import sys
import tomllib
from pathlib import Path
from typing import Any

import click

from core.app import compose, create_app
from core.audit.commanded import note_command
from core.db import db
from core.errors import CannotStart, Refused, StartProblem
from core.hooks import lifecycle, migrations
from core.hooks.manifest import Manifest, discover
from core.hooks.resolver import resolve
from core.settings import DEFAULT_CONFIG, ROOT, Settings, load_settings

SUITE = Path(__file__).resolve().parent.parent / "testing"


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
@click.argument("step", type=click.Choice(["enable", "disable", "upgrade", "purge"]))
@click.argument("name")
def plan(step: str, name: str) -> None:
    """Show what a step would do with NAME, and do nothing."""
    settings = load_settings()
    if step == "purge":
        for line in _purging(settings, name)[1].lines():
            click.echo(f"- {line}")
        return
    wanted = _with(settings, name) if step != "disable" else _without(settings, name)
    for one in wanted:
        if one not in settings.plugins:
            click.echo(f"+ {one} goes on")
    for one in settings.plugins:
        if one not in wanted:
            click.echo(f"- {one} goes off; its data stay")
    for state in _states(_changed(settings, wanted)):
        if not state.ok:
            click.echo(f"~ schema of {state.plugin}: {state.current or 'none'} -> {state.head}")


@plugin_group.command()
@click.argument("name")
def enable(name: str) -> None:
    """Switch NAME on with what it requires: looked at whole, then the schema, then the config; a restart follows."""
    settings = load_settings()
    wanted = _with(settings, name)
    for one in wanted:
        if one not in settings.plugins and one != name:
            click.echo(f"{one} comes with it: {name} requires it", err=True)
    _bring_up(settings, wanted)
    _write_list(settings, wanted)
    note_command(create_app(_changed(settings, wanted), web=False), "extension_on", extension=name)
    click.echo(f"{name} is on after a restart", err=True)


@plugin_group.command()
@click.argument("name")
def disable(name: str) -> None:
    """Switch NAME off, with a restart to follow; its data stay."""
    settings = load_settings()
    wanted = _without(settings, name)
    app = create_app(_changed(settings, wanted))
    _write_list(settings, wanted)
    note_command(app, "extension_off", extension=name)
    click.echo(f"{name} is off after a restart; its data stay", err=True)


@plugin_group.command()
@click.argument("name")
def upgrade(name: str) -> None:
    """Bring the schema and the seeds of NAME and of what it requires to the state of the code, whole or not at all."""
    settings = load_settings()
    _known(name)
    if name not in settings.plugins:
        raise Refused(f"{name} is off. Run: zhian plugin enable {name}")
    changed = _bring_up(settings, settings.plugins)
    click.echo(f"{name} is up to date" + ("; restart the deployment" if changed else ""), err=True)


@plugin_group.command()
@click.argument("name")
@click.option("--yes", is_flag=True, help="Do not ask.")
def purge(name: str, yes: bool) -> None:
    """Take away the data of NAME, which is off: shows the plan, writes an export, then drops tables and columns."""
    settings = load_settings()
    app, found = _purging(settings, name)
    for line in found.lines():
        click.echo(f"- {line}")
    if not yes and click.prompt(f"{found.rows} rows go. Type {name} to go on", default="", err=True) != name:
        raise click.Abort()
    with app.app_context():
        registry, engine = app.extensions["zhian"], db.engine
        place = lifecycle.export(registry, engine, settings, found)
        click.echo(str(place))
        lifecycle.purge(registry, engine, settings, found)
    note_command(app, "extension_purged", extension=name, rows=found.rows, kept_in=place.name)
    _forget_start(settings)
    click.echo(f"{name} is purged; what it held is in {place.name}. Run: zhian db upgrade", err=True)


@plugin_group.command()
@click.argument("name")
@click.option("--record", "thing", required=True, help="What the plugin is about, in English: vehicle, trade_secret.")
@click.option("--label-zh", help="Its Chinese name, like 车辆; English stands there until you give one.")
@click.option("--out", type=click.Path(file_okay=False, path_type=Path), help="A folder for a package of its own.")
def new(name: str, thing: str, label_zh: str | None, out: Path | None) -> None:
    """Make a plugin NAME with one record that runs and whose tests pass."""
    from core.scaffold import BadName, make

    try:
        for place in make(name, thing, out=out, zh=label_zh):
            click.echo(str(place))
    except BadName as problem:
        raise Refused(str(problem)) from problem
    if out:
        click.echo(f"Next: pip install -e {out} && zhian plugin enable {name} && zhian up", err=True)
    else:
        click.echo(f"Next: zhian plugin enable {name} && zhian up", err=True)


@plugin_group.command(context_settings={"ignore_unknown_options": True})
@click.argument("name")
@click.option("--quick", is_flag=True, help="Leave out what takes long: PostgreSQL, migrations down and up, purging.")
@click.argument("arguments", nargs=-1, type=click.UNPROCESSED)
def check(name: str, quick: bool, arguments: tuple[str, ...]) -> None:
    """Run the conformance suite on NAME alone with what it requires; more ARGUMENTS go to pytest."""
    _known(name)
    line = [sys.executable, "-P", "-m", "pytest", "-c", str(SUITE / "pytest.toml"), "-p", "no:cacheprovider", "-q"]
    line += ["--rootdir", str(SUITE), str(SUITE / "suite.py"), "--zhian-plugin", name]
    found_by_itself = any(e.value == "core.testing.plugin" for e in _entry_points("pytest11"))
    if os.environ.get("PYTEST_DISABLE_PLUGIN_AUTOLOAD") or not found_by_itself:
        line += ["-p", "core.testing.plugin"]
    os.environ["PYTHONPATH"] = os.pathsep.join([str(ROOT), *filter(None, [os.environ.get("PYTHONPATH")])])
    sys.stdout.flush()
    line += ["--zhian-quick"] if quick else []
    os.execv(sys.executable, [*line, *arguments])  # noqa: S606 - becomes pytest


@plugin_group.command()
@click.argument("name")
def texts(name: str) -> None:
    """Bring the catalogue of NAME up to date with its code; tells how many texts wait for their Chinese."""
    from core.i18n import extract

    count, left = extract(_known(name).folder)
    click.echo(f"{count} texts, {left} without Chinese")


def _entry_points(group: str) -> Any:
    from importlib.metadata import entry_points

    return entry_points(group=group)


def _known(name: str) -> Manifest:
    found, problems = discover(None)
    if name in found:
        return found[name]
    own = [p for p in problems if p.plugin == name]
    raise CannotStart(own or [StartProblem(name, "is not installed", "zhian plugin list shows what is")])


def _changed(settings: Settings, names: tuple[str, ...]) -> Settings:
    from dataclasses import replace

    return replace(settings, plugins=names)


def _with(settings: Settings, name: str) -> tuple[str, ...]:
    """The list of plugins with this one and what it requires; raises `CannotStart` when they do not fit together."""
    _known(name)
    found = discover(None)[0]
    wanted = tuple(dict.fromkeys([*settings.plugins, *lifecycle.needs(name, found), name]))
    problems = resolve(wanted, found)[1]
    if problems:
        raise CannotStart(problems)
    return wanted


def _without(settings: Settings, name: str) -> tuple[str, ...]:
    """The list without it; raises `Refused` while others need it."""
    found = {n: m for n, m in discover(None)[0].items() if n in settings.plugins}
    if others := lifecycle.required_by(name, found):
        raise Refused(f"{name} is needed by {', '.join(others)}. Run first: zhian plugin disable {others[0]}")
    return tuple(n for n in settings.plugins if n != name)


def _states(settings: Settings) -> list[migrations.State]:
    """Where schemas stand with these plugins; none when there is no database yet."""
    if settings.is_sqlite and not settings.database_url and not (settings.data / "zhian.db").exists():
        return []
    app = create_app(settings)
    with app.app_context():
        states = migrations.status(app.extensions["zhian"], db.engine)
    return [] if all(state.current is None for state in states) else states


def _bring_up(settings: Settings, wanted: tuple[str, ...]) -> bool:
    """Start the deployment with these plugins for a moment, then bring schema and seeds up; whether anything changed.

    When a migration or a seed fails, plugins that are new lose what they got, and the error goes on.
    """
    from core.setup.database import prepare

    chosen = _changed(settings, wanted)
    create_app(chosen)
    states = _states(chosen)
    if not states or not any(not state.ok for state in states):
        return False
    app = create_app(chosen, web=False)
    fresh = [s.plugin for s in states if s.current is None and s.plugin not in settings.plugins]
    try:
        prepare(app, chosen, lambda text: click.echo(text, err=True))
    except Exception:
        _take_back(app, chosen, fresh)
        raise
    _forget_start(settings)
    return True


def _take_back(app: Any, settings: Settings, fresh: list[str]) -> None:
    with app.app_context():
        db.session.rollback()
        db.session.remove()
        for plugin in reversed(fresh):
            found = lifecycle.plan_purge(app.extensions["zhian"], db.engine, plugin)
            lifecycle.purge(app.extensions["zhian"], db.engine, settings, found)


def _purging(settings: Settings, name: str) -> tuple[Any, lifecycle.Purge]:
    """The app with the plugin in it, and what a purge would take. Raises `Refused` while it or a dependant is on."""
    _known(name)
    found = discover(None)[0]
    if others := lifecycle.required_by(name, {n: m for n, m in found.items() if n in settings.plugins}):
        raise Refused(f"{name} is needed by {', '.join(others)}. Run first: zhian plugin disable {others[0]}")
    if name in settings.plugins:
        raise Refused(f"{name} is on. Run first: zhian plugin disable {name}, and restart")
    app = create_app(_changed(settings, _with(settings, name)))
    with app.app_context():
        kept = migrations.versions(db.engine)
        if holders := [other for other in lifecycle.required_by(name, found) if kept.get(other)]:
            raise Refused(
                f"{holders[0]} is off but its data refer to {name}. Run first: zhian plugin purge {holders[0]}"
            )
        if not kept.get(name) and name in migrations.histories(app.extensions["zhian"]):
            raise Refused(f"{name} has no data here; there is nothing to purge")
        return app, lifecycle.plan_purge(app.extensions["zhian"], db.engine, name)


def _forget_start(settings: Settings) -> None:
    from core.setup import stamp

    stamp.forget(settings)


def _write_list(settings: Settings, wanted: tuple[str, ...]) -> None:
    """Write the new list into the deployment's own config file, whole or not at all."""
    if os.environ.get("ZHIAN_PLUGINS"):
        raise Refused("the plugins of this deployment are named in ZHIAN_PLUGINS; change it there")
    chosen = settings.config_file
    shipped = chosen is None or chosen.parent == DEFAULT_CONFIG.parent
    target = settings.data / "config.toml" if shipped else chosen
    text = chosen.read_text("utf-8") if chosen and chosen.exists() else ""
    line = "plugins = " + json.dumps(list(wanted), ensure_ascii=False)
    changed, count = re.subn(r"^plugins\s*=\s*\[[^\]]*\]", line, text, flags=re.MULTILINE)
    written = changed if count else f"{line}\n{text}"
    if tuple(tomllib.loads(written).get("plugins", ())) != wanted:
        raise Refused(f"{chosen} holds its plugins in a form that cannot be changed here; write there: {line}")
    target.parent.mkdir(parents=True, exist_ok=True)
    fresh = target.with_name(f".{target.name}.new")
    fresh.write_text(written, "utf-8")
    fresh.replace(target)
