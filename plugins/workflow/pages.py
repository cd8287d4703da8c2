"""Pages of this plugin's own: my approvals, one approval with its material and decision bar, submitting a record."""

from __future__ import annotations

import mimetypes
from typing import Any

from flask import make_response, render_template, request

from core import (
    BadRequest,
    Conflict,
    Endpoints,
    FieldError,
    Invalid,
    NotFound,
    Refused,
    _,
    add_file,
    current_locale,
    current_principal,
    db,
    dump,
    elevated,
    get,
    gettext,
    go,
    registry,
    run_action,
    say,
    signed_in,
)
from plugins.workflow import deciding, handling, material, mine, people, picture, starting
from plugins.workflow.choices import DECISIONS, INSTANCE_STATES, OF_KIND, label
from plugins.workflow.flow import read_flow
from plugins.workflow.records import Definition, Instance, Task
from plugins.workflow.run import Run

TASK = ("workflow.task", "read")
approvals = Endpoints("workflow", "")


@approvals.route("/workflow", permission=signed_in("everybody may be asked; rules show each their own tasks"))
def my_approvals() -> Any:
    """What waits for me, what I started, what I decided, what people who left still hold."""
    tab = request.args.get("tab") if request.args.get("tab") in mine.TABS else "mine"
    held = mine.left()
    counts = {"mine": mine.count(), "client": len(mine.waiting(("client",))), "left": len(held) or None}
    return render_template(
        "workflow/mine.html",
        title=gettext("Approvals"),
        crumbs=[(gettext("Approvals"), None)],
        tab=tab,
        tabs=[
            {
                "key": key,
                "label": words,
                "href": f"/workflow?tab={key}",
                "count": counts.get(key),
                "current": key == tab,
            }
            for key, words in _tabs(bool(held))
        ],
        rows=_rows(tab, held),
        empty=_EMPTY[tab],
        states={c.code: c for c in INSTANCE_STATES},
        decisions={c.code: c for c in DECISIONS},
    )


def _tabs(with_left: bool) -> list[tuple[str, str]]:
    found = [
        ("mine", gettext("For me")),
        ("client", gettext("Waiting for clients")),
        ("started", gettext("Started by me")),
        ("done", gettext("Decided by me")),
    ]
    return [*found, ("left", gettext("Held by people who left"))] if with_left else found


_EMPTY = {
    "mine": _("Nothing waits for you"),
    "client": _("No client is waited for"),
    "started": _("You have started no flow yet"),
    "done": _("You have decided nothing yet"),
    "left": _("Nothing is held by people who left"),
}


def _rows(tab: str, held: list[Task]) -> list[dict[str, Any]]:
    if tab == "started":
        return mine.instance_rows(mine.started())
    found = {"mine": mine.waiting, "client": lambda: mine.waiting(("client",)), "done": mine.decided}
    tasks = held if tab == "left" else found[tab]()
    return mine.with_names([mine.task_row(task) for task in tasks])


@approvals.route("/r/workflow.task/<int:task_id>", permission=TASK)
def approval(task_id: int) -> Any:
    """One approval: material at the left, the way of the flow at the right, the decision at the bottom."""
    return _approval(get(Task, task_id))


@approvals.route("/workflow/tasks/<int:task_id>/decide", permission=("workflow.task", "decide"), methods=("POST",))
def decide(task_id: int) -> Any:
    """Take the decision from the page; what stands in its way comes back on the same page."""
    task = get(Task, task_id)
    given = {n: (request.form.get(n) or "").strip() or None for n in ("decision", "opinion", "to")}
    try:
        given |= {"round": _number("round"), "version": _number("version"), "values": _values()}
        given["files"] = _keep_files(task) or None
        answer = run_action(task, "workflow.task", "decide", {k: v for k, v in given.items() if v is not None})
    except Conflict as conflict:
        db.session.rollback()
        if conflict.code == "already_decided" and _mine_already(task_id, given["decision"]):
            return go(f"/r/workflow.task/{task_id}")
        return make_response(_approval(get(Task, task_id), {}, {"": str(conflict)}), 409)
    except (Invalid, Refused) as error:
        db.session.rollback()
        errors = {e.field: str(e.message) for e in error.errors} if isinstance(error, Invalid) else {"": str(error)}
        return make_response(_approval(get(Task, task_id), given, errors), 422)
    say(answer["message"])
    return go(_next_page(task))


