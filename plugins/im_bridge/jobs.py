"""Background work of the messengers, and when it runs by itself."""

from __future__ import annotations

from datetime import timedelta

from core import Job, Schedule, Subscriber
from plugins.im_bridge import channel, deciding, following, people, robots, sending, updating
from plugins.im_bridge.receiving import WORK


def send() -> dict[str, int]:
    """What is unknown is cleared up, then what waits is sent, then cards are updated; mails for the rest."""
    counts = sending.reconcile()
    for found in (sending.send_due(), updating.update_due(), robots.send_due()):
        counts = {state: counts.get(state, 0) + found.get(state, 0) for state in {*counts, *found}}
    return counts | {"mailed": following.mail_what_did_not_arrive()}


def work() -> dict[str, int]:
    """Clicks and events that came in; the cards say at once how it ended."""
    counts = deciding.work()
    return counts | {"updated": sum(updating.update_due().values())} if counts else counts


def jobs() -> list[Job]:
    """The jobs by name."""
    return [
        Job(channel.SEND, send),
        Job(WORK, work),
        Job(people.SYNC, people.sync),
        Job("im_bridge.results", following.ask_results),
        Job("im_bridge.robots", robots.daily),
    ]


def schedules() -> list[Schedule]:
    """Every minute what a lost kick left behind; the digest of groups at an odd minute, when platforms are calm."""
    minute = timedelta(minutes=1)
    return [
        Schedule(channel.SEND, channel.SEND, every=minute),
        Schedule(WORK, WORK, every=minute),
        Schedule("im_bridge.results", "im_bridge.results", every=timedelta(minutes=10)),
        Schedule("im_bridge.robots", "im_bridge.robots", daily="08:47"),
    ]


def subscribers() -> list[Subscriber]:
    """What of the house becomes messages."""
    return [
        Subscriber("im_bridge.task_created", "workflow.task.created", channel.on_task_created),
        Subscriber("im_bridge.task_updated", "workflow.task.updated", channel.on_task_updated),
    ]
