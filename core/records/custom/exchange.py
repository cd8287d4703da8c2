"""Custom fields as a part of the configuration file: each under its record type and code, made or changed as given."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from sqlalchemy import select

from core.db import db
from core.errors import FieldError, Invalid
from core.i18n import _
from core.records import service
from core.records.custom.model import CustomField
from core.records.reading import run
from core.registry import registry
from core.shaping.configuration import Configuration

LEFT_OUT = ("record_key", "code")


def part() -> Configuration:
    """What the configuration file says of custom fields; layouts and conditions that name them come after it."""
    return Configuration("custom_fields", _("Custom fields"), export, apply, order=10)


def export() -> dict[str, Any]:
    """{record type and code: definition}, also of fields that were put away."""
    table = CustomField.__table__
    return {f"{row['record_key']}.{row['code']}": _plain(row) for row in run(select(table)).mappings()}


def _names() -> list[str]:
    return [name for name in registry().types["core.custom_field"].fields if name not in LEFT_OUT]


def _plain(row: Mapping[str, Any]) -> dict[str, Any]:
    return {name: row[name] for name in _names()} | {"away": row["archived_at"] is not None}


def apply(given: Mapping[str, Any]) -> None:
    """Make what is missing and change what differs; fields of record types that are not here are left out.

    Raises `Invalid`, also where a field of that code is of another kind here.
    """
    for name, data in given.items():
        key, _dot, code = name.rpartition(".")
        if not isinstance(data, Mapping):
            raise Invalid([FieldError(name, "object", _("Give the values as an object of fields."))])
        if key in registry().types:
            _apply_one(key, code, data)


def _apply_one(key: str, code: str, data: Mapping[str, Any]) -> None:
    values = {n: v for n, v in data.items() if n in _names()}
    chosen = select(CustomField).where(CustomField.record_key == key, CustomField.code == code)
    found = db.session.scalars(chosen).first()
    if found is None:
        found = service.create(CustomField, values | {"record_key": key, "code": code})
    else:
        service.update(found, values)
    if bool(data.get("away")) != (found.archived_at is not None):
        (service.archive if data.get("away") else service.restore)(found)
