"""What is given to the plugins `cases` and `deadlines`, read from `data/`."""

from __future__ import annotations

import json
from functools import cache
from pathlib import Path
from typing import Any

from core import Choice, L
from plugins.cases import CaseType
from plugins.deadlines import RestDays, RulePack

DATA = Path(__file__).parent / "data"
VERSION = "2026.11.22"
KIND = "plant_variety"


@cache
def _read(name: str) -> Any:
    return json.loads((DATA / name).read_text("utf-8"))


def case_types() -> list[CaseType]:
    """The application for a plant variety right."""
    given = _read("status.json")
    return [
        CaseType(
            given["model"],
            prefix="PZ",
            right_kinds=(Choice(KIND, L("植物新品种权", "Plant variety right"), synonyms=("植物新品种", "品种权")),),
            events=tuple(given["events"]),
        )
    ]


def calendars() -> list[RestDays]:
    """The days on which periods do not end: as before the trademark office, until the offices say otherwise."""
    return [RestDays("plant_variety", "植物新品种", "variety office", "民法典第203条", like="tm")]


def rule_packs() -> list[RulePack]:
    """Its deadlines."""
    given = _read("rules.json")
    days = {"first_sold_on": "first_sale_date", "first_sold_abroad_on": "first_sale_abroad_date", "woody": "woody"}
    return [
        RulePack(
            "plant_varieties",
            VERSION,
            tuple(given["rules"]),
            case_types={"pv_application": (KIND, "national")},
            days=days,
            bases=given["bases"],
            case_triggers={code: tuple(keys) for code, keys in given["case_triggers"].items()},
            examples=tuple(given["examples"]),
        )
    ]
