"""Layouts: how form, page and list of a record type look for a role. Data in, view specs out; looks, not rights."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import replace
from typing import Any

from core.i18n import L
from core.permissions.principal import Principal, current_principal
from core.records.custom.placing import placed
from core.records.fields import Field
from core.registry import RecordType, registry
from core.shaping.conditions import always, compiled
from core.shaping.store import shape_generation, shapes
from core.views import Column, DetailView, FieldPlace, FormView, ListView, Section

KIND = "layout"
EVERYBODY = "*"
VIEWS = ("form", "detail", "list")
UNDRAWN = ("json",)
_found: tuple[int, dict[tuple[str, str], list[tuple[str, dict[str, Any]]]]] = (-1, {})
_shaped: dict[tuple[str, str, str], tuple[Any, Any]] = {}


def name_of(view: str, record: str, role: str) -> str:
    """The name under which a layout is kept."""
    return f"{view}:{record}:{role}"


def layouts(view: str, record: str) -> list[tuple[str, dict[str, Any]]]:
    """(role, data) of the layouts of one view, those that go before others first, the one for everybody last."""
    global _found
    if _found[0] != shape_generation():
        sorted_out: dict[tuple[str, str], list[tuple[str, dict[str, Any]]]] = {}
        for name, data in shapes(KIND).items():
            kind, key, role = name.split(":", 2)
            if data:
                sorted_out.setdefault((kind, key), []).append((role, data))
        for found in sorted_out.values():
            found.sort(key=lambda item: (item[0] == EVERYBODY, item[1].get("position", 50), item[0]))
        _found = (shape_generation(), sorted_out)
        _shaped.clear()
    return _found[1].get((view, record), [])


def layout_of(view: str, record: str, principal: Principal) -> tuple[str, dict[str, Any]] | None:
    """The layout that holds for a person: of several roles the one that goes first. Only staff have layouts."""
    if principal.user_id is None or principal.realm != "staff":
        return None
    return next((item for item in layouts(view, record) if item[0] == EVERYBODY or item[0] in principal.roles), None)


def in_force(view: str, record: str, shipped: Any) -> Any:
    """The view as the current person sees it: the shipped one, or what their role's layout makes of it."""
    if view not in VIEWS or not shapes(KIND):
        return shipped
    found = layout_of(view, record, current_principal())
    if found is None:
        return shipped
    role, data = found
    known = _shaped.get((view, record, role))
    if known is None or known[0] is not shipped:
        known = _shaped[view, record, role] = (shipped, shaped(view, registry().types[record], shipped, data))
    return known[1]


def shaped(view: str, kind: RecordType, shipped: Any, data: Mapping[str, Any]) -> Any:
    """A view spec by a layout's data. Fields that the type does not have are left out; new ones come to their place."""
    if view == "list":
        return _list(kind, shipped or ListView(kind.key), data)
    base = shipped or (FormView(kind.key) if view == "form" else DetailView(kind.key))
    sections = base_sections(view, kind, shipped)
    made = tuple(_sections(kind, sections, data))
    places = {name: place for s in data.get("sections", ()) for name, place in _places(kind, s)}
    if view == "form":
        return replace(base, sections=made, places=places)
    return replace(base, facts=made, tabs=_tabs(base.tabs, data), places=places)


def shipped_view(view: str, record: str) -> Any:
    """The view before any layout: as plugins ship it, with the administrators' own fields in their places."""
    return placed(record, registry().views.get((view, record)))


def base_sections(view: str, kind: RecordType, shipped: Any) -> tuple[Section, ...]:
    """The sections as they are shipped; one of all fields where there are none."""
    found = () if shipped is None else shipped.sections if view == "form" else shipped.facts
    if found:
        return found
    names = [f.name for f in kind.fields.values() if placeable(view, f)]
    return (Section("all", "", tuple(n for n in names if view == "form" or n != kind.title)),)


def placeable(view: str, spec: Field) -> bool:
    """Whether a field can be put on this view at all."""
    if spec.hidden or spec.kind in UNDRAWN:
        return False
    if view != "form":
        return spec.kind != "secret"
    return spec.writable and (spec.kind != "file" or spec.custom)


def _sections(kind: RecordType, shipped: tuple[Section, ...], data: Mapping[str, Any]) -> Iterable[Section]:
    known = {s.key: s for s in shipped}
    told = {f["name"] for s in data.get("sections", ()) for f in s.get("fields", ())}
    new = {s.key: [n for n in s.fields if n not in told] for s in shipped}
    rows = list(data.get("sections", ()))
    for row in rows:
        base = known.get(row["key"]) or Section(row["key"], "", ())
        names = [f["name"] for f in row.get("fields", ()) if not f.get("hidden") and f["name"] in kind.fields]
        names += new.pop(row["key"], ())
        label = words(row) or base.label
        yield replace(
            base, label=label, fields=tuple(names), folded=bool(row.get("folded")), given=compiled(row.get("show"))
        )
    for key, names in new.items():
        if names:
            yield replace(known[key], fields=tuple(names))


def _places(kind: RecordType, section: Mapping[str, Any]) -> Iterable[tuple[str, FieldPlace]]:
    for row in section.get("fields", ()):
        if row["name"] in kind.fields and not row.get("hidden"):
            yield row["name"], FieldPlace(words(row), compiled(row.get("show")), needed(row))


def needed(row: Mapping[str, Any]) -> Any:
    """When a field is needed by this layout: always, under its conditions, or never (None)."""
    return (compiled(row.get("require")) or always) if row.get("required") else None


def words(row: Mapping[str, Any]) -> L | None:
    """Another label, in both languages as far as given."""
    zh, en = row.get("zh") or "", row.get("en") or ""
    return L(zh or en, en or zh) if zh or en else None


def _tabs(tabs: tuple[Any, ...], data: Mapping[str, Any]) -> tuple[Any, ...]:
    rows = {row["key"]: (place, row) for place, row in enumerate(data.get("tabs", ()))}
    kept = [t for t in tabs if not rows.get(t.key, (0, {}))[1].get("hidden")]
    kept.sort(key=lambda t: rows[t.key][0] if t.key in rows else len(rows))
    return tuple(replace(t, label=words(rows[t.key][1]) or t.label) if t.key in rows else t for t in kept)


def _list(kind: RecordType, view: ListView, data: Mapping[str, Any]) -> ListView:
    own = {c.key: c for c in view.columns}
    columns = []
    for row in data.get("columns", ()):
        column = own.pop(row["key"], None) or (Column(row["key"]) if row["key"] in kind.fields else None)
        if column is not None:
            columns.append(replace(column, shown=bool(row.get("shown", True)), label=words(row) or column.label))
    columns += [replace(c, shown=False) for c in own.values()] if columns else own.values()
    sort = data.get("sort") if _sortable(kind, data.get("sort")) else None
    presets = tuple(replace(p, sort=None) for p in view.presets) if sort else view.presets
    return replace(view, columns=tuple(columns), sort=sort or view.sort, presets=presets)


def _sortable(kind: RecordType, sort: Any) -> bool:
    return bool(sort) and str(sort).removeprefix("-") in {*kind.fields, "id", "created_at", "updated_at"}


def values_of(kind: RecordType, record: Any) -> dict[str, Any]:
    """The values of a record by field name, for conditions; nothing for a record that is still to be made."""
    return {} if record is None else {n: getattr(record, f.attr, None) for n, f in kind.fields.items()}
