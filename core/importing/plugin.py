"""What a plugin says about importing its records: a small class whose methods get whole batches of rows."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from typing import Any

from .values import ImportTarget


@dataclass(frozen=True)
class Refusal:
    """Why a row was not taken: the field at fault, a stable code and the reason in the user's language."""

    field: str
    code: str
    reason: str


@dataclass
class ImportRow:
    """A line on its way in: `cells` as read, `values` by field name, `current` those of a matched record."""

    number: int
    cells: dict[str, Any]
    values: dict[str, Any] = field(default_factory=dict)
    extra: dict[str, Any] = field(default_factory=dict)
    current: dict[str, Any] | None = None
    record_id: int | None = None
    version: int | None = None
    outcome: str = ""
    refusal: Refusal | None = None
    changes: dict[str, Any] = field(default_factory=dict)
    key: tuple[str, Any] | None = None

    def refuse(self, field_name: str, code: str, reason: Any) -> None:
        """Take the row out; the first reason stands."""
        if self.refusal is None:
            self.refusal = Refusal(field_name, code, str(reason))
            self.outcome = "refused"

    @property
    def open(self) -> bool:
        """Whether the row is still to be decided."""
        return not self.outcome


@dataclass
class ImportContext:
    """What holds for a whole import: constants, whether nothing may be written, what plugins remember."""

    record_key: str
    dry_run: bool
    constants: dict[str, Any]
    mapped: frozenset[str]
    import_id: int | None = None
    memory: dict[str, Any] = field(default_factory=dict)
    related: dict[str, Counter[str]] = field(default_factory=dict)
    made: list[tuple[str, int]] = field(default_factory=list)

    def relate(self, record_key: str, outcome: str, count: int = 1) -> None:
        """Count records of another type that were `created` or `matched` on the way."""
        if count:
            self.related.setdefault(record_key, Counter())[outcome] += count


@dataclass
class ImportGuess:
    """What a plugin sees in a file: fields of columns, and constants such as the jurisdiction for all rows."""

    fields: dict[str, str] = field(default_factory=dict)
    constants: dict[str, Any] = field(default_factory=dict)


class ImportSupport:
    """Base of a plugin's import support; each method does nothing unless overridden.

    `keys` are the fields by which rows are matched with stored records, the first that a row fills decides; `scope`
    names the fields within which a key is unique. All methods run in the import's transaction as the person who
    imports; in a dry run nothing may be written.
    """

    early: bool = False
    """Whether `prepare` asks nothing of the database, so that rows may be prepared while earlier ones are written."""
    keys: tuple[str, ...] = ()
    scope: tuple[str, ...] = ()

    def roc_years(self, constants: dict[str, Any]) -> bool:
        """Whether years below 200 are years of the Republic of China (add 1911) in a file with these constants."""
        return False

    def targets(self) -> list[ImportTarget]:
        """Fields that a column may be mapped to although the record has no such column."""
        return []

    def knows(self, header: str) -> bool:
        """Whether a column of this name is one the plugin understands; helps to find the header of a sheet."""
        return False

    def guess(self, columns: tuple[str, ...], samples: dict[str, list[Any]]) -> ImportGuess | None:
        """Recognise a source by its columns; what it returns goes before the guess by names."""
        return None

    def prepare(self, rows: list[ImportRow], context: ImportContext) -> None:
        """Normalise and complete values before rows are matched with stored records; may refuse rows."""

    def current(self, ids: list[int], context: ImportContext) -> dict[int, dict[str, Any]]:
        """Stored values of this plugin's targets for matched records, in the form that `prepare` leaves them."""
        return {}

    def complete(self, rows: list[ImportRow], context: ImportContext) -> None:
        """Adjust values after matching (`row.current` is set for matched rows); make or find related records."""

    def written(self, rows: list[ImportRow], context: ImportContext) -> None:
        """Rows whose record was created or updated, with `record_id`; write child records here."""
