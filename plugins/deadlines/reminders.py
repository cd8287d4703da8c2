"""Deciding reminders: each step of each deadline for each person once, whatever happened to the scheduler meanwhile.

A decision, its message and its mail are rows of one transaction; the unique key of the database makes it single. After
an outage all steps that were passed are decided: the latest goes out, earlier ones are marked as covered by it.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import date, timedelta
from typing import Any

from sqlalchemy import or_, select

from core import db, elevated, local, notify, now, record_class, send_mail, today, use_locale
from plugins.deadlines.choices import LIVE
from plugins.deadlines.letters import reminder_text
from plugins.deadlines.plans import Step, plan_for, steps_of
from plugins.deadlines.records import Deadline, Reminder, ReminderPlan

HORIZON = timedelta(days=400)
"""No plan reminds earlier than this before a date."""
PAST = timedelta(days=30)
"""An overdue deadline without an owner's act is reminded no longer than this after its date."""
BATCH = 200


def remind(as_of: date | None = None, case_id: int | None = None) -> dict[str, int]:
    """Decide what is due to be reminded up to `as_of` (today), of all cases or one; how many reminders and mails."""
    day = as_of or today()
    made = {"reminders": 0, "mails": 0}
    with elevated("decide reminders"):
        plans = list(
            db.session.scalars(select(ReminderPlan).where(ReminderPlan.archived_at.is_(None)).order_by(*_ORDER))
        )
        last_id = 0
        while batch := _candidates(day, last_id, case_id):
            last_id = batch[-1].id
            _decide_batch(batch, plans, day, made)
    return made


_ORDER = (ReminderPlan.position, ReminderPlan.id)


def _candidates(day: date, after: int, case_id: int | None) -> list[Deadline]:
    """Live deadlines near enough, with somebody to tell: an imported docket may have nobody yet."""
    near = (Deadline.status.in_(LIVE), Deadline.due <= day + HORIZON, Deadline.due >= day - PAST)
    people = (Deadline.responsible_id, Deadline.deputy_id, Deadline.department_id)
    somebody = or_(*(column.is_not(None) for column in people))
    chosen = select(Deadline).where(*near, somebody, Deadline.id > after)
    if case_id is not None:
        chosen = chosen.where(Deadline.case_id == case_id)
    return list(db.session.scalars(chosen.order_by(Deadline.id).limit(BATCH)))


def _decide_batch(batch: Sequence[Deadline], plans: Iterable[Any], day: date, made: dict[str, int]) -> None:
    people = _People([d.responsible_id for d in batch], [d.department_id for d in batch])
    decided = _decided([deadline.id for deadline in batch])
    cases = _cases({deadline.case_id for deadline in batch})
    for deadline in batch:
        plan = plan_for(deadline, plans)
        if plan is None:
            continue
        passed = _passed(deadline, plan, day)
        for person in people.of(deadline, to_head=plan.to_head):
            fresh = [step for step in passed if (deadline.id, step.code, person.id) not in decided]
            for step in fresh:
                latest = step is passed[-1]
                _decide(deadline, cases.get(deadline.case_id), plan, step, person, latest, made)
    db.session.flush()


def _passed(deadline: Deadline, plan: Any, day: date) -> list[Step]:
    """Steps whose day has come. Of those older than the deadline itself only the last one: it is told at once."""
    come = [step for step in steps_of(deadline, plan) if step.day <= day]
    made = local(deadline.created_at).date()
    return [step for step in come if step.day >= made or step is come[-1]]


def _decided(ids: list[int]) -> set[tuple[int, str, int]]:
    query = select(Reminder.deadline_id, Reminder.step, Reminder.user_id).where(Reminder.deadline_id.in_(ids))
    return {tuple(row) for row in db.session.execute(query)}


def _cases(ids: set[int]) -> dict[int, Any]:
    model = record_class("cases.case")
    return {case.id: case for case in db.session.scalars(select(model).where(model.id.in_(ids)))}


class _People:
    """The people concerned with a batch of deadlines, loaded at once."""

    def __init__(self, responsible: list[int | None], departments: list[int | None]) -> None:
        user, department = record_class("core.user"), record_class("core.department")
        heads = select(department.id, department.head_id).where(department.id.in_({d for d in departments if d}))
        self._heads = {row[0]: row[1] for row in db.session.execute(heads)}
        wanted = {ident for ident in (*responsible, *self._heads.values()) if ident}
        self._users = {u.id: u for u in db.session.scalars(select(user).where(user.id.in_(wanted), user.active))}
        self._user = user

    def of(self, deadline: Deadline, *, to_head: bool) -> list[Any]:
        """The agent in charge (the deputy where there is none) and the head of the department, each once."""
        head = self._heads.get(deadline.department_id) if deadline.department_id else None
        first = self._users.get(deadline.responsible_id) or self._deputy(deadline)
        found = [first, self._users.get(head) if to_head or first is None else None]
        return list({person.id: person for person in found if person is not None}.values())

    def _deputy(self, deadline: Deadline) -> Any:
        if deadline.deputy_id is None:
            return None
        return db.session.scalars(select(self._user).where(self._user.id == deadline.deputy_id)).first()


def _decide(
    deadline: Deadline, case: Any, plan: Any, step: Any, person: Any, latest: bool, made: dict[str, int]
) -> None:
    reminder = Reminder(
        deadline_id=deadline.id,
        step=step.code,
        user_id=person.id,
        planned_for=step.day,
        decided_at=now(),
        plan_id=plan.id,
        status="sent" if latest else "covered",
    )
    if latest:
        with use_locale(person.locale or "zh"):
            subject, body = reminder_text(deadline, case, person, strong=plan.strong)
        key = f"deadline-{deadline.id}-{step.code}"
        reminder.mail_id = send_mail(
            person.email, subject, body, user_id=person.id, record=deadline, key=f"{key}-{person.id}"
        )
        notify([person.id], subject, severity=deadline.severity, record=deadline, key=key)
        made["mails"] += 1
    db.session.add(reminder)
    made["reminders"] += 1
