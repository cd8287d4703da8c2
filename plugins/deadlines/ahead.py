"""The panel of the home page with the official dates of the coming weeks by severity. Only reads and counts."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from datetime import date, timedelta
from typing import Any, NamedTuple

from sqlalchemy import func, select

from core import Panel, current_principal, db, gettext, today
from plugins.deadlines.choices import LIVE, SEVERITIES
from plugins.deadlines.records import Deadline

WEEKS = 12
"""How many weeks the panel looks ahead, the current one included."""
CODES = tuple(choice.code for choice in SEVERITIES)
TOTAL = ",".join(CODES)


class Week(NamedTuple):
    """The days of a calendar week that are still to come, first and last included."""

    first: date
    last: date


class Cell(NamedTuple):
    """A count and the list behind it; without an address where there is nothing to list."""

    count: int
    href: str | None


class Row(NamedTuple):
    """One week: its days, a cell for each severity in the order of `CODES`, all together."""

    week: Week
    cells: list[Cell]
    total: Cell


def weeks(day: date) -> list[Week]:
    """The coming weeks, Monday to Sunday; the first begins on `day`."""
    monday = day - timedelta(day.weekday())
    starts = [monday + timedelta(weeks=n) for n in range(WEEKS)]
    return [Week(max(start, day), start + timedelta(6)) for start in starts]


def counts(day: date, *, own: bool) -> Counter[tuple[int, str]]:
    """Open official dates by week (0 is the current one) and severity, in one statement."""
    span = weeks(day)
    chosen = [
        Deadline.status.in_(LIVE),
        Deadline.kind == "deadline",
        Deadline.optional.is_(False),
        Deadline.due.between(span[0].first, span[-1].last),
        *([Deadline.responsible_id == current_principal().user_id] if own else []),
    ]
    query = select(Deadline.due, Deadline.severity, func.count(Deadline.id)).where(*chosen)
    monday = day - timedelta(day.weekday())
    found: Counter[tuple[int, str]] = Counter()
    for due, severity, count in db.session.execute(query.group_by(Deadline.due, Deadline.severity)):
        found[(due - monday).days // 7, severity] += count
    return found


def address(first: date, last: date, severities: Iterable[str], *, own: bool) -> str:
    """The list that holds exactly what was counted between two days."""
    query = {"status__in": ",".join(LIVE), "kind": "deadline", "optional": "false"}
    query |= {"due__gte": first.isoformat(), "due__lte": last.isoformat()}
    query |= {"responsible": "me"} if own else {}
    if (chosen := ",".join(severities)) != TOTAL:
        query["severity"] = chosen
    return "/r/deadlines.deadline?view=-&sort=due&" + "&".join(f"{name}={value}" for name, value in query.items())


def panel(*, own: bool) -> list[Panel]:
    """The panel, when anything falls due; `own`: only what the person is responsible for."""
    day = today()
    found = counts(day, own=own)
    if not found:
        return []
    span = weeks(day)
    rows = [_row(week, [found[number, code] for code in CODES], own) for number, week in enumerate(span)]
    columns = [sum(row.cells[number].count for row in rows) for number in range(len(CODES))]
    whole = _row(Week(span[0].first, span[-1].last), columns, own)
    context = {
        "rows": rows,
        "whole": whole,
        "severities": [choice.label for choice in SEVERITIES],
        "summary": _summary(rows, whole),
        "chart": _chart(rows),
    }
    return [Panel("deadlines/ahead.html", context, order=20, key="ahead")]


def _row(week: Week, numbers: list[int], own: bool) -> Row:
    def cell(count: int, *codes: str) -> Cell:
        return Cell(count, address(week.first, week.last, codes, own=own) if count else None)

    cells = [cell(count, code) for count, code in zip(numbers, CODES, strict=True)]
    return Row(week, cells, cell(sum(numbers), *CODES))


def _summary(rows: list[Row], whole: Row) -> str:
    """The chart in words."""
    fullest = max(rows, key=lambda row: row.total.count)
    return gettext(
        "Official dates in the next %(weeks)s weeks: %(total)s, of them fatal: %(fatal)s. "
        "The fullest week begins on %(day)s with %(most)s.",
        weeks=WEEKS,
        total=whole.total.count,
        fatal=whole.cells[0].count,
        day=f"{fullest.week.first:%m-%d}",
        most=fullest.total.count,
    )


def _chart(rows: list[Row]) -> dict[str, Any]:
    """Options of the chart: a stack for each week, its total above it. Names of tokens stand for colours."""
    bars = [_bar(number, str(choice.label), rows) for number, choice in enumerate(SEVERITIES)]
    return {
        "grid": {"left": 4, "right": 4, "top": 22, "bottom": 2, "containLabel": True},
        "tooltip": {"trigger": "axis", "axisPointer": {"type": "shadow"}, "confine": True},
        "xAxis": {"type": "category", "data": [f"{row.week.first:%m-%d}" for row in rows], "axisTick": {"show": False}},
        "yAxis": {"type": "value", "minInterval": 1, "splitNumber": 3},
        "series": [*bars, _totals(rows)],
    }


def _bar(number: int, name: str, rows: list[Row]) -> dict[str, Any]:
    cells = [row.cells[number] for row in rows]
    data = [{"value": cell.count, "href": cell.href} if cell.count else None for cell in cells]
    return {"type": "bar", "stack": "week", "name": name, "barMaxWidth": 36, "data": data}


def _totals(rows: list[Row]) -> dict[str, Any]:
    """A line that is not drawn carries the figures above the stacks."""
    return {
        "type": "line",
        "name": gettext("In all"),
        "silent": True,
        "symbolSize": 0,
        "emphasis": {"disabled": True},
        "lineStyle": {"opacity": 0},
        "itemStyle": {"color": "transparent"},
        "label": {"show": True, "position": "top", "color": "--z-ink-2", "fontSize": 12, "distance": 4},
        "data": [row.total.count or None for row in rows],
    }
