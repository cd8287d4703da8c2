"""What a client holds with us: the status report of all cases, and the list of registered marks as paper and sheet."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from datetime import date, timedelta
from typing import Any

from sqlalchemy import select

from core import DocumentKind, L, _, db, gettext, today
from plugins.cases import choices, status
from plugins.cases.case import Case
from plugins.cases.facts import events_of
from plugins.cases.forwarding import letters
from plugins.cases.merging import case_fields, deadline_fields, deadlines_of
from plugins.clients import Client, client_fields, contact_fields

CLIENT, FOLDER = "clients.client", "cases/documents"
PERIOD = timedelta(days=90)
AHEAD = timedelta(days=365)
MOST = 400
MOST_CHANGES = 60
GROUP_ORDER = ("intake", "pending", "action", "published", "granted", "at_risk", "won", "closed", "withdrawn", "dead")


def kinds() -> list[DocumentKind]:
    """Two kinds on clients."""
    return [
        DocumentKind(
            "case_status_report",
            CLIENT,
            L("案件状态报告", "Case status report"),
            f"{FOLDER}/case_status_report.html",
            report,
            available=lambda client: _has_cases(client),
        ),
        DocumentKind(
            "mark_list",
            CLIENT,
            L("注册商标清单", "List of registered marks"),
            f"{FOLDER}/mark_list.html",
            marks,
            formats=("pdf", "xlsx"),
            available=lambda client: _has_marks(client),
            sheet=sheet,
        ),
    ]


def _of(client: Client) -> Any:
    return select(Case).where(Case.client_id == client.id, Case.archived_at.is_(None))


def _registered(client: Client) -> Any:
    registered = (
        Case.right_kind == "trademark",
        Case.case_type == "tm_application",
        Case.registration_number.is_not(None),
    )
    return _of(client).where(*registered)


def _has_cases(client: Client) -> Any:
    return db.session.scalars(_of(client).limit(1)).first() is not None or _("This client has no cases.")


def _has_marks(client: Client) -> Any:
    return db.session.scalars(_registered(client).limit(1)).first() is not None or _(
        "This client has no registered marks."
    )


def report(client: Client, language: str) -> dict[str, Any]:
    """How all cases stand: by stage, what changed, what is asked of the client, dates ahead."""
    cases = list(db.session.scalars(_of(client).order_by(Case.opened_on, Case.id).limit(MOST)))
    by_id = {case.id: case for case in cases}
    dates = [d for d in deadlines_of(list(by_id)) if d.kind == "deadline" and not d.optional]
    fields = {case.id: case_fields(case, language) for case in cases}
    _add_next(fields, dates, language)
    groups = Counter(case.status_group for case in cases)
    since = today() - PERIOD
    return {
        "client": client_fields(client, language),
        "to": contact_fields(client, ("legal_head", "decision_maker", "daily"), language),
        "branch_id": client.branch_id,
        "signer_id": client.owner_id,
        "period": {"from": since, "to": today()},
        "stages": [_stage(code, groups[code], language) for code in GROUP_ORDER if groups.get(code)],
        "cases": [fields[case.id] for case in sorted(cases, key=_by_stage)],
        "cases_total": len(cases),
        "cases_pending": sum(groups[code] for code in ("pending", "action", "published", "intake")),
        "cases_granted": sum(groups[code] for code in ("granted", "at_risk")),
        "cases_action": len({d.case_id for d in dates if d.client_date is not None}),
        "cases_new": sum(case.opened_on is not None and case.opened_on >= since for case in cases),
        "cases_closed": sum(case.closed_on is not None and case.closed_on >= since for case in cases),
        "changes": _changes(by_id, fields, since, language),
        "asked": [_asked(d, fields, language) for d in dates if d.client_date is not None][:MOST_CHANGES],
        "ahead": [_asked(d, fields, language) for d in dates if d.due <= today() + AHEAD][:MOST_CHANGES],
    }


def _by_stage(case: Case) -> tuple[int, str, int]:
    group = case.status_group or ""
    return (GROUP_ORDER.index(group) if group in GROUP_ORDER else 99, case.right_kind or "", case.id)


def _stage(code: str | None, count: int, language: str) -> dict[str, Any]:
    group = status.groups()[code or ""]
    return {"label": group.zh if language == "zh" else group.en, "value": count}


def _add_next(fields: dict[int, dict[str, Any]], dates: list[Any], language: str) -> None:
    """The next date of each case that the client is told."""
    for each in fields.values():
        each["next_date"] = None
    for deadline in dates:
        known = fields[deadline.case_id]
        if known["next_date"] is None:
            known["next_date"] = deadline_fields(deadline, language)


def _asked(deadline: Any, fields: dict[int, dict[str, Any]], language: str) -> dict[str, Any]:
    case = fields[deadline.case_id]
    late = deadline.client_date is not None and deadline.client_date < today()
    named = {"number": case["number"], "title": case["title"], "late": late, "severe": deadline.severity == "fatal"}
    return deadline_fields(deadline, language) | named


def _changes(
    by_id: dict[int, Case], fields: dict[int, dict[str, Any]], since: date, language: str
) -> list[dict[str, Any]]:
    """Papers of the offices and our filings in the period, newest first; nothing of our own inner steps."""
    kinds = status.event_types()
    told = [
        event
        for event in events_of(list(by_id))
        if event.date
        and event.date >= since
        and event.code in kinds
        and (event.code in letters() or kinds[event.code].source == "filing")
    ]
    newest = sorted(told, key=lambda event: (event.date, event.id), reverse=True)[:MOST_CHANGES]
    return [
        {
            "date": event.date,
            "what": kinds[event.code].label(language),
            "number": fields[event.case_id]["number"],
            "title": fields[event.case_id]["title"],
            "reference": event.notice_number,
        }
        for event in newest
    ]


def marks(client: Client, language: str) -> dict[str, Any]:
    """The registered marks of a client, soonest end of validity first."""
    found = list(db.session.scalars(_registered(client).order_by(Case.valid_to, Case.id).limit(MOST)))
    rows = [_mark(case, language) for case in found]
    classes = Counter(row["number"] for mark in rows for row in mark["classes"])
    years = Counter(str(case.valid_to.year) for case in found if case.valid_to)
    states = Counter(mark["status"] for mark in rows)
    sources = [case.verified_at.date() for case in found if case.verified_at]
    return {
        "client": client_fields(client, language),
        "to": contact_fields(client, ("legal_head", "daily"), language),
        "branch_id": client.branch_id,
        "signer_id": client.owner_id,
        "marks": rows,
        "marks_total": len(rows),
        "mark_class_total": sum(classes.values()),
        "by_class": [
            {"label": code, "value": count} for code, count in sorted(classes.items(), key=lambda p: int(p[0]))
        ],
        "by_status": _bars(states.most_common()),
        "by_year": _bars(sorted(years.items())),
        "last_checked": max(sources, default=None),
    }


def _bars(counted: Iterable[tuple[str, int]]) -> list[dict[str, Any]]:
    return [{"label": label, "value": count} for label, count in counted]


def _mark(case: Case, language: str) -> dict[str, Any]:
    overlays = [str(choice.label) for choice in _overlays(case)]
    grace = case.valid_to is not None and case.valid_to < today() and case.status_group in ("granted", "at_risk")
    return case_fields(case, language) | {
        "proceeding": ("、" if language == "zh" else ", ").join(overlays) or None,
        "next_renewal_reminder": case.next_renewal_reminder,
        "in_grace": grace,
    }


def _overlays(case: Case) -> list[Any]:
    return [choice for choice in choices.overlays() if choice.code in (case.overlays or ())]


def sheet(data: dict[str, Any]) -> dict[str, Any]:
    """The same list for a spreadsheet, with all goods in full; numbers stay text."""
    columns = (
        ("no", gettext("No."), 6, "number"),
        ("mark_image", gettext("Picture"), 13, "picture"),
        ("mark_name", gettext("Mark"), 22, "text"),
        ("registration_number", gettext("Registration number"), 16, "text"),
        ("class_list", gettext("Classes"), 10, "text"),
        ("goods", gettext("Goods and services"), 60, "text"),
        ("applicant", gettext("Registrant"), 30, "text"),
        ("filing_date", gettext("Filing date"), 12, "date"),
        ("registration_date", gettext("Registration date"), 12, "date"),
        ("valid_to", gettext("Exclusive right to"), 12, "date"),
        ("next_renewal_reminder", gettext("Next renewal reminder"), 14, "date"),
        ("status", gettext("Status"), 14, "text"),
        ("proceeding", gettext("Proceedings"), 18, "text"),
        ("number", gettext("Our number"), 18, "text"),
    )
    rows = [_sheet_row(at, mark) for at, mark in enumerate(data["marks"], 1)]
    day = data["doc"]["date"]
    return {
        "title": data["doc"]["title"],
        "notes": [
            data["client"]["name"],
            gettext(
                "As of %(day)s; %(marks)s marks, %(classes)s mark-class rights",
                day=day.isoformat(),
                marks=data["marks_total"],
                classes=data["mark_class_total"],
            ),
        ],
        "columns": [{"key": k, "label": label, "width": width, "kind": kind} for k, label, width, kind in columns],
        "rows": rows,
    }


def _sheet_row(at: int, mark: dict[str, Any]) -> dict[str, Any]:
    goods = "\n".join(f"{row['number']}: {row['goods'] or ''}" for row in mark["classes"])
    applicant = "; ".join(row["name"] for row in mark["applicants"])
    return mark | {"no": at, "goods": goods, "applicant": applicant}
