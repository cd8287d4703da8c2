"""Whether a mark shall be renewed: what it is about, what it costs, and the two answers."""

from __future__ import annotations

from typing import Any

from flask import request

from core import Conflict, Invalid, NotFound, Refused, _, db, get, gettext
from plugins.cases import Case
from plugins.portal import papers, renewals
from plugins.portal.desk import draw, onward, origin_address, page, tell
from plugins.portal.people import me


@page("/cases/<int:case_id>/renewal")
def renewal(case_id: int) -> Any:
    """The mark, its dates, its cost."""
    case = _case(case_id)
    tell(_("Renewal: %(name)s", name=case.name), record=("cases.case", case_id), client=case.client_id)
    return _page(case)


def _case(case_id: int) -> Any:
    case = get(Case, case_id)
    if not renewals.may_instruct():
        raise NotFound()
    return case


def _page(case: Any, errors: dict[str, str] | None = None, status: int = 200) -> Any:
    found = renewals.waiting(case.id)
    return draw(
        "renewal.html",
        status,
        title=gettext("Renewal: %(name)s", name=case.name),
        case=case,
        asked=found[0] if found else None,
        paper=papers.record_of_question("cases.case", case.id),
        errors=errors or {},
        given=request.form,
    )


@page("/cases/<int:case_id>/renewal", act="decision", methods=("POST",))
def answer(case_id: int) -> Any:
    """Renew, or not."""
    case, person = _case(case_id), me()
    if person is None:
        raise NotFound()
    name, client = case.name, case.client_id
    try:
        place = (origin_address(), request.user_agent.string or "")
        decision = renewals.answer(case_id, request.form.to_dict(), person, place)
    except Invalid as error:
        db.session.rollback()
        return _page(_case(case_id), {e.field: str(e.message) for e in error.errors}, 422)
    except (Conflict, Refused) as error:
        db.session.rollback()
        return _page(_case(case_id), {"all": str(error.message)}, 409)
    said = gettext("Renew") if decision == "renew" else gettext("Do not renew")
    tell(f"{said}: {name}", record=("cases.case", case_id), client=client)
    return onward(f"/portal/cases/{case_id}", "instructed")
