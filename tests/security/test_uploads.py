"""Files that lie, unfold, climb out of their folder or run: refused or harmless, soon, and the server stays small."""

from __future__ import annotations

import gzip
import io
import os
import re
import struct
import time
import zipfile
import zlib
from pathlib import Path
from typing import Any

import pytest
from werkzeug.test import EnvironBuilder

from core.records import archives, contents
from core.records.notes import store
from core.settings import ROOT
from tests.security.offices import PDF, SECRET, Offices

SVG = b'<svg xmlns="http://www.w3.org/2000/svg" onload="alert(1)"/>'
HTML = b"<html><script>alert(1)</script></html>"
EXE = b"MZ\x90\x00\x03" + b"\x00" * 60 + b"This program cannot be run in DOS mode"
ELF = b"\x7fELF\x02\x01\x01" + b"\x00" * 60
PNG = b"\x89PNG\r\n\x1a\n" + b"\x00" * 20
ZIP = b"PK\x05\x06" + b"\x00" * 18
LIES = {
    **{f"html as {ending}": (f"a.{ending}", HTML) for ending in ("pdf", "png", "jpg", "gif", "webp", "docx", "zip")},
    **{f"svg as {ending}": (f"a.{ending}", SVG) for ending in ("png", "jpeg", "bmp", "tiff", "xlsx")},
    **{f"program as {ending}": (f"a.{ending}", EXE) for ending in ("pdf", "txt", "docx", "png", "csv")},
    "linux program as text": ("readme.md", ELF),
    "java class as text": ("a.txt", b"\xca\xfe\xba\xbe\x00\x00\x00\x34"),
    "mac program without ending": ("tool", b"\xcf\xfa\xed\xfe\x07\x00\x00\x01"),
    "script as text": ("notes.txt", b"#!/bin/sh\nrm -rf /\n"),
    "shortcut as text": ("notes.txt", b"L\x00\x00\x00\x01\x14\x02\x00" + b"\x00" * 60),
    "program by name": ("a.exe", b"nothing"),
    "program behind a paper": ("contract.pdf.js", b"alert(1)"),
    "program with a dot behind": ("a.exe.", b"nothing"),
    "program in capitals": ("A.BAT", b"del"),
    "program behind a turned name": ("fdp.‮exe.", b"nothing"),
    "web program": ("a.hta", HTML),
    "shell": ("a.ps1", b"x"),
    "picture as archive": ("a.zip", PNG),
    "archive as picture": ("a.png", ZIP),
    "paper as picture": ("a.jpg", PDF),
}
"""Thirty: what each is called, and what it is."""


@pytest.fixture(scope="module", params=["sqlite"])
def backend(request: pytest.FixtureRequest) -> str:
    """Files are not in the database."""
    return request.param


def stored() -> set[Path]:
    return {path for path in store().rglob("*") if path.is_file()}


@pytest.fixture
def send(offices: Offices):
    """`send(name, content)`: the answers of the three ways in."""
    clerk, case = offices.browser("process_clerk here"), offices.here.mark
    program = offices.api("process_clerk here")

    def given(name: str, content: bytes) -> list[Any]:
        parts = {"file": (io.BytesIO(content), name)}
        page = clerk.post(f"/r/cases.case/{case}/-/file", parts)
        address = f"/api/v1/cases.case/{case}/files"
        part = {"file": (io.BytesIO(content), name)}
        multipart = offices.app.test_client().post(address, data=part, headers=program.headers)
        whole = offices.app.test_client().post(
            address, data=content, query_string={"filename": name}, headers=program.headers
        )
        return [page, multipart, whole]

    return given


@pytest.mark.parametrize("lie", LIES)
def test_what_lies_or_runs_is_refused(offices, send, lie):
    with offices.app.app_context():
        before = stored()
        answers = [answer.status_code for answer in send(*LIES[lie])]
        assert answers == [422, 422, 422]
        assert stored() == before


def test_there_are_thirty():
    assert len(LIES) >= 30


