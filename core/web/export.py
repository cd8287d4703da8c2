"""Export of what a list shows, as a sheet: same filters and columns, rows that the person may export, audited."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator, Sequence
from datetime import date, datetime
from decimal import Decimal
from typing import Any, BinaryIO
from urllib.parse import urlencode

import xlsxwriter
from flask import Blueprint, request, send_file
from sqlalchemy import select

from core.clock import local, today
from core.contributions import ExportFormat
from core.db import db, write_intent
from core.errors import NotFound
from core.i18n import gettext
from core.permissions import exports
from core.permissions.rules import access
from core.records.audit import entry, write
from core.records.dump import link_labels
from core.records.fields import Field
from core.records.query import SYSTEM_FIELDS, Filter, list_records
from core.registry import RecordType, registry
from core.web.lifecycle import go
from core.web.listing import kind_of
from core.web.liststate import ListState, readable, state_at
from core.web.security import safe_next

BATCH = 500
MOST = 50_000
XLSX = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"


def export(key: str, code: str | None = None) -> Any:
    """The whole list of the address (GET), or the ticked rows of a list (POST); `code` is a plugin's own format."""
    kind, chosen_format = kind_of(key, "export"), registry().export_formats.get(code or "")
    if code and chosen_format is None:
        raise NotFound()
    here = f"/r/{key}?{request.query_string.decode()}" if request.method == "GET" else request.form.get("here")
    state = state_at(kind, safe_next(here, f"/r/{key}"))
    chosen = [int(i) for i in request.form.getlist("id") if i.isdigit()] if request.form.get("all") != "1" else []
    if exports.guarded(key) and exports.needs_another(key, number_of(state, chosen)):
        only = state.url(pairs=(*state.pairs, ("id__in", ",".join(map(str, chosen))))) if chosen else state.url()
        return go(f"/exports/new?{urlencode({'key': key, 'address': only, 'format': code or ''})}")
    return answer(state, chosen_format, chosen)


def number_of(state: ListState, chosen: Sequence[int] = ()) -> int:
    """How many rows an export of this list holds."""
    return sum(1 for _row in rows(state, [], list(chosen)))


def answer(
    state: ListState, chosen_format: ExportFormat | None, chosen: list[int], request_id: int | None = None
) -> Any:
    """The file; with `request_id` the approval of a large export is spent for it."""
    kind, fields = state.kind, fields_of(state)
    stream = tempfile.TemporaryFile()  # noqa: SIM115 - the answer reads it after this function
    found = rows(state, fields, chosen)
    number = _write_as(chosen_format, stream, fields, found) if chosen_format else _write(stream, fields, found)
    stream.seek(0)
    db.session.rollback()
    write_intent.set(True)
    told: dict[str, Any] = {"count": number, "filters": dict(state.pairs), "columns": [f.name for f in fields]}
    if request_id is not None:
        exports.use(request_id, number)
        told["request"] = request_id
    write(db.session(), [entry("export", kind.key, changes=told)])
    db.session.commit()
    suffix, mimetype = (chosen_format.suffix, chosen_format.mimetype) if chosen_format else (".xlsx", XLSX)
    name = f"{kind.plural}-{today().isoformat()}{suffix}"
    sent = send_file(stream, mimetype=mimetype, as_attachment=True, download_name=name)
    sent.headers["Cache-Control"] = "private, no-store"
    return sent


def fields_of(state: ListState) -> list[Field]:
    """The fields behind the shown columns, the number first."""
    kind: RecordType = state.kind
    names: dict[str, None] = dict.fromkeys(n for n in (kind.number,) if readable(kind, n))
    for column in state.columns():
        wanted = (column.key,) if column.key in kind.fields else column.needs
        names.update(dict.fromkeys(n for n in wanted if readable(kind, n)))
    found = [kind.fields.get(n) or SYSTEM_FIELDS[n] for n in names]
    return [f for f in found if f.kind not in ("json", "secret")]


