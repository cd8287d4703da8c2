"""What a message says. By default no more than case number, kind and date: messages rest with the platform."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Any

from flask import current_app
from sqlalchemy import select

from core import db, gettext, local, record_class, registry, today

NAMES = {"deadlines.deadline": "name", "workflow.task": "name"}
"""Fields that name the kind of a matter and no client or invention."""
KINDS = {"cases.case": "case_type"}
"""Choice fields that do the same: the kind of a case is no secret, its name is."""
DATES = {"deadlines.deadline": "due", "workflow.task": "due_at"}
EARLIER = {"deadlines.deadline": ("internal_date", "safe_date")}
"""Dates of ours before that date: the ones to act on."""
SENT = "%m-%d %H:%M"


@dataclass(frozen=True)
class Wording:
    """Subject, text, facts as (name, value), and the page that it is about."""

    subject: str
    body: str
    path: str = ""
    facts: list[tuple[str, str]] = field(default_factory=list)


def for_notification(note: Any, detail: str) -> Wording:
    """A message of the house. Hour and number make any two differ: platforms silently drop what they have seen."""
    record = find(note.record_key, note.record_id)
    path = f"/r/{note.record_key}/{note.record_id}" if record is not None else "/inbox"
    at = f"{local(note.created_at).strftime(SENT)} · {note.id}"
    if detail == "full":
        return Wording(note.subject, f"{note.body or ''}\n{at}".strip(), path)
    facts = facts_of(record)
    subject = " ".join(value for _name, value in facts) or gettext("A message for you in Zhian")
    earlier = earlier_days(record)
    body = "\n".join([*(f"{name}: {value}" for name, value in earlier), at])
    return Wording(f"{_level(note.severity)}{subject}"[:300], body, path, facts + earlier)


def for_task(task: Any, detail: str) -> Wording:
    """An approval or another step of a flow."""
    bound = find(task.record_key, task.record_id)
    facts = facts_of(bound) if bound is not None else []
    facts += [(gettext("Step"), kind_of(task))]
    if task.due_at:
        facts.append((gettext("Until"), local(task.due_at).strftime("%Y-%m-%d %H:%M")))
    number = next((value for _name, value in facts), "")
    subject = task.title if detail == "full" else gettext("To approve: %(what)s", what=f"{number} {kind_of(task)}")
    if task.kind != "approve" and detail != "full":
        subject = gettext("To do: %(what)s", what=f"{number} {kind_of(task)}")
    body = "\n".join(f"{name}: {value}" for name, value in facts)
    return Wording(subject[:300], body, f"/r/workflow.task/{task.id}", facts)


def facts_of(record: Any) -> list[tuple[str, str]]:
    """Number, kind and date of a record, as far as it has them."""
    if record is None:
        return []
    key = record.__record__["key"]
    found = [(gettext("Number"), number) for number in [number_of(record)] if number]
    found.append((gettext("Kind"), kind_of(record)))
    if day := getattr(record, DATES.get(key, ""), None):
        found.append((gettext("Date"), f"{_day(day).isoformat()} {distance(_day(day))}".strip()))
    return found


def earlier_days(record: Any) -> list[tuple[str, str]]:
    """The days of ours before the day of a record, by the names that its fields have, the earliest first."""
    names = EARLIER.get(record.__record__["key"], ()) if record is not None else ()
    known = registry().of(type(record)).fields if names else {}
    days = sorted((day, str(known[name].label)) for name in names if (day := getattr(record, name, None)))
    return [(label, f"{day.isoformat()} {distance(day)}") for day, label in days]


def number_of(record: Any) -> str:
    """The record's own number, else that of the first record it is linked or bound to that has one."""
    kind = registry().of(type(record))
    if kind.number:
        return str(getattr(record, kind.number) or f"#{record.id}")
    for name, spec in kind.fields.items():
        target = registry().types.get(spec.target or "")
        if target is not None and target.number and (linked := getattr(record, name, None)) is not None:
            return str(getattr(linked, target.number) or f"#{linked.id}")
    bound = find(getattr(record, "record_key", None), getattr(record, "record_id", None))
    return number_of(bound) if bound is not None and bound is not record else ""


def kind_of(record: Any) -> str:
    """The name of the matter where it names only its kind, else the name of the record type."""
    key = record.__record__["key"]
    if name := KINDS.get(key):
        found = registry().types[key].fields[name].choice(getattr(record, name))
        return str(found.label if found else record.__record__["label"])
    named = getattr(record, "named", None) if key in NAMES else None
    return str((named() if named else getattr(record, NAMES.get(key, ""), "")) or record.__record__["label"])


def find(key: str | None, ident: int | None) -> Any:
    """The record, when its type is enabled and it is still there."""
    if not key or not ident or key not in registry().types:
        return None
    model = record_class(key)
    return db.session.scalars(select(model).where(model.id == ident)).first()


def address(path: str | None) -> str:
    """The page on this site; empty where the deployment does not say under which address it is reached."""
    base = current_app.config["ZHIAN"].base_url.rstrip("/")
    return f"{base}{path}" if base and path else ""


def distance(day: date) -> str:
    """How far a day is away: the element that changes from day to day."""
    days = (day - today()).days
    if days == 0:
        return gettext("(today)")
    return gettext("(in %(n)s days)", n=days) if days > 0 else gettext("(%(n)s days past)", n=-days)


def _day(value: date | datetime) -> date:
    return local(value).date() if isinstance(value, datetime) else value


def _level(severity: str) -> str:
    words = {"warning": gettext("[Reminder] "), "urgent": gettext("[Urgent] "), "fatal": gettext("[Fatal] ")}
    return words.get(severity, "")
