"""`core.view`: a list state by name, for one person, a role, a department or everybody; and chosen columns."""

from __future__ import annotations

from sqlalchemy import Index
from sqlalchemy.orm import Mapped

from core.i18n import L, _
from core.records import fields
from core.records.base import Record
from core.records.fields import Choice

LAYOUT = "layout"
"""Not a view but the columns, widths and order that one person last chose for a list."""
VISIBILITY = (
    Choice("private", L("仅自己", "Only me")),
    Choice("role", L("一个角色", "One role")),
    Choice("department", L("一个部门", "One department")),
    Choice("everyone", L("所有同事", "All colleagues")),
    Choice(LAYOUT, L("我的列设置", "My columns")),
)
SHARED = ("role", "department", "everyone")
MOST_TEXT = 6000


class SavedView(Record):
    """What stands behind the question mark of a list's address, by name. It opens nothing to anybody."""

    __record__ = {
        "key": "core.view",
        "label": _("Saved view"),
        "plural": _("Saved views"),
        "title": "name",
        "icon": "list",
        "order": "name",
        "archive": False,
    }
    __table_args__ = (Index("ix_core_view_list", "record", "visibility"),)
    name: Mapped[str] = fields.text(_("Name"), required=True, max_length=80)
    record: Mapped[str] = fields.text(
        _("List of"), required=True, max_length=80, help=_("The key of the record type, such as cases.case.")
    )
    query: Mapped[str | None] = fields.long_text(
        _("State of the list"),
        max_length=MOST_TEXT,
        help=_("What stands behind the question mark in the list's address."),
    )
    visibility: Mapped[str] = fields.choice(_("Visible to"), VISIBILITY, default="private", required=True)
    role: Mapped[str | None] = fields.text(_("Role"), max_length=40)
    department_id: Mapped[int | None] = fields.link("core.department", _("Department"), on_delete="cascade")
    is_default: Mapped[bool] = fields.boolean(_("Opens first"))
