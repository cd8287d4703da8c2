"""Records into entries of the index: read their texts, make the pieces, write what changed."""

from __future__ import annotations

import zlib
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

from sqlalchemy import Connection, delete, select
from sqlalchemy.dialects import postgresql, sqlite

from core.records.conditions import column_of
from core.registry import RecordType, registry
from core.search.model import SearchEntry
from core.search.plan import NUMBER, Part, Plan
from core.search.words import Pieces

AT_ONCE = 500
MOST_PLACES, LAST_PLACE = 250, 16_000
"""What a tsvector keeps of places of one piece, and how far it counts."""
_table = SearchEntry.__table__


def take(connection: Connection, kind: RecordType, plan: Plan, ids: Sequence[int]) -> int:
    """Index these records as the database has them; forget those that are gone. How many entries were written."""
    written = 0
    for start in range(0, len(ids), AT_ONCE):
        some = ids[start : start + AT_ONCE]
        _hold(connection, plan, some)
        rows = _rows(connection, kind, plan, some)
        if gone := set(some) - rows.keys():
            forget(connection, plan, sorted(gone))
        written += write(connection, plan, {ident: words_of(connection, plan, row) for ident, row in rows.items()})
    return written


def _hold(connection: Connection, plan: Plan, ids: Sequence[int]) -> None:
    """PostgreSQL: who writes these entries waits, so that nothing newer is overwritten by what is read next."""
    if connection.dialect.name == "postgresql":
        entries = select(_table.c.id).where(_table.c.id.in_([plan.base + ident for ident in ids]))
        connection.execute(entries.order_by(_table.c.id).with_for_update())


def _rows(connection: Connection, kind: RecordType, plan: Plan, ids: Sequence[int]) -> dict[int, dict[str, Any]]:
    """Texts by part code, by record."""
    table = kind.model.__table__
    names = sorted(plan.names)
    columns = [column_of(kind, kind.fields[name]).label(name) for name in names]
    statement = select(table.c.id, *columns).where(table.c.id.in_(ids))
    found = {row[0]: dict(zip(names, row[1:], strict=True)) for row in connection.execute(statement)}
    rows = {ident: _of_parts(plan, values) for ident, values in found.items()}
    for part in plan.parts:
        if part.linked is not None:
            _add_linked(connection, part, rows)
    return rows


def _of_parts(plan: Plan, values: Mapping[str, Any]) -> dict[str, list[Any]]:
    return {part.code: [values.get(n) for n in part.names] for part in plan.parts if part.linked is None}


def _add_linked(connection: Connection, part: Part, rows: dict[int, dict[str, Any]]) -> None:
    assert part.linked is not None
    target = registry().types[part.linked.record]
    by = column_of(target, target.fields[part.linked.by])
    columns = [column_of(target, target.fields[name]) for name in part.names]
    found: dict[int, list[Any]] = defaultdict(list)
    for row in connection.execute(select(by, *columns).where(by.in_(list(rows))).order_by(target.model.__table__.c.id)):
        found[row[0]] += row[1:]
    for ident, values in found.items():
        rows[ident][part.code] = values


def write_records(connection: Connection, plan: Plan, records: Iterable[Any]) -> int:
    """Index records that are at hand, of a type without linked texts."""
    specs = {spec.name: spec.attr for spec in registry().types[plan.key].fields.values() if spec.name in plan.names}
    rows = {r.id: _of_parts(plan, {name: getattr(r, attr) for name, attr in specs.items()}) for r in records}
    return write(connection, plan, {ident: words_of(connection, plan, row) for ident, row in rows.items()})


def words_of(connection: Connection, plan: Plan, texts: Mapping[str, Sequence[Any]]) -> str:
    """The words of an entry as the database takes them."""
    pieces = [(part.code, _pieces(part, texts.get(part.code, ()))) for part in plan.parts]
    return as_tsvector(pieces) if connection.dialect.name == "postgresql" else as_tokens(pieces)


def _pieces(part: Part, values: Sequence[Any]) -> Pieces:
    found = Pieces()
    for value in values:
        for text in texts_in(value):
            found.add(text, number=part.kind == NUMBER)
    return found


def texts_in(value: Any) -> Iterator[str]:
    """The texts of a value: itself, those of a list, those of structured data."""
    if isinstance(value, str):
        yield value
    elif isinstance(value, Mapping):
        for inner in value.values():
            yield from texts_in(inner)
    elif isinstance(value, (list, tuple)):
        for inner in value:
            yield from texts_in(inner)


def as_tokens(pieces: list[tuple[str, Pieces]]) -> str:
    """For FTS5: what stands together in the text stands together here."""
    return " ".join(code + piece for code, found in pieces for run in (*found.runs, list(found.loose)) for piece in run)


def as_tsvector(pieces: list[tuple[str, Pieces]]) -> str:
    """For PostgreSQL: pieces of phrases with their places, the others without."""
    places: dict[str, list[str]] = defaultdict(list)
    place = 0
    for code, found in pieces:
        for run in found.runs:
            for piece in run:
                place += 1
                held = places[code + piece]
                if place < LAST_PLACE and len(held) < MOST_PLACES:
                    held.append(str(place))
        for piece in found.loose:
            places.setdefault(code + piece, [])
    return " ".join(f"'{piece}':{','.join(held)}" if held else f"'{piece}'" for piece, held in places.items())


def write(connection: Connection, plan: Plan, words: Mapping[int, str]) -> int:
    """Write the entries whose words are not what they were."""
    rows = [
        {"id": plan.base + ident, "record_key": plan.key, "record_id": ident, "mark": zlib.crc32(text.encode())}
        | {"words": text}
        for ident, text in words.items()
    ]
    marks = select(_table.c.id, _table.c.mark).where(_table.c.id.in_([row["id"] for row in rows]))
    known = dict(connection.execute(marks).all())
    fresh = [row for row in rows if known.get(row["id"]) != row["mark"]]
    if fresh:
        dialect = postgresql if connection.dialect.name == "postgresql" else sqlite
        statement = dialect.insert(_table)
        new = {"mark": statement.excluded.mark, "words": statement.excluded.words}
        connection.execute(statement.on_conflict_do_update(index_elements=["id"], set_=new), fresh)
    return len(fresh)


def forget(connection: Connection, plan: Plan, ids: Sequence[int]) -> None:
    """Take the entries of these records away."""
    connection.execute(delete(_table).where(_table.c.id.in_([plan.base + ident for ident in ids])))
