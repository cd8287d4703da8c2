"""How clients are imported: recognised by credit code, number or name; the contact in the same row comes along."""

from __future__ import annotations

from typing import Any

from sqlalchemy import select

from core import (
    ImportContext,
    ImportGuess,
    ImportRow,
    ImportSupport,
    ImportTarget,
    L,
    bulk_create,
    current_principal,
    db,
)
from plugins.clients import regions
from plugins.clients.records import Contact

CONTACT = "clients.contact"
CONTACT_FIELDS = {
    "contact_name": ("name", L("联系人姓名", "Contact"), ("联系人", "联系人姓名", "contact", "contact name")),
    "contact_position": ("position", L("联系人职务", "Contact's position"), ("职务", "联系人职务", "联系人类型")),
    "contact_mobile": (
        "mobile",
        L("联系人手机", "Contact's mobile"),
        ("手机", "手机号", "手机号码", "mobile"),
    ),
    "contact_phone": ("phone", L("联系人座机", "Contact's phone"), ("座机", "座机号码", "联系人电话")),
    "contact_email": (
        "email",
        L("联系人邮箱", "Contact's e-mail"),
        ("邮箱", "电子邮箱", "登录邮箱", "email"),
    ),
}
ADDRESS = ("联系地址", "公司地址", "单位地址", "地址")


class ClientImport(ImportSupport):
    """Imports of clients."""

    keys = ("uscc", "number", "name")

    def targets(self) -> list[ImportTarget]:
        """The parts of the contact that stand in a client's row."""
        return [
            ImportTarget(name, "text", label, synonyms=words, max_length=120, virtual=True)
            for name, (_field, label, words) in CONTACT_FIELDS.items()
        ]

    def guess(self, columns: tuple[str, ...], samples: dict[str, list[Any]]) -> ImportGuess:
        """The first address of an agency's sheet is the client's."""
        address = next((column for column in columns if column.strip() in ADDRESS), None)
        return ImportGuess({address: "address"} if address else {})

    def prepare(self, rows: list[ImportRow], context: ImportContext) -> None:
        """A region written as an address counts as far as it names a place."""
        for row in rows:
            region = row.values.get("region")
            if region and (found := regions.find(region)):
                row.values["region"] = found

    def written(self, rows: list[ImportRow], context: ImportContext) -> None:
        """The contacts of these rows, unless the client has one of that name."""
        named = [row for row in rows if row.values.get("contact_name") and row.record_id]
        if not named or not current_principal().can(CONTACT, "create"):
            return
        chosen = select(Contact.client_id, Contact.name).where(Contact.client_id.in_([row.record_id for row in named]))
        known = {tuple(row) for row in db.session.execute(chosen)}
        fresh = [_contact(row) for row in named if (row.record_id, row.values["contact_name"]) not in known]
        ids = bulk_create(Contact, fresh)
        context.relate(CONTACT, "created", len(ids))
        context.made += [(CONTACT, ident) for ident in ids]


def _contact(row: ImportRow) -> dict[str, Any]:
    given = {field: row.values.get(name) for name, (field, _label, _words) in CONTACT_FIELDS.items()}
    return {"client": row.record_id} | {field: value for field, value in given.items() if value is not None}
