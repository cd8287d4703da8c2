"""From a stored connection to a driver, the journal of what it says, and whether it is reachable."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from sqlalchemy import select, update

from core import Refused, gettext, notify, now, system
from plugins.finance_bridge.choices import LIVE
from plugins.finance_bridge.drivers.base import FinanceDriver, Misconfigured, Refusal, Trace
from plugins.finance_bridge.drivers.kingdee import Account, Client, KingdeeDriver
from plugins.finance_bridge.records import Book, Connection, Document, Exchange
from plugins.finance_bridge.rights import people

QUIET = timedelta(hours=12)
"""People are told again of a connection that stays wrong after this time."""


def account_of(connection: Connection) -> Account:
    """How the Kingdee client reaches this account set."""
    return Account(
        address=connection.address or "",
        account_set=connection.account_set or "",
        user=connection.user_name or "",
        app_id=connection.app_id or "",
        app_secret=connection.app_secret or "",
        org=connection.org or "0",
        ca_file=connection.ca_file or "",
        sign_in=connection.sign_in,
        timeout=float(connection.timeout or 30),
        client_secret=connection.client_secret or "",
    )


def key_field_of(book: Book) -> str:
    """The field over there that carries our key; vouchers have none unless one was agreed."""
    return book.key_field or "FBillNo"


@dataclass(frozen=True)
class Reach:
    """All that is needed to call the ledger of a book, read beforehand: no transaction is open during a call."""

    book_id: int
    connection_id: int
    kind: str
    account: Account
    prefix: str
    key_field: str
    mode: str
    audit: bool
    branch_id: int | None
    settle_seconds: int
    ready: bool


def reach_of(book_id: int) -> Reach:
    """How to reach the ledger of a book, read in a transaction of its own that has ended."""
    with system("read how the ledger is reached") as session:
        book = session.scalars(select(Book).where(Book.id == book_id)).one()
        connection = book.connection
        return Reach(
            book_id=book.id,
            connection_id=connection.id,
            kind=connection.kind,
            account=account_of(connection),
            prefix=connection.prefix,
            key_field=key_field_of(book),
            mode=book.mode,
            audit=bool(book.auto_audit),
            branch_id=book.branch_id,
            settle_seconds=connection.settle_seconds or 0,
            ready=bool(connection.active) and book.state == "active",
        )


@contextmanager
def driver_of(reach: Reach, document_id: int | None = None) -> Iterator[FinanceDriver]:
    """A driver whose exchanges are kept in the journal. Raises `Misconfigured` for sheets and unfit addresses."""
    if reach.kind != "kingdee":
        raise Misconfigured("sheets are carried by hand", "file")
    try:
        client = Client(reach.account, journal(reach.connection_id, reach.branch_id, document_id))
    except Refused as problem:
        raise Misconfigured(str(problem), "address") from None
    try:
        yield KingdeeDriver(client, prefix=reach.prefix, key_field=reach.key_field, audit=reach.audit)
    finally:
        client.close()


def journal(connection_id: int, branch_id: int | None, document_id: int | None) -> Callable[[Trace], None]:
    """Keeps each exchange in a transaction of its own: whatever happens after it, it did happen."""

    def keep(trace: Trace) -> None:
        with system("journal of exchanges with the ledger") as session:
            session.add(
                Exchange(
                    connection_id=connection_id,
                    document_id=document_id,
                    branch_id=branch_id,
                    at=now(),
                    operation=trace.operation,
                    form=trace.form or None,
                    outcome=trace.outcome,
                    http_status=trace.http_status,
                    duration_ms=trace.duration_ms,
                    error=trace.error[:1000] or None,
                    request=trace.request or None,
                    answer=trace.answer or None,
                )
            )

    return keep


def heard(connection_id: int, fault: Exception | None = None) -> None:
    """Remember whether the ledger answers; tell people once when the set-up is wrong."""
    reach, note = _reach(fault)
    with system("whether the ledger is reachable") as session:
        connection = session.scalars(select(Connection).where(Connection.id == connection_id)).one()
        again = connection.reach != reach or (connection.reach_at or now() - QUIET) <= now() - QUIET
        if not again and connection.reach_note == note:
            return
        if reach == "ok" and connection.reach != "ok":
            _wake(session, connection.id)
        # by a statement: several workers may learn it at once, and none of them edits the record
        values = {"reach": reach, "reach_note": note, "reach_at": now()}
        statement = update(Connection).where(Connection.id == connection_id).values(values)
        session.execute(statement.execution_options(synchronize_session=False))
        if reach == "misconfigured" and again:
            subject = gettext("Finance connection “%(name)s” is set up wrongly", name=connection.name)
            notify(people(None), subject, body=note or "", severity="urgent", record=connection)


def in_words(fault: Exception) -> str:
    """What went wrong, for people; what the other side said stands behind it."""
    words = {
        "no_connection": gettext("Nobody answers at this address."),
        "timeout": gettext("No answer in time."),
        "connection_lost": gettext("The connection broke before an answer came."),
        "server_error": gettext("It answers with an error of its own."),
        "tls": gettext("Its certificate is not trusted; add the file of its authority."),
        "app_id": gettext("The application id has another form than <client>_<32 characters>."),
        "session": gettext("Account set, application or key is wrong, or this address is not allowed there."),
        "throttled": gettext("It asks us to come back later."),
        "address": gettext("There is no such service at this address."),
    }
    told = getattr(fault, "message", str(fault))
    return " ".join(filter(None, (words.get(getattr(fault, "code", "")), told)))[:400]


def _wake(session: Any, connection_id: int) -> None:
    """What waited for the ledger to answer again waits no longer."""
    books = select(Book.id).where(Book.connection_id == connection_id)
    waiting = (Document.state.in_(LIVE), Document.reason.in_(("not_reached", "misconfigured")))
    statement = update(Document).where(Document.book_id.in_(books), *waiting).values(next_at=now(), waits=0)
    session.execute(statement.execution_options(synchronize_session=False))


def _reach(fault: Exception | None) -> tuple[str, str | None]:
    if fault is None or isinstance(fault, Refusal):
        return "ok", None
    note = in_words(fault)
    return ("misconfigured" if isinstance(fault, Misconfigured) else "not_reached"), str(note)[:400]
