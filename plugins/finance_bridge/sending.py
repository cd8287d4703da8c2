"""A document on its way: claimed, looked for, sent once, its outcome kept. Nothing is ever sent again without looking.

pending → sent → confirmed | unknown | failed | held. `sent` is written before the request leaves, so that a process
that dies in between leaves a document that is looked for; `unknown` ends only by what the ledger itself shows.
"""

from __future__ import annotations

import logging
import secrets
import time
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from sqlalchemy import or_, select, update

from core import gettext, notify, now, system
from plugins.finance_bridge.choices import LIVE
from plugins.finance_bridge.drafting import draft_of
from plugins.finance_bridge.drivers.base import (
    Doubtful,
    Fault,
    FinanceDriver,
    Misconfigured,
    NotReached,
    Receivable,
    Refusal,
    Remote,
    Voucher,
)
from plugins.finance_bridge.reaching import Reach, driver_of, heard, in_words, reach_of
from plugins.finance_bridge.records import Document
from plugins.finance_bridge.rights import people

log = logging.getLogger("zhian.finance")

LEASE = timedelta(minutes=5)
"""How long one process has a document for itself, counted anew when it sends; longer than connecting, sending and
waiting together may take, so that nobody looks for a document that is still on its way."""
PAUSES = (10, 30, 60, 120, 300, 600, 1800)
"""Seconds until the next try; the last one repeats."""
LOOKS = 2
"""How often an unknown document must be looked for in vain before it counts as not there."""
WHY = "a finance document goes its way"


@dataclass
class Work:
    """A claimed document: what was read of it, and the claim that guards each write."""

    id: int
    claim: str
    state: str
    mode: str
    key: str
    reach: Reach
    draft: Receivable | Voucher | None = None


def push_due(limit: int = 200, seconds: float = 240.0) -> dict[str, int]:
    """Move every document that is due one step or more; counts by the state they are in afterwards."""
    counts: dict[str, int] = {}
    end = time.monotonic() + seconds
    for ident in due(limit):
        if time.monotonic() > end:
            break
        try:
            state = push(ident)
        except Exception:
            log.exception("finance document %s: the step broke off; its claim runs out and it is looked for", ident)
            state = "broken"
        counts[state] = counts.get(state, 0) + 1
    return counts


def due(limit: int) -> list[int]:
    """Documents that may be worked on now, the oldest first."""
    query = select(Document.id).where(Document.state.in_(LIVE), Document.next_at <= now(), _free())
    with system("look for finance documents to send") as session:
        return list(session.scalars(query.order_by(Document.next_at, Document.id).limit(limit)))


def push(document_id: int) -> str:
    """Work on one document; its state afterwards, or `taken` when another process has it or nothing is to be done."""
    work = claim(document_id)
    if work is None:
        return "taken"
    if not work.reach.ready or work.reach.kind == "file":
        reason = "sheet" if work.reach.ready else "inactive"
        return leave(work, work.state, reason=reason, next_at=now() + timedelta(minutes=10))
    try:
        with driver_of(work.reach, work.id) as driver:
            state = _look_again(work, driver) if work.state in ("sent", "unknown") else _send(work, driver)
    except Fault as fault:
        state = _not_now(work, fault)
    return state


def _free() -> Any:
    return or_(Document.claimed_until.is_(None), Document.claimed_until < now())


def claim(document_id: int) -> Work | None:
    """Make the document ours for a while; None when somebody else has it."""
    token = secrets.token_hex(12)
    mine = update(Document).where(
        Document.id == document_id, Document.state.in_(LIVE), Document.next_at <= now(), _free()
    )
    mine = mine.values(claim=token, claimed_until=now() + LEASE).execution_options(synchronize_session=False)
    with system(WHY) as session:
        if session.execute(mine).rowcount != 1:
            return None
        row = session.scalars(select(Document).where(Document.id == document_id)).one()
        held = (row.id, token, row.state, row.mode, row.external_key)
        book_id = row.book_id
    return Work(*held, reach_of(book_id))


def leave(work: Work, state: str, *, keep: bool = False, **values: Any) -> str:
    """Write the outcome if the claim still holds; the state, or `taken`. `keep` holds the claim for a further step."""
    with system(WHY) as session:
        row = session.scalars(select(Document).where(Document.id == work.id).with_for_update()).one()
        if row.claim != work.claim:
            return "taken"
        row.state = work.state = state
        for name, value in values.items():
            setattr(row, name, value)
        if not keep:
            row.claim = row.claimed_until = None
        if state in ("failed", "held"):
            _tell(row)
    return state


def _tell(row: Document) -> None:
    """A dead letter is told to finance, once for each time it dies."""
    subject = gettext("Finance document %(key)s needs a person", key=row.external_key)
    key = f"finance-dead-{row.id}-{row.attempts}-{row.version}"
    notify(people(row.branch_id), subject, body=row.error or "", severity="warning", record=row, key=key)


def _send(work: Work, driver: FinanceDriver) -> str:
    """Look for it, write down that it leaves, send it once."""
    problem = prepare(work)
    if problem is not None:
        return problem
    found = driver.find_by_external_key(work.mode, work.key)
    if found is not None:
        return confirm(work, found)
    attempts = _attempts(work) + 1
    leaving = {"attempts": attempts, "sent_at": now(), "claimed_until": now() + LEASE, "reason": None, "error": None}
    if leave(work, "sent", keep=True, **leaving) != "sent":
        return "taken"
    try:
        made = _create(driver, work)
    except Doubtful as fault:
        return _doubt(work, fault)
    except Refusal as fault:
        return _refused(work, driver, fault)
    heard(work.reach.connection_id)
    return confirm(work, made)


