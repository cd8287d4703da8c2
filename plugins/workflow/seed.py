"""Shipped flows, stored as published definitions where their records exist and nobody made an own version."""

from __future__ import annotations

from functools import cache
from pathlib import Path
from typing import Any

import yaml
from sqlalchemy import select

from core import now, registry
from plugins.workflow.records import Definition

DATA = Path(__file__).parent / "data"
SHIPPED = ("new_filing",)


@cache
def shipped(code: str) -> dict[str, Any]:
    """One shipped definition as it stands in its file."""
    return yaml.safe_load((DATA / f"{code}.yaml").read_text("utf-8"))


def seed_flows(session: Any) -> None:
    """Store what is missing; definitions of the agency under the same code are left alone."""
    known = set(session.scalars(select(Definition.code)))
    for code in SHIPPED:
        given = shipped(code)
        if given["record"] in registry().types and code not in known:
            store(session, given)


def store(session: Any, given: dict[str, Any]) -> Definition:
    """A definition from its file, published."""
    definition = Definition(
        code=given["code"],
        version_no=1,
        name=given["name"],
        name_en=given.get("name_en"),
        record_key=given["record"],
        state="published",
        nodes=given["nodes"],
        options=given.get("options") or {},
        distinct=given.get("distinct", True),
        note=given.get("note"),
        published_at=now(),
    )
    session.add(definition)
    session.flush()
    return definition
