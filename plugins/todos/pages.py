"""The boards and what is done in place: adding, ticking, the points of a checklist, moving by drag or by menu."""

from __future__ import annotations

from typing import Any

from flask import jsonify, render_template, request

from core import (
    Endpoints,
    Forbidden,
    NotFound,
    Refused,
    Stale,
    _,
    create,
    current_principal,
    db,
    get,
    gettext,
    go,
    labels,
    run_action,
    say,
    settle,
    update,
    wants_fragment,
)
from plugins.todos import board, services
from plugins.todos.records import Todo

KEY = "todos.todo"
todos = Endpoints("todos", "/todos")


@todos.route("", permission=(KEY, "read"))
def mine() -> Any:
    """My board."""
    return _page("mine", board.my_lanes(), gettext("To-dos"))


@todos.route("/people", permission=(KEY, "read"))
def people() -> Any:
    """By person, for those who look after others' work."""
    if not board.is_head():
        raise Forbidden(_("The board by person is for heads of departments and those above."))
    return _page("people", board.lanes_by_person(), gettext("To-dos by person"))


def _page(which: str, lanes: list[dict[str, Any]], title: str) -> Any:
    tabs = [{"label": gettext("My board"), "href": "/todos", "current": which == "mine"}]
    if board.is_head():
        tabs.append({"label": gettext("By person"), "href": "/todos/people", "current": which == "people"})
    tabs.append({"label": gettext("List"), "href": f"/r/{KEY}", "current": False})
    return render_template(
        "todos/board.html",
        title=title,
        crumbs=[(gettext("To-dos"), "/todos"), (gettext("By person"), None)] if which == "people" else [(title, None)],
        tabs=tabs,
        lanes=lanes,
        which=which,
        empty=not any(lane["cards"] for lane in lanes),
    )


@todos.route("/add", permission=(KEY, "create"), methods=("POST",))
def add() -> Any:
    """One more, from the board or from a record's page; the panel comes back where only that is asked for."""
    form = request.form
    about = {"record_key": form.get("record_key"), "record_id": form.get("record_id", type=int)}
    values = {name: form[name] for name in ("title", "due", "assignee") if form.get(name, "").strip()}
    if about["record_key"]:
        values |= about
    made = create(Todo, values)
    if about["record_key"] and wants_fragment():
        return _panel(about["record_key"], about["record_id"])
    say(gettext("Added: %(title)s", title=made.title))
    return go(f"/r/{about['record_key']}/{about['record_id']}" if about["record_key"] else "/todos")


def _panel(key: str, ident: int) -> Any:
    if not board.takes(key):
        raise NotFound()
    return render_template("todos/panel.html", **board.of_record(key, ident))


@todos.route("/<int:todo_id>/tick", permission=(KEY, "read"), methods=("POST",))
def tick(todo_id: int) -> Any:
    """Done, or taken up again; back to where it was pressed."""
    todo = get(Todo, todo_id)
    answer = run_action(todo, KEY, "finish" if todo.state == "open" else "reopen", {})
    if request.form.get("panel") and wants_fragment() and services.about(todo) is not None:
        return _panel(todo.record_key or "", todo.record_id or 0)
    if isinstance(answer, dict):
        say(answer["message"])
    return go(request.form.get("here") or f"/r/{KEY}/{todo_id}")


@todos.route("/<int:todo_id>/points", permission=(KEY, "read"), methods=("POST",))
def points(todo_id: int) -> Any:
    """A point of the checklist added, ticked or taken out."""
    todo, form = get(Todo, todo_id), request.form
    kept = [dict(point) for point in todo.checklist or ()]
    at = form.get("at", -1, type=int)
    if text := form.get("text", "").strip():
        kept.append({"text": text, "done": False})
    elif not 0 <= at < len(kept):
        raise NotFound()
    elif form.get("do") == "remove":
        del kept[at]
    else:
        kept[at]["done"] = not kept[at]["done"]
    update(todo, {"checklist": kept or None})
    return go(f"/r/{KEY}/{todo_id}")


@todos.route("/<int:todo_id>/move", permission=(KEY, "read"))
def ask(todo_id: int) -> Any:
    """The other lanes to choose from, for people who do not drag."""
    todo, by_person = get(Todo, todo_id), request.args.get("board") == "people"
    card = board.cards([todo])[0]
    lanes = board.lanes_by_person() if by_person else board.my_lanes()
    now = str(todo.assignee_id) if by_person else card["lane"]
    context = {
        "title": gettext("Hand on to") if by_person else gettext("Move to"),
        "todo": todo,
        "lanes": [(lane["code"], lane["label"]) for lane in lanes if lane["code"] != now],
        "which": "people" if by_person else "mine",
        "crumbs": [(gettext("To-dos"), "/todos")],
    }
    if wants_fragment():
        return render_template("todos/move.html", **context)
    return render_template("web/ask.html", ask_template="todos/move.html", **context)


@todos.route("/move/<which>", permission=(KEY, "read"), methods=("POST",))
def move(which: str) -> Any:
    """Move a card: on my board to another day or to done, on the board by person to somebody else."""
    todo, to = get(Todo, request.form.get("id", 0, type=int)), request.form.get("to", "")
    if request.form.get("version", type=int) != todo.version:
        raise Stale()
    if which == "people":
        message = _to_person(todo, to)
    else:
        services.move(todo, to)
        message = gettext("Moved: %(title)s", title=todo.title)
    settle(db.session())
    if request.headers.get("Accept", "").startswith("application/json"):
        lanes = board.lanes_by_person() if which == "people" else board.my_lanes()
        counts = {lane["code"]: lane["count"] for lane in lanes}
        return jsonify(message=message, version=todo.version, counts=counts)
    say(message)
    return go("/todos/people" if which == "people" else "/todos")


def _to_person(todo: Todo, to: str) -> str:
    if not to.isdigit():
        raise Refused(_("Choose a person."))
    reason = gettext("Moved on the board by %(who)s.", who=current_principal().name)
    run_action(todo, KEY, "hand_on", {"person": int(to), "reason": reason})
    return gettext("%(title)s now lies with %(who)s", title=todo.title, who=labels("core.user", [int(to)]).get(int(to)))
