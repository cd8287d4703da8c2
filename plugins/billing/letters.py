"""The letter of a bill that is issued: made, shown to the client, sent when asked. Its contents are in `documents`."""

from __future__ import annotations

from typing import Any

from core import Choice, L, Param, ZhianError, _, db, elevated, gettext, registry, run_action

BILL, MAKE = "billing.bill", "make_document"
LANGUAGES = (Choice("zh", L("中文", "Chinese")), Choice("en", L("英文", "English")))
WHY = "the letter of an issued bill goes to the client"


def can_print() -> bool:
    """Whether something here makes letters of bills."""
    return MAKE in registry().actions.get(BILL, {})


PARAMS = tuple(
    Param(name, label, kind, choices=choices, default=default, when=lambda _bill: can_print())
    for name, label, kind, choices, default in (
        ("letter", _("Make its letter and show it in the client portal"), "boolean", None, True),
        ("language", _("Language of the letter"), "choice", LANGUAGES, "zh"),
        ("mail_to_client", _("Send the letter to the contact by mail"), "boolean", None, False),
    )
)
"""What the dialog asks about the letter; nothing where nobody makes letters."""


def go_out(bill: Any, given: dict[str, Any]) -> str:
    """Ask for the letter of a bill just issued; what became of it, in words. A letter in trouble stops no bill."""
    if not (can_print() and (given.get("letter") or given.get("mail_to_client"))):
        return ""
    mail = bool(given.get("mail_to_client"))
    wanted = {"kind": "bill", "language": given.get("language") or "zh", "release": True, "mail_to_client": mail}
    try:
        with elevated(WHY), db.session.begin_nested():
            run_action(bill, BILL, MAKE, wanted)
    except ZhianError as error:
        return gettext("Its letter could not be made: %(why)s", why=str(error))
    return gettext("Its letter is being made and sent.") if mail else gettext("Its letter is being made.")
