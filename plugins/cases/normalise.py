"""Completing and checking cases before they are written: numbers by jurisdiction, kinds, terms, classes, places."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from datetime import date
from typing import Any

from sqlalchemy import select, update

from core import Change, FieldError, Invalid, Refused, _, current_principal, db, elevated, today
from plugins.cases import choices, status
from plugins.cases.case import CRITICAL, Case, has_critical
from plugins.cases.computed import end_of_term
from plugins.cases.formats import (
    BadNumber,
    compact,
    normalise_copyright_number,
    normalise_foreign_number,
    normalise_mark_number,
    normalise_pct_number,
    normalise_wo_number,
    parse_patent_number,
    parse_publication_number,
)
from plugins.clients import Client

BAD_NUMBER = {
    "ruined_number": _("A spreadsheet has rounded this number. Type it from the document."),
    "check_digit": _("The check digit does not fit the number."),
    "publication_number": _("This is a publication number, not an application number."),
    "application_number": _("This is an application number, not a publication number."),
    "future_year": _("The year in the number lies in the future."),
    "bad_number": _("This is no number of this office."),
}
NUMBERS = (
    "application_number",
    "publication_number",
    "grant_number",
    "registration_number",
    "international_number",
    "wo_number",
)
TERM = ("registration_date", "valid_from", "valid_to", "right_kind", "case_type")


def complete_new(cases: Iterable[Any]) -> None:
    """What a new case gets before it is written; raises `Invalid` naming the fields at fault."""
    principal = current_principal()
    cases = list(cases)
    number_clients(cases)
    for case in cases:
        if case.case_type not in status.codes():
            continue
        _complete_kind(case)
        case.opened_on = case.opened_on or today()
        case.branch_id = case.branch_id or principal.branch_id
        case.department_id = case.department_id or principal.department_id
        if case.status_since is None and case.status == status.model(case.case_type).initial:
            case.status_since = case.opened_on
        normalise(case)
        _complete_term(case)
        if has_critical(case):
            case.entered_by_id = principal.user_id


def complete_changed(changes: Iterable[Change]) -> None:
    """The same for changed cases; changed critical data ask for a new verification. Raises `Invalid`, `Refused`."""
    changes = list(changes)
    number_clients([change.record for change in changes if change.changed("client")])
    for change in changes:
        case = change.record
        if change.changed("status"):
            _may_set_status(case)
        if change.changed("case_type") and change.old.get("case_type"):
            _check_type_change(case)
        normalise(case)
        if change.changed(*TERM):
            _complete_term(case)
        if _asks_again(change) and not change.changed("verified_by"):
            case.entered_by_id = current_principal().user_id
            case.verified_by_id = case.verified_at = None


def _asks_again(change: Change) -> bool:
    """Whether critical data were changed that nobody else has seen; the first filing date on its receipt was."""
    case, changed = change.record, [name for name in CRITICAL if change.changed(name)]
    proven = getattr(case, "proven", {}) if case.verified_at is not None else {}
    return any(change.old.get(name) is not None or proven.get(name) != getattr(case, name, None) for name in changed)


def number_clients(cases: list[Any]) -> None:
    """Each case carries the number of its client, by which it is found."""
    ids = {case.client_id for case in cases if case.client_id}
    numbers: dict[int, str | None] = {}
    if ids:
        with elevated("a case carries the number of its client") as session:
            numbers = dict(session.execute(select(Client.id, Client.number).where(Client.id.in_(ids))).all())
    for case in cases:
        case.client_number = numbers.get(case.client_id)


def renumber_clients(changes: Iterable[Change]) -> None:
    """A corrected client number reaches the client's cases."""
    with elevated("a case carries the number of its client") as session:
        for change in changes:
            mine = update(Case).where(Case.client_id == change.record.id)
            session.execute(mine.values(client_number=change.record.number))