def _mine_already(task_id: int, decision: str | None) -> bool:
    """A double click is no conflict: the same person took the same decision a moment before."""
    task = get(Task, task_id)
    return task.decided_by_id == current_principal().user_id and task.decision == decision


def _next_page(task: Task) -> str:
    return "/workflow" if mine.count() else f"/r/workflow.instance/{task.instance_id}"


def _number(name: str) -> int:
    try:
        return int(request.form.get(name, ""))
    except ValueError:
        raise BadRequest(_("This page is incomplete. Reload it.")) from None


def _values() -> dict[str, str]:
    found = {n.removeprefix("values."): v.strip() for n, v in request.form.items() if n.startswith("values.")}
    return {name: value for name, value in found.items() if value}


def _keep_files(task: Task) -> list[int]:
    """Store what was chosen: papers that the step asks for with the record, others with the flow."""
    record = material.record_of(task.record_key, task.record_id)
    kept = []
    for name, part in request.files.items(multi=True):
        if part.filename:
            asked = name.startswith("needs.")
            kind = name.removeprefix("needs.") if asked else "approval"
            place = record if asked and record is not None else get(Instance, task.instance_id)
            kept.append(_store(place, part, kind, name))
    return kept


def _store(place: Any, part: Any, kind: str, name: str) -> int:
    filename = part.filename or "file"
    if "." not in filename:
        filename += mimetypes.guess_extension(part.mimetype or "") or ""
    try:
        return add_file(place, filename, part.stream, kind).id
    except ValueError:
        raise Invalid([FieldError(name, "too_large", _("This file is too large."))]) from None


def _approval(task: Task, given: dict[str, Any] | None = None, errors: dict[str, str] | None = None) -> str:
    instance = get(Instance, task.instance_id)
    with elevated("an approval shows its definition"):
        definition = db.session.get(Definition, instance.definition_id)
        flow, named = read_flow(definition.nodes), definition.named()
        number, facts = definition.version_no, (definition.options or {}).get("facts")
    node = flow.node(task.node)
    record = material.record_of(task.record_key, task.record_id)
    asked = task.state == "open" and handling.is_mine(task)
    return render_template(
        "workflow/approval.html",
        title=task.called,
        crumbs=[(gettext("Approvals"), "/workflow"), (task.called, None)],
        task=task,
        instance=instance,
        node=node,
        step=task.named(),
        help=node.get("help_en") if _english() and node.get("help_en") else node.get("help"),
        flow_name=named,
        version_no=number,
        ago=picture.words_of_state(instance),
        record=record,
        record_label=str(registry().of(type(record)).label) if record is not None else "",
        badge=_badge(task, asked),
        picture_url=_picture(record),
        facts=material.facts(record, facts) if record is not None else [],
        files=material.files(task.record_key, task.record_id, flow) if record is not None else [],
        said=material.log_of(instance, said_only=True),
        items=picture.of_instance(instance),
        asked=asked,
        decisions=[c for c in DECISIONS if c.code in OF_KIND[task.kind] and _takes(node, c.code, flow, instance)],
        targets=_targets(flow, instance, node),
        needs=_needs(node, record),
        given=given or {},
        errors=errors or {},
        others=[m for f, m in (errors or {}).items() if f in ("", "files", "decision", "to")],
        people=people.names_of(task.candidates or ()),
        decided=label(DECISIONS, task.decision),
        decided_by=people.names_of([task.decided_by_id]).get(task.decided_by_id or 0, ""),
        decided_when=picture.when(task.decided_at) if task.decided_at else "",
    )


def _english() -> bool:
    return current_locale() == "en"


