"""Rights and field rules of cases and their parts: what each role may do, in which scope, with which fields hidden."""

from __future__ import annotations

import json
from pathlib import Path

from core import FieldRule, Grant, _
from plugins.cases.rules import OUTSIDE, unpublished

DATA = Path(__file__).parent / "data" / "grants.json"
PORTAL = ("portal_owner", "portal_legal", "portal_finance", "portal_viewer", "portal_inventor")
NO_COST = ("consultant", "tm_agent", "pat_agent", "paralegal", "process_clerk", "portal_owner", "portal_finance")
NOT_PUBLIC = _("Not public")


def grants() -> list[Grant]:
    """The grants of the shipped role pack for this plugin's records; members follow the case itself."""
    rows = json.loads(DATA.read_text("utf-8"))
    given = [Grant(role, record, tuple(can), scope) for record, found in rows.items() for role, can, scope in found]
    worked_for = Grant("dept_head", "clients.client", ("read",), "assigned")
    return [*given, *_of_members(rows["cases.case"]), worked_for]


def _of_members(rows: list[list]) -> list[Grant]:
    """Who may read a case sees its team; who may reassign it changes the team."""
    made = [Grant(role, "cases.member", ("read",), scope) for role, can, scope in rows if "read" in can]
    change = ("create", "update", "delete")
    return made + [Grant(role, "cases.member", change, scope) for role, can, scope in rows if "reassign" in can]


def field_rules() -> list[FieldRule]:
    """Titles and abstracts of unpublished inventions, assessments and costs are not for everybody."""
    case = "cases.case"
    titles = ("title", "title_en", "name")
    return [
        *(FieldRule(case, name, "hidden", OUTSIDE, when=unpublished, shown=NOT_PUBLIC) for name in titles),
        FieldRule(case, "abstract", "hidden", (*OUTSIDE, "client_manager"), when=unpublished),
        FieldRule(case, "internal_opinion", "hidden", PORTAL),
        FieldRule(case, "cost", "hidden", NO_COST),
    ]