def _create(driver: FinanceDriver, work: Work) -> Remote:
    if isinstance(work.draft, Voucher):
        return driver.create_voucher(work.draft)
    assert isinstance(work.draft, Receivable)
    return driver.create_receivable(work.draft)


def prepare(work: Work) -> str | None:
    """Build what is to be sent; the state in which the document is left when it cannot leave now."""
    with system(WHY) as session:
        row = session.scalars(select(Document).where(Document.id == work.id)).one()
        original = row.reverses
        closed = row.book.closed_until
        day, state = row.day, original.state if original else None
        try:
            work.draft = draft_of(row)
            fault = None
        except Refusal as problem:
            fault = problem
    if state in ("cancelled", "failed"):
        return leave(work, "cancelled", reason="voided")
    if state not in (None, "confirmed"):
        return leave(work, "pending", reason="waits_original", next_at=now() + timedelta(seconds=30))
    if closed is not None and day <= closed:
        return leave(work, "held", reason="closed_period", error=gettext("closed until %(day)s", day=closed))
    if fault is not None:
        return leave(work, "failed", reason=fault.code, error=fault.message[:1000])
    return None


def _attempts(work: Work) -> int:
    with system(WHY) as session:
        return session.scalar(select(Document.attempts).where(Document.id == work.id)) or 0


def confirm(work: Work, remote: Remote) -> str:
    """The ledger has it: keep its id and number; an amount that differs is held for a person."""
    values = {"remote_id": remote.remote_id, "remote_number": remote.number, "remote_state": remote.state or None}
    values |= {"confirmed_at": now(), "doubt_since": None, "doubt_looks": 0, "doubt_told": False, "waits": 0}
    with system(WHY) as session:
        amount = session.scalar(select(Document.amount).where(Document.id == work.id))
    if remote.total != amount:
        told = gettext("here %(ours)s, there %(theirs)s", ours=amount, theirs=remote.total)
        return leave(work, "held", reason="amount", error=told, **values)
    return leave(work, "confirmed", reason=None, error=None, **values)


def _doubt(work: Work, fault: Doubtful) -> str:
    """It may be there: only the ledger can tell."""
    rest = now() + timedelta(seconds=min(5, work.reach.settle_seconds))
    values = {"doubt_since": now(), "doubt_looks": 0, "doubt_told": fault.told, "next_at": rest}
    return leave(work, "unknown", reason="doubtful", error=in_words(fault), **values)


def _refused(work: Work, driver: FinanceDriver, fault: Refusal) -> str:
    """A number that is taken is our own document more often than not; a closed period asks a person."""
    if fault.code == "duplicate":
        try:
            found = driver.find_by_external_key(work.mode, work.key)
        except (NotReached, Misconfigured) as problem:
            return _doubt(work, Doubtful(problem.message, problem.code))
        if found is not None:
            return confirm(work, found)
    heard(work.reach.connection_id)
    reason = fault.code if fault.code in ("closed_period", "double", "unbalanced", "mapping") else "validation"
    state = "held" if reason in ("closed_period", "double") else "failed"
    return leave(work, state, reason=reason, error=fault.message[:1000])


def _look_again(work: Work, driver: FinanceDriver) -> str:
    """Of a document whose outcome nobody knows: found is confirmed; absent often and long enough is not there."""
    if work.state == "sent":  # the process that sent it died before it wrote the answer down
        first = {"doubt_since": now(), "doubt_looks": 0, "doubt_told": False, "reason": "doubtful"}
        if leave(work, "unknown", keep=True, **first) != "unknown":
            return "taken"
    found = driver.find_by_external_key(work.mode, work.key)
    heard(work.reach.connection_id)
    if found is not None:
        return confirm(work, found)
    with system(WHY) as session:
        row = session.scalars(select(Document).where(Document.id == work.id)).one()
        since, looks, told, error = row.doubt_since or now(), row.doubt_looks + 1, row.doubt_told, row.error
    rest = since + timedelta(seconds=work.reach.settle_seconds)
    if looks < LOOKS or now() < rest:
        soon = now() + timedelta(seconds=min(15, work.reach.settle_seconds))
        return leave(work, "unknown", doubt_looks=looks, next_at=max(soon, rest) if looks >= LOOKS else soon)
    if told:
        return leave(work, "failed", reason="told_error", error=error, doubt_since=None)
    return leave(work, "pending", next_at=now(), doubt_since=None, doubt_looks=0, reason=None)


def _not_now(work: Work, fault: Fault) -> str:
    """The ledger did not take it, and surely so: wait and try again. Two documents of one key ask a person."""
    if isinstance(fault, Refusal):
        state = "held" if fault.code == "double" else work.state
        return leave(work, state, reason="double" if state == "held" else None, error=fault.message[:1000])
    heard(work.reach.connection_id, fault)
    state = "pending" if work.state == "sent" else work.state
    reason = "misconfigured" if isinstance(fault, Misconfigured) else "not_reached"
    with system(WHY) as session:
        waits = session.scalar(select(Document.waits).where(Document.id == work.id)) or 0
    later = now() + timedelta(seconds=PAUSES[min(waits, len(PAUSES) - 1)])
    return leave(work, state, reason=reason, error=in_words(fault), next_at=later, waits=waits + 1)
