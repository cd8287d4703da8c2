"""A list as a spreadsheet: texts as texts, pictures anchored in their cells, head frozen, filter on."""

from __future__ import annotations

import io
from datetime import date
from decimal import Decimal
from typing import Any

import xlsxwriter

from plugins.documents.press.pictures import Album

ROW_PIXELS = 68
PICTURE_WIDTH = 90
FORMATS = {
    "head": {"bold": True, "bg_color": "#EDF1F5", "bottom": 1, "text_wrap": True, "valign": "vcenter"},
    "text": {"num_format": "@", "text_wrap": True, "valign": "vcenter"},
    "date": {"num_format": "yyyy-mm-dd", "align": "left", "valign": "vcenter"},
    "number": {"num_format": "0", "valign": "vcenter"},
    "money": {"num_format": "#,##0.00", "valign": "vcenter"},
    "title": {"bold": True, "font_size": 14},
    "note": {"font_color": "#5A6672"},
}


def written(spec: dict[str, Any], album: Album) -> bytes:
    """The workbook. `spec`: title, notes, columns [{key, label, width, kind}], rows.

    A kind is text, date, number, money or picture.
    """
    target = io.BytesIO()
    book = xlsxwriter.Workbook(target, {"in_memory": True, "strings_to_formulas": False, "strings_to_urls": False})
    book.set_properties({"title": str(spec.get("title") or "")})
    formats = {name: book.add_format(given | {"font_name": "Noto Sans SC"}) for name, given in FORMATS.items()}
    page = book.add_worksheet(_sheet_name(spec.get("title")))
    page.write_string(0, 0, str(spec.get("title") or ""), formats["title"])
    notes = [note for note in spec.get("notes") or () if note]
    for at, note in enumerate(notes, 1):
        page.write_string(at, 0, str(note), formats["note"])
    _table(page, len(notes) + 2, spec, formats, album)
    book.close()
    return target.getvalue()


def _sheet_name(title: Any) -> str:
    return "".join(c for c in str(title or "1") if c not in "[]:*?/\\'")[:31] or "1"


def _table(page: Any, top: int, spec: dict[str, Any], formats: dict[str, Any], album: Album) -> None:
    columns, rows = spec["columns"], spec["rows"]
    for at, column in enumerate(columns):
        page.write_string(top, at, str(column["label"]), formats["head"])
        page.set_column(at, at, column.get("width") or 14)
    tall = any(column.get("kind") == "picture" for column in columns)
    for line, row in enumerate(rows, top + 1):
        if tall:
            page.set_row_pixels(line, ROW_PIXELS)
        for at, column in enumerate(columns):
            _cell(page, line, at, column.get("kind") or "text", row.get(column["key"]), formats, album)
    page.freeze_panes(top + 1, 0)
    if rows:
        page.autofilter(top, 0, top + len(rows), len(columns) - 1)
    page.set_landscape()
    page.set_paper(9)
    page.fit_to_pages(1, 0)
    page.repeat_rows(top)


def _cell(page: Any, line: int, at: int, kind: str, value: Any, formats: dict[str, Any], album: Album) -> None:
    if kind == "picture":
        _picture(page, line, at, value, formats, album)
    elif value is None:
        page.write_blank(line, at, None, formats["text"])
    elif kind == "date" and isinstance(value, date):
        page.write_datetime(line, at, value, formats["date"])
    elif kind in ("number", "money") and isinstance(value, (int, Decimal)):
        page.write_number(line, at, value, formats[kind])
    else:
        page.write_string(line, at, str(value), formats["text"])


def _picture(page: Any, line: int, at: int, value: Any, formats: dict[str, Any], album: Album) -> None:
    found = album.get(value["$picture"]) if isinstance(value, dict) and "$picture" in value else None
    page.write_blank(line, at, None, formats["text"])
    if found is None:
        return
    from PIL import Image

    with Image.open(io.BytesIO(found[0])) as picture:
        scale = min((PICTURE_WIDTH - 8) / picture.width, (ROW_PIXELS - 8) / picture.height)
        left = (PICTURE_WIDTH - picture.width * scale) / 2
    options = {"image_data": io.BytesIO(found[0]), "x_scale": scale, "y_scale": scale, "object_position": 1}
    page.insert_image(line, at, "picture", options | {"x_offset": left, "y_offset": 4})
