"""What this plugin puts into the configuration file: the flows in force. They arrive elsewhere as drafts."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from sqlalchemy import select

from core import Configuration, FieldError, Forbidden, Invalid, _, create, current_principal, db, elevated, get, update
from plugins.workflow.definitions import FROZEN, new_version
from plugins.workflow.records import Definition

NAMES = tuple(name for name in FROZEN if name != "code")


def parts() -> list[Configuration]:
    """The part of the file."""
    return [Configuration("flows", _("Flows"), export, apply, order=90)]


def export() -> Mapping[str, Any]:
    """The newest content of each flow by its code: its draft, else the version in force."""
    with elevated("flows are known to whoever may read them"):
        live = select(Definition).where(Definition.state.in_(("published", "draft"))).order_by(Definition.version_no)
        return {row.code: {name: getattr(row, name) for name in NAMES} for row in db.session.scalars(live)}


def apply(given: Mapping[str, Any]) -> None:
    """Each becomes the draft of its flow; whoever may publish here does so after a look at it."""
    for code, values in given.items():
        if not isinstance(values, Mapping):
            raise Invalid([FieldError(code, "invalid", _("This is no flow."))])
        told = {name: values[name] for name in NAMES if name in values}
        versions = select(Definition).where(Definition.code == code).order_by(Definition.version_no.desc())
        newest = db.session.scalars(versions).first()
        if newest is None:
            create(Definition, told | {"code": code})
        else:
            update(newest if newest.state == "draft" else _draft_after(newest), told)


def _draft_after(newest: Definition) -> Definition:
    if not current_principal().is_system and not current_principal().can("workflow.definition", "new_version"):
        raise Forbidden(detail={"record": "workflow.definition", "action": "new_version"})
    return get(Definition, new_version(newest)["definition"])