def _complete_kind(case: Any) -> None:
    kinds = choices.right_kinds_of(case.case_type)
    if case.right_kind is None and (len(kinds) == 1 or case.case_type == "pct_national"):
        case.right_kind = kinds[0]


def _may_set_status(case: Any) -> None:
    """The status moves by events; an import run, which states its reason, may set what its source says."""
    if getattr(case, "moving", False) or db.session().info.get("reason") or db.session().principal.is_system:
        return
    raise Refused(
        _("The status moves by recording an event. Correct it by hand with the action, which asks for a reason."),
        code="status_by_event",
    )


def _check_type_change(case: Any) -> None:
    if case.status not in status.model(case.case_type).states:
        raise Invalid([FieldError("case_type", "status", _("The new case type does not know the present status."))])


def normalise(case: Any) -> None:
    """Bring numbers into their stored form and keep lists in step; raises `Invalid`."""
    errors = [error for name in NUMBERS if (error := _number(case, name))]
    if case.case_type and case.status not in status.model(case.case_type).states:
        errors.append(FieldError("status", "status", _("This case type has no such status.")))
    if case.right_kind and case.case_type and case.right_kind not in choices.right_kinds_of(case.case_type):
        errors.append(FieldError("right_kind", "right_kind", _("This kind of right does not go with the case type.")))
    if case.valid_from and case.valid_to and case.valid_to < case.valid_from:
        errors.append(FieldError("valid_to", "order", _("The end lies before the beginning.")))
    if errors:
        raise Invalid(errors)
    _keep_priority(case)
    _keep_classes(case)


def _number(case: Any, name: str) -> FieldError | None:
    text = getattr(case, name)
    if not text or (name == "registration_number" and case.right_kind != "copyright"):
        return None
    try:
        stored = _reader(case, name)(text)
    except BadNumber as error:
        return FieldError(name, error.code, BAD_NUMBER.get(error.code, BAD_NUMBER["bad_number"]))
    if stored != text:
        setattr(case, name, stored)
    return None


def _reader(case: Any, name: str) -> Callable[[str], str]:
    if name == "international_number":
        return normalise_pct_number
    if name == "wo_number":
        return normalise_wo_number
    if case.right_kind in ("trademark", "madrid"):
        return lambda text: normalise_mark_number(text, case.jurisdiction)
    if case.jurisdiction != "CN":
        return normalise_foreign_number
    if case.right_kind in choices.PATENTS:
        return _patent_number if name == "application_number" else _publication_number
    return normalise_copyright_number if name == "registration_number" else compact


def _patent_number(text: str) -> str:
    return parse_patent_number(text).canonical


def _publication_number(text: str) -> str:
    return parse_publication_number(text).canonical


def _keep_priority(case: Any) -> None:
    """The list of claims leads; without one, the single fields make it."""
    if case.priority:
        first = case.priority[0]
        case.priority_date = date.fromisoformat(first["date"])
        case.priority_number = first.get("number") or case.priority_number
        case.priority_country = first.get("country") or case.priority_country
    elif case.priority_date:
        case.priority = [
            {
                "country": case.priority_country or "",
                "number": case.priority_number or "",
                "date": case.priority_date.isoformat(),
            }
        ]


def _keep_classes(case: Any) -> None:
    """Classes and goods name the same classes: what one has more, the other gets."""
    listed = {int(code) for code in case.classes or ()}
    described = {row["class"] for row in case.goods or ()}
    if described - listed:
        case.classes = [str(number) for number in sorted(listed | described)]
    if listed - described:
        added = [{"class": number, "items": []} for number in listed - described]
        case.goods = sorted([*(case.goods or ()), *added], key=lambda row: row["class"])


def _complete_term(case: Any) -> None:
    """A Chinese registration runs ten years from its day, which is the first day of the right."""
    if case.jurisdiction != "CN" or case.case_type != "tm_application" or not case.registration_date:
        return
    case.valid_from = case.valid_from or case.registration_date
    case.valid_to = case.valid_to or end_of_term(case.valid_from)
