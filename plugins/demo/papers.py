"""Small papers and pictures made on the spot: a one-page PDF and a drawn mark as PNG. Only the standard library."""

from __future__ import annotations

import hashlib
import math
import struct
import zlib
from collections.abc import Callable, Sequence

FONT = (
    "<< /Type /Font /Subtype /Type0 /BaseFont /STSong-Light /Encoding /UniGB-UTF16-H /DescendantFonts ["
    "<< /Type /Font /Subtype /CIDFontType0 /BaseFont /STSong-Light /DW 1000 /W [1 95 500] /CIDSystemInfo "
    "<< /Registry (Adobe) /Ordering (GB1) /Supplement 4 >> /FontDescriptor << /Type /FontDescriptor "
    "/FontName /STSong-Light /Flags 6 /FontBBox [-25 -254 1000 880] /ItalicAngle 0 /Ascent 880 /Descent -120 "
    "/CapHeight 880 /StemV 93 >> >>] >>"
)
"""A Chinese font that every PDF reader knows by name; nothing is embedded."""


def pdf(title: str, lines: Sequence[str]) -> bytes:
    """A page of A4 with a title and lines of text, in Chinese or English."""
    parts = [_text(title, 20, 72, 770), _text("演示文件，内容虚构  ·  Demo paper, invented", 9, 72, 60)]
    parts += [_text(line, 12, 72, 730 - 22 * n) for n, line in enumerate(lines)]
    stream = "\n".join(parts).encode()
    page = (
        "<< /Type /Page /Parent 2 0 R /MediaBox [0 0 595 842] /Contents 4 0 R /Resources << /Font << /F1 5 0 R >> >> >>"
    )
    body = b"<< /Length %d >>\nstream\n%s\nendstream" % (len(stream), stream)
    catalog, pages = b"<< /Type /Catalog /Pages 2 0 R >>", b"<< /Type /Pages /Kids [3 0 R] /Count 1 >>"
    return _file([catalog, pages, page.encode(), body, FONT.encode()])


def _text(text: str, size: int, x: int, y: int) -> str:
    return f"BT /F1 {size} Tf {x} {y} Td <{text.encode('utf-16-be').hex()}> Tj ET"


def _file(objects: Sequence[bytes]) -> bytes:
    out, places = bytearray(b"%PDF-1.4\n"), []
    for number, body in enumerate(objects, 1):
        places.append(len(out))
        out += b"%d 0 obj\n%s\nendobj\n" % (number, body)
    start = len(out)
    out += b"xref\n0 %d\n0000000000 65535 f \n" % (len(objects) + 1)
    out += b"".join(b"%010d 00000 n \n" % place for place in places)
    out += b"trailer << /Size %d /Root 1 0 R >>\nstartxref\n%d\n%%%%EOF\n" % (len(objects) + 1, start)
    return bytes(out)


Shape = Callable[[float, float], bool]
SIDE = 160
COLOURS = ((22, 78, 99), (153, 27, 27), (20, 83, 45), (113, 63, 18), (67, 56, 202), (131, 24, 67), (15, 23, 42))


def _disc(x: float, y: float) -> bool:
    return x * x + y * y < 0.62


def _ring(x: float, y: float) -> bool:
    return 0.30 < x * x + y * y < 0.62


def _leaf(x: float, y: float) -> bool:
    return (x - 0.35) ** 2 + (y - 0.35) ** 2 < 0.85 and (x + 0.35) ** 2 + (y + 0.35) ** 2 < 0.85


def _peaks(x: float, y: float) -> bool:
    return -0.6 < y < 0.7 and (y > 1.6 * abs(x + 0.25) - 0.55 or y > 1.5 * abs(x - 0.4) - 0.2)


def _waves(x: float, y: float) -> bool:
    return abs(x) < 0.8 and abs(y) < 0.65 and math.sin(9 * y + 1.2 * math.sin(4 * x)) > 0.1


def _petals(x: float, y: float) -> bool:
    return math.hypot(x, y) < 0.35 + 0.4 * abs(math.cos(2.5 * math.atan2(y, x)))


def _gear(x: float, y: float) -> bool:
    radius = math.hypot(x, y)
    return 0.28 < radius < (0.8 if math.cos(10 * math.atan2(y, x)) > 0 else 0.64)


def _grain(x: float, y: float) -> bool:
    stem = abs(x) < 0.05 and -0.7 < y < 0.8
    return stem or any((abs(x) - 0.24) ** 2 / 0.05 + (y - at) ** 2 / 0.02 < 1 for at in (-0.5, -0.15, 0.2, 0.55))


SHAPES: tuple[Shape, ...] = (_disc, _ring, _leaf, _peaks, _waves, _petals, _gear, _grain)


def mark(name: str) -> bytes:
    """A picture of a mark, always the same for one name: a shape in a colour, another one cut out of it."""
    seed = hashlib.sha256(name.encode()).digest()
    outer, inner = SHAPES[seed[0] % len(SHAPES)], SHAPES[seed[1] % len(SHAPES)]
    colour = COLOURS[seed[2] % len(COLOURS)]
    scale = 2.2 + seed[3] / 255
    rows = bytearray()
    for row in range(SIDE):
        rows.append(0)
        y = 2 * row / (SIDE - 1) - 1
        for column in range(SIDE):
            x = 2 * column / (SIDE - 1) - 1
            drawn = outer(x, y) and not (inner is not outer and inner(x * scale, y * scale))
            rows += bytes(colour) if drawn else b"\xff\xff\xff"
    return _png(rows)


def _png(rows: bytes | bytearray) -> bytes:
    head = struct.pack(">IIBBBBB", SIDE, SIDE, 8, 2, 0, 0, 0)
    chunks = ((b"IHDR", head), (b"IDAT", zlib.compress(bytes(rows), 6)), (b"IEND", b""))
    return b"\x89PNG\r\n\x1a\n" + b"".join(_chunk(kind, content) for kind, content in chunks)


def _chunk(kind: bytes, content: bytes) -> bytes:
    return struct.pack(">I", len(content)) + kind + content + struct.pack(">I", zlib.crc32(kind + content))