@pytest.mark.parametrize(
    ("name", "kept"),
    [
        ("../../../../etc/passwd", "passwd"),
        ("..\\..\\windows\\system.ini", "system.ini"),
        ("/etc/cron.d/x", "x"),
        ("a\x00b.txt", "ab.txt"),
        ("a\r\nSet-Cookie: x=1.txt", "aSet-Cookie: x=1.txt"),
        ("‮fdp.txt", "fdp.txt"),
        ("x" * 400 + ".txt", None),
        ("茶" * 400 + ".txt", None),
        ("CON.txt", "CON.txt"),
        ('a";filename=b.exe;x=".txt', 'a";filename=b.exe;x=".txt'),
    ],
)
def test_names_lead_nowhere(offices, name, kept):
    program, case = offices.api("process_clerk here"), offices.here.mark
    answer = offices.app.test_client().post(
        f"/api/v1/cases.case/{case}/files", data=b"text", query_string={"filename": name}, headers=program.headers
    )
    assert answer.status_code == 201, answer.text
    shown = answer.json["filename"]
    assert shown == kept or (kept is None and len(shown) <= 200 and shown.endswith(".txt"))
    with offices.app.app_context():
        assert all(path.resolve().is_relative_to(store().resolve()) for path in stored())
    taken = program.get(f"cases.case/{case}/files/{answer.json['id']}")
    assert taken.headers["Content-Disposition"].startswith("attachment")
    assert "Set-Cookie" not in taken.headers
    assert not taken.headers["Content-Disposition"].endswith(".exe")


def test_no_one_adds_files_to_what_they_may_only_read(offices):
    """Finance reads the cases of the branch; files are added by those who may change them."""
    case = offices.here.mark
    for role in ("finance", "service_desk"):
        browser, program = offices.browser(f"{role} here"), offices.api(f"{role} here")
        page = browser.post(f"/r/cases.case/{case}/-/file", {"file": (io.BytesIO(PDF), "a.pdf")})
        rest = program.post(f"cases.case/{case}/files?filename=a.txt", {})
        assert (page.status_code, rest.status_code) == (403, 403), role
        assert f"/r/cases.case/{case}/-/file" not in browser.get(f"/r/cases.case/{case}?tab=files").text


