"""Background work: sending, asking for payments, collecting, reconciling, tidying; and when each runs by itself."""

from __future__ import annotations

from datetime import timedelta

from core import Job, Schedule, Subscriber
from plugins.finance_bridge import collecting, payments, reconciling, sending, tidying


def push() -> dict[str, int]:
    """Move every document that is due."""
    return sending.push_due()


def jobs() -> list[Job]:
    """The jobs by name."""
    return [
        Job(collecting.PUSH, push),
        Job("finance_bridge.poll", payments.poll_all),
        Job("finance_bridge.collect", collecting.collect),
        Job(reconciling.RECONCILE, reconciling.reconcile, timeout=1800, bulk=True),
        Job("finance_bridge.tidy", tidying.tidy, timeout=1800, bulk=True),
    ]


def schedules() -> list[Schedule]:
    """Often enough that nobody waits, seldom enough that the ledger is left in peace."""
    return [
        Schedule(collecting.PUSH, collecting.PUSH, every=timedelta(seconds=30)),
        Schedule("finance_bridge.poll", "finance_bridge.poll", every=timedelta(minutes=2)),
        Schedule("finance_bridge.collect", "finance_bridge.collect", every=timedelta(minutes=10)),
        Schedule(reconciling.RECONCILE, reconciling.RECONCILE, daily="06:30"),
        Schedule("finance_bridge.tidy", "finance_bridge.tidy", daily="03:40"),
    ]


def subscribers() -> list[Subscriber]:
    """What billing tells."""
    return [
        Subscriber("finance_bridge.issued", "billing.bill.issued", collecting.on_issued),
        Subscriber("finance_bridge.voided", "billing.bill.voided", collecting.on_voided),
    ]
