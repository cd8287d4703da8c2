"""Events of the house become messages: notifications, approvals, what became of them. Sending is elsewhere."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from sqlalchemy import select

from core import Channel, Trace, _, db, enqueue, gettext, now, use_locale
from plugins.im_bridge import wording
from plugins.im_bridge.accounts import account_of, house, locale_of
from plugins.im_bridge.records import App, Message, Person

SEND = "im_bridge.send"
TASK = "workflow.task"
TOLD = {"sent": "sent", "confirmed": "delivered", "failed": "failed", "void": "failed"}
SAME_MOMENT = timedelta(seconds=15)
"""A notification about a task that was written with it says what its card says."""


def wanted(note: Any, _person: Any) -> bool:
    """Whether somebody has an account, and is not told by a card; what is older than the app is no news."""
    reached = account_of(note.user_id)
    if reached is None or note.created_at < reached[0].created_at:
        return False
    return not (note.record_key == TASK and reached[0].approvals != "message" and _told_by_card(note))


def send(note: Any, _person: Any) -> None:
    """One message of the house to a person of ours who has an account; one that failed goes again."""
    reached = account_of(note.user_id)
    if reached is None:
        return
    app, person = reached
    if (failed := _message_of(note)) is not None and failed.state == "failed":
        failed.state, failed.attempts, failed.next_at = "pending", 0, now()
    with use_locale(locale_of(note.user_id)):
        words = wording.for_notification(note, app.detail)
    wait = timedelta(minutes=app.digest_minutes if note.severity == "info" else 0)
    about = {"record_key": note.record_key, "record_id": note.record_id, "severity": note.severity}
    add(app, person, "message", _key_of(note), words, next_at=now() + wait, **about)


def _message_of(note: Any) -> Message | None:
    return db.session.scalars(select(Message).where(Message.key == _key_of(note))).first()


def _key_of(note: Any) -> str:
    return f"zhian_{house()}_n{note.id}"


def trace(note: Any, _person: Any) -> Trace | None:
    """What became of a message in the messenger."""
    found = _message_of(note)
    if found is None:
        return None
    return Trace(TOLD.get(found.state, "waiting"), found.remote_id, found.error)


def channels() -> list[Channel]:
    """The messenger as a channel for messages of the house."""
    return [Channel("im_bridge.messenger", _("WeCom or DingTalk"), send, wanted, trace)]


def _told_by_card(note: Any) -> bool:
    task = wording.find(note.record_key, note.record_id)
    return task is not None and abs(note.created_at - task.created_at) < SAME_MOMENT


def on_task_created(payload: dict[str, Any], _key: str) -> None:
    """`workflow.task.created`: a card or to-do for each person who may decide it."""
    task = wording.find(TASK, payload["id"])
    if task is not None and task.state == "open" and task.kind != "client":
        for user_id in asked(task):
            ask(task, user_id)


def on_task_updated(payload: dict[str, Any], _key: str) -> None:
    """`workflow.task.updated`: a task that is no longer open closes its cards; new people of an open one get theirs."""
    task = wording.find(TASK, payload["id"])
    if task is not None and task.kind != "client":
        for user_id in close_cards(task):
            ask(task, user_id)


def close_cards(task: Any) -> set[int]:
    """What was asked of people who are no longer asked is closed; who still is."""
    people = asked(task) if task.state == "open" else set()
    for message in db.session.scalars(select(Message).where(Message.record_key == TASK, Message.record_id == task.id)):
        if message.kind == "message" or (message.user_id in people and message.round == task.round):
            continue
        with use_locale(locale_of(message.user_id)):
            close(message, outcome_of(task))
    return people


def asked(task: Any) -> set[int]:
    """Who may decide the task."""
    named = {task.assignee_id} if task.assignee_id else {int(ident) for ident in task.candidates or ()}
    return named - {None}


def ask(task: Any, user_id: int) -> None:
    """The messages that ask one person, each once for task, round and person."""
    reached = account_of(user_id)
    if reached is None:
        return
    app, person = reached
    with use_locale(locale_of(user_id)):
        words = wording.for_task(task, app.detail)
    base = f"zhian_{house()}_t{task.id}_{task.round}_{user_id}"
    more = {
        "record_key": TASK,
        "record_id": task.id,
        "round": task.round,
        "record_version": task.record_version,
        "severity": "warning",
    }
    for kind in _kinds(app, person):
        buttons = kind == "card" and app.buttons and is_simple(task)
        known = kind if kind != "card" or buttons or app.kind == "dingtalk" else "message"
        add(app, person, known, f"{base}_{kind[0]}", words, buttons=buttons, **more)


def _kinds(app: App, person: Person) -> list[str]:
    """In which forms an approval arrives: what the app wants, as far as it can."""
    wanted = ["card", "todo"] if app.approvals == "both" else [app.approvals]
    can = {"message": True, "card": app.kind == "wecom" or bool(app.template_id), "todo": bool(person.union_id)}
    return [kind for kind in wanted if can[kind] and (kind != "todo" or app.kind == "dingtalk")] or ["message"]


def is_simple(task: Any) -> bool:
    """Whether it may be decided without looking further: an approval that asks for no remark."""
    if task.kind != "approve":
        return False
    node = _node(task)
    return node.get("card", True) is not False and node.get("opinion") not in ("required", True)


def _node(task: Any) -> dict[str, Any]:
    """The settings of the task's node; empty when the flow does not tell."""
    waiting = list(getattr(getattr(getattr(task, "instance", None), "definition", None), "nodes", None) or ())
    while waiting:
        node = waiting.pop()
        if node.get("id") == task.node:
            return node
        waiting += [inner for branch in node.get("branches") or () for inner in branch.get("nodes") or ()]
    return {}


def outcome_of(task: Any) -> str:
    """What a card says when there is nothing left to decide."""
    if task.state == "done" and task.decision:
        words = {
            "approve": gettext("Approved"),
            "reject": gettext("Rejected"),
            "send_back": gettext("Sent back"),
            "done": gettext("Done"),
        }
        said = words.get(task.decision, gettext("Decided"))
        who = task.decided_by.name if task.decided_by_id and task.decided_by else ""
        return f"{said} · {who}" if who else said
    words = {"handed_on": gettext("Handed on"), "withdrawn": gettext("Withdrawn")}
    return words.get(task.state, gettext("No longer open"))


def close(message: Message, text: str) -> None:
    """Nothing is asked any more: what has not left stays here, what has is updated."""
    if message.state in ("pending", "held"):
        message.state = "void"
    elif message.state not in ("failed", "void") and message.update_state in ("none", "failed"):
        say(message, text)


def say(message: Message, text: str) -> None:
    """Have the card show `text` in place of its buttons."""
    message.update_state, message.update_text, message.update_tries, message.claimed_at = "due", text[:200], 0, None
    db.session.flush()
    enqueue(SEND, key=SEND)


def add(app: App, person: Person, kind: str, key: str, words: wording.Wording, **values: Any) -> None:
    """Put one message into the outbox; the same key only once."""
    if db.session.scalar(select(Message.id).where(Message.key == key)) is not None:
        return
    message = Message(
        app_id=app.id,
        user_id=person.user_id,
        receiver=person.userid,
        union_id=person.union_id,
        kind=kind,
        key=key,
        subject=words.subject,
        body=words.body,
        facts=[list(fact) for fact in words.facts],
        path=words.path,
        **{"next_at": now(), **values},
    )
    db.session.add(message)
    db.session.flush()
    enqueue(SEND, key=SEND)
