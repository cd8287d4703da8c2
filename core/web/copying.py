"""Duplicating a record: which parts come along is asked first; everything is made anew through the services."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from flask import Blueprint, render_template, request
from sqlalchemy import select

from core.db import db
from core.errors import Forbidden, Invalid, Refused
from core.i18n import gettext, ngettext
from core.permissions.principal import current_principal
from core.permissions.rules import access
from core.records import service
from core.records.fields import Field
from core.registry import RecordType
from core.views import DetailView, Section
from core.web.facts import caption_of
from core.web.forms import sections_of
from core.web.lifecycle import commit, done, wants_fragment
from core.web.listing import kind_of
from core.web.related import count_related
from core.web.shell import forget_counts, registry
from core.web.toasts import say

NEVER = frozenset({"file", "secret"})
MOST = 100
"""So many related records of each list come along."""


@dataclass(frozen=True)
class Part:
    """What can come along: a section of fields, or a list of related records."""

    key: str
    label: str
    names: tuple[str, ...] = ()
    record: str = ""
    via: str = ""
    count: int = 0


def offered(kind: RecordType, record: Any) -> bool:
    """Whether this person can duplicate the record at all."""
    return current_principal().can(kind.key, "create") and ("form", kind.key) in registry().views


def parts(kind: RecordType, record: Any) -> list[Part]:
    """The parts of this record, of what the person may read here and make anew."""
    found = [
        Part(f"s-{s.key}", str(s.label or gettext("Fields")), names)
        for s in sections_of(kind, record)
        if (names := tuple(_copied(kind, s))) and any(getattr(record, kind.fields[n].attr) for n in names)
    ]
    view = registry().view("detail", kind.key) or DetailView(kind.key)
    for tab in (t for t in view.tabs if t.related):
        target = registry().types.get(tab.related.record)
        if target is not None and tab.related.via in target.fields and offered(target, None):
            number = count_related(tab.related, record)
            if number and not target.fields[tab.related.via].readonly:
                label = gettext("%(name)s (%(n)s)", name=str(tab.label), n=min(number, MOST))
                found.append(Part(f"r-{tab.key}", label, (), target.key, tab.related.via, number))
    return found


def _copied(kind: RecordType, section: Section) -> Iterator[str]:
    specs = (kind.fields.get(n) for n in section.fields)
    return (s.name for s in specs if s is not None and _can(kind, s) and s.name != kind.title)


def _can(kind: RecordType, spec: Field) -> bool:
    """Numbers and other unique values are made anew or left; what the person may not read does not come along."""
    closed = access().treatments(kind.model, db.session().principal)
    return spec.writable and not spec.unique and spec.kind not in NEVER and spec.name not in closed


def ask(key: str, record_id: int) -> Any:
    """The dialog that asks which parts."""
    kind = kind_of(key, "create")
    record = service.get(kind.model, record_id)
    return _dialog(kind, record, {p.key for p in parts(kind, record) if p.names}, _name(kind, record), [])


def _name(kind: RecordType, record: Any) -> str | None:
    """A name for the copy that tells it from its pattern; None where the title is no text of its own."""
    spec = kind.fields.get(kind.title or "")
    if spec is None or spec.kind not in ("text", "long_text") or not _can_name(kind, spec):
        return None
    value = str(getattr(record, spec.attr) or "")
    copied = gettext("%(name)s (copy)", name=value)
    return copied if spec.max_length is None or len(copied) <= spec.max_length else value


def _can_name(kind: RecordType, spec: Field) -> bool:
    return spec.writable and spec.name not in access().treatments(kind.model, db.session().principal)


def copy(key: str, record_id: int) -> Any:
    """Make the copy and what was chosen with it, in one transaction."""
    kind = kind_of(key, "create")
    record = service.get(kind.model, record_id)
    chosen = set(request.form.getlist("part"))
    name = request.form.get("name", "").strip() or None
    known = parts(kind, record)
    try:
        made = _make(kind, record, [p for p in known if p.key in chosen], name)
        more = sum(_copy_related(p, record.id, made.id) for p in known if p.record and p.key in chosen)
        commit()
    except (Invalid, Refused) as error:
        db.session.rollback()
        record = service.get(kind.model, record_id)
        told = _told(kind, error)
        return _dialog(kind, record, chosen, name if _name(kind, record) is not None else None, told), 422
    forget_counts()
    text = gettext("%(name)s is made", name=caption_of(kind, made.id))
    say(text + (gettext(", ") + ngettext("%(n)s record with it", "%(n)s records with it", more) if more else ""))
    return done(f"/r/{key}/{made.id}")


def _told(kind: RecordType, error: Invalid | Refused) -> list[str]:
    if not isinstance(error, Invalid):
        return [str(error)]
    named = [(kind.fields.get(e.field), e.message) for e in error.errors]
    return [gettext("%(field)s: %(why)s", field=str(s.label), why=str(m)) if s else str(m) for s, m in named]


def _make(kind: RecordType, record: Any, chosen: list[Part], name: str | None) -> Any:
    """The copy: the chosen sections, and what no record of the type can be without."""
    wanted = {n for part in chosen for n in part.names}
    wanted |= {n for n, s in kind.fields.items() if s.required and _can(kind, s) and n != kind.title}
    values = {n: getattr(record, kind.fields[n].attr) for n in kind.fields if n in wanted}
    if kind.title and kind.title in kind.fields and kind.fields[kind.title].writable:
        values[kind.title] = name or getattr(record, kind.fields[kind.title].attr)
    return service.create(kind.model, {n: v for n, v in values.items() if v is not None})


def _copy_related(part: Part, old: int, new: int) -> int:
    target = registry().types[part.record]
    if not current_principal().can(target.key, "create"):
        raise Forbidden(detail={"record": target.key, "action": "create"})
    column = getattr(target.model, target.fields[part.via].attr)
    rows = select(target.model).where(column == old, target.model.archived_at.is_(None)).order_by(target.model.id)
    records = list(db.session.scalars(rows.limit(MOST)))
    for record in records:
        names = [n for n, s in target.fields.items() if _can(target, s)]
        values = {n: v for n in names if (v := getattr(record, target.fields[n].attr)) is not None}
        service.create(target.model, values | {part.via: new})
    return len(records)


def _dialog(kind: RecordType, record: Any, chosen: set[str], name: str | None, errors: list[str]) -> str:
    caption = caption_of(kind, record.id)
    title = gettext("Duplicate")
    context = {
        "title": title,
        "crumbs": [(str(kind.plural), f"/r/{kind.key}"), (caption, f"/r/{kind.key}/{record.id}"), (title, None)],
        "target": f"/r/{kind.key}/{record.id}/-/copy",
        "back": f"/r/{kind.key}/{record.id}",
        "caption": caption,
        "parts": parts(kind, record),
        "chosen": chosen,
        "name": name,
        "name_label": str(kind.fields[kind.title].label) if name is not None and kind.title else "",
        "errors": errors,
    }
    if wants_fragment():
        return render_template("web/_copy.html", **context)
    return render_template("web/ask.html", ask_template="web/_copy.html", **context)


def register(web: Blueprint) -> None:
    """The routes of this file."""
    web.add_url_rule("/r/<key>/<int:record_id>/-/copy", "copy_form", ask)
    web.add_url_rule("/r/<key>/<int:record_id>/-/copy", "copy", copy, methods=["POST"])
