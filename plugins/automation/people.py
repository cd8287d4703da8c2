"""Who is meant by a rule: people in fields, heads, roles, named ones; and addresses of people outside."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from sqlalchemy import select

from core import L, _, db, gettext, labels, readers, record_class, registry
from plugins.automation import words

CLIENT = "clients.client"
CONTACT = "clients.contact"
MOST = 200


def staff_choices(record_key: str | None) -> list[tuple[str, Any]]:
    """(word, label) of those who can be meant: people in fields of the record and of what it links to, heads, roles."""
    found: list[tuple[str, Any]] = [("runs_as", _("Whose rights the rule has"))]
    kind = registry().types.get(record_key or "")
    if kind is not None:
        found += [(f"field:{n}", s.label) for n, s in _links(kind, "core.user")]
        for name, spec in _links(kind, None):
            target = registry().types.get(spec.target or "")
            if target is not None and not target.key.startswith("core."):
                found += [
                    (f"field:{name}.{n}", L(f"{s.label}（{spec.label}）", f"{spec.label}: {s.label}"))
                    for n, s in _links(target, "core.user")
                ]
        if "department" in kind.fields:
            found.append(("head", _("Head of the department")))
    roles = [r for r in registry().access.roles.values() if r.realm == "staff"]
    return [*found, *((f"role:{r.code}", L(f"角色：{_zh(r.label)}", f"Role: {_en(r.label)}")) for r in roles)]


def _zh(label: Any) -> str:
    return getattr(label, "zh", None) or str(label)


def _en(label: Any) -> str:
    return getattr(label, "en", None) or str(label)


def outside_choices(record_key: str | None) -> list[tuple[str, Any]]:
    """(word, label) of people outside whom a mail can reach: the client's first contact, addresses in fields."""
    kind = registry().types.get(record_key or "")
    if kind is None:
        return []
    found: list[tuple[str, Any]] = []
    if CONTACT in registry().types and (kind.key == CLIENT or any(True for _n in _links(kind, CLIENT))):
        found.append(("contact", _("First contact of the client")))
    mails = [(n, s) for n, s in kind.fields.items() if s.kind == "text" and "email" in n and not s.hidden]
    return [*found, *((f"mail:{n}", s.label) for n, s in mails)]


def _links(kind: Any, target: str | None) -> Iterable[tuple[str, Any]]:
    fields = kind.fields.items()
    return [(n, s) for n, s in fields if s.kind == "link" and not s.hidden and (s.target == target or target is None)]


def is_outside(word: str) -> bool:
    """Whether the word means somebody who is not of the staff."""
    return word == "contact" or word.startswith("mail:")


def staff(said: Iterable[str], record: Any, runs_as: int) -> list[int]:
    """Ids of the active people meant, each once; those who may not read the record are left out."""
    found: list[int] = []
    for word in said:
        found += _meant(str(word), record, runs_as)
    ids = list(dict.fromkeys(found))[:MOST]
    user = record_class("core.user")
    there = (user.id.in_(ids), user.active.is_(True), user.archived_at.is_(None), user.realm == "staff")
    active = set(db.session.scalars(select(user.id).where(*there))) if ids else set()
    ids = [ident for ident in ids if ident in active]
    return readers(record, ids) if record is not None else ids


def _meant(word: str, record: Any, runs_as: int) -> list[int]:
    kind, _colon, rest = word.partition(":")
    if kind == "runs_as":
        return [runs_as]
    if kind == "person" and rest.isdigit():
        return [int(rest)]
    if kind == "role":
        role, user = record_class("core.user_role"), record_class("core.user")
        held = select(user.id).where(user.id.in_(select(role.user_id).where(role.role == rest))).limit(MOST)
        return list(db.session.scalars(held.order_by(user.id)))
    if record is None:
        return []
    told = words.value_at(record, "department" if kind == "head" else rest)
    ident = told.get("id") if isinstance(told, dict) else None
    if ident is None:
        return []
    return _head(ident) if kind == "head" else [ident]


def _head(ident: int) -> list[int]:
    place = record_class("core.department")
    for _level in range(6):
        row = db.session.execute(select(place.head_id, place.parent_id).where(place.id == ident)).first()
        if row is None or row.head_id or row.parent_id is None:
            return [row.head_id] if row is not None and row.head_id else []
        ident = row.parent_id
    return []


def addresses(said: Iterable[str], record: Any) -> list[str]:
    """Addresses of the people outside who are meant, as far as the rule's person sees them."""
    found: list[str] = []
    for word in said:
        if word == "contact":
            found += _contact(record)
        elif word.startswith("mail:") and record is not None:
            told = words.value_at(record, word.partition(":")[2])
            found += [told] if isinstance(told, str) and "@" in told else []
    return list(dict.fromkeys(found))


def _contact(record: Any) -> list[str]:
    if record is None or CONTACT not in registry().types:
        return []
    kind = registry().of(type(record))
    link = next((n for n, _s in _links(kind, CLIENT)), None)
    ident = record.id if kind.key == CLIENT else getattr(record, kind.fields[link].attr) if link else None
    contact = record_class(CONTACT)
    chosen = select(contact.email).where(
        contact.client_id == ident, contact.email.is_not(None), contact.archived_at.is_(None)
    )
    first = db.session.scalars(chosen.order_by(contact.is_primary.desc(), contact.id).limit(1)).first()
    return [first] if first else []


def names(ids: Iterable[int]) -> str:
    """Names of staff, joined."""
    wanted = list(ids)
    known = labels("core.user", wanted)
    return gettext(", ").join(str(known.get(ident, ident)) for ident in wanted)
