"""What is wrong with a definition, in words that say the mend."""

from __future__ import annotations

from typing import Any

from core import _
from plugins.workflow.flow import Problem

_SAID = {
    "empty": _("A flow needs nodes."),
    "too_short": _("After the submission there must be something to do."),
    "start_first": _("The first node is the submission."),
    "start_once": _("Only the first node is a submission."),
    "kind": _("Choose what kind of node this is."),
    "object": _("Give this as an object."),
    "list": _("Give this as a list."),
    "text": _("Give this as a text."),
    "too_many": _("That is more than a flow holds. Make several flows of it."),
    "id": _("Use small letters, digits and underscores, beginning with a letter."),
    "id_twice": _("Another node has this code."),
    "required": _("This field is required."),
    "too_deep": _("Branches lie too deep within each other. Make a flow of its own of it."),
    "branches": _("Add branches: at least two that run in parallel, one for a condition."),
    "branch_empty": _("A parallel branch needs a node."),
    "rest_last": _("A branch without a condition takes the rest, so it stands last."),
    "operator": _("Choose how to compare."),
    "value": _("Say what to compare with."),
    "nobody": _("Say who is asked."),
    "who": _("This names nobody: %(what)s."),
    "who_role": _("There is no role %(what)s."),
    "who_user": _("Nobody who works here signs in as %(what)s."),
    "who_field": _("The record has no field %(what)s."),
    "who_head": _("There is no department %(what)s."),
    "who_decider": _("No earlier node is called %(what)s."),
    "mode": _("Choose one of them, all of them, or one after the other."),
    "hours": _("Give the hours as a number from 1 to 8760."),
    "timer_act": _("Choose what happens then."),
    "back": _("No earlier node is called %(what)s."),
    "action": _("Name the action."),
    "action_unknown": _(
        "The record has no action %(what)s. Tick “skip when it is not there” if its plugin may be off."
    ),
    "place": _("Nothing is known as {%(what)s}."),
    "field": _("The record has no field %(what)s."),
    "ask": _("Each line: code, kind (text, long_text or date), words."),
    "record_key": _("There is no record type %(what)s."),
    "option": _("Nothing is known as the option %(what)s."),
    "json": _("This is not valid JSON: %(what)s."),
}


def said(problem: Problem) -> Any:
    """The problem in words."""
    words = _SAID[problem.code]
    return _with(words, problem.detail)


def _with(words: Any, what: str) -> str:
    text = str(words)
    return text.replace("%(what)s", what)
