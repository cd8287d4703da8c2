"""Finds the header among the first rows of a sheet: titles and notes above it, two-line and merged headers."""

import re
import unicodedata
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

MAX_HEADER_CHARS = 60
LOOK_AT = 30
_DECORATION = re.compile(r"[\s*＊:：_\-]+")
_DATA = re.compile(r"^[\d./\-:,%]+$|\{\{?\w+\}?\}|\$\w+:")


@dataclass(frozen=True)
class Header:
    """Where a table starts: its column names (None where a column has none) and the last header line's number."""

    names: tuple[str | None, ...]
    last_row: int


def fold(name: str) -> str:
    """A header in the form in which two are compared: half-width, lower case, no spaces, stars or colons."""
    return _DECORATION.sub("", unicodedata.normalize("NFKC", name)).lower()


def find_header(rows: Sequence[tuple[int, list[Any]]], known: Callable[[str], bool]) -> Header | None:
    """The row that looks most like a header; `known` tells whether a folded name is one that fields answer to."""
    best, best_score = None, 0.0
    for index, (_number, cells) in enumerate(rows[:LOOK_AT]):
        score = _score(cells, known) - index * 0.05
        if score > best_score:
            best, best_score = index, score
    if best is None:
        return None
    number, cells = rows[best]
    if _is_second_line(rows, best, known):
        below_number, below = rows[best + 1]
        return Header(_unique(_joined(cells, below)), below_number)
    return Header(_unique([_name(cell) for cell in cells]), number)


def _name(cell: Any) -> str | None:
    text = " ".join(str(cell).split()) if isinstance(cell, str) else None
    return text or None


def _score(cells: list[Any], known: Callable[[str], bool]) -> float:
    filled = [cell for cell in cells if cell is not None]
    names = [
        cell for cell in filled if isinstance(cell, str) and len(cell) <= MAX_HEADER_CHARS and not _DATA.search(cell)
    ]
    distinct = {fold(name) for name in names} - {""}
    if not distinct:
        return 0.0
    hits = sum(known(name) for name in distinct)
    return 3.0 * hits + min(len(distinct), 12) * 0.5 - 1.5 * (len(filled) - len(names))


def _is_second_line(rows: Sequence[tuple[int, list[Any]]], index: int, known: Callable[[str], bool]) -> bool:
    """Whether the next row completes this one: it names columns that this one leaves open, and holds no data."""
    if index + 1 >= len(rows) or rows[index + 1][0] != rows[index][0] + 1:
        return False
    upper, lower = rows[index][1], rows[index + 1][1]
    below = [cell for cell in lower if cell is not None]
    if not below or any(not isinstance(cell, str) or len(cell) > 20 or _DATA.search(cell) for cell in below):
        return False
    gaps = [i for i, cell in enumerate(lower) if cell is not None and (i >= len(upper) or upper[i] is None)]
    open_above = [i for i, cell in enumerate(upper) if cell is not None and (i >= len(lower) or lower[i] is None)]
    return bool(gaps) and bool(open_above or sum(known(fold(cell)) for cell in below))


def _joined(upper: list[Any], lower: list[Any]) -> list[str | None]:
    """Names of a two-line header: a merged upper cell spreads over the columns to its right."""
    width = max(len(upper), len(lower))
    names: list[str | None] = []
    spread: str | None = None
    for i in range(width):
        above = _name(upper[i]) if i < len(upper) else None
        below = _name(lower[i]) if i < len(lower) else None
        spread = above or (spread if below else None)
        names.append(f"{spread}/{below}" if spread and below else above or below)
    return names


def _unique(names: list[str | None]) -> tuple[str | None, ...]:
    """The second column of one name gets ` (2)` behind it."""
    seen: dict[str, int] = {}
    result: list[str | None] = []
    for name in names:
        if name is not None:
            seen[name] = seen.get(name, 0) + 1
            name = name if seen[name] == 1 else f"{name} ({seen[name]})"
        result.append(name)
    return tuple(result)
