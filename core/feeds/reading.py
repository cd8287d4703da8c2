"""What a feed holds: the dates that plugins name for a person, or those of a saved view, with its owner's rights."""

from __future__ import annotations

import hashlib
import secrets
from collections.abc import Iterator
from datetime import date, timedelta
from functools import partial
from typing import Any
from urllib.parse import parse_qsl

from sqlalchemy import delete, insert, select, update
from werkzeug.datastructures import MultiDict

from core.clock import now, today
from core.contributions import DayFeed
from core.db import db
from core.errors import NotFound
from core.feeds.ics import DayEvent
from core.feeds.model import CalendarFeed
from core.i18n import gettext
from core.permissions.principal import current_principal
from core.permissions.rules import access
from core.records.conditions import treatment
from core.records.dump import link_labels
from core.records.query import SYSTEM_FIELDS, Filter, Query, list_records
from core.records.reading import run
from core.registry import RecordType, registry

BEFORE, AFTER = timedelta(days=60), timedelta(days=400)
MOST_EVENTS = 2000
MOST_FEEDS = 20
READ_NOTED = timedelta(hours=1)
_table = CalendarFeed.__table__


def digest(token: str) -> str:
    """What the table keeps of an address."""
    return hashlib.sha256(token.encode()).hexdigest()


def make(name: str, view_id: int | None = None) -> str:
    """A new address of the current person; its token, for the only time. Raises `NotFound` for too many of them."""
    token = secrets.token_urlsafe(32)
    user_id = current_principal().user_id
    if len(mine()) >= MOST_FEEDS:
        raise NotFound(gettext("You have %(n)s calendar addresses already. End one first.", n=MOST_FEEDS))
    values = {"user_id": user_id, "view_id": view_id, "name": name[:120], "token_hash": digest(token)}
    run(insert(_table).values(values | {"created_at": now()}))
    return token


def mine() -> list[Any]:
    """The addresses of the current person, the newest first."""
    return list(run(select(_table).where(_table.c.user_id == current_principal().user_id).order_by(_table.c.id.desc())))


def end(ident: int) -> None:
    """Take back one of one's own addresses; raises `NotFound`."""
    own = (_table.c.id == ident, _table.c.user_id == current_principal().user_id)
    if not run(delete(_table).where(*own)).rowcount:
        raise NotFound()


def by_token(token: str) -> Any:
    """The subscription of an address, or None."""
    with db.engine.connect() as connection:
        return connection.execute(select(_table).where(_table.c.token_hash == digest(token))).first()


def noted(feed: Any) -> bool:
    """Whether it is known that the feed was read within the last hour."""
    return feed.read_on is not None and feed.read_on > now() - READ_NOTED


def note(feed: Any) -> None:
    """Remember that it was read, for its owner to see."""
    with db.engine.begin() as connection:
        connection.execute(update(_table).where(_table.c.id == feed.id).values(read_on=now()))


def own_events(host: str) -> Iterator[DayEvent]:
    """The person's own dates, as plugins declare them."""
    for plugin, source in registry().feeds:
        kind = registry().types.get(source.record)
        if kind is not None and access().can(current_principal(), kind.key, "read"):
            wanted = tuple(_filter(name, value) for name, value in source.filters)
            read = partial(_events, kind, source, wanted, host)
            yield from registry().hooks.isolated(plugin, f"feed {source.key}", read, [])


def _filter(name: str, value: str) -> Filter:
    field, _sep, op = name.partition("__")
    return Filter(field, op or "eq", value)


def _events(kind: RecordType, source: DayFeed, filters: tuple[Filter, ...], host: str) -> list[DayEvent]:
    query = Query(filters=(*filters, *window(source.day)), sort=(source.day,), limit=MOST_EVENTS, page=1)
    return list(events_of(kind, source.day, query, host, str(source.label)))


def window(day: str) -> tuple[Filter, Filter]:
    """From two months ago to a good year ahead."""
    return Filter(day, "gte", (today() - BEFORE).isoformat()), Filter(day, "lte", (today() + AFTER).isoformat())


def events_of(kind: RecordType, day: str, query: Query, host: str, word: str) -> Iterator[DayEvent]:
    """The records of a query as days by one of their date fields."""
    names = [n for n in dict.fromkeys((day, kind.title, kind.number, kind.secondary)) if n]
    known = kind.fields.keys() | SYSTEM_FIELDS.keys()
    shown = tuple(n for n in names if n in known and _open(kind, n))
    if day not in shown:
        return
    page = list_records(kind.model, Query(**{**vars(query), "fields": shown}))
    specs = [spec for spec in page.fields if spec.target]
    changed = _changed(kind, [row["id"] for row in page.rows])
    link_labels(specs, page.rows)
    for row in page.rows:
        if isinstance(row[day], date):
            yield _event(kind, row, day, changed[row["id"]], host, word)


def _event(kind: RecordType, row: dict[str, Any], day: str, changed: Any, host: str, word: str) -> DayEvent:
    texts = [_text(row.get(name)) for name in (kind.title, kind.number, kind.secondary) if name]
    known = [text for text in dict.fromkeys(texts) if text]
    title = known[0] if known else f"{kind.label} {row['id']}"
    when = row[day].date() if hasattr(row[day], "date") else row[day]
    return DayEvent(
        uid=f"{kind.key}-{row['id']}-{day}@{host.partition('://')[2] or host}",
        day=when,
        title=f"{word} · {title}" if word else title,
        text="\n".join(known[1:]),
        url=f"{host}/r/{kind.key}/{row['id']}",
        category=str(kind.plural),
        changed=changed,
        version=row["version"],
    )


def arguments(query: str | None) -> MultiDict[str, str]:
    """The state of a saved view as an address has it."""
    return MultiDict(parse_qsl(query or "", keep_blank_values=True))


def _text(value: Any) -> str:
    return str(value.get("label", "")) if isinstance(value, dict) else str(value or "")


def _open(kind: RecordType, name: str) -> bool:
    rule = treatment(kind, name)
    return rule is None or rule.when is not None or rule.treatment == "readonly"


def _changed(kind: RecordType, ids: list[int]) -> dict[int, Any]:
    table = kind.model.__table__
    found: dict[int, Any] = {}
    for start in range(0, len(ids), 500):
        chosen = select(table.c.id, table.c.updated_at).where(table.c.id.in_(ids[start : start + 500]))
        found.update((row[0], row[1]) for row in run(chosen))
    return found
