"""The values with which a case of the demo is opened: from its line in the data, its client and its people."""

from __future__ import annotations

from datetime import date
from typing import Any

from plugins.demo import numbers
from plugins.demo.cast import data
from plugins.demo.roads import Road
from plugins.demo.team import Team
from plugins.demo.when import day, office_day, resolve

NAME_FIELD = {
    "tm_opposition": "opposed_mark",
    "tm_invalidation": "attacked_mark",
    "tm_non_use_cancellation": "attacked_mark",
    "pat_invalidation": "attacked_patent",
    "cr_software": "software_name",
    "cr_works": "work_title",
}
MARKS = ("tm_application", "tm_review", "tm_renewal", "tm_recordal", "madrid")
LINKS = {"parent": "parent_case", "registration": "registration"}


def reference(row: dict[str, Any]) -> str:
    """The client's own reference of a case, by which it is found again."""
    return f"LQ{row['c']:02d}-{row['k']}"


def filing_day(row: dict[str, Any], road: Road, today: date) -> date | None:
    """Stated, or the day of the step that files."""
    if "filed" in row:
        return office_day(day(row["filed"], today))
    return next((step.day for step in road.steps if step.state == "filed"), None)


def values(
    row: dict[str, Any], road: Road, team: Team, client: Any, known: dict[str, int], serial: int, today: date
) -> dict[str, Any]:
    """By field name, for `create`."""
    kind = row["t"]
    made = {"case_type": kind, "status": road.start, "client": client.id, "client_reference": reference(row)}
    made |= {"opened_on": road.entered, "department": team.department, "branch": team.branch}
    made |= {"agent": team.id("agent"), "process_clerk": team.id("clerk"), "client_manager": team.id("manager")}
    made |= {NAME_FIELD.get(kind, "mark_name" if kind in MARKS else "title"): row["name"], "title_en": row["en"]}
    made["applicants"] = [_applicant(client)]
    if "cl" in row:
        made["goods"] = [{"class": number, "items": data("goods")[number]} for number in row["cl"]]
    if kind in ("cr_software", "cr_works"):
        made["owner"] = client.name
    if "in" in row:
        made["inventors"] = row["in"]
    made |= {field: known[row[name]] for name, field in LINKS.items() if name in row}
    return made | _taken_over(row, road, serial, today) | resolve(row.get("f", {}), today)


def _applicant(client: Any) -> dict[str, Any]:
    named = {"name": client.name, "name_en": client.name_en, "address": client.address}
    return {key: value for key, value in named.items() if value} | {"client": client.id}


def _taken_over(row: dict[str, Any], road: Road, serial: int, today: date) -> dict[str, Any]:
    """Numbers and days of a case that came with a history."""
    kind = row["t"]
    made: dict[str, Any] = {}
    if "filed" in row:
        filed = filing_day(row, road, today)
        made |= {"filing_date": filed, "application_number": numbers.application(kind, filed, serial)}
    if "registered" in row:
        made |= {"registration_date": day(row["registered"], today)}
        made |= {"registration_number": made.get("application_number")}
    if "published" in row:
        made |= {"publication_date": office_day(day(row["published"], today))}
        made |= {"publication_number": numbers.publication(kind, serial, granted=False)}
    if "granted" in row:
        made |= {"grant_publication_date": office_day(day(row["granted"], today))}
        made |= {"grant_number": numbers.publication(kind, serial, granted=True)}
    return made | ({"paid_to_year": row["paid"]} if "paid" in row else {})
