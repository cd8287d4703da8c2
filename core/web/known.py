"""What one person knows of a list beside its address: saved views, own and shared, and the columns they chose last.

One statement per page; what changes them stands in `views`.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from urllib.parse import parse_qsl, quote

from flask import g
from sqlalchemy import select
from werkzeug.datastructures import MultiDict

from core.permissions.principal import current_principal
from core.records.conditions import allowed
from core.records.reading import run
from core.registry import registry
from core.saved.model import LAYOUT, SHARED, SavedView

_RANK = ("private", "role", "department", "everyone")
"""Which of several views that open first does: one's own before what others chose."""


@dataclass(frozen=True)
class Saved:
    """One saved view as its reader knows it."""

    id: int
    name: str
    query: str
    visibility: str
    mine: bool
    is_default: bool = False

    @property
    def tag(self) -> str:
        """How an address names it."""
        return f"v{self.id}"

    @property
    def shared(self) -> bool:
        """Whether others see it too."""
        return self.visibility in SHARED

    @property
    def address(self) -> str:
        """Its own short address."""
        return address_of(self.id, self.name)


@dataclass(frozen=True)
class KnownViews:
    """The views of one list, and `chosen`: columns, widths and order that the person chose last."""

    views: tuple[Saved, ...]
    chosen: MultiDict[str, str]
    layout: int | None = None

    def find(self, tag: str) -> Saved | None:
        """The view of that tag."""
        return next((v for v in self.views if v.tag == tag), None)

    @property
    def default(self) -> Saved | None:
        """The view that opens first."""
        first = sorted((v for v in self.views if v.is_default), key=lambda v: _RANK.index(v.visibility))
        return first[0] if first else None


def address_of(ident: int, name: str) -> str:
    """`/v/12-my-cases`: its own short address; only the number counts."""
    words = re.sub(r"\W+", "-", name.lower()).strip("-")[:40]
    return f"/v/{ident}-{quote(words or 'view')}"


def known_views(key: str) -> KnownViews:
    """What the current person knows of the list of `key`; read once per request."""
    person = current_principal()
    kept = g.setdefault("known_views", {})
    if (key, person.user_id) not in kept:
        kept[key, person.user_id] = _read(key, person.user_id)
    return kept[key, person.user_id]


def forget_views() -> None:
    """Read anew in this request."""
    g.pop("known_views", None)


def _read(key: str, user_id: int | None) -> KnownViews:
    kind, t = registry().types.get("core.view"), SavedView.__table__.c
    if kind is None or user_id is None or not current_principal().can("core.view", "read"):
        return KnownViews((), MultiDict())
    wanted = select(t.id, t.name, t.query, t.visibility, t.created_by_id, t.is_default)
    rows = run(wanted.where(t.record == key, allowed(kind)).order_by(t.name, t.id)).all()
    found = [Saved(r.id, r.name, r.query or "", r.visibility, r.created_by_id == user_id, r.is_default) for r in rows]
    views = [v for v in found if v.visibility == "private" and v.mine] + [v for v in found if v.shared]
    layout = next((v for v in found if v.visibility == LAYOUT and v.mine), None)
    chosen = MultiDict(parse_qsl(layout.query)) if layout else MultiDict()
    return KnownViews(tuple(views), chosen, layout.id if layout else None)
