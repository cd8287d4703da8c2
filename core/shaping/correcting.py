"""Correcting a number by hand: an action of every numbered record type that has none of its own, under a right."""

from __future__ import annotations

import re
from datetime import date
from typing import Any

from core.clock import today
from core.db import db
from core.errors import FieldError, Invalid
from core.i18n import _
from core.records import service
from core.records.numbering import DatePart, NumberRule, Seq, Text, number_records
from core.registry import Action, Param
from core.shaping.numbering import in_force, taken

CODE = "correct_number"


def action(rule: NumberRule) -> Action:
    """The action on the records of this rule. Who may run it is a grant of this code; the log keeps old, new, why."""
    params = (
        Param("number", _("New number"), help=_("Empty: anew by the rule.")),
        Param("reason", _("Reason"), "long_text", required=True),
    )
    return Action(
        rule.key,
        CODE,
        _("Correct the number"),
        lambda record, given: correct(rule, record, given["number"]),
        params=params,
        icon="hash",
    )


def correct(rule: NumberRule, record: Any, wanted: str | None) -> dict[str, Any]:
    """Another number for a record; raises `Invalid` for one that is given already or that the rule will give itself."""
    old = getattr(record, rule.field)
    number = (wanted or "").strip() or _anew(rule, record)
    if number == old:
        raise Invalid([FieldError("number", "unchanged", _("This is already its number."))])
    if taken(db.session().connection(), rule, [number]):
        raise Invalid([FieldError("number", "unique", _("Another record already has this value."))])
    if wanted and form_of(rule, today()).fullmatch(number):
        message = _("The rule will give this number itself one day. Choose one of another form, or leave it empty.")
        raise Invalid([FieldError("number", "ahead", message)])
    service.update(record, {rule.field: number}, allow=(rule.field,))
    return {"old": old, "number": number}


def _anew(rule: NumberRule, record: Any) -> str:
    """The next number by the rule; the record keeps its old one until it is stored."""
    old = getattr(record, rule.field)
    with db.session.no_autoflush:
        setattr(record, rule.field, None)
        number_records(db.session(), [rule], [record])
        number = getattr(record, rule.field)
        setattr(record, rule.field, old)
    return number


def form_of(rule: NumberRule, day: date) -> re.Pattern[str]:
    """What the numbers of a rule look like."""
    pieces = []
    for part in in_force(rule):
        if isinstance(part, Text):
            pieces.append(re.escape(part.text))
        elif isinstance(part, DatePart):
            pieces.append(rf"\d{{{len(day.strftime(part.pattern))}}}" if part.pattern.isascii() else ".+")
        else:
            pieces.append(rf"\d{{{part.width},}}" if isinstance(part, Seq) else ".+")
    return re.compile("".join(pieces))