def rows(state: ListState, fields: list[Field], chosen: list[int]) -> Iterator[dict[str, Any]]:
    """Rows in the order of the list, batch by batch, links as labels."""
    kind = state.kind
    filters = (*state.filters, Filter("id", "in", chosen)) if chosen else state.filters
    cursor, given = None, 0
    while given < MOST:
        names = tuple(f.name for f in fields)
        query = state.query(filters=filters, fields=names, page=None, cursor=cursor, limit=BATCH)
        page = list_records(kind.model, query)
        link_labels(page.fields, page.rows)
        free = _exportable(kind, [row["id"] for row in page.rows])
        yield from (row for row in page.rows if row["id"] in free)
        given += len(page.rows)
        cursor = page.next
        if cursor is None:
            return


def _exportable(kind: RecordType, ids: list[int]) -> set[int]:
    table = kind.model.__table__
    where = access().where(kind.model, db.session().principal, "export")
    return set(db.session().connection().execute(select(table.c.id).where(table.c.id.in_(ids), where)).scalars())


def _write(stream: BinaryIO, fields: list[Field], found: Iterator[dict[str, Any]]) -> int:
    """The sheet; text is written as text, so that no cell is ever taken for a formula. Returns the number of rows."""
    book = xlsxwriter.Workbook(stream, {"constant_memory": True, "default_date_format": "yyyy-mm-dd"})
    sheet, bold = book.add_worksheet(), book.add_format({"bold": True})
    moment = book.add_format({"num_format": "yyyy-mm-dd hh:mm"})
    sheet.freeze_panes(1, 0)
    for at, spec in enumerate(fields):
        sheet.write_string(0, at, str(spec.label), bold)
        sheet.set_column(at, at, 18)
    line = 0
    for line, row in enumerate(found, 1):
        for at, spec in enumerate(fields):
            _cell(sheet, line, at, value_of(spec, row[spec.name]), moment)
    book.close()
    return line


def _write_as(chosen: ExportFormat, stream: BinaryIO, fields: list[Field], found: Iterator[dict[str, Any]]) -> int:
    """The same rows through a plugin's format. Returns the number of rows."""
    count = 0

    def plain() -> Iterator[list[Any]]:
        nonlocal count
        for count, row in enumerate(found, 1):  # noqa: B007 - counted for the log
            yield [value_of(spec, row[spec.name]) for spec in fields]

    chosen.write(stream, [str(spec.label) for spec in fields], plain())
    return count


def _cell(sheet: Any, line: int, at: int, value: Any, moment: Any) -> None:
    if isinstance(value, datetime):
        sheet.write_datetime(line, at, local(value).replace(tzinfo=None), moment)
    elif isinstance(value, date):
        sheet.write_datetime(line, at, datetime(value.year, value.month, value.day))  # noqa: DTZ001 - a day, no instant
    elif isinstance(value, (int, float, Decimal)) and not isinstance(value, bool):
        sheet.write_number(line, at, float(value))
    elif value not in (None, ""):
        sheet.write_string(line, at, str(value))


def value_of(spec: Field, value: Any) -> Any:
    """A value as a sheet holds it: labels instead of codes and ids."""
    if spec.kind in ("link", "file") and isinstance(value, dict):
        return value.get("label", "")
    if value in (None, "", []):
        return None
    if spec.kind == "choice":
        found = spec.choice(str(value))
        return str(found.label) if found else value
    if spec.kind in ("multi_choice", "tags"):
        labels = [str(c.label) if (c := spec.choice(str(v))) else str(v) for v in value]
        return gettext(", ").join(labels)
    if spec.kind == "boolean":
        return gettext("yes") if value else gettext("no")
    return value


def register(web: Blueprint) -> None:
    """The routes of this file."""
    web.add_url_rule("/export/<key>", "export", export, methods=["GET", "POST"])
    web.add_url_rule("/export/<key>/<code>", "export_as", export)
