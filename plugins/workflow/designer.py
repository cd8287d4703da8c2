"""Pages of the editor: nodes as rows of inputs, added, moved and removed by buttons; and the test run. Works without
scripts."""

from __future__ import annotations

from typing import Any

from flask import make_response, render_template, request
from sqlalchemy import select

from core import (
    Endpoints,
    Refused,
    _,
    current_locale,
    db,
    elevated,
    get,
    gettext,
    go,
    record_class,
    registry,
    say,
    update,
)
from plugins.workflow import definitions, editing, material, starting
from plugins.workflow.flow import OPERATORS, Problem, holds
from plugins.workflow.records import Definition
from plugins.workflow.spoken import Spoken
from plugins.workflow.values import value_of
from plugins.workflow.wording import said

RIGHT = ("workflow.definition", "update")
designer = Endpoints("workflow_designer", "/workflow/definitions")
NEW_KINDS = ("approve", "do", "client", "auto", "condition", "parallel")
KIND_WORDS = {
    "start": _("Submission"),
    "approve": _("Approval"),
    "do": _("To do by a person"),
    "client": _("Client confirmation"),
    "auto": _("Automatic action"),
    "condition": _("Condition"),
    "parallel": _("Parallel branches"),
}
OPERATOR_WORDS = {
    "eq": _("is"),
    "ne": _("is not"),
    "in": _("is one of"),
    "not_in": _("is none of"),
    "gt": _("is more than"),
    "gte": _("is at least"),
    "lt": _("is less than"),
    "lte": _("is at most"),
    "contains": _("contains"),
    "filled": _("is filled in"),
    "empty": _("is empty"),
}


@designer.route("/<int:definition_id>/design", permission=RIGHT)
def design(definition_id: int) -> Any:
    """The editor of a draft."""
    definition = get(Definition, definition_id)
    nodes, options = definition.nodes or [], definition.options or {}
    return _page(definition, nodes, options, definitions.problems_of(definition.record_key, nodes, options))


@designer.route("/<int:definition_id>/design", permission=RIGHT, methods=("POST",))
def save(definition_id: int) -> Any:
    """A button changes the rows and shows them again; saving stores them with whatever is still to be mended."""
    definition = get(Definition, definition_id)
    if definition.state != "draft":
        raise Refused(_("Published versions are not changed. Make a new version."), code="published")
    order = request.form.get("order", "")
    try:
        nodes, options = _typed(definition, request.form), _options(definition)
    except editing.BadJson as error:
        return make_response(_typed_again(definition, error), 422)
    if order:
        return _page(definition, editing.change(nodes, order), options, [], opened=order)
    version = request.form.get("version", type=int)
    update(definition, {"nodes": nodes, "options": options}, version)
    problems = definitions.problems_of(definition.record_key, nodes, options)
    db.session.flush()
    if problems:
        return make_response(_page(definition, nodes, options, problems, saved=True))
    say(gettext("%(name)s is saved", name=definition.named()))
    return go(f"/r/workflow.definition/{definition.id}")


def _typed(definition: Definition, form: Any) -> list[dict[str, Any]]:
    """The nodes as typed, with codes in the place of words."""
    return Spoken(definition.record_key).codes(editing.nodes_of(form))


def _options(definition: Definition) -> dict[str, Any]:
    """What the editor shows of the options; the rest stays as it is."""
    kept = {n: v for n, v in (definition.options or {}).items() if n not in ("when", "starters")}
    form = request.form
    spoken = Spoken(definition.record_key)
    when = [spoken.stored(c) for c in editing.conditions_of(form, "when")]
    starters = [role for role in form.getlist("starters") if role]
    return kept | ({"when": when} if when else {}) | ({"starters": starters} if starters else {})


def _typed_again(definition: Definition, error: editing.BadJson) -> str:
    """The page as typed but for the broken parameters, which are shown as they were with the error beside."""
    form = dict(request.form) | {error.at: ""}
    nodes = _typed(definition, _Blanked(form))
    return _page(definition, nodes, _options(definition), [Problem(error.at, "json", str(error))], raw=request.form)


class _Blanked(dict[str, str]):
    """A form in which no parameters are read."""

    def get(self, key: str, default: Any = None) -> Any:
        """Parameters are empty."""
        last = key.rpartition(".")[2]
        return "" if last in ("params", "on_back", "on_reject", "on_withdraw") else super().get(key, default)


def _page(
    definition: Definition,
    nodes: list[dict[str, Any]],
    options: dict[str, Any],
    problems: list[Problem],
    *,
    opened: str = "",
    saved: bool = False,
    raw: Any = None,
) -> str:
    title = gettext("Edit the nodes")
    plural = str(registry().types["workflow.definition"].plural)
    back = f"/r/workflow.definition/{definition.id}"
    spoken = Spoken(definition.record_key)
    when = [spoken.condition(c) for c in options.get("when") or ()]
    return render_template(
        "workflow/design.html",
        title=title,
        crumbs=[(plural, "/r/workflow.definition"), (definition.named(), back), (title, None)],
        definition=definition,
        nodes=spoken.nodes(nodes),
        options=options | {"when": when},
        errors={p.at: str(said(p)) for p in problems},
        opened=opened.partition(":")[2].partition(":")[0],
        saved=saved,
        raw=raw or {},
        back=back,
        editing=editing,
        **_choices(definition.record_key, spoken),
    )


def _choices(record_key: str, spoken: Spoken) -> dict[str, Any]:
    kind = registry().types.get(record_key)
    fields = [s for s in (kind.fields.values() if kind else ()) if not s.hidden and s.kind != "secret"]
    people = [(f"field:{s.name}", str(s.label)) for s in fields if s.target == "core.user"]
    people += [
        (f"field:{s.name}.owner", f"{s.label}: {registry().types[s.target].fields['owner'].label}")
        for s in fields
        if s.target and s.target in registry().types and "owner" in registry().types[s.target].fields
    ]
    known = registry().access.all_roles().items()
    roles = sorted((code, str(role.label)) for code, role in known if role.realm != "portal")
    department = record_class("core.department")
    chosen = select(department.code, department.name).where(department.code.is_not(None)).order_by(department.code)
    heads = [(f"head:{row.code}", row.name) for row in db.session.execute(chosen)]
    return {
        "kinds": [(code, str(KIND_WORDS[code])) for code in NEW_KINDS],
        "kind_words": {code: str(words) for code, words in KIND_WORDS.items()},
        "operators": [(code, str(OPERATOR_WORDS[code])) for code in OPERATORS],
        "field_choices": list(spoken.fields.values()),
        "person_fields": people,
        "roles": roles,
        "heads": heads,
        "actions": list(spoken.actions.values()),
    }


@designer.route("/<int:definition_id>/try", permission=("workflow.definition", "read"))
def try_out(definition_id: int) -> Any:
    """Who would be asked, were this version started for a record now."""
    definition = get(Definition, definition_id)
    record = material.record_of(definition.record_key, request.args.get("record", type=int) or 0)
    seen, fits = [], True
    if record is not None:
        with elevated("a test run reads who would be asked"):
            seen = starting.dry_run(definition, record)
            fits = holds((definition.options or {}).get("when", ()), lambda path: value_of(record, path))
    title = gettext("Test run: %(name)s", name=definition.named())
    return render_template(
        "workflow/try.html",
        title=title,
        crumbs=[(definition.named(), f"/r/workflow.definition/{definition.id}"), (title, None)],
        definition=definition,
        record=record,
        seen=seen,
        fits=fits,
        locale_code=current_locale(),
    )
