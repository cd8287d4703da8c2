"""Runs rows through an import: coerce, prepare, match by key, compare, write. Every row ends in exactly one outcome."""

from __future__ import annotations

import hashlib
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any

from core.db import db
from core.i18n import _, gettext
from core.permissions.rules import access
from core.records.service import loader
from core.shaping.choices import RETIRED

from . import links, store
from .loading import RowLoader
from .mapping import Mapping, targets_of
from .plugin import ImportContext, ImportRow, ImportSupport
from .source import Row, is_summary
from .values import BadCell, ImportTarget, coerce

OUTCOMES = ("created", "updated", "unchanged", "refused")
REASONS = {
    "missing_key": _("The row has no value in %(fields)s, so it cannot be told apart from others."),
    "duplicate_conflict": _("Row %(row)s of the file has the same key with other content."),
    "ambiguous_key": _("Several stored records have this key."),
    "hidden": _("This record exists already, outside of what you may see."),
    "forbidden": _("You may not change this record."),
    "forbidden_field": _("You may not change this field."),
    "forbidden_create": _("You may not create records of this kind."),
    "summary_row": _("This row sums up the rows above it; it is no record of its own."),
}


@dataclass
class Tally:
    """Counts of rows by outcome; the four add up to `rows`."""

    rows: int = 0
    outcomes: Counter[str] = field(default_factory=Counter)

    def add(self, rows: Sequence[ImportRow]) -> None:
        """Count decided rows."""
        self.rows += len(rows)
        self.outcomes.update(row.outcome for row in rows)

    def as_dict(self) -> dict[str, int]:
        """Counts as the report gives them."""
        return {"rows": self.rows} | {name: self.outcomes[name] for name in OUTCOMES}


