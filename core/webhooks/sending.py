"""Sending: claim a message, post it signed, note the try; growing pauses, then it is given up, and at last the webhook
is switched off.
"""

from __future__ import annotations

import logging
import time
from datetime import UTC, datetime, timedelta
from typing import Any

import httpx
from sqlalchemy import and_, delete, or_, select, update

from core.clock import now
from core.db import db, reading, system
from core.errors import ZhianError
from core.i18n import gettext, use_locale
from core.jobs.runs import enqueue
from core.masking import keep_secret, mask
from core.messages.writing import notify
from core.outgoing import check_address, outgoing
from core.permissions.org import User
from core.webhooks.model import SEND, Webhook, WebhookMessage
from core.webhooks.signing import signed_headers

log = logging.getLogger("zhian.webhooks")

PAUSES = (30, 120, 600, 1_800, 7_200, 18_000, 36_000, 50_400, 72_000, 86_400)
"""Seconds before each further try, three days and a half in all; then the message is given up."""
LONGEST_PAUSE = 86_400
"""Seconds; what a receiver asks for in Retry-After is heard up to here."""
TIMEOUT = 15.0
LEASE = timedelta(minutes=2)
OFF_AFTER = timedelta(days=5)
"""How long a webhook may fail without a single success before it is switched off."""
ANSWER_CUT = 1_000
KEPT_TRIES = 20
KEPT = timedelta(days=30)
_hooks = Webhook.__table__
_messages = WebhookMessage.__table__


def send_due(seconds: float = 100.0) -> dict[str, int]:
    """Send what is due, one after the other, for at most so long; counts by outcome. A webhook that fails waits."""
    ended, counts, failed = time.monotonic() + seconds, {"sent": 0, "failed": 0}, set()
    while time.monotonic() < ended and (message := _claim(failed)) is not None:
        if _send(message):
            counts["sent"] += 1
        else:
            counts["failed"] += 1
            failed.add(message.webhook_id)
    return counts


def _due(failed: set[int]) -> Any:
    at = now()
    ready = and_(_messages.c.state == "waiting", _messages.c.next_at <= at)
    lost = and_(_messages.c.state == "sending", _messages.c.lease_until < at)
    active = select(_hooks.c.id).where(_hooks.c.active)
    query = select(_messages.c.id).where(or_(ready, lost), _messages.c.webhook_id.in_(active))
    return query.where(_messages.c.webhook_id.not_in(failed)).order_by(_messages.c.next_at, _messages.c.id).limit(1)


def _claim(failed: set[int]) -> Any:
    """The next message that is due, ours for the length of the lease; None when there is none."""
    with reading() as connection:
        if connection.execute(_due(failed)).first() is None:
            return None
    chosen = _due(failed).with_for_update(skip_locked=True).scalar_subquery()
    claim = update(_messages).where(_messages.c.id == chosen)
    claim = claim.values(state="sending", attempts=_messages.c.attempts + 1, lease_until=now() + LEASE)
    with db.engine.begin() as connection:
        return connection.execute(claim.returning(_messages)).first()


def _send(message: Any) -> bool:
    """One try; whether it arrived."""
    with reading() as connection:
        hook = connection.execute(select(_hooks).where(_hooks.c.id == message.webhook_id)).first()
    if hook is None:
        return False
    began, at = time.monotonic(), now()
    code, error, answer, wait = _post(hook, message, at)
    arrived = code is not None and 200 <= code < 300
    tried: dict[str, Any] = {"at": at.isoformat(timespec="seconds"), "ms": round((time.monotonic() - began) * 1000)}
    tried |= {"code": code} | ({"error": error} if error else {}) | ({"answer": answer} if answer else {})
    _note(message, tried, arrived, wait)
    _judge(hook, at, arrived, gone=code == 410)
    return arrived


