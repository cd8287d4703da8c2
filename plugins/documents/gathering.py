"""What a letter is made of: the kind's own data, and what all letters share. The outcome is plain and can be kept."""

from __future__ import annotations

from typing import Any

import segno
from flask import current_app, has_request_context, request
from sqlalchemy import or_, select

from core import current_principal, custom_data, db, record_class, today, use_locale
from plugins.documents.cautions import cautions
from plugins.documents.press.plain import encode
from plugins.documents.records import Letterhead

PICTURES = ("image/png", "image/jpeg", "image/gif", "image/webp", "image/bmp", "image/tiff")
WORDS = ("name_zh", "name_en", "legal_name", "phone", "email", "website", "bank_name", "bank_account", "tax_id")


def gathered(kind: Any, record: Any, language: str) -> dict[str, Any]:
    """The data of one letter as JSON keeps them, read with the rights of the person who asks.

    Raises `TypeError` when the kind gives anything but plain values.
    """
    with use_locale(language):
        own = {"custom": custom_data(record)} | kind.data(record, language)
        title = str(kind.label)
    shared = {
        "language": language,
        "agency": agency(own.pop("branch_id", None), language),
        "branch": None,
        "staff": signer(own.pop("signer_id", None), language),
        "cautions": cautions(language),
    }
    data = shared | own | {"doc": {"date": today(), "title": title, "place": _place()}}
    return encode(_with_pictures(data))


def agency(branch_id: int | None, language: str) -> dict[str, Any]:
    """The letterhead of the branch, else that of all, else what the settings say."""
    found = db.session.scalars(
        select(Letterhead)
        .where(Letterhead.archived_at.is_(None), or_(Letterhead.branch_id == branch_id, Letterhead.branch_id.is_(None)))
        .order_by(Letterhead.branch_id.is_(None), Letterhead.id)
    ).first()
    settings = current_app.config["ZHIAN"]
    if found is None:
        zh, en = settings.agency, settings.agency_en
        return {"name_zh": zh, "name_en": en, "name": zh if language == "zh" else en}
    data: dict[str, Any] = {name: getattr(found, name) for name in WORDS}
    data["name"] = found.name_zh if language == "zh" else found.name_en or found.name_zh
    data["address"] = found.address if language == "zh" else found.address_en or found.address
    data["patent_agency_code"] = found.patent_agency_code
    data["logo"] = {"picture": found.logo_id} if found.logo_id else None
    data["seal_image"] = {"picture": found.seal_image_id} if found.seal_image_id else None
    return data


def signer(user_id: int | None, language: str) -> dict[str, Any]:
    """Who signs: the person in charge, else who asks. No private number stands here."""
    user = record_class("core.user")
    chosen = user_id or current_principal().user_id
    person = db.session.scalars(select(user).where(user.id == chosen)).first() if chosen else None
    if person is None:
        return {"name": None, "title": None, "email": None}
    name = person.name if language == "zh" else person.name_en or person.name
    return {"name": name, "title": person.title_text if language == "zh" else None, "email": person.email}


def _with_pictures(value: Any) -> Any:
    """{"picture": file id} becomes the checksum of a picture that the person may see, or None."""
    wanted: set[int] = set()
    _collect(value, wanted)
    seen: dict[int, str] = {}
    if wanted:
        file = record_class("core.attachment")
        rows = db.session.execute(select(file.id, file.sha256).where(file.id.in_(wanted), file.mime.in_(PICTURES)))
        seen = dict(rows.all())
    return _replaced(value, seen)


def _picture_id(value: Any) -> int | None:
    is_one = isinstance(value, dict) and set(value) == {"picture"} and isinstance(value["picture"], int)
    return value["picture"] if is_one else None


def _collect(value: Any, wanted: set[int]) -> None:
    if (ident := _picture_id(value)) is not None:
        wanted.add(ident)
    elif isinstance(value, dict):
        for item in value.values():
            _collect(item, wanted)
    elif isinstance(value, (list, tuple)):
        for item in value:
            _collect(item, wanted)


def _replaced(value: Any, seen: dict[int, str]) -> Any:
    if (ident := _picture_id(value)) is not None:
        return {"$picture": seen[ident]} if ident in seen else None
    if isinstance(value, dict):
        return {key: _replaced(item, seen) for key, item in value.items()}
    return [_replaced(item, seen) for item in value] if isinstance(value, (list, tuple)) else value


def checksums(value: Any) -> set[str]:
    """The checksums of all pictures in kept data."""
    if isinstance(value, dict):
        if set(value) == {"$picture"}:
            return {value["$picture"]}
        return set().union(*(checksums(item) for item in value.values()))
    return set().union(*(checksums(item) for item in value)) if isinstance(value, list) else set()


def _place() -> str | None:
    """How people reach this deployment: as it is set, else as the person who asks reached it."""
    base = current_app.config["ZHIAN"].base_url or (request.host_url if has_request_context() else "")
    return base.rstrip("/") or None


def verify_url(place: str | None, code: str) -> str | None:
    """Where the square on a letter leads; None when nobody has said how people reach this deployment."""
    return f"{place}/documents/v/{code}" if place else None


def square(address: str | None) -> str | None:
    """The address as a square for phones, as a data URI."""
    if not address:
        return None
    return segno.make(address, error="m").png_data_uri(scale=6, border=1)
