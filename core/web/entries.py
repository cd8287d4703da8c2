"""Entries of a timeline out of rows of the audit log: who did what, with fields old and new, in the reader's words."""

from __future__ import annotations

import re
from collections.abc import Sequence
from datetime import datetime, timedelta
from inspect import signature
from typing import Any

from core.db import db
from core.i18n import _, gettext
from core.permissions.rules import access
from core.records.audit import AuditEntry
from core.records.dump import labels
from core.records.fields import Field
from core.registry import Action, Param, RecordType, registry
from core.web import format as fmt

ACTIONS = {
    "create": (_("created this"), "plus"),
    "update": (_("changed"), "edit"),
    "archive": (_("archived this"), "archive"),
    "restore": (_("restored this"), "restore"),
    "delete": (_("deleted this"), "trash"),
    "undo": (_("took a change back"), "history"),
    "sign_in": (_("signed in"), "login"),
    "sign_out": (_("signed out"), "logout"),
    "sign_in_failed": (_("tried to sign in"), "lock"),
    "password_changed": (_("changed the password"), "key"),
    "password_set": (_("set a new password"), "key"),
    "file_added": (_("added the file"), "paperclip"),
    "file_read": (_("downloaded the file"), "download"),
    "file_shown": (_("looked at the file"), "eye"),
    "mail": (_("wrote a mail"), "mail"),
    "unmask": (_("looked behind a mask"), "eye"),
    "view_as": (_("looked through the eyes of this person"), "eye"),
    "view_as_ended": (_("looked through these eyes no longer"), "eye-off"),
}
UNSAID = frozenset({"web", "system", "job", "import", "cli"})
"""Ways of acting that go without saying; others, such as a card on a phone, are told."""
API = _("api")
OWN_REASON = frozenset({"unmask", "view_as"})
"""Acts for which the person gave the reason themself."""
WRITES = frozenset({"create", "update", "delete", "archive", "restore"})
AT_ONCE = timedelta(seconds=5)
"""What one command derives is written within this time."""
SHOWN_CHANGES = 8
IMPORT = re.compile(r"^import (\d+)$")
"""The reason that an import run leaves in the log."""
Entry = dict[str, Any]


def with_their_events(told: list[tuple[AuditEntry, Entry]]) -> list[tuple[AuditEntry, Entry]]:
    """Rows, newest first, in which a derived change stands in the entry of the event right beside it that brought it.

    An action is logged after what it changed, other events before: the newer neighbour is asked first.
    """
    kept: list[tuple[AuditEntry, Entry]] = []
    for place, (row, entry) in enumerate(told):
        newer, older = kept[-1:], told[place + 1 : place + 2]
        event = next((e for e in (*newer, *older) if _is_event_of(row, e[0])), None)
        if event is None:
            kept.append((row, entry))
        else:
            event[1]["changes"] = [*entry["changes"], *event[1]["changes"]][:SHOWN_CHANGES]
    return kept


def _is_event_of(change: AuditEntry, event: AuditEntry) -> bool:
    """Whether a change was derived from an event: told in one go, by one person, and no record write itself."""
    if change.action != "update" or not change.reason or event.action in WRITES:
        return False
    together = (change.actor_id, change.via, change.request_id) == (event.actor_id, event.via, event.request_id)
    return together and abs(event.at - change.at) <= AT_ONCE


def from_audit(
    kind: RecordType, row: AuditEntry, names: dict[str, dict[int, str]], actors: dict[int, str]
) -> Entry | None:
    """What one row tells; None when it tells nothing that this person may read."""
    hidden = {
        name
        for name, rule in access().treatments(kind.model, db.session().principal).items()
        if rule.treatment != "readonly"
    }
    changes = [
        (str(spec.label), _words(spec, old, names), _words(spec, new, names))
        for name, (old, new) in _pairs(row.changes)
        if (spec := kind.fields.get(name)) is not None and not spec.hidden and name not in hidden
    ]
    if row.action == "update" and not changes:
        return None
    verb, icon = _verb(kind, row)
    who = actors.get(row.actor_id or 0) or row.actor
    entry: Entry = {
        "time": fmt.clock_time(row.at),
        "changes": changes[:SHOWN_CHANGES] if row.action != "create" else [],
        "foot": None if row.via in UNSAID else gettext("by way of %(way)s", way=gettext(row.via)),
    }
    if found := IMPORT.match(row.reason or ""):
        words = gettext("imported, run %(n)s", n=found[1])
        return entry | {"who": who or gettext("system"), "title": words, "href": f"/import/{kind.key}/{found[1]}"}
    if row.actor_id is None:
        return entry | {"who": None, "foot": None, "icon": icon, "title": gettext("System: %(what)s", what=verb)}
    if row.reason and row.action not in OWN_REASON:
        caused = gettext("%(what)s, caused by %(who)s", what=verb, who=who)
        return entry | {"who": None, "foot": None, "icon": icon, "title": caused}
    return entry | {"who": who, "title": verb}


