"""Signatures, keeping calls, and answering them. Knows no Flask."""

from __future__ import annotations

import hashlib
import hmac
import re
from collections import Counter
from datetime import UTC, datetime
from typing import Any

from sqlalchemy import or_, select

from core import BadRequest, Query, Refused, _, count_records, create, db, labels, list_records, now, setting, system
from core import Filter as Where
from hotline.records import Call
from plugins.clients import Client, Contact

FRESH_SECONDS = 300


def signature(key: str, timestamp: str, body: bytes) -> str:
    """Hex HMAC-SHA256 of `<timestamp>.<body>`."""
    return hmac.new(key.encode(), timestamp.encode() + b"." + body, hashlib.sha256).hexdigest()


def is_genuine(given: str, timestamp: str, body: bytes) -> bool:
    """Whether the telephone system itself said this, within the last minutes. Without a key nothing is believed."""
    key = setting("hotline.key")
    if not key or not re.fullmatch(r"\d{9,11}", timestamp):
        return False
    fresh = abs(now().timestamp() - int(timestamp)) <= FRESH_SECONDS
    return hmac.compare_digest(signature(key, timestamp, body), given.strip().lower()) and fresh


def keep(told: dict[str, Any]) -> int | None:
    """Keep a call that was told; its id, or None when it was told before. Raises `BadRequest` for what is no call."""
    try:
        outside, number = str(told["id"])[:200], _tidy(str(told["number"]))
        at = datetime.fromtimestamp(int(told["at"]), UTC)
        seconds = int(told.get("seconds") or 0)
    except (KeyError, TypeError, ValueError, OverflowError, OSError):
        raise BadRequest(_("A call has id, number, at (Unix time) and seconds.")) from None
    with system("a call told by the telephone system") as session:
        if session.scalar(select(Call.id).where(Call.outside_id == outside)) is not None:
            return None
        values = {"caller": number, "called_at": at, "seconds": seconds, "outside_id": outside}
        call = create(Call, values | {"client": _client_of(number)}, allow=tuple(values))
        return call.id


def _tidy(number: str) -> str:
    """Digits with a plus and the country; raises `ValueError` for what is no number."""
    digits = re.sub(r"[^\d+]", "", number)
    if not re.fullmatch(r"\+?\d{5,15}", digits):
        raise ValueError(number)
    return digits if digits.startswith("+") else f"{setting('hotline.country')}{digits.lstrip('0')}"


def _client_of(number: str) -> int | None:
    """The client with this number, its own or a contact's, when there is just one."""
    local = number.removeprefix(setting("hotline.country"))
    wanted = (number, local, f"0{local}")
    own = select(Client.id).where(Client.phone.in_(wanted))
    theirs = select(Contact.client_id).where(or_(Contact.phone.in_(wanted), Contact.mobile.in_(wanted)))
    found = {*db.session.scalars(own), *db.session.scalars(theirs)} - {None}
    return found.pop() if len(found) == 1 else None


def answer(call: Any, given: dict[str, Any]) -> dict[str, Any]:
    """Somebody called back; raises `Refused` when somebody had."""
    if call.state == "answered":
        raise Refused(_("Somebody has called back already."))
    call.state, call.note = "answered", given.get("note") or call.note
    return {"message": _("Kept.")}


WAITING = (Where("state", "eq", "waiting"),)


def waiting() -> int | None:
    """How many calls wait that the person sees; None where there is none."""
    return count_records(Call, Query(filters=WAITING)) or None


def waiting_by_client() -> list[dict[str, Any]]:
    """Client and number of calls that wait, most first; calls of nobody known are one line."""
    rows = list_records(Call, Query(filters=WAITING, fields=("client",), limit=200)).rows
    names = labels("clients.client", [row["client"] for row in rows if row["client"]])
    clients = Counter(names.get(row["client"]) for row in rows)
    return [{"client": name, "calls": count} for name, count in clients.most_common()]
