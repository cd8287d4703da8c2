"""The papers of the story, made while it is told: a mark image and small PDFs that say what they are."""

from __future__ import annotations

import io
import struct
import zlib
from pathlib import Path

TEXT = "BT /F1 18 Tf 72 720 Td ({words}) Tj ET"


def papers(folder: Path) -> dict[str, Path]:
    """One file for each kind of paper, by kind."""
    folder.mkdir(parents=True, exist_ok=True)
    files = {"mark_image": folder / "mark.png"}
    files["mark_image"].write_bytes(mark())
    names = ("business licence", "power of attorney", "search report", "filing receipt", "acceptance notice")
    kinds = ("applicant_id_document", "power_of_attorney", "search_report", "filing_receipt", "acceptance_notice")
    more = (("refusal_notice", "refusal notice"), ("review_receipt", "receipt of the review"))
    for kind, words in (*zip(kinds, names, strict=True), *more):
        files[kind] = folder / f"{kind}.pdf"
        files[kind].write_bytes(pdf(words))
    return files


def mark(size: int = 240) -> bytes:
    """A PNG: three mountains of tea green."""
    rows = bytearray()
    for y in range(size):
        rows.append(0)
        for x in range(size):
            high = any(y > size * top + abs(x - size * at) * 1.3 for at, top in ((0.3, 0.45), (0.55, 0.3), (0.8, 0.5)))
            rows += bytes((46, 107, 79) if high and y < size * 0.8 else (250, 248, 242))
    return _png(size, bytes(rows))


def _png(size: int, raw: bytes) -> bytes:
    def chunk(kind: bytes, body: bytes) -> bytes:
        return struct.pack(">I", len(body)) + kind + body + struct.pack(">I", zlib.crc32(kind + body))

    head = struct.pack(">IIBBBBB", size, size, 8, 2, 0, 0, 0)
    parts = (chunk(b"IHDR", head), chunk(b"IDAT", zlib.compress(raw, 9)), chunk(b"IEND", b""))
    return b"\x89PNG\r\n\x1a\n" + b"".join(parts)


def pdf(words: str) -> bytes:
    """One page with one line."""
    stream = TEXT.format(words=words).encode()
    page = b"<< /Type /Page /Parent 2 0 R /MediaBox [0 0 595 842] /Contents 4 0 R"
    bodies = (
        b"<< /Type /Catalog /Pages 2 0 R >>",
        b"<< /Type /Pages /Kids [3 0 R] /Count 1 >>",
        page + b" /Resources << /Font << /F1 5 0 R >> >> >>",
        b"<< /Length %d >>\nstream\n%s\nendstream" % (len(stream), stream),
        b"<< /Type /Font /Subtype /Type1 /BaseFont /Helvetica >>",
    )
    out, places = io.BytesIO(), []
    out.write(b"%PDF-1.4\n")
    for number, body in enumerate(bodies, 1):
        places.append(out.tell())
        out.write(b"%d 0 obj\n%s\nendobj\n" % (number, body))
    start = out.tell()
    out.write(b"xref\n0 %d\n0000000000 65535 f \n" % (len(bodies) + 1))
    out.write(b"".join(b"%010d 00000 n \n" % place for place in places))
    out.write(b"trailer << /Size %d /Root 1 0 R >>\nstartxref\n%d\n%%%%EOF\n" % (len(bodies) + 1, start))
    return out.getvalue()
