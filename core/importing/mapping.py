"""Which column belongs to which field: guessed from names and samples, corrected by plugins, remembered by header."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import Any

from core.i18n import use_locale

from .headers import fold
from .links import any_known
from .plugin import ImportSupport
from .source import Sheet
from .text import tidy
from .values import BadCell, ImportTarget, coerce

EXACT, LAST_PART, TOKEN, CONTAINED = 100, 90, 70, 50
_PARTS = re.compile(r"[/／（）()\[\]、或与|]+")


@dataclass
class Mapping:
    """Column → field name, and values that hold for every row."""

    fields: dict[str, str] = field(default_factory=dict)
    constants: dict[str, Any] = field(default_factory=dict)


def targets_of(record_type: Any, supports: Sequence[ImportSupport]) -> dict[str, ImportTarget]:
    """Everything a column can be mapped to, by name: the record's writable fields and what plugins take care of."""
    found: dict[str, ImportTarget] = {}
    for spec in record_type.fields.values():
        if (
            spec.hidden
            or spec.compute
            or (spec.readonly and spec.name != record_type.number)
            or spec.kind in ("file", "secret")
        ):
            continue
        found[spec.name] = ImportTarget(
            spec.name,
            spec.kind,
            spec.label,
            synonyms=tuple(spec.synonyms),
            required=spec.required and spec.default is None,
            unique=spec.unique,
            choices=tuple(spec.choices),
            max_length=spec.max_length if spec.kind == "text" else None,
            target=spec.target,
        )
    for support in supports:
        for target in support.targets():
            found[target.name] = target
    return found


def names_of(target: ImportTarget) -> set[str]:
    """All folded names a field answers to: its own, its labels in both languages, its synonyms."""
    names = {target.name, target.name.replace("_", " "), *target.synonyms}
    for locale in ("zh", "en"):
        with use_locale(locale):
            names.add(str(target.label))
    return {fold(name) for name in names} - {""}


def name_index(targets: Iterable[ImportTarget]) -> dict[str, str]:
    """Folded name → field name; the first field that answers to a name keeps it."""
    index: dict[str, str] = {}
    for target in targets:
        index.setdefault(fold(target.name), target.name)
    for target in targets:
        for name in names_of(target):
            index.setdefault(name, target.name)
    return index


def guess(sheet: Sheet, targets: dict[str, ImportTarget], supports: Sequence[ImportSupport]) -> Mapping:
    """The best field for each column; a field is given once, to the column that fits it best."""
    mapping = Mapping()
    for support in supports:
        if (seen := support.guess(sheet.columns, sheet.samples)) is not None:
            mapping.fields |= {c: f for c, f in seen.fields.items() if f in targets or not f}
            mapping.constants |= seen.constants
    index = name_index(list(targets.values()))
    offers = [
        (score, -place, column, name)
        for place, column in enumerate(sheet.columns)
        if column not in mapping.fields
        for score, name in _offers(column, index, sheet.nested)
        if _fits(targets[name], sheet.samples.get(column, []))
    ]
    taken = set(mapping.fields.values())
    for _score, _place, column, name in sorted(offers, reverse=True):
        if column not in mapping.fields and name not in taken:
            mapping.fields[column] = name
            taken.add(name)
    mapping.fields = {column: name for column, name in mapping.fields.items() if name}
    return mapping


def _offers(column: str, index: dict[str, str], nested: bool) -> list[tuple[int, str]]:
    whole = fold(column)
    found = {index[whole]: EXACT} if whole in index else {}
    if nested and "." in column and (last := fold(column.rpartition(".")[2])) in index:
        found.setdefault(index[last], LAST_PART)
    for part in _PARTS.split(column):
        if (token := fold(part)) in index:
            found.setdefault(index[token], TOKEN)
    if not found and not nested:
        inside = [name for name in index if len(name) >= 3 and name in whole]
        if inside:
            found[index[max(inside, key=len)]] = CONTAINED
    return [(score, name) for name, score in found.items()]


def _fits(target: ImportTarget, samples: list[Any]) -> bool:
    """Whether at least half of the samples can become values of the field, or one of them names a linked record."""
    if target.kind == "link":
        return not samples or any_known(target.target or "", {tidy(sample) for sample in samples})
    if target.kind in ("text", "long_text", "names", "words", "tags", "raw", "json"):
        return True
    bad = 0
    for sample in samples:
        try:
            coerce(target, sample, roc=True)
        except BadCell:
            bad += 1
    return bad * 2 <= len(samples)


def signature(sheet: Sheet) -> str:
    """The same for all files with these columns, in whatever order."""
    return hashlib.sha256("\n".join(sorted(fold(column) for column in sheet.columns)).encode()).hexdigest()


class UnknownName(ValueError):
    """A mapping names a column or a field that does not exist; `kind` is `column` or `field`."""

    def __init__(self, kind: str, name: str) -> None:
        super().__init__(f"{kind}: {name}")
        self.kind = kind
        self.name = name


def given(mapping: dict[str, Any], sheet: Sheet, targets: dict[str, ImportTarget]) -> Mapping:
    """A mapping written by hand, with columns and fields in any of their names; empty fields leave a column out.

    A column called `=value` sets a constant, as in `{"=TW": "jurisdiction"}`. Raises `UnknownName`.
    """
    index = name_index(list(targets.values()))
    result = Mapping()
    for column, wanted in mapping.items():
        if not wanted:
            continue
        name = wanted if wanted in targets else index.get(fold(str(wanted)))
        if name is None:
            raise UnknownName("field", str(wanted))
        if column.startswith("="):
            result.constants[name] = column[1:]
            continue
        found = sheet.column(column)
        if found is None:
            raise UnknownName("column", column)
        result.fields[found] = name
    return result
