"""Tells a file's kind from its first bytes and holds it against the name it came with."""

import zipfile
from pathlib import Path

from .limits import MAX_FILE_BYTES
from .problems import Unreadable

ZIP, OLE = b"PK\x03\x04", b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"
SPREADSHEET_NAMES = {".xlsx", ".xls", ".xlsm", ".et"}
KINDS_OF_NAME = {".csv": "csv", ".tsv": "csv", ".txt": "csv", ".json": "json", ".xml": "xml"}
NO_TEXT = (ZIP, OLE, b"%PDF", b"\x89PNG", b"GIF8", b"\xff\xd8\xff", b"\x7fELF", b"MZ", b"Rar!", b"7z\xbc")
BOMS = (b"\xef\xbb\xbf", b"\xff\xfe", b"\xfe\xff")
MAX_ENTRIES, MAX_UNPACKED, MAX_RATIO = 2000, 600 * 1024 * 1024, 250


def detect(path: Path, suffix: str) -> str:
    """Return `xlsx`, `xls`, `csv`, `json` or `xml`; refuse a file whose content is not what its name says."""
    size = path.stat().st_size
    if size == 0:
        raise Unreadable("empty_file")
    if size > MAX_FILE_BYTES:
        raise Unreadable("too_large")
    with path.open("rb") as handle:
        head = handle.read(65536)
    suffix = suffix.lower()
    if suffix in SPREADSHEET_NAMES:
        return _spreadsheet(path, head)
    if suffix not in KINDS_OF_NAME:
        raise Unreadable("unknown_type", suffix)
    return _text(head, KINDS_OF_NAME[suffix])


def _spreadsheet(path: Path, head: bytes) -> str:
    if head.startswith(OLE):
        return "xls"
    if head.startswith(ZIP):
        _check_archive(path)
        return "xlsx"
    raise Unreadable("not_a_spreadsheet")


def _text(head: bytes, kind: str) -> str:
    if head.startswith(
        (ZIP, OLE, b"%PDF", b"\x89PNG", b"GIF8", b"\xff\xd8\xff", b"\x7fELF", b"MZ", b"Rar!", b"7z\xbc")
    ):
        raise Unreadable("type_mismatch", kind)
    start = head.lstrip(b"\xef\xbb\xbf \t\r\n")[:1]
    if (kind == "xml" and start != b"<" and not head.startswith(BOMS)) or (
        kind == "json" and start not in (b"[", b"{") and not head.startswith(BOMS)
    ):
        raise Unreadable("type_mismatch", kind)
    return kind


def _check_archive(path: Path) -> None:
    """Refuse archives that are no workbook, hold archives, or unpack to far more than they weigh."""
    try:
        with zipfile.ZipFile(path) as archive:
            entries = archive.infolist()
    except (zipfile.BadZipFile, OSError, ValueError, NotImplementedError) as error:
        raise Unreadable("damaged") from error
    names = {entry.filename for entry in entries}
    if "xl/workbook.xml" not in names:
        raise Unreadable("not_a_spreadsheet")
    unpacked = sum(entry.file_size for entry in entries)
    bomb = any(entry.file_size > 10_000_000 and entry.file_size > MAX_RATIO * entry.compress_size for entry in entries)
    nested = any(name.lower().endswith((".zip", ".7z", ".rar", ".gz")) for name in names)
    unsafe = any(name.startswith(("/", "\\")) or ".." in name.split("/") for name in names)
    if len(entries) > MAX_ENTRIES or unpacked > MAX_UNPACKED or bomb or nested or unsafe:
        raise Unreadable("bomb")
