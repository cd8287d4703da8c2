"""What the platforms allow: counted in the database per app and month or day, slowed down before the end, warned of."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import func, select, update

from core import _, local, notify, now, role_holders, use_locale
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
    admins = role_holders("system_admin", "administrator")
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


OF_VENDORS = {"wecom": {"hour_person": 1000}, "dingtalk": {"day_person": 500}}
"""Limits for one person as the vendors publish them (WeCom path 96469, DingTalk work notices); settings of each app."""


def complete(apps: list[Any]) -> None:
    """Before an app is made: the limits that its vendor publishes, where nobody wrote others."""
    for app in apps:
        for name, limit in OF_VENDORS.get(app.kind or "", {}).items():
            if getattr(app, name) is None:
                setattr(app, name, limit)


def pause_before(session: Any, app: App, message: Message) -> timedelta | None:
    """How long this message has to wait; None when it may go now."""
    if message.receiver and (pause := _pause_of_person(session, app, message.receiver)) is not None:
        return pause
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


def _pause_of_person(session: Any, app: App, receiver: str) -> timedelta | None:
    """Until the minute, the hour or the day of one person has room again, counted from what was sent."""
    midnight = local(now()).replace(hour=0, minute=0, second=0, microsecond=0)
    spans = (
        (app.day_person, midnight, midnight + timedelta(days=1) - now()),
        (app.hour_person, now() - timedelta(hours=1), timedelta(hours=1)),
        (app.minute_person, now() - timedelta(seconds=60), timedelta(seconds=61)),
    )
    for limit, since, pause in spans:
        if limit and _sent_since(session, app, receiver, since) >= limit:
            return pause
    return None


def _sent_since(session: Any, app: App, receiver: str, since: datetime) -> int:
    query = select(func.count(func.distinct(Message.batch))).where(
        Message.app_id == app.id, Message.receiver == receiver
    )
    return session.scalar(query.where(Message.sent_at > since)) or 0


def robot_is_free(session: Any, robot_id: int, limit: int = 20) -> bool:
    """Whether a group robot may speak again: 20 a minute, both platforms."""
    since = now() - timedelta(seconds=60)
    query = select(func.count()).select_from(Message).where(Message.robot_id == robot_id, Message.sent_at > since)
    return (session.scalar(query) or 0) < limit
