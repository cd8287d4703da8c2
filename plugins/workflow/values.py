"""Values of a bound record by a path of field names: `status`, `agent`, `client.tier`. Only reads."""

from __future__ import annotations

from typing import Any

from core import Record, registry


def value_of(record: Any, path: str) -> Any:
    """The value; of a link its id. None where something on the way is empty. Raises `KeyError` for an unknown field.

    What is hidden from people is unknown here too.
    """
    names = path.split(".")
    for at, name in enumerate(names):
        if record is None:
            return None
        spec = registry().of(type(record)).fields.get(name)
        last = at == len(names) - 1
        if spec is None or spec.hidden or spec.kind == "secret":
            if spec is None and last and name in ("id", "version", "created_by_id"):
                return getattr(record, name)
            raise KeyError(path)
        if last:
            return getattr(record, spec.attr)
        if spec.target is None:
            raise KeyError(path)
        record = getattr(record, spec.name)
    return None


def has_path(record_key: str, path: str) -> bool:
    """Whether records of this type have such a field."""
    names = path.split(".")
    for at, name in enumerate(names):
        kind = registry().types.get(record_key)
        spec = kind.fields.get(name) if kind else None
        if spec is None or spec.hidden or spec.kind == "secret":
            return False
        if at < len(names) - 1:
            if spec.target is None:
                return False
            record_key = spec.target
    return True


def place_of(record: Record, name: str) -> int | None:
    """Id in one of the record's own link fields (department, branch, client); None where it has no such field."""
    spec = registry().of(type(record)).fields.get(name)
    return getattr(record, spec.attr) if spec is not None and spec.target else None