class Engine:
    """One import of one record type with one mapping; feed it batches of rows in order."""

    def __init__(
        self,
        record_type: Any,
        mapping: Mapping,
        supports: Sequence[ImportSupport],
        context: ImportContext,
        keys: Sequence[str],
    ) -> None:
        self.type = record_type
        self.supports = supports
        self.context = context
        self.keys = tuple(keys)
        self.targets = targets_of(record_type, supports)
        self.columns = list(mapping.fields)
        self.plan = [(column, self.targets[name]) for column, name in mapping.fields.items()]
        self.key_columns = [column for column, name in mapping.fields.items() if name in self.keys]
        self.constants = constants_of(mapping, self.targets)
        self.roc = any(support.roc_years(self.constants) for support in supports)
        self.scope = tuple(dict.fromkeys(name for support in supports for name in support.scope))
        self.barred = frozenset(access().treatments(record_type.model, db.session().principal))
        self.own = {name for name, target in self.targets.items() if not target.virtual}
        self.loader = RowLoader(loader(record_type.model), frozenset([record_type.number or ""]))
        self.retired = {
            name: codes
            for name, spec in self.loader.loader.specs.items()
            if spec.kind in ("choice", "multi_choice") and (codes := {c.code for c in spec.choices if c.retired})
        }
        self.links = links.link_fields(record_type, self.own)
        self.seen: dict[tuple[str, Any], tuple[int, bytes]] = {}
        self.tally = Tally()
        self.reasons = REASONS
        self.early = all(support.early for support in supports)
        self.meanwhile: Callable[[], None] = _nothing
        """Work that needs no database, done while it writes."""

    def read(self, rows: Sequence[Row]) -> list[ImportRow]:
        """What can be known of rows without asking the database: the values of their cells, where possible prepared."""
        lines = [self.coerced(row) for row in rows]
        if self.early:
            self._each_support("prepare", lines)
        return lines

    def batch(self, lines: list[ImportRow]) -> list[ImportRow]:
        """Decide rows as `read` gave them and, unless this is a dry run, write them in the current transaction."""
        self.decide(lines)
        if self.context.dry_run:
            store.rehearse(self, [line for line in lines if line.open])
            self._assume(lines)
        else:
            store.write(self, [line for line in lines if line.open])
        self._share_refusals(lines)
        self.tally.add(lines)
        return lines

    def decide(self, lines: list[ImportRow]) -> None:
        """Give rows a verdict; those still open are to be created (no `record_id`) or updated."""
        if not self.early:
            self._each_support("prepare", lines)
        for line in lines:
            if line.open:
                self._take_key(line)
        store.match(self, [line for line in lines if line.open])
        self._each_support("complete", lines)
        links.resolve(self.links, lines, self.context)
        for line in lines:
            if line.open:
                self._settle(line)

    def replay(self, rows: Sequence[Row]) -> None:
        """Remember the keys of rows that an interrupted run had already committed."""
        lines = self.read(rows)
        if not self.early:
            self._each_support("prepare", lines)
        for line in lines:
            if line.open:
                self._take_key(line)

    def memento(self) -> Any:
        """The counts before a batch, to come back to when it is rolled back."""
        related = {key: Counter(counts) for key, counts in self.context.related.items()}
        return Tally(self.tally.rows, Counter(self.tally.outcomes)), related

    def restore(self, memento: Any) -> None:
        """Forget what a rolled-back batch counted."""
        self.tally, self.context.related = memento
        self.context.made = []

    def coerced(self, row: Row) -> ImportRow:
        """The row with the values of its mapped cells; the first cell that cannot be read refuses it."""
        line = ImportRow(row.number, row.cells)
        if row.summary and not any(_filled(row.cells.get(column)) for column in self.key_columns):
            line.refuse("", "summary_row", REASONS["summary_row"])
            return line
        for column, target in self.plan:
            try:
                value = coerce(target, row.cells.get(column), roc=self.roc)
            except BadCell as error:
                line.refuse(target.name, error.code, error.message)
                continue
            if value is not None and line.values.get(target.name) is None:
                line.values[target.name] = value
        for name, value in self.constants.items():
            line.values.setdefault(name, value)
        return line

    def _each_support(self, method: str, lines: list[ImportRow]) -> None:
        for support in self.supports:
            waiting = [line for line in lines if line.open]
            if waiting:
                getattr(support, method)(waiting, self.context)

    def _take_key(self, line: ImportRow) -> None:
        name = next((key for key in self.keys if line.values.get(key) not in (None, "", [])), None)
        if name is None:
            labels = " / ".join(str(self.targets[key].label) if key in self.targets else key for key in self.keys)
            line.refuse(self.keys[0], "missing_key", gettext(REASONS["missing_key"].message, fields=labels))
            return
        if not all(self._normal(line, key) for key in self.keys):
            return
        line.key = (name, line.values[name])
        digest = _digest(line.values)
        before = self.seen.setdefault(self._scoped(line), (line.number, digest))
        if before[0] == line.number:
            return
        if before[1] == digest:
            line.outcome = "unchanged"
            line.extra["same_as"] = before[0]
        else:
            line.refuse(name, "duplicate_conflict", gettext(REASONS["duplicate_conflict"].message, row=before[0]))

    def _share_refusals(self, lines: list[ImportRow]) -> None:
        """A row that repeats one that was refused in the end is refused with it; later rows may have the key anew."""
        refused = {line.number: line for line in lines if line.refusal and line.key}
        for line in lines:
            first = refused.get(line.extra.get("same_as", -1))
            if first is not None and first.refusal is not None:
                line.refuse(first.refusal.field, first.refusal.code, first.refusal.reason)
        for number, line in refused.items():
            if self.seen.get(self._scoped(line), (None,))[0] == number:
                del self.seen[self._scoped(line)]

    def _normal(self, line: ImportRow, name: str) -> bool:
        """Bring a key into its stored form, so that it meets stored ones; False refuses the row."""
        spec, value = self.type.fields.get(name), line.values.get(name)
        if spec is None or spec.validate is None or value is None:
            return True
        try:
            line.values[name] = spec.validate(value)
        except ValueError as error:
            line.refuse(name, getattr(error, "code", "invalid"), error.args[0] if error.args else error)
            return False
        return True

    def _scoped(self, line: ImportRow) -> tuple[str, Any]:
        assert line.key is not None
        name, value = line.key
        return name, (*self.scope_of(line.values), value)

    def scope_of(self, values: dict[str, Any]) -> tuple[Any, ...]:
        """Values of the fields within which a key is unique, their defaults where a row does not say."""
        specs = self.type.fields
        return tuple(values.get(n) if values.get(n) is not None else specs[n].default for n in self.scope)

    def _settle(self, line: ImportRow) -> None:
        """Load what is to be stored through the record's schema, and see whether anything changes."""
        own = {n: v for n, v in line.values.items() if n in self.own and v is not None}
        values, errors = self.loader.load(own, partial=line.record_id is not None)
        if errors:
            line.refuse(errors[0].field, errors[0].code, errors[0].message)
            return
        if line.record_id is None:
            if self.context.memory.get("may_create") is False:
                line.refuse("", "forbidden", REASONS["forbidden_create"])
            line.changes = values
            self._bar(line)
            return
        current = line.current or {}
        line.changes = {n: v for n, v in values.items() if current.get(n) != v and n != self.type.number}
        line.extra["virtual"] = sorted(
            n
            for n, v in line.values.items()
            if n not in self.own and n in current and v is not None and current[n] != v
        )
        if not line.changes and not line.extra["virtual"]:
            line.outcome = "unchanged"
        self._bar(line)

    def _bar(self, line: ImportRow) -> None:
        """Fields that are closed to the importer, and values that are chosen no more, are refused as in a form."""
        for name in self.retired.keys() & line.changes.keys():
            if self.retired[name] & (_codes(line.changes[name]) - _codes((line.current or {}).get(name))):
                line.refuse(name, "retired", RETIRED)
        if barred := sorted(self.barred & set(line.changes)):
            line.refuse(barred[0], "forbidden", REASONS["forbidden_field"])

    def _assume(self, lines: list[ImportRow]) -> None:
        for line in lines:
            if line.open:
                line.outcome = "updated" if line.record_id is not None else "created"


def _codes(value: Any) -> set[Any]:
    """The codes of a choice or of several."""
    return set(value) if isinstance(value, list) else {value}


def _filled(cell: Any) -> bool:
    return cell not in (None, "") and not is_summary(cell)


def _nothing() -> None:
    """There is nothing to do meanwhile."""


def constants_of(mapping: Mapping, targets: dict[str, ImportTarget]) -> dict[str, Any]:
    """The constants of a mapping as values; one that its field cannot take raises `BadCell`."""
    return {
        name: coerce(targets[name], value) if name in targets else value for name, value in mapping.constants.items()
    }


def _digest(values: dict[str, Any]) -> bytes:
    return hashlib.blake2b(repr(sorted(values.items())).encode(), digest_size=12).digest()


def batches(rows: Iterable[Row], size: int) -> Iterator[list[Row]]:
    """Lists of up to `size` rows."""
    held: list[Row] = []
    for row in rows:
        held.append(row)
        if len(held) >= size:
            yield held
            held = []
    if held:
        yield held


Progress = Callable[[int, Tally], None]
__all__ = ["OUTCOMES", "Engine", "Progress", "Tally", "batches", "constants_of"]
