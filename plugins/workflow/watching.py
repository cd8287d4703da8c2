"""What flows mind about the records they are bound to: moves that the flow makes are not made beside it, open tasks
follow the record's version, and a flow whose record leaves ends. Runs inside the record's own flush."""

from __future__ import annotations

import time
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from sqlalchemy import select, update

from core import (
    Change,
    Refused,
    _,
    current_locale,
    current_principal,
    db,
    elevated,
    emit,
    insert_derived,
    note_action,
    notify,
    now,
    registry,
)
from plugins.workflow.flow import holds
from plugins.workflow.records import Definition, Instance, Step, Task
from plugins.workflow.run import in_motion

FRESH_SECONDS = 5.0
WHY = "a flow follows the record it is bound to"


@dataclass
class _Known:
    until: float
    bound: frozenset[str] = frozenset()
    held: Mapping[str, list[tuple[str, Mapping[str, Any]]]] = field(default_factory=dict)


_known: dict[str, _Known] = {}


def forget() -> None:
    """Definitions changed: what they mind is read anew."""
    _known.clear()


def _minded() -> _Known:
    """Which record types flows are bound to and what they hold, at most five seconds old."""
    place = str(db.engine.url)
    found = _known.get(place)
    if found is None or found.until < time.monotonic():
        with elevated("which records flows are bound to"):
            rows = db.session.execute(
                select(Definition.record_key, Definition.options).where(Definition.state != "draft")
            ).all()
        held: dict[str, list[tuple[str, Mapping[str, Any]]]] = {}
        for key, options in rows:
            for hold in (options or {}).get("holds", ()):
                held.setdefault(hold["record"], []).append((key, hold))
        bound = frozenset(key for key, _options in rows)
        found = _known[place] = _Known(time.monotonic() + FRESH_SECONDS, bound, held)
    return found


def refuse_beside(key: str, records: Iterable[Any]) -> None:
    """Refuse new rows that a running flow makes itself; raises `Refused` with the way to the flow."""
    found = _minded().held.get(key)
    if not found:
        return
    records = list(records)
    for bound, hold in found:
        attr, via = hold["field"], f"{hold['via']}_id"
        ids = {getattr(r, via) for r in records if getattr(r, attr) in hold["values"]}
        if ids:
            _refuse_running(bound, sorted(i for i in ids if i is not None))


def _refuse_running(key: str, ids: list[int]) -> None:
    with elevated("whether a flow runs for the record"):
        chosen = select(Instance.id, Definition.name, Definition.name_en).where(
            Instance.definition_id == Definition.id,
            Instance.record_key == key,
            Instance.record_id.in_(ids[:500]),
            Instance.state == "running",
        )
        rows = [row for row in db.session.execute(chosen) if row.id not in in_motion.get()]
    if rows:
        name = rows[0].name_en or rows[0].name if current_locale() == "en" else rows[0].name
        message = _(
            "“%(flow)s” runs for this record and makes this move itself. Go on in the flow: %(link)s",
            flow=name,
            link=f"/r/workflow.instance/{rows[0].id}",
        )
        raise Refused(message, code="flow_running")


def changed(key: str, changes: list[Change]) -> None:
    """After changes of bound records: end what left, and let open tasks follow the version."""
    if key not in _minded().bound:
        return
    with elevated(WHY):
        running = _running(key, [c.record.id for c in changes])
        if not running:
            return
        gone = {c.record.id for c in changes if c.new.get("archived_at") is not None}
        records = {c.record.id: c.record for c in changes}
        ended = [row for row in running if row.record_id in gone or not _lives(row, records[row.record_id])]
        _end(ended)
        left = {row.id for row in ended}
        _follow_versions(key, [row for row in running if row.id not in left])


def deleted(key: str, records: list[Any]) -> None:
    """After deletions: their flows end."""
    if key in _minded().bound:
        with elevated(WHY):
            _end(_running(key, [r.id for r in records]))


def _running(key: str, ids: list[int]) -> list[Any]:
    found: list[Any] = []
    for start in range(0, len(ids), 500):
        chosen = select(
            Instance.id, Instance.record_id, Instance.started_by_id, Instance.title, Instance.round, Definition.options
        ).where(
            Instance.definition_id == Definition.id,
            Instance.record_key == key,
            Instance.record_id.in_(ids[start : start + 500]),
            Instance.state == "running",
        )
        found += [row for row in db.session.execute(chosen) if row.id not in in_motion.get()]
    return found


def _lives(row: Any, record: Any) -> bool:
    """Whether the definition still holds a flow for the record as it is now."""
    conditions = (row.options or {}).get("lives_while", ())
    fields = registry().types[type(record).__record__["key"]].fields if hasattr(record, "__record__") else {}
    return holds(conditions, lambda path: getattr(record, fields[path].attr if path in fields else path))


def _end(rows: list[Any]) -> None:
    """Plain statements: a hook may not flush the session it runs in."""
    if not rows:
        return
    ids = [row.id for row in rows]
    reason = str(_("The record left: it was archived, deleted, or taken out of preparation."))
    tasks = list(db.session.scalars(select(Task.id).where(Task.instance_id.in_(ids), Task.state == "open")))
    stamp = {"updated_at": now()}
    quiet = {"synchronize_session": False}
    close = update(Task).where(Task.id.in_(tasks)).values(state="superseded", version=Task.version + 1, **stamp)
    db.session.execute(close.values(timer_at=None), execution_options=quiet)
    end = update(Instance).where(Instance.id.in_(ids))
    end = end.values(state="stopped", ended_at=now(), active={}, reason=reason, version=Instance.version + 1, **stamp)
    db.session.execute(end, execution_options=quiet)
    who = current_principal()
    insert_derived(
        Step,
        [
            Step(instance_id=row.id, at=now(), what="stop", round=row.round, note=reason, actor_id=who.user_id,
                 actor_name=None if who.is_system else who.name or None)
            for row in rows
        ],
    )  # fmt: skip
    _expire(Task, tasks)
    _expire(Instance, ids)
    for row in rows:
        note_action(db.session(), "flow_ended", None, reason=reason, changes={"flow": [None, row.title]})
        if row.started_by_id is not None and row.started_by_id != who.user_id:
            subject = str(_("Flow ended: %(title)s", title=row.title))
            notify([row.started_by_id], subject, body=reason, key=f"workflow-stop-{row.id}")
    for ident in tasks:
        emit("workflow.task.updated", {"id": ident, "fields": ["state"]})


def _follow_versions(key: str, rows: list[Any]) -> None:
    model = registry().types[key].model
    versions = dict(
        db.session.execute(select(model.id, model.version).where(model.id.in_({row.record_id for row in rows}))).all()
    )
    for row in rows:
        chosen = (Task.instance_id == row.id, Task.state == "open", Task.record_version != versions[row.record_id])
        stale = list(db.session.scalars(select(Task.id).where(*chosen)))
        if stale:
            follow = update(Task).where(Task.id.in_(stale)).values(record_version=versions[row.record_id])
            db.session.execute(follow, execution_options={"synchronize_session": False})
            _expire(Task, stale)
            for ident in stale:
                emit("workflow.task.updated", {"id": ident, "fields": ["record_version"]})


def _expire(model: type[Any], ids: Iterable[int]) -> None:
    """Rows that somebody holds in this session are read again when they are looked at."""
    wanted = set(ids)
    for held in list(db.session().identity_map.values()):
        if isinstance(held, model) and held.id in wanted:
            db.session.expire(held)
