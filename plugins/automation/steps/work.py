"""Steps that set other plugins to work, where these are enabled: to-dos, flows, documents, actions of the record."""

from __future__ import annotations

from typing import Any

from sqlalchemy import select

from core import Refused, _, create, db, gettext, record_class, registry, run_action
from plugins.automation import people, words
from plugins.automation.steps.base import Input, Occasion, StepKind

TODO, FLOW, DEFINITION = "todos.todo", "workflow.instance", "workflow.definition"
LANGUAGES = (("zh", _("Chinese")), ("en", _("English")))


def _there(key: str) -> Any:
    return lambda _record_key: key in registry().types


def todo(occasion: Occasion, step: dict[str, Any]) -> str:
    """A to-do for the first who is found, about the record."""
    ids = people.staff(step.get("to") or (), occasion.record, occasion.runs_as)
    if not ids:
        raise Refused(_("Nobody is found who could do it."))
    due = words.day_of(step.get("due") or "", occasion.record)
    points = [{"text": occasion.fill(line)} for line in str(step.get("points") or "").splitlines() if line.strip()]
    values = {
        "title": occasion.fill(step["title"])[:200],
        "assignee": ids[0],
        "due": due.isoformat() if due else None,
        "priority": step.get("priority") or "normal",
        "note": occasion.fill(step.get("note")) or None,
        "checklist": points or None,
        "source": gettext("Rule: %(name)s", name=occasion.rule_name)[:120],
        "source_key": occasion.step_key(),
    }
    if occasion.record is not None:
        values |= {"record_key": occasion.record_key, "record_id": occasion.record.id}
    made = create(record_class(TODO), values, allow=("source", "source_key"))
    return gettext("To-do for %(who)s: %(what)s", who=people.names(ids[:1]), what=made.title)


def _priorities(_record_key: str | None) -> list[tuple[str, Any]]:
    return [(c.code, c.label) for c in registry().types[TODO].fields["priority"].choices]


def _flows(record_key: str | None) -> list[tuple[str, Any]]:
    """Published flows for such records."""
    model = record_class(DEFINITION)
    chosen = select(model.code, model.name).where(model.record_key == record_key, model.state == "published")
    return [(row.code, row.name) for row in db.session.execute(chosen.order_by(model.code))]


def flow(occasion: Occasion, step: dict[str, Any]) -> str:
    """Start a flow for the record."""
    given = {"code": step["flow"], "record_key": occasion.record_key, "record_id": occasion.record.id}
    answer = run_action(None, FLOW, "start", given | {"opinion": occasion.fill(step.get("opinion")) or None})
    return str(answer["message"])


def _letters(record_key: str | None) -> list[tuple[str, Any]]:
    return [(code, kind.label) for code, kind in registry().documents.get(record_key or "", {}).items()]


def document(occasion: Occasion, step: dict[str, Any]) -> str:
    """Make a document of the record."""
    given = {"kind": step["kind"], "language": step.get("language") or "zh"}
    given |= {"release": bool(step.get("release")), "mail_to_client": bool(step.get("mail"))}
    run_action(occasion.record, occasion.record_key or "", "make_document", given)
    return gettext("Document: %(what)s", what=dict(_letters(occasion.record_key)).get(step["kind"], step["kind"]))


def _actions(record_key: str | None) -> list[tuple[str, Any]]:
    """Actions of one record that need no inputs."""
    found = registry().actions.get(record_key or "", {}).values()
    plain = [a for a in found if not a.bulk and not a.on_type and not callable(a.params)]
    return [(a.code, a.label) for a in plain if not any(p.required for p in a.params)]


def action(occasion: Occasion, step: dict[str, Any]) -> str:
    """Run an action of the record."""
    run_action(occasion.record, occasion.record_key or "", step["action"], {})
    return str(registry().actions[occasion.record_key or ""][step["action"]].label)


KINDS = [
    StepKind(
        "todo",
        _("Give a to-do"),
        lambda _key: (
            Input(
                "to",
                _("Given to"),
                "people",
                required=True,
                choices=people.staff_choices,
                help=_("The first of them who is found gets it."),
            ),
            Input("title", _("What is to be done"), required=True),
            Input("due", _("Due"), "day", help=_("today+3, {field}-7 or a day")),
            Input("priority", _("Priority"), "choice", choices=_priorities),
            Input("points", _("Checklist"), "long_text", help=_("One point per line")),
            Input("note", _("Remarks"), "long_text"),
        ),
        todo,
        icon="checklist",
        needs_record=False,
        available=_there(TODO),
    ),
    StepKind(
        "flow",
        _("Start a flow"),
        lambda _key: (
            Input("flow", _("Flow"), "choice", required=True, choices=_flows),
            Input("opinion", _("Remark for the reviewers"), "long_text"),
        ),
        flow,
        icon="approval",
        available=_there(FLOW),
    ),
    StepKind(
        "document",
        _("Make a document"),
        lambda _key: (
            Input("kind", _("Kind of document"), "choice", required=True, choices=_letters),
            Input("language", _("Language"), "choice", choices=lambda _k: LANGUAGES),
            Input("release", _("Release it to the client when it is ready"), "check"),
            Input("mail", _("Send it to the contact by mail when it is ready"), "check"),
        ),
        document,
        icon="file-text",
        outward=lambda step: bool(step.get("release") or step.get("mail")),
        available=lambda key: "make_document" in registry().actions.get(key or "", {}),
    ),
    StepKind(
        "action",
        _("Run an action"),
        lambda _key: (Input("action", _("Action"), "choice", required=True, choices=_actions),),
        action,
        icon="bolt",
        available=lambda key: bool(_actions(key)),
    ),
]
