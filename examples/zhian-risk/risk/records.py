"""The fields that clients get, and the assessments that they come from."""

from __future__ import annotations

from datetime import date

from sqlalchemy.orm import Mapped

from core import Choice, L, Record, _, extend, fields
from plugins.clients import Client

RATINGS = (
    Choice("low", L("低", "Low"), tone="done"),
    Choice("medium", L("中", "Medium"), tone="warn"),
    Choice("high", L("高", "High"), tone="danger"),
)

extend(
    Client,
    "risk",
    rating=fields.choice(_("Risk"), RATINGS, readonly=True, index=True),
    rated_on=fields.date(_("Last assessed on"), readonly=True),
    exposure=fields.money(_("Amount at stake"), help=_("What is not yet paid, and what was laid out for the client.")),
)


class Assessment(Record):
    """One look at the risk of a client: the rating, why, and when."""

    __record__ = {
        "key": "risk.assessment",
        "label": _("Risk assessment"),
        "plural": _("Risk assessments"),
        "title": "reason",
        "icon": "shield",
        "order": "-assessed_on",
        "archive": False,
    }

    client_id: Mapped[int] = fields.link("clients.client", _("Client"), required=True)
    rating: Mapped[str] = fields.choice(_("Risk"), RATINGS, required=True)
    reason: Mapped[str] = fields.text(_("Why"), required=True, max_length=500)
    assessed_on: Mapped[date] = fields.date(_("Assessed on"), required=True)
