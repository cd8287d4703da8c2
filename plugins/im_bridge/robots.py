"""Group robots: a daily line of figures to the people of a department. No names of clients, nothing to click."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from sqlalchemy import func, select, update

from core import Refused, gettext, now, record_class, registry, system, today, use_locale
from plugins.im_bridge import quotas
from plugins.im_bridge.accounts import house
from plugins.im_bridge.records import Message, Robot
from plugins.im_bridge.vendors import robots as vendor
from plugins.im_bridge.vendors.calls import CallFailed
from plugins.im_bridge.wording import address

DEADLINE = "deadlines.deadline"
ENDED = ("met", "waived", "missed", "passed", "superseded")
TRIES = 5


def daily() -> dict[str, int]:
    """Today's digest for each robot that wants one, written once a day, and sent."""
    with system("the daily digest of group robots") as session, use_locale("zh"):
        if DEADLINE in registry().types:
            wanted = select(Robot).where(Robot.active, Robot.daily, Robot.archived_at.is_(None))
            for robot in session.scalars(wanted):
                queue(
                    session,
                    robot,
                    f"d{today():%Y%m%d}",
                    gettext("Deadlines, %(day)s", day=today().isoformat()),
                    _digest(session, robot),
                )
    return send_due()


def _digest(session: Any, robot: Robot) -> str:
    model = record_class(DEADLINE)
    open_ones = select(func.count()).select_from(model).where(model.status.not_in(ENDED))
    if robot.department_id:
        open_ones = open_ones.where(model.department_id == robot.department_id)
    week = today() + timedelta(days=7)
    counts = (
        (gettext("Overdue"), open_ones.where(model.due < today())),
        (gettext("Due today"), open_ones.where(model.due == today())),
        (gettext("Within seven days"), open_ones.where(model.due > today(), model.due <= week)),
    )
    lines = [f"- {label}: **{session.scalar(query)}**" for label, query in counts]
    if url := address("/r/deadlines.deadline"):
        lines.append(f"\n[{gettext('Open the list')}]({url})")
    return "\n".join(lines)


def queue(session: Any, robot: Robot, name: str, title: str, text: str) -> None:
    """One message into a group; the same name only once."""
    key = f"zhian_{house()}_g{robot.id}_{name}"
    if session.scalar(select(Message.id).where(Message.key == key)) is None:
        session.add(Message(robot_id=robot.id, kind="robot", key=key, subject=title, body=text, next_at=now()))
        session.flush()


def send_due(limit: int = 50) -> dict[str, int]:
    """Send what waits for groups; counts by outcome."""
    counts: dict[str, int] = {}
    for _turn in range(limit):
        claimed = _claim()
        if claimed is None:
            break
        state = _send(*claimed)
        counts[state] = counts.get(state, 0) + 1
    return counts


def _claim() -> tuple[int, int, dict[str, Any]] | None:
    with system("claim a group message") as session:
        query = select(Message).where(Message.kind == "robot", Message.state == "pending", Message.next_at <= now())
        message = session.scalars(query.order_by(Message.id).limit(1).with_for_update(skip_locked=True)).first()
        if message is None:
            return None
        if not quotas.robot_is_free(session, message.robot_id):
            message.next_at = now() + timedelta(seconds=61)
            return None
        message.state, message.claimed_at, message.attempts = "sending", now(), message.attempts + 1
        robot = session.get(Robot, message.robot_id)
        call = {"kind": robot.kind, "key": robot.key or "", "sign_secret": robot.sign_secret or ""}
        call |= {"title": message.subject, "text": message.body or "", "server": robot.server or ""}
        return message.id, message.attempts, call


def _send(message_id: int, attempts: int, call: dict[str, Any]) -> str:
    problem: CallFailed | None = None
    try:
        vendor.send(**call, now_ms=int(now().timestamp() * 1000))
    except (CallFailed, Refused) as failure:
        problem = failure if isinstance(failure, CallFailed) else CallFailed("refused", "address", str(failure))
    return _outcome(message_id, attempts, problem)


def _outcome(message_id: int, attempts: int, problem: CallFailed | None) -> str:
    """A group cannot be asked whether a message arrived: what is unknown is not repeated."""
    state = "sent" if problem is None else "pending" if problem.kind in ("throttled", "unreachable") else "failed"
    state = "failed" if state == "pending" and attempts >= TRIES else state
    with system("a group message went out") as session:
        message = session.get(Message, message_id)
        message.state, message.error = state, str(problem)[:400] if problem else None
        message.sent_at = now() if problem is None else None
        message.next_at = now() + timedelta(minutes=10 if problem and problem.kind == "throttled" else 2)
        said = {"last_error": message.error} if problem else {"last_error": None, "last_ok_at": now()}
        change = update(Robot).where(Robot.id == message.robot_id).values(**said)
        session.execute(change.execution_options(synchronize_session=False))
    return state
