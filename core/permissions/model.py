"""Rights that administrators set in the browser, laid over what plugins ship: roles, rights, conditions, field rights.

Beside them what people give each other for a time: shared records and deputies. What all this means stands in
`overlay` and `rules`.
"""

from __future__ import annotations

from datetime import date, datetime

from sqlalchemy import Index, String, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from core.i18n import L, _
from core.records import fields
from core.records.base import Base, Record
from core.records.fields import Choice

EFFECTS = (Choice("add", L("增加", "Added")), Choice("remove", L("去掉", "Taken away")))
TREATMENTS = (
    Choice("open", L("可读可写", "Read and write")),
    Choice("readonly", L("只读", "Read only")),
    Choice("masked", L("遮盖", "Masked")),
    Choice("hidden", L("隐藏", "Hidden")),
)
USES = (
    Choice("scope", L("作为授权范围", "As the scope of a right")),
    Choice("rule", L("对所有授权的限制", "As a limit on all rights")),
)
LEVELS = (Choice("read", L("查看", "May read")), Choice("update", L("查看并修改", "May read and change")))
ROLE_REALMS = (Choice("staff", L("员工", "Staff")), Choice("portal", L("客户门户", "Client portal")))
CUSTOM = "own_"
"""How the codes of roles begin that administrators made."""


class CustomRole(Record):
    """A role that an administrator made. The program and its closed fields treat its holders like those of `base`."""

    __record__ = {
        "key": "core.role",
        "label": _("Role"),
        "plural": _("Roles"),
        "title": "name",
        "title_en": "name_en",
        "icon": "shield",
        "order": "name",
        "public": False,
    }
    code: Mapped[str] = fields.text(_("Code"), required=True, unique=True, max_length=40)
    name: Mapped[str] = fields.text(_("Name"), required=True, max_length=80)
    name_en: Mapped[str | None] = fields.text(_("English name"), max_length=80)
    summary: Mapped[str | None] = fields.text(_("What it is for"), max_length=300)
    realm: Mapped[str] = fields.choice(_("Realm"), ROLE_REALMS, default="staff", required=True)
    base: Mapped[str] = fields.text(_("Like the role"), required=True, max_length=40)


class Right(Record):
    """One right more or less than the plugins ship: `role` may `action` on `record` within `scope`."""

    __record__ = {
        "key": "core.right",
        "label": _("Right of a role"),
        "plural": _("Rights of roles"),
        "title": "role",
        "icon": "key",
        "archive": False,
        "public": False,
    }
    __table_args__ = (UniqueConstraint("role", "record", "action", "scope"),)
    role: Mapped[str] = fields.text(_("Role"), required=True, max_length=40)
    record: Mapped[str] = fields.text(_("Record type"), required=True, max_length=80)
    action: Mapped[str] = fields.text(_("Right"), required=True, max_length=60)
    scope: Mapped[str] = fields.text(_("Scope"), required=True, max_length=40)
    effect: Mapped[str] = fields.choice(_("Effect"), EFFECTS, required=True)


class Condition(Record):
    """A condition on the fields of one record type, built in the browser; used as a scope or as a limit on all."""

    __record__ = {
        "key": "core.condition",
        "label": _("Condition"),
        "plural": _("Conditions"),
        "title": "name",
        "icon": "filter",
        "order": "name",
        "public": False,
    }
    record: Mapped[str] = fields.text(_("Record type"), required=True, max_length=80)
    name: Mapped[str] = fields.text(_("Name"), required=True, max_length=120)
    use: Mapped[str] = fields.choice(_("Use"), USES, default="scope", required=True)
    within: Mapped[str] = fields.text(_("Within the scope"), required=True, default="all", max_length=40)
    tree: Mapped[dict | None] = fields.json(_("Conditions"), required=True)
    actions: Mapped[list | None] = fields.tags(_("Rights"))
    roles: Mapped[list | None] = fields.tags(_("Roles"))


class FieldRight(Record):
    """What holders of one role may do with one field, in place of what the plugins ship."""

    __record__ = {
        "key": "core.field_right",
        "label": _("Right on a field"),
        "plural": _("Rights on fields"),
        "title": "field",
        "icon": "forms",
        "archive": False,
        "public": False,
    }
    __table_args__ = (UniqueConstraint("role", "record", "field"),)
    role: Mapped[str] = fields.text(_("Role"), required=True, max_length=40)
    record: Mapped[str] = fields.text(_("Record type"), required=True, max_length=80)
    field: Mapped[str] = fields.text(_("Field"), required=True, max_length=80)
    treatment: Mapped[str] = fields.choice(_("Treatment"), TREATMENTS, required=True)


class Share(Record):
    """One record opened to a person or a department until a moment; it ends by itself."""

    __record__ = {
        "key": "core.share",
        "label": _("Share with others"),
        "plural": _("Shares"),
        "title": "record_key",
        "icon": "link",
        "archive": False,
        "public": False,
    }
    __table_args__ = (
        Index("ix_core_share_record", "record_key", "record_id"),
        Index("ix_core_share_person", "user_id", "ends_at"),
        Index("ix_core_share_place", "department_id", "ends_at"),
    )
    record_key: Mapped[str] = fields.text(_("Record type"), required=True, max_length=80)
    record_id: Mapped[int] = fields.integer(_("Record"), required=True)
    user_id: Mapped[int | None] = fields.link("core.user", _("Person"), on_delete="cascade", index=False)
    department_id: Mapped[int | None] = fields.link(
        "core.department", _("Department"), on_delete="cascade", index=False
    )
    level: Mapped[str] = fields.choice(_("May"), LEVELS, default="read", required=True)
    ends_at: Mapped[datetime] = fields.datetime(_("Until"), required=True)
    note: Mapped[str | None] = fields.text(_("Why"), max_length=300)


class Deputy(Record):
    """Who stands in for somebody who is away, from one day to another, both included."""

    __record__ = {
        "key": "core.deputy",
        "label": _("Who stands in"),
        "plural": _("Deputies"),
        "title": "starts_on",
        "icon": "transfer",
        "archive": False,
        "public": False,
    }
    __table_args__ = (Index("ix_core_deputy_deputy", "deputy_id", "ends_on"),)
    user_id: Mapped[int] = fields.link("core.user", _("Away"), required=True, on_delete="cascade")
    deputy_id: Mapped[int] = fields.link(
        "core.user", _("Who stands in"), required=True, on_delete="cascade", index=False
    )
    starts_on: Mapped[date] = fields.date(_("First day"), required=True)
    ends_on: Mapped[date] = fields.date(_("Last day"), required=True)
    note: Mapped[str | None] = fields.text(_("Why"), max_length=300)


class RightsStamp(Base):
    """One row whose text is another after each change of rights; processes that see it read the rights anew."""

    __tablename__ = "core_rights_stamp"

    id: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    stamp: Mapped[str] = mapped_column(String(32), nullable=False)


RIGHTS_RECORDS = (CustomRole, Right, Condition, FieldRight, Share, Deputy)
LAID_OVER = (CustomRole, Right, Condition, FieldRight)
"""Records that make up the overlay; each change of one is a new stamp."""
