"""Whether a file is what its name says, by its first bytes. Endings that have no signature are taken as they come."""

from __future__ import annotations

import re
from pathlib import PurePosixPath
from typing import BinaryIO

HEAD_BYTES = 1024
"""How much of a file is looked at; a PDF may begin anywhere within."""
WINDOWS, LINUX, JAVA = rb"MZ(?=[\s\S]{0,62}\0)", rb"\x7fELF", rb"\xca\xfe\xba\xbe"
MACOS, SCRIPT, SHORTCUT = rb"\xfe\xed\xfa[\xce\xcf]|[\xce\xcf]\xfa\xed\xfe", rb"#! ?/", rb"L\0\0\0\x01\x14\x02\0"
PROGRAMS = re.compile(b"|".join((WINDOWS, LINUX, JAVA, MACOS, SCRIPT, SHORTCUT)))
"""What some machine would run: never stored, whatever it is called."""
ZIP = rb"PK(\x03\x04|\x05\x06|\x07\x08)"
SIGNATURES = {
    rb"[\s\S]{0,1000}%PDF-": ".pdf",
    rb"\x89PNG\r\n\x1a\n": ".png",
    rb"\xff\xd8\xff": ".jpg .jpeg",
    rb"GIF8[79]a": ".gif",
    rb"RIFF[\s\S]{4}WEBP": ".webp",
    rb"BM": ".bmp",
    rb"II\*\0|MM\0\*": ".tif .tiff",
    ZIP: ".zip .docx .xlsx .pptx .odt .ods .ofd",
    rb"7z\xbc\xaf\x27\x1c": ".7z",
    rb"Rar!\x1a\x07": ".rar",
    rb"\x1f\x8b": ".gz .tgz",
    rb"[\s\S]{4}ftyp": ".mp4 .m4a .mov .heic",
}
ZIP_ENDINGS = frozenset(SIGNATURES[ZIP].split())
OTHERS = re.compile(b"|".join((*(s for s, e in SIGNATURES.items() if e != ".pdf" and len(s) > 4), b"#!")))
"""What may not stand before a PDF's own mark: markup, or the mark of another kind."""
BY_ENDING = {ending: re.compile(sign) for sign, endings in SIGNATURES.items() for ending in endings.split()}


def is_program(head: bytes) -> bool:
    """Whether a file that begins so is run by some machine."""
    return PROGRAMS.match(head) is not None


def fits(name: str, head: bytes) -> bool:
    """Whether a file of this name may begin so."""
    ending = PurePosixPath(name.lower()).suffix
    expected = BY_ENDING.get(ending)
    if expected is None:
        return True
    return expected.match(head) is not None and (ending != ".pdf" or not _two_kinds(head))


def _two_kinds(head: bytes) -> bool:
    """Whether something else stands before the mark of a PDF, which readers look for further on."""
    before = head[: head.find(b"%PDF-")]
    return OTHERS.match(before.lstrip()) is not None or b"<" in before


def is_zip(head: bytes) -> bool:
    """Whether a file that begins so is an archive of the ZIP family."""
    return re.match(ZIP, head) is not None


class Looked:
    """A stream whose first bytes were looked at; it is read from its beginning all the same."""

    def __init__(self, stream: BinaryIO) -> None:
        self.stream, self.head = stream, _first(stream)
        self._rest: bytes = self.head

    def read(self, size: int = -1) -> bytes:
        """The next bytes, those that were looked at first."""
        if not self._rest:
            return self.stream.read(size)
        given, self._rest = (self._rest, b"") if size < 0 else (self._rest[:size], self._rest[size:])
        return given


def _first(stream: BinaryIO) -> bytes:
    parts, size = [], 0
    while size < HEAD_BYTES and (part := stream.read(HEAD_BYTES - size)):
        parts.append(part)
        size += len(part)
    return b"".join(parts)
