"""Rights set in the browser as a part of the configuration file: roles, conditions, rights, rights on fields.

Names hold no ids: `role:CODE`, `condition:RECORD:NAME`, `right:ROLE:RECORD`, `field:ROLE:RECORD:FIELD`. Shares and
deputies are people's own and stay where they are.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from sqlalchemy import select

from core.db import db, settle
from core.errors import FieldError, Invalid
from core.i18n import _
from core.permissions.declared import CONDITION
from core.permissions.model import Condition, CustomRole, FieldRight, Right
from core.permissions.principal import current_principal
from core.records import service
from core.records.reading import run
from core.shaping.configuration import Configuration

ROLE = ("name", "name_en", "summary", "realm", "base")
BUILT = ("use", "within", "tree", "actions", "roles")
SIDES = ("add", "remove")


def part() -> Configuration:
    """What the configuration file says of rights; custom fields, which conditions may name, come before it."""
    return Configuration("rights", _("Roles and rights"), export, apply, order=15)


def export() -> dict[str, Any]:
    """Everything by name; nothing for people who may not read rights."""
    if not current_principal().can("core.right", "read"):
        return {}
    found = {f"role:{row['code']}": _plain(row, ROLE) for row in _rows(CustomRole)}
    conditions = _conditions()
    found |= {f"condition:{name}": _plain(row, BUILT) for name, row in conditions.items()}
    named = {f"{CONDITION}{row['id']}": f"{CONDITION}{name}" for name, row in conditions.items()}
    for row in _rows(Right):
        sides = found.setdefault(f"right:{row['role']}:{row['record']}", {side: [] for side in SIDES})
        sides[row["effect"]].append([row["action"], named.get(row["scope"], row["scope"])])
    for row in _rows(FieldRight):
        found[f"field:{row['role']}:{row['record']}:{row['field']}"] = {"treatment": row["treatment"]}
    return {name: _ordered(data) for name, data in found.items()}


def _rows(model: type[Any]) -> list[Mapping[str, Any]]:
    table = model.__table__
    chosen = select(table).order_by(table.c.id)
    return list(run(chosen.where(table.c.archived_at.is_(None)) if "archived_at" in table.c else chosen).mappings())


def _conditions() -> dict[str, Mapping[str, Any]]:
    """By record type and name; a second one of the same name counts on."""
    found: dict[str, Mapping[str, Any]] = {}
    for row in _rows(Condition):
        name, number = f"{row['record']}:{row['name']}", 1
        while name in found:
            number += 1
            name = f"{row['record']}:{row['name']} ({number})"
        found[name] = row
    return found


def _plain(row: Mapping[str, Any], names: tuple[str, ...]) -> dict[str, Any]:
    return {name: row[name] for name in names}


def _ordered(data: dict[str, Any]) -> dict[str, Any]:
    return {key: sorted(value) if key in SIDES else value for key, value in data.items()}


def apply(given: Mapping[str, Any]) -> None:
    """Roles first, then conditions, then what refers to them. Raises `Invalid` or `Forbidden`."""
    steps: dict[str, Callable[[str, Mapping[str, Any]], None]] = {
        "role": _role,
        "condition": _condition,
        "right": _right,
        "field": _field,
    }
    if unknown := [name for name in given if name.partition(":")[0] not in steps]:
        raise Invalid([FieldError(unknown[0], "unknown", _("There is no such part of rights."))])
    for kind, step in steps.items():
        for name, data in given.items():
            if name.partition(":")[0] == kind:
                step(name.partition(":")[2], data)
        settle(db.session())


def _save(model: type[Any], where: dict[str, Any], values: dict[str, Any]) -> None:
    conditions = [getattr(model, name) == value for name, value in where.items()]
    found = db.session.scalars(select(model).where(*conditions).order_by(model.id)).first()
    if found is None:
        service.create(model, where | values)
    else:
        service.update(found, values)


def _role(code: str, data: Mapping[str, Any]) -> None:
    _save(CustomRole, {"code": code}, {name: data[name] for name in ROLE if name in data})


def _condition(name: str, data: Mapping[str, Any]) -> None:
    record, _colon, title = name.partition(":")
    _save(Condition, {"record": record, "name": title}, {key: data[key] for key in BUILT if key in data})


def _right(name: str, data: Mapping[str, Any]) -> None:
    """The differences of one role on one record type are just these."""
    role, _colon, record = name.partition(":")
    ids = {f"{CONDITION}{title}": f"{CONDITION}{row['id']}" for title, row in _conditions().items()}
    wanted = {(action, ids.get(scope, scope), side) for side in SIDES for action, scope in data.get(side, ())}
    for row in db.session.scalars(select(Right).where(Right.role == role, Right.record == record)):
        pair = (row.action, row.scope, row.effect)
        if pair in wanted:
            wanted.discard(pair)
        else:
            service.delete(row)
    settle(db.session())
    for action, scope, side in sorted(wanted):
        service.create(Right, {"role": role, "record": record, "action": action, "scope": scope, "effect": side})


def _field(name: str, data: Mapping[str, Any]) -> None:
    role, record, field = name.split(":", 2)
    _save(FieldRight, {"role": role, "record": record, "field": field}, {"treatment": data["treatment"]})
