"""Another official date by hand: an earlier one counts at once, a later one only when the second person confirms it."""

from __future__ import annotations

from datetime import date
from typing import Any

from sqlalchemy import false, select

from core import FieldError, Invalid, Refused, _, current_principal, db, elevated, load_principal, registry
from plugins.deadlines.choices import LIVE
from plugins.deadlines.closing import is_live
from plugins.deadlines.records import Deadline

CONFIRM = "confirm_override"
"""The action that the second person needs the right to."""


def override(deadline: Deadline, due: date, reason: str, second: int | None) -> None:
    """Set an earlier date, or ask the named second person for a later one; until then the old date stays in force."""
    if deadline.base_date and due < deadline.base_date:
        raise Invalid([FieldError("due", "too_early", _("Earlier than the day it is counted from. Check the date."))])
    _forget(deadline)
    if due > (deadline.computed_due or deadline.due):
        _require_second(deadline, second)
        deadline.wanted_due, deadline.wanted_reason = due, reason
        deadline.wanted_by_id, deadline.second_id = current_principal().user_id, second
    else:
        _set(deadline, due, reason)
    db.session.flush()


def confirm(deadline: Deadline) -> None:
    """The named second person agrees: the later date is in force."""
    due, reason = deadline.wanted_due, deadline.wanted_reason
    if due is None or reason is None or waits_for_me(deadline) is not True:
        raise Refused(waits_for_me(deadline), code="separation_of_duties")
    deadline.wanted_due = deadline.wanted_reason = None
    _set(deadline, due, reason)
    db.session.flush()


def send_back(deadline: Deadline) -> None:
    """The second person does not agree: the date stays as it is. The reason is in the log."""
    if (waits := waits_for_me(deadline)) is not True:
        raise Refused(waits, code="separation_of_duties")
    _forget(deadline)
    db.session.flush()


def waits_for_me(deadline: Any) -> Any:
    """True, or the reason why this person cannot confirm a later date: never who asked, only who was named."""
    if deadline.wanted_due is None:
        return _("No later date waits for a second person here.")
    me = current_principal().user_id
    if me is None or deadline.wanted_by_id == me:
        return _("You asked for this date yourself; somebody else has to confirm.")
    if deadline.second_id != me:
        return _("The later date waits for another person, who was named for it.")
    return is_live(deadline)


def waiting_for_me() -> list[Deadline]:
    """Deadlines whose later date waits for this person's word."""
    me = current_principal().user_id
    waiting = select(Deadline).where(
        Deadline.second_id == me, Deadline.wanted_due.is_not(None), Deadline.status.in_(LIVE)
    )
    return list(db.session.scalars(waiting.order_by(Deadline.internal_date, Deadline.id).limit(8)))


def _set(deadline: Deadline, due: date, reason: str) -> None:
    computed = deadline.computed_due or deadline.due
    deadline.computed_due, deadline.overridden, deadline.reason = computed, due != computed, reason
    deadline.due = due
    deadline.safe_date = min(due, deadline.safe_date or due) if due <= computed else due
    deadline.internal_date = min(deadline.internal_date or due, deadline.safe_date)
    if deadline.client_date:
        deadline.client_date = min(deadline.client_date, deadline.internal_date)


def _forget(deadline: Deadline) -> None:
    deadline.wanted_due = deadline.wanted_reason = None
    deadline.wanted_by_id = deadline.second_id = None


def _require_second(deadline: Deadline, second: int | None) -> None:
    """Somebody else, who has the right to confirm this very deadline; raises `Invalid`."""
    if second is None or second == current_principal().user_id:
        raise Invalid([FieldError("second", "required", _("A later date needs a second person and the legal ground."))])
    person = load_principal(second)
    may = registry().access.where(Deadline, person, CONFIRM) if person is not None else false()
    with elevated("whether the named person may confirm"):
        found = db.session.scalar(select(Deadline.id).where(Deadline.id == deadline.id, may))
    if found is None:
        message = _("This person may not confirm dates of this case. Name a department head or a docket verifier.")
        raise Invalid([FieldError("second", "no_right", message)])
