"""Indexes that follow from declarations and rights and that no migration knows: search, scopes, default orders."""

from __future__ import annotations

from sqlalchemy import Column, Connection, PrimaryKeyConstraint, Table, UniqueConstraint, inspect, text
from sqlalchemy.sql import visitors

from core.permissions.principal import Principal
from core.permissions.rules import Access
from core.records.base import Record
from core.registry import RecordType, Registry

SUFFIXES = ("_bigram", "_scope", "_last", "_order", "_cover", "_mine", "_custom", "_search_words")
"""Ends of the names of these indexes, which no migration knows."""
BIGRAM_FUNCTION = r"""
CREATE OR REPLACE FUNCTION zhian_bigrams(value text) RETURNS text[] LANGUAGE plpgsql IMMUTABLE PARALLEL SAFE STRICT AS
$$ DECLARE
  small text := lower(value);
  mark text := chr(1);
  many int := length(small);
BEGIN
  RETURN
    string_to_array(rtrim(regexp_replace(left(small, many / 2 * 2), '(..)', '\1' || mark, 'g'), mark), mark) ||
    string_to_array(rtrim(regexp_replace(substr(small, 2, (many - 1) / 2 * 2), '(..)', '\1' || mark, 'g'), mark), mark);
END $$
"""
"""The pairs from the first character on and those from the second; every write of a searchable text pays for it.

Built-in functions do it in half of the time of a loop over the characters, and that in a sixth of a set of `substr`.
"""
_SOMEBODY = Principal(
    user_id=1, department_id=1, department_ids=frozenset({1}), branch_id=1, team_ids=frozenset({1}), roles=frozenset()
)


def ensure_indexes(connection: Connection, registry: Registry) -> list[str]:
    """Make the missing ones and return their names.

    A PostgreSQL table that gets one is analysed: without figures on the pieces of words the planner would use their
    index for frequent words too.
    """
    postgresql = connection.dialect.name == "postgresql"
    if postgresql:
        connection.execute(text(BIGRAM_FUNCTION))
    made = []
    tables = set(inspect(connection).get_table_names())
    for kind in (k for k in registry.types.values() if k.model.__tablename__ in tables):
        table = kind.model.__table__
        wanted = _scope_indexes(kind, registry.access) | _order_index(kind, postgresql=postgresql)
        wanted |= _search_indexes(kind) if postgresql else _cover_index(kind, registry.access)
        wanted |= _mine_index(kind, registry, postgresql=postgresql)
        present = {row["name"] for row in inspect(connection).get_indexes(table.name)} if wanted else set()
        missing = {name: body for name, body in wanted.items() if name not in present}
        for name, body in missing.items():
            connection.execute(text(f'CREATE INDEX "{name}" ON "{table.name}" {body}'))
        if missing and postgresql:
            connection.execute(text(f'ANALYZE "{table.name}"'))
        made += missing
    return made


def _name(table: Table, column: str, suffix: str) -> str:
    return f"ix_{table.name}_{column}"[: 63 - len(suffix)] + suffix


def _search_indexes(kind: RecordType) -> dict[str, str]:
    """Two-character pieces of each searchable text, so that `LIKE '%电池%'` is served.

    Empty values stay out. Where there are none the index is whole: the planner takes no figures from a partial one.
    """
    table, found = kind.model.__table__, {}
    for spec in (s for s in kind.search_fields if not s.custom):
        column = kind.model.__mapper__.column_attrs[spec.attr].columns[0]
        filled = f' WHERE "{column.name}" IS NOT NULL' if column.nullable else ""
        body = f'USING gin (zhian_bigrams("{column.name}")) WITH (fastupdate=off){filled}'
        found[_name(table, column.name, "_bigram")] = body
    return found


