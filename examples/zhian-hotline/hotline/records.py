"""The record of a call."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy.orm import Mapped

from core import Choice, L, Record, _, fields

STATES = (
    Choice("waiting", L("待回电", "Waits"), tone="warn"),
    Choice("answered", L("已回电", "Answered"), tone="done"),
)


class Call(Record):
    """Somebody called. `outside_id` is the telephone system's own number of the call."""

    __record__ = {
        "key": "hotline.call",
        "label": _("Call"),
        "plural": _("Calls"),
        "title": "caller",
        "icon": "phone",
        "order": "-called_at",
        "archive": False,
        "open": "whoever answers calls answers all of them",
    }

    caller: Mapped[str] = fields.text(_("Caller"), required=True, max_length=40, search=True, readonly=True)
    client_id: Mapped[int | None] = fields.link("clients.client", _("Client"))
    called_at: Mapped[datetime] = fields.datetime(_("Called at"), required=True, readonly=True)
    seconds: Mapped[int | None] = fields.integer(_("Length in seconds"), readonly=True)
    state: Mapped[str] = fields.choice(_("State"), STATES, required=True, default="waiting", readonly=True)
    note: Mapped[str | None] = fields.long_text(_("What it was about"))
    outside_id: Mapped[str] = fields.text(
        _("Number of the call"), required=True, unique=True, readonly=True, hidden=True
    )
