"""What the notification centre shows: the person's messages by box and kind, in days; the bell's panel; the pop-up."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from flask import render_template, request
from sqlalchemy import and_, func, or_, select

from core import current_locale, db, gettext, kind_of, local, now, record_class, registry
from plugins.inbox import snoozing
from plugins.inbox.choices import STATES
from plugins.inbox.records import Delivery
from plugins.inbox.wishes import FATAL, kind_label
from plugins.inbox.wording import severity_label

PAGE, PANEL, STRONG = 50, 12, 4
MOONS = {
    "fatal": "overdue",
    "urgent": "today",
    "warning": "week",
    "curable": "week",
    "adverse": "week",
    "info": "later",
}
BOXES = ("unread", "snoozed", "all")
WEEKDAYS = ("周一", "周二", "周三", "周四", "周五", "周六", "周日")


def note() -> Any:
    """The core's message."""
    return record_class("core.notification")


def of_kind(kind: str | None) -> list[Any]:
    """Conditions for messages of one kind; the kind of a message is what it names, else the type of its record."""
    if not kind:
        return []
    unnamed = note().kind.is_(None)
    if kind == "core.message":
        return [or_(note().kind == kind, and_(unnamed, note().record_key.is_(None)))]
    return [or_(note().kind == kind, and_(unnamed, note().record_key == kind))]


def page() -> Any:
    """The page `/inbox`."""
    box = request.args.get("box", "unread")
    box = box if box in BOXES else "all" if request.args.get("all") == "1" else "unread"
    kind, before = request.args.get("kind") or None, request.args.get("before", "")
    found = _messages(box, kind, int(before) if before.isascii() and before.isdigit() else None)
    counts = _counts()
    return render_template(
        "inbox/centre.html",
        title=gettext("Inbox"),
        crumbs=[(gettext("Inbox"), None)],
        box=box,
        kind=kind,
        kinds=_kinds(),
        counts=counts,
        days=_in_days(found[:PAGE]),
        shown=len(found[:PAGE]),
        older=found[PAGE - 1].id if len(found) > PAGE else None,
        before=before,
        presets=presets(),
    )


def presets() -> list[tuple[str, str, str]]:
    """(code, words, when) of the ways to put a message off."""
    words = {
        "hour": gettext("In an hour"),
        "afternoon": gettext("This afternoon"),
        "tomorrow": gettext("Tomorrow morning"),
        "monday": gettext("Monday morning"),
    }
    at = local(now())
    found = [(code, label, snoozing.instant_of(code, at)) for code, label in words.items()]
    fit = [p for p in found if p[0] != "afternoon" or p[2].date() == at.date()]
    return [(code, label, clock(instant, dated=True)) for code, label, instant in fit]


def _messages(box: str, kind: str | None, before: int | None) -> list[Any]:
    model = note()
    query = select(model).where(*_of_box(box), *of_kind(kind))
    if before is not None:
        query = query.where(model.id < before)
    order = model.snoozed_until.asc() if box == "snoozed" else model.id.desc()
    return list(db.session.scalars(query.order_by(order).limit(PAGE + 1)))


def _of_box(box: str) -> list[Any]:
    model = note()
    return {
        "unread": [model.read_at.is_(None)],
        "snoozed": [model.snoozed_until.is_not(None)],
        "all": [],
    }[box]


def _counts() -> dict[str, int]:
    counted = select(func.count(note().id))
    return {box: db.session.scalar(counted.where(*_of_box(box))) or 0 for box in ("unread", "snoozed")}


def _kinds() -> list[tuple[str, str]]:
    """Kinds that the person has messages of, for the filter."""
    model = note()
    query = select(func.coalesce(model.kind, model.record_key, "core.message")).distinct()
    codes = [row for row in db.session.scalars(query) if row]
    return sorted(((code, kind_label(code)) for code in codes), key=lambda pair: pair[1])


def _in_days(messages: list[Any]) -> list[dict[str, Any]]:
    days: dict[str, list[dict[str, Any]]] = {}
    for message in messages:
        days.setdefault(day_words(local(message.created_at)), []).append(shown(message))
    return [{"label": label, "messages": rows} for label, rows in days.items()]


