"""The log as a sheet or as comma-separated text: at once when it is short, else by a job; each export is logged."""

from __future__ import annotations

import csv
import io
import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any, BinaryIO

import xlsxwriter

from core.audit import words
from core.audit.chain import data_folder
from core.audit.head import folder_of
from core.audit.search import Wanted, each
from core.clock import local, now
from core.db import db
from core.errors import Forbidden
from core.i18n import _
from core.jobs.progress import report_progress
from core.permissions.principal import Principal, current_principal
from core.records.audit import RIGHT, note_action

AT_ONCE = 10_000
"""Rows up to which an export is answered directly."""
MOST = {"xlsx": 1_000_000, "csv": 5_000_000}
KEPT_DAYS = 7
TYPES = {
    "xlsx": "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
    "csv": "text/csv; charset=utf-8",
}
HEAD = (
    _("Number"), _("Time (Asia/Shanghai)"), _("Person"), _("Way"), _("Address"), _("Request"), _("API key"),
    _("Action"), _("Code"), _("Record type"), _("Record"), _("Title"), _("Old and new values"), _("Reason"),
)  # fmt: skip
_STARTS = ("=", "+", "-", "@", "\t", "\r", "\n", "＝", "＋", "－", "＠")
"""How a cell begins that a spreadsheet would take for a formula."""


def lines(wanted: Wanted, most: int, reader: Principal) -> Iterator[list[str]]:
    """The rows as texts, the head first."""
    yield [str(name) for name in HEAD]
    closed = words.closed_titles(reader)
    for row in each(wanted, most, closed):
        pairs = words.changes(row, reader)
        yield [
            str(row.id),
            f"{local(row.at):%Y-%m-%d %H:%M:%S}",
            words.person(row),
            words.way(row.via),
            row.ip or "",
            row.request_id or "",
            row.key_id or "",
            words.deed(row),
            row.action,
            row.record_key or "",
            str(row.record_id or ""),
            "" if row.record_key in closed else row.title or "",
            "\n".join(f"{name}: {old} → {new}" if old else f"{name}: {new}" for name, old, new in pairs),
            row.reason or "",
        ]


def write(stream: BinaryIO, ending: str, found: Iterator[list[str]]) -> int:
    """Write the rows; how many, without the head."""
    return _sheet(stream, found) if ending == "xlsx" else _text(stream, found)


def _sheet(stream: BinaryIO, found: Iterator[list[str]]) -> int:
    book = xlsxwriter.Workbook(
        stream, {"constant_memory": True, "strings_to_formulas": False, "strings_to_urls": False}
    )
    sheet, bold = book.add_worksheet(), book.add_format({"bold": True})
    sheet.freeze_panes(1, 0)
    sheet.set_column(0, len(HEAD) - 1, 18)
    line = 0
    for line, cells in enumerate(found):
        for at, cell in enumerate(cells):
            sheet.write_string(line, at, cell[:32_000], bold if line == 0 else None)
        report_progress(line)
    book.close()
    return line


def _text(stream: BinaryIO, found: Iterator[list[str]]) -> int:
    """With a byte order mark, so that spreadsheets read Chinese; what looks like a formula is text."""
    wrapped = io.TextIOWrapper(stream, encoding="utf-8-sig", newline="", write_through=True)
    writer, line = csv.writer(wrapped), 0
    for line, cells in enumerate(found):
        writer.writerow([f"'{cell}" if cell.startswith(_STARTS) else cell for cell in cells])
        report_progress(line)
    wrapped.detach()
    return line


def require_export() -> Principal:
    """The reader who may export; raises `Forbidden`."""
    who = current_principal()
    if not who.can(RIGHT, "export"):
        raise Forbidden(detail={"record": RIGHT, "action": "export"})
    return who


def note_export(wanted: Wanted, ending: str, count: int) -> None:
    """Log an export in the present transaction."""
    told = {"count": count, "form": ending, "filters": wanted.as_dict()}
    note_action(db.session(), "audit_export", None, changes=told)


def export(wanted: dict[str, str], ending: str) -> dict[str, Any]:
    """The job of a long export, as the person who asked: a file that only they fetch."""
    reader, chosen = require_export(), Wanted.of(wanted)
    folder = exports_folder()
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    forget_old()
    name = f"audit-{local(now()):%Y%m%d-%H%M%S}-{reader.user_id}.{ending}"
    with (folder / f".{name}").open("wb+") as stream:
        os.chmod(stream.fileno(), 0o600)
        count = write(stream, ending, lines(chosen, MOST[ending], reader))
    (folder / f".{name}").rename(folder / name)
    note_export(chosen, ending, count)
    return {"file": name, "rows": count}


def exports_folder() -> Path:
    """Where long exports wait for their reader."""
    return folder_of(data_folder()) / "exports"


def forget_old() -> None:
    """Exports are fetched within days, or made again."""
    for file in exports_folder().glob("audit-*"):
        if now().timestamp() - file.stat().st_mtime > KEPT_DAYS * 86_400:
            file.unlink(missing_ok=True)
