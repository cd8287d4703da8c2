"""Reads delimited text: finds encoding (UTF-8, UTF-16, GB18030) and delimiter, then yields records."""

import codecs
import csv
import io
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from .cells import pack
from .limits import MAX_CELL_CHARS, MAX_COLUMNS, MAX_ROWS
from .problems import Unreadable

UTF16_MARKS = ((codecs.BOM_UTF16_LE, "utf-16"), (codecs.BOM_UTF16_BE, "utf-16"))
DELIMITERS = ",;\t|"
CHUNK = 1 << 20


def sheets(path: Path) -> list[str]:
    """Delimited text is one table without a name."""
    return [""]


def rows(path: Path, sheet: str = "") -> Iterator[tuple[int, list[Any]]]:
    """Yield (record number from 1, blank records counted, cells)."""
    encoding, start = encoding_of(path)
    csv.field_size_limit(MAX_CELL_CHARS)
    with _opened(path, encoding, start) as handle:
        delimiter = delimiter_of(handle.read(65536))
    with _opened(path, encoding, start) as handle:
        try:
            yield from _records(csv.reader(handle, delimiter=delimiter, skipinitialspace=True))
        except csv.Error as error:
            raise Unreadable("damaged", str(error)) from error


def _opened(path: Path, encoding: str, start: int) -> io.TextIOWrapper:
    raw = path.open("rb")
    raw.seek(start)
    return io.TextIOWrapper(raw, encoding, errors="replace", newline="")


def _records(reader: Iterator[list[str]]) -> Iterator[tuple[int, list[Any]]]:
    for number, record in enumerate(reader, 1):
        if number > MAX_ROWS:
            raise Unreadable("too_many_rows")
        if len(record) > MAX_COLUMNS:
            raise Unreadable("too_many_columns")
        cells = [pack(cell) for cell in record]
        if any("\0" in cell for cell in cells if isinstance(cell, str)):
            raise Unreadable("not_text")
        if any(cell is not None for cell in cells):
            yield number, cells


def encoding_of(path: Path) -> tuple[str, int]:
    """(encoding, bytes to leave out). A byte-order mark decides, unless a program wrote the one of UTF-8 before GBK.

    Without one: UTF-16 by its zero bytes, UTF-8 where it decodes whole, else what decodes better, GB18030 or UTF-8.
    """
    with path.open("rb") as handle:
        head = handle.read(4096)
    marked = head.startswith(codecs.BOM_UTF8)
    if not marked:
        for mark, name in UTF16_MARKS:
            if head.startswith(mark):
                return name, 0
        if b"\0" in head:
            return _utf16_or_refuse(head), 0
    start = len(codecs.BOM_UTF8) if marked else 0
    whole = _faults(path, "utf-8", start) == 0
    return "utf-8" if whole else min(("gb18030", "utf-8"), key=lambda name: _faults(path, name, start)), start


def _utf16_or_refuse(head: bytes) -> str:
    for name, zeros in (("utf-16-le", head[1::2]), ("utf-16-be", head[0::2])):
        if zeros.count(0) > len(zeros) * 0.2:
            try:
                head[: len(head) // 2 * 2].decode(name, errors="strict")
            except UnicodeDecodeError:
                continue
            return name
    raise Unreadable("not_text")


def _faults(path: Path, encoding: str, start: int) -> int:
    decoder = codecs.getincrementaldecoder(encoding)(errors="replace")
    faults = 0
    with path.open("rb") as handle:
        handle.seek(start)
        while chunk := handle.read(CHUNK):
            faults += decoder.decode(chunk).count("\ufffd")
    return faults + decoder.decode(b"", final=True).count("\ufffd")


def delimiter_of(sample: str) -> str:
    """The candidate that splits the first records into the most, and most even, columns."""
    lines = sample.splitlines()[:30]

    def evenness(mark: str) -> tuple[int, int]:
        widths = [len(record) for record in csv.reader(lines, delimiter=mark) if record]
        common = max(set(widths), key=widths.count) if widths else 1
        return (widths.count(common) if common > 1 else 0, common)

    return max(DELIMITERS, key=evenness)