def _post(hook: Any, message: Any, at: datetime) -> tuple[int | None, str, str, float]:
    """Answer code, fault, the beginning of the answer, and the pause that the receiver asks for."""
    keys = _keys(hook, at)
    keep_secret(*keys)
    body = message.body.encode()
    headers = signed_headers(keys, message.ident, int(at.timestamp()), body) | {"Content-Type": "application/json"}
    try:
        check_address(hook.url)
        with (
            outgoing(hook.url, timeout=TIMEOUT) as client,
            client.stream("POST", hook.url, content=body, headers=headers) as answer,
        ):
            text = next(answer.iter_bytes(ANSWER_CUT), b"").decode("utf-8", "replace")
            return answer.status_code, "", mask(text, keys)[:ANSWER_CUT], _asked_pause(answer)
    except (httpx.HTTPError, httpx.InvalidURL, ZhianError, OSError) as problem:
        return None, mask(str(problem) or type(problem).__name__, keys)[:400], "", 0.0


def _keys(hook: Any, at: datetime) -> list[str]:
    """The present key, and the one before while it holds."""
    old = hook.old_secret if hook.old_until and hook.old_until > at else None
    return [key for key in (hook.secret, old) if key]


def _asked_pause(answer: httpx.Response) -> float:
    wanted = answer.headers.get("Retry-After", "")
    return float(min(int(wanted), LONGEST_PAUSE)) if wanted.isascii() and wanted.isdigit() and len(wanted) < 8 else 0.0


def _note(message: Any, tried: dict[str, Any], arrived: bool, wait: float) -> None:
    """Keep the try with its message, and say when the next one comes."""
    final = not arrived and message.attempts > len(PAUSES)
    pause = 0.0 if arrived or final else max(float(PAUSES[message.attempts - 1]), wait)
    values = {
        "state": "sent" if arrived else "dead" if final else "waiting",
        "next_at": None if arrived or final else now() + timedelta(seconds=pause),
        "lease_until": None,
        "code": tried["code"],
        "tries": [*(message.tries or []), tried][-KEPT_TRIES:],
    }
    if arrived:
        values["sent_at"] = now()
    mine = and_(_messages.c.id == message.id, _messages.c.attempts == message.attempts, _messages.c.state == "sending")
    with db.engine.begin() as connection:
        connection.execute(update(_messages).where(mine).values(values))


def _judge(hook: Any, at: datetime, arrived: bool, *, gone: bool) -> None:
    """Remember since when a webhook fails; switch it off when that is too long, or when the receiver is gone (410)."""
    since = None if arrived else hook.failing_since or at
    values = {"failing_since": since} | ({"sent_at": at} if arrived else {})
    with db.engine.begin() as connection:
        connection.execute(update(_hooks).where(_hooks.c.id == hook.id).values(values))
    if gone or (since is not None and at - since > OFF_AFTER):
        switch_off(hook.id, "gone" if gone else "failing")


def switch_off(hook_id: int, why: str) -> None:
    """Switch a webhook off and tell its person and who made it."""
    with system("a webhook is switched off") as session:
        hook = session.get(Webhook, hook_id)
        if hook is None or not hook.active:
            return
        words = {
            "gone": gettext("The receiver answered that it is gone for good (410)."),
            "failing": gettext("It failed for %(n)s days without a success.", n=OFF_AFTER.days),
        }
        hook.active, hook.off_reason = False, words[why]
        for person in session.scalars(select(User).where(User.id.in_({hook.user_id, hook.created_by_id or 0}))):
            with use_locale(person.locale):
                title = gettext("The webhook “%(name)s” was switched off.", name=hook.name)
                notify(
                    [person.id], title, body=words[why], severity="warning", record=hook, key=f"hook {hook_id} {now()}"
                )


def send_again(message: WebhookMessage) -> None:
    """Give a message a new life, under the same id: a receiver that has it already takes no notice."""
    message.state, message.attempts, message.next_at = "waiting", 0, now()
    db.session.flush()
    enqueue(SEND, key=SEND)


def forget_old() -> dict[str, int]:
    """Delete messages that arrived or were given up long ago; how many."""
    from core.webhooks.incoming import forget_seen

    old = and_(_messages.c.state.in_(("sent", "dead")), _messages.c.updated_at < now().astimezone(UTC) - KEPT)
    with db.engine.begin() as connection:
        messages = connection.execute(delete(_messages).where(old)).rowcount
    return {"messages": messages, "ids": forget_seen()}
