"""An uploaded file as tables: its sheets, their columns with samples, and the rows under them."""

import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import date, datetime
from pathlib import Path
from types import MappingProxyType
from typing import Any

from core.contributions import ImportFormat

from .convert import converted
from .headers import find_header, fold
from .paths import leaf_paths, pluck, steps
from .sandbox import FileRefused, parse

SAMPLES = 5


class CellError(str):
    """A spreadsheet's own error value such as `#N/A`."""

    __slots__ = ()


@dataclass(frozen=True)
class Sheet:
    """One table: its columns in order with a few filled values each, and the row number where data begins after."""

    name: str
    columns: tuple[str, ...]
    samples: dict[str, list[Any]]
    header_row: int
    nested: bool = False
    positions: dict[str, int] = field(default_factory=dict)

    def column(self, name: str) -> str | None:
        """The column that `name` means, compared without spaces, case and width; nested paths mean themselves."""
        if name in self.positions or self.nested:
            return name
        wanted = fold(name)
        return next((column for column in self.columns if fold(column) == wanted), None)


@dataclass(frozen=True)
class Row:
    """One line of the file by column name; `number` is the physical row from 1, or the item's index from 0."""

    number: int
    cells: dict[str, Any]
    summary: bool = False
    """Whether its first filled cell says that it sums up the rows above."""


_SUMMARY = re.compile(
    r"(本页|本表|本月|本期)?(合计|总计|小计|共计|总和|合計|總計|小計)([(（].*[)）])?(:?\d*\D?)?|(sub|grand)?total:?"
)


def is_summary(cell: Any) -> bool:
    """Whether the cell of a table says `合计`, `小计：`, `Total` and the like."""
    return isinstance(cell, str) and len(cell) <= 20 and bool(_SUMMARY.fullmatch(fold(cell)))


class Source:
    """A readable file; raises `FileRefused` as soon as it proves not to be one. `formats` are those of plugins."""

    def __init__(
        self,
        path: Path,
        filename: str | None = None,
        *,
        known: Callable[[str], bool] = lambda name: False,
        formats: Mapping[str, ImportFormat] = MappingProxyType({}),
    ) -> None:
        self.filename = filename or path.name
        self.path, self.suffix = converted(path, Path(self.filename).suffix, formats)
        self.known = known or (lambda name: False)
        described = list(parse(self.path, suffix=self.suffix, mode="describe"))
        self.kind: str = described[0]["kind"] if described else ""
        sheets = [self._sheet(part) for part in described[1:]]
        self.sheets = [sheet for sheet in sheets if sheet is not None]
        if not self.sheets:
            raise FileRefused("no_header")

    def _sheet(self, part: dict[str, Any]) -> Sheet | None:
        sample = part["rows"]
        if self.kind in ("json", "xml"):
            columns = tuple(leaf_paths(item for _number, item in sample))
            samples = {name: _filled(pluck(item, steps(name)) for _number, item in sample) for name in columns}
            return Sheet(part["sheet"], columns, samples, -1, nested=True) if columns else None
        header = find_header(sample, self.known)
        if header is None:
            return None
        positions = {name: index for index, name in enumerate(header.names) if name is not None}
        below = [cells for number, cells in sample if number > header.last_row]
        samples = {name: _filled(_at(cells, index) for cells in below) for name, index in positions.items()}
        return Sheet(part["sheet"], tuple(positions), samples, header.last_row, positions=positions)

    def sheet(self, name: str | None = None) -> Sheet:
        """The sheet of that name; without one, the sheet with the most known columns, else the first."""
        if name is None:
            return max(self.sheets, key=lambda sheet: sum(self.known(fold(column)) for column in sheet.columns))
        for sheet in self.sheets:
            if sheet.name == name:
                return sheet
        raise FileRefused("no_sheet", name)

    def rows(self, sheet: Sheet, columns: list[str] | None = None) -> Iterator[Row]:
        """Yield the data rows of `sheet` with the values of `columns`, all by default; blank rows are left out."""
        wanted = list(columns if columns is not None else sheet.columns)
        read = _nested_reader(wanted) if sheet.nested else _flat_reader(wanted, sheet)
        for number, payload in parse(self.path, suffix=self.suffix, mode="rows", sheet=sheet.name):
            if number > sheet.header_row:
                yield Row(number, read(payload), not sheet.nested and _sums_up(payload))


def _nested_reader(columns: list[str]) -> Callable[[Any], dict[str, Any]]:
    ways = [(name, steps(name)) for name in columns]
    return lambda item: {name: unpack(pluck(item, way)) for name, way in ways}


def _flat_reader(columns: list[str], sheet: Sheet) -> Callable[[Any], dict[str, Any]]:
    places = [(name, sheet.positions[name]) for name in columns if name in sheet.positions]
    return lambda cells: {name: unpack(_at(cells, index)) for name, index in places}


def _sums_up(cells: list[Any]) -> bool:
    return is_summary(next((cell for cell in cells if cell is not None), None))


def _at(cells: list[Any], index: int) -> Any:
    return cells[index] if index < len(cells) else None


def unpack(cell: Any) -> Any:
    """A cell from the wire as Python value: text, number, bool, `date`, `datetime`, `CellError`, list or None."""
    if not isinstance(cell, dict):
        return cell
    if "d" in cell:
        return date.fromisoformat(cell["d"])
    if "t" in cell:
        return datetime.fromisoformat(cell["t"])  # a spreadsheet's time has no zone
    return CellError(cell.get("e", ""))


def _filled(values: Any) -> list[Any]:
    found: list[Any] = []
    for value in values:
        if value is not None and len(found) < SAMPLES:
            found.append(unpack(value))
    return found
