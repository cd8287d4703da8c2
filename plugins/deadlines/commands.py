"""`zhian deadlines …`: compute worked examples without a database, and derive all deadlines anew."""

from __future__ import annotations

import json

import click


@click.group()
def deadlines() -> None:
    """Deadlines: compute from rules, derive anew."""


@deadlines.command()
def compute() -> None:
    """One JSON result on stdout for each JSON line on stdin (id, rule_code, inputs). Needs no database."""
    from plugins.deadlines.engine.compute import main

    main()


@deadlines.command()
def recompute() -> None:
    """Derive the deadlines of all live cases anew; prints how many changed."""
    from plugins.deadlines.jobs import recompute as derive_all

    click.echo(json.dumps(derive_all()))
