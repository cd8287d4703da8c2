"""One record, and a field on another's."""

from __future__ import annotations

from sqlalchemy.orm import Mapped

from core import Choice, L, Record, _, fields

STATES = (Choice("packed", L("已打包", "Packed")), Choice("sent", L("已寄出", "Sent")))


class Parcel(Record):
    """Something that is sent to somebody."""

    __record__ = {"key": "parcels.parcel", "label": _("Parcel"), "plural": _("Parcels"), "title": "name"}
    name: Mapped[str] = fields.text(_("Name"), required=True, search=True)
    number: Mapped[str | None] = fields.text(_("Number"), readonly=True, unique=True)
    state: Mapped[str] = fields.choice(_("State"), STATES, default="packed", required=True)
    owner_id: Mapped[int | None] = fields.link("core.user", _("Sender"))
    phone: Mapped[str | None] = fields.text(_("Telephone of the receiver"))
