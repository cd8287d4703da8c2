"""What people want: reading and keeping their choices, and what follows from them for one message."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, time
from typing import Any

from sqlalchemy import select

from core import FieldError, Invalid, _, db, elevated, local, now, record_class, registry, setting
from plugins.inbox.choices import WISHES
from plugins.inbox.records import Habit, Preference, clock_text
from plugins.inbox.timing import Quiet, time_of

MAIL, SMS = "inbox.mail", "inbox.sms"
DIGEST_AT = "08:30"
FATAL = "fatal"


@dataclass(frozen=True)
class Verdict:
    """What happens to a message on one channel: a state of its delivery, from when, and why."""

    state: str
    next_at: datetime | None = None
    reason: str | None = None


def verdict(user_id: int, kind: str, channel: str, severity: str) -> Verdict:
    """When a message leaves by a channel. Fatal ones pass quiet hours and never wait for a digest."""
    wish = wish_of(user_id, kind, channel)
    chosen = automatic(channel, severity) if wish == "auto" else wish
    if chosen == "off":
        return Verdict("skipped", reason="the person's choice" if wish == "off" else "not urgent enough")
    if severity == FATAL:
        return Verdict("now")
    if chosen == "digest":
        return Verdict("digest", reason="the daily digest")
    if end := quiet_of(habit_of(user_id)).ends(local(now())):
        return Verdict("waiting", end, "quiet hours")
    return Verdict("now")


def automatic(channel: str, severity: str) -> str:
    """What a channel does with a message where the person chose nothing."""
    if channel == SMS:
        return "now" if severity == FATAL else "off"
    if channel == MAIL:
        return "now" if severity in (FATAL, "urgent") else "digest"
    return "now"


def wish_of(user_id: int, kind: str, channel: str) -> str:
    """The person's choice, or `auto`."""
    place = (Preference.user_id == user_id, Preference.kind == kind, Preference.channel == channel)
    return db.session.scalar(select(Preference.wish).where(*place)) or "auto"


def habit_of(user_id: int) -> Habit | None:
    """The person's quiet hours and digest, if they ever said anything."""
    return db.session.scalars(select(Habit).where(Habit.user_id == user_id)).first()


def quiet_of(habit: Habit | None) -> Quiet:
    """Quiet hours as times; without a word of the person those of the deployment."""
    if habit is None:
        return Quiet(time_of(setting("inbox.quiet_from")), time_of(setting("inbox.quiet_to")))
    return Quiet(time_of(habit.quiet_from), time_of(habit.quiet_to), habit.quiet_weekend)


def digest_hour(habit: Habit | None) -> time:
    """When the person's digest comes."""
    return time_of((habit.digest_at if habit else None) or setting("inbox.digest_at") or DIGEST_AT) or time(8, 30)


def kinds() -> list[tuple[str, str]]:
    """(code, label) of every kind of messages: what plugins name, and the types of records that messages are about."""
    named = [(k.code, str(k.label)) for k in registry().message_kinds.values()]
    with elevated("kinds of messages in this house"):
        about = set(db.session.scalars(select(record_class("core.notification").record_key).distinct())) - {None}
    types = [(key, str(registry().types[key].plural)) for key in about if key in registry().types]
    return sorted(dict(types).items(), key=lambda kind: kind[1]) + named


def kind_label(code: str) -> str:
    """The name of a kind."""
    known = registry().message_kinds.get(code)
    kind = registry().types.get(code)
    return str(known.label) if known else str(kind.plural) if kind else code


def channels() -> list[tuple[str, str, tuple[str, ...]]]:
    """(code, label, choices) of every channel; the digest is a mail."""
    every = tuple(c.code for c in WISHES)
    return [
        (c.code, str(c.label), every if c.code == MAIL else tuple(w for w in every if w != "digest"))
        for c in sorted(registry().channels.values(), key=lambda c: (c.code != MAIL, c.code != SMS, c.code))
    ]


def keep(user_id: int, chosen: dict[tuple[str, str], str], times: dict[str, Any]) -> None:
    """Keep a person's whole page of choices; raises `Invalid`."""
    times = times | {name: _clock(name, times.get(name)) for name in ("quiet_from", "quiet_to", "digest_at")}
    if bool(times["quiet_from"]) != bool(times["quiet_to"]):
        missing = "quiet_to" if times["quiet_from"] else "quiet_from"
        raise Invalid([FieldError(missing, "required", _("Quiet hours need both times."))])
    with elevated("a person's own choices"):
        habit = habit_of(user_id)
        if habit is None:
            habit = Habit(user_id=user_id)
            db.session.add(habit)
        for name, value in times.items():
            setattr(habit, name, value)
        known = {(p.kind, p.channel): p for p in _own(user_id)}
        for place, wish in chosen.items():
            if place in known:
                known[place].wish = wish
            elif wish != "auto":
                db.session.add(Preference(user_id=user_id, kind=place[0], channel=place[1], wish=wish))
        db.session.flush()


def chosen_by(user_id: int) -> dict[tuple[str, str], str]:
    """All choices of a person by kind and channel."""
    return {(p.kind, p.channel): p.wish for p in _own(user_id)}


def _own(user_id: int) -> list[Preference]:
    return list(db.session.scalars(select(Preference).where(Preference.user_id == user_id)))


def _clock(name: str, value: Any) -> str | None:
    try:
        return clock_text(value)
    except ValueError as error:
        raise Invalid([FieldError(name, "invalid", error.args[0])]) from None
