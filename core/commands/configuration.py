"""`zhian config`: the configuration as one file, out of one deployment and into another."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

import click

from core.shaping import configuration


@click.group("config")
def config() -> None:
    """Export, compare and import what administrators shaped: layouts, choices, numbers, rules and more."""


@config.command("export")
@click.option("--out", type=click.Path(path_type=Path), help="The file; without it to standard output.")
def export(out: Path | None) -> None:
    """Write the whole configuration as one JSON file, always in the same order."""
    from core.db import system
    from core.setup.database import deployment

    with deployment(), system("export the configuration"):
        text = configuration.as_text(configuration.export())
    if out is None:
        sys.stdout.write(text)
    else:
        out.write_text(text, "utf-8")


@config.command("diff")
@click.argument("file", type=click.Path(exists=True, path_type=Path))
def diff(file: Path) -> None:
    """Say what an import of FILE would change; changes nothing."""
    from core.db import system
    from core.setup.database import deployment

    with deployment(), system("compare the configuration"):
        _tell(configuration.differences(configuration.parse(file.read_text("utf-8"))))


@config.command("import")
@click.argument("file", type=click.Path(exists=True, path_type=Path))
@click.option("--yes", is_flag=True, help="Do not ask.")
def import_(file: Path, yes: bool) -> None:
    """Make the configuration as FILE says: whole or not at all; what is only here stays."""
    from core.db import system
    from core.setup.database import deployment

    given = configuration.parse(file.read_text("utf-8"))
    with deployment():
        with system("compare the configuration"):
            count = _tell(configuration.differences(given))
        if count and (yes or click.confirm(f"Change {count} things?")):
            with system("import the configuration"):
                configuration.apply(given, source=file.name)
            click.echo(f"{count} changed")


def _tell(found: list[configuration.PartDifference]) -> int:
    """Prints the differences; how many would be changed."""
    signs: dict[str, Any] = {"new": "+", "changed": "~", "only_here": "="}
    for part in found:
        if part.unknown:
            click.echo(f"? {part.code}: no such part here, left alone")
        for difference in part.differences:
            click.echo(f"{signs[difference.what]} {part.code}: {difference.name}")
    count = sum(len(part.changes) for part in found)
    if not count:
        click.echo("no difference")
    return count
