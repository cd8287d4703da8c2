"""A rule in words: when, if, then."""

from __future__ import annotations

from typing import Any

from core import BadRequest, gettext, load_principal, ngettext, registry, tree_sentence
from plugins.automation import choices, people
from plugins.automation.steps import base


def label(found: Any, code: Any) -> str:
    """The words of a choice."""
    return next((str(c.label) for c in found if c.code == str(code)), str(code or ""))


def when(rule: Any) -> str:
    """What sets it off."""
    what, given = base.label_of(rule.record_key), rule.when or {}
    fields = registry().types[rule.record_key].fields if rule.record_key in registry().types else {}
    named = fields.get(given.get("field") or "")
    field = str(named.label) if named is not None else ""
    if rule.trigger == "created":
        return gettext("A new %(record)s is made", record=what)
    if rule.trigger == "changed":
        names = gettext(", ").join(str(fields[n].label) for n in given.get("fields") or () if n in fields)
        return gettext("%(record)s: %(fields)s changes", record=what, fields=names or gettext("any field"))
    if rule.trigger == "entered":
        values = [named.choice(v) for v in given.get("values") or ()] if named is not None else []
        return gettext(
            "%(record)s: %(field)s becomes %(values)s",
            record=what,
            field=field,
            values=gettext(", ").join(str(v.label) for v in values if v),
        )
    if rule.trigger == "date":
        return gettext("%(label)s: %(value)s", label=what, value=_days(field, given.get("days") or 0))
    if rule.trigger == "schedule":
        return _schedule(given)
    return gettext("A message comes in at the rule's address")


def _days(field: str, days: int) -> str:
    if days == 0:
        return gettext("%(field)s is today", field=field)
    if days < 0:
        return ngettext("%(n)s day before %(field)s", "%(n)s days before %(field)s", -days, field=field)
    return ngettext("%(n)s day after %(field)s", "%(n)s days after %(field)s", days, field=field)


def _schedule(given: dict[str, Any]) -> str:
    parts = [label(choices.RHYTHMS, given.get("every"))]
    if given.get("every") == "week":
        parts.append(label(choices.WEEKDAYS, given.get("weekday") or 0))
    if given.get("every") == "month":
        parts.append(gettext("day %(n)s", n=given.get("day") or 1))
    return " ".join([*parts, str(given.get("at") or "08:00")])


def condition(rule: Any) -> str:
    """What must hold; empty for always."""
    kind, person = registry().types.get(rule.record_key or ""), load_principal(rule.runs_as_id or 0)
    if not rule.condition or kind is None or person is None:
        return ""
    try:
        return tree_sentence(kind, rule.condition, person)
    except BadRequest:
        return gettext("a condition that no longer fits")


def steps(rule: Any) -> list[dict[str, Any]]:
    """What is done: icon, words, the texts that are given."""
    return [_step(rule, step) for step in rule.steps or ()]


def _step(rule: Any, step: dict[str, Any]) -> dict[str, Any]:
    kind = base.kind_of(str(step.get("do")))
    if kind is None:
        return {"icon": "alert", "label": step.get("do"), "facts": []}
    facts = [(str(one.label), _words(rule, one, step.get(one.name))) for one in kind.inputs(rule.record_key)]
    return {"icon": kind.icon, "label": str(kind.label), "facts": [(n, v) for n, v in facts if v]}


def _words(rule: Any, one: base.Input, value: Any) -> str:
    if value in (None, "", [], False):
        return ""
    if one.kind == "values":
        known = dict(one.choices(rule.record_key)) if one.choices else {}
        return gettext(", ").join(
            f"{known.get(r.get('field'), r.get('field'))} = {r.get('value') or '–'}" for r in value
        )
    if one.kind == "people":
        known = dict(one.choices(rule.record_key)) if one.choices else {}
        ids = [int(w[7:]) for w in value if w.startswith("person:")]
        named = [str(known[w]) for w in value if w in known]
        return gettext(", ").join([*named, *([people.names(ids)] if ids else [])])
    if one.kind == "choice" and one.choices:
        return str(dict(one.choices(rule.record_key)).get(value, value))
    return gettext("yes") if value is True else str(value)
