"""Files that lie, unfold, climb out of their folder or run: refused or harmless, soon, and the server stays small."""

from __future__ import annotations

import io
import os
import resource
import struct
import time
import zipfile
import zlib
from pathlib import Path
from typing import Any

import pytest

from core.records.notes import store
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


def nested_zip() -> bytes:
    """An archive of archives of zeros, as 42.zip."""
    content = b"\0" * 10_000_000
    for depth in range(4):
        stream = io.BytesIO()
        with zipfile.ZipFile(stream, "w", zipfile.ZIP_DEFLATED) as archive:
            for number in range(1 if depth == 0 else 10):
                archive.writestr(f"{number}.zip", content)
        content = stream.getvalue()
    return content


def many_entries() -> bytes:
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w") as archive:
        for number in range(30_000):
            archive.writestr(f"xl/{number}.xml", b"")
    return stream.getvalue()


@pytest.mark.parametrize("name", ["42.xlsx", "many.xlsx", "bomb.png", "deep.json", "laughs.xml"])
def test_what_unfolds_costs_little_as_a_file_and_as_an_import(offices, name):
    made = {
        "42.xlsx": nested_zip,
        "many.xlsx": many_entries,
        "bomb.png": bomb_png,
        "deep.json": lambda: b"[" * 2_000_000,
        "laughs.xml": lambda: b'<!DOCTYPE r [<!ENTITY a "ha">]><r>&a;</r>',
    }[name]()
    browser, case = offices.browser("administrator here"), offices.here.mark
    before, started = resident(), time.monotonic()
    assert browser.post(f"/r/cases.case/{case}/-/file", {"file": (io.BytesIO(made), name)}).status_code == 303
    assert browser.get(f"/r/cases.case/{case}?tab=files").status_code == 200
    answer = browser.post("/import/clients.client", {"file": (io.BytesIO(made), name)})
    assert answer.status_code == 422, (name, answer.status_code)
    assert time.monotonic() - started < 10
    assert resident() - before < 100 * 1024 * 1024
    assert browser.get("/r/cases.case").status_code == 200


def resident() -> int:
    """Bytes that this process holds now."""
    return int(Path("/proc/self/statm").read_text().split()[1]) * os.sysconf("SC_PAGE_SIZE")


def test_larger_files_than_allowed_are_refused_without_being_held(offices):
    browser, case = offices.browser("administrator here"), offices.here.mark
    limit = offices.app.config["ZHIAN"].max_upload_mb
    with offices.app.app_context():
        before = stored()
    body = {"file": (io.BytesIO(b"\0" * (limit * 1024 * 1024 + 5)), "large.bin")}
    assert browser.post(f"/r/cases.case/{case}/-/file", body).status_code == 413
    with offices.app.app_context():
        assert stored() == before
    assert resource.getrusage(resource.RUSAGE_SELF).ru_maxrss < 2_000_000


def test_stored_files_lie_under_their_checksum_alone(offices):
    with offices.app.app_context():
        names = {path.name for path in stored()}
        assert all(len(name) == 64 and set(name) <= set("0123456789abcdef") for name in names)
        assert not any(SECRET in name for name in names)
