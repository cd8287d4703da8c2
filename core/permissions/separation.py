"""Records by which duties are held apart: walls between people, opened client data, and large exports that wait.

What they mean stands in `walls`, `glass` and `exports`.
"""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import Index, UniqueConstraint
from sqlalchemy.orm import Mapped

from core.i18n import L, _
from core.records import fields
from core.records.base import Record
from core.records.fields import Choice

SIDES = (Choice("a", L("甲方", "Side A")), Choice("b", L("乙方", "Side B")))
WAITING, APPROVED, REFUSED, USED = "waiting", "approved", "refused", "used"
STATES = (
    Choice(WAITING, L("待批准", "Waiting"), "warn"),
    Choice(APPROVED, L("已批准", "Approved"), "done"),
    Choice(REFUSED, L("已拒绝", "Refused"), "danger"),
    Choice(USED, L("已下载", "Downloaded"), ""),
)


class Wall(Record):
    """People of one side do not see what lies on the other, from a moment to another (None: until it is ended)."""

    __record__ = {
        "key": "core.wall",
        "label": _("Information wall"),
        "plural": _("Information walls"),
        "title": "name",
        "icon": "shield",
        "order": "name",
        "archive": False,
        "public": False,
    }
    name: Mapped[str] = fields.text(_("Name"), required=True, max_length=120)
    reason: Mapped[str] = fields.long_text(_("Why"), required=True)
    starts_at: Mapped[datetime] = fields.datetime(_("From"), required=True)
    ends_at: Mapped[datetime | None] = fields.datetime(_("Until"))


class WallPart(Record):
    """A person, team or department on one side of a wall, or a record that lies there with all that belongs to it."""

    __record__ = {
        "key": "core.wall_part",
        "label": _("Part of a wall"),
        "plural": _("Parts of walls"),
        "title": "record_key",
        "icon": "shield",
        "archive": False,
        "public": False,
    }
    __table_args__ = (UniqueConstraint("wall_id", "record_key", "record_id"),)
    wall_id: Mapped[int] = fields.link(
        "core.wall", _("Information wall"), required=True, on_delete="cascade", index=False
    )
    side: Mapped[str] = fields.choice(_("Side"), SIDES, required=True)
    record_key: Mapped[str] = fields.text(_("Record type"), required=True, max_length=80)
    record_id: Mapped[int] = fields.integer(_("Record"), required=True)


class Glass(Record):
    """Client data opened for reading to somebody who runs or configures the system, for a reason, for some hours."""

    __record__ = {
        "key": "core.glass",
        "label": _("Opened client data"),
        "plural": _("Opened client data"),
        "title": "reason",
        "icon": "lock-open",
        "archive": False,
        "public": False,
    }
    __table_args__ = (Index("ix_core_glass_person", "user_id", "ends_at"),)
    user_id: Mapped[int] = fields.link("core.user", _("Person"), required=True, on_delete="cascade", index=False)
    reason: Mapped[str] = fields.text(_("Why"), required=True, max_length=300)
    ends_at: Mapped[datetime] = fields.datetime(_("Until"), required=True)


class ExportRequest(Record):
    """An export of more rows than one person takes alone: it waits for another one, and is downloaded once."""

    __record__ = {
        "key": "core.export_request",
        "label": _("Large export"),
        "plural": _("Large exports"),
        "title": "record_key",
        "icon": "download",
        "archive": False,
        "public": False,
    }
    user_id: Mapped[int] = fields.link("core.user", _("Asked by"), required=True, on_delete="cascade")
    record_key: Mapped[str] = fields.text(_("Record type"), required=True, max_length=80)
    address: Mapped[str] = fields.long_text(_("List"), required=True)
    format: Mapped[str | None] = fields.text(_("Format"), max_length=40)
    rows: Mapped[int] = fields.integer(_("Rows"), required=True)
    reason: Mapped[str] = fields.text(_("Why"), required=True, max_length=300)
    state: Mapped[str] = fields.choice(_("State"), STATES, default=WAITING, required=True)
    decided_by_id: Mapped[int | None] = fields.link(
        "core.user", _("Decided by"), on_delete="set_null", index=False, readonly=True
    )
    decided_at: Mapped[datetime | None] = fields.datetime(_("Decided"), readonly=True)
    note: Mapped[str | None] = fields.text(_("Note"), max_length=300)
    ends_at: Mapped[datetime | None] = fields.datetime(_("May be downloaded until"), readonly=True)


SEPARATION_RECORDS = (Wall, WallPart, Glass, ExportRequest)
WALLS = (Wall, WallPart)
