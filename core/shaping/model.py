"""`core.shape`: one thing that an administrator shaped, as data. What the data mean is told by their room."""

from __future__ import annotations

from sqlalchemy import UniqueConstraint
from sqlalchemy.orm import Mapped

from core.i18n import _
from core.records import fields
from core.records.base import Record


class Shape(Record):
    """The present data of one shaped thing; None means as shipped. Earlier versions stand in the audit log."""

    __record__ = {
        "key": "core.shape",
        "label": _("Configuration"),
        "plural": _("Configuration"),
        "title": "name",
        "icon": "adjustments",
        "order": "name",
        "archive": False,
        "public": False,
    }
    __table_args__ = (UniqueConstraint("kind", "name"),)

    kind: Mapped[str] = fields.text(_("Kind"), required=True, max_length=40)
    name: Mapped[str] = fields.text(_("Name"), required=True, max_length=160)
    data: Mapped[dict | None] = fields.json(_("Data"))
