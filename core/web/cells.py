"""Cells of lists, fast: per column one function from a row to markup, chosen once per page. No query in here."""

# ruff: noqa: S704 - markup is made here, and every value that enters it goes through escape()

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from flask import current_app
from jinja2.runtime import Context
from markupsafe import Markup, escape

from core.i18n import gettext
from core.records.fields import Field
from core.registry import RecordType, registry
from core.views import Column
from core.web import components as z
from core.web import format as fmt

Row = dict[str, Any]
Cell = Callable[[Row], Any]
NUMERIC = frozenset({"integer", "decimal", "money"})
EMPTY = Markup("")
CURRENCY = "currency"
"""The field that names the currency of all money of its record, by ISO 4217."""


def show(spec: Field, value: Any, currency: str | None = None) -> Any:
    """One value as a reader wants it; also used for facts of a record's page. Money is in `currency`, else in yuan."""
    if value is None or value == "" or value == []:
        return EMPTY
    if spec.kind == "money":
        return Markup('<span class="z-num">%s</span>') % fmt.money(value, currency)
    return _SHOW.get(spec.kind, _show_text)(spec, value)


def quiet(spec: Field, value: Any) -> Any:
    """One value without a link of its own, for places that are a link as a whole."""
    if spec.kind in ("link", "file") and isinstance(value, dict):
        if value.get("hidden"):
            return EMPTY
        return z.z_person(value["label"]) if spec.target == "core.user" else escape(value["label"])
    return show(spec, value)


def _show_text(spec: Field, value: Any) -> Any:
    return escape(value)


def _show_choice(spec: Field, value: Any) -> Any:
    found = spec.choice(str(value))
    label = found.label if found else value
    return z.z_badge(label, found.tone) if found and found.tone else escape(str(label))


def _show_multi(spec: Field, value: Any) -> Any:
    labels = [str(found.label) if (found := spec.choice(str(v))) else str(v) for v in value]
    return z.z_tags(labels) if len(labels) <= 12 else escape(gettext(", ").join(labels))


def _show_link(spec: Field, value: Any) -> Any:
    if not isinstance(value, dict):
        return escape(value)
    if value.get("hidden"):
        return Markup('<span class="z-3">%s %s</span>') % (z.z_icon("lock", 14), gettext("not for you"))
    if spec.target == "core.user":
        return z.z_person(value["label"])
    if spec.target == "core.attachment":
        return Markup(f'<a class="z-link" href="/files/{value["id"]}">{escape(value["label"])}</a>')
    return Markup(f'<a class="z-link" href="/r/{spec.target}/{value["id"]}">{escape(value["label"])}</a>')


def _show_date(spec: Field, value: Any) -> Any:
    return (
        Markup(f'<time class="z-nowrap" datetime="{value.isoformat()}">{fmt.day_short(value)}</time>')
        if hasattr(value, "isoformat")
        else escape(value)
    )


def _show_datetime(spec: Field, value: Any) -> Any:
    return (
        Markup(f'<time class="z-nowrap" datetime="{value.isoformat()}">{fmt.instant(value)}</time>')
        if hasattr(value, "isoformat")
        else escape(value)
    )


_SHOW: dict[str, Callable[[Field, Any], Any]] = {
    "choice": _show_choice,
    "multi_choice": _show_multi,
    "tags": lambda spec, value: z.z_tags(value),
    "link": _show_link,
    "file": _show_link,
    "date": _show_date,
    "datetime": _show_datetime,
    "decimal": lambda spec, value: Markup(f'<span class="z-num">{fmt.number(value)}</span>'),
    "integer": lambda spec, value: Markup(f'<span class="z-num">{value}</span>'),
    "boolean": lambda spec, value: escape(gettext("yes") if value else gettext("no")),
    "json": lambda spec, value: EMPTY,
}


def cell_of(kind: RecordType, column: Column, secondary: tuple[Field, ...], pictures: bool) -> Cell:
    """The function that draws this column's cell."""
    if column.template:
        draw = _template_cell(kind, column.template)
        return _drawn_once(draw, column.needs) if column.alike and column.needs else draw
    if column.key == kind.title:
        return _title_cell(kind, secondary, pictures)
    spec = kind.fields.get(column.key) or _system_field(column.key)
    if spec.kind == "choice":
        return _choice_cell(spec, column.key)
    if column.key == kind.number:
        return lambda row: z.z_no(row[column.key] or "")
    if spec.kind == "money" and CURRENCY in kind.fields:
        return lambda row: show(spec, row[column.key], row.get(CURRENCY))
    return lambda row: show(spec, row[column.key])


def _template_cell(kind: RecordType, name: str) -> Cell:
    """One context for all rows of the page: making a new one costs more than drawing a cell."""
    env = current_app.jinja_env
    template = env.get_template(name)
    names = dict(template.globals, kind=kind)

    hooks, owner = registry().hooks, name.split("/")[0]

    def fill() -> Markup:
        return Markup("".join(template.root_render_func(Context(env, names, template.name, template.blocks))))

    def draw(row: Row) -> Any:
        names["row"] = row
        return hooks.isolated(owner, f"cell {name}", fill, EMPTY, timed=False)

    return draw


def _drawn_once(draw: Cell, needs: tuple[str, ...]) -> Cell:
    """The cell, drawn once for all rows of the page that agree in what it needs."""
    known: dict[str, Any] = {}

    def drawn(row: Row) -> Any:
        key = repr([row.get(name) for name in needs])
        if key not in known:
            known[key] = draw(row)
        return known[key]

    return drawn


def _system_field(name: str) -> Field:
    from core.records.query import SYSTEM_FIELDS

    return SYSTEM_FIELDS[name]


def _choice_cell(spec: Field, key: str) -> Cell:
    known: dict[Any, Any] = {}

    def draw(row: Row) -> Any:
        value = row[key]
        if value not in known:
            known[value] = show(spec, value)
        return known[value]

    return draw


def _title_cell(kind: RecordType, secondary: tuple[Field, ...], pictures: bool) -> Cell:
    hooks = registry().hooks
    base = f"/r/{kind.key}/"
    untitled = escape(gettext("untitled"))

    def draw(row: Row) -> Any:
        parts = [part for spec in secondary if (part := _plain(spec, row.get(spec.name)))]
        small = f"<small>{z.SEP.join(parts)}</small>" if parts else ""
        picture = (
            z.z_mark(row[kind.title], hooks.first("provide_badge", record_key=kind.key, row=row)) if pictures else ""
        )
        name = escape(row[kind.title]) if row[kind.title] not in (None, "") else untitled
        return Markup(
            f'<a class="rec" href="{base}{row["id"]}">{picture}'
            f'<span class="z-grow"><b class="z-b">{name}</b>{small}</span></a>'
        )

    return draw


def _plain(spec: Field, value: Any) -> Any:
    if isinstance(value, dict):
        return escape(value.get("label", ""))
    if value in (None, "", []):
        return ""
    if spec.kind == "choice":
        return escape(found.label) if (found := spec.choice(str(value))) else escape(value)
    return Markup(f'<span class="z-no">{escape(value)}</span>')
