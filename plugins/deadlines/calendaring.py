"""Years of the statutory calendar: reading the table of a new year, what stands in a year, whether it is official."""

from __future__ import annotations

import calendar as months
import csv
import io
import re
from collections.abc import Iterable
from datetime import date, timedelta
from typing import Any

from sqlalchemy import select

from core import FieldError, Forbidden, Invalid, _, create, current_principal, db, delete, elevated
from plugins.deadlines.engine import load_holidays
from plugins.deadlines.overlay import AGENCY
from plugins.deadlines.records import CalendarDay

LARGEST = 400
"""Lines of a table that are read."""
WORDS = {
    "off": ("off", "放假", "休", "holiday", "day off"),
    "worked": ("worked", "上班", "班", "调休", "work"),
}
_SPAN = re.compile(r"\s*(?:至|到|~|～|—|–|to)\s*")
_CHINESE = re.compile(r"(?:(\d{4})年)?(\d{1,2})月(\d{1,2})日(?:[（(].{1,4}[）)])?")


def parse(text: str, year: int) -> list[tuple[date, str, str]]:
    """(day, kind, name) of each line `day or span, off or worked, name`; raises `Invalid` naming each line's fault.

    Days read as 2027-10-01, 2027/10/1 or 10月1日; a span as `2027-10-01 to 2027-10-07`. Spans of worked days are
    days each as well. Lines are separated by commas, tabs or semicolons.
    """
    found: dict[tuple[date, str], str] = {}
    errors = []
    lines = [line for line in text.replace("\ufeff", "").splitlines() if line.strip() and not line.startswith("#")]
    for number, line in enumerate(lines[:LARGEST], 1):
        try:
            for day, kind, name in _line(line, year):
                found[day, kind] = name
        except ValueError as problem:
            errors.append(FieldError("table", f"line {number}", _("Line %(n)s: %(why)s", n=number, why=str(problem))))
    if not lines:
        errors.append(FieldError("table", "empty", _("The table is empty.")))
    clash = {day for day, kind in found if kind == "off"} & {day for day, kind in found if kind == "worked"}
    errors += [FieldError("table", "twice", _("%(day)s is both off and worked.", day=day)) for day in sorted(clash)]
    if errors:
        raise Invalid(errors)
    return sorted((day, kind, name) for (day, kind), name in found.items())


def _line(line: str, year: int) -> Iterable[tuple[date, str, str]]:
    parts = [p.strip() for p in next(csv.reader(io.StringIO(re.sub(r"[\t;；，]", ",", line))))]
    if len(parts) < 2:
        raise ValueError(str(_("day, off or worked, and a name are separated by commas")))
    kind = next((k for k, words in WORDS.items() if parts[1].lower() in words), None)
    if kind is None:
        raise ValueError(str(_("“%(word)s” is neither off nor worked", word=parts[1][:20])))
    ends = [_day(text, year) for text in _SPAN.split(parts[0])]
    first, last = ends[0], ends[-1]
    if len(ends) > 2 or last < first or (last - first).days > 31:
        raise ValueError(str(_("the span cannot be read")))
    for offset in range((last - first).days + 1):
        yield first + timedelta(offset), kind, parts[2][:80] if len(parts) > 2 else ""


def _day(text: str, year: int) -> date:
    chinese = _CHINESE.fullmatch(text)
    try:
        if chinese:
            day = date(int(chinese[1] or year), int(chinese[2]), int(chinese[3]))
        else:
            day = date(*(int(part) for part in re.split(r"[-./]", text)))
    except (TypeError, ValueError, OverflowError):
        raise ValueError(str(_("“%(text)s” is no day", text=text[:20]))) from None
    if day.year not in (year - 1, year):
        raise ValueError(str(_("%(day)s is not in this year", day=day)))
    return day


def enter(year: int, rows: Iterable[tuple[date, str, str]]) -> int:
    """Replace the entered days of a year that are not in force yet; how many were entered. Audited row by row."""
    drafts = select(CalendarDay).where(CalendarDay.year.in_((year - 1, year)), ~CalendarDay.published)
    if not current_principal().can("deadlines.calendar_day", "create"):
        raise Forbidden(detail={"record": "deadlines.calendar_day", "action": "create"})
    with elevated("the entered table of a year takes the place of the one before"):
        for day in db.session.scalars(drafts):
            if day.source == AGENCY:
                delete(day)
    held = {(row.day, row.kind) for row in db.session.execute(select(CalendarDay.day, CalendarDay.kind))}
    fresh = [(day, kind, name) for day, kind, name in rows if (day, kind) not in held]
    for day, kind, name in fresh:
        create(CalendarDay, {"day": day, "kind": kind, "name": name or None})
    return len(fresh)


def years() -> list[dict[str, Any]]:
    """Each year with days, the newest first: how many are off and worked, whether it is official, what waits."""
    shipped = load_holidays().years
    found: dict[int, dict[str, Any]] = {}
    chosen = select(CalendarDay.year, CalendarDay.kind, CalendarDay.published, CalendarDay.source)
    blank = dict.fromkeys(("off", "worked", "closed", "waiting", "own"), 0)
    for row in db.session.execute(chosen):
        line = found.setdefault(row.year, blank | {"year": row.year})
        line[row.kind] += 1
        line["waiting"] += not row.published
        line["own"] += row.published and row.source == AGENCY and row.kind == "off"
    newest = max(found, default=0) + 1
    found[newest] = blank | {"year": newest}
    for line in found.values():
        line["official"] = line["year"] in shipped or line["own"] > 0
    return [found[year] for year in sorted(found, reverse=True)]


def months_of(year: int, days: Iterable[CalendarDay]) -> list[dict[str, Any]]:
    """Twelve months as weeks of cells: day, class and name of what differs from the week."""
    known: dict[date, CalendarDay] = {day.day: day for day in days if day.kind != "closed"}
    made = []
    for month in range(1, 13):
        weeks = [
            [_cell(day, known.get(day)) if day.month == month else None for day in week]
            for week in months.Calendar().monthdatescalendar(year, month)
        ]
        made.append({"month": month, "weeks": weeks})
    return made


def _cell(day: date, known: CalendarDay | None) -> dict[str, Any]:
    kind = known.kind if known else "weekend" if day.weekday() >= 5 else ""
    waits = " is-waiting" if known and not known.published else ""
    return {"day": day.day, "classes": f"{kind}{waits}", "name": (known.name or "") if known else "", "kind": kind}
