"""View specs: what lists, pages, forms, boards and calendars show. No markup, no queries."""

from __future__ import annotations

import logging
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any, ClassVar


@dataclass(frozen=True)
class Column:
    """A column of a list: a field, or a template cell that needs some fields. `after` anchors it behind another.

    `alike`: rows that agree in what the cell `needs` show the same, so that it is drawn once for all of them.
    """

    key: str
    label: Any = None
    template: str | None = None
    needs: tuple[str, ...] = ()
    sort: str | None = None
    align: str = ""
    after: str | None = None
    shown: bool = True
    alike: bool = False


@dataclass(frozen=True)
class Preset:
    """A ready view of a list: filters as in the address, for example {"status__in": "refused", "agent": "me"}."""

    key: str
    label: Any
    filters: dict[str, str]
    sort: str | None = None
    group: str | None = None
    default: bool = False


@dataclass(frozen=True)
class Lead:
    """A button above a list whose records arise elsewhere: to where they are made, for who may do that."""

    label: Any
    url: str
    permission: tuple[str, str]
    icon: str = "plus"


log = logging.getLogger("zhian.views")

Given = Callable[[Mapping[str, Any]], bool]
"""A condition on the values of a record by field name, as they are stored or as somebody is typing them."""


@dataclass(frozen=True)
class FieldPlace:
    """How a field stands in a form or on a page: by another name, only where `given`, needed where `needed`."""

    label: Any = None
    given: Given | None = None
    needed: Given | None = None


@dataclass(frozen=True)
class Section:
    """A titled group of fields. `when(record)` says whether it applies; `given` the same by the values alone."""

    key: str
    label: Any
    fields: tuple[str, ...]
    when: Callable[[Any], bool] | None = None
    after: str | None = None
    folded: bool = False
    given: Given | None = None


@dataclass(frozen=True)
class Related:
    """A list of records that point here through the link field `via`."""

    record: str
    via: str
    columns: tuple[str, ...] = ()
    sort: str | None = None
    limit: int = 5
    template: str | None = None


@dataclass(frozen=True)
class Tab:
    """A tab of a record's page: a related list, sections of fields, or a template with its context function."""

    key: str
    label: Any
    related: Related | None = None
    sections: tuple[Section, ...] = ()
    template: str | None = None
    context: Callable[[Any], dict[str, Any]] | None = None
    after: str | None = None
    count: Callable[[Any], int] | None = None
    when: Callable[[Any], bool] | None = None


@dataclass(frozen=True)
class Panel:
    """A piece of page from a slot hook."""

    template: str
    context: dict[str, Any]
    order: int = 50
    key: str = ""


@dataclass(frozen=True)
class View:
    """Base of all view specs; `record` is the key of the type."""

    kind: ClassVar[str] = ""
    record: str


@dataclass(frozen=True)
class ListView(View):
    """A list. `filters`, `group_by` are field names offered; all fields can be filtered through the address."""

    kind: ClassVar[str] = "list"
    columns: tuple[Column, ...] = ()
    filters: tuple[str, ...] = ()
    group_by: tuple[str, ...] = ()
    presets: tuple[Preset, ...] = ()
    sort: str | None = None
    empty: Any = None
    leads: tuple[Lead, ...] = ()

    def with_column(self, column: Column) -> ListView:
        """A copy with one more column, behind its anchor or at the end."""
        return replace(self, columns=_placed(self.columns, column))

    def without(self, key: str) -> ListView:
        """A copy without that column."""
        return replace(self, columns=tuple(c for c in self.columns if c.key != key))

    def relabelled(self, key: str, label: Any) -> ListView:
        """A copy in which that column is called otherwise."""
        return replace(self, columns=_relabelled(self.columns, key, label))


@dataclass(frozen=True)
class DetailView(View):
    """A record's page: subtitle facts in the head, a signature drawing, fact sections, tabs."""

    kind: ClassVar[str] = "detail"
    subtitle: tuple[str, ...] = ()
    badge: str | None = None
    tags: tuple[str, ...] = ()
    head_template: str | None = None
    head_context: Callable[[Any], dict[str, Any]] | None = None
    facts: tuple[Section, ...] = ()
    tabs: tuple[Tab, ...] = ()
    places: Mapping[str, FieldPlace] = field(default_factory=dict)

    def with_tab(self, tab: Tab) -> DetailView:
        """A copy with one more tab, behind its anchor or at the end."""
        return replace(self, tabs=_placed(self.tabs, tab))

    def with_section(self, section: Section) -> DetailView:
        """A copy with one more section of facts, behind its anchor or at the end."""
        return replace(self, facts=_placed(self.facts, section))

    def with_field(self, name: str, after: str) -> DetailView:
        """A copy in which a field stands behind another one, or at the end of the last section."""
        return replace(self, facts=_with_field(self.facts, name, after))

    def without(self, key: str) -> DetailView:
        """A copy without that tab or section of facts."""
        facts = tuple(s for s in self.facts if s.key != key)
        return replace(self, facts=facts, tabs=tuple(t for t in self.tabs if t.key != key))

    def relabelled(self, key: str, label: Any) -> DetailView:
        """A copy in which that tab or section is called otherwise."""
        facts = _relabelled(self.facts, key, label)
        return replace(self, facts=facts, tabs=_relabelled(self.tabs, key, label))


