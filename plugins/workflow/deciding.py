"""The one command by which a task is decided, from page, API, card and portal alike. Exactly one decision counts."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from typing import Any

from sqlalchemy import select

from core import (
    Conflict,
    FieldError,
    Forbidden,
    Invalid,
    Refused,
    _,
    current_locale,
    current_principal,
    db,
    local,
    now,
    readers,
    record_class,
)
from plugins.workflow import automatic, engine, log, people
from plugins.workflow.choices import DECISIONS, OF_KIND, TASK_STATES, label
from plugins.workflow.flow import Node
from plugins.workflow.records import Task
from plugins.workflow.run import Run, moving, newest_file

NEED_WORDS = ("send_back", "reject", "request_change")


def decide(task: Task, params: dict[str, Any]) -> dict[str, Any]:
    """Decide a task. `params`: decision, opinion, round, version (of the record), to (node), files, values.

    Raises `Conflict` with code `already_decided` (who and when), `closed`, `other_round` or `record_changed`;
    `Refused` (`separation_of_duties`, `step_refused`, `nobody`), `Invalid`, `Forbidden`. Then nothing is changed.
    """
    with moving(task.instance_id) as run:
        held = fresh(task.id)
        require_open(held)
        _require_same(run, held, params)
        node = run.flow.node(held.node)
        decision = params["decision"]
        _require_fitting(run, node, held, decision, params)
        run.given = {"opinion": params.get("opinion") or label(DECISIONS, decision), "values": params.get("values")}
        files = _files(run, params.get("files"))
        _TAKE[decision](run, node, held, params, files)
        return {
            "instance": run.instance.id,
            "state": run.instance.state,
            "message": str(_("Decided: %(decision)s", decision=label(DECISIONS, decision))),
            "url": f"/r/workflow.instance/{run.instance.id}",
        }


def fresh(task_id: int) -> Task:
    """The task as it is now, after the flow is held."""
    chosen = select(Task).where(Task.id == task_id)
    return db.session.scalars(chosen, execution_options={"populate_existing": True}).one()


def require_open(task: Task) -> None:
    """Raises `Conflict` that names who decided and when."""
    if task.state == "open":
        return
    if task.state != "done":
        message = _("This no longer waits for a decision: %(state)s.", state=_state(task))
        raise Conflict(message, code="closed", detail={"state": task.state})
    who = people.names_of([task.decided_by_id]).get(task.decided_by_id)
    internal = current_principal().realm == "staff" or task.decided_by_id == current_principal().user_id
    detail = {"by": who if internal else None, "at": task.decided_at.isoformat(), "decision": task.decision}
    message = _(
        "%(who)s decided this at %(at)s: %(decision)s.",
        who=(who if internal else None) or _("Somebody"),
        at=f"{local(task.decided_at):%Y-%m-%d %H:%M}",
        decision=label(DECISIONS, task.decision),
    )
    raise Conflict(message, code="already_decided", detail=detail)


def _state(task: Task) -> str:
    return label(TASK_STATES, task.state)


def _require_same(run: Run, task: Task, params: Mapping[str, Any]) -> None:
    if params["round"] != task.round:
        message = _("The flow has gone through another round meanwhile. Look at it again.")
        raise Conflict(message, code="other_round", detail={"round": task.round})
    if run.record is None:
        raise Conflict(_("The record is gone."), code="closed")
    if params["version"] != run.record.version:
        message = _("The record was changed meanwhile. Look at it again, then decide.")
        raise Conflict(message, code="record_changed", detail={"version": run.record.version})


def _require_fitting(run: Run, node: Node, task: Task, decision: str, params: Mapping[str, Any]) -> None:
    if decision not in OF_KIND[task.kind] or (decision == "reject" and not node.get("may_reject", True)):
        raise Invalid([FieldError("decision", "choice", _("This step does not take that decision."))])
    wordy = decision in NEED_WORDS or node.get("opinion") == "required"
    if wordy and not (params.get("opinion") or "").strip():
        raise Invalid([FieldError("opinion", "required", _("Say why."))])
    me = current_principal()
    if task.kind == "approve":
        require_other_person(run, node, me.user_id)
    blind = me.realm == "staff" and me.user_id is not None and not readers(run.record, [me.user_id])
    if blind and decision in ("approve", "done", "confirm"):
        raise Forbidden(_("You may not see the record that this is about. Hand it on or ask for access."))


def require_other_person(run: Run, node: Node, user_id: int | None) -> None:
    """Who drafted does not pass the review, and two approvals are two persons; raises `Refused`."""
    if user_id is None:
        return
    if user_id in engine.drafters(run):
        raise Refused(
            _("Who drafts does not pass the review. Somebody else decides here."), code="separation_of_duties"
        )
    if user_id in engine.excluded(run, node):
        message = _("This person passed another review of this flow; the reviews are made by two persons.")
        raise Refused(message, code="separation_of_duties")


def _files(run: Run, given: Any) -> list[int]:
    """Ids of files that the person sees and that belong to the record or to this flow."""
    if not given:
        return []
    wanted = {int(ident) for ident in given if isinstance(ident, int) or str(ident).isdigit()}
    file = record_class("core.attachment")
    places = ((run.instance.record_key, run.instance.record_id), ("workflow.instance", run.instance.id))
    rows = db.session.execute(select(file.id, file.record_key, file.record_id).where(file.id.in_(wanted)))
    known = {ident for ident, key, record_id in rows if (key, record_id) in places}
    if len(known) < len(list(given)):
        raise Invalid([FieldError("files", "not_found", _("One of the files does not belong to this flow."))])
    return sorted(known)


def _close(run: Run, node: Node, task: Task, params: Mapping[str, Any], files: list[int], **more: Any) -> None:
    """Mark the decision; the log holds each task's decision once, by a unique key."""
    decision, me = params["decision"], current_principal().user_id
    given = {"decision": decision, "opinion": params.get("opinion"), "decided_by_id": me, "decided_at": now()}
    engine.close_task(task, "done", **given)
    what = "resubmit" if node.kind == "start" and decision == "done" else decision
    more |= {"opinion": params.get("opinion"), "files": files or None, "decides_id": task.id}
    log.write(run, what, node, **more)


