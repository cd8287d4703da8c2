"""Rights and field rules of cases and their parts: what each role may do, in which scope, with which fields hidden."""

from __future__ import annotations

import json
from pathlib import Path

from core import FieldRule, Grant, _, hidden_but
from plugins.cases.rules import OUTSIDE, unpublished

DATA = Path(__file__).parent / "data" / "grants.json"
PORTAL = ("portal_owner", "portal_legal", "portal_finance", "portal_viewer", "portal_inventor")
NO_COST = ("consultant", "tm_agent", "pat_agent", "paralegal", "process_clerk")
TO_CLIENT = {
    "cases.case": (
        *("number", "case_type", "right_kind", "jurisdiction", "name", "status", "status_group", "status_since"),
        *("client", "client_reference", "opened_on", "closed_on", "title", "title_en", "mark_name", "mark_image"),
        *("mark_type", "application_number", "filing_date", "classes", "goods", "goods_text", "applicant_names"),
        *("priority_date", "priority_number", "priority_country", "publication_date", "publication_issue"),
        *("publication_number", "registration_number", "registration_date", "registration_issue", "valid_from"),
        *("valid_to", "abstract", "classification", "inventors", "fee_reduction", "grant_number"),
        *("grant_publication_date", "annuity_state", "paid_to_year", "claims_count", "international_number"),
        *("international_filing_date", "wo_number", "entry_date", "ir_number", "international_registration_date"),
        *("designations", "review_number", "reexam_number", "opposed_mark", "opposed_number", "attacked_mark"),
        *("attacked_number", "attacked_patent", "software_name", "software_version", "completed_on"),
        *("first_published_on", "work_title", "work_category", "author", "owner"),
    ),
    "cases.event": ("case", "code", "date", "dispatch_date", "receipt_date", "notice_number", "outcome", "classes"),
    "cases.applicant": ("case", "position", "role", "name", "name_en", "address", "address_en", "country"),
    "cases.goods": ("case", "nice_class", "items", "items_en", "similar_groups"),
    "cases.relation": ("case", "kind", "to", "external"),
}
"""What people of a client see of their cases, per record; everything else is ours, also what is added later."""
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
        FieldRule(case, "cost", "hidden", NO_COST),
        *(rule for record, shown in TO_CLIENT.items() for rule in hidden_but(record, shown, PORTAL)),
    ]
