"""What the plugin hooks into; each function delegates."""

from __future__ import annotations

from typing import Any

from core import Action, Change, FieldRule, Grant, NumberRule, Record, Scopes, Seed, hookimpl
from plugins.billing import actions, bills, receipts, rights, seed
from plugins.billing.records import RECORDS, Bill, BillLine, Payment


@hookimpl
def register_records() -> list[type[Record]]:
    """Prices, official fees, quotations, bills, payments, allocations, refunds, write-offs."""
    return list(RECORDS)


@hookimpl
def register_scopes() -> dict[str, Scopes]:
    """Whose money it is."""
    return rights.scopes()


@hookimpl
def register_grants() -> list[Grant]:
    """Who may do what with it."""
    return rights.grants()


@hookimpl
def register_field_rules() -> list[FieldRule]:
    """Floor prices, costs, accounts; what clients see."""
    return rights.field_rules()


@hookimpl
def register_actions() -> list[Action]:
    """Issue, credit, void; confirm, allocate, take back, reverse."""
    return actions.actions()


@hookimpl
def register_numbering() -> list[NumberRule]:
    """Receipts are numbered when they are entered; bills when they are issued."""
    return [receipts.NUMBERS]


@hookimpl
def register_seed() -> list[Seed]:
    """The price list and the official fees."""
    return [Seed("billing.fees", seed.seed_fees), Seed("billing.prices", seed.seed_prices)]


@hookimpl
def before_create(model: type[Record], records: list[Any]) -> None:
    """Places and currencies of new bills and payments."""
    if model is Bill:
        bills.defaults(records)
    elif model is BillLine:
        bills.keep_issued_lines(records)
        bills.check_lines(records)
    elif model is Payment:
        receipts.defaults(records)


@hookimpl
def before_update(model: type[Record], changes: list[Change]) -> None:
    """What was issued or has arrived is not edited."""
    if model is Bill:
        bills.keep_issued(changes)
    elif model is BillLine:
        lines = [change.record for change in changes]
        bills.keep_issued_lines(lines)
        bills.check_lines(lines)
    elif model is Payment:
        receipts.keep_amounts(changes)


@hookimpl
def before_delete(model: type[Record], records: list[Any]) -> None:
    """Nor are lines of it removed."""
    if model is BillLine:
        bills.keep_issued_lines(records)


@hookimpl
def after_create(model: type[Record], records: list[Any]) -> None:
    """Sums follow lines; money that arrived is told."""
    if model is BillLine:
        bills.follow_lines(records)
    elif model is Payment:
        receipts.announce(records)


@hookimpl
def after_update(model: type[Record], changes: list[Change]) -> None:
    """Sums follow lines."""
    if model is BillLine:
        bills.follow_lines([change.record for change in changes])


@hookimpl
def after_delete(model: type[Record], records: list[Any]) -> None:
    """Sums follow lines."""
    if model is BillLine:
        bills.follow_lines(records)
