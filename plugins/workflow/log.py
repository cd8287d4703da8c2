"""The log of a flow, one row for each step, and the messages to those who are asked. Written in the step's own
transaction."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from sqlalchemy import select

from core import _, current_principal, current_way, db, notify, now, record_class, use_locale
from plugins.workflow.choices import DERIVED, PAGE
from plugins.workflow.flow import Node
from plugins.workflow.records import Step, Task
from plugins.workflow.run import Run


def write(run: Run, what: str, node: Node | None = None, **more: Any) -> Step:
    """Add a line: who does it is who acts now; `more` are fields of the step."""
    who = current_principal()
    step = Step(
        instance_id=run.instance.id,
        at=now(),
        what=what,
        node=node.id if node else None,
        name=node.name if node else None,
        name_en=node.name_en or None if node else None,
        round=run.instance.round,
        actor_id=who.user_id,
        actor_name=None if who.is_system else who.name or None,
        via=None if who.is_system or what in DERIVED else PAGE if current_way() == "web" else current_way(),
        **more,
    )
    db.session.add(step)
    db.session.flush()
    return step


def tell_asked(run: Run, task: Task, people: Iterable[int]) -> None:
    """Each asked person hears of the task once."""
    me = current_principal().user_id
    _tell(task, [p for p in people if p != me], "ask", f"workflow-task-{task.id}", severity="warning")


def tell_urged(task: Task, people: Iterable[int]) -> None:
    """Each asked person hears of each urging once."""
    _tell(task, people, "urge", f"workflow-urge-{task.id}-{task.urged}", severity="urgent")


def tell_escalated(task: Task, people: Iterable[int]) -> None:
    """Who is asked as well because time ran out."""
    _tell(task, people, "escalate", f"workflow-escalate-{task.id}-{task.timers_run}", severity="urgent")


def tell_starter(run: Run, what: str) -> None:
    """Who started the flow hears how it ended."""
    me, starter = current_principal().user_id, run.instance.started_by_id
    if starter is None or starter == me:
        return
    with use_locale(_locales([starter]).get(starter, "zh")):
        title = run.instance.called
        subjects = {
            "complete": _("Flow completed: %(title)s", title=title),
            "stop": _("Flow ended: %(title)s", title=title),
            "withdraw": _("Flow withdrawn: %(title)s", title=title),
        }
        subject = str(subjects[what])
    key = f"workflow-{what}-{run.instance.id}-{run.instance.round}"
    notify([starter], subject, body=run.instance.reason or "", record=run.instance, key=key)


def _tell(task: Task, people: Iterable[int], what: str, key: str, severity: str) -> None:
    """In each reader's own language."""
    wanted = list(people)
    for ident, locale in _locales(wanted).items():
        with use_locale(locale):
            subjects = {
                "ask": _("For your decision: %(title)s", title=task.called)
                if task.kind == "approve"
                else _("To do: %(title)s", title=task.called),
                "urge": _("Urged: %(title)s", title=task.called),
                "escalate": _("Waits too long: %(title)s", title=task.called),
            }
            notify([ident], str(subjects[what]), body=task.named(), severity=severity, record=task, key=key)


def _locales(people: list[int]) -> dict[int, str]:
    user = record_class("core.user")
    return dict(db.session.execute(select(user.id, user.locale).where(user.id.in_(people))).all()) if people else {}
