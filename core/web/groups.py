"""Groups of a list: heads with counts and sums on up to three levels, opened and paged one by one."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from typing import Any

from markupsafe import Markup, escape

from core.i18n import _, current_locale, gettext
from core.records.dump import labels
from core.records.query import Filter, Page, count_records, list_records
from core.records.spans import bucket
from core.records.totals import MOST_READ, Amounts, Group, Level, grouped, levels_of
from core.records.trees import MOST_TEXT
from core.web import cells
from core.web import format as fmt
from core.web.liststate import ListState

ROWS = 8
"""Rows of a group before one asks for more."""
OPEN_AT_FIRST = 8
MANY = 20_000
"""In longer lists only the first group is open: each further one is another search."""
MOST_SHOWN = 60
STEP = 50
UNIT_WORDS = {
    "day": _("by day"),
    "week": _("by week"),
    "month": _("by month"),
    "quarter": _("by quarter"),
    "year": _("by year"),
}


@dataclass
class Head:
    """One head of a group as the template draws it; `path` are the values of it and of those it lies in."""

    label: Any
    count: int
    sum: Any
    path: str
    level: int
    open: bool
    inner: list[Head]
    page: Page | None
    rest: int
    all: str


def heads(
    state: ListState, names: tuple[str, ...], figures: list[str], path: tuple[str, ...] = ()
) -> tuple[list[Head], int]:
    """The heads below `path`, the first of them open down to their rows; and how many records they hold in all."""
    found = _read(state, figures, path)
    total = sum(group.count for group in found)
    if len(found) >= MOST_READ:
        total = count_records(state.kind.model, state.query(filters=(*state.filters, *holding(state, path))))
    budget = [1 if path or total > MANY else OPEN_AT_FIRST]
    return _heads(state, names, figures, path, found, budget), total


def _read(state: ListState, figures: list[str], path: tuple[str, ...]) -> list[Group]:
    level = state.levels[len(path)]
    inside = (*state.filters, *holding(state, path))
    found = grouped(state.kind.model, state.query(filters=inside), [level], figures[:1])
    _sort(state, level, found)
    return found


def _heads(
    state: ListState,
    names: tuple[str, ...],
    figures: list[str],
    path: tuple[str, ...],
    found: list[Group],
    budget: list[int],
) -> list[Head]:
    level = state.levels[len(path)]
    known = labels(level.spec.target, (g.values[0] for g in found)) if level.spec.target else {}
    return [_head(state, names, figures, (*path, raw(g.values[0])), g, known, budget) for g in found[:MOST_SHOWN]]


def _head(
    state: ListState,
    names: tuple[str, ...],
    figures: list[str],
    path: tuple[str, ...],
    group: Group,
    known: dict[int, str],
    budget: list[int],
) -> Head:
    level = state.levels[len(path) - 1]
    opened = budget[0] > 0
    deeper = len(path) < len(state.levels)
    inner = _heads(state, names, figures, path, _read(state, figures, path), budget) if opened and deeper else []
    page = rows(state, names, path) if opened and not deeper else None
    budget[0] -= 0 if deeper else 1
    shown = len(page.rows) if page else 0
    return Head(
        label=label_of(level, group.values[0], known),
        count=group.count,
        sum=amounts(state, figures[0], group.sums.get(figures[0], [])) if figures else "",
        path=",".join(path),
        level=len(path),
        open=opened,
        inner=inner,
        page=page,
        rest=group.count - shown if page else 0,
        all=address(state, path),
    )


def rows(state: ListState, names: tuple[str, ...], path: tuple[str, ...], page: int = 0) -> Page:
    """Rows of one group: the first few (page 0), then in steps, the first of which leaves out those few."""
    filters = (*state.filters, *holding(state, path))
    if not page:
        return list_records(state.kind.model, state.query(fields=names, filters=filters, page=1, limit=ROWS))
    found = list_records(state.kind.model, state.query(fields=names, filters=filters, page=page, limit=STEP))
    return Page(found.rows[ROWS if page == 1 else 0 :], None, None, found.fields)


def raw(value: Any) -> str:
    """A value of a group as it stands in a path; empty for no value."""
    return "" if value is None else str(int(value)) if isinstance(value, bool) else str(value)


def holding(state: ListState, path: tuple[str, ...]) -> tuple[Filter, ...]:
    """The filters that leave the records of one group."""
    return tuple(
        f for level, value in zip(state.levels, path, strict=False) for f in level.holding(_value(level, value))
    )


def _value(level: Level, text: str) -> Any:
    if text == "":
        return None
    try:
        return date.fromisoformat(text) if level.unit else text
    except ValueError:
        return None


def address(state: ListState, path: tuple[str, ...]) -> str:
    """The list of one group by itself, grouped by the levels below it."""
    pairs = tuple((f.name if f.op == "eq" else f"{f.name}__{f.op}", str(f.value)) for f in holding(state, path))
    below = ",".join(level.key for level in state.levels[len(path) :])
    return state.url(pairs=(*state.pairs, *pairs), group=below, levels=levels_of(state.kind, below), preset=_own(state))


def _own(state: ListState) -> str:
    return state.preset if state.saved else ""


def _sort(state: ListState, level: Level, found: list[Group]) -> None:
    """Choices in their order, days by time, people and clients by number; what has no value comes last."""
    spec = level.spec
    if spec.kind == "choice":
        order = {c.code: i for i, c in enumerate(spec.choices)}
        found.sort(key=lambda g: order.get(g.values[0], len(order)))
    elif level.unit:
        down = f"-{spec.name}" in state.sort.split(",")
        found.sort(key=lambda g: str(g.values[0] or ""), reverse=down)
    else:
        found.sort(key=lambda g: -g.count)
    found.sort(key=lambda g: g.values[0] is None)


def label_of(level: Level, value: Any, known: dict[int, str]) -> Any:
    """The head of a group in words or as a badge."""
    spec = level.spec
    if value is None:
        return Markup('<span class="z-3">%s</span>') % gettext("not set")
    if level.unit:
        return escape(period(value, level.unit))
    if spec.kind == "link":
        return cells.show(spec, {"id": value, "label": known[value]} if value in known else {"hidden": True})
    if spec.kind == "boolean":
        return escape(f"{spec.label}: {gettext('yes') if value else gettext('no')}")
    return cells.show(spec, value)


def period(first: date, unit: str) -> str:
    """`2026 年 11 月`, `2026 Q4`, `11-23 – 11-29`: the bucket that begins on a day."""
    zh = current_locale() == "zh"
    if unit == "year":
        return f"{first.year} 年" if zh else str(first.year)
    if unit == "quarter":
        number = (first.month + 2) // 3
        return f"{first.year} 年第 {number} 季度" if zh else f"Q{number} {first.year}"
    if unit == "month":
        return f"{first.year} 年 {first.month} 月" if zh else f"{first:%B %Y}"
    if unit == "week":
        return f"{first.isoformat()} – {bucket(first, unit).last:%m-%d}"
    return fmt.day_short(first)


def level_words(level: Level) -> str:
    """`Status`, `Filing date by month`."""
    label = str(level.spec.label)
    return f"{label} {UNIT_WORDS[level.unit]}" if level.unit else label


def amounts(state: ListState, name: str, found: Amounts) -> Any:
    """Sums in words, one for each currency, the yuan first."""
    spec = state.kind.fields[name]
    if not found:
        return ""
    first = sorted(found, key=lambda pair: (pair[0] not in (None, "", "CNY"), str(pair[0])))
    told = [cells.show(spec, amount, coin) for coin, amount in first]
    return Markup(" ").join(told)


def path_of(text: str) -> tuple[str, ...]:
    """A path out of an address."""
    return tuple(text[:MOST_TEXT].split(","))
