"""Files that would unfold: archives, office files and pictures, judged by their own tables of contents before they are
stored. Nothing is unpacked to disk; what cannot be looked into without unpacking it (7z, rar) is stored, never opened.
"""

from __future__ import annotations

import struct
import tempfile
import zipfile
import zlib
from collections.abc import Sequence
from pathlib import Path, PurePosixPath
from typing import BinaryIO

from PIL import Image

from core.records.contents import ZIP_ENDINGS, is_zip

MOST_ENTRIES = 10_000
"""Files in one archive."""
MOST_UNPACKED = 1 << 30
"""Bytes of an archive with all that is in it."""
MOST_RATIO, SMALL = 250, 10_000_000
"""How often larger a file of more than so many bytes may become."""
LONGEST_CONTENTS = 4_000_000
"""Bytes of a table of contents: 400 for each entry."""
MOST_INNER = 64 * 1024 * 1024
"""Bytes of an archive within an archive, of which one level is looked at and no second one is allowed."""
ARCHIVES = (".zip", ".7z", ".rar", ".gz", ".tgz", ".bz2", ".xz", ".tar", ".jar", ".cab", ".zst")
OFFICE = {".docx": "word/", ".xlsx": "xl/", ".pptx": "ppt/", ".odt": "content.xml", ".ods": "content.xml"}
OFFICE[".ofd"] = "OFD.xml"
PICTURES = frozenset({".png", ".jpg", ".jpeg", ".gif", ".webp", ".bmp", ".tif", ".tiff"})
_END = struct.Struct("<4s4H2LH")


class Unfolds(ValueError):
    """The file would unpack to far more than it weighs."""


class NotWhatItSays(ValueError):
    """The content is damaged, of another kind than its name says, or of two kinds at once."""


def judge(path: Path, name: str) -> None:
    """Raises `Unfolds` or `NotWhatItSays` for a complete file that came under this name."""
    ending = PurePosixPath(name.lower()).suffix
    with path.open("rb") as stream:
        if ending in ZIP_ENDINGS:
            _judge_zip(stream, ending)
        elif not is_zip(stream.read(4)) and _end_of_zip(stream) is not None:
            raise NotWhatItSays("an archive stands behind something else")
        elif ending in (".gz", ".tgz"):
            _judge_gzip(stream, path.stat().st_size)
        elif ending in PICTURES:
            _judge_picture(stream)


def _judge_zip(stream: BinaryIO, ending: str) -> None:
    names = _inside(stream, 0)
    mark = OFFICE.get(ending)
    if mark and not any(name == mark or (mark.endswith("/") and name.startswith(mark)) for name in names):
        raise NotWhatItSays(f"no {mark} in it")


def _inside(stream: BinaryIO, depth: int) -> list[str]:
    """The names in an archive that holds neither too much nor too many."""
    end = _end_of_zip(stream)
    if end is None:
        raise NotWhatItSays("no table of contents")
    entries, length = end
    if entries > MOST_ENTRIES or length > LONGEST_CONTENTS:
        raise Unfolds("too many files")
    try:
        with zipfile.ZipFile(stream) as archive:
            found = archive.infolist()
            _judge_entries(found)
            for entry in found:
                if entry.filename.lower().endswith(ARCHIVES) and not entry.is_dir():
                    _judge_inner(archive, entry, depth)
    except (zipfile.BadZipFile, zlib.error, NotImplementedError, OSError, EOFError, struct.error) as problem:
        raise NotWhatItSays("damaged") from problem
    return [entry.filename for entry in found]


def _judge_entries(found: Sequence[zipfile.ZipInfo]) -> None:
    if len(found) > MOST_ENTRIES or sum(entry.file_size for entry in found) > MOST_UNPACKED:
        raise Unfolds("too much in it")
    if any(entry.file_size > SMALL and entry.file_size > MOST_RATIO * entry.compress_size for entry in found):
        raise Unfolds("unfolds too far")
    for entry in found:
        parts = entry.filename.replace("\\", "/").split("/")
        if ".." in parts or parts[0] == "" or ":" in parts[0]:
            raise NotWhatItSays("a name in it leads elsewhere")


def _judge_inner(archive: zipfile.ZipFile, entry: zipfile.ZipInfo, depth: int) -> None:
    """An archive in an archive: one level, and a `.zip` by its own table of contents."""
    if depth:
        raise Unfolds("archives in archives in an archive")
    if entry.flag_bits & 1 or not entry.filename.lower().endswith(".zip"):
        return  # encrypted, or of a kind that nothing here opens
    if entry.file_size > MOST_INNER:
        raise Unfolds("a large archive in it")
    with tempfile.SpooledTemporaryFile(max_size=1 << 20) as inner:
        with archive.open(entry) as packed:
            while chunk := packed.read(1 << 20):
                inner.write(chunk)
        _inside(inner, depth + 1)  # type: ignore[arg-type]


def _end_of_zip(stream: BinaryIO) -> tuple[int, int] | None:
    """(entries, bytes of the table of contents) that the end of a file tells; None when it does not end as an archive.

    Read here, since `zipfile` takes a whole table into memory before it can be asked for its length.
    """
    size = stream.seek(0, 2)
    reach = min(size, 65_535 + _END.size)
    stream.seek(size - reach)
    tail = stream.read(reach)
    stream.seek(0)
    place = tail.rfind(b"PK\x05\x06")
    if place < 0 or len(tail) - place < _END.size:
        return None
    _mark, _disk, _first, _here, entries, length, offset, comment = _END.unpack_from(tail, place)
    if len(tail) - place - _END.size != comment or (length != 0xFFFFFFFF and length > size - reach + place):
        return None
    many = entries == 0xFFFF or 0xFFFFFFFF in (length, offset)
    return (MOST_ENTRIES + 1, length) if many else (entries, length)


def _judge_gzip(stream: BinaryIO, size: int) -> None:
    """Unpacked in small pieces, none of which is kept, up to what would be too much."""
    stream.seek(0)
    most, made, engine = min(MOST_UNPACKED, max(SMALL, MOST_RATIO * size)), 0, zlib.decompressobj(31)
    try:
        while chunk := stream.read(1 << 16):
            while chunk:
                made += len(engine.decompress(chunk, 1 << 20))
                if made > most:
                    raise Unfolds("unfolds too far")
                chunk = engine.unconsumed_tail
                if engine.eof:
                    chunk, engine = engine.unused_data.lstrip(b"\0"), zlib.decompressobj(31)
    except zlib.error as problem:
        raise NotWhatItSays("damaged") from problem


def _judge_picture(stream: BinaryIO) -> None:
    """By its head alone; one that Pillow does not know is left to the reader's eyes."""
    stream.seek(0)
    try:
        Image.open(stream, formats=("PNG", "JPEG", "GIF", "WEBP", "BMP", "TIFF")).close()
    except Image.DecompressionBombError as problem:
        raise Unfolds("too many points") from problem
    except Exception:  # noqa: S110 - whatever is wrong with the head, nothing here draws the picture
        pass
