"""The records of what things cost: price items of the agency, official fees with the days from which they hold."""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from typing import Any

from sqlalchemy import UniqueConstraint
from sqlalchemy.orm import Mapped

from core import Record, _, current_locale, fields, registry
from plugins.billing import choices
from plugins.billing.bill import percent


def _case_types() -> Any:
    return registry().types["cases.case"].fields["case_type"].choices


def _events() -> Any:
    return registry().types["cases.event"].fields["code"].choices


class PriceItem(Record):
    """One service of the price list. Its price includes tax and leaves official fees out."""

    __record__ = {
        "key": "billing.price_item",
        "open": "the price list of the agency",
        "label": _("Price item"),
        "plural": _("Price list"),
        "title": "name",
        "title_en": "name_en",
        "number": "code",
        "icon": "tags",
        "order": "code",
        "archive": True,
        "guarded": True,
    }

    code: Mapped[str] = fields.text(_("Code"), required=True, unique=True, search=True, max_length=60)
    name: Mapped[str] = fields.text(_("Service item"), required=True, search=True, max_length=200)
    name_en: Mapped[str | None] = fields.text(_("Service in English"), search=True, max_length=200)
    group: Mapped[str | None] = fields.choice(_("Group"), choices.GROUPS, index=True)
    unit: Mapped[str] = fields.choice(_("Unit"), choices.UNITS, required=True, default="case")
    list_price: Mapped[Decimal] = fields.money(_("List price"), required=True, help=_("In CNY, with tax, per unit."))
    floor_price: Mapped[Decimal | None] = fields.money(
        _("Floor price"), help=_("Below it only a partner approves a discount.")
    )
    tax_rate: Mapped[Decimal] = fields.decimal(
        _("Tax rate in per cent"), scale=2, required=True, default=Decimal(6), validate=percent
    )
    official_fees: Mapped[list | None] = fields.tags(
        _("Official fees"), help=_("Codes of the official fees it brings.")
    )
    events: Mapped[list | None] = fields.multi_choice(
        _("Falls due on"), _events, help=_("Events of a case that put this item on a draft bill by themselves.")
    )
    case_types: Mapped[list | None] = fields.multi_choice(_("For cases of type"), _case_types)
    conditions: Mapped[dict | None] = fields.json(_("Only when"))
    counting: Mapped[str] = fields.choice(_("Counted by"), choices.COUNTING, required=True, default="case")
    repeats: Mapped[bool] = fields.boolean(
        _("Every time"), default=False, help=_("Each such event is billed, not only the first one of a case.")
    )
    revenue_moment: Mapped[str | None] = fields.text(_("Revenue arises with"), max_length=200)
    commission_base: Mapped[str | None] = fields.text(_("Base of commission"), max_length=200)
    internal_days: Mapped[int | None] = fields.integer(_("Days of work"))
    note: Mapped[str | None] = fields.text(_("Note"), max_length=400)
    active: Mapped[bool] = fields.boolean(_("On offer"), default=True)


class OfficialFee(Record):
    """One amount of an official fee table, from a day on."""

    __record__ = {
        "key": "billing.official_fee",
        "open": "the offices' published fees",
        "label": _("Official fee"),
        "plural": _("Official fees"),
        "title": "name",
        "number": "code",
        "icon": "scale",
        "order": "code",
        "archive": False,
    }
    __table_args__ = (UniqueConstraint("code", "right_kind", "channel", "step", "valid_from"),)

    code: Mapped[str] = fields.text(_("Code"), required=True, search=True, index=True, max_length=60)
    name: Mapped[str] = fields.text(_("Name"), required=True, search=True, max_length=200)
    right_kind: Mapped[str | None] = fields.text(_("Kind of right"), max_length=40)
    channel: Mapped[str | None] = fields.choice(_("How it is filed"), choices.CHANNELS)
    step: Mapped[str | None] = fields.text(
        _("Part of the fee"),
        max_length=40,
        help=_("Part of a fee: extra_item, page_31_to_300, a span of years 4-6, month_3."),
    )
    amount: Mapped[Decimal] = fields.money(
        _("Amount"), required=True, help=_("In CNY; late-fee steps: per cent of the full annuity.")
    )
    per: Mapped[str] = fields.choice(_("Per"), choices.FEE_PER, required=True, default="case")
    reducible: Mapped[bool] = fields.boolean(_("Reducible"), default=False)
    valid_from: Mapped[date] = fields.date(_("In force from"), required=True)
    valid_to: Mapped[date | None] = fields.date(_("In force to"))
    certainty: Mapped[str | None] = fields.text(_("Certainty"), max_length=120)
    note: Mapped[str | None] = fields.text(_("Note"), max_length=600)


def label_of(item: Any, locale: str | None = None) -> str:
    """The name of a price item in a language; the Chinese one where there is no other."""
    return (item.name_en or item.name) if (locale or current_locale()) == "en" else item.name
