"""Where custom fields stand in the views of a type: in the chosen section, else under a heading of their own."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from typing import Any

from core.i18n import L
from core.records.custom.known import edition
from core.records.custom.model import TITLE_OF_REST
from core.records.fields import Field
from core.views import DetailView, FormView, ListView, Section

GROUPABLE = frozenset({"choice", "link", "boolean"})


def placed(key: str, view: Any) -> Any:
    """The view with the custom fields that it does not name itself; the same object while definitions stay."""
    now = edition()
    if view is None or not now.of(key):
        return view
    kept = now.remembered(("view", id(view)), lambda: (view, _placed(view, now.of(key).values())))
    return kept[1]


def _placed(view: Any, specs: Iterable[Field]) -> Any:
    if isinstance(view, FormView):
        return replace(view, sections=with_fields(view.sections, specs)) if view.sections else view
    if isinstance(view, DetailView):
        return replace(view, facts=with_fields(view.facts, specs)) if view.facts else view
    if isinstance(view, ListView):
        filters = [s.name for s in specs if s.extra["indexed"] and s.name not in view.filters]
        groups = [s.name for s in specs if s.kind in GROUPABLE and s.name not in view.group_by]
        return replace(view, filters=(*view.filters, *filters), group_by=(*view.group_by, *groups))
    return view


def with_fields(sections: tuple[Section, ...], specs: Iterable[Field]) -> tuple[Section, ...]:
    """The sections with the fields that none of them names."""
    named = {name for section in sections for name in section.fields}
    made = list(sections)
    for spec in specs:
        if spec.name in named:
            continue
        wanted = (spec.group, key_of(spec)) if spec.group else (key_of(spec),)
        at = next((n for key in wanted for n, s in enumerate(made) if s.key == key), None)
        if at is None:
            made.append(Section(key_of(spec), heading_of(spec), ()))
            at = len(made) - 1
        made[at] = replace(made[at], fields=(*made[at].fields, spec.name))
    return tuple(made)


def key_of(spec: Field) -> str:
    """The key of the section that custom fields with this heading share."""
    return f"custom:{spec.extra['heading'][0] or ''}"


def heading_of(spec: Field) -> Any:
    """The heading above a field that has no section of the form."""
    zh, en = spec.extra["heading"]
    return L(zh, en) if zh else TITLE_OF_REST
