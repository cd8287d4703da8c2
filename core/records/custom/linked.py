"""What custom links lead to is not deleted for good, as with built-in links; no key of the database holds them."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from sqlalchemy import select

from core.db import db
from core.errors import Refused
from core.i18n import _
from core.records.base import MODELS
from core.records.custom.known import edition


def refuse_linked(model: type[Any], records: Iterable[Any]) -> None:
    """Raises `Refused` while a custom link of any record leads to one of these."""
    from core.records.conditions import column_of
    from core.registry import registry

    target, ids = model.__record__["key"], [record.id for record in records]
    for key, kind in registry().types.items():
        for spec in edition().of(key).values():
            if spec.kind != "link" or spec.target != target:
                continue
            linked = column_of(kind, spec).in_(ids)
            held = select(MODELS[key].__table__.c.id).where(linked).limit(1)
            if db.session().connection().execute(held).first() is not None:
                raise Refused(_("Other records still refer to this one. Change or archive them first."), code="in_use")
