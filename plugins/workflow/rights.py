"""Whose flows and tasks are whose, as SQL, and what each role may do. Clients see what waits for them alone."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from sqlalchemy import ColumnElement, and_, false, or_, select, union_all

from core import FieldRule, Grant, Principal, Scopes, hidden_but
from plugins.workflow.records import Asked, Instance, Task

DATA = Path(__file__).parent / "data" / "grants.json"
PORTAL = ("portal_owner", "portal_legal", "portal_finance", "portal_viewer", "portal_inventor")
_task, _instance, _asked = Task.__table__.c, Instance.__table__.c, Asked.__table__.c


def grants() -> list[Grant]:
    """The grants of the shipped role pack; `*` is everybody who is asked, whatever their role."""
    rows = json.loads(DATA.read_text("utf-8"))
    return [Grant(role, record, tuple(can), scope) for record, given in rows.items() for role, can, scope in given]


def _my_tasks(principal: Principal) -> Any:
    return select(_asked.task_id).where(_asked.user_id == principal.user_id)


def _my_instances(principal: Principal) -> Any:
    """Flows that the person started or is asked in."""
    asked = select(_task.instance_id).where(_task.id.in_(_my_tasks(principal)))
    return union_all(select(_instance.id).where(_instance.started_by_id == principal.user_id), asked)


def _claimed(principal: Principal) -> list[int]:
    claims = getattr(principal, "claims", {})
    return sorted(claims.get("clients.client", frozenset()))


def _started(model: Any, principal: Principal) -> ColumnElement[bool]:
    return model.started_by_id == principal.user_id


def _part_of(model: Any, principal: Principal) -> ColumnElement[bool]:
    return model.id.in_(_my_instances(principal))


def _in_department(model: Any, principal: Principal) -> ColumnElement[bool]:
    return model.department_id.in_(sorted(principal.department_ids)) if principal.department_ids else false()


def _in_branch(model: Any, principal: Principal) -> ColumnElement[bool]:
    return model.branch_id == principal.branch_id if principal.branch_id else false()


def _clients_flow(model: Any, principal: Principal) -> ColumnElement[bool]:
    """Flows in which something was asked of one of the person's clients."""
    mine = _claimed(principal)
    if not mine:
        return false()
    asked = select(_task.instance_id).where(_task.kind == "client", _task.client_ref.in_(mine))
    return and_(model.client_ref.in_(mine), model.id.in_(asked))


def _clients_task(model: Any, principal: Principal) -> ColumnElement[bool]:
    mine = _claimed(principal)
    return and_(model.kind == "client", model.client_ref.in_(mine)) if mine else false()


def _asked_me(model: Any, principal: Principal) -> ColumnElement[bool]:
    return model.id.in_(_my_tasks(principal))


def _beside_me(model: Any, principal: Principal) -> ColumnElement[bool]:
    """Tasks of flows in which the person takes part."""
    return or_(_asked_me(model, principal), model.instance_id.in_(_my_instances(principal)))


def _of_flows(scope: Any) -> Any:
    """The same scope, asked of the flow that a task or a step belongs to."""

    def expression(model: Any, principal: Principal) -> ColumnElement[bool]:
        return model.instance_id.in_(select(_instance.id).where(scope(_instance, principal)))

    return expression


def scopes() -> dict[str, Scopes]:
    """`own` of a task: asked of me. `assigned`: of a flow in which I take part."""
    around = {"department": _of_flows(_in_department), "branch": _of_flows(_in_branch)}
    return {
        "workflow.instance": Scopes(
            own=_started,
            assigned=_part_of,
            department=_in_department,
            branch=_in_branch,
            extra={"client": _clients_flow},
        ),
        "workflow.task": Scopes(own=_asked_me, assigned=_beside_me, **around, extra={"client": _clients_task}),
        "workflow.step": Scopes(own=_of_flows(_started), assigned=_of_flows(_part_of), **around),
        "workflow.asked": Scopes(own=lambda model, principal: model.user_id == principal.user_id),
    }


SHOWN_TO_CLIENTS = {
    "workflow.instance": ("title", "state", "record_key", "record_id", "started_at", "ended_at", "client_ref"),
    "workflow.task": (
        "instance", "title", "name", "name_en", "kind", "record_key", "record_id", "record_version", "round", "state",
        "client_ref", "decision", "opinion", "decided_at",
    ),
}  # fmt: skip
"""What a client sees; people, places and inner dates stay in the house."""


def field_rules() -> list[FieldRule]:
    """Field rules for people of the portal: of opinions they read their own."""
    closed = [rule for key, names in SHOWN_TO_CLIENTS.items() for rule in hidden_but(key, names, PORTAL)]
    return [*closed, FieldRule("workflow.task", "opinion", "hidden", PORTAL, when=_of_another)]


def _of_another(model: Any, principal: Principal) -> ColumnElement[bool]:
    return model.decided_by_id.is_distinct_from(principal.user_id)
