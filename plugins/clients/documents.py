"""What letters say of a client and of the contact they go to: plain values, nothing internal. For letters of others."""

from __future__ import annotations

from typing import Any

from sqlalchemy import select

from core import db
from plugins.clients.records import Client, Contact


def client_fields(client: Client | None, language: str) -> dict[str, Any]:
    """The merge fields `client.*`; `id` is for the house alone and tells to whom a document may be released."""
    if client is None:
        return {"id": None, "number": None, "name": None, "name_zh": None, "name_en": None, "address": None}
    zh = language == "zh"
    return {
        "id": client.id,
        "number": client.number,
        "name": client.name if zh else client.name_en or client.name,
        "name_zh": client.name,
        "name_en": client.name_en,
        "address": client.address if zh else client.address_en or client.address,
        "tax_id": client.tax_number,
        "language": language,
    }


def contact_fields(client: Client | None, roles: tuple[str, ...], language: str) -> dict[str, Any]:
    """The merge fields `to.*`: the contact who has the first of these roles, else the first contact of the client."""
    contact = _chosen(_contacts(client), roles) if client is not None else None
    if contact is None:
        return {"name": None, "salutation": None, "title": None, "email": None, "address": None}
    zh = language == "zh"
    name = contact.name if zh else contact.name_en or contact.name
    return {
        "name": name,
        "salutation": f"{name}{' ' if name[-1:].isascii() else ''}先生/女士" if zh else name,
        "title": contact.position if zh else None,
        "email": contact.email,
        "address": client.postal_address or client.address if client else None,
    }


def _contacts(client: Client) -> list[Contact]:
    query = select(Contact).where(Contact.client_id == client.id, Contact.archived_at.is_(None))
    return list(db.session.scalars(query.order_by(Contact.is_primary.desc(), Contact.id)))


def _chosen(contacts: list[Contact], roles: tuple[str, ...]) -> Contact | None:
    for role in roles:
        for contact in contacts:
            if role in (contact.roles or ()):
                return contact
    return contacts[0] if contacts else None
