"""`search rebuild|check`: the index of search, from the command line."""

from __future__ import annotations

import click

from core.setup.database import deployment


@click.group("search")
def search_group() -> None:
    """The index of search."""


@search_group.command()
@click.option("--quiet", is_flag=True, help="No progress.")
def rebuild(quiet: bool) -> None:
    """Compare every record with the index and write what differs. Others may go on working."""
    from core.search import rebuilding

    def say(key: str, done: int, total: int) -> None:
        if not quiet:
            click.echo(f"\r{key}: {done:,} of {total:,}", nl=done >= total, err=True)

    with deployment():
        written = rebuilding.rebuild(say)
    click.echo(f"{sum(written.values()):,} entries written for {len(written)} record types")


@search_group.command()
def check() -> None:
    """Tell what the index lacks; exit code 1 when it does."""
    from core.search import rebuilding

    with deployment():
        found = list(rebuilding.faults())
    for fault in found:
        click.echo(fault)
    click.echo("The index is whole." if not found else "Mend it by: zhian search rebuild")
    if found:
        raise click.exceptions.Exit(1)
