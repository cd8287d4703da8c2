"""The form of a case: sections by type, what a new one begins with, rows of applicants and goods. No lists."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

from core import FormView, Lines, Section, _, current_principal, today
from plugins.cases import choices, status

READABLE = {
    "applicants": ("applicant_names",),
    "goods": ("goods_text",),
    "priority": ("priority_date", "priority_number", "priority_country"),
    "version": ("software_version",),
}
"""What people read in place of a field that holds structured data."""

ONLY_READ = ("applicant_names", "goods_text")
BASE = Section(
    "base",
    _("Case"),
    ("case_type", "client", "client_reference", "jurisdiction", "right_kind", "title", "title_en", "opened_on"),
)
PEOPLE = Section("people", _("People"), ("agent", "process_clerk", "client_manager", "department", "branch"))
FILED = Section(
    "filed",
    _("Numbers and dates"),
    (
        "application_number",
        "filing_date",
        "publication_number",
        "publication_date",
        "grant_number",
        "grant_publication_date",
        "registration_number",
        "registration_date",
        "valid_from",
        "valid_to",
        "priority_date",
        "priority_number",
        "priority_country",
    ),
)
MORE = Section(
    "more",
    _("Further data"),
    (
        "parent_case",
        "registration",
        "agency",
        "exhibition_date",
        "internal_opinion",
        "cost",
        "remarks",
    ),
    folded=True,
)
OF_PATENTS = Section(
    "patent",
    _("Patent"),
    ("classification", "abstract", "claims_count", "foreign_filing_planned", "disclosure_date"),
    when=lambda c: kind_of(c) in ("invention", "utility_model", "design", "pct"),
    folded=True,
)
LATER = (
    *FILED.fields[2:10],
    "publication_issue",
    "registration_issue",
)
"""What an office gives after the filing: nobody knows it when a new matter comes in, so it is folded away."""
AGENTS = ("tm_agent", "pat_agent")
APPLICANTS = Lines("cases.applicant", "case", ("name", "name_en", "client", "address"), _("Applicants"), "position")
GOODS = Lines(
    "cases.goods",
    "case",
    ("nice_class", "items", "similar_groups"),
    _("Classes and goods"),
    when=lambda case: kind_of(case) in ("trademark", "madrid"),
)


def kind_of(case: Any) -> str | None:
    """The kind of right that a case of this type concerns; None while the type is open."""
    case_type = getattr(case, "case_type", None)
    return status.model(case_type).right_kinds[0] if case_type in status.codes() else None


def _of(code: str) -> Callable[[Any], bool]:
    return lambda case: getattr(case, "case_type", None) == code


def type_section(code: str, reading: bool) -> Section:
    """The fields of one case type, for reading or for a form."""
    model = status.model(code)
    names: list[str] = []
    for name in model.type_fields:
        shown = READABLE.get(name, (name,))
        names += [n for n in shown if n not in (*names, *PEOPLE.fields) and (reading or n not in ONLY_READ)]
    label = next(choice.label for choice in choices.types() if choice.code == code)
    return Section(f"type_{code}", label, tuple(names), when=_of(code))


def case_form() -> FormView:
    """Intake and correction of a case on one page."""
    return FormView("cases.case", sections=form_sections(), lines=(APPLICANTS, GOODS), begin=begin)


def begin() -> dict[str, Any]:
    """A new case is opened today by who takes it in, at their place; an agent keeps it."""
    me = current_principal()
    mine = {"agent": me.user_id} if me.has_role(*AGENTS) else {}
    return mine | {"department": me.department_id, "branch": me.branch_id, "opened_on": today()}


def form_sections() -> tuple[Section, ...]:
    """The case, the fields of its type, what comes later, people, the rest."""
    taken = {*BASE.fields, *PEOPLE.fields}
    typed: list[Section] = []
    for code in status.codes():
        section = type_section(code, reading=False)
        names = tuple(n for n in section.fields if n not in taken)
        typed.append(replace(section, fields=tuple(n for n in names if n not in LATER)))
        later = tuple(n for n in names if n in LATER)
        typed.append(
            Section(f"later_{code}", _("Numbers and dates given later"), later, _is(code, new=True), folded=True)
        )
        typed.append(Section(f"given_{code}", FILED.label, later, _is(code, new=False)))
    return (BASE, *typed, OF_PATENTS, PEOPLE, MORE)


def _is(code: str, *, new: bool) -> Callable[[Any], bool]:
    """For cases of one type: those being taken in, or those we have."""
    return lambda case: getattr(case, "case_type", None) == code and (getattr(case, "id", None) is None) is new
