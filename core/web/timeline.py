"""The timeline of a record: comments, changes, mails, files and what happened to records that hang on it, by day."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from markupsafe import Markup, escape
from sqlalchemy import or_, select

from core.db import db
from core.desk.comments import open_until
from core.i18n import _, gettext
from core.permissions.guard import OPEN
from core.permissions.principal import current_principal
from core.permissions.rules import access
from core.records.audit import AuditEntry
from core.records.dump import labels
from core.records.notes import Note
from core.records.reading import run
from core.registry import RecordType, registry
from core.views import DetailView
from core.web import format as fmt
from core.web.entries import Entry, from_audit, link_names, with_their_events

LIMIT = 40
HANGING = 60
"""So many of the newest records of each type that hang on one are looked at."""
COMMENTS, CHANGES, MAILS, FILES = "comments", "changes", "mails", "files"
OWN_KINDS = {COMMENTS: _("Comments"), CHANGES: _("Changes of fields"), MAILS: _("Mails"), FILES: _("Files")}
UNTOLD = ("refused", "looked")
"""What the log keeps of who asked for a record is no part of its story."""
TOLD_OF_OTHERS = ("create", "update", "archive", "restore")
VERBS = {"create": _("added"), "update": _("changed"), "archive": _("archived"), "restore": _("restored")}
Dated = tuple[datetime, int, Entry]


@dataclass(frozen=True)
class Hanging:
    """Records of one type that hang on another one, and under which kind of entries their history stands."""

    target: RecordType
    ids: list[int]
    section: str


@dataclass
class Story:
    """One stretch of a timeline: entries by day, what can be chosen, and from where it goes on."""

    days: list[tuple[str, list[Entry]]]
    kinds: list[dict[str, Any]] = field(default_factory=list)
    kind: str = ""
    earlier: str | None = None


def timeline(kind: RecordType, record_id: int) -> list[tuple[str, list[Entry]]]:
    """(day, entries) of one record that the person may see. The caller has checked that."""
    return story(kind, record_id).days


def story(kind: RecordType, record_id: int, only: str = "", before: datetime | None = None) -> Story:
    """The newest entries of one kind (all without one) before an instant. The caller has checked the record."""
    hanging = [h for key, via in _hanging_types(kind).items() if (h := _hanging(registry().types[key], via, record_id))]
    only = only if only in OWN_KINDS or only in {h.section for h in hanging} else ""
    found: list[Dated] = []
    if only in ("", CHANGES, MAILS, FILES):
        found += _own_history(kind, record_id, only, before)
    if only in ("", COMMENTS):
        found += _comments(kind, record_id, before)
    for those in hanging:
        if only in ("", those.section):
            found += _hanging_history(those, before)
    found.sort(key=lambda item: (item[0], item[1]), reverse=True)
    days: dict[Any, list[Entry]] = {}
    for at, _id, entry in found[:LIMIT]:
        days.setdefault(fmt.local_day(at), []).append(entry)
    shown = [(fmt.day_heading(day), entries) for day, entries in days.items()]
    earlier = found[LIMIT - 1][0].isoformat() if len(found) > LIMIT else None
    return Story(shown, _choices(hanging), only, earlier)


def _choices(hanging: list[Hanging]) -> list[dict[str, Any]]:
    """The kinds of entries that the person may choose among: types that stand in the sidebar have their own."""
    own = [{"key": key, "label": str(label)} for key, label in OWN_KINDS.items()]
    return [*own, *({"key": h.section, "label": str(h.target.plural)} for h in hanging if h.section not in OWN_KINDS)]


def _hanging_types(kind: RecordType) -> dict[str, str]:
    """Types that hang on this one, out of its related lists and of the sidebar, by the link that leads here."""
    view = registry().view("detail", kind.key) or DetailView(kind.key)
    found = {tab.related.record: tab.related.via for tab in view.tabs if tab.related}
    for key in (m.record for m in registry().menus if m.record and m.record not in found and m.record != kind.key):
        links = [f.name for f in registry().types[key].fields.values() if f.kind == "link" and f.target == kind.key]
        if len(links) == 1:
            found[key] = links[0]
    types, can = registry().types, current_principal().can
    return {k: via for k, via in found.items() if k in types and via in types[k].fields and can(k, "read")}


def _hanging(target: RecordType, via: str, record_id: int) -> Hanging | None:
    """The newest records of one type that hang on this one, of those that the person sees; None without any."""
    table, link = target.model.__table__, target.fields[via]
    if link.attr not in table.c:
        return None
    seen = access().where(target.model, db.session().principal, "read")
    here = select(table.c.id).where(table.c[link.attr] == record_id, seen).order_by(table.c.id.desc()).limit(HANGING)
    ids = list(run(here).scalars())
    in_menu = any(menu.record == target.key for menu in registry().menus)
    return Hanging(target, ids, target.key if in_menu else CHANGES) if ids else None


def _own_history(kind: RecordType, record_id: int, only: str, before: datetime | None) -> list[Dated]:
    wanted = [AuditEntry.record_key == kind.key, AuditEntry.record_id == record_id]
    wanted.append(AuditEntry.action.not_in(UNTOLD))
    if only == MAILS:
        wanted.append(AuditEntry.action == "mail")
    elif only == FILES:
        wanted.append(AuditEntry.action.startswith("file_"))
    elif only == CHANGES:
        wanted += [AuditEntry.action != "mail", ~AuditEntry.action.startswith("file_")]
    rows = _rows(wanted, before)
    names, actors = link_names(kind, rows), labels("core.user", {row.actor_id for row in rows})
    told = [(row, entry) for row in rows if (entry := from_audit(kind, row, names, actors)) is not None]
    return [(row.at, row.id, entry | {"kind": _kind_of(row.action)}) for row, entry in with_their_events(told)]


def _kind_of(action: str) -> str:
    return MAILS if action == "mail" else FILES if action.startswith("file_") else CHANGES


def _rows(wanted: Iterable[Any], before: datetime | None) -> list[AuditEntry]:
    statement = select(AuditEntry).where(*wanted)
    if before is not None:
        statement = statement.where(AuditEntry.at < before)
    newest = statement.order_by(AuditEntry.id.desc()).limit(LIMIT + 20)
    return list(db.session.scalars(newest, execution_options=OPEN))


def _hanging_history(those: Hanging, before: datetime | None) -> list[Dated]:
    """What happened to records that hang on this one."""
    target = those.target
    told = or_(AuditEntry.action.in_(TOLD_OF_OTHERS), AuditEntry.action.startswith("action:"))
    rows = _rows([AuditEntry.record_key == target.key, AuditEntry.record_id.in_(those.ids), told], before)
    names, actors = link_names(target, rows), labels("core.user", {row.actor_id for row in rows})
    titles = labels(target.key, {row.record_id for row in rows})
    pairs = [(row, entry) for row in rows if (entry := from_audit(target, row, names, actors)) is not None]
    return [(row.at, row.id, _of_another(those, row, entry, titles)) for row, entry in with_their_events(pairs)]


def _of_another(those: Hanging, row: AuditEntry, entry: Entry, titles: dict[int, str]) -> Entry:
    """The same entry on the page of the record that it hangs on: what was done to which."""
    target = those.target
    verb, title = VERBS.get(row.action), titles.get(row.record_id or 0, str(target.label))
    changes = [c for c in entry["changes"] if c[2] != title] if row.action == "update" else []
    named = "" if title.startswith(str(target.label)) else str(target.label)
    entry |= {"kind": those.section, "of": named, "icon": target.icon or "file", "changes": changes}
    if verb is not None:
        entry["title"] = str(verb) if row.actor_id else gettext("System: %(what)s", what=str(verb))
    return entry | {"subject": {"label": title, "href": f"/r/{target.key}/{row.record_id}"}}


def _comments(kind: RecordType, record_id: int, before: datetime | None) -> list[Dated]:
    notes = notes_of(kind.key, record_id, before)
    people = labels("core.user", {i for n in notes for i in (n.created_by_id, *(n.mentions or []))})
    base = f"/r/{kind.key}/{record_id}/-/note"
    return [(n.created_at, n.id, _from_note(n, people, base)) for n in notes]


def notes_of(key: str, record_id: int, before: datetime | None = None) -> list[Any]:
    """The comments on a record: (id, body, visibility, created_at, created_by_id, mentions, version)."""
    note = Note.__table__.c
    wanted = (note.id, note.body, note.visibility, note.created_at, note.created_by_id, note.mentions, note.version)
    statement = select(*wanted).where(note.record_key == key, note.record_id == record_id)
    if before is not None:
        statement = statement.where(note.created_at < before)
    return list(run(statement.order_by(note.id.desc()).limit(LIMIT + 1)))


def _from_note(note: Any, people: dict[int, str], base: str) -> Entry:
    client = note.visibility == "client"
    mine = note.created_by_id is not None and note.created_by_id == current_principal().user_id
    return {
        "kind": COMMENTS,
        "who": people.get(note.created_by_id) or gettext("system"),
        "title": gettext("to the client") if client else "",
        "time": fmt.clock_time(note.created_at),
        "text": with_mentions(note.body, [people[i] for i in note.mentions or [] if i in people]),
        "client": client,
        "internal": not client,
        "edited": note.version > 1,
        "href": None,
        "edit": f"{base}/{note.id}" if mine and open_until(note.created_at) else None,
        "anchor": f"note-{note.id}",
    }


def with_mentions(text: str, names: list[str]) -> Markup:
    """A comment with the people in it made to stand out."""
    if not names:
        return escape(text)
    pattern = "|".join(re.escape(f"@{name}") for name in sorted(set(names), key=len, reverse=True))
    parts = re.split(f"({pattern})", text)
    return Markup("").join(Markup('<b class="z-at">%s</b>') % p if n % 2 else escape(p) for n, p in enumerate(parts))