def _agree(run: Run, node: Node, task: Task, params: Mapping[str, Any], files: list[int]) -> None:
    _close(run, node, task, params, files)
    engine.signed(run, node)


def _done(run: Run, node: Node, task: Task, params: Mapping[str, Any], files: list[int]) -> None:
    run.given["values"] = _asked_values(node, params.get("values"))
    require_files(run, node)
    _close(run, node, task, params, files)
    if node.kind == "auto":
        engine.enter(run, node)
    else:
        engine.signed(run, node)


def _asked_values(node: Node, given: Any) -> dict[str, Any]:
    values, errors = {}, []
    for asked in node.get("ask", ()):
        name = asked["name"]
        value = (given or {}).get(name) if isinstance(given, Mapping) else None
        value = value.strip() if isinstance(value, str) else value
        if value in (None, ""):
            if asked.get("required", True):
                errors.append(FieldError(f"values.{name}", "required", _("This field is required.")))
        elif asked["kind"] == "date" and not _is_day(value):
            errors.append(FieldError(f"values.{name}", "date", _("Give a date as 2026-11-30.")))
        else:
            values[name] = str(value)[:4000]
    if errors:
        raise Invalid(errors)
    return values


def _is_day(value: Any) -> bool:
    try:
        return bool(date.fromisoformat(str(value)))
    except ValueError:
        return False


def missing_files(run: Run, node: Node) -> list[Mapping[str, Any]]:
    """Papers that a node asks for and that are not there: neither as a file of that kind nor in their field."""
    return [
        need
        for need in node.get("needs", ())
        if newest_file(run.record, need["kind"]) is None
        and not (need.get("field") and _is_filled(run.value(need["field"])))
    ]


def _is_filled(value: Any) -> bool:
    """Whether a field answers a need: not when it is a list with a row that still lists nothing."""
    if value in (None, "", [], {}):
        return False
    rows = [row for row in value if isinstance(row, dict)] if isinstance(value, list) else []
    return not any(part == [] for row in rows for part in row.values())


def require_files(run: Run, node: Node) -> None:
    """Raises `Invalid` naming each paper that is missing."""
    missing = missing_files(run, node)
    if missing:
        errors = [
            FieldError(f"needs.{need['kind']}", "required", _("Attach: %(what)s.", what=need_words(need)))
            for need in missing
        ]
        raise Invalid(errors)


def need_words(need: Mapping[str, Any]) -> str:
    """What a paper is called."""
    named = need.get("name_en") if current_locale() == "en" else None
    return named or need.get("name") or need["kind"]


def _confirm(run: Run, node: Node, task: Task, params: Mapping[str, Any], files: list[int]) -> None:
    _require_evidence(params, files)
    _close(run, node, task, params, files, note=_on_behalf())
    engine.signed(run, node)


def _request_change(run: Run, node: Node, task: Task, params: Mapping[str, Any], files: list[int]) -> None:
    target = run.flow.node(node.get("change_to") or run.flow.nodes[0].id)
    _close(run, node, task, params, files, note=_on_behalf(), to_node=target.id)
    engine.go_back(run, node, target)


def _require_evidence(params: Mapping[str, Any], files: list[int]) -> None:
    """Staff who write down a client's answer say how it came, or attach it."""
    if current_principal().realm == "staff" and not files and not (params.get("opinion") or "").strip():
        message = _("Attach the client's answer, or say how and when it came.")
        raise Invalid([FieldError("opinion", "evidence", message)])


def _on_behalf() -> str | None:
    return None if current_principal().realm != "staff" else str(_("Written down for the client."))


def _reject(run: Run, node: Node, task: Task, params: Mapping[str, Any], files: list[int]) -> None:
    _close(run, node, task, params, files)
    if node.get("on_reject"):
        automatic.act(run, node, node.get("on_reject"))
    reason = str(_("Rejected at “%(step)s”: %(why)s", step=node.name, why=params["opinion"]))
    engine.finish(run, "stopped", "stop", reason)


def targets(run: Run, node: Node) -> list[Node]:
    """Where this node may send the flow back to, the nearest first."""
    earlier = run.flow.earlier(node.id)
    allowed = node.raw.get("back")
    been = set(run.deciders()) | {run.flow.nodes[0].id}
    return [n for n in earlier if n.id in been and (allowed is None or n.id in allowed)]


def _send_back(run: Run, node: Node, task: Task, params: Mapping[str, Any], files: list[int]) -> None:
    open_to = targets(run, node)
    chosen = params.get("to") or (open_to[-1].id if open_to else "")
    target = next((n for n in open_to if n.id == chosen), None)
    if target is None:
        raise Invalid([FieldError("to", "choice", _("This step cannot send it back there."))])
    _close(run, node, task, params, files, to_node=target.id)
    engine.go_back(run, node, target)


_TAKE = {
    "approve": _agree,
    "confirm": _confirm,
    "done": _done,
    "reject": _reject,
    "send_back": _send_back,
    "request_change": _request_change,
}
