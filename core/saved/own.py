"""Saved views as contributions of the core: who sees, keeps and shares them, and what a view may hold."""

from __future__ import annotations

from typing import Any
from urllib.parse import parse_qsl

from sqlalchemy import ColumnElement, and_, or_, select

from core.errors import FieldError, Forbidden, Invalid
from core.hooks.specs import hookimpl
from core.i18n import _
from core.permissions.declared import Grant, Scopes
from core.permissions.org import Department
from core.permissions.principal import Principal, current_principal
from core.permissions.rules import access
from core.records.trees import MOST_TEXT as MOST_TREE
from core.registry import registry
from core.saved.model import SHARED, SavedView
from core.views import Column, FormView, ListView, Preset, Section

SHARERS = ("dept_head", "branch_manager", "partner", "config_admin")
"""Roles that may give a view to others; administrators may change who else."""
OWN_ACTIONS = ("create", "update", "delete")


@hookimpl
def register_records() -> list[type[Any]]:
    """Saved views."""
    return [SavedView]


@hookimpl
def register_grants() -> list[Grant]:
    """Everybody keeps views of their own and sees what is shared with them."""
    return [
        Grant("*", "core.view", ("read",), "visible"),
        Grant("*", "core.view", OWN_ACTIONS, "own"),
        *(Grant(role, "core.view", ("share",)) for role in SHARERS),
        Grant("config_admin", "core.view", ("update", "delete"), "visible"),
    ]


@hookimpl
def register_scopes() -> dict[str, Scopes]:
    """One's own are those that one made."""
    return {"core.view": Scopes(own=_mine, extra={"visible": _visible})}


def _mine(model: Any, principal: Principal) -> ColumnElement[bool]:
    return model.created_by_id == principal.user_id


def _visible(model: Any, principal: Principal) -> ColumnElement[bool]:
    """Own ones, and those for everybody, for one of the person's roles, for their department or one above it."""
    return or_(
        _mine(model, principal),
        model.visibility == "everyone",
        and_(model.visibility == "role", model.role.in_(sorted(principal.granted | principal.roles))),
        and_(model.visibility == "department", model.department_id.in_(_places(principal))),
    )


def _places(principal: Principal) -> Any:
    """The person's department and those above it."""
    place = Department.__table__
    start = select(place.c.id, place.c.parent_id).where(place.c.id == principal.department_id)
    above = start.cte("places", recursive=True)
    over = place.alias()
    whole = above.union_all(select(over.c.id, over.c.parent_id).join(above, over.c.id == above.c.parent_id))
    return select(whole.c.id)


@hookimpl
def validate_records(model: type[Any], records: list[Any]) -> None:
    """A view is of a list that its maker reads, says whom it is for, and is shared by those who may."""
    if model is not SavedView:
        return
    for view in records:
        _check(view, current_principal())


def _check(view: Any, person: Principal) -> None:
    kind = registry().types.get(view.record or "")
    if kind is None or not kind.public or not (person.is_system or person.can(kind.key, "read")):
        raise _refused("record", _("There is no record type “%(key)s” here.", key=str(view.record)[:80]))
    for name, value in parse_qsl(view.query or ""):
        if name == "view" or len(value) > MOST_TREE:
            raise _refused("query", _("This is no state of a list."))
    if view.visibility == "role" and view.role not in access().all_roles(person.overlay):
        raise _refused("role", _("Choose the role that it is for."))
    if view.visibility == "department" and not view.department_id:
        raise _refused("department", _("Choose the department that it is for."))
    if view.visibility in SHARED and not (person.is_system or person.can("core.view", "share")):
        raise Forbidden(detail={"record": "core.view", "action": "share"})


def _refused(name: str, message: Any) -> Invalid:
    return Invalid([FieldError(name, "view", message)])


@hookimpl
def register_views() -> list[Any]:
    """All views that a person sees, beside the tabs over each list."""
    return [
        ListView(
            "core.view",
            columns=tuple(map(Column, ("name", "record", "visibility", "role", "department", "is_default"))),
            filters=("record", "visibility"),
            group_by=("visibility",),
            presets=(Preset("views", _("Saved views"), {"visibility__ne": "layout"}, default=True),),
        ),
        FormView(
            "core.view",
            sections=(
                Section("view", _("Saved view"), ("name", "record", "query")),
                Section("whom", _("Visible to"), ("visibility", "role", "department", "is_default")),
            ),
        ),
    ]
