"""Case types of other plugins: what is wrong with them, and taking them in. Their shape is in `status.model`."""

from __future__ import annotations

from collections.abc import Iterator

from core import registry
from plugins.cases import choices, status
from plugins.cases.status import CaseType, Model
from plugins.cases.status.predicates import PREDICATES


def take(items: list[tuple[str, CaseType]]) -> Iterator[tuple[str, str]]:
    """Join the case types that are sound to the shipped ones; yields (plugin, what is wrong) of the others."""
    sound: dict[str, CaseType] = {}
    for plugin, given in items:
        found = list(problems(given, {*status.CODES, *sound}, {one.prefix for one in sound.values()}))
        yield from ((plugin, what) for what in found)
        if not found:
            sound[given.code] = given
    status.join(sound.values())
    choices.forget()


def problems(given: CaseType, taken: set[str], prefixes: set[str]) -> Iterator[str]:
    """What is wrong with one case type, in words; `taken` codes and `prefixes` belong to others."""
    try:
        model = status.model_from(dict(given.model))
    except (KeyError, TypeError, ValueError, AttributeError) as error:
        yield f"the model lacks or misspells {error}; see data/status/cr_software.json of the plugin cases"
        return
    if model.code in taken:
        yield f"there is a case type {model.code} already; give it another code"
    used = {*choices.PREFIXES.values(), *prefixes}
    if not given.prefix.isalpha() or len(given.prefix) != 2 or given.prefix in used:
        yield f"the prefix {given.prefix!r} is no pair of letters that is free"
    yield from _states(model)
    yield from _names(model, given)


def _states(model: Model) -> Iterator[str]:
    if model.initial not in model.states:
        yield f"{model.code}: the initial status {model.initial} is not among its states"
    for state in model.states.values():
        if state.group not in status.groups():
            yield f"{model.code}: status {state.code} is of the unknown group {state.group}"
        if state.expected and state.expected.to not in model.states:
            yield f"{model.code}: after {state.code} comes {state.expected.to}, which is no status"
    for move in model.transitions:
        for code in {*move.sources, move.to} - set(model.states):
            yield f"{model.code}: {move.event} leaves or reaches {code}, which is no status"


def _names(model: Model, given: CaseType) -> Iterator[str]:
    """Events, needs, conditions, kinds of right and fields that the model names exist."""
    events = {*status.event_types(), *(str(row["code"]) for row in given.events)}
    needs = {*status.needs(), *(str(row["name"]) for row in given.needs)}
    texts = {*status.conditions(), *(str(row["text"]) for row in given.conditions)}
    kinds = {*(choice.code for choice in choices.KINDS_OF_RIGHT), *(choice.code for choice in given.right_kinds)}
    yield from (f"{model.code}: nobody declares the event {code}" for code in sorted(model.events - events))
    for move in model.transitions:
        for name in (*move.dates, *move.fields, *move.docs):
            if name not in needs and not any(f"{kind}:{name}" in needs for kind in ("dates", "fields", "docs")):
                yield f"{model.code}: {move.event} needs {name}, which nobody declares"
        if move.condition and move.condition not in texts:
            yield f"{model.code}: the condition {move.condition!r} of {move.event} is not declared"
    for row in given.conditions:
        yield from (f"there is no predicate {c[0]}" for c in row.get("checks", ()) if c[0] not in PREDICATES)
    yield from (f"{model.code}: nobody declares the kind of right {k}" for k in sorted(set(model.right_kinds) - kinds))
    fields = registry().types["cases.case"].fields
    names = {"software_version" if name == "version" else name for name in model.type_fields}
    yield from (f"{model.code}: a case has no field {name}" for name in sorted(names - set(fields)))
