"""Ending a deadline by people: with evidence, by a second person, by a waiver, or as missed."""

from __future__ import annotations

from datetime import date
from typing import Any

from core import FieldError, Invalid, Refused, _, current_principal, db, now, today
from plugins.deadlines.choices import LIVE
from plugins.deadlines.records import Deadline


def close(deadline: Deadline, act_date: date, evidence: str | None, file_id: int | None) -> None:
    """Close with a receipt number or a stored file; a fatal deadline then waits for a second person."""
    _require_live(deadline)
    if not evidence and not file_id:
        raise Invalid([FieldError("evidence", "required", _("Give the receipt number or attach the receipt."))])
    if act_date > today():
        raise Invalid([FieldError("act_date", "future", _("The act cannot lie in the future."))])
    deadline.act_date, deadline.evidence, deadline.evidence_file_id = act_date, evidence, file_id
    deadline.closed_by_id, deadline.closed_at = current_principal().user_id, now()
    deadline.status = "to_confirm" if deadline.severity == "fatal" else "met"
    db.session.flush()


def confirm(deadline: Deadline) -> None:
    """The second person on the closure of a fatal deadline; never the one who closed it."""
    if deadline.status != "to_confirm":
        raise Refused(_("This closure does not wait for a second person."), code="not_waiting")
    me = current_principal().user_id
    if deadline.closed_by_id is not None and deadline.closed_by_id == me:
        raise Refused(_("You closed it yourself; somebody else has to confirm."), code="separation_of_duties")
    deadline.status, deadline.confirmed_by_id, deadline.confirmed_at = "met", me, now()
    db.session.flush()


def send_back(deadline: Deadline, reason: str) -> None:
    """The second person does not accept the evidence; the deadline is open again."""
    if deadline.status != "to_confirm":
        raise Refused(_("This closure does not wait for a second person."), code="not_waiting")
    deadline.status, deadline.reason, deadline.closed_at = "open", reason, None
    db.session.flush()


def waive(deadline: Deadline, reason: str) -> None:
    """Give a deadline up on the client's instruction, which the reason names."""
    _require_live(deadline)
    deadline.status, deadline.reason = "waived", reason
    deadline.closed_by_id, deadline.closed_at = current_principal().user_id, now()
    db.session.flush()


def miss(deadline: Deadline, reason: str) -> None:
    """Record that a deadline was missed, and why."""
    _require_live(deadline)
    if deadline.due >= today():
        raise Refused(_("The official date has not passed yet."), code="not_past")
    deadline.status, deadline.reason = "missed", reason
    deadline.closed_by_id, deadline.closed_at = current_principal().user_id, now()
    db.session.flush()


def hand_over(deadlines: Deadline | list[Deadline], person: int, deputy: int | None) -> None:
    """Give one or several deadlines to another person, with a deputy if named."""
    for deadline in deadlines if isinstance(deadlines, list) else [deadlines]:
        deadline.responsible_id = person
        if deputy is not None:
            deadline.deputy_id = deputy
    db.session.flush()


def is_live(deadline: Any) -> Any:
    """True, or the reason why nothing can be done any more."""
    return True if deadline.status in LIVE else _("This deadline is closed.")


def is_open(deadline: Any) -> Any:
    """True, or the reason why it cannot be closed: evidence that waits for the second person is not replaced."""
    if deadline.status == "to_confirm":
        return _("The closure waits for a second person, who confirms it or sends it back.")
    return is_live(deadline)


def waits(deadline: Any) -> Any:
    """True, or the reason why there is nothing to confirm."""
    return True if deadline.status == "to_confirm" else _("Nothing waits for a second person here.")


def is_past(deadline: Any) -> Any:
    """True, or the reason why it cannot be called missed."""
    live = is_live(deadline)
    return live if live is not True or deadline.due < today() else _("The official date has not passed yet.")


def _require_live(deadline: Deadline) -> None:
    if deadline.status not in LIVE:
        raise Refused(_("This deadline is closed."), code="closed")
