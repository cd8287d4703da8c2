"""What holds for every case type, shipped or another plugin's. The conformance suite runs it for whoever gives one."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date
from typing import Any

from core.testing import Deployment
from plugins.cases import status
from plugins.cases.status import Facts, Model

_DAY = date(2026, 3, 2)


def models(site: Deployment, plugin: str) -> list[Model]:
    """The case types that a plugin gives."""
    if plugin == "cases":
        return [status.model(code) for code in status.CODES]
    given = site.registry.offered.get("register_case_types", [])
    return [status.model(case_type.code) for giver, case_type in given if giver == plugin]


def status_problems(site: Deployment, plugin: str) -> Iterator[str]:
    """Every status can be reached, is an end or can be left, and has words for the agency and for the client."""
    for model in models(site, plugin):
        reached = {model.initial, *(move.to for move in model.transitions)}
        left = {code for move in model.transitions for code in move.sources}
        for state in model.states.values():
            name = f"{model.code}: status {state.code}"
            if state.code not in reached:
                yield f"{name}: no move leads there -> add one"
            if not state.terminal and state.code not in left:
                yield f"{name}: nothing leaves it -> add a move, or is_terminal"
            if not all((state.zh, state.en, state.portal_zh, state.portal_en)):
                yield f"{name}: words are missing -> zh, en, and both of portal"


def move_problems(site: Deployment, plugin: str) -> Iterator[str]:
    """Every move is for roles that exist, and the machine gives an answer to it whatever is missing."""
    granted = {role for role, _record in site.registry.access.grants}
    shipped = {role for code in status.CODES for move in status.model(code).transitions for role in move.who}
    known = {*site.registry.access.roles, *granted, *shipped}
    for model in models(site, plugin):
        for move in model.transitions:
            for role in sorted(set(move.who) - known):
                yield f"{model.code}: nobody has the role {role} of {move.event} -> correct it"
            for source in move.sources:
                status.apply_event(model, source, (), move.event, Facts(today=_DAY))


def page_problems(site: Deployment, plugin: str) -> Iterator[str]:
    """A case can be made, read and listed in every status. The tests of `cases` do this for the shipped types."""
    if plugin == "cases":
        return
    person = site.person("case_type_reader", "administrator")
    browser, api = site.browser(person), site.api(person)
    for model in models(site, plugin):
        for code in model.states:
            made = site.make("cases.case", **_sample(model, code))
            for path in (f"/r/cases.case/{made}", f"/r/cases.case/{made}/edit"):
                if (answer := browser.get(path).status_code) != 200:
                    yield f"{model.code} in {code}: {path} answers {answer} -> mend what it raises"
            if api.get(f"cases.case/{made}").json.get("status") != code:
                yield f"{model.code} in {code}: the API does not tell its status -> is it 40 characters at most?"
        if browser.get(f"/r/cases.case?view=-&case_type={model.code}").status_code != 200:
            yield f"{model.code}: the list does not open"


def _sample(model: Model, code: str) -> dict[str, Any]:
    return {"case_type": model.code, "status": code, "title_text": "Sample", "mark_name": "Sample"}


CHECKS = (status_problems, move_problems, page_problems)
