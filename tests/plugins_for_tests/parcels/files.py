"""Files of the carrier, in and out. Knows neither records nor the database."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any


def read_waybills(path: Path) -> Iterator[dict[str, Any]]:
    """One parcel per line: name, a bar, telephone. Raises `ValueError` for a line without a bar."""
    for number, line in enumerate(path.read_text("utf-8").splitlines(), 1):
        name, bar, phone = line.partition("|")
        if not bar:
            raise ValueError(f"line {number} has no bar")
        yield {"Name": name, "Telephone of the receiver": phone}


def write_lines(stream: Any, headings: list[str], rows: Iterator[list[Any]]) -> None:
    """A line per row, cells with bars between them."""
    for row in (headings, *rows):
        stream.write(("|".join("" if cell is None else str(cell) for cell in row) + "\n").encode())
