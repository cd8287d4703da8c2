"""The journal of exchanges does not grow for ever: what its connection need not keep goes, but for open matters."""

from __future__ import annotations

from datetime import timedelta

from sqlalchemy import delete, or_, select

from core import now, system
from plugins.finance_bridge.records import Connection, Document, Exchange

SETTLED = ("confirmed", "cancelled")
AT_ONCE = 2000


def tidy() -> dict[str, int]:
    """Job: how many entries went."""
    with system("connections and how long their journal is kept") as session:
        kept = session.execute(select(Connection.id, Connection.keep_days)).all()
    return {"removed": sum(_of(connection, days) for connection, days in kept)}


def _of(connection: int, days: int) -> int:
    """In pieces, so that nobody waits for a long transaction."""
    settled = select(Document.id).where(Document.state.in_(SETTLED))
    old = select(Exchange.id).where(
        Exchange.connection_id == connection,
        Exchange.at < now() - timedelta(days=days),
        or_(Exchange.document_id.is_(None), Exchange.document_id.in_(settled)),
    )
    removed = 0
    while True:
        with system("old entries of the journal go") as session:
            ids = list(session.scalars(old.order_by(Exchange.id).limit(AT_ONCE)))
            if ids:
                gone = delete(Exchange).where(Exchange.id.in_(ids))
                session.execute(gone.execution_options(synchronize_session=False))
        removed += len(ids)
        if len(ids) < AT_ONCE:
            return removed