def _badge(task: Task, asked: bool) -> tuple[str, str]:
    if task.state != "open":
        return gettext("no longer open"), "plain"
    if asked and task.kind != "client":
        return gettext("waits for you"), "accent"
    return (gettext("waits for the client") if task.kind == "client" else gettext("waits for others")), "open"


def _picture(record: Any) -> str | None:
    if record is None:
        return None
    kind = registry().of(type(record))
    names = [n for n, spec in kind.fields.items() if spec.kind == "file"]
    row = dump(record, names) if names else {}
    return registry().hooks.first("provide_badge", record_key=kind.key, row=row) if names else None


def _takes(node: Any, decision: str, flow: Any, instance: Instance) -> bool:
    if decision == "reject":
        return bool(node.get("may_reject", True))
    return decision != "send_back" or bool(_targets(flow, instance, node))


def _targets(flow: Any, instance: Instance, node: Any) -> list[tuple[str, str]]:
    with elevated("where a flow may go back to"):
        run = Run(instance, None, flow, None)  # type: ignore[arg-type]
        return [(n.id, n.label(current_locale())) for n in deciding.targets(run, node)]


def _needs(node: Any, record: Any) -> list[dict[str, Any]]:
    """Papers that the step asks for, and whether each is there."""
    if record is None or not node.get("needs"):
        return []
    with elevated("whether papers are there"):
        run = Run(None, None, None, record)  # type: ignore[arg-type]
        missing = {need["kind"] for need in deciding.missing_files(run, node)}
    return [
        {"kind": n["kind"], "label": deciding.need_words(n), "there": n["kind"] not in missing}
        for n in node.get("needs", ())
    ]


@approvals.route("/workflow/start", permission=("workflow.instance", "start"))
def start_page() -> Any:
    """What a flow asks for, and who would be asked, before it is started."""
    return _start_page({}, {})


def _start_page(given: dict[str, Any], errors: dict[str, str]) -> str:
    key, code = request.values.get("record_key", ""), request.values.get("code", "")
    record = material.record_of(key, request.values.get("record_id", type=int) or 0)
    if record is None:
        raise NotFound()
    starting.require_reach(record)
    with elevated("a flow is looked at before it is started"):
        definition = starting.published(code, key)
        node = read_flow(definition.nodes).nodes[0]
        seen = starting.dry_run(definition, record)
        named = definition.named()
    kind = registry().of(type(record))
    title = gettext("Submit: %(flow)s", flow=named)
    return render_template(
        "workflow/start.html",
        title=title,
        crumbs=[(str(kind.plural), f"/r/{key}"), (record.called, f"/r/{key}/{record.id}"), (title, None)],
        record=record,
        record_key=key,
        code=code,
        help=node.get("help_en") if _english() and node.get("help_en") else node.get("help"),
        needs=_needs(node, record),
        seen=seen,
        locale_code="en" if _english() else "zh",
        given=given,
        errors=errors,
        others=[m for f, m in errors.items() if not f.startswith("needs.")],
    )


@approvals.route("/workflow/start", permission=("workflow.instance", "start"), methods=("POST",))
def start() -> Any:
    """Keep the papers and start the flow."""
    key = request.form.get("record_key", "")
    record = material.record_of(key, request.form.get("record_id", type=int) or 0)
    if record is None:
        raise NotFound()
    starting.require_reach(record)
    record_id = record.id
    given = {"code": request.form.get("code", ""), "opinion": (request.form.get("opinion") or "").strip() or None}
    try:
        for name, part in request.files.items(multi=True):
            if part.filename and name.startswith("needs."):
                _store(record, part, name.removeprefix("needs."), name)
        params = {"record_key": key, "record_id": record_id} | {k: v for k, v in given.items() if v}
        answer = run_action(None, "workflow.instance", "start", params)
    except (Invalid, Refused, Conflict) as error:
        db.session.rollback()
        errors = {e.field: str(e.message) for e in error.errors} if isinstance(error, Invalid) else {"": str(error)}
        return make_response(_start_page(given, errors), error.status)
    for warning in answer["warnings"]:
        say(warning, "today")
    say(answer["message"])
    return go(answer["url"])
