"""What this plugin puts into the configuration file: the price list."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from sqlalchemy import select

from core import Configuration, FieldError, Invalid, _, create, db, elevated, registry, update
from plugins.billing.tariff import PriceItem

KEY = "billing.price_item"


def parts() -> list[Configuration]:
    """The part of the file."""
    return [Configuration("price_items", _("Price list"), export, apply, order=80, record=KEY)]


def _names() -> list[str]:
    fields = registry().types[KEY].fields.values()
    return [f.name for f in fields if f.writable and f.name != "code" and f.kind not in ("link", "file", "secret")]


def export() -> Mapping[str, Any]:
    """Each item of the list by its code, as plain values."""
    with elevated("the price list is the same for everybody"):
        rows = db.session.scalars(select(PriceItem).where(PriceItem.archived_at.is_(None)).order_by(PriceItem.code))
        return {row.code: {name: _plain(getattr(row, name)) for name in _names()} for row in rows}


def _plain(value: Any) -> Any:
    return value if value is None or isinstance(value, (bool, int, str, list, dict)) else str(value)


def apply(given: Mapping[str, Any]) -> None:
    """Items of the same code are changed, others made, under the importer's rights."""
    known = {row.code: row for row in db.session.scalars(select(PriceItem).where(PriceItem.code.in_(list(given))))}
    for code, values in given.items():
        if not isinstance(values, Mapping):
            raise Invalid([FieldError(code, "invalid", _("This is no item of a price list."))])
        told = {name: values[name] for name in _names() if name in values}
        if code in known:
            update(known[code], told)
        else:
            create(PriceItem, told | {"code": code})
