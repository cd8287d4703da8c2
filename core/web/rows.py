"""The table of a list: heads, row groups, totals, pages. Column selects only, one query more for each kind of link."""

from __future__ import annotations

from typing import Any

from markupsafe import Markup, escape

from core.i18n import gettext
from core.records.dump import labels, link_labels
from core.records.fields import Field
from core.records.query import UNSORTABLE, Filter, group_counts, list_records
from core.records.totals import grouped, levels_of, summable, sums
from core.registry import RecordType
from core.views import Column
from core.web import cells
from core.web.liststate import PAGE_SIZE, ListState, readable
from core.web.rendering import joined
from core.web.shell import registry

GROUP_ROWS = 8
GROUPS_SHOWN = 12
GROUPABLE = frozenset({"choice", "link", "boolean"})


def table(state: ListState) -> dict[str, Any]:
    """Heads, row groups and totals of the table."""
    kind, columns = state.kind, state.columns()
    secondary = _secondary(kind, columns)
    names = _needed(kind, columns, secondary)
    spec = kind.fields.get(state.group) if state.group else None
    if spec is not None and spec.kind in GROUPABLE:
        groups, total = _groups(state, spec, names)
    else:
        found = list_records(kind.model, state.query(fields=names, count=True))
        groups, total = [{"head": None, "page": found}], found.total or 0
    _complete(kind, groups)
    summed = [c.key for c in columns if summable(kind, c.key)]
    if summed and spec is not None and spec.kind in GROUPABLE:
        _add_sums(state, spec, groups, summed)
    pictures = bool(registry().hooks.implementations("provide_badge"))
    draw = [cells.cell_of(kind, c, secondary, pictures) for c in columns]
    classes = _classes(kind, columns)
    return {
        "heads": _heads(state, columns, classes),
        "body": _body(groups, draw, classes, kind.title),
        "total": total,
        "foot": _foot(state, columns, classes, summed) if summed and total else None,
        "pager": _pager(state, total) if spec is None else None,
        "span": len(columns) + 1,
        "two_lines": pictures or bool(secondary) or any(c.template for c in columns),
    }


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
    return tuple(names)


def _groups(state: ListState, spec: Field, names: tuple[str, ...]) -> tuple[list[dict[str, Any]], int]:
    counted = group_counts(state.kind.model, state.query(), spec.name)
    total = sum(n for _v, n in counted)
    order = {c.code: i for i, c in enumerate(spec.choices)} if spec.kind == "choice" else {}
    counted.sort(key=lambda pair: order.get(pair[0], 999) if order else -pair[1])
    known = labels(spec.target, (v for v, _n in counted)) if spec.target else {}
    groups = []
    for value, number in counted[:GROUPS_SHOWN]:
        name, raw = (
            (f"{spec.name}__isnull", "1")
            if value is None
            else (spec.name, str(int(value) if isinstance(value, bool) else value))
        )
        only = Filter(spec.name, "isnull", "1") if value is None else Filter(spec.name, "eq", value)
        found = list_records(
            state.kind.model, state.query(fields=names, filters=(*state.filters, only), page=1, limit=GROUP_ROWS)
        )
        more = state.url(pairs=(*state.pairs, (name, raw)), group="", preset="") if number > GROUP_ROWS else None
        head = {"head": _group_label(spec, value, known), "value": value, "count": number}
        groups.append(head | {"page": found, "more": more})
    return groups, total


def _add_sums(state: ListState, spec: Field, groups: list[dict[str, Any]], names: list[str]) -> None:
    """The sum of the first figure of each group, for its head."""
    by = grouped(state.kind.model, state.query(), levels_of(state.kind, spec.name), names[:1])
    found = {g.values[0]: g.sums for g in by}
    for group in groups:
        figures = found.get(group["value"], {}).get(names[0], [])
        group["sum"] = cells.show(state.kind.fields[names[0]], figures[0][1]) if figures else None


def _foot(state: ListState, columns: list[Column], classes: list[str], names: list[str]) -> list[dict[str, Any]]:
    """Under the list the sums of all its records, in the columns of their figures."""
    found = sums(state.kind.model, state.query(), names)
    return [
        {
            "css": css,
            "sum": cells.show(state.kind.fields[column.key], found[column.key][0][1]) if column.key in found else "",
        }
        for column, css in zip(columns, classes, strict=True)
    ]


def _group_label(spec: Field, value: Any, known: dict[int, str]) -> Any:
    if value is None:
        return Markup('<span class="z-3">%s</span>') % gettext("not set")
    if spec.kind == "link":
        return cells.show(spec, {"id": value, "label": known[value]} if value in known else {"hidden": True})
    return cells.show(spec, value)


def _complete(kind: RecordType, groups: list[dict[str, Any]]) -> None:
    """Labels of links and plugins' additions, one query each for all rows of the page."""
    rows = [row for g in groups for row in g["page"].rows]
    if rows:
        link_labels(groups[0]["page"].fields, rows)
        if registry().hooks.implementations("filter_list_rows"):
            registry().hooks.gather("filter_list_rows", record_key=kind.key, rows=rows)


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


def _heads(state: ListState, columns: list[Column], classes: list[str]) -> list[dict[str, Any]]:
    kind, heads = state.kind, []
    current = state.sort.split(",")[0] or kind.order
    for column, css in zip(columns, classes, strict=True):
        spec = kind.fields.get(column.key)
        sort = column.sort or (column.key if spec and spec.kind not in UNSORTABLE and not column.template else None)
        label = str(
            column.label
            or (cells._system_field(column.key) if spec is None and not column.template else spec or column).label
            or ""
        )
        down = current == f"-{sort}"
        here = sort is not None and current.lstrip("-+") == sort
        href = state.url(sort=f"-{sort}" if here and not down else sort) if sort else None
        heads.append(
            {
                "label": label,
                "css": css,
                "href": href,
                "order": ("descending" if down else "ascending") if here else None,
            }
        )
    return heads


def _body(
    groups: list[dict[str, Any]], draw: list[cells.Cell], classes: list[str], title: str | None
) -> list[dict[str, Any]]:
    """Row groups as finished markup: the template only joins."""
    opening = [f'<td class="{css}">' for css in classes]
    select = gettext("Select")
    body = []
    for group in groups:
        rows = []
        for row in group["page"].rows:
            ident = row["id"]
            label = escape(row.get(title) or ident)
            parts = [
                f'<tr class="r" data-id="{ident}"><td><input class="z-check" type="checkbox" name="id" value="{ident}" '
                f'aria-label="{select} {label}"></td>'
            ]
            for start, cell in zip(opening, draw, strict=True):
                parts.append(f"{start}{cell(row)}</td>")
            rows.append("".join(parts) + "</tr>")
        body.append({**group, "rows": joined(rows)})
    return body


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
