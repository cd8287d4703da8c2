"""The rules that ship with the plugin, stored switched off where their records and fields are there."""

from __future__ import annotations

from functools import cache
from pathlib import Path
from typing import Any

import yaml
from sqlalchemy import select

from core import registry
from plugins.automation.records import Rule
from plugins.automation.steps import base

DATA = Path(__file__).parent / "data" / "examples.yaml"


@cache
def shipped() -> list[dict[str, Any]]:
    """The examples as they stand in their file."""
    return yaml.safe_load(DATA.read_text("utf-8"))


def seed(session: Any) -> None:
    """Store what is missing; who switches one on names with whose rights it runs."""
    known = set(session.scalars(select(Rule.code).where(Rule.code.is_not(None))))
    for given in shipped():
        kinds = [base.kind_of(step["do"]) for step in given["steps"]]
        fits = all(kind is not None and kind.available(given["record_key"]) for kind in kinds)
        if given["code"] not in known and given["record_key"] in registry().types and fits:
            session.add(Rule(**given))
            session.flush()
