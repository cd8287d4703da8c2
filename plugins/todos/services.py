"""What is done with to-dos: who gets them, ticking off, the next of a row, handing on. No Flask in here."""

from __future__ import annotations

from datetime import date, timedelta
from typing import Any

from sqlalchemy import select

from core import (
    Action,
    Change,
    FieldError,
    Invalid,
    NotFound,
    Param,
    Record,
    Refused,
    _,
    create,
    current_principal,
    db,
    get,
    gettext,
    notify,
    now,
    record_class,
    registry,
    run_action,
    today,
    update,
)
from plugins.todos.records import Todo
from plugins.todos.repeating import next_day

KEY = "todos.todo"
MOST_POINTS = 50
LANES = ("today", "week", "later", "done")
WEEK = timedelta(days=7)


def complete(todos: list[Any]) -> None:
    """Before they are kept: nobody named means oneself; the department is that of who does it."""
    me = current_principal().user_id
    for todo in todos:
        todo.assignee_id = todo.assignee_id or me
        todo.checklist = points_of(todo.checklist)
        if todo.repeat and todo.due:
            todo.repeat_from = todo.repeat_from or todo.due
    _place(todos)
    _check_about(todos)


def _place(todos: list[Any]) -> None:
    user = record_class("core.user")
    wanted = {todo.assignee_id for todo in todos if todo.assignee_id}
    rows = db.session.execute(select(user.id, user.department_id).where(user.id.in_(wanted))) if wanted else ()
    places = {row.id: row.department_id for row in rows}
    for todo in todos:
        todo.department_id = places.get(todo.assignee_id)


def _check_about(todos: list[Any]) -> None:
    """A to-do is about a record that its writer sees, or about none; raises `Invalid`."""
    if db.session().principal.is_system:
        return
    for todo in todos:
        if todo.record_key is None and todo.record_id is None:
            continue
        if todo.record_id is None or about(todo) is None:
            message = _("There is no such record, or you may not see it.")
            raise Invalid([FieldError("record_id", "not_found", message)])


def about(todo: Any) -> Any:
    """The record that it is about as far as the reader sees it, or None."""
    kind = registry().types.get(todo.record_key or "")
    if kind is None or todo.record_id is None:
        return None
    try:
        return get(kind.model, todo.record_id)
    except NotFound:
        return None


def change(changes: list[Change]) -> None:
    """Before a change: the department follows the person, and who gave it away is remembered."""
    moved = [c.record for c in changes if c.changed("assignee_id")]
    for todo in moved:
        todo.handed_by_id = current_principal().user_id
    if moved:
        _place(moved)
    for one in changes:
        if one.changed("checklist"):
            one.record.checklist = points_of(one.record.checklist)
        if one.changed("due", "repeat") and one.record.state == "open":
            one.record.repeat_from = one.record.due if one.record.repeat else None


def points_of(given: Any) -> list[dict[str, Any]] | None:
    """A checklist as it is kept: `[{"text", "done"}]`; raises `Invalid` for anything else."""
    if not given:
        return None
    try:
        points = [{"text": str(p["text"]).strip()[:200], "done": bool(p.get("done"))} for p in given]
    except (TypeError, KeyError, AttributeError):
        raise Invalid([FieldError("checklist", "invalid", _("Give each point a text."))]) from None
    if len(points) > MOST_POINTS:
        raise Invalid([FieldError("checklist", "too_many", _("At most %(n)s points fit here.", n=MOST_POINTS))])
    return [p for p in points if p["text"]] or None


def tell(todos: list[Any]) -> None:
    """After they are kept: whoever got one from somebody else hears of it."""
    me = current_principal().user_id
    for todo in todos:
        if isinstance(todo, Record) and todo.assignee_id not in (None, me) and todo.state == "open":
            subject = gettext("A to-do for you: %(title)s", title=todo.title)
            notify([todo.assignee_id], subject, body=todo.note or "", record=todo, key=f"todo-{todo.id}-{todo.version}")