def _pairs(changes: dict[str, Any] | None) -> list[tuple[str, list[Any]]]:
    return [(k, v) for k, v in (changes or {}).items() if isinstance(v, list) and len(v) == 2]


def _verb(kind: RecordType, row: AuditEntry) -> tuple[str, str]:
    if row.action.startswith("action:"):
        action = registry().actions.get(kind.key, {}).get(row.action.removeprefix("action:"))
        return (_with_choices(action, row), action.icon or "bolt") if action else (row.action, "bolt")
    words = (row.changes or {}).get("words")
    verb, icon = ACTIONS.get(row.action) or (_filled(row.action, words), "clock")
    if row.action == "mail" and (to := (row.changes or {}).get("to")):
        return gettext("wrote a mail to %(to)s: %(subject)s", to=to, subject=(row.changes or {}).get("subject")), icon
    name = (row.changes or {}).get("file") if row.action.startswith("file_") else None
    return (f"{verb} {name}" if name else str(verb)), icon


def _filled(action: str, words: Any) -> str:
    """What a plugin noted, in the reader's language, with the words that it kept beside it filled in."""
    return gettext(action, **words) if isinstance(words, dict) else gettext(action).replace("_", " ")


def _with_choices(action: Action, row: AuditEntry) -> str:
    """The action with what was chosen for it, by the labels of the choices that it cannot do without."""
    given = (row.changes or {}).get("params") or {}
    chosen = [_chosen(param, given.get(param.name)) for param in _declared(action, row) if param.required]
    words = gettext(", ").join(word for word in chosen if word)
    return gettext("%(action)s: %(chosen)s", action=str(action.label), chosen=words) if words else str(action.label)


def _declared(action: Action, row: AuditEntry) -> Sequence[Param]:
    if not callable(action.params):
        return action.params
    record = db.session.get(registry().types[row.record_key or ""].model, row.record_id)
    return action.params(record) if record is not None else ()


def _chosen(param: Param, value: Any) -> str:
    if value in (None, "", []) or param.kind not in ("choice", "multi_choice"):
        return ""
    source = param.choices
    if callable(source) and signature(source).parameters:
        source = source(None)
    field = Field(param.kind, param.label, choices_source=source, name=param.name)
    if param.kind == "choice" and field.choice(str(value)) is None:
        return str(param.told(value) or "") if param.told else ""
    return _words(field, value, {})


def link_names(kind: RecordType, rows: Any) -> dict[str, dict[int, str]]:
    """What the links in these rows' changes are called, by type and id; one query for each type."""
    wanted: dict[str, set[int]] = {}
    for row in rows:
        for name, pair in _pairs(row.changes):
            spec = kind.fields.get(name)
            if spec is not None and spec.target:
                wanted.setdefault(spec.target, set()).update(v for v in pair if isinstance(v, int))
    return {target: labels(target, ids) for target, ids in wanted.items()}


def _words(spec: Field, value: Any, names: dict[str, dict[int, str]]) -> str:
    if value in (None, "", []):
        return ""
    if spec.target:
        return names.get(spec.target, {}).get(value) or gettext("a record you may not see")
    if spec.kind == "choice":
        found = spec.choice(str(value))
        return str(found.label) if found else str(value)
    if spec.kind == "multi_choice":
        return gettext(", ").join(_words(_single(spec), v, names) for v in value)
    if spec.kind == "tags":
        return gettext(", ").join(map(str, value))
    if spec.kind == "boolean":
        return gettext("yes") if value else gettext("no")
    if spec.kind == "money":
        return fmt.money(value)
    if spec.kind == "datetime":
        return fmt.instant(datetime.fromisoformat(str(value)))
    return "…" if spec.kind == "json" else str(value)[:300]


def _single(spec: Field) -> Field:
    return Field("choice", spec.label, choices_source=spec.choices_source, name=spec.name)