def bomb_png(side: int = 30_000) -> bytes:
    """A picture of 900 million black points in under a megabyte."""

    def chunk(kind: bytes, data: bytes) -> bytes:
        return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))

    squeeze = zlib.compressobj(9)
    rows = [squeeze.compress(b"\0" * (side // 8 + 1)) for _row in range(side)]
    data = b"".join(rows) + squeeze.flush()
    head = struct.pack(">IIBBBBB", side, side, 1, 0, 0, 0, 0)
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", head) + chunk(b"IDAT", data) + chunk(b"IEND", b"")


def packed(entries: dict[str, bytes], squeeze: int = zipfile.ZIP_DEFLATED) -> bytes:
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w", squeeze) as archive:
        for name, content in entries.items():
            archive.writestr(name, content)
    return stream.getvalue()


def nested_zip() -> bytes:
    """An archive of archives of zeros, as 42.zip."""
    content = b"\0" * 10_000_000
    for depth in range(4):
        content = packed({f"{number}.zip": content for number in range(1 if depth == 0 else 10)})
    return content


def overlapping() -> bytes:
    """Ten names for the same ten million zeros, told as one hundred million each."""
    once = packed({"0": b"\0" * 10_000_000})
    head, end = once.index(b"PK\x01\x02"), once.rindex(b"PK\x05\x06")
    entry = bytearray(once[head:end])
    entry[24:28] = struct.pack("<L", 100_000_000)
    table = bytes(entry) * 11
    tail = bytearray(once[end:])
    tail[8:16] = struct.pack("<HHL", 11, 11, len(table))
    return once[:head] + table + bytes(tail)


WORD = {"[Content_Types].xml": b"<Types/>", "word/document.xml": b"<w/>"}
ARCHIVE = packed({"a.txt": b"text"})
UNFOLDING = {
    "42.zip": nested_zip,
    "42.xlsx": nested_zip,
    "archives in archives.zip": lambda: packed({"a.zip": packed({"b.7z": b"7z\xbc\xaf\x27\x1c"})}),
    "many.zip": lambda: packed({f"{n}.txt": b"" for n in range(10_001)}, zipfile.ZIP_STORED),
    "a table without end.zip": lambda: (
        b"PK\x03\x04" + b"\0" * 5_000_000 + struct.pack("<4s4H2LH", b"PK\x05\x06", 0, 0, 9, 9, 4_500_000, 4, 0)
    ),
    "zip64.zip": lambda: (
        b"PK\x03\x04"
        + b"\0" * 64
        + struct.pack("<4s4H2LH", b"PK\x05\x06", 0, 0, 0xFFFF, 0xFFFF, 0xFFFFFFFF, 0xFFFFFFFF, 0)
    ),
    "zeros.docx": lambda: packed({**WORD, "word/media/1.bmp": b"\0" * 20_000_000}),
    "told as more.zip": overlapping,
    "zeros.gz": lambda: gzip.compress(b"\0" * 30_000_000),
    "zeros.tgz": lambda: gzip.compress(b"") + gzip.compress(b"\0" * 30_000_000),
    "bomb.png": bomb_png,
}
"""What each would become is more than anybody sends on purpose."""
BESIDE = {
    "no word.docx": lambda: packed({"xl/workbook.xml": b"<x/>"}),
    "no sheet.xlsx": lambda: packed(WORD),
    "no slides.pptx": lambda: packed({"a.txt": b""}),
    "no text.odt": lambda: packed({"a.txt": b""}),
    "cut.zip": lambda: ARCHIVE[:-9],
    "climbs.zip": lambda: packed({"../../etc/cron.d/x": b"x"}),
    "from the root.zip": lambda: packed({"/etc/cron.d/x": b"x"}),
    "from a drive.zip": lambda: packed({"C:\\Windows\\x.dll": b"x"}),
    "paper and archive.pdf": lambda: PDF + ARCHIVE,
    "picture and archive.gif": lambda: b"GIF89a" + b"\0" * 40 + ARCHIVE,
    "picture and archive.jpg": lambda: b"\xff\xd8\xff\xe0" + b"\0" * 40 + ARCHIVE,
    "text and archive.txt": lambda: b"nothing to see\n" + ARCHIVE,
    "page and paper.pdf": lambda: b"<html><script>alert(1)</script>" + PDF,
    "picture and paper.pdf": lambda: b"GIF89a=0;" + PDF,
    "archive and paper.pdf": lambda: b"PK\x03\x04" + b"\0" * 30 + PDF,
    "broken.gz": lambda: b"\x1f\x8b\x08\x00" + b"\xff" * 40,
}
"""Of two kinds at once, of another one inside, damaged, or with names that climb."""
HONEST = {
    "letters.zip": lambda: packed({f"来文/{n}.pdf": PDF for n in range(300)}),
    "a zip in a zip.zip": lambda: packed({"一.zip": ARCHIVE, "b.rar": b"Rar!\x1a\x07"}),
    "letter.docx": lambda: packed({**WORD, "word/media/image1.png": PNG}),
    "source.tar.gz": lambda: gzip.compress(b"int main;\n" * 100_000),
    "after a line.pdf": lambda: b"\xef\xbb\xbf\r\n" + PDF,
    "empty.zip": lambda: ZIP,
    "odd.png": lambda: PNG,
}
"""What clients do send."""


@pytest.mark.parametrize("name", [*UNFOLDING, *BESIDE])
def test_what_unfolds_or_is_two_things_is_refused_before_it_is_stored(tmp_path, name):
    """Small and soon, also where the table of contents lies."""
    content = (UNFOLDING | BESIDE)[name]()
    file = tmp_path / "part"
    file.write_bytes(content)
    before, started = resident(), time.process_time()
    refused = not contents.fits(name, content[:1024])
    try:
        archives.judge(file, name)
    except archives.Unfolds:
        refused = name in UNFOLDING
    except archives.NotWhatItSays:
        refused = name in BESIDE
    assert refused
    assert time.process_time() - started < 5
    assert resident() - before < 100 * 1024 * 1024


@pytest.mark.parametrize("name", HONEST)
def test_what_clients_send_is_stored(tmp_path, name):
    content = HONEST[name]()
    file = tmp_path / "part"
    file.write_bytes(content)
    assert contents.fits(name, content[:1024])
    archives.judge(file, name)


DOORS = {
    "core/web/files.py": "add_file",
    "core/web/uploads.py": "add_file",
    "core/web/actions.py": "keep_upload",
    "core/api/files.py": "add_file",
    "plugins/cases/endpoints.py": "add_file",
    "plugins/workflow/pages.py": "add_file",
    "plugins/portal/pages/orders.py": "add_file",
    "plugins/portal/settings_page.py": "add_file",
    "core/importing/web.py": "files.receive",  # read by the confined child of imports, which refuses for itself
    "plugins/finance_bridge/endpoints.py": "sheets.read_receipts",  # the same child
    "core/web/shaping/configuration.py": "configuration.parse",  # JSON, read at once and not kept
    "plugins/deadlines/calendarpages.py": "calendaring.parse",  # a table of days, read at once and not kept
    "plugins/im_bridge/callbacks.py": "request.stream.read(",  # signed words of a messenger, cut in length, not kept
    "core/web/identity/proof.py": "not request.files",  # asks only whether there are some
}
"""Where files come in, and what judges them there. Messengers and mails bring none."""
OWN_CONTENT = {"core/records/attachments.py", "plugins/demo/files.py", "plugins/finance_bridge/sheets.py"}
"""Who writes into the store without asking: the judge itself, and files that we made."""


def test_every_door_for_files_is_known():
    """A module that takes files and does not say what judges them fails here."""
    sources = {
        str(file.relative_to(ROOT)): file.read_text("utf-8")
        for room in ("core", "plugins")
        for file in (ROOT / room).rglob("*.py")
    }
    doors = {path for path, text in sources.items() if "request.files" in text or "request.stream" in text}
    assert doors == DOORS.keys()
    assert [path for path, judge in DOORS.items() if judge not in sources[path]] == []
    keepers = {
        path
        for path, text in sources.items()
        if re.search(r"(?<!def )(?<![\w.])keep\((looked|part|io\.|BytesIO|stream)", text)
    }
    assert keepers == OWN_CONTENT


def test_the_papers_of_a_step_are_judged_too(offices):
    case = offices.here.mark
    clerk = offices.browser("process_clerk here")
    with offices.app.app_context():
        before = stored()
    given = {"event": "TM_REFUSAL_ISSUED", "paper:event": (io.BytesIO(HTML), "receipt.pdf")}
    step = clerk.post(f"/cases/{case}/event", given)
    assert step.status_code == 422
    assert "receipt.pdf" in step.text
    with offices.app.app_context():
        assert stored() == before


@pytest.mark.parametrize("name", ["42.xlsx", "bomb.png", "deep.json", "laughs.xml"])
def test_what_unfolds_costs_little_as_a_file_and_as_an_import(offices, name):
    """An archive and a picture are refused; a text is a text, which nothing parses but the import, and that refuses."""
    texts = {"deep.json": b"[" * 2_000_000, "laughs.xml": b'<!DOCTYPE r [<!ENTITY a "ha">]><r>&a;</r>'}
    made = texts[name] if name in texts else UNFOLDING[name]()
    browser, case = offices.browser("administrator here"), offices.here.mark
    before, started = resident(), time.monotonic()
    answer = browser.post(f"/r/cases.case/{case}/-/file", {"file": (io.BytesIO(made), name)})
    assert answer.status_code == (303 if name in texts else 422)
    assert browser.get(f"/r/cases.case/{case}?tab=files").status_code == 200
    answer = browser.post("/import/clients.client", {"file": (io.BytesIO(made), name)})
    assert answer.status_code == 422, (name, answer.status_code)
    assert time.monotonic() - started < 10
    assert resident() - before < 100 * 1024 * 1024
    assert browser.get("/r/cases.case").status_code == 200


def resident() -> int:
    """Bytes that this process holds now."""
    return int(Path("/proc/self/statm").read_text().split()[1]) * os.sysconf("SC_PAGE_SIZE")


def peak() -> int:
    """The most bytes that this process held."""
    return int(re.search(r"VmHWM:\s+(\d+) kB", Path("/proc/self/status").read_text())[1]) * 1024


def test_larger_files_than_allowed_are_refused_without_being_held(offices):
    browser, case = offices.browser("administrator here"), offices.here.mark
    limit = offices.app.config["ZHIAN"].max_upload_mb
    with offices.app.app_context():
        before = stored()
    body = {"file": (io.BytesIO(b"\0" * (limit * 1024 * 1024 + 5)), "large.bin"), "csrf_token": browser.token}
    sent = EnvironBuilder(f"/r/cases.case/{case}/-/file", method="POST", data=body).get_environ()
    Path("/proc/self/clear_refs").write_text("5")  # the peak counts from now on
    held = resident()
    assert browser.client.open(sent).status_code == 413
    assert peak() - held < 20 * 1024 * 1024
    with offices.app.app_context():
        assert stored() == before


def test_stored_files_lie_under_their_checksum_alone(offices):
    with offices.app.app_context():
        names = {path.name for path in stored()}
        assert all(len(name) == 64 and set(name) <= set("0123456789abcdef") for name in names)
        assert not any(SECRET in name for name in names)
