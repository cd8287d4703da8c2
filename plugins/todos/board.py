"""What the boards, the home page and a record's page show of to-dos. Only reads."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta
from typing import Any

from sqlalchemy import and_, case, func, or_, select

from core import (
    Panel,
    current_principal,
    db,
    gettext,
    labels,
    now,
    record_class,
    registry,
    today,
)
from plugins.todos.records import PRIORITIES, Todo
from plugins.todos.services import LANES, WEEK, lane_of

KEY = "todos.todo"
ROWS = 60
ON_HOME = 6
ON_PAGE = 20
DONE_FOR = timedelta(days=7)
LANES_OF_PEOPLE = 12
HEADS = ("dept_head", "branch_manager", "partner", "administrator")
_weight = case({"urgent": 0, "high": 1, "normal": 2}, value=Todo.priority, else_=3)
ORDER = (Todo.due.is_(None), Todo.due, _weight, Todo.id)


def _mine() -> Any:
    return and_(Todo.assignee_id == current_principal().user_id, Todo.archived_at.is_(None))


def count() -> int:
    """How many of mine are due today or late."""
    return db.session.scalar(select(func.count(Todo.id)).where(_mine(), Todo.state == "open", Todo.due <= today())) or 0


def my_lanes() -> list[dict[str, Any]]:
    """My board: late and today, this week, later, and what was done in the last seven days."""
    names = {
        "today": gettext("Today"),
        "week": gettext("Next 7 days"),
        "later": gettext("Later"),
        "done": gettext("Done"),
    }
    return [_lane(code, names[code], *_rows_of(code)) for code in LANES]


def _rows_of(lane: str) -> tuple[list[Todo], int]:
    day = today()
    within = {
        "today": and_(Todo.state == "open", Todo.due <= day),
        "week": and_(Todo.state == "open", Todo.due > day, Todo.due <= day + WEEK),
        "later": and_(Todo.state == "open", or_(Todo.due > day + WEEK, Todo.due.is_(None))),
        "done": and_(Todo.state == "done", Todo.done_at > now() - DONE_FOR),
    }[lane]
    order = (Todo.done_at.desc(),) if lane == "done" else ORDER
    rows = list(db.session.scalars(select(Todo).where(_mine(), within).order_by(*order).limit(ROWS)))
    if len(rows) < ROWS:
        return rows, len(rows)
    return rows, db.session.scalar(select(func.count(Todo.id)).where(_mine(), within)) or 0


def _lane(code: str, label: str, rows: Sequence[Todo], number: int) -> dict[str, Any]:
    return {"code": code, "label": label, "cards": cards(rows), "count": number}


def is_head() -> bool:
    """Whether the person looks at others' work."""
    return current_principal().has_role(*HEADS)


def lanes_by_person() -> list[dict[str, Any]]:
    """Open to-dos that the person sees, by who does them: those of the own departments first, the most loaded first."""
    seen = and_(Todo.state == "open", Todo.archived_at.is_(None), Todo.assignee_id.is_not(None))
    late = func.sum(case((Todo.due < today(), 1), else_=0))
    loads = {
        row[0]: (row[1], row[2] or 0)
        for row in db.session.execute(
            select(Todo.assignee_id, func.count(Todo.id), late).where(seen).group_by(Todo.assignee_id)
        )
    }
    people = _people(loads)
    held: dict[int, list[Todo]] = {ident: [] for ident in people}
    chosen = select(Todo).where(seen, Todo.assignee_id.in_(list(people))).order_by(*ORDER)
    for todo in db.session.scalars(chosen.limit(ROWS * LANES_OF_PEOPLE)):
        held[todo.assignee_id or 0].append(todo)
    names = labels("core.user", people)
    return [
        _lane(str(ident), names.get(ident, ""), held[ident][:ROWS], loads.get(ident, (0, 0))[0])
        | {"late": loads.get(ident, (0, 0))[1]}
        for ident in people
    ]


def _people(loads: dict[int, tuple[int, int]]) -> list[int]:
    """Ids for the lanes: colleagues of the own departments, then others who have something."""
    user, me = record_class("core.user"), current_principal()
    own: list[int] = []
    if me.department_ids:
        there = (user.department_id.in_(sorted(me.department_ids)), user.active.is_(True), user.archived_at.is_(None))
        own = list(db.session.scalars(select(user.id).where(*there).order_by(user.name).limit(200)))
    others = [ident for ident in loads if ident not in own]
    return sorted([*own, *others], key=lambda i: (i not in own, -loads.get(i, (0, 0))[0], i))[:LANES_OF_PEOPLE]


def cards(todos: Sequence[Todo]) -> list[dict[str, Any]]:
    """To-dos as cards and lines show them, with the records that they are about where the reader sees those."""
    named, day = _about_names(todos), today()
    words = {c.code: c for c in PRIORITIES}
    people = labels("core.user", {t.assignee_id for t in todos if t.assignee_id})
    return [
        {
            "id": todo.id,
            "version": todo.version,
            "title": todo.title,
            "due": todo.due,
            "open": todo.state == "open",
            "late": todo.state == "open" and todo.due is not None and todo.due < day,
            "lane": lane_of(todo.due, todo.state, day),
            "priority": words[todo.priority] if todo.priority != "normal" else None,
            "who": people.get(todo.assignee_id or 0),
            "repeat": bool(todo.repeat),
            "points": (sum(p["done"] for p in todo.checklist), len(todo.checklist)) if todo.checklist else None,
            "about": named.get((todo.record_key, todo.record_id)),
        }
        for todo in todos
    ]


def _about_names(todos: Sequence[Todo]) -> dict[tuple[Any, Any], str]:
    wanted: dict[str, set[int]] = {}
    for todo in todos:
        if todo.record_key in registry().types and todo.record_id is not None:
            wanted.setdefault(todo.record_key, set()).add(todo.record_id)
    return {(key, ident): name for key, ids in wanted.items() for ident, name in labels(key, ids).items()}


def home() -> list[Panel]:
    """My next to-dos; nothing when there are none."""
    if current_principal().realm != "staff":
        return []
    chosen = select(Todo).where(_mine(), Todo.state == "open")
    rows = list(db.session.scalars(chosen.order_by(*ORDER).limit(ON_HOME)))
    if not rows:
        return []
    total = db.session.scalar(select(func.count(Todo.id)).where(_mine(), Todo.state == "open")) or 0
    return [Panel("todos/home.html", {"rows": cards(rows), "total": total}, order=30, key="todos.mine")]


def takes(key: str) -> bool:
    """Whether records of this type have to-dos on their page."""
    kind = registry().types.get(key)
    if kind is None or not kind.public or key == KEY or key.startswith("core."):
        return False
    return not any(menu.record == key and menu.group == "settings" for menu in registry().menus)


def of_record(key: str, ident: int) -> dict[str, Any]:
    """What the panel on a record's page shows."""
    here = and_(Todo.record_key == key, Todo.record_id == ident, Todo.archived_at.is_(None))
    first = select(Todo).where(here).order_by(Todo.state.desc(), *ORDER).limit(ON_PAGE)
    rows = [card | {"about": None} for card in cards(list(db.session.scalars(first)))]
    return {"rows": rows, "open": sum(r["open"] for r in rows), "record_key": key, "record_id": ident}


def about(record: Any) -> list[Panel]:
    """The panel on a record's page: its to-dos, and adding one in place."""
    key = record.__record__["key"]
    if not takes(key) or current_principal().realm != "staff":
        return []
    return [Panel("todos/panel.html", of_record(key, record.id), order=40, key="todos.about")]
