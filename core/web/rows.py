"""The table of a list: heads, row groups, totals, pages. Column selects only, one query more for each kind of link."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from markupsafe import Markup, escape

from core.i18n import gettext
from core.records.dump import link_labels
from core.records.fields import Field
from core.records.query import UNSORTABLE, Page, count_records, list_records
from core.records.totals import summable, sums
from core.registry import RecordType
from core.views import Column
from core.web import cells, groups
from core.web.liststate import PAGE_SIZE, ListState, readable
from core.web.rendering import joined
from core.web.shell import registry


@dataclass(frozen=True)
class Plan:
    """How the rows of one list are read and drawn: made once per page."""

    state: ListState
    columns: list[Column]
    secondary: tuple[Field, ...]
    names: tuple[str, ...]
    classes: list[str]
    summed: list[str]
    pictures: bool

    @property
    def span(self) -> int:
        """Columns of the table with the one for ticks."""
        return len(self.columns) + 1

    def complete(self, pages: list[Page]) -> None:
        """Labels of links and plugins' additions, one query each for all rows of the pages."""
        found = [row for page in pages for row in page.rows]
        if found:
            link_labels(next(p.fields for p in pages if p.rows), found)
            if registry().hooks.implementations("filter_list_rows"):
                registry().hooks.gather("filter_list_rows", record_key=self.state.kind.key, rows=found)


def plan(state: ListState) -> Plan:
    """The plan of a list state."""
    kind, columns = state.kind, state.columns()
    secondary = _secondary(kind, columns)
    classes = _frozen(state, _classes(kind, columns))
    summed = [c.key for c in columns if summable(kind, c.key)]
    pictures = bool(registry().hooks.implementations("provide_badge"))
    return Plan(state, columns, secondary, _needed(kind, columns, secondary), classes, summed, pictures)


def table(state: ListState) -> dict[str, Any]:
    """Heads, row groups and totals of the table."""
    made = plan(state)
    if state.levels:
        tops, total = groups.heads(state, made.names, made.summed)
        made.complete([h.page for h in _all(tops) if h.page])
        body = draw_heads(made, tops)
    else:
        found = list_records(state.kind.model, state.query(fields=made.names, count=True))
        total = found.total or 0
        made.complete([found])
        body = [{"head": None, "rows": draw_rows(made, found)}]
    lazy = total > PAGE_SIZE  # the rows show first, the sums a moment later
    return {
        "heads": _heads(made),
        "body": body,
        "total": total,
        "foot": foot(made) if made.summed and total and not lazy else None,
        "foot_later": bool(made.summed and lazy),
        "pager": _pager(state, total) if not state.levels else None,
        "span": made.span,
        "two_lines": made.pictures or bool(made.secondary) or any(c.template for c in made.columns),
        "fixed": bool(state.widths()),
        "frozen": min(state.freeze, len(made.columns)),
    }


def below(state: ListState, path: tuple[str, ...], page: int) -> dict[str, Any]:
    """What stands below one head: the heads of the next level, or rows."""
    made = plan(state)
    if len(path) < len(state.levels):
        inner, _total = groups.heads(state, made.names, made.summed, path)
        made.complete([h.page for h in _all(inner) if h.page])
        return {"body": draw_heads(made, inner), "span": made.span}
    found = groups.rows(state, made.names, path, page)
    made.complete([found])
    shown = groups.ROWS if not page else page * groups.STEP
    total = count_records(state.kind.model, state.query(filters=(*state.filters, *groups.holding(state, path))))
    text = ",".join(path)
    more = {"path": text, "page": page + 1, "rest": total - shown} if total > shown else None
    return {"body": [{"head": None, "rows": draw_rows(made, found, text), "more": more}], "span": made.span}


def _all(tops: list[groups.Head]) -> Iterator[groups.Head]:
    for head in tops:
        yield head
        yield from _all(head.inner)


def draw_heads(made: Plan, tops: list[groups.Head]) -> list[dict[str, Any]]:
    """Heads and the rows below those that are open, in the order in which they stand."""
    body: list[dict[str, Any]] = []
    for head in _all(tops):
        more = {"path": head.path, "page": 1, "rest": head.rest} if head.page and head.rest > 0 else None
        body.append(
            {"head": head, "rows": draw_rows(made, head.page, head.path) if head.page else Markup(""), "more": more}
        )
    return body


def foot(made: Plan) -> list[dict[str, Any]]:
    """Under the list the sums of all its records, in the columns of their figures."""
    found = sums(made.state.kind.model, made.state.query(), made.summed)
    return [
        {"css": css, "sum": groups.amounts(made.state, c.key, found[c.key]) if c.key in found else ""}
        for c, css in zip(made.columns, made.classes, strict=True)
    ]


def _secondary(kind: RecordType, columns: list[Column]) -> tuple[Field, ...]:
    shown = {c.key for c in columns}
    names = [n for n in (kind.number, kind.secondary) if readable(kind, n) and n not in shown and n != kind.title]
    return tuple(kind.fields[n] for n in names)