def _order_index(kind: RecordType, *, postgresql: bool) -> dict[str, str]:
    """The default order, where no declared index serves it. PostgreSQL needs one with empty values last downwards."""
    spec = kind.fields.get(kind.order.removeprefix("-"))
    if spec is None or spec.kind in ("link", "file", "json", "tags", "multi_choice"):
        return {}
    table, down = kind.model.__table__, kind.order.startswith("-")
    column = kind.model.__mapper__.column_attrs[spec.attr].columns[0].name
    if postgresql and down and not spec.required:
        return {_name(table, column, "_last"): f'("{column}" DESC NULLS LAST, id DESC)'}
    return {} if column in _leading(table) else {_name(table, column, "_order"): f'("{column}", id)'}


def _mine_index(kind: RecordType, registry: Registry, *, postgresql: bool) -> dict[str, str]:
    """The list that opens first, where it holds a person's own open records: those alone, in its order.

    Records that belong to nobody, as most of an import do, are not in it and cost nothing.
    """
    view = registry.view("list", kind.key)
    preset = next((p for p in view.presets if p.default), None) if view is not None else None
    if preset is None:
        return {}
    mine = [name for name, value in preset.filters.items() if value == "me" and name in kind.fields]
    empty = [name.removesuffix("__isnull") for name, value in preset.filters.items() if value == "true"]
    sort = (preset.sort or view.sort or kind.order).split(",")[0]
    order = kind.fields.get(sort.lstrip("-"))
    if len(mine) != 1 or order is None or {*mine, *(f"{name}__isnull" for name in empty)} != set(preset.filters):
        return {}
    columns = {name: _column(kind, name) for name in (*mine, *empty, order.name)}
    person, down = columns[mine[0]], sort.startswith("-")
    last = " NULLS LAST" if postgresql and down else ""
    places = sorted({c.name for c in _asked(kind.model, registry.access, ("department", "branch"))} - {person})
    keys = [f'"{person}"', f'"{columns[order.name]}"{" DESC" if down else ""}{last}', f"id{' DESC' if down else ''}"]
    open_ones = [columns[name] for name in empty] + (["archived_at"] if kind.archive else [])
    beside = places if postgresql else [*places, *open_ones]  # SQLite reads the table for a column that is not there
    parts = ", ".join([*keys, *(f'"{name}"' for name in beside if name in kind.model.__table__.c)])
    where = " AND ".join([f'"{person}" IS NOT NULL', *(f'"{name}" IS NULL' for name in open_ones)])
    return {_name(kind.model.__table__, person, "_mine"): f"({parts}) WHERE {where}"}


def _column(kind: RecordType, name: str) -> str:
    return kind.model.__mapper__.column_attrs[kind.fields[name].attr].columns[0].name


def _scope_indexes(kind: RecordType, access: Access) -> dict[str, str]:
    """Columns by which a scope picks rows, where the declaration gives them no index."""
    table = kind.model.__table__
    names = {c.name for c in _asked(kind.model, access) if c.table is table} - _leading(table)
    return {_name(table, name, "_scope"): f'("{name}")' for name in sorted(names)}


def _cover_index(kind: RecordType, access: Access) -> dict[str, str]:
    """SQLite searches titles by reading an index; this one also holds what the scopes ask, so counts need no table."""
    spec = kind.fields.get(kind.title or "")
    table = kind.model.__table__
    scopes = sorted({c.name for c in _asked(kind.model, access) if c.table is table} - {"id"})
    if spec is None or not spec.search or not scopes:
        return {}
    title = kind.model.__mapper__.column_attrs[spec.attr].columns[0].name
    columns = ", ".join(f'"{name}"' for name in (title, "archived_at", *scopes))
    return {_name(table, title, "_cover"): f"({columns})"}


def _leading(table: Table) -> set[str]:
    """Columns that a declared index or constraint begins with."""
    unique = (c for c in table.constraints if isinstance(c, (UniqueConstraint, PrimaryKeyConstraint)))
    return {next(iter(part.columns)).name for part in (*table.indexes, *unique) if len(part.columns)}


def _asked(
    model: type[Record], access: Access, words: tuple[str, ...] = ("own", "assigned", "team", "department", "branch")
) -> list[Column]:
    """Columns in what the scopes of a type say of somebody."""
    scopes = (access.scope_of(model, word, _SOMEBODY) for word in words)
    return [part for scope in scopes for part in visitors.iterate(scope) if isinstance(part, Column)]
