"""One line from the price list: units counted on a case, tier price, official fees of the day. Writes nothing."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import date
from decimal import Decimal
from typing import Any

from sqlalchemy import select

from core import db, gettext, today
from plugins.billing.reckoning.amounts import ZERO, to_cents
from plugins.billing.reckoning.annuities import annuity_year_on, grace_month, reduction_of_annuity
from plugins.billing.reckoning.official import FREE_ITEMS, Fee, FeeTable, Subject, UnknownFee
from plugins.billing.reckoning.prices import HUNDRED, rate, service_fee
from plugins.billing.records import OfficialFee
from plugins.billing.settings import agreed

PAPER = ("paper", "纸", "邮", "post", "hand", "直接")
"""Words in a filing channel that mean paper; everything else is online."""


def fee_table(day: date | None = None) -> FeeTable:
    """The official fees in force on a day (today)."""
    names = tuple(Fee.__dataclass_fields__)
    columns = [getattr(OfficialFee, name) for name in names]
    rows = db.session.execute(select(*columns)).all()
    return FeeTable((Fee(*row) for row in rows), day or today())


@dataclass(frozen=True)
class Matter:
    """What a case, with the event that makes something fall due, gives to count on."""

    subject: Subject
    tier: str | None = None
    grace: bool = False

    def units(self, counting: str) -> int:
        """How many units of an item counted that way there are."""
        if counting == "class":
            return self.subject.classes
        if counting == "extra_item":
            return self.subject.extra_items
        if counting == "excess_claim":
            return max(0, self.subject.claims - FREE_ITEMS)
        return self.subject.priorities if counting == "priority" else 1


def matter_of(case: Any, event: Any = None, tier: str | None = None) -> Matter:
    """The facts of a case that prices and official fees hang on; `event` adds channel, classes and annuity year."""
    details = (event.details or {}) if event is not None else {}
    classes = [str(c) for c in _classes(case, event)]
    goods = {str(row["class"]): row.get("items") or [] for row in case.goods or ()}
    over = sum(max(0, len(goods.get(number, ())) - FREE_ITEMS) for number in classes)
    paid = _day(event, details)
    year = _year(case, details, paid)
    month = grace_month(case.filing_date, year, paid) if year and case.filing_date else 0
    reduction = Decimal(case.fee_reduction or 0)
    if year:
        granted = case.grant_publication_date
        reduction = reduction_of_annuity(reduction, case.filing_date, granted, year)
    subject = Subject(
        right_kind=_right_kind(case),
        channel="paper" if any(w in str(details.get("filing_channel") or "").lower() for w in PAPER) else "online",
        classes=max(1, len(classes)),
        extra_items=over,
        claims=case.claims_count or 0,
        priorities=len(case.priority or ()),
        reduction=reduction,
        annuity_year=year,
        grace_month=month,
    )
    return Matter(subject, tier, grace=bool(case.in_grace) or month > 1 or _is_more(details.get("late_fee")))


def _classes(case: Any, event: Any) -> list[Any]:
    if event is not None and event.classes:
        return event.classes
    return case.classes_to_renew or case.classes or ([case.class_] if case.class_ else [])


def _right_kind(case: Any) -> str | None:
    kind = case.right_kind or case.case_type
    return "invention" if kind in ("pct", "pct_national") else kind


def _day(event: Any, details: Mapping[str, Any]) -> date:
    told = details.get("payment_date")
    return date.fromisoformat(told) if isinstance(told, str) else (event.date if event is not None else None) or today()


def _year(case: Any, details: Mapping[str, Any], paid: date) -> int | None:
    told = str(details.get("annuity_year") or "")
    if told.isdigit():
        return int(told)
    if case.paid_to_year:
        return case.paid_to_year + 1
    granted = case.grant_publication_date or paid
    return annuity_year_on(case.filing_date, granted) if case.filing_date and _is_patent(case) else None


def _is_patent(case: Any) -> bool:
    return case.case_type in ("invention", "utility_model", "design", "pct_national")


def _is_more(told: Any) -> bool:
    try:
        return Decimal(str(told or 0)) > 0
    except ArithmeticError:
        return False


def official_of(item: Any, table: FeeTable, subject: Subject) -> tuple[Decimal, str | None]:
    """The official fees that an item brings, and a note about those that the table does not have."""
    total, missing = ZERO, []
    for code in item.official_fees or ():
        try:
            if item.counting == "extra_item":
                total += table.extra_items(code, subject)
            else:
                total += table.official(code, replace(subject, extra_items=0) if item.counting == "class" else subject)
        except UnknownFee:
            missing.append(code)
    if not missing:
        return total, None
    return total, gettext("No official fee in the table for %(codes)s; enter it by hand.", codes=", ".join(missing))


def line_of(item: Any, matter: Matter, table: FeeTable, quantity: Decimal | None = None) -> dict[str, Any]:
    """The values of a line, by field name. A stated quantity counts for the service fee and for fees per unit."""
    subject = matter.subject
    if quantity is not None and item.counting == "class":
        subject = replace(subject, classes=int(quantity))
    elif quantity is not None and item.counting == "extra_item":
        subject = replace(subject, extra_items=int(quantity))
    elif quantity is not None:
        subject = replace(subject, quantity=int(quantity), months=int(quantity))
    units = Decimal(matter.units(item.counting)) if quantity is None else quantity
    percent = rate(agreed().prices, matter.tier, int(units) if item.unit == "class" else 1)
    official, note = official_of(item, table, subject)
    return {
        "item": item.id,
        "description": item.name,
        "description_en": item.name_en,
        "quantity": units,
        "unit": item.unit,
        "list_price": item.list_price,
        "price_percent": percent,
        "official_amount": official,
        "service_amount": service_fee(item.list_price, units, percent),
        "tax_rate": item.tax_rate,
        "note": note if note or percent == HUNDRED else _why(percent),
    }


def _why(percent: Decimal) -> str:
    return gettext("%(percent)s %% of the list price", percent=f"{percent.normalize():f}")


def percent_of_list(offered: Decimal, listed: Decimal) -> str | None:
    """What a line says about its price; nothing at the full list price."""
    if listed <= 0 or offered == listed:
        return None
    return _why(to_cents(offered * HUNDRED / listed))


def applies(item: Any, case: Any, code: str, matter: Matter) -> bool:
    """Whether this event on this case makes the item fall due."""
    if code not in (item.events or ()) or case.case_type not in (item.case_types or (case.case_type,)):
        return False
    for name, allowed in (item.conditions or {}).items():
        value = matter.grace if name in ("grace", "in_grace") else getattr(case, name, None)
        if value not in allowed and not (value is False and None in allowed):
            return False
    return matter.units(item.counting) > 0


def due_items(items: Iterable[Any], case: Any, code: str, matter: Matter) -> list[Any]:
    """The items that fall due, in the order of their codes."""
    return sorted((item for item in items if applies(item, case, code, matter)), key=lambda item: item.code)
