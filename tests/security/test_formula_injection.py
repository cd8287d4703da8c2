"""Texts that begin like a formula come out of every export as texts: no formula cell, no unescaped value in a csv."""

from __future__ import annotations

import ast
import csv
import io
import re
import zipfile
from typing import Any

import pytest
from openpyxl import load_workbook

from core.settings import ROOT
from tests.security.marks import Marks
from tests.security.world import World

FORMS = (
    '=HYPERLINK("http://evil.example","x")',
    "+1+1",
    "-2+3",
    "@SUM(1+1)",
    "\t=1+1",
    "\r=1+1",
    "=cmd|' /C calc'!A0",
    "＝1+1",
)
LEADING = ("=", "+", "-", "@", "\t", "\r", "＝", "＋", "－", "＠")
CELLS = {"write_string", "write_number", "write_datetime", "write_blank"}
"""What may put something into a sheet: each says what it is, and none guesses."""
MARKED = re.compile(r"startswith\((?:RISKY|_STARTS)\)")


class Formulas(Marks):
    """Every text of every record begins like a formula."""

    def word(self, kind: Any, spec: Any, side: str, number: int) -> str:
        unlike = f"{'ht'[side == 'there']}{self.kinds.index(kind)}.{number}"
        return f"{FORMS[number % len(FORMS)]}{unlike}"[: spec.max_length or 80]


@pytest.fixture(scope="module", params=["sqlite"])
def backend(request: pytest.FixtureRequest) -> str:
    """Sheets do not depend on the database."""
    return request.param


@pytest.fixture(scope="module")
def world(app):
    return World(app, Formulas)


def formulas(content: bytes) -> list[str]:
    """Cells of a workbook that a program would compute, and links that it would follow."""
    found = []
    for sheet in load_workbook(io.BytesIO(content)):
        found += [f"{c.coordinate}: {c.value}" for row in sheet.iter_rows() for c in row if c.data_type == "f"]
    with zipfile.ZipFile(io.BytesIO(content)) as book:
        parts = {name: book.read(name) for name in book.namelist()}
    found += [name for name, part in parts.items() if b"<f>" in part or b"<f " in part or b"<hyperlink" in part]
    return found + [name for name in parts if "externalLink" in name or "vbaProject" in name]


def test_no_export_of_any_list_holds_a_formula(world):
    exported, wrong = 0, []
    for kind in (k for k in world.marks.kinds if k.public):
        answer = world.ask("admin", "GET", f"/export/{kind.key}?view=-")
        assert answer.status_code == 200, (kind.key, answer.status_code)
        wrong += [(kind.key, cell) for cell in formulas(answer.data)]
        exported += answer.data.startswith(b"PK")
    assert wrong == []
    assert exported > 50


def test_texts_are_kept_as_they_are(world):
    content = world.ask("admin", "GET", "/export/clients.client?view=-").data
    values = [str(c.value) for sheet in load_workbook(io.BytesIO(content)) for row in sheet.iter_rows() for c in row]
    assert any(value.startswith(LEADING) for value in values)


def test_exports_of_the_portal_hold_no_formula(world):
    for path in ("/portal/cases/export.xlsx", "/portal/statement.xlsx"):
        answer = world.ask("portal_owner", "GET", path)
        assert answer.status_code == 200, path
        assert formulas(answer.data) == [], path
    text = world.ask("portal_owner", "GET", "/portal/cases/export.csv").data.decode("utf-8-sig")
    rows = list(csv.reader(io.StringIO(text)))
    assert len(rows) > 1
    assert [cell for row in rows for cell in row if cell.startswith(LEADING)] == []


def writers() -> dict[str, ast.Module]:
    """Our modules that write sheets."""
    files = [f for room in ("core", "plugins") for f in (ROOT / room).rglob("*.py") if "migrations" not in f.parts]
    texts = {str(f.relative_to(ROOT)): f.read_text("utf-8") for f in files}
    return {name: ast.parse(text) for name, text in texts.items() if "xlsxwriter" in text or "csv.writer" in text}


def test_no_writer_of_sheets_guesses_what_a_value_is():
    """`write` takes a text that begins with = for a formula; csv has no types, so its values are marked."""
    wrong = []
    for name, tree in writers().items():
        calls = [n.func.attr for n in ast.walk(tree) if isinstance(n, ast.Call) and isinstance(n.func, ast.Attribute)]
        guessed = {c for c in calls if c.startswith("write_") and c not in CELLS} - {"write_bytes", "write_text"}
        wrong += [(name, call) for call in sorted(guessed)]
        source = (ROOT / name).read_text("utf-8")
        wrong += [(name, "csv without marks")] if "csv.writer" in source and not MARKED.search(source) else []
        wrong += [(name, "write")] if ("sheet.write(" in source or "page.write(" in source) else []
    assert wrong == []
    assert len(writers()) >= 5
