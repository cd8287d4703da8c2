"""One question to a page: what it is about, what it costs, the document, and the two answers."""

from __future__ import annotations

from typing import Any

from flask import request

from core import Conflict, Forbidden, Invalid, NotFound, ZhianError, db, gettext
from plugins.portal import papers, questions
from plugins.portal.desk import draw, onward, origin_address, page, tell
from plugins.portal.people import me


@page("/questions/<int:ident>")
def question(ident: int) -> Any:
    """The question with its document."""
    asked = questions.question(ident)
    tell(asked.title, record=(questions.TASK, ident), client=asked.client)
    return _page(asked)


def _page(asked: questions.Question, error: str = "", field: str = "", status: int = 200) -> Any:
    return draw(
        "question.html",
        status,
        title=asked.title,
        asked=asked,
        paper=papers.record_of_question(*asked.record),
        may_decide=questions.may_decide(),
        error=error,
        field=field,
        opinion=request.form.get("opinion", ""),
    )


@page("/questions/<int:ident>", act="decision", methods=("POST",))
def decide(ident: int) -> Any:
    """The answer."""
    asked, person = questions.question(ident), me()
    if person is None or not questions.may_decide():
        raise NotFound()
    place = (origin_address(), request.user_agent.string or "")
    try:
        decision = questions.decide(asked, request.form.to_dict(), person, place)
    except Invalid as error:
        db.session.rollback()
        return _page(asked, str(error.errors[0].message), error.errors[0].field, 422)
    except (Conflict, Forbidden) as error:
        db.session.rollback()
        return _page(questions.question(ident), _why(error), status=409)
    words = gettext("Confirmed") if decision == "confirm" else gettext("Change requested")
    tell(f"{words}: {asked.title}", record=(questions.TASK, ident), client=asked.client)
    target = f"/portal/cases/{asked.case_id}" if asked.case_id else "/portal"
    return onward(target, "confirmed" if decision == "confirm" else "changed")


def _why(error: ZhianError) -> str:
    """Words for the client: who of the agency or of their own was faster is not told by name here."""
    if error.code in ("already_decided", "not_available"):
        return gettext("This was decided already.")
    if error.code == "record_changed":
        return gettext("Something has changed since you opened this page. Please look at it again.")
    return str(error.message)
