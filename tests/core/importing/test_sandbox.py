"""Hostile files are refused with a reason, quickly, and the parent lives on."""

import io
import resource
import time
import zipfile
from pathlib import Path

import pytest
from openpyxl import Workbook

from core.importing.sandbox import FileRefused, parse
from core.importing.source import Source

LAUGHS = '<!DOCTYPE r [<!ENTITY a "ha">' + "".join(
    f'<!ENTITY {chr(98 + i)} "{("&" + chr(97 + i) + ";") * 10}">' for i in range(9)
)
SHEET = (
    '<worksheet xmlns="http://schemas.openxmlformats.org/spreadsheetml/2006/main"><sheetData>{}</sheetData></worksheet>'
)


def archive(path, parts, compression=zipfile.ZIP_DEFLATED):
    with zipfile.ZipFile(path, "w", compression) as out:
        for name, content in parts.items():
            out.writestr(name, content)
    return path


def xlsx_with(path, sheet_xml):
    """A real workbook whose first sheet is replaced."""
    buffer = io.BytesIO()
    Workbook().save(buffer)
    with zipfile.ZipFile(buffer) as book:
        parts = {name: book.read(name) for name in book.namelist()}
    parts["xl/worksheets/sheet1.xml"] = sheet_xml
    return archive(path, parts)


SPARSE = '<row r="1"><c r="A1"><v>1</v></c></row><row r="1048576"><c r="XFD1048576"><v>1</v></c></row>'
LAUGHING = '<row r="1"><c r="A1" t="str"><v>&j;</v></c></row>'
TRICKS = {
    "empty": b"",
    "laughs": LAUGHS.encode() + b"]><r><i><a>&j;</a></i><i><a>1</a></i></r>",
    "xxe": b'<!DOCTYPE r [<!ENTITY x SYSTEM "file:///etc/passwd">]><r><i><a>&x;</a></i><i><a>1</a></i></r>',
    "deep": b"<a>" * 100_000 + b"</a>" * 100_000,
    "deepjson": b'[{"a":' + b"[" * 100_000 + b"]" * 100_000 + b"}]",
    "zipbomb": lambda path: archive(path, {"xl/workbook.xml": b"<x/>", "xl/s.xml": b"0" * 400_000_000}),
    "42": lambda path: archive(path, {"xl/workbook.xml": b"<x/>", "0.zip": b"PK"}),
    "entries": lambda path: archive(path, {"xl/workbook.xml": b""} | {f"{i}": b"" for i in range(3000)}),
    "slip": lambda path: archive(path, {"xl/workbook.xml": b"<x/>", "../../evil": b"x"}),
    "docx": lambda path: archive(path, {"word/document.xml": b"<x/>"}),
    "png": b"\x89PNG\r\n\x1a\n" + b"\0" * 100,
    "pdf": b"%PDF-1.7\n",
    "cut": b"PK\x03\x04" + b"\0" * 50,
    "ole": b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + b"\xff" * 5000,
    "sparse": lambda path: xlsx_with(path, SHEET.format(SPARSE)),
    "xlsxlaughs": lambda path: xlsx_with(path, LAUGHS + "]>" + SHEET.format(LAUGHING)),
    "exe": b"MZ\0\0a,b\n1,2\n",
    "nul": b"a,b\n1,\0\0\0\n",
    "scalar": b"[1, 2, 3]",
    "binary": bytes(range(256)) * 100,
}


def make(path, trick):
    content = TRICKS[trick]
    content(path) if callable(content) else path.write_bytes(content)
    return path


def read_all(path):
    source = Source(path)
    return list(source.rows(source.sheet()))


@pytest.mark.parametrize(
    ("name", "trick", "code"),
    [
        ("a.xlsx", "empty", "empty_file"),
        ("a.xml", "laughs", "entities"),
        ("a.xml", "xxe", "entities"),
        ("a.xml", "deep", "too_deep"),
        ("a.json", "deepjson", "damaged"),
        ("a.xlsx", "zipbomb", "bomb"),
        ("42.xlsx", "42", "bomb"),
        ("a.xlsx", "entries", "bomb"),
        ("a.xlsx", "slip", "bomb"),
        ("a.xlsx", "docx", "not_a_spreadsheet"),
        ("a.xlsx", "png", "not_a_spreadsheet"),
        ("a.xls", "pdf", "not_a_spreadsheet"),
        ("a.xlsx", "cut", "damaged"),
        ("a.xls", "ole", "damaged"),
        ("a.xlsx", "sparse", "too_many_columns"),
        ("a.xlsx", "xlsxlaughs", "damaged"),
        ("a.csv", "exe", "type_mismatch"),
        ("a.csv", "zipbomb", "type_mismatch"),
        ("a.csv", "nul", "not_text"),
        ("a.csv", "binary", "not_text"),
        ("a.json", "scalar", "no_table"),
        ("a.json", "laughs", "type_mismatch"),
        ("a.xml", "scalar", "type_mismatch"),
        ("a.exe", "exe", "unknown_type"),
    ],
)
def test_refused_with_a_reason(name, trick, code, tmp_path):
    path = make(tmp_path / name, trick)
    before, started = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss, time.monotonic()
    with pytest.raises(FileRefused) as caught:
        read_all(path)
    assert caught.value.code == code
    assert str(caught.value)
    assert time.monotonic() - started < 10
    assert resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before < 100_000


def test_a_child_that_needs_too_much_memory_dies_alone(tmp_path):
    path = tmp_path / "big.json"
    path.write_text('[{"a":"' + "x" * 100 + '"}' + ',{"a":[[[[]]]]}' * 8_000_000 + "]")
    with pytest.raises(FileRefused) as caught:
        list(parse(path, suffix=".json", mode="describe"))
    assert caught.value.code in ("memory", "crashed", "damaged", "too_many_rows")


def test_leaving_early_ends_the_child(tmp_path):
    path = tmp_path / "long.csv"
    path.write_text("a,b\n" + "1,2\n" * 200_000)
    source = Source(path)
    rows = source.rows(source.sheet())
    before = _children()
    assert next(rows).number == 2
    assert len(_children() - before) == 1
    rows.close()
    assert _children() <= before


def _children() -> set[str]:
    return {child for task in Path("/proc/self/task").iterdir() for child in (task / "children").read_text().split()}
