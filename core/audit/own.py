"""The audit room through the hooks that everybody uses: rights, jobs, schedule, banner."""

from __future__ import annotations

import time
from typing import Any

from sqlalchemy import select

from core.audit import chain, verify
from core.audit.export import export
from core.db import system
from core.hooks.specs import hookimpl
from core.i18n import gettext, use_locale
from core.messages.writing import notify
from core.permissions.holders import role_holders
from core.permissions.org import User
from core.permissions.principal import current_principal
from core.permissions.rules import Grant
from core.records.audit import RIGHT, note_action
from core.registry import Job, Schedule
from core.views import Panel

VERIFY, SEAL, EXPORT = "core.audit_verify", "core.audit_seal", "core.audit_export"
TOLD = ("audit_admin", "administrator")
"""Who learns of a log that was tampered with."""
LOOK_EVERY = 10.0
_seen: tuple[float, bool] = (0.0, True)


def verify_and_tell() -> dict[str, Any]:
    """Seal what waits, verify all, keep the outcome, log it, and tell the auditors when something does not fit."""
    chain.seal(thorough=True)
    result = verify.verify()
    verify.keep_result(result)
    told = {"rows": result.sealed, "waiting": result.waiting, "bad": result.bad, "kinds": result.kinds}
    told["first"] = [str(one) for one in result.first[:5]]
    with system("verification of the audit log") as session:
        note_action(session, "audit_verified", None, changes=told)
        if not result.ok:
            _alarm(session, result)
    return told


def _alarm(session: Any, result: verify.Result) -> None:
    for person in session.scalars(select(User).where(User.id.in_(role_holders(*TOLD)))):
        with use_locale(person.locale):
            title = gettext("The audit log does not verify: %(first)s", first=str(result.first[0]))
            notify([person.id], title, body="/settings/audit/proof", severity="fatal", key=f"audit {result.at}")


@hookimpl
def register_jobs() -> list[Job]:
    """Sealing, verifying, exporting."""
    return [
        Job(SEAL, lambda: {"rows": chain.seal()}),
        Job(VERIFY, verify_and_tell, timeout=3600, bulk=True),
        Job(EXPORT, export, timeout=3600, bulk=True),
    ]


@hookimpl
def register_schedules() -> list[Schedule]:
    """Verification each night; the scheduler itself seals every few seconds."""
    return [Schedule(VERIFY, VERIFY, daily="04:10")]


@hookimpl
def register_grants() -> list[Grant]:
    """The audit administrator reads the log, and nothing else."""
    return [Grant("audit_admin", RIGHT, ("read", "export", "verify"))]


@hookimpl
def slot_banner() -> list[Panel]:
    """Auditors and administrators see on every page that the log does not verify."""
    who = current_principal()
    if not (who.can(RIGHT, "read") or who.can("core.user_role", "create")) or _was_fine():
        return []
    return [Panel("web/audit_alarm.html", {}, order=1)]


def _was_fine() -> bool:
    global _seen
    if _seen[0] < time.monotonic():
        result = verify.last_result()
        _seen = (time.monotonic() + LOOK_EVERY, result is None or result.ok)
    return _seen[1]
