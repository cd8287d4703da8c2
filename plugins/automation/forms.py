"""The builder's form read into a rule's values, and its orders (another step, one less, moved). No database in here."""

from __future__ import annotations

from typing import Any

from werkzeug.datastructures import MultiDict

from core import read_tree

Form = MultiDict[str, str]
SIDES = {"on": 0, "before": -1, "after": 1}


def read(form: Form, steps_inputs: Any) -> dict[str, Any]:
    """Values of the rule by field name; `steps_inputs(code)` gives the inputs of a kind of step."""
    trigger = form.get("trigger") or "created"
    return {
        "name": form.get("name", "").strip(),
        "note": form.get("note", "").strip() or None,
        "record_key": form.get("record_key") or None,
        "trigger": trigger,
        "when": _when(form, trigger),
        "condition": read_tree(form),
        "steps": [_step(form, number, steps_inputs) for number in form.getlist("step")],
        "runs_as": form.get("runs_as", type=int),
        "per_hour": form.get("per_hour", 200, type=int),
    }


def _when(form: Form, trigger: str) -> dict[str, Any]:
    if trigger == "changed":
        return {"fields": [n for n in form.getlist("when.fields") if n]}
    if trigger == "entered":
        return {"field": form.get("when.field", ""), "values": [v for v in form.getlist("when.values") if v]}
    if trigger == "date":
        days = form.get("when.n", 0, type=int) * SIDES.get(form.get("when.side", "on"), 0)
        return {"field": form.get("when.field", ""), "days": days, "include": bool(form.get("when.include"))}
    if trigger == "schedule":
        found = {"every": form.get("when.every", "day"), "at": form.get("when.at") or "08:00"}
        return found | {"weekday": form.get("when.weekday", 0, type=int), "day": form.get("when.day", 1, type=int)}
    if trigger == "webhook" and form.get("when.match"):
        return {"match": {"field": form.get("when.match"), "path": form.get("when.path", "").strip()}}
    return {}


def _step(form: Form, number: str, steps_inputs: Any) -> dict[str, Any]:
    path, code = f"s{number}", form.get(f"s{number}.do", "")
    step: dict[str, Any] = {"do": code}
    for one in steps_inputs(code):
        value = _input(form, f"{path}.{one.name}", one.kind)
        if value not in (None, "", [], False):
            step[one.name] = value
    return step


def _input(form: Form, name: str, kind: str) -> Any:
    if kind == "people":
        person = form.get(f"{name}.person", "")
        return [*(w for w in form.getlist(name) if w), *([f"person:{person}"] if person.isdigit() else [])]
    if kind == "values":
        rows = [(form.get(f"{name}.{n}.field"), form.get(f"{name}.{n}.value", "")) for n in form.getlist(f"{name}.row")]
        return [{"field": field, "value": value.strip()} for field, value in rows if field]
    if kind == "check":
        return bool(form.get(name))
    return form.get(name, "").strip()


def obey(order: str, values: dict[str, Any]) -> None:
    """Carry out an order of the builder on the values: add:CODE, remove:N, up:N, down:N, row:N:INPUT."""
    word, _colon, rest = order.partition(":")
    steps = values["steps"]
    if word == "add":
        steps.append({"do": rest})
        return
    at, _colon, more = rest.partition(":")
    if not at.isdigit() or int(at) >= len(steps):
        return
    number = int(at)
    if word == "remove":
        del steps[number]
    elif word in ("up", "down"):
        other = number + (1 if word == "down" else -1)
        if 0 <= other < len(steps):
            steps[number], steps[other] = steps[other], steps[number]
    elif word == "row":
        steps[number].setdefault(more, []).append({"field": "", "value": ""})
