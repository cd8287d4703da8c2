"""Named actions on quotations, and those that put services of the price list on bills, quotations and cases."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

from core import Action, Choice, L, Param, _
from plugins.billing import bills, drafting, quoting
from plugins.billing.choices import CHANNELS

BILL, QUOTATION = "billing.bill", "billing.quotation"
REASON = Param("reason", _("Reason"), required=True)
ITEM = Param("item", _("Service item"), "link", required=True, target="billing.price_item")
QUANTITY = Param("quantity", _("Quantity"), "decimal", help=_("Empty: counted on the case."))
RUSH = Param("rush", _("Rush surcharge"), "boolean", default=False)
KINDS = (
    Choice("invention", L("发明", "Invention")),
    Choice("utility_model", L("实用新型", "Utility model")),
    Choice("design", L("外观设计", "Design")),
)
REDUCTIONS = (Choice("70", L("70%", "70 %")), Choice("85", L("85%", "85 %")))


def actions() -> list[Action]:
    """Adding services, and the way of a quotation."""
    return [*_services(), *_quotations(), *_answers()]


def _services() -> list[Action]:
    return [
        Action(
            "cases.case",
            "bill_case",
            _("Bill a service"),
            _bill_case,
            params=(ITEM, QUANTITY, RUSH),
            icon="receipt",
        ),
        Action(
            BILL,
            "add_item",
            _("Add a service"),
            lambda bill, given: bills.add_item(bill, given["item"], given["quantity"], rush=bool(given["rush"])),
            params=(ITEM, QUANTITY, RUSH),
            available=bills.is_draft,
            icon="plus",
        ),
        Action(
            BILL,
            "add_cost",
            _("Add an outside cost"),
            lambda bill, given: bills.add_cost(bill, given["what"], given["invoice"], given["currency"], given["rate"]),
            params=(
                Param("what", _("What for"), required=True),
                Param("invoice", _("Amount of the outside invoice"), "money", required=True),
                Param("currency", _("Currency"), default="CNY"),
                Param("rate", _("Exchange rate of the day"), "decimal", help=_("Not for CNY. A reserve is added.")),
            ),
            available=bills.is_draft,
            icon="coins",
        ),
        Action(
            QUOTATION,
            "add_item",
            _("Add a service"),
            lambda quotation, given: _nothing(quoting.add_item(quotation, given)),
            params=_quoted,
            available=quoting.is_open,
            icon="plus",
        ),
    ]


def _quoted(quotation: Any) -> tuple[Param, ...]:
    """Without a case the counts that official fees hang on are asked."""
    if quotation is not None and quotation.case_id:
        return (ITEM, QUANTITY, RUSH)
    return (
        ITEM,
        QUANTITY,
        RUSH,
        Param("right_kind", _("Kind of right"), "choice", choices=KINDS, help=_("For official fees of patents.")),
        Param("channel", _("How it is filed"), "choice", choices=CHANNELS, default="online"),
        Param("claims", _("Number of claims"), "integer"),
        Param("pages", _("Pages of the description"), "integer"),
        Param("reduction", _("Fee reduction"), "choice", choices=REDUCTIONS),
    )


def _bill_case(case: Any, given: dict[str, Any]) -> dict[str, Any]:
    ident = drafting.bill_case(case, given["item"], given["quantity"], rush=bool(given["rush"]))
    return {"bill": ident, "message": _("The service stands on a draft bill.")}


def _nothing(_done: Any) -> None:
    return None


def _quotations() -> list[Action]:
    return [
        Action(
            QUOTATION,
            "send",
            _("Send"),
            lambda quotation, given: quoting.send(quotation, given["valid_until"]),
            params=(Param("valid_until", _("Valid until"), "date", help=_("Empty: by the agreed days.")),),
            available=lambda quotation: quoting.is_open(quotation) if quotation.state == "draft" else _("It waits."),
            primary=True,
            icon="send",
        ),
        Action(
            QUOTATION,
            "set_discount",
            _("Discount"),
            lambda quotation, given: quoting.set_discount(quotation, given["percent"] or Decimal(0), given["reason"]),
            params=(Param("percent", _("Per cent off the list"), "decimal", required=True), REASON),
            available=quoting.is_open,
            icon="adjustments",
        ),
        Action(
            QUOTATION,
            "approve_discount",
            _("Approve the discount"),
            lambda quotation, given: quoting.approve_discount(quotation, given["opinion"]),
            params=(Param("opinion", _("Opinion")),),
            available=quoting.waits,
            primary=True,
            icon="check",
        ),
    ]


def _answers() -> list[Action]:
    return [
        Action(
            QUOTATION,
            "accept",
            _("Client accepts"),
            lambda quotation, given: quoting.accept(quotation, given["note"]),
            params=(Param("note", _("Order or mail of the client")),),
            available=quoting.is_sent,
            primary=True,
            icon="check",
        ),
        Action(
            QUOTATION,
            "reject",
            _("Client declines"),
            lambda quotation, given: quoting.reject(quotation, given["reason"]),
            params=(REASON,),
            available=quoting.is_sent,
            icon="x",
        ),
        Action(
            QUOTATION,
            "revise",
            _("New version"),
            lambda quotation, _given: quoting.revise(quotation),
            available=quoting.can_revise,
            icon="copy",
        ),
    ]
