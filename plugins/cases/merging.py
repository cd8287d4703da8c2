"""A case as letters know it: the merge fields `case.*`, dates ahead and papers. Plain values; nothing internal."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date, timedelta
from typing import Any

from sqlalchemy import select

from core import db, dump, labels, record_class, registry, today
from plugins.cases import choices, status
from plugins.cases.case import Case
from plugins.cases.facts import field_values, travelled
from plugins.cases.formats import BadNumber, parse_patent_number
from plugins.cases.records import Goods
from plugins.clients import Client

MAY_BE_CLOSED = ("name", "title", "title_en")
"""Texts that some of us do not see of unpublished inventions; then a letter made by them does not tell them either."""
COLOURLESS = ("word", "figurative", "combined")
IN_FORCE = ("granted", "at_risk")
OFFICES = {
    "trademark": ("国家知识产权局商标局", "the Trademark Office of CNIPA"),
    "patent": ("国家知识产权局", "the China National Intellectual Property Administration (CNIPA)"),
    "madrid": ("世界知识产权组织国际局", "the International Bureau of WIPO"),
    "copyright": ("中国版权保护中心", "the Copyright Protection Centre of China"),
}
TITLED = ("invention", "utility_model", "design")


def client_of(case: Case) -> Client | None:
    """The client, where the person may see it."""
    return db.session.scalars(select(Client).where(Client.id == case.client_id)).first() if case.client_id else None


def case_fields(case: Case, language: str) -> dict[str, Any]:
    """The merge fields `case.*` of one case."""
    zh = language == "zh"
    model = status.model(case.case_type)
    state = model.states.get(case.status)
    seen = dump(case, MAY_BE_CLOSED)
    goods = classes(case, language)
    people = labels("core.user", [i for i in (case.agent_id, case.process_clerk_id) if i])
    office = OFFICES.get(_office(case), OFFICES["patent"])
    return {
        "number": case.number,
        "type": model.zh if zh else model.en,
        "type_zh": model.zh,
        "type_en": model.en,
        "right_kind": case.right_kind,
        "is_mark": case.right_kind in ("trademark", "madrid"),
        "title": title_of(case, seen, language),
        "mark_name": case.mark_name,
        "mark_image": {"picture": case.mark_image_id} if case.mark_image_id else None,
        "mark_type": _word(choices.MARK_TYPES, case.mark_type),
        "mark_color_zh": _colour(case, "zh"),
        "mark_color_en": _colour(case, "en"),
        "application_number": printed_number(case),
        "registration_number": case.registration_number,
        "patent_number": _patent_number(case, state),
        "filing_date": case.filing_date,
        "publication_date": case.publication_date,
        "publication_issue": case.publication_issue,
        "registration_date": case.registration_date,
        "valid_from": case.valid_from,
        "valid_to": case.valid_to,
        "status": _of(state, language),
        "status_zh": _of(state, "zh"),
        "status_en": _of(state, "en"),
        "stage": _group(case, language),
        "tone": choices.TONES.get(case.status_group or "", "plain"),
        "next_milestone": next_milestone(case, model, language),
        "classes": goods,
        "class_list": ("、" if zh else ", ").join(row["number"] for row in goods),
        "has_groups": any(row["groups"] for row in goods),
        "goods_count": sum(len(row["items"]) for row in goods),
        "applicants": applicants(case, language),
        "inventors": list(case.inventors or ()),
        "priority": [_priority(row) for row in case.priority or ()],
        "agent": {"name": people.get(case.agent_id)},
        "clerk": {"name": people.get(case.process_clerk_id)},
        "your_reference": case.client_reference,
        "office_zh": office[0],
        "office_en": office[1],
    }


def title_of(case: Case, seen: dict[str, Any], language: str) -> str | None:
    """What the case is called, as far as the person who writes may know."""
    names = ("title_en", "title", "name") if language == "en" else ("title", "name")
    found = (seen.get(name) for name in names)
    shown = next((value for value in found if isinstance(value, str) and value), None)
    return case.mark_name or shown if case.right_kind in ("trademark", "madrid") else shown


def _office(case: Case) -> str:
    kind = case.right_kind or ""
    return "patent" if kind in TITLED else kind


def _of(state: status.State | None, language: str) -> str | None:
    return state.label(language) if state else None


def _group(case: Case, language: str) -> str | None:
    found = status.groups().get(case.status_group or "")
    return (found.zh if language == "zh" else found.en) if found else None


def _word(known: Iterable[Any], code: str | None) -> str | None:
    return next((str(choice.label) for choice in known if choice.code == code), None)


def _colour(case: Case, language: str) -> str | None:
    if case.right_kind != "trademark":
        return None
    if case.mark_type == "colour":
        return "指定颜色，以所附彩色图样为准" if language == "zh" else "colours are claimed as shown"
    return "不指定颜色；如需保护颜色，请注明" if language == "zh" else "no colour is claimed; tell us if it should be"


def printed_number(case: Case) -> str | None:
    """The application number; that of a patent with the dot before its check digit."""
    number = case.application_number
    if not number or case.right_kind not in TITLED:
        return number
    try:
        return parse_patent_number(number).canonical
    except BadNumber:
        return number


def _patent_number(case: Case, state: status.State | None) -> str | None:
    """ZL only after grant: before, nobody may print it."""
    number = printed_number(case)
    granted = case.grant_publication_date is not None and state is not None and state.group in IN_FORCE
    return f"ZL{number}" if granted and number and case.right_kind in TITLED else None


def classes(case: Case, language: str) -> list[dict[str, Any]]:
    """Classes with their goods, similar groups, and a status of their own where they have one."""
    model = status.model(case.case_type)
    rows = db.session.scalars(select(Goods).where(Goods.case_id == case.id)).all()
    return [
        {
            "number": row.nice_class,
            "items": list((row.items_en if language == "en" and row.items_en else row.items) or ()),
            "goods": ("; " if language == "en" else "；").join(
                (row.items_en if language == "en" and row.items_en else row.items) or ()
            ),
            "groups": ", ".join(row.similar_groups or ()),
            "status_zh": _of(model.states.get(row.status or ""), "zh"),
            "over": max(0, len(row.items or ()) - 10),
        }
        for row in sorted(rows, key=lambda row: row.nice_class.zfill(2))
    ]


def applicants(case: Case, language: str) -> list[dict[str, Any]]:
    """The applicants as they were filed: the register's names, not those of today's client record."""
    zh = language == "zh"
    return [
        {
            "name": row["name"] if zh else row.get("name_en") or row["name"],
            "name_zh": row["name"],
            "name_en": row.get("name_en"),
            "address": row.get("address"),
        }
        for row in case.applicants or ()
    ]


def _priority(row: dict[str, str]) -> dict[str, Any]:
    return {"country": row.get("country"), "number": row.get("number"), "date": date.fromisoformat(row["date"])}


def next_milestone(case: Case, model: status.Model, language: str) -> dict[str, Any] | None:
    """What comes next on the road, with its expected range."""
    stops = status.road(model, travelled(case), field_values(case))
    stop = next((s for s in stops if s.state == "next" and s.latest), None)
    if stop is None:
        return None
    names = {"zh": stop.place.label("zh"), "en": stop.place.label("en"), "name": stop.place.label(language)}
    return names | {"from": stop.earliest or stop.latest, "to": stop.latest}


def deadlines_of(case_ids: list[int], *rules: str) -> list[Any]:
    """Open dates of these cases, earliest first, where deadlines are kept at all; of some rules, or of all."""
    if "deadlines.deadline" not in registry().types or not case_ids:
        return []
    deadline = record_class("deadlines.deadline")
    query = select(deadline).where(deadline.case_id.in_(case_ids), deadline.status == "open")
    if rules:
        query = query.where(deadline.rule_code.in_(rules))
    return list(db.session.scalars(query.order_by(deadline.due, deadline.id)))


def deadline_fields(deadline: Any, language: str) -> dict[str, Any]:
    """The merge fields `deadline.*`. Internal and safe dates are not among them."""
    zh = language == "zh"
    return {
        "name": deadline.name if zh else deadline.name_en or deadline.name,
        "name_zh": deadline.name,
        "name_en": deadline.name_en,
        "official_date": deadline.due,
        "client_date": deadline.client_date,
        "base_date": deadline.base_date,
        "severity": deadline.severity,
        "basis": _basis(deadline.rule_code, language),
    }


def _basis(rule_code: str, language: str) -> str | None:
    """The law that a rule rests on, where the rules are kept; at most two places of it."""
    if "deadlines.rule" not in registry().types:
        return None
    rule = record_class("deadlines.rule")
    found = db.session.scalars(select(rule.legal_basis).where(rule.code == rule_code).order_by(rule.id)).first()
    return ("、" if language == "zh" else ", ").join((found or ())[:2]) or None


def answer_by(official: date | None = None, days: int = 7) -> date:
    """A day for the client's answer: in a week, and a week before the office's day where that comes first."""
    soon = today() + timedelta(days=days)
    return soon if official is None else max(today() + timedelta(days=1), min(soon, official - timedelta(days=7)))
