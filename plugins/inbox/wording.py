"""Mails in words: the template in force, filled with one message or a day's unread ones. A broken one gives way."""

from __future__ import annotations

import logging
from collections.abc import Sequence
from functools import cache
from pathlib import Path
from typing import Any

import yaml
from flask import current_app
from sqlalchemy import select

from core import current_locale, db, elevated, gettext, kind_of, local, now, registry, today
from plugins.inbox import sandbox
from plugins.inbox.records import Template
from plugins.inbox.wishes import kind_label

log = logging.getLogger("zhian.inbox")
DATA = Path(__file__).parent / "data" / "templates.yaml"
PARTS = ("subject", "text", "html")


@cache
def shipped() -> dict[str, dict[str, dict[str, str]]]:
    """The wording that comes with the plugin: code, language, part."""
    return yaml.safe_load(DATA.read_text("utf-8"))


def seed(session: Any) -> None:
    """One template for each mail and language; what is there already stays as it is."""
    known = {tuple(row) for row in session.execute(select(Template.code, Template.language))}
    for code, languages in shipped().items():
        for language, parts in languages.items():
            if (code, language) not in known:
                session.add(Template(code=code, language=language, **parts))
    session.flush()


def restore(template: Template) -> None:
    """The shipped wording again."""
    for part, words in shipped()[template.code][template.language].items():
        setattr(template, part, words)
    db.session.flush()


def message(person: Any, note: Any, *, reply: bool) -> tuple[str, str, str]:
    """Subject, text and HTML of the mail about one message, in the language that is set."""
    return _filled("message", base(person) | {"message": plain(note) | {"reply": reply}})


def digest(person: Any, notes: Sequence[Any], more: int) -> tuple[str, str, str]:
    """Subject, text and HTML of a day's digest; messages in groups by kind."""
    groups: dict[str, list[dict[str, Any]]] = {}
    for note in notes:
        groups.setdefault(kind_label(kind_of(note)), []).append(plain(note))
    listed = [{"label": label, "messages": found} for label, found in groups.items()]
    values = {"groups": listed, "count": len(notes) + more, "more": more, "day": today().isoformat()}
    return _filled("digest", base(person) | values)


def base(person: Any) -> dict[str, Any]:
    """What every mail may name."""
    settings = current_app.config["ZHIAN"]
    english = current_locale() != "zh"
    return {
        "person": {"name": (person.name_en if english else None) or person.name},
        "agency": settings.agency_en if english else settings.agency,
        "inbox": address("/inbox"),
        "preferences": address("/inbox/preferences"),
    }


def plain(note: Any) -> dict[str, Any]:
    """A message as templates know it."""
    linked = note.record_key in registry().types and note.record_id
    return {
        "subject": note.subject,
        "body": note.body or "",
        "severity": note.severity,
        "severity_label": severity_label(note.severity),
        "urgent": note.severity in ("fatal", "urgent"),
        "kind": kind_label(kind_of(note)),
        "time": local(note.created_at).strftime("%m-%d %H:%M"),
        "url": address(f"/r/{note.record_key}/{note.record_id}" if linked else "/inbox"),
        "reply": False,
    }


def severity_label(severity: str) -> str:
    """How urgent, in words."""
    words = {"fatal": gettext("Fatal"), "urgent": gettext("Urgent"), "warning": gettext("Warning")}
    return words.get(severity, gettext("Information"))


def address(path: str) -> str:
    """A page of ours for somebody outside; empty where the deployment's own address is not known."""
    base_url = current_app.config["ZHIAN"].base_url
    return f"{base_url.rstrip('/')}{path}" if base_url else ""


def _filled(code: str, values: dict[str, Any]) -> tuple[str, str, str]:
    language = current_locale() if current_locale() in shipped()[code] else "zh"
    original = shipped()[code][language]
    parts = _in_force(code, language) or original
    try:
        return _parts(parts, values)
    except sandbox.Faulty as fault:
        log.error("mail template %s/%s: %s; the shipped one is used", code, language, fault)
        return _parts(original, values)


def _parts(parts: dict[str, str], values: dict[str, Any]) -> tuple[str, str, str]:
    subject = " ".join(sandbox.fill(parts["subject"], values).split())
    text = sandbox.fill(parts["text"], values)
    html = sandbox.fill(parts["html"], values, html=True) if parts.get("html") else ""
    return subject[:300], text, html


def _in_force(code: str, language: str) -> dict[str, str] | None:
    with elevated("wording of mails, the same for everybody"):
        row = db.session.execute(
            select(Template.subject, Template.text, Template.html).where(
                Template.code == code, Template.language == language
            )
        ).first()
    return dict(zip(PARTS, (row[0], row[1], row[2] or ""), strict=True)) if row else None


def sample(template: Template) -> tuple[str, str, str]:
    """The template filled with invented messages, for its preview; raises `sandbox.Faulty`."""
    note = {
        "subject": gettext("Answer to the office action of “Lanhai”: 3 days left"),
        "body": gettext("Official date Mon 14 Dec; internal date Wed 9 Dec."),
        "severity": "urgent",
        "severity_label": severity_label("urgent"),
        "urgent": True,
        "kind": gettext("Deadlines"),
        "time": local(now()).strftime("%m-%d %H:%M"),
        "url": address("/inbox") or "https://zhian.example.com/inbox",
        "reply": True,
    }
    groups = [{"label": note["kind"], "messages": [note, note | {"urgent": False}]}]
    more = {"groups": groups, "count": 2, "more": 0, "day": today().isoformat()}
    person: Any = type("Sample", (), {"name": "林知微", "name_en": "Lin Zhiwei"})()
    parts = {"subject": template.subject, "text": template.text, "html": template.html or ""}
    return _parts(parts, base(person) | {"message": note} | more)
