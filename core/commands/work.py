"""`events list|retry`: what could not be delivered, and giving it a new life."""

from __future__ import annotations

import json

import click

from core.db import system
from core.events import delivery
from core.setup.database import deployment


@click.group()
def events() -> None:
    """Events on their way to subscribers."""


@events.command("list")
@click.option("--state", type=click.Choice(["dead", "new", "running"]), default="dead", show_default=True)
def list_events(state: str) -> None:
    """One JSON line per delivery, newest first."""
    with deployment():
        for row in delivery.undelivered(state):
            click.echo(json.dumps(row, ensure_ascii=False, default=str))


@events.command()
@click.argument("delivery_id", type=int, required=False)
@click.option("--all", "everything", is_flag=True, help="All dead letters.")
def retry(delivery_id: int | None, everything: bool) -> None:
    """Try a dead letter again."""
    if (delivery_id is None) == (not everything):
        raise click.UsageError("Name one delivery, or say --all.")
    with deployment(), system("retry dead letters"):
        chosen = [row["id"] for row in delivery.undelivered("dead", 10_000)] if everything else [delivery_id]
        count = sum(delivery.retry(number) for number in chosen)
    click.echo(f"{count} will be tried again", err=True)
