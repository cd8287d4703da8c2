"""What the guard does to selects: finds the records they read, refuses what cannot be filtered, adds the rules.

Written against SQLAlchemy 2.1: see the tests of the guard before changing its version.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import Any

from sqlalchemy import Alias, Column, Table, false, true
from sqlalchemy.orm.util import LoaderCriteriaOption
from sqlalchemy.sql import visitors
from sqlalchemy.sql.elements import ColumnClause, TextClause
from sqlalchemy.sql.selectable import Join, Select, TableClause, TableValuedAlias, TextualSelect
from sqlalchemy.sql.util import surface_expressions

from core.errors import Unguarded
from core.permissions.principal import Principal
from core.permissions.rules import access
from core.records.base import MODELS, Record

_by_table: dict[str, type[Record]] = {}
_HARMLESS = re.compile(r"\*|\d{1,9}")
_RAW = (TextClause, TextualSelect, TableValuedAlias)


def guarded_tables() -> dict[str, type[Record]]:
    """Record classes by table name."""
    if len(_by_table) != len(MODELS):
        _by_table.update({m.__tablename__: m for m in MODELS.values()})
    return _by_table


class RowRule(LoaderCriteriaOption):
    """`with_loader_criteria` of a finished expression that also reaches aliases which stand on the right of a join."""

    _traverse_internals = LoaderCriteriaOption._traverse_internals

    def _resolve_where_criteria(self, ext_info: Any) -> Any:
        found = super()._resolve_where_criteria(ext_info)
        return ext_info._adapter.traverse(found) if ext_info.is_aliased_class else found


def criteria(models: Iterable[type[Record]], principal: Principal, action: str) -> list[Any]:
    """The loader options that filter these classes for the principal; the same objects each time."""
    found = []
    for model in models:
        key = ("criteria", model, action)
        if key not in principal.cache:
            where = access().where(model, principal, action)
            principal.cache[key] = (
                None if where is true() else RowRule(model, mapped(model, where), include_aliases=True)
            )
        if (option := principal.cache[key]) is not None:
            found.append(option)
    return found


def mapped(model: type[Record], where: Any) -> Any:
    """A rule on tables as one on the mapped class, so that the ORM carries it over to aliases; subselects stay.

    A bare `false` would be added nowhere that adapts to an alias; it is said about the primary key instead.
    """
    if where is false():
        return model.id.in_(())
    attributes = {p.columns[0]: getattr(model, p.key) for p in model.__mapper__.column_attrs}

    def replace(element: Any, **_options: Any) -> Any:
        if isinstance(element, Select):
            sources = element.get_final_froms()
            alone = model.__table__ not in sources or len(sources) == 1
            return element._annotate({"no_replacement_traverse": True}) if alone else None
        found = attributes.get(element) if isinstance(element, Column) else None
        return None if found is None else found.__clause_element__()

    return visitors.replacement_traverse(where, {}, replace)


def mentioned(statement: Select[Any]) -> list[type[Record]]:
    """Record classes that the statement reads; with eager loading, which only shows at compile time, all of them.

    Raises `Unguarded` for SQL as text and for tables that are not read through their class.
    """
    named = _inspect(statement)
    tables = guarded_tables()
    if unknown := sorted(named - tables.keys()):
        raise Unguarded(f"{', '.join(unknown)} is read without rules; core rooms say so with OPEN")
    if any(not getattr(o, "_is_criteria_option", False) for o in statement._with_options) or statement._setup_joins:
        return list(tables.values())
    return [tables[name] for name in sorted(named)]


def _inspect(statement: Select[Any]) -> set[str]:
    """Names of the tables that are read through their class; raises `Unguarded` for any other way."""
    through_class: set[str] = set()
    aliases: set[int] = set()
    loose_tables: set[str] = set()
    loose_aliases: dict[int, str] = {}
    for element in visitors.iterate(statement):
        if isinstance(element, ColumnClause):
            _inspect_column(element, through_class, aliases, loose_aliases)
        elif isinstance(element, Table):
            (through_class if "parententity" in element._annotations else loose_tables).add(element.name)
        elif isinstance(element, Alias):
            _inspect_alias(element, through_class, aliases, loose_aliases)
        elif isinstance(element, Select):
            _inspect_sources(element)
        elif isinstance(element, _RAW) or type(element) is TableClause:
            raise Unguarded(f"SQL as text ({str(element)[:60]!r}) escapes the record rules")
    if escaped := sorted(loose_tables - through_class | {n for i, n in loose_aliases.items() if i not in aliases}):
        raise Unguarded(f"the table {', '.join(escaped)} is read without its class; select the class instead")
    return through_class


def _inspect_sources(statement: Any) -> None:
    """Refuse tables named as a source by themselves, without a condition on their class: no rule reaches them."""
    if statement._prefixes or statement._suffixes or statement._statement_hints or statement._hints:
        raise Unguarded("SQL as text in prefixes, suffixes or hints escapes the record rules")
    entities = (
        part._annotations.get("parententity")
        for condition in statement._where_criteria
        for part in surface_expressions(condition)
    )
    filtered = {e.mapper.local_table.name for e in entities if e is not None and not e.is_aliased_class}
    waiting = [*statement._from_obj, *(join[0] for join in statement._setup_joins)]
    while waiting:
        source = waiting.pop()
        if isinstance(source, Join):
            waiting += [source.left, source.right]
        elif isinstance(source, Table) and "parententity" not in source._annotations and source.name not in filtered:
            raise Unguarded(f"the table {source.name} is read without its class; select the class instead")


def _inspect_column(column: Any, through_class: set[str], aliases: set[int], loose_aliases: dict[int, str]) -> None:
    if not isinstance(column, Column):
        if column.is_literal and not _HARMLESS.fullmatch(column.name):
            raise Unguarded(f"SQL as text ({column.name[:60]!r}) escapes the record rules")
        return
    entity = column._annotations.get("parententity")
    source = column.table
    if entity is not None:
        through_class.add(entity.mapper.local_table.name)
        if entity.is_aliased_class:
            aliases.add(_identity(entity.selectable))
    elif isinstance(source, Table) and "parentmapper" not in column._annotations:
        raise Unguarded(f"the column {column} is read without its class; select the class's attribute instead")
    elif isinstance(source, Alias) and isinstance(source.element, Table):
        loose_aliases[_identity(source)] = source.element.name


def _inspect_alias(alias: Any, through_class: set[str], aliases: set[int], loose_aliases: dict[int, str]) -> None:
    if not isinstance(alias.element, Table):
        return
    if alias._annotations.get("parententity") is not None:
        through_class.add(alias.element.name)
        aliases.add(_identity(alias))
    else:
        loose_aliases[_identity(alias)] = alias.element.name


def _identity(source: Any) -> int:
    """The same number for a selectable and its annotated copies."""
    return hash(source)
