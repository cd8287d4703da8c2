"""The inbox: messages to one person inside the product; reading one leads to its record."""

from __future__ import annotations

from typing import Any

from flask import Blueprint, render_template, request
from sqlalchemy import select

from core.clock import now
from core.db import db
from core.i18n import gettext
from core.records import service
from core.records.notes import Notification
from core.web import format as fmt
from core.web import shell
from core.web.lifecycle import done
from core.web.toasts import say

SHOWN = 100
MOONS = {"fatal": "overdue", "urgent": "today", "warning": "week", "info": "later"}


def inbox() -> Any:
    """`/inbox`, unread first; `?all=1` with what was read. A plugin may have a page of its own in this place."""
    if (page := shell.registry().hooks.first("provide_inbox")) is not None:
        return page
    everything = request.args.get("all") == "1"
    statement = select(Notification).order_by(Notification.id.desc()).limit(SHOWN)
    if not everything:
        statement = statement.where(Notification.read_at.is_(None))
    messages = [_shown(m) for m in db.session.scalars(statement)]
    return render_template(
        "web/inbox.html",
        title=gettext("Inbox"),
        crumbs=[(gettext("Inbox"), None)],
        messages=messages,
        everything=everything,
    )


def _shown(message: Notification) -> dict[str, Any]:
    day = fmt.local_day(message.created_at)
    return {
        "id": message.id,
        "subject": message.subject,
        "body": message.body,
        "moon": MOONS.get(message.severity, "later"),
        "time": f"{fmt.day_heading(day)} {fmt.clock_time(message.created_at)}",
        "read": message.read_at is not None,
        "linked": bool(message.record_key and message.record_id),
    }


def open_one(message_id: int) -> Any:
    """Mark as read and go to what it is about."""
    message = service.get(Notification, message_id)
    if message.read_at is None:
        message.read_at = now()
    target = f"/r/{message.record_key}/{message.record_id}" if message.record_key and message.record_id else "/inbox"
    shell.forget_counts()
    return done(target)


def read_all() -> Any:
    """Mark everything as read."""
    for message in db.session.scalars(select(Notification).where(Notification.read_at.is_(None)).limit(1000)):
        message.read_at = now()
    shell.forget_counts()
    say(gettext("All messages are marked as read"))
    return done("/inbox")


def register(web: Blueprint) -> None:
    """The routes of this file."""
    web.add_url_rule("/inbox", "inbox", inbox)
    web.add_url_rule("/inbox/<int:message_id>", "open_message", open_one, methods=["POST"])
    web.add_url_rule("/inbox/read", "read_all", read_all, methods=["POST"])
