"""The letters about one case: before and after filing, renewal, power of attorney. Lists are in `portfolio`."""

from __future__ import annotations

from datetime import date, timedelta
from typing import Any

from dateutil.relativedelta import relativedelta
from sqlalchemy import select

from core import DocumentKind, L, _, db, today
from plugins.cases import forwarding, portfolio
from plugins.cases.case import Case
from plugins.cases.facts import events_of
from plugins.cases.merging import (
    answer_by,
    case_fields,
    client_of,
    deadline_fields,
    deadlines_of,
    next_milestone,
)
from plugins.cases.money import cost_of_filing, cost_of_renewal, quotation_of
from plugins.cases.status import model
from plugins.clients import client_fields, contact_fields

CASE, FOLDER = "cases.case", "cases/documents"
NEW_FILINGS = (
    *("tm_application", "madrid", "invention", "utility_model", "design", "pct_national", "cr_software", "cr_works"),
)
FILED = ("TM_FILED", "PAT_FILED", "CR_SOFTWARE_FILED", "CR_WORK_FILED", "MADRID_FILED", "PCT_ENTERED")
BEFORE_FILING = "intake"
FILE_WITHIN_DAYS = 3
OTHERS_WITHIN = timedelta(days=730)
RENEWAL, GRACE = "CN.TM.RENEWAL", "CN.TM.RENEWAL_GRACE"


def kinds() -> list[DocumentKind]:
    """What can be made of cases, of official papers, and of clients as holders of cases."""
    return [
        DocumentKind(
            "filing_confirmation_request",
            CASE,
            L("递交前确认函", "Request to confirm the filing"),
            f"{FOLDER}/filing_confirmation_request.html",
            confirmation_request,
            available=_to_be_filed,
        ),
        DocumentKind(
            "filing_confirmation",
            CASE,
            L("递交确认函", "Filing confirmation"),
            f"{FOLDER}/filing_confirmation.html",
            confirmation,
            available=_was_filed,
        ),
        DocumentKind(
            "renewal_reminder",
            CASE,
            L("商标续展提醒函", "Trademark renewal reminder"),
            f"{FOLDER}/renewal_reminder.html",
            renewal,
            available=_renewable,
        ),
        DocumentKind(
            "power_of_attorney",
            CASE,
            L("代理委托书", "Power of attorney"),
            f"{FOLDER}/power_of_attorney.html",
            attorney,
            audience="client",
        ),
        *forwarding.kinds(),
        *portfolio.kinds(),
    ]


def about(case: Case, language: str, roles: tuple[str, ...]) -> dict[str, Any]:
    """What every letter about a case says: the case, its client, to whom, from which house, who signs."""
    client = client_of(case)
    return {
        "case": case_fields(case, language),
        "client": client_fields(client, language),
        "to": contact_fields(client, roles, language),
        "branch_id": case.branch_id,
        "signer_id": case.agent_id,
    }


def _to_be_filed(case: Case) -> Any:
    if case.case_type not in NEW_FILINGS:
        return _("This letter is for new filings.")
    return case.status_group == BEFORE_FILING or _("The case is filed already.")


def confirmation_request(case: Case, language: str) -> dict[str, Any]:
    """All that will be filed, for the client to confirm."""
    last = _end_of_priority(case)
    return about(case, language, ("legal_head", "daily")) | {
        "deadline": {"client_date": answer_by(last), "official_date": last},
        "quote": cost_of_filing(case),
        "file_within_days": FILE_WITHIN_DAYS,
        "earlier_marks": list(case.cited_marks or ()),
    }


def _end_of_priority(case: Case) -> date | None:
    """Until when a claimed priority can be kept by filing: six or twelve months (Paris Convention, article 4 C)."""
    months = {"tm_application": 6, "design": 6, "invention": 12, "utility_model": 12}.get(case.case_type)
    if months is None or case.priority_date is None:
        return None
    end = case.priority_date + relativedelta(months=months)
    return end if end >= today() else None


def _was_filed(case: Case) -> Any:
    if case.case_type not in NEW_FILINGS:
        return _("This letter is for new filings.")
    return bool(case.filing_date) or _("The case is not filed yet.")


def confirmation(case: Case, language: str) -> dict[str, Any]:
    """Proof that the filing was made, and what comes next."""
    filing = next((e for e in reversed(events_of([case.id])) if e.code in FILED), None)
    channel = {"electronic": ("电子", "electronically"), "paper": ("纸件", "on paper"), "post": ("邮寄", "by post")}
    told = channel.get(filing.delivery or "electronic" if filing else "electronic", channel["electronic"])
    return about(case, language, ("daily", "legal_head")) | {
        "filing": {
            "channel_zh": told[0],
            "channel_en": told[1],
            "receipt": filing.notice_number if filing else None,
            "date": case.filing_date,
        },
        "milestones": _milestones(case, language),
        "quote": quotation_of(case),
    }


def _milestones(case: Case, language: str) -> list[dict[str, Any]]:
    first = next_milestone(case, model(case.case_type), language)
    return [first] if first else []


def _renewable(case: Case) -> Any:
    if case.right_kind != "trademark" or not case.valid_to or not case.registration_number:
        return _("Only registered marks with an end of validity are renewed.")
    return today() <= case.valid_to + relativedelta(months=6) or _("The grace period is over.")


def renewal(case: Case, language: str) -> dict[str, Any]:
    """The question whether a mark shall be renewed, with the last days and the client's other marks of two years."""
    found = {d.rule_code: d for d in deadlines_of([case.id], RENEWAL, GRACE)}
    assert case.valid_to is not None
    in_grace = today() > case.valid_to
    official = found[GRACE].due if in_grace and GRACE in found else case.valid_to
    dated = found.get(GRACE if in_grace else RENEWAL)
    deadline = deadline_fields(dated, language) if dated else {"official_date": official, "client_date": None}
    deadline["client_date"] = deadline["client_date"] or answer_by(official, days=30)
    deadline |= {
        "open_since": case.valid_to - relativedelta(months=12),
        "grace_end": found[GRACE].due if GRACE in found else case.valid_to + relativedelta(months=6),
        "in_grace": in_grace,
    }
    return about(case, language, ("legal_head", "daily")) | {
        "deadline": deadline,
        "quote": cost_of_renewal(case),
        "other_due": _others(case, language),
    }


def _others(case: Case, language: str) -> list[dict[str, Any]]:
    if case.client_id is None:
        return []
    query = (
        select(Case)
        .where(
            Case.client_id == case.client_id,
            Case.id != case.id,
            Case.right_kind == "trademark",
            Case.registration_number.is_not(None),
            Case.valid_to.between(today() - timedelta(days=183), today() + OTHERS_WITHIN),
            Case.archived_at.is_(None),
        )
        .order_by(Case.valid_to, Case.id)
    )
    return [case_fields(other, language) for other in db.session.scalars(query.limit(60))]


def attorney(case: Case, language: str) -> dict[str, Any]:
    """The authority towards the office; each applicant signs."""
    powers = "patent" if case.right_kind in ("invention", "utility_model", "design") else "other"
    return about(case, language, ("legal_head", "daily")) | {"power": {"kind": powers}}
