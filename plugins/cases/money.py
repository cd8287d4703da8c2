"""What a case costs its client: the letter and the portal name the same amounts. Prices themselves are elsewhere."""

from __future__ import annotations

from datetime import date
from typing import Any

from dateutil.relativedelta import relativedelta
from sqlalchemy import select

from core import db, elevated, record_class, registry, today
from plugins.cases.case import Case
from plugins.cases.status import model

OFFERED = ("sent", "accepted", "converted", "issued")
ASKS = "client_confirm"
"""In this status the client decides whether the filing, and so its cost, is wanted."""


def quotation_of(case: Case, since: date | None = None) -> dict[str, Any] | None:
    """What the newest offer for this case costs, where offers are kept: `quote.*`; outlays count to our fee.

    `since`: only offers made from that day on, for matters that come back.
    """
    if "billing.quotation" not in registry().types:
        return None
    offer = record_class("billing.quotation")
    wanted = [offer.case_id == case.id, offer.state.in_(OFFERED), offer.archived_at.is_(None)]
    wanted += [offer.quoted_on >= since] if since is not None else []
    found = db.session.scalars(select(offer).where(*wanted).order_by(offer.id.desc()).limit(1)).first()
    if found is None:
        return None
    names = ("number", "currency", "valid_until", "total", "official_total")
    return {name: getattr(found, name) for name in names} | {
        "service_total": found.service_total + found.disbursement_total
    }


def cost_of_filing(case: Case) -> dict[str, Any] | None:
    """What a yes to the filing will cost: as offered, else by the price list (then without number and last day).

    The client is told so; whoever makes the letter need not be allowed to read offers and prices.
    """
    with elevated("money is named before the client decides"):
        return quotation_of(case) or _by_price_list(case)


def cost_of_answer(case: Case) -> dict[str, Any] | None:
    """What a yes to the question that stands in the portal will cost: the filing, when that is what is asked."""
    if case.status == ASKS:
        return cost_of_filing(case)
    with elevated("money is named before the client decides"):
        return quotation_of(case)


class _Renewing:
    """A registered mark as its renewal will be: a matter of its own for the same classes."""

    case_type = "tm_renewal"

    def __init__(self, case: Case) -> None:
        self._case = case
        self.in_grace = case.valid_to is not None and case.valid_to < today()

    def __getattr__(self, name: str) -> Any:
        return getattr(self._case, name)


def cost_of_renewal(case: Case) -> dict[str, Any] | None:
    """What renewing this mark will cost: as offered since it can be renewed, else by the price list."""
    open_since = case.valid_to - relativedelta(months=15) if case.valid_to else None
    with elevated("money is named before the client decides"):
        return quotation_of(case, open_since) or _estimated(_Renewing(case), "RENEWAL_FILED")


def _by_price_list(case: Case) -> dict[str, Any] | None:
    if case.status_group != "intake":
        return None
    filing = next((t.event for t in model(case.case_type).by_state.get("ready_to_file", ()) if t.to == "filed"), None)
    return _estimated(case, filing) if filing else None


def _estimated(case: Any, event: str) -> dict[str, Any] | None:
    """Asked of whoever offers `estimate_cost` on cases."""
    estimate = registry().actions.get("cases.case", {}).get("estimate_cost")
    found = estimate.handler(case, {"event": event}) if estimate is not None else None
    if found is None:
        return None
    sums = {"official_total": found["official"], "service_total": found["service"]}
    total = found["official"] + found["service"]
    return sums | {"number": None, "currency": found["currency"], "valid_until": None, "total": total}
