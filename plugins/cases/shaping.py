"""The agency's changes to status models: where they are kept, when they are refused, their part of the file."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from sqlalchemy import func, select

from core import (
    Configuration,
    FieldError,
    Invalid,
    _,
    current_locale,
    db,
    elevated,
    registry,
    save_shape,
    shape,
    shapes,
    shapes_part,
)
from plugins.cases import status
from plugins.cases.case import Case
from plugins.cases.status import changed, overlay

KIND = "statuses"
WHY = {
    "twice": _("This code stands twice."),
    "code": _("Small letters, digits and underscores, beginning with a letter; not a shipped code."),
    "words": _("A status needs a name in both languages."),
    "group": _("Choose the group of the status."),
    "initial": _("The first status cannot be taken away."),
    "event": _("An event of one's own needs a code beginning with OWN_ and a name in both languages."),
    "who": _("Choose who may make this move."),
    "state": _("A move leads from statuses to a status of this model."),
    "unreached": _("No move leads to this status."),
    "dead_end": _("No move leaves this status, and it is no end."),
    "need": _("Nothing is known of this need."),
    "in_use": _("Cases are in this status; move them first."),
}


def install() -> None:
    """From now on the status models ask here for the agency's changes."""
    changed.changes = lambda: shapes(KIND)


def changes_of(code: str) -> Mapping[str, Any]:
    """The agency's changes to a model, empty where there are none."""
    return shape(KIND, code) or {}


def roles() -> list[str]:
    """Roles that may be named in a move."""
    return [code for code, role in registry().access.roles.items() if role.realm != "admin"]


def check(code: str, changes: Any) -> None:
    """Raises `Invalid` for changes that make no usable model, or that take away a status in which cases are."""
    if code not in status.codes():
        return
    told = changes if isinstance(changes, Mapping) else {}
    events = status.shipped_events()
    found = overlay.problems(status.raw_model(code), told, groups=status.groups(), events=events, roles=roles())
    found += [(name, "need") for name in _unknown_needs(told)]
    found += [(name, "in_use") for name in sorted(in_use(code, told)) if not found]
    if found:
        raise Invalid([FieldError(name, why, WHY[why]) for name, why in found])


def _unknown_needs(changes: Mapping[str, Any]) -> list[str]:
    asked = [
        (kind, name)
        for row in changes.get("moves", ())
        for kind, names in (row.get("needs") or {}).items()
        for name in names
    ]
    known = status.needs()
    return [name for kind, name in asked if kind not in overlay.NEEDS or not {name, f"{kind}:{name}"} & known.keys()]


def in_use(code: str, changes: Mapping[str, Any]) -> dict[str, int]:
    """How many cases, archived ones too, are in each status that these changes would take away."""
    kept = {s["code"] for s in overlay.laid_over(status.raw_model(code), changes)["states"]}
    with elevated("whether cases are in a status that is to go, whoever may see them"):
        counted = select(Case.status, func.count(Case.id)).where(Case.case_type == code).group_by(Case.status)
        return {state: count for state, count in db.session.execute(counted) if state not in kept}


def save(code: str, changes: Mapping[str, Any] | None) -> None:
    """Put changes in force, or the shipped model again. Raises `Invalid` as `check`, `Forbidden` without the right."""
    check(code, changes or {})
    save_shape(KIND, code, dict(changes) if changes else None)


def needs() -> dict[str, list[tuple[str, str]]]:
    """Every need that a move can ask for, by kind, in the reader's language."""
    kinds: dict[str, dict[str, str]] = {kind: {} for kind in overlay.NEEDS}
    locale = current_locale()
    for model in status.all_models():
        for move in model.transitions:
            for kind in overlay.NEEDS:
                for name in getattr(move, kind):
                    kinds[kind][name] = status.need(name, kind).label(locale)
    return {kind: sorted(found.items(), key=lambda item: item[1]) for kind, found in kinds.items()}


def configuration() -> list[Configuration]:
    """The status models' part of the configuration file."""
    return [shapes_part(KIND, _("Statuses of cases"), check, 35)]
