"""The records of money: receipts, what they were allocated to, refunds and write-offs."""

from __future__ import annotations

from datetime import date, datetime
from decimal import Decimal

from sqlalchemy import CheckConstraint, Index
from sqlalchemy.orm import Mapped

from core import Record, _, fields
from plugins.billing import choices
from plugins.billing.reckoning.amounts import ZERO


def positive(value: Decimal) -> Decimal:
    """Money that is received, allocated, refunded or given up; raises `ValueError`."""
    if value <= 0:
        raise ValueError(_("The amount must be more than zero."))
    return value


class Payment(Record):
    """Money received from a client. What is not allocated to bills stays on the client's account as an advance."""

    __record__ = {
        "key": "billing.payment",
        "label": _("Receipt of money"),
        "plural": _("Payments"),
        "title": "number",
        "number": "number",
        "secondary": "client",
        "icon": "coins",
        "order": "-received_on",
        "archive": False,
    }
    __table_args__ = (CheckConstraint("unallocated >= 0", name="unallocated_not_negative"),)

    number: Mapped[str | None] = fields.text(
        _("Number of the receipt"), unique=True, search=True, readonly=True, max_length=40
    )
    state: Mapped[str] = fields.choice(
        _("Status"), choices.PAYMENT_STATES, required=True, default="announced", readonly=True
    )
    client_id: Mapped[int] = fields.link("clients.client", _("Client"), required=True)
    branch_id: Mapped[int | None] = fields.link("core.branch", _("Branch"))
    received_on: Mapped[date] = fields.date(_("Received on"), required=True)
    amount: Mapped[Decimal] = fields.money(_("Amount"), required=True, validate=positive)
    currency: Mapped[str] = fields.text(_("Currency"), required=True, default="CNY", max_length=3)
    method: Mapped[str | None] = fields.choice(_("Method"), choices.METHODS, default="bank")
    payer: Mapped[str | None] = fields.text(_("Payer"), search=True, max_length=300)
    payer_account: Mapped[str | None] = fields.text(_("Payer's account"), max_length=60)
    reference: Mapped[str | None] = fields.text(_("Reference"), search=True, max_length=300)
    note: Mapped[str | None] = fields.long_text(_("Note"))
    source: Mapped[str] = fields.text(_("Came by"), required=True, default="hand", max_length=40, readonly=True)
    external_key: Mapped[str | None] = fields.text(
        _("Key of the sender"), unique=True, readonly=True, max_length=160, track=False
    )
    confirmed_by_id: Mapped[int | None] = fields.link(
        "core.user", _("Receipt confirmed by"), readonly=True, index=False
    )
    confirmed_at: Mapped[datetime | None] = fields.datetime(_("Receipt confirmed at"), readonly=True)
    allocated: Mapped[Decimal] = fields.money(_("Allocated"), required=True, default=ZERO, readonly=True)
    refunded: Mapped[Decimal] = fields.money(_("Refunded"), required=True, default=ZERO, readonly=True)
    unallocated: Mapped[Decimal] = fields.money(_("Not allocated"), required=True, default=ZERO, readonly=True)
    reverse_reason: Mapped[str | None] = fields.text(_("Reversed because"), readonly=True, max_length=400)


class Allocation(Record):
    """So much of a payment for one part of one line of a bill. Never deleted: what is taken back says when and why."""

    __record__ = {
        "key": "billing.allocation",
        "label": _("Allocation"),
        "plural": _("Allocations"),
        "title": "key",
        "icon": "link",
        "order": "-id",
        "archive": False,
    }
    __table_args__ = (
        CheckConstraint("amount >= 0", name="amount_not_negative"),
        Index("ix_billing_allocation_key", "key"),
    )

    payment_id: Mapped[int] = fields.link("billing.payment", _("Receipt of money"), required=True, readonly=True)
    bill_id: Mapped[int] = fields.link("billing.bill", _("Bill"), required=True, readonly=True)
    line_id: Mapped[int] = fields.link("billing.bill_line", _("Line"), required=True, readonly=True)
    part: Mapped[str] = fields.choice(_("Pays for"), choices.PARTS, required=True, readonly=True)
    amount: Mapped[Decimal] = fields.money(_("Amount"), required=True, readonly=True)
    key: Mapped[str] = fields.text(_("Command key"), required=True, readonly=True, max_length=160, track=False)
    allocated_on: Mapped[date] = fields.date(_("Allocated on"), required=True, readonly=True)
    same_person: Mapped[bool] = fields.boolean(
        _("One person issued and received"), default=False, readonly=True, index=True
    )
    undone_at: Mapped[datetime | None] = fields.datetime(_("Taken back at"), readonly=True)
    undo_reason: Mapped[str | None] = fields.text(_("Taken back because"), readonly=True, max_length=400)


class Refund(Record):
    """Money that goes back to a client: asked for by one person, approved by another."""

    __record__ = {
        "key": "billing.refund",
        "label": _("Refund"),
        "plural": _("Refunds"),
        "title": "reason",
        "secondary": "client",
        "icon": "transfer",
        "order": "-id",
        "archive": False,
    }

    payment_id: Mapped[int] = fields.link("billing.payment", _("Receipt of money"), required=True)
    client_id: Mapped[int | None] = fields.link("clients.client", _("Client"), readonly=True)
    branch_id: Mapped[int | None] = fields.link("core.branch", _("Branch"), readonly=True)
    amount: Mapped[Decimal] = fields.money(_("Amount"), required=True, validate=positive)
    reason: Mapped[str] = fields.text(_("Reason"), required=True, max_length=400)
    state: Mapped[str] = fields.choice(
        _("Status"), choices.REQUEST_STATES, required=True, default="requested", readonly=True
    )
    requested_by_id: Mapped[int | None] = fields.link("core.user", _("Requested by"), readonly=True, index=False)
    decided_by_id: Mapped[int | None] = fields.link("core.user", _("Decided by"), readonly=True, index=False)
    decided_at: Mapped[datetime | None] = fields.datetime(_("Decided at"), readonly=True)
    opinion: Mapped[str | None] = fields.text(_("Opinion"), readonly=True, max_length=400)


class WriteOff(Record):
    """A balance that is given up: asked for by one person, signed by a second one."""

    __record__ = {
        "key": "billing.write_off",
        "label": _("Write-off"),
        "plural": _("Write-offs"),
        "title": "reason",
        "secondary": "bill",
        "icon": "ban",
        "order": "-id",
        "archive": False,
    }

    bill_id: Mapped[int] = fields.link("billing.bill", _("Bill"), required=True, readonly=True)
    amount: Mapped[Decimal] = fields.money(_("Amount"), required=True, validate=positive, readonly=True)
    reason: Mapped[str] = fields.text(_("Reason"), required=True, max_length=400, readonly=True)
    state: Mapped[str] = fields.choice(
        _("Status"), choices.REQUEST_STATES, required=True, default="requested", readonly=True
    )
    requested_by_id: Mapped[int | None] = fields.link("core.user", _("Requested by"), readonly=True, index=False)
    decided_by_id: Mapped[int | None] = fields.link("core.user", _("Signed by"), readonly=True, index=False)
    decided_at: Mapped[datetime | None] = fields.datetime(_("Signed at"), readonly=True)
    opinion: Mapped[str | None] = fields.text(_("Opinion"), readonly=True, max_length=400)
