"""From the records of a case to the facts of the engine: which field is which day. No rules and no writing here."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import date
from typing import Any

from plugins.deadlines.engine import RulePack
from plugins.deadlines.engine.facts import Event, Facts

ENDED = ("dead", "closed", "withdrawn")
"""Groups of states in which a case has no deadlines any more."""
PATENT_PROCEEDINGS = ("pat_reexam", "pat_invalidation")
_KINDS = {
    "invention": ("invention", "national"),
    "utility_model": ("utility_model", "national"),
    "design": ("design", "national"),
    "pct_national": ("invention", "pct"),
    "madrid": ("madrid", "madrid"),
    "cr_software": ("copyright", "national"),
    "cr_works": ("copyright", "national"),
}
_TRADEMARK = ("trademark", "national")
_OWN_TERM = ("tm_application", *_KINDS)

# Field of the case -> input of the engine. Only what is stated on the case; nothing is guessed.
DAYS = {
    "filing_date": "filing_date",
    "publication_date": "publication_date",
    "grant_publication_date": "grant_publication_date",
    "registration_date": "registration_date",
    "valid_to": "valid_to",
    "entry_date": "entry_date",
    "international_filing_date": "international_filing_date",
    "international_registration_date": "international_registration_date",
    "international_publication_date": "international_publication_date",
    "wipo_notification_date": "wipo_notification_date",
    "disclosure_date": "disclosure_date",
    "exhibition_date": "exhibition_date",
    "divisional_submission_date": "divisional_submission_date",
    "first_published_on": "first_publication_date",
    "completed_on": "completion_date",
    "marketing_approval_date": "marketing_approval_date",
    "customs_expiry": "customs_expiry",
}
SIGNS = (
    "foreign_filing_planned",
    "application_number",
    "international_number",
    "wo_number",
    "ir_number",
    "bio_deposit",
    "priority_assigned",
)
FIGURES = {"paid_to_year": "paid_to_year", "fee_reduction": "fee_reduction_pct"}
PERSONS = ("agent", "department")
RELEVANT = frozenset(
    {
        *DAYS,
        *SIGNS,
        *FIGURES,
        *PERSONS,
        "priority",
        "priority_date",
        "status",
        "status_group",
        "case_type",
        "right_kind",
        "jurisdiction",
        "side",
    }
    | {"archived_at", "watched", "name", "title", "mark_name"}
)
"""Fields of a case whose change asks for deriving anew."""

_joined_kinds: dict[str, tuple[str, str]] = {}
_joined_days: dict[str, str] = {}


def join(packs: Iterable[RulePack]) -> None:
    """What the rules of other plugins read off cases, in the place of what was told before."""
    _joined_kinds.clear()
    _joined_days.clear()
    for pack in packs:
        _joined_kinds.update(pack.case_types)
        _joined_days.update(pack.days)


def relevant(names: Iterable[str]) -> bool:
    """Whether a change of these fields of a case asks for deriving anew."""
    return not (RELEVANT | _joined_days.keys()).isdisjoint(names)


EVENT_DAYS = (
    "dispatch_date",
    "proved_receipt_date",
    "postmark_receipt_date",
    "handed_over_date",
    "notice_date",
    "service_date",
    "system_entry_date",
    "publication_date",
    "gazette_date",
    "request_date",
    "submission_date",
    "payment_date",
    "end_of_original_period",
    "end_of_missed_period",
)
EVENT_FIGURES = ("annuity_year", "extension_months", "original_period_months", "refusal_period_months")
EVENT_FLAGS = ("foreign_party", "own_motion")
_PRINTED = {"period_days": "day", "period_months": "month", "period_years": "year"}


def facts_of(case: Any, events: Iterable[Any] = ()) -> Facts:
    """The engine's facts of one case and its events."""
    case_type = case.case_type
    kind, route = (_KINDS | _joined_kinds).get(case_type, _TRADEMARK)
    if case_type in (*PATENT_PROCEEDINGS, "pct_national"):
        kind = case.right_kind or "invention"
    return Facts(
        key=str(case.id),
        right_kind=kind,
        jurisdiction=(getattr(case, "jurisdiction", None) or "CN").upper(),
        route=route,
        side=getattr(case, "side", None),
        fields=_fields(case, own_term=case_type in (*_OWN_TERM, *_joined_kinds)),
        events=tuple(_event(event) for event in events if event.archived_at is None),
        ended=case.archived_at is not None or not case.watched or case.status_group in ENDED,
    )


def _fields(case: Any, *, own_term: bool) -> dict[str, Any]:
    """Proceedings about a right (a review, a renewal) have no term of their own; their dates come from events."""
    if not own_term:
        published = getattr(case, "publication_date", None)
        return {"publication_date": published} if published and case.case_type == "tm_opposition" else {}
    fields = {name: day for attr, name in (DAYS | _joined_days).items() if (day := getattr(case, attr, None))}
    fields |= {attr: True for attr in SIGNS if getattr(case, attr, None)}
    fields |= {
        name: number for attr, name in FIGURES.items() if (number := _whole(getattr(case, attr, None))) is not None
    }
    if priorities := _priorities(case):
        fields["priority_dates"] = priorities
    return fields


def _whole(value: Any) -> int | None:
    try:
        return None if value is None or value == "" else int(value)
    except (TypeError, ValueError):
        return None


def _priorities(case: Any) -> tuple[date, ...]:
    rows = case.priority if isinstance(case.priority, list) else []
    days = {_day(row.get("date") if isinstance(row, Mapping) else row) for row in rows} | {_day(case.priority_date)}
    return tuple(sorted(day for day in days if day is not None))


def _day(value: Any) -> date | None:
    if type(value) is date:
        return value
    try:
        return date.fromisoformat(value) if isinstance(value, str) else None
    except ValueError:
        return None


def _event(event: Any) -> Event:
    details = event.details if isinstance(getattr(event, "details", None), Mapping) else {}
    inputs: dict[str, Any] = {name: day for name in EVENT_DAYS if (day := _day(details.get(name)))}
    for name in EVENT_DAYS:
        if day := _day(getattr(event, name, None)):
            inputs[name] = day
    inputs |= {name: number for name in EVENT_FIGURES if (number := _whole(details.get(name))) is not None}
    inputs |= {name: True for name in EVENT_FLAGS if details.get(name) is True}
    if printed := _printed(details):
        inputs["printed_period"] = printed
    delivery = getattr(event, "delivery", None) or details.get("delivery")
    if delivery:
        inputs["delivery"] = delivery
    received = _day(getattr(event, "receipt_date", None))
    if received and delivery in ("post", "paper", "handed_over"):
        inputs.setdefault("handed_over_date" if delivery == "handed_over" else "postmark_receipt_date", received)
    day = _day(getattr(event, "date", None)) or inputs.get("dispatch_date")
    return Event(str(event.id), event.code, day, inputs)


def _printed(details: Mapping[str, Any]) -> tuple[int, str] | None:
    for name, unit in _PRINTED.items():
        number = _whole(details.get(name))
        if number is not None and 0 < number <= 3660:
            return number, unit
    return None


def engine_inputs(stored: Mapping[str, Any] | None) -> dict[str, Any]:
    """Inputs as the engine takes them, from what a deadline keeps of them: days as ISO text, tuples as lists."""
    inputs = dict(stored or {})
    if isinstance(inputs.get("printed_period"), list):
        inputs["printed_period"] = tuple(inputs["printed_period"])
    return inputs