def finish(todo: Todo, given: dict[str, Any]) -> dict[str, Any]:
    """Tick it off with a note; of a row the next one is made."""
    todo.state, todo.done_at, todo.done_by_id = "done", now(), current_principal().user_id
    todo.done_note = given.get("note") or None
    if not todo.repeat or todo.next_id is not None:
        return {"message": gettext("Done: %(title)s", title=todo.title)}
    following = _next_of(todo)
    todo.next_id = following.id
    return {"message": gettext("Done. The next one is due on %(day)s.", day=following.due), "next": following.id}


def _next_of(todo: Todo) -> Todo:
    first, day = todo.repeat_from or todo.due or today(), today()
    values = {
        "title": todo.title,
        "assignee": todo.assignee_id,
        "due": next_day(first, todo.repeat or "daily", max(todo.due or day, day - timedelta(days=1))),
        "priority": todo.priority,
        "note": todo.note,
        "checklist": [{"text": p["text"], "done": False} for p in todo.checklist or ()] or None,
        "record_key": todo.record_key,
        "record_id": todo.record_id,
        "repeat": todo.repeat,
        "repeat_from": first,
        "source": todo.source,
        "source_key": f"todo-{todo.id}-next",
    }
    return create(Todo, values, allow=("repeat_from", "source", "source_key"))


def reopen(todo: Todo, _given: dict[str, Any]) -> None:
    """Take it up again."""
    todo.state, todo.done_at, todo.done_by_id, todo.done_note = "open", None, None, None


def hand_on(todo: Todo, given: dict[str, Any]) -> dict[str, Any]:
    """Give it to somebody else, who hears why."""
    if given["person"] == todo.assignee_id:
        raise Refused(_("It lies with this person already."), field="person")
    todo.assignee_id = given["person"]
    db.session.flush()
    subject = gettext("Handed on to you: %(title)s", title=todo.title)
    notify([todo.assignee_id], subject, body=given["reason"], record=todo, key=f"todo-{todo.id}-{todo.version}")
    return {"message": gettext("Handed on: %(title)s", title=todo.title)}


def is_open(todo: Todo) -> Any:
    """True, or why not."""
    return True if todo.state == "open" else _("This is done already.")


def is_done(todo: Todo) -> Any:
    """True, or why not."""
    return True if todo.state == "done" else _("This is not done yet.")


def actions() -> list[Action]:
    """The buttons of a to-do; who may press them is a grant of the same code."""
    person = Param("person", _("Person"), "link", required=True, target="core.user")
    reason = Param("reason", _("Reason"), "long_text", required=True)
    note = Param("note", _("How it went"), "long_text")
    return [
        Action(KEY, "finish", _("Mark as done"), finish, (note,), is_open, primary=True, icon="check"),
        Action(KEY, "hand_on", _("Hand on"), hand_on, (person, reason), is_open, icon="transfer"),
        Action(KEY, "reopen", _("Take up again"), reopen, available=is_done, icon="restore"),
    ]


def lane_of(due: date | None, state: str, day: date) -> str:
    """Where it stands on one's board: done, today (with what is late), the week that begins tomorrow, later."""
    if state == "done":
        return "done"
    if due is not None and due <= day:
        return "today"
    return "week" if due is not None and due <= day + WEEK else "later"


def move(todo: Todo, lane: str) -> None:
    """To another lane of one's board: a day is set, or it is done. Raises `NotFound` for an unknown lane."""
    if lane not in LANES:
        raise NotFound()
    if lane == "done":
        run_action(todo, KEY, "finish", {})
        return
    if todo.state == "done":
        run_action(todo, KEY, "reopen", {})
    days = {"today": 0, "week": 1, "later": WEEK.days + 1}
    if lane_of(todo.due, "open", today()) != lane:
        update(todo, {"due": (today() + timedelta(days=days[lane])).isoformat()})
