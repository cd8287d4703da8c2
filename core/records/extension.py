"""Adding fields to another plugin's record: real columns, named after the plugin that adds them."""

from __future__ import annotations

from sqlalchemy import DefaultClause, false, true
from sqlalchemy.orm import MappedColumn

from core.records.base import Record, link_relationship, public_name
from core.records.changes import forget_specs


def extend(model: type[Record], plugin: str, **columns: MappedColumn) -> None:
    """Give `model` more fields, in the database `<plugin>_<field>`; raises `TypeError` on a clash of names."""
    for attr, column in columns.items():
        spec = column.column.info["field"]
        if hasattr(model, attr) or hasattr(model, attr.removesuffix("_id")):
            owner = getattr(getattr(model, attr, None), "info", {}).get("field")
            raise TypeError(
                f"{plugin} adds {attr} to {model.__record__['key']}, which has it already"
                f" (from {getattr(owner, 'plugin', 'core')})"
            )
        column.column.name = f"{plugin}_{attr}"
        _for_rows_that_exist(plugin, attr, column)
        spec.attr, spec.name, spec.plugin = attr, public_name(attr, spec), plugin
        spec.record = model.__record__["key"]
        setattr(model, attr, column)
        if spec.kind in ("link", "file"):
            setattr(model, attr.removesuffix("_id"), link_relationship(spec, lambda attr=attr: getattr(model, attr)))
    forget_specs()


def _for_rows_that_exist(plugin: str, attr: str, column: MappedColumn) -> None:
    """A column that may not be empty takes its default in the database too; raises `TypeError` when it has none."""
    made, spec = column.column, column.column.info["field"]
    if made.nullable or made.server_default is not None:
        return
    if spec.default is None or callable(spec.default) or isinstance(spec.default, (list, dict)):
        raise TypeError(f"{plugin} adds {attr}, which may not be empty: rows that exist need a plain default")
    switched = true() if spec.default else false()
    made.server_default = DefaultClause(switched if spec.kind == "boolean" else str(spec.default))