def _needed(kind: RecordType, columns: list[Column], secondary: tuple[Field, ...]) -> tuple[str, ...]:
    names: dict[str, None] = dict.fromkeys(f.name for f in secondary)
    for column in columns:
        names.update(dict.fromkeys(column.needs if column.template else (column.key, *column.needs)))
    if kind.title and kind.title in kind.fields:
        names[kind.title] = None
    if any(name in kind.fields and kind.fields[name].kind == "money" for name in names) and readable(
        kind, cells.CURRENCY
    ):
        names[cells.CURRENCY] = None
    return tuple(names)


def _classes(kind: RecordType, columns: list[Column]) -> list[str]:
    """Per column its class: figures at the right; on a phone the title, one state, one date and one sum remain."""
    state_taken = due_taken = sum_taken = False
    found = []
    for column in columns:
        spec = kind.fields.get(column.key)
        field_kind = spec.kind if spec else ""
        if column.key == kind.title or (column.template and "title" in column.key):
            found.append("c-title")
        elif not state_taken and (field_kind == "choice" and spec and any(c.tone for c in spec.choices)):
            state_taken = True
            found.append("c-st")
        elif not due_taken and (field_kind == "date" or "due" in column.key or "deadline" in column.key):
            due_taken = True
            found.append("c-due" if "due" in column.key or "deadline" in column.key else "c-due no-pic")
        else:
            sum_here = field_kind == "money" and not sum_taken
            sum_taken = sum_taken or sum_here
            numeric = field_kind in cells.NUMERIC or column.align in ("end", "right")
            found.append(("c-sum" if sum_here else "c-x") + (" num" if numeric else ""))
    return found


def _frozen(state: ListState, classes: list[str]) -> list[str]:
    """The same classes, those of the first columns with the mark that they stay when the table scrolls."""
    return [f"{css} fz fz{at + 1}" if at < state.freeze else css for at, css in enumerate(classes)]


def _heads(made: Plan) -> list[dict[str, Any]]:
    state, kind, found = made.state, made.state.kind, []
    current = [s for s in (state.sort or kind.order).split(",") if s]
    widths = state.widths()
    for column, css in zip(made.columns, made.classes, strict=True):
        spec = kind.fields.get(column.key)
        sort = column.sort or (column.key if spec and spec.kind not in UNSORTABLE and not column.template else None)
        at = next((i for i, s in enumerate(current) if s.lstrip("-+") == sort), None) if sort else None
        down = at is not None and current[at].startswith("-")
        turned = f"-{sort}" if at is not None and not down else sort
        further = (
            [turned if i == at else s for i, s in enumerate(current)] if at is not None else [*current, sort or ""]
        )
        found.append(
            {
                "key": column.key,
                "label": label_of(kind, column),
                "css": css,
                "width": widths.get(column.key),
                "href": state.url(sort=turned) if turned else None,
                "further": state.url(sort=",".join(further)) if sort else None,
                "order": ("descending" if down else "ascending") if at is not None else None,
                "place": at + 1 if at is not None and len(current) > 1 else None,
            }
        )
    return found


def label_of(kind: RecordType, column: Column) -> str:
    """The head of a column."""
    spec = kind.fields.get(column.key)
    named = spec or column if column.template or spec is not None else cells._system_field(column.key)
    return str(column.label or named.label or "")


def draw_rows(made: Plan, page: Page, path: str | None = None) -> Markup:
    """Rows as finished markup: the template only joins. `path` names the group that they lie in."""
    kind, title = made.state.kind, made.state.kind.title
    draw = [cells.cell_of(kind, c, made.secondary, made.pictures) for c in made.columns]
    opening = [f'<td class="{css}">' for css in made.classes]
    group = "" if path is None else f' data-in="{escape(path)}"'
    select, tick = gettext("Select"), '<td class="fz fz0">' if made.state.freeze else "<td>"
    found = []
    for row in page.rows:
        ident = row["id"]
        label = escape(row.get(title) or ident)
        parts = [
            f'<tr class="r" data-id="{ident}"{group}>{tick}<input class="z-check" type="checkbox" name="id" '
            f'value="{ident}" aria-label="{select} {label}"></td>'
        ]
        for start, cell in zip(opening, draw, strict=True):
            parts.append(f"{start}{cell(row)}</td>")
        found.append("".join(parts) + "</tr>")
    return joined(found)


def _pager(state: ListState, total: int) -> dict[str, Any] | None:
    pages = -(-total // PAGE_SIZE)
    if pages <= 1:
        return None
    return {
        "page": state.page,
        "pages": pages,
        "first": (state.page - 1) * PAGE_SIZE + 1,
        "last": min(state.page * PAGE_SIZE, total),
        "before": state.url(page=state.page - 1) if state.page > 1 else None,
        "after": state.url(page=state.page + 1) if state.page < pages else None,
    }
