"""The named actions on cases and what each asks of the person."""

from __future__ import annotations

from typing import Any

from core import Action, Param, _, current_locale, registry
from plugins.cases import choices, nice, services, status
from plugins.cases.entry import roles_now
from plugins.cases.events import record_event
from plugins.cases.facts import is_ended

CASE = "cases.case"
BASE = (
    Param("date", _("Date"), "date", help=_("The day of the event itself; without it the first date below.")),
    Param("dispatch_date", _("Dispatch date"), "date"),
    Param("receipt_date", _("Receipt date"), "date"),
    Param("delivery", _("Served by"), "choice", choices=choices.DELIVERIES),
    Param("notice_number", _("Notice number")),
    Param("period_months", _("Period printed in the paper, in months"), "integer"),
    Param("period_days", _("Period printed in the paper, in days"), "integer"),
    Param("postmark_receipt_date", _("Postmark of receipt"), "date"),
    Param("proved_receipt_date", _("Receipt that can be proved"), "date"),
    Param("service_date", _("Date of service by the court"), "date"),
    Param("foreign_party", _("The party has no domicile in China"), "boolean"),
    Param("document", _("Document"), "link", target="core.attachment"),
    Param("filed_at", _("Where the paper is kept"), help=_("For papers that are not scanned.")),
    Param("outcome", _("Outcome"), "choice", choices=choices.OUTCOMES),
    Param("classes", _("Classes concerned"), "multi_choice", choices=nice.CLASSES),
    Param("to", _("Leads to"), "choice", choices=lambda record=None: choices.states()),
    Param("reason", _("Reason"), "long_text", help=_("Confirms what only a person can know.")),
    Param("keep", _("Record it even if the case cannot move yet"), "boolean", default=False),
    Param("complete", _("Completes the waiting event"), "link", target="cases.event"),
    Param("details", _("Further details"), "json"),
)
KINDS = {
    "text",
    "long_text",
    "integer",
    "decimal",
    "money",
    "date",
    "boolean",
    "choice",
    "multi_choice",
    "tags",
    "link",
}


def event_params(case: Any) -> list[Param]:
    """What recording an event can ask on this case: the general part and every need of the moves open now."""
    moves = status.moves(status.model(case.case_type), case.status, roles_now(), frozenset(registry().types))
    known = {param.name for param in BASE}
    asked = {name: "dates" for move in moves for name in move.dates} | {n: "fields" for m in moves for n in m.fields}
    needs = [need_param(name, kind) for name, kind in asked.items() if name not in known]
    event = Param("event", _("Event"), "choice", required=True, choices=choices.events())
    return [event, *BASE, *needs]


def need_param(name: str, kind: str, required: bool = False) -> Param:
    """The input for one need: as the case field that it fills, else a date or a line of text."""
    need = status.need(name, kind)
    spec = registry().types[CASE].fields.get(need.field or name)
    label = need.label(current_locale())
    if kind == "dates" or spec is None or spec.kind not in KINDS or spec.readonly:
        return Param(name, label, "date" if kind == "dates" else TYPED.get(name, "text"), required)
    return Param(name, label, spec.kind, required, choices=spec.choices or None, target=spec.target)


TYPED = {
    "evidence_later": "boolean",
    "in_grace": "boolean",
    "in_surcharge": "boolean",
    "early_publication": "boolean",
    "exam_request": "boolean",
    "annuity_year": "integer",
    "months": "integer",
    "review_opinion": "long_text",
    "client_comment": "long_text",
    "hold_reason": "long_text",
    "confirmation_waiver_reason": "long_text",
}
"""Kinds of inputs that no case field tells."""


def states_of(case: Any = None) -> Any:
    """The states of the case's own model as choices, all states where no case is known."""
    if case is None:
        return choices.states()
    return choices.states_of(case.case_type)


def _unverified(case: Any) -> Any:
    return True if case.verified_at is None else _("The data are verified; a change asks for it again.")


def _open(case: Any) -> Any:
    return True if not case.closed_on else _("The case is closed.")


def _closed(case: Any) -> Any:
    return True if case.closed_on or is_ended(case.case_type, case.status) else _("The case is open.")


REASON = Param("reason", _("Reason"), "long_text", required=True)
DOCUMENT = Param("document", _("Document"), "link", target="core.attachment")
ACTIONS = (
    Action(
        CASE,
        "record_event",
        _("Record an event"),
        record_event,
        params=event_params,
        primary=True,
        icon="file-plus",
        template="cases/moves_dialog.html",
    ),
    Action(
        CASE,
        "verify_critical",
        _("Verify critical data"),
        services.verify_critical,
        confirm=_("Number, dates, classes, applicants and priority agree with the documents."),
        available=_unverified,
        icon="shield-check",
    ),
    Action(
        CASE,
        "correct_status",
        _("Correct the status"),
        services.correct_status,
        params=(
            Param("status", _("Right status"), "choice", required=True, choices=states_of),
            REASON,
            Param("date", _("Since"), "date"),
            DOCUMENT,
            Param("evidence", _("Evidence"), help=_("Where the proof is, when it is not attached.")),
        ),
        icon="pencil",
    ),
    Action(
        CASE,
        "reassign",
        _("Reassign"),
        services.reassign,
        params=(
            Param("agent", _("Agent in charge"), "link", target="core.user"),
            Param("process_clerk", _("Process clerk"), "link", target="core.user"),
            Param("client_manager", _("Client manager"), "link", target="core.user"),
            Param("department", _("Department"), "link", target="core.department"),
            Param("reason", _("Reason"), "long_text"),
        ),
        bulk=True,
        icon="user",
    ),
    Action(
        CASE,
        "transfer_out",
        _("Move to another agency"),
        services.transfer_out,
        params=(
            Param("to", _("New agency"), required=True),
            REASON,
            DOCUMENT,
            Param("date", _("Date of the letter"), "date"),
            Param("recorded_on", _("Change of agent recorded on"), "date"),
        ),
        available=_open,
        icon="arrow-right",
    ),
    Action(
        CASE,
        "close",
        _("Close the case"),
        services.close,
        params=(REASON, DOCUMENT, Param("filed_at", _("Where the paper is kept"))),
        available=_open,
        icon="archive",
    ),
    Action(
        CASE,
        "reopen",
        _("Reopen"),
        services.reopen,
        params=(REASON, Param("status", _("Goes on in"), "choice", choices=states_of)),
        available=_closed,
        icon="restore",
    ),
)
"""All actions of this plugin."""
