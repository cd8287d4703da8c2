"""The builder: a rule written in the browser, drawn anew at each order; and the page of a dry run."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

from flask import make_response, render_template, request

from core import (
    BadRequest,
    Endpoints,
    Invalid,
    NotFound,
    Refused,
    Stale,
    create,
    current_principal,
    db,
    get,
    gettext,
    go,
    labels,
    load_principal,
    ngettext,
    registry,
    run_action,
    say,
    tree_form,
    tree_fragment,
    update,
    wants_fragment,
)
from plugins.automation import choices, forms, sentences, words
from plugins.automation.records import Rule
from plugins.automation.steps import base

RULE = "automation.rule"
builder = Endpoints("automation", "")


@builder.route("/r/automation.rule/new", permission=(RULE, "create"))
def new() -> Any:
    """An empty rule."""
    return _page(None, _empty(), {})


@builder.route("/r/automation.rule/new", permission=(RULE, "create"), methods=("POST",))
def make() -> Any:
    """An order of the builder, or a rule that is kept."""
    return _take(None)


@builder.route("/r/automation.rule/<int:rule_id>/edit", permission=(RULE, "update"))
def edit(rule_id: int) -> Any:
    """A rule as it is."""
    rule = get(Rule, rule_id)
    names = ("name", "note", "record_key", "trigger", "when", "condition", "steps", "per_hour")
    values = {n: getattr(rule, n) for n in names} | {"runs_as": rule.runs_as_id}
    return _page(rule, values | {"steps": list(rule.steps or ()), "when": dict(rule.when or {})}, {})


@builder.route("/r/automation.rule/<int:rule_id>/edit", permission=(RULE, "update"), methods=("POST",))
def change(rule_id: int) -> Any:
    """An order of the builder, or the next version."""
    return _take(get(Rule, rule_id))


def _empty() -> dict[str, Any]:
    kinds = choices.record_types()
    first = next((c.code for c in kinds if c.code == "cases.case"), kinds[0].code if kinds else None)
    person = current_principal().user_id
    return {
        "name": "",
        "note": None,
        "record_key": first,
        "trigger": "entered",
        "when": {},
        "condition": None,
        "steps": [],
        "runs_as": person,
        "per_hour": 200,
    }


def _inputs(code: str) -> Any:
    kind = base.kind_of(code)
    return kind.inputs(request.form.get("record_key") or None) if kind else ()


def _take(rule: Rule | None) -> Any:
    values = forms.read(request.form, _inputs)
    if order := request.form.get("order"):
        forms.obey(order, values)
        return _page(rule, values, {})
    try:
        if rule is None:
            rule = create(Rule, values)
        else:
            if request.form.get("version", type=int) != rule.version:
                raise Stale()
            update(rule, values)
    except Invalid as error:
        db.session.rollback()
        fresh = get(Rule, rule.id) if rule is not None and rule.id else None
        return make_response(_page(fresh, values, {e.field: str(e.message) for e in error.errors}), 422)
    say(gettext("“%(name)s” is stored. Try it out, then switch it on.", name=values["name"]))
    return go(f"/r/{RULE}/{rule.id}")


def _page(rule: Rule | None, values: dict[str, Any], errors: dict[str, str]) -> Any:
    title = rule.name if rule is not None else gettext("New rule")
    address = f"/r/{RULE}/{rule.id}/edit" if rule is not None else f"/r/{RULE}/new"
    context = _context(values) | {
        "title": title,
        "crumbs": [(gettext("Automation rules"), f"/r/{RULE}"), (title, None)],
        "rule": rule,
        "values": values,
        "errors": errors,
        "address": address,
        "back": f"/r/{RULE}/{rule.id}" if rule is not None else f"/r/{RULE}",
        "problems": ngettext("%(n)s thing is to be mended.", "%(n)s things are to be mended.", len(errors)),
    }
    return render_template("automation/_builder.html" if wants_fragment() else "automation/builder.html", **context)


def _context(values: dict[str, Any]) -> dict[str, Any]:
    key, when = values["record_key"], dict(values["when"] or {})
    values["when"] = when
    kind = registry().types.get(key or "")
    fields = (
        [(n, s) for n, s in kind.fields.items() if not s.hidden and s.kind not in ("secret", "json")] if kind else []
    )
    status = [n for n, s in fields if s.kind == "choice"]
    when.setdefault("field", "status" if "status" in status else next(iter(status), ""))
    person = values["runs_as"] or current_principal().user_id
    return {
        "kinds": [(c.code, str(c.label)) for c in choices.record_types()],
        "triggers": [(c.code, str(c.label)) for c in choices.TRIGGERS],
        "fields": [(n, str(s.label)) for n, s in fields if s.kind != "file"],
        "status_fields": [(n, str(s.label)) for n, s in fields if s.kind == "choice"],
        "date_fields": [(n, str(s.label)) for n, s in fields if s.kind in ("date", "datetime") and not s.custom],
        "values_of_field": _values_of(kind, when.get("field")),
        "rhythms": [(c.code, str(c.label)) for c in choices.RHYTHMS],
        "weekdays": [(c.code, str(c.label)) for c in choices.WEEKDAYS],
        "tree": _tree(kind, values, person) if kind is not None else None,
        "source": f"/automation/part?record={key}&runs_as={person}",
        "steps": [_step(key, step) for step in values["steps"]],
        "offered": [(k.code, str(k.label), k.icon) for k in base.kinds(key)],
        "places": _places(kind),
        "person": {
            "name": "runs_as",
            "value": person,
            "source": "/r/core.user/-/pick",
            "shown": labels("core.user", [person]).get(person, "") if person else "",
        },
    }


def _tree(kind: Any, values: dict[str, Any], person: int | None) -> Any:
    principal = load_principal(person) if person else None
    tree = values["condition"]
    if not tree:
        tree = {"all": []}
    try:
        return tree_form(kind, tree, principal or current_principal())
    except (BadRequest, KeyError):
        return tree_form(kind, {"all": []}, current_principal())


def _values_of(kind: Any, name: str | None) -> list[tuple[str, str]]:
    spec = kind.fields.get(name or "") if kind is not None else None
    return [(c.code, str(c.label)) for c in spec.choices] if spec is not None and spec.kind == "choice" else []


def _places(kind: Any) -> list[tuple[str, str]]:
    """Names in braces that texts may use, with their words."""
    found = [
        ("today", gettext("today")),
        ("link", gettext("address of the record")),
        ("rule", gettext("name of the rule")),
    ]
    if kind is None:
        return found
    own = [(n, s) for n, s in kind.fields.items() if words.field_at(kind.key, n) is not None]
    found += [(n, str(s.label)) for n, s in own]
    for name, spec in own:
        target = registry().types.get(spec.target or "")
        if spec.kind == "link" and target is not None and target.title:
            found.append((f"{name}.{target.title}", f"{spec.label} / {target.fields[target.title].label}"))
    return found


def _step(key: str | None, step: dict[str, Any]) -> dict[str, Any]:
    kind = base.kind_of(str(step.get("do")))
    if kind is None:
        return {"do": step.get("do"), "label": step.get("do"), "icon": "alert", "inputs": []}
    inputs = [_input(key, step, one) for one in kind.inputs(key)]
    return {"do": kind.code, "label": str(kind.label), "icon": kind.icon, "inputs": inputs}


def _input(key: str | None, step: dict[str, Any], one: base.Input) -> dict[str, Any]:
    about = step.get("record") if step.get("do") == "create_record" else key
    value = step.get(one.name, one.default)
    options = [(str(c), str(w)) for c, w in one.choices(about)] if one.choices else []
    made: dict[str, Any] = {
        "name": one.name,
        "label": str(one.label),
        "kind": one.kind,
        "required": one.required,
        "help": str(one.help) if one.help else None,
        "value": value,
        "options": options,
    }
    if one.kind == "people":
        said = value or []
        ids = [int(w[7:]) for w in said if w.startswith("person:") and w[7:].isdigit()]
        named = labels("core.user", ids) if ids else {}
        made |= {"chosen": said, "named": [(f"person:{i}", named.get(i, str(i))) for i in ids]}
        made |= {
            "near": [o for o in options if not o[0].startswith("role:")],
            "roles": [o for o in options if o[0].startswith("role:")],
        }
    elif one.kind == "values":
        made["rows"] = [_row(about, row) for row in (value or [{"field": "", "value": ""}])]
    return made


def _row(key: str | None, row: dict[str, Any]) -> dict[str, Any]:
    """One field that is filled in, with the widget that fits it."""
    kind = registry().types.get(key or "")
    spec = kind.fields.get(row.get("field") or "") if kind else None
    options = [(c.code, str(c.label)) for c in spec.choices] if spec is not None and spec.kind == "choice" else []
    if spec is not None and spec.kind == "boolean":
        options = [("1", gettext("yes")), ("0", gettext("no"))]
    value = str(row.get("value") or "")
    link = spec.target if spec is not None and spec.kind == "link" and not value.startswith("{") else None
    shown = labels(link, [int(value)]).get(int(value), "") if link and value.isdigit() else value
    source = f"/r/{link}/-/pick" if link else None
    return {"field": row.get("field") or "", "value": value, "options": options, "source": source, "shown": shown}


@builder.route("/automation/part", permission=(RULE, "read"))
def part() -> Any:
    """One row or group of the condition's form."""
    kind = registry().types.get(request.args.get("record", ""))
    if kind is None or kind.key not in {c.code for c in choices.record_types()}:
        raise NotFound()
    person = load_principal(request.args.get("runs_as", 0, type=int)) or current_principal()
    if person.user_id != current_principal().user_id and not current_principal().can(RULE, "create"):
        raise NotFound()
    source = f"/automation/part?record={kind.key}&runs_as={person.user_id}"
    return tree_fragment(kind, source, person)


@builder.route("/automation/rules/<int:rule_id>/try", permission=(RULE, "try_out"), methods=("POST",))
def try_out(rule_id: int) -> Any:
    """The page of a dry run."""
    rule = get(Rule, rule_id)
    shown = SimpleNamespace(id=rule.id, name=rule.name)
    try:
        told = run_action(rule, RULE, "try_out", {})
    except Refused as refusal:
        say(str(refusal), "overdue")
        return go(f"/r/{RULE}/{rule_id}")
    return render_template(
        "automation/try.html",
        title=gettext("Dry run"),
        crumbs=[
            (gettext("Automation rules"), f"/r/{RULE}"),
            (rule.name, f"/r/{RULE}/{rule_id}"),
            (gettext("Dry run"), None),
        ],
        rule=shown,
        when=sentences.when(rule),
        told=told,
    )
