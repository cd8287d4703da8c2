"""Who stands in the log: an administrator who looks through others' eyes, a deputy on behalf of whom they stand for."""

from __future__ import annotations

from typing import Any

from core.permissions.principal import Principal, current_principal

Row = dict[str, Any]


def attributed(rows: list[Row]) -> list[Row]:
    """Rows of the log with the true actor, and with whom the act is for."""
    who = current_principal()
    if who.viewer is not None:
        return [_of_viewer(row, who, who.viewer) for row in rows]
    if not who.standing_in:
        return rows
    return [_of_deputy(row, who) for row in rows]


def _of_viewer(row: Row, seen_as: Principal, viewer: Principal) -> Row:
    changes = (row["changes"] or {}) | {"viewed_as": seen_as.user_id}
    return row | {"actor_id": viewer.user_id, "actor": viewer.name or viewer.login, "changes": changes}


def _of_deputy(row: Row, who: Principal) -> Row:
    absent = who.cache.get(("behalf", row["record_key"], row["record_id"]))
    if absent is None or row["actor_id"] != who.user_id:
        return row
    changes = (row["changes"] or {}) | {"on_behalf_of": absent.user_id}
    return row | {"actor": f"{who.name} / {absent.name}"[:80], "changes": changes}