def shown(message: Any) -> dict[str, Any]:
    """A message as templates draw it."""
    linked = message.record_key in registry().types and message.record_id
    at = local(message.created_at)
    return {
        "id": message.id,
        "subject": message.subject,
        "body": message.body,
        "moon": MOONS.get(message.severity, "later"),
        "severity": message.severity,
        "severity_label": severity_label(message.severity),
        "fatal": message.severity == FATAL,
        "acknowledged": clock(local(message.acknowledged_at), dated=True) if message.acknowledged_at else None,
        "kind": kind_label(kind_of(message)),
        "time": clock(at),
        "iso": at.isoformat(),
        "read": message.read_at is not None,
        "snoozed": clock(local(message.snoozed_until), dated=True) if message.snoozed_until else None,
        "href": f"/r/{message.record_key}/{message.record_id}" if linked else None,
    }


def clock(at: datetime, *, dated: bool = False) -> str:
    """`14:20`; with the day where it is not clear: `11-23 14:20`."""
    if not dated or at.date() == local(now()).date():
        return at.strftime("%H:%M")
    return at.strftime("%m-%d %H:%M" if at.year == local(now()).year else "%Y-%m-%d %H:%M")


def day_words(at: datetime) -> str:
    """The heading above a day's messages."""
    days = (local(now()).date() - at.date()).days
    if days in (0, 1):
        return gettext("Yesterday") if days else gettext("Today")
    if current_locale() == "zh":
        day = f"{at.month}月{at.day}日 {WEEKDAYS[at.weekday()]}"
        return day if at.year == local(now()).year else f"{at.year}年{day}"
    return at.strftime("%a %-d %b") if at.year == local(now()).year else at.strftime("%-d %b %Y")


def panel() -> str:
    """What the bell opens."""
    rows = db.session.scalars(select(note()).where(note().read_at.is_(None)).order_by(note().id.desc()).limit(PANEL))
    return render_template("inbox/_panel.html", messages=[shown(m) for m in rows], unread=_counts()["unread"])


def state() -> dict[str, Any]:
    """The count, the newest unread message, and the pop-up as markup; what every page asks for."""
    model = note()
    newest = db.session.scalars(select(model).where(model.read_at.is_(None)).order_by(model.id.desc()).limit(1)).first()
    return {
        "unread": _counts()["unread"],
        "newest": {"id": newest.id, "subject": newest.subject} if newest else None,
        "strong": strong_markup(),
    }


def strong_markup() -> str:
    """The pop-up with the person's fatal messages; empty when there are none."""
    found = snoozing.strong()
    if not found:
        return ""
    messages = [shown(m) for m in found[:STRONG]]
    for message, row in zip(messages, found, strict=False):
        message["since"] = clock(local(row.created_at), dated=True)
    return render_template("inbox/_strong.html", messages=messages, more=max(0, len(found) - STRONG))


def ways(message_id: int) -> str:
    """By which channels a message of the person went, with each attempt's outcome."""
    rows = db.session.scalars(select(Delivery).where(Delivery.message_id == message_id).order_by(Delivery.id))
    found = [
        {
            "channel": str(registry().channels[row.channel].label)
            if row.channel in registry().channels
            else row.channel,
            **_state(row.state),
            "attempts": row.attempts,
            "at": clock(local(row.sent_at or row.created_at), dated=True),
            "next": clock(local(row.next_at), dated=True)
            if row.next_at and row.state in ("waiting", "retry")
            else None,
            "error": row.error,
            "reason": reason_words(row.reason),
            "id": row.id,
        }
        for row in rows
    ]
    return render_template("inbox/_ways.html", rows=found)


def _state(code: str) -> dict[str, Any]:
    """A state of a delivery in words, with its tone."""
    choice = next((c for c in STATES if c.code == code), None)
    return {"state": str(choice.label) if choice else code, "tone": choice.tone if choice else None, "code": code}


def reason_words(reason: str | None) -> str:
    """Why a delivery waits or was left out, in the reader's language."""
    known = {
        "the person's choice": gettext("the person's choice"),
        "not urgent enough": gettext("not urgent enough"),
        "the daily digest": gettext("the daily digest"),
        "quiet hours": gettext("quiet hours"),
        "read meanwhile": gettext("read meanwhile"),
        "no address": gettext("no address"),
        "the channel or the person is gone": gettext("the channel or the person is gone"),
    }
    return known.get(reason or "", reason or "")
