"""Links in a sheet: a name, number or login instead of an id, resolved for a whole batch at once."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from typing import Any

from sqlalchemy import select

from core.db import db
from core.i18n import _
from core.registry import registry

from .plugin import ImportContext, ImportRow
from .text import fold_name

CHUNK = 500
NOT_FOUND = _("There is no “%(text)s” that you may see.")
AMBIGUOUS = _("There are several called “%(text)s”. Give the number instead.")
ALSO = {"core.user": ("login", "email"), "core.department": ("code",), "core.branch": ("code",)}
"""Fields besides title and number by which people name a record."""


def resolve(fields: dict[str, str], rows: Sequence[ImportRow], context: ImportContext) -> None:
    """Put ids in the place of texts; `fields` is link field → record key. Rows whose text names nothing are refused."""
    for name, key in fields.items():
        waiting = [row for row in rows if row.open and isinstance(row.values.get(name), str)]
        if not waiting:
            continue
        known: dict[str, set[int]] = context.memory.setdefault(f"links of {key}", {})
        _look_up(key, {row.values[name] for row in waiting} - known.keys(), known)
        for row in waiting:
            text = row.values[name]
            ids = known.get(text, set())
            if len(ids) == 1:
                row.values[name] = next(iter(ids))
            else:
                code, reason = ("ambiguous", AMBIGUOUS) if ids else ("not_found", NOT_FOUND)
                row.refuse(name, code, str(reason) % {"text": text[:60]})


def any_known(key: str, texts: set[str]) -> bool:
    """Whether one of the texts names a record of that type that the person may see."""
    known: dict[str, set[int]] = {}
    _look_up(key, texts, known)
    return any(known.values())


def _look_up(key: str, texts: set[str], known: dict[str, set[int]]) -> None:
    kind = registry().types[key]
    names = [kind.title, kind.number, kind.secondary, *ALSO.get(key, ())]
    columns = [getattr(kind.model, kind.fields[name].attr) for name in dict.fromkeys(names) if name in kind.fields]
    ordered = sorted(texts)
    found: dict[str, set[int]] = defaultdict(set)
    for start in range(0, len(ordered), CHUNK):
        some = ordered[start : start + CHUNK]
        for column in columns:
            for ident, value in db.session.execute(select(kind.model.id, column).where(column.in_(some))):
                found[fold_name(str(value))].add(ident)
    known.update({text: found.get(fold_name(text), set()) for text in texts})


def link_fields(record_type: Any, own: set[str]) -> dict[str, str]:
    """The link fields of a record that an import fills: name → key of the target."""
    return {
        n: spec.target for n, spec in record_type.fields.items() if spec.kind == "link" and spec.target and n in own
    }
