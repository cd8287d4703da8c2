"""Named actions on flows, tasks and definitions with their inputs; the work is in the modules that they name."""

from __future__ import annotations

from typing import Any

from core import Action, Choice, L, Param, _
from plugins.workflow import choices, deciding, definitions, handling, starting

TASK, INSTANCE, DEFINITION = "workflow.task", "workflow.instance", "workflow.definition"


def actions() -> list[Action]:
    """All actions of the plugin."""
    return [*_of_tasks(), *_of_instances(), *_of_definitions()]


def decisions_of(task: Any = None) -> Any:
    """The decisions that a task takes."""
    if task is None:
        return choices.DECISIONS
    return [c for c in choices.DECISIONS if c.code in choices.OF_KIND[task.kind]]


def _of_tasks() -> list[Action]:
    person = Param("person", _("Person"), "link", required=True, target="core.user")
    reason = Param("reason", _("Reason"), "long_text")
    return [
        Action(
            TASK,
            "decide",
            _("Take a decision"),
            deciding.decide,
            params=(
                Param("decision", _("Decision"), "choice", required=True, choices=decisions_of),
                Param("opinion", _("Opinion"), "long_text", help=_("Needed for anything but an agreement.")),
                Param("round", _("Round"), "integer", required=True),
                Param("version", _("Version of the record"), "integer", required=True),
                Param("to", _("Back to the node")),
                Param("files", _("Files"), "json"),
                Param("values", _("Further values"), "json"),
            ),
            primary=True,
            icon="check",
            template="workflow/decide_dialog.html",
        ),
        Action(
            TASK,
            "hand_on",
            _("Hand on"),
            handling.hand_on,
            params=(person, reason),
            available=_open,
            icon="user",
        ),
        Action(
            TASK,
            "add_signer",
            _("Add a signer"),
            handling.add_signer,
            params=(person, Param("place", _("Signs"), "choice", choices=PLACES, default="with"), reason),
            available=_open,
            icon="plus",
        ),
    ]


PLACES = (
    Choice("with", L("一起签", "together with the others")),
    Choice("after", L("我之后签", "after them")),
)


def _open(task: Any) -> Any:
    return True if task.state == "open" else _("This no longer waits for a decision.")


def _of_instances() -> list[Action]:
    return [
        Action(
            INSTANCE,
            "start",
            _("Start a flow"),
            starting.start,
            params=(
                Param("code", _("Code"), required=True),
                Param("record_key", _("Record type"), required=True),
                Param("record_id", _("Record"), "integer", required=True),
                Param("opinion", _("Opinion"), "long_text"),
            ),
            on_type=True,
            icon="send",
        ),
        Action(
            INSTANCE,
            "urge",
            _("Urge"),
            handling.urge,
            params=(Param("text", _("Message"), "long_text"),),
            available=handling.still_runs,
            icon="bell",
        ),
        Action(
            INSTANCE,
            "withdraw",
            _("Withdraw"),
            handling.withdraw,
            params=(Param("reason", _("Reason"), "long_text", required=True),),
            available=handling.still_runs,
            icon="back",
        ),
    ]


def _of_definitions() -> list[Action]:
    return [
        Action(
            DEFINITION,
            "publish",
            _("Publish"),
            lambda definition, _given: definitions.publish(definition),
            available=definitions.is_draft,
            primary=True,
            icon="check",
            confirm=_("Publish this version? Flows that run keep theirs."),
        ),
        Action(
            DEFINITION,
            "new_version",
            _("New version"),
            lambda definition, _given: definitions.new_version(definition),
            available=definitions.is_settled,
            icon="copy",
            confirm=_("Make a draft with the same nodes?"),
        ),
        Action(
            DEFINITION,
            "retire",
            _("Retire"),
            lambda definition, _given: definitions.retire(definition),
            available=definitions.is_published,
            icon="archive",
            confirm=_("Take this flow out of force? Flows that run go on."),
        ),
    ]
