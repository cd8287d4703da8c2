"""Background work, and when it runs by itself."""

from __future__ import annotations

from datetime import timedelta

from core import Job, Schedule
from plugins.inbox import delivering, digests, escalating, settling, snoozing
from plugins.inbox.replies import fetching
from plugins.inbox.sms import sending

DELIVER, FETCH = "inbox.deliver", "inbox.fetch_replies"


def deliver() -> dict[str, int]:
    """Put-off messages wake up, what is done is settled, what waited leaves, digests, escalations."""
    counts = {"woken": snoozing.wake(), "settled": settling.settle()} | delivering.work_due()
    return counts | digests.send_digests() | escalating.escalate()


def jobs() -> list[Job]:
    """The jobs by name."""
    return [
        Job(DELIVER, deliver),
        Job(FETCH, fetching.fetch),
        Job(sending.JOB, sending.send_due),
    ]


def schedules() -> list[Schedule]:
    """Each minute; what was missed meanwhile is found by its state and not by the clock."""
    minute = timedelta(minutes=1)
    return [
        Schedule(DELIVER, DELIVER, every=minute),
        Schedule(FETCH, FETCH, every=2 * minute),
        Schedule(sending.JOB, sending.JOB, every=minute),
    ]
