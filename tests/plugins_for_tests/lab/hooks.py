"""Rights, rules, numbers, actions, and hooks that fail on demand."""

from __future__ import annotations

from sqlalchemy import and_, select

from core import (
    Action,
    FieldRule,
    Grant,
    L,
    NumberRule,
    Param,
    Refused,
    Role,
    Rule,
    Scopes,
    Seq,
    Text,
    _,
    elevated,
    hookimpl,
    scopes_via,
)
from lab.records import Drawer, Folder, Sheet

FAIL: dict[str, Exception] = {}
"""Hook name -> what it raises, set by tests."""
CALLS: list[tuple[str, str, int]] = []


@hookimpl
def register_records():
    return [Folder, Sheet, Drawer]


@hookimpl
def register_roles():
    return [Role("clerk", L("职员", "Clerk")), Role("chief", L("主管", "Chief")), Role("guest", L("访客", "Guest"))]


@hookimpl
def register_grants():
    everything = ("read", "create", "update", "delete", "paint", "sum")
    return [
        Grant("clerk", "lab.folder", everything, "own"),
        Grant("clerk", "lab.sheet", ("read", "create", "update")),
        Grant("clerk", "lab.drawer", ("read", "create", "update", "delete"), "own"),
        Grant("chief", "lab.folder", everything, "department"),
        Grant("chief", "lab.sheet", ("read", "create", "update", "delete")),
        Grant("chief", "lab.drawer", ("read",), "department"),
        Grant("guest", "lab.sheet", ("read",)),
    ]


@hookimpl
def register_scopes():
    return {
        "lab.folder": Scopes(
            own=lambda model, principal: model.keeper_id == principal.user_id,
            department=lambda model, principal: model.department_id.in_(sorted(principal.department_ids)),
        ),
        "lab.drawer": scopes_via("folder"),
    }


@hookimpl
def register_rules():
    return [Rule("lab.folder", "nothing is called forbidden", lambda model, principal: model.name != "forbidden")]


@hookimpl
def register_field_rules():
    return [
        FieldRule("lab.folder", "secret_word", "hidden", ("clerk",)),
        FieldRule("lab.folder", "phone", "masked", ("clerk",)),
        FieldRule("lab.folder", "budget", "readonly", ("clerk",)),
        FieldRule(
            "lab.folder",
            "motto",
            "hidden",
            ("clerk",),
            when=lambda model, principal: and_(model.colour == "blue", model.tags.is_(None)),
            shown=L("（未公开）", "(not public)"),
        ),
    ]


@hookimpl
def register_numbering():
    return [NumberRule("lab.folder", "number", (Text("F-"), Seq(width=4)))]


def paint(record, params):
    record.colour = params["colour"]
    return {"painted": record.colour}


def total(records, params):
    return {"count": len(records), "ids": [r.id for r in records]}


def everybody(params):
    with elevated("count all folders") as session:
        return {"folders": len(session.scalars(select(Folder)).all())}


@hookimpl
def register_actions():
    from lab.records import COLOURS

    colour = Param("colour", _("Colour"), "choice", required=True, choices=COLOURS)
    return [
        Action(
            "lab.folder",
            "paint",
            _("Paint"),
            paint,
            (colour,),
            available=lambda r: r.name != "glass" or _("Glass takes no paint."),
        ),
        Action("lab.folder", "sum", _("Sum"), total, bulk=True),
        Action("lab.sheet", "update", _("Count folders"), everybody, on_type=True),
    ]


def _hook(name, model, items):
    CALLS.append((name, model.__record__["key"], len(items)))
    if name in FAIL:
        raise FAIL[name]


@hookimpl
def before_create(model, records):
    if model.__record__["key"].startswith("lab."):
        _hook("before_create", model, records)
        for record in records:
            if getattr(record, "name", "") == "refuse me":
                raise Refused(_("This name is refused."), field="name", code="bad_name")


@hookimpl
def validate_records(model, records):
    if model.__record__["key"].startswith("lab."):
        _hook("validate_records", model, records)


@hookimpl
def after_create(model, records):
    if model.__record__["key"].startswith("lab."):
        _hook("after_create", model, records)


@hookimpl
def before_update(model, changes):
    if model.__record__["key"].startswith("lab."):
        _hook("before_update", model, changes)


@hookimpl
def after_update(model, changes):
    if model.__record__["key"].startswith("lab."):
        _hook("after_update", model, changes)


@hookimpl
def before_delete(model, records):
    if model.__record__["key"].startswith("lab."):
        _hook("before_delete", model, records)


@hookimpl
def after_delete(model, records):
    if model.__record__["key"].startswith("lab."):
        _hook("after_delete", model, records)
