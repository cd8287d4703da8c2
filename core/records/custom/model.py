"""`core.custom_field`: the description of one field that an administrator added to a record type."""

from __future__ import annotations

from sqlalchemy import UniqueConstraint
from sqlalchemy.orm import Mapped

from core.i18n import L, _
from core.records import fields
from core.records.base import Record
from core.records.fields import Choice

KINDS = (
    Choice("text", _("Text")),
    Choice("long_text", _("Long text")),
    Choice("number", _("Figure")),
    Choice("money", _("Amount of money")),
    Choice("date", _("Day")),
    Choice("choice", _("One of several")),
    Choice("multi_choice", _("Several of a list")),
    Choice("boolean", _("Yes or no")),
    Choice("link", _("Link to a record")),
    Choice("file", _("File")),
)
CLOSED = (
    Choice("hidden", _("hidden from them")),
    Choice("masked", _("shown to them as stars")),
)


class CustomField(Record):
    """One custom field. `record_key`, `code`, `kind` and `target` never change: stored values hang on them.

    `choices` is a list of {code, zh, en, tone, retired}; a retired one stays readable and is no longer offered.
    """

    __record__ = {
        "key": "core.custom_field",
        "label": _("Custom field"),
        "plural": _("Custom fields"),
        "title": "label_zh",
        "title_en": "label_en",
        "number": "code",
        "icon": "list",
        "order": "place",
    }
    __table_args__ = (UniqueConstraint("record_key", "code"),)

    record_key: Mapped[str] = fields.text(_("Record type"), required=True, max_length=80)
    code: Mapped[str] = fields.text(_("Code"), required=True, max_length=40)
    kind: Mapped[str] = fields.choice(_("Kind"), KINDS, required=True)
    label_zh: Mapped[str] = fields.text(_("Name in Chinese"), required=True, max_length=60)
    label_en: Mapped[str | None] = fields.text(_("Name in English"), max_length=80)
    help_zh: Mapped[str | None] = fields.text(_("Help in Chinese"), max_length=300)
    help_en: Mapped[str | None] = fields.text(_("Help in English"), max_length=300)
    needed: Mapped[bool] = fields.boolean(_("Must be filled in"))
    begins_with: Mapped[str | None] = fields.text(_("New records begin with"), max_length=400)
    place: Mapped[int] = fields.integer(_("Place in the order"), required=True, default=0)
    section: Mapped[str | None] = fields.text(_("Section of the form"), max_length=60)
    heading_zh: Mapped[str | None] = fields.text(_("Heading in Chinese"), max_length=60)
    heading_en: Mapped[str | None] = fields.text(_("Heading in English"), max_length=80)
    choices: Mapped[list | None] = fields.json(_("Choices"))
    target: Mapped[str | None] = fields.text(_("Links to"), max_length=80)
    decimals: Mapped[int | None] = fields.integer(_("Decimal places"), default=2)
    readers: Mapped[list | None] = fields.tags(_("Roles that may read it"))
    writers: Mapped[list | None] = fields.tags(_("Roles that may fill it in"))
    closed: Mapped[str] = fields.choice(_("For all others it is"), CLOSED, required=True, default="hidden")
    indexed: Mapped[bool] = fields.boolean(_("Lists are filtered or sorted by it"))
    searched: Mapped[bool] = fields.boolean(_("Found by the search"))


TITLE_OF_REST = L("补充信息", "Further details")
"""The heading of custom fields that were given no section."""
