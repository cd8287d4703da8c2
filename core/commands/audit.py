"""`audit verify|seal|head|accept|archive`: the proof of the audit log, from the command line."""

from __future__ import annotations

import json
import sys
import time
from dataclasses import asdict
from pathlib import Path

import click

from core.errors import ZhianError
from core.setup.database import deployment


@click.group()
def audit() -> None:
    """The audit log and its proof."""


@audit.command()
@click.option("--head", "kept", type=click.Path(exists=True, path_type=Path), help="A head kept elsewhere to compare.")
@click.option("--archive", "file", type=click.Path(exists=True, path_type=Path), help="Verify an archive instead.")
@click.option("--json", "as_json", is_flag=True, help="The outcome as one JSON object.")
@click.option("--quiet", is_flag=True, help="No progress.")
def verify(kept: Path | None, file: Path | None, as_json: bool, quiet: bool) -> None:
    """Compute every seal anew. Exit code 0 when all fits, 1 when something was tampered with."""
    from core.audit import archive
    from core.audit import verify as room
    from core.audit.head import parse_head

    with deployment():
        meter = None if quiet or as_json else Meter()
        if file:
            result = archive.verify_file(file)
        else:
            result = room.verify(meter, parse_head(kept.read_text("utf-8")) if kept else None)
            room.keep_result(result)
        if meter:
            meter.end()
    if as_json:
        click.echo(json.dumps(asdict(result), ensure_ascii=False))
    else:
        click.echo(f"{result.sealed} rows sealed, {result.waiting} not yet sealed, {result.seconds} s")
        for finding in result.first:
            click.echo(f"BAD  {finding}")
        click.echo("Nothing was tampered with." if result.ok else f"{result.bad} rows do not fit.")
    if not result.ok:
        raise click.exceptions.Exit(1)


class Meter:
    """Progress on the terminal: rows, and rows in a second."""

    def __init__(self) -> None:
        self.began = time.monotonic()
        self.wrote = False

    def __call__(self, rows: int) -> None:
        """Tell how far it is."""
        if sys.stderr.isatty():
            speed = rows / max(0.001, time.monotonic() - self.began)
            click.echo(f"\r{rows} rows, {speed:.0f} rows/s ", nl=False, err=True)
            self.wrote = True

    def end(self) -> None:
        """The line is done."""
        if self.wrote:
            click.echo("", err=True)


@audit.command()
def seal() -> None:
    """Seal what waits, now. The scheduler does this every few seconds."""
    from core.audit.chain import seal as seal_now

    with deployment():
        click.echo(f"{seal_now(thorough=True)} rows sealed")


@audit.command()
def head() -> None:
    """Print the signed head of the chain, to be kept on another machine: `zhian audit verify --head FILE` uses it."""
    from core.audit.chain import present_head
    from core.audit.head import head_text

    with deployment():
        click.echo(head_text(present_head()), nl=False)


@audit.command()
@click.option("--reason", required=True, help="For example: the database of last night was restored.")
def accept(reason: str) -> None:
    """Go on from what the database holds, after a restore or the loss of the head's file. Logged with its reason."""
    from core.audit.chain import accept_database

    with deployment():
        before, after = accept_database(reason)
    click.echo(f"The chain goes on behind place {after}; the head said {before}.")


@audit.command("archive")
@click.option("--older-than", "days", type=int, default=366, show_default=True, help="Days; no fewer than a year's.")
def archive_rows(days: int) -> None:
    """Move old sealed rows into a file below the data folder that proves itself."""
    from core.audit.archive import archive

    with deployment():
        try:
            file, count = archive(days)
        except ZhianError as refusal:
            raise click.ClickException(str(refusal)) from None
    click.echo(f"{count} rows in {file}" if file else "Nothing is that old.")
