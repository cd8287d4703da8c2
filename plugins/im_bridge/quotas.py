"""What the platforms allow: counted in the database per app and month or day, slowed down before the end, warned of."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import func, select, update

from core import _, local, notify, now, record_class, use_locale
from plugins.im_bridge.records import App, Message, Quota

WARN_AT = 0.8
SPARE = 0.8
"""From this share on only what cannot wait is sent by messenger; the rest goes by mail."""


def period_of(kind: str, at: datetime) -> str:
    """Months for calls and pushes, days for messages, as the platforms count them: local time."""
    day = local(at)
    return day.strftime("%Y-%m-%d") if kind == "messages" else day.strftime("%Y-%m")


def allowed(app: App, kind: str) -> int | None:
    """The limit of one kind; None where there is none."""
    return {"calls": app.month_calls, "pushes": app.month_pushes, "messages": app.day_messages}[kind]


def count(session: Any, app: App, kind: str, number: int) -> None:
    """Add to what is used, in the caller's transaction; the administrators are told once when it becomes tight."""
    if number <= 0:
        return
    period, limit = period_of(kind, now()), allowed(app, kind)
    same = (Quota.app_id == app.id, Quota.kind == kind, Quota.period == period)
    add = update(Quota).where(*same).values(used=Quota.used + number, allowed=limit)
    if session.execute(add.execution_options(synchronize_session=False)).rowcount == 0:
        session.add(Quota(app_id=app.id, kind=kind, period=period, used=number, allowed=limit))
        session.flush()
    used = session.scalar(select(Quota.used).where(*same))
    if limit and used >= limit * WARN_AT:
        _warn(session, app, kind, period, used, limit)


def _warn(session: Any, app: App, kind: str, period: str, used: int, limit: int) -> None:
    role = record_class("core.user_role")
    admins = list(session.scalars(select(role.user_id).where(role.role.in_(("system_admin", "administrator")))))
    what = Quota.__table__.c.kind.info["field"].choice(kind).label
    with use_locale("zh"):
        subject = str(
            _("%(app)s: %(used)s of %(limit)s %(what)s are used", app=app.name, used=used, limit=limit, what=str(what))
        )
    notify(admins, subject, severity="warning", record=app, key=f"im-quota-{app.id}-{kind}-{period}")


def used(session: Any, app: App, kind: str) -> int:
    """How much of the running period is used."""
    same = (Quota.app_id == app.id, Quota.kind == kind, Quota.period == period_of(kind, now()))
    return session.scalar(select(Quota.used).where(*same)) or 0


def pause_before(session: Any, app: App, message: Message) -> timedelta | None:
    """How long this message has to wait; None when it may go now."""
    if message.receiver and _last_minute(session, app, message.receiver) >= app.minute_person:
        return timedelta(seconds=61)
    for kind in ("calls", "messages"):
        limit = allowed(app, kind)
        if limit is None:
            continue
        spent = used(session, app, kind)
        if spent >= limit:
            return timedelta(hours=1)
        if spent >= limit * SPARE and message.kind == "message" and message.severity == "info":
            return timedelta(hours=1)
    return None


def _last_minute(session: Any, app: App, receiver: str) -> int:
    since = now() - timedelta(seconds=60)
    query = select(func.count(func.distinct(Message.batch))).where(
        Message.app_id == app.id, Message.receiver == receiver
    )
    return session.scalar(query.where(Message.sent_at > since)) or 0


def robot_is_free(session: Any, robot_id: int, limit: int = 20) -> bool:
    """Whether a group robot may speak again: 20 a minute, both platforms."""
    since = now() - timedelta(seconds=60)
    query = select(func.count()).select_from(Message).where(Message.robot_id == robot_id, Message.sent_at > since)
    return (session.scalar(query) or 0) < limit
