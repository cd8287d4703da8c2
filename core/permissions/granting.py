"""Who may give and take roles, whichever way they write: nobody their own, and the highest only who holds it."""

from __future__ import annotations

from collections.abc import Iterable

from core.db import db
from core.errors import Forbidden
from core.i18n import _
from core.permissions.org import UserRole
from core.records.changes import Change

TOP_ROLES = frozenset({"administrator"})


def check_given(rows: Iterable[UserRole]) -> None:
    """Roles that are given or taken. Raises `Forbidden`."""
    for row in rows:
        _check(row.user_id, row.role)


def check_new(rows: Iterable[UserRole]) -> None:
    """Roles that are given: also by the duties that two persons must share. Raises `Forbidden` or `Refused`."""
    from core.permissions.duties import check_together

    rows = list(rows)
    check_given(rows)
    for row in rows:
        check_together(row.user_id, row.role)


def check_changed(changes: Iterable[Change]) -> None:
    """Roles that become others, or somebody else's. Raises `Forbidden`."""
    for change in changes:
        now = {"user": change.record.user_id, "role": change.record.role}
        _check(**(now | {name: change.old[name] for name in now if name in change.old}))
        _check(**now)


def _check(user: int, role: str) -> None:
    principal = db.session().principal
    if principal.is_system:
        return
    if user == principal.user_id:
        raise Forbidden(_("Nobody changes their own roles. Ask a second administrator."))
    if role in TOP_ROLES and not principal.has_role(*TOP_ROLES):
        raise Forbidden(_("Only an administrator with all rights gives or takes this role."))
