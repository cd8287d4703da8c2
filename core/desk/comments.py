"""Comments: who is mentioned in them and told, and for how long their writer may change them."""

from __future__ import annotations

import re
from datetime import timedelta
from typing import Any

from sqlalchemy import select

from core.clock import now
from core.db import db
from core.errors import FieldError, Invalid, Refused
from core.i18n import _, gettext, ngettext
from core.messages.writing import notify
from core.permissions.principal import current_principal
from core.records import service
from core.records.dump import labels
from core.records.reading import run
from core.registry import record_class, registry

CHANGEABLE = timedelta(minutes=15)
"""How long a comment can be changed or deleted by its writer; then others may have acted on it."""
MOST = 30
AT = re.compile(r"[@＠]")


def open_until(written: Any) -> bool:
    """Whether a comment of that instant may still be changed."""
    return now() - written <= CHANGEABLE


def check_time(note: Any) -> None:
    """Raises `Refused` when the time for changing a comment is over; the product's own work is not bound."""
    if not db.session().principal.is_system and not open_until(note.created_at):
        minutes = int(CHANGEABLE.total_seconds() // 60)
        message = ngettext(
            "A comment can be changed for %(n)s minute. Write a new one.",
            "A comment can be changed for %(n)s minutes. Write a new one.",
            minutes,
        )
        raise Refused(message, code="too_late")


def mentioned_in(text: str) -> list[int]:
    """Ids of people whose name stands behind an @; where two have the same name, neither."""
    if not AT.search(text):
        return []
    user = record_class("core.user").__table__
    rows = run(select(user.c.id, user.c.name, user.c.name_en, user.c.login).where(user.c.realm == "staff")).all()
    names: dict[str, set[int]] = {}
    for row in rows:
        for name in (row.name, row.name_en, row.login):
            if name:
                names.setdefault(name, set()).add(row.id)
    ordered = sorted(names, key=len, reverse=True)
    found: dict[int, None] = {}
    for place in AT.finditer(text):
        name = next((n for n in ordered if text.startswith(n, place.end())), None)
        if name and len(names[name]) == 1:
            found |= dict.fromkeys(names[name])
    return list(found)


def check_mentions(note: Any) -> None:
    """Complete who is mentioned out of the text; raises `Invalid` naming those who may not see the record."""
    given = note.mentions or []
    if not isinstance(given, list) or not all(type(i) is int for i in given):
        raise Invalid([FieldError("mentions", "invalid", _("Mentioned people are a list of ids."))])
    wanted = list(dict.fromkeys([*given, *mentioned_in(note.body or "")]))[:MOST]
    kind = registry().types.get(note.record_key or "")
    if not wanted or kind is None:
        note.mentions = None
        return
    record = service.get(kind.model, note.record_id)
    able = service.readers(record, wanted)
    if blind := [ident for ident in wanted if ident not in able]:
        known = labels("core.user", blind)
        names = gettext(", ").join(known.get(ident, str(ident)) for ident in blind)
        text = _("%(names)s may not see this record, so a mention would reach nobody. Share it first.", names=names)
        raise Invalid([FieldError("body", "mention", text)])
    note.mentions = wanted


def tell(note: Any, user_ids: list[int]) -> None:
    """A message to each mentioned person but the writer."""
    others = [ident for ident in user_ids if ident != current_principal().user_id]
    if not others:
        return
    record = service.get(registry().types[note.record_key].model, note.record_id)
    who = labels("core.user", [note.created_by_id]).get(note.created_by_id, "")
    subject = gettext("%(who)s mentioned you: %(record)s", who=who, record=record.called)
    key, kind = f"mention-{note.id}", "core.mention"
    notify(others, subject, body=note.body, severity="info", record=record, key=key, kind=kind)
