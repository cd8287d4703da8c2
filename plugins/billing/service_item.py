"""Which service of the price list a case mainly is: known from its type, so that nobody types it. Reads only."""

from __future__ import annotations

from typing import Any

from sqlalchemy import select

from core import db, elevated

BY_TYPE: dict[str, str] = {
    "tm_application": "TM_APP",
    "tm_non_use_cancellation": "TM_NON_USE",
    "tm_renewal": "TM_RENEWAL",
    "madrid": "MD_APP",
    "invention": "INV_APP",
    "utility_model": "UM_APP",
    "design": "DES_APP",
    "pct_national": "PCT_ENTRY",
    "pat_reexam": "PAT_REEXAM",
    "cr_software": "SW_COPYRIGHT",
    "cr_works": "WORK_COPYRIGHT",
}
BY_DETAIL: dict[str, tuple[str, dict[Any, str], str]] = {
    "tm_review": (
        "review_kind",
        {"non_registration": "TM_REVIEW_NONREG", "cancellation": "TM_CANCEL_REVIEW"},
        "TM_REVIEW_REFUSAL",
    ),
    "tm_opposition": ("side", {"respondent": "TM_OPPOSITION_ANSWER", "owner": "TM_OPPOSITION_ANSWER"}, "TM_OPPOSITION"),
    "tm_invalidation": (
        "side",
        {"respondent": "TM_INVALIDATION_ANSWER", "owner": "TM_INVALIDATION_ANSWER"},
        "TM_INVALIDATION",
    ),
    "tm_recordal": ("recordal_kind", {"change": "TM_CHANGE", "licence": "TM_LICENCE"}, "TM_ASSIGNMENT"),
    "pat_invalidation": (
        "side",
        {"respondent": "PAT_INVALIDATION_DEFENCE", "owner": "PAT_INVALIDATION_DEFENCE"},
        "PAT_INVALIDATION",
    ),
}


def code_of(case: Any) -> str | None:
    """The code of the main service of a case."""
    if case.case_type in BY_DETAIL:
        name, codes, other = BY_DETAIL[case.case_type]
        return codes.get(getattr(case, name, None), other)
    return BY_TYPE.get(case.case_type)


def main_item(case: Any) -> int | None:
    """The id of the price item that a case mainly is; None where the price list has none."""
    return _ids().get(code_of(case) or "")


def _ids() -> dict[str, int]:
    """Ids of the price list by code, read once in a session."""
    from plugins.billing.tariff import PriceItem

    known = db.session().info.get("billing_items")
    if known is None:
        with elevated("a case knows which service it is"):
            known = dict(db.session.execute(select(PriceItem.code, PriceItem.id)).all())
        db.session().info["billing_items"] = known
    return known
