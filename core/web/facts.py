"""A record's values as a reader sees them: sections of labels and values, and which of them can be changed in place."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from markupsafe import Markup

from core.db import db
from core.i18n import current_locale, gettext
from core.permissions.rules import access
from core.records.dump import labels, link_labels
from core.records.fields import Field
from core.records.query import Filter, Query, list_records
from core.registry import RecordType
from core.views import FieldPlace, Section
from core.web import cells

WIDE = frozenset({"long_text", "tags", "multi_choice"})
NOT_IN_PLACE = frozenset({"file", "json", "secret"})
Row = tuple[str, Any, bool, str | None]


def shown_values(kind: RecordType, record_id: int) -> dict[str, Any]:
    """All fields of the record as this person may see them, links as {id, label}."""
    query = Query(filters=(Filter("id", "eq", record_id),), limit=1, page=1, archived=True)
    found = list_records(kind.model, query)
    link_labels(found.fields, found.rows)
    return found.rows[0]


def caption(kind: RecordType, values: dict[str, Any]) -> str:
    """What a record is called, out of the values that this person may see: title in their language, or number."""
    names = (kind.title_en if current_locale() == "en" else None, kind.title, kind.number)
    found = next((str(values[n]) for n in names if n and values.get(n) not in (None, "")), None)
    return found or f"{kind.label} {values['id']}"


def caption_of(kind: RecordType, record_id: int) -> str:
    """The same by the id alone."""
    return labels(kind.key, [record_id]).get(record_id) or f"{kind.label} {record_id}"


def everything(kind: RecordType) -> Section:
    """A section of all fields that people read."""
    readable = (f for f in kind.fields.values() if not f.hidden and f.kind not in ("json", "secret"))
    return Section("all", "", tuple(f.name for f in readable if f.name != kind.title))


def editable(kind: RecordType, spec: Field) -> bool:
    """Whether this person may change the field by itself, as far as its declaration and field rules go."""
    treated = access().treatments(kind.model, db.session().principal)
    return spec.writable and spec.kind not in NOT_IN_PLACE and spec.name not in treated


@dataclass(frozen=True)
class Reading:
    """How one record is shown. `filled`: only what holds something; `in_place`: with the addresses of single inputs."""

    kind: RecordType
    record: Any
    values: dict[str, Any]
    filled: bool = False
    in_place: bool = False
    places: Mapping[str, FieldPlace] = field(default_factory=dict)

    def sections(self, sections: tuple[Section, ...]) -> list[dict[str, Any]]:
        """Those that apply to the record and hold something: label and rows. Each field stands once."""
        made, seen = [], set()
        for section in sections:
            if (section.when is None or section.when(self.record)) and self._given(section):
                names = tuple(n for n in dict.fromkeys(section.fields) if n not in seen)
                seen.update(names)
                made.append({"label": str(section.label), "rows": self.rows(replace(section, fields=names))})
        return [s for s in made if s["rows"]]

    def empties(self, sections: tuple[Section, ...]) -> list[Row]:
        """The rows of those sections that hold nothing, for who wants to fill them."""
        every = replace(self, filled=False)
        filled = {row[0] for s in self.sections(sections) for row in s["rows"]}
        return [row for s in every.sections(sections) for row in s["rows"] if row[0] not in filled]

    def rows(self, section: Section) -> list[Row]:
        """(label, value, wide, address of its input) of each field."""
        known = (self.kind.fields.get(n) for n in section.fields if self._given(self.places.get(n)))
        return [row for f in known if f is not None and (row := self._row(f)) is not None]

    def _row(self, spec: Field) -> Row | None:
        if spec.hidden or spec.name not in self.values:
            return None
        value = self._value(spec)
        if value == "" and self.filled:
            return None
        base = f"/r/{self.kind.key}/{self.record.id}/-/field/{spec.name}"
        address = base if self.in_place and editable(self.kind, spec) else None
        empty = Markup('<span class="z-3">%s</span>') % gettext("not set")
        label = getattr(self.places.get(spec.name), "label", None) or spec.label
        return str(label), empty if value == "" else value, spec.kind in WIDE, address

    def _given(self, place: Section | FieldPlace | None) -> bool:
        """Whether what a layout asks of the other values holds."""
        return place is None or place.given is None or place.given(self.values)

    def _value(self, spec: Field) -> Any:
        value = cells.show(spec, self.values[spec.name], self.values.get(cells.CURRENCY))
        rule = access().treatments(self.kind.model, db.session().principal).get(spec.name)
        if rule is not None and rule.treatment == "masked":
            from core.web.rights import unmasking

            return unmasking.with_button(self.kind, self.record, spec.name, value)
        if rule is not None and rule.treatment == "hidden" and value == "":
            return Markup('<span class="z-3">%s</span>') % (rule.shown or gettext("not for you"))
        if spec.kind == "date" and value != "":
            return Markup('<time class="z-num">%s</time>') % self.values[spec.name]
        if spec.kind == "long_text" and value != "":
            return Markup('<span class="z-pre">%s</span>') % value
        return value
