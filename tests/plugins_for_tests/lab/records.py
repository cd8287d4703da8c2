"""Folders that belong to people, sheets inside folders, and drawers without any archive."""

from __future__ import annotations

from datetime import date
from decimal import Decimal

from sqlalchemy.orm import Mapped

from core import Choice, L, Record, _, fields

COLOURS = (Choice("red", L("红", "Red")), Choice("blue", L("蓝", "Blue")))


class Folder(Record):
    """Visible to its keeper, and to the department of its keeper."""

    __record__ = {
        "key": "lab.folder",
        "label": _("Folder"),
        "plural": _("Folders"),
        "title": "name",
        "number": "number",
        "walls": True,
        "guarded": True,
    }
    number: Mapped[str | None] = fields.text(_("Number"), readonly=True, unique=True)
    name: Mapped[str] = fields.text(_("Name"), required=True, search=True, max_length=100)
    keeper_id: Mapped[int | None] = fields.link("core.user", _("Keeper"))
    department_id: Mapped[int | None] = fields.link("core.department", _("Department"))
    parent_id: Mapped[int | None] = fields.link("lab.folder", _("Parent"))
    colour: Mapped[str] = fields.choice(_("Colour"), COLOURS, default="red", required=True)
    budget: Mapped[Decimal | None] = fields.money(_("Budget"))
    secret_word: Mapped[str | None] = fields.text(_("Secret word"), search=True)
    phone: Mapped[str | None] = fields.text(_("Phone"))
    motto: Mapped[str | None] = fields.text(_("Motto"))
    tags: Mapped[list | None] = fields.tags(_("Tags"))
    opened: Mapped[date | None] = fields.date(_("Opened"))
    hidden_note: Mapped[str | None] = fields.text(_("Internal"), hidden=True)


class Sheet(Record):
    """Everybody sees every sheet, but not every folder."""

    __record__ = {"key": "lab.sheet", "label": _("Sheet"), "plural": _("Sheets"), "title": "name"}
    name: Mapped[str] = fields.text(_("Name"), required=True, unique=True, max_length=100)
    folder_id: Mapped[int | None] = fields.link("lab.folder", _("Folder"))
    pages: Mapped[int | None] = fields.integer(_("Pages"))
    double_pages: Mapped[int | None] = fields.integer(_("Double"), compute=lambda s: (s.pages or 0) * 2)


class Drawer(Record):
    """Deleted for good, never archived; only the keeper of its folder reaches it."""

    __record__ = {"key": "lab.drawer", "label": _("Drawer"), "plural": _("Drawers"), "title": "name", "archive": False}
    name: Mapped[str] = fields.text(_("Name"), required=True)
    folder_id: Mapped[int] = fields.link("lab.folder", _("Folder"), required=True)
