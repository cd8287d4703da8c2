"""`secrets rotate|status`: the keys of stored passwords and keys of other systems."""

from __future__ import annotations

import sys

import click

from core.setup.database import deployment


@click.group("secrets")
def secrets_group() -> None:
    """Stored secrets and the keys that they are under."""


@secrets_group.command()
def status() -> None:
    """How many values are under which key."""
    from core.records.keys import ring
    from core.records.rotation import counts

    with deployment():
        ring().read()
        for ident, number in sorted(counts().items()):
            mark = "present key" if ident == ring().current else "older key" if ident else "from before keys had ids"
            click.echo(f"{ident or '-':10} {number:8} {mark}")


@secrets_group.command()
@click.option("--keep-key", is_flag=True, help="Make no new key; only bring every value under the present one.")
def rotate(keep_key: bool) -> None:
    """Make a new key and bring every stored secret under it, while everybody works.

    After a change of the deployment's secret (the old one in ZHIAN_OLD_SECRETS) this wraps the keys anew as well.
    """
    from core.records.rotation import rotate as rotate_now

    with deployment():
        outcome = rotate_now(new_key=not keep_key, progress=_tell)
    click.echo(f"{outcome['values']} values are under key {outcome['key']}", err=True)


def _tell(done: int) -> None:
    if sys.stderr.isatty():
        click.echo(f"\r{done} values ", nl=False, err=True)
