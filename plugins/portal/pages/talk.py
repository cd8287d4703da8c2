"""Questions to the agency and its answers, by case and in general."""

from __future__ import annotations

from typing import Any

from flask import request

from core import Invalid, NotFound, _, current_principal, get, gettext
from plugins.cases import Case
from plugins.portal import services
from plugins.portal.desk import draw, onward, page, tell
from plugins.portal.people import client_ids, me


def _allowed(action: str) -> None:
    if not current_principal().can("portal.message", action):
        raise NotFound()


@page("/messages")
def messages() -> Any:
    """All conversations, the latest first."""
    _allowed("read")
    tell(_("Messages"))
    return _page()


def _page(error: str = "", status: int = 200) -> Any:
    found = services.threads()
    return draw(
        "messages.html",
        status,
        title=gettext("Ask us"),
        threads=found,
        error=error,
        body=request.form.get("body", ""),
        may_ask=current_principal().can("portal.message", "create"),
    )


@page("/messages", act="message", methods=("POST",))
def ask() -> Any:
    """A question in general; a person of several clients says for which."""
    _allowed("create")
    person = me()
    chosen = request.form.get("client", "")
    client = int(chosen) if chosen.isascii() and chosen.isdigit() else (person.client if person else 0)
    if client not in client_ids():
        raise NotFound()
    return _send(client, None, "/portal/messages")


@page("/cases/<int:case_id>/messages", act="message", methods=("POST",))
def ask_on_case(case_id: int) -> Any:
    """A question on a case."""
    case = get(Case, case_id)
    _allowed("create")
    return _send(case.client_id, case_id, f"/portal/cases/{case_id}#messages")


def _send(client: int, case_id: int | None, target: str) -> Any:
    try:
        made = services.ask(client, case_id, request.form.get("body", ""))
    except Invalid:
        return _page(gettext("Write your question first."), 422)
    tell(made.body[:200], record=("portal.message", made.id), client=client)
    return onward(target, "sent")


@page("/messages/seen", act="page", methods=("POST",))
def seen() -> Any:
    """The answers were looked at."""
    _allowed("read")
    ids = [m.id for t in services.threads() for m in t["messages"] if m.side == "agency"]
    services.mark_seen(ids)
    tell(_("Answers marked as read"))
    return onward("/portal/messages")
