"""The refused rows as a spreadsheet: row, field, reason, then the cells as they were, to be mended."""

from __future__ import annotations

import io
from collections.abc import Iterable
from typing import Any

from core.i18n import _

HEADINGS = (_("Row in the file"), _("Field at fault"), _("Code of the fault"), _("Why it was not imported"))
MAX_CHARS = 32_000


def refused_sheet(refused: Iterable[dict[str, Any]], labels: dict[str, str] | None = None) -> bytes:
    """An .xlsx of refused rows (`row`, `field`, `code`, `reason`, `cells`); every cell is text, never a formula.

    `labels` are the words for fields.
    """
    rows = list(refused)
    names = list(dict.fromkeys(name for row in rows for name in row.get("cells") or ()))
    buffer = io.BytesIO()
    from xlsxwriter import Workbook  # only needed here, and slow to import

    book = Workbook(
        buffer, {"in_memory": True, "strings_to_formulas": False, "strings_to_urls": False, "strings_to_numbers": False}
    )
    sheet = book.add_worksheet()
    bold = book.add_format({"bold": True, "bg_color": "#F1F3F5"})
    for place, heading in enumerate([*map(str, HEADINGS), *names]):
        sheet.write_string(0, place, heading, bold)
    for line, row in enumerate(rows, 1):
        cells = row.get("cells") or {}
        for place, value in enumerate(
            [
                row["row"],
                (labels or {}).get(row["field"], row["field"]),
                row["code"],
                row["reason"],
                *(cells.get(n) for n in names),
            ]
        ):
            if value is not None and value != "":
                sheet.write_string(line, place, _shown(value))
    sheet.freeze_panes(1, 0)
    sheet.set_column(0, 2, 12)
    sheet.set_column(3, 3, 48)
    book.close()
    return buffer.getvalue()


def _shown(value: Any) -> str:
    text = ";".join(map(str, value)) if isinstance(value, list) else str(value)
    return text[:MAX_CHARS]