@dataclass(frozen=True)
class Lines:
    """Rows of another record type that are edited inside a form; they point to its record through the link `via`.

    `order` names the integer field that keeps their order; `when(record)` says whether they can be edited.
    """

    record: str
    via: str
    fields: tuple[str, ...]
    label: Any = None
    order: str | None = None
    when: Callable[[Any], bool] | None = None


@dataclass(frozen=True)
class FormView(View):
    """The form to create and edit; `lines` are tables of rows that are stored together with the record.

    `begin()` gives values by field name that a new form begins with, such as who is filling it in.
    """

    kind: ClassVar[str] = "form"
    sections: tuple[Section, ...] = ()
    lines: tuple[Lines, ...] = ()
    begin: Callable[[], dict[str, Any]] | None = None
    places: Mapping[str, FieldPlace] = field(default_factory=dict)

    def with_section(self, section: Section) -> FormView:
        """A copy with one more section, behind its anchor or at the end."""
        return replace(self, sections=_placed(self.sections, section))

    def with_field(self, name: str, after: str) -> FormView:
        """A copy in which a field stands behind another one, or at the end of the last section."""
        return replace(self, sections=_with_field(self.sections, name, after))

    def without(self, key: str) -> FormView:
        """A copy without that section."""
        return replace(self, sections=tuple(s for s in self.sections if s.key != key))

    def relabelled(self, key: str, label: Any) -> FormView:
        """A copy in which that section is called otherwise."""
        return replace(self, sections=_relabelled(self.sections, key, label))


@dataclass(frozen=True)
class KanbanView(View):
    """A board by a choice field. `move(record, code)` moves a card; without it the field is updated."""

    kind: ClassVar[str] = "kanban"
    field: str = "status"
    columns: Callable[[], list[Any]] | None = None
    card: tuple[str, ...] = ()
    template: str | None = None
    move: Callable[[Any, str], Any] | None = None


@dataclass(frozen=True)
class CalendarView(View):
    """A calendar by a date field. `label(row)` words an entry out of the fields `needs`; else `title` names it."""

    kind: ClassVar[str] = "calendar"
    date: str = "date"
    title: str = "title"
    tone: str | None = None
    needs: tuple[str, ...] = ()
    label: Callable[[dict[str, Any]], str] | None = None


@dataclass(frozen=True)
class Menu:
    """An entry of the sidebar. Groups are named by the core: work, cases, clients, business, settings.

    `settings.people`, `settings.shaping`, `settings.data` and `settings.system` name the shelf of the settings page;
    plain `settings` is `settings.shaping`.
    """

    key: str
    label: Any
    icon: str
    group: str
    order: int = 50
    record: str | None = None
    url: str | None = None
    count: Callable[[], int] | None = None
    urgent: bool = False
    permission: tuple[str, str] | None = None


def _placed(items: tuple[Any, ...], item: Any) -> tuple[Any, ...]:
    keys = [i.key for i in items]
    if item.after and item.after not in keys:
        log.warning("%s stands at the end: there is no %s, only %s", item.key, item.after, ", ".join(keys))
    at = keys.index(item.after) + 1 if item.after in keys else len(items)
    return (*items[:at], item, *items[at:])


def _with_field(sections: tuple[Section, ...], name: str, after: str) -> tuple[Section, ...]:
    """The sections with one more field; where `after` stands in several, behind each of them."""
    found = [s for s in sections if after in s.fields]
    if not found:
        log.warning("the field %s stands at the end: no section has %s", name, after)
        return (*sections[:-1], replace(sections[-1], fields=(*sections[-1].fields, name))) if sections else sections
    return tuple(replace(s, fields=_behind(s.fields, name, after)) if s in found else s for s in sections)


def _behind(names: tuple[str, ...], name: str, after: str) -> tuple[str, ...]:
    at = names.index(after) + 1
    return (*names[:at], name, *names[at:])


def _relabelled(items: tuple[Any, ...], key: str, label: Any) -> tuple[Any, ...]:
    return tuple(replace(item, label=label) if item.key == key else item for item in items)
