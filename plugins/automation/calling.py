"""Sending the calls that steps asked for: claimed, posted through the guard of outgoing calls, signed where the rule
has a key, repeated with growing pauses, then given up and told."""

from __future__ import annotations

from datetime import timedelta

import httpx
import orjson
from sqlalchemy import or_, select, update

from core import ZhianError, check_address, db, gettext, keep_secret, mask, now, outgoing, signed_headers, system
from plugins.automation.records import Call, Rule
from plugins.automation.working import alarm

PAUSES = (30, 300, 3600, 14_400, 43_200)
"""Seconds before each further try; then the call is given up."""
TIMEOUT = 10.0
LEASE = timedelta(minutes=2)
WHY = "a rule calls another system"
_quiet = {"synchronize_session": False}


def send_due(limit: int = 100) -> dict[str, int]:
    """The job: send what is due; counts by outcome."""
    counts: dict[str, int] = {}
    while sum(counts.values()) < limit and (claimed := _claim()) is not None:
        outcome = _send(*claimed)
        counts[outcome] = counts.get(outcome, 0) + 1
    return counts


def _claim() -> tuple[Call, Rule] | None:
    """The next call, marked as being sent before the first byte goes out; a sender that died leaves it for another."""
    with system(WHY):
        ready = (Call.state.in_(("waiting", "sending")), or_(Call.next_at.is_(None), Call.next_at <= now()))
        call = db.session.scalars(select(Call).where(*ready).order_by(Call.next_at, Call.id).limit(1)).first()
        if call is None:
            return None
        mine = (Call.id == call.id, Call.state == call.state, Call.attempts == call.attempts)
        values = {"state": "sending", "attempts": call.attempts + 1, "next_at": now() + LEASE}
        claimed = db.session.execute(update(Call).where(*mine).values(values), execution_options=_quiet)
        rule = db.session.scalars(select(Rule).where(Rule.id == call.rule_id)).one()
        db.session.refresh(call)
        db.session.expunge_all()
        return (call, rule) if claimed.rowcount == 1 else _claim()


def _send(call: Call, rule: Rule) -> str:
    code, error = _post(call, rule.signing_key)
    arrived = code is not None and 200 <= code < 300
    final = not arrived and call.attempts > len(PAUSES)
    state = "sent" if arrived else "dead" if final else "waiting"
    pause = timedelta(seconds=0 if arrived or final else PAUSES[call.attempts - 1])
    values = {"state": state, "code": code, "error": error[:400] or None, "next_at": now() + pause}
    with system(WHY):
        db.session.execute(update(Call).where(Call.id == call.id).values(values), execution_options=_quiet)
        if final:
            alarm(rule, gettext("a call to another system did not arrive"))
    return state


def _post(call: Call, key: str | None) -> tuple[int | None, str]:
    body = orjson.dumps(call.body)
    headers = {"Content-Type": "application/json", "webhook-id": call.key}
    if key:
        keep_secret(key)
        headers |= signed_headers([key], call.key, int(now().timestamp()), body)
    try:
        check_address(call.url)
        with (
            outgoing(call.url, timeout=TIMEOUT) as client,
            client.stream("POST", call.url, content=body, headers=headers) as answer,
        ):
            return answer.status_code, "" if answer.is_success else f"{answer.status_code} {answer.reason_phrase}"
    except (httpx.HTTPError, httpx.InvalidURL, ZhianError, OSError, ValueError) as problem:
        return None, mask(str(problem) or type(problem).__name__, [key] if key else [])
