"""What a definition must be before it may run. Each problem names the place as the editor names its input."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from plugins.workflow.flow.conditions import OPERATORS
from plugins.workflow.flow.fill import places
from plugins.workflow.flow.nodes import BLOCKS, KINDS, TASK_KINDS
from plugins.workflow.flow.shape import misshapen
from plugins.workflow.flow.who import read_token

NAME = re.compile(r"[a-z][a-z0-9_]{0,39}")
KNOWN_PLACES = ("opinion", "decider", "starter", "today", "instance", "record", "values", "file", "name")
TIMER_ACTS = ("urge", "escalate")
DEEPEST = 4


@dataclass(frozen=True)
class Problem:
    """`at` is the input (`n1.b0.n0.who0`), `code` stable, `detail` the value in question."""

    at: str
    code: str
    detail: str = ""


@dataclass(frozen=True)
class World:
    """What exists in this deployment: fields of the record (also over one link), roles, logins, actions."""

    has_field: Callable[[str], bool] = lambda _path: True
    roles: frozenset[str] = frozenset()
    logins: frozenset[str] = frozenset()
    departments: frozenset[str] = frozenset()
    actions: frozenset[str] = frozenset()


@dataclass
class _Walk:
    world: World
    seen: set[str] = field(default_factory=set)
    before: list[tuple[str, str]] = field(default_factory=list)


def check(nodes: Any, world: World) -> list[Problem]:
    """Every problem of the nodes, in their order."""
    if not isinstance(nodes, list) or not nodes:
        return [Problem("nodes", "empty")]
    if wrong := [Problem(at, code) for at, code in misshapen(nodes)]:
        return wrong
    walk = _Walk(world)
    problems = list(_row(nodes, "", walk, 0))
    if isinstance(nodes[0], Mapping) and nodes[0].get("kind") != "start":
        problems.insert(0, Problem("n0.kind", "start_first"))
    if len(nodes) < 2:
        problems.append(Problem("nodes", "too_short"))
    return problems


def _row(nodes: Any, prefix: str, walk: _Walk, depth: int) -> Iterator[Problem]:
    for at, raw in enumerate(nodes):
        path = f"{prefix}n{at}"
        yield from _node(raw, path, walk, depth, first=not prefix and at == 0)


def _node(raw: Mapping[str, Any], path: str, walk: _Walk, depth: int, first: bool) -> Iterator[Problem]:
    kind, ident = raw.get("kind"), str(raw.get("id") or "")
    if kind not in KINDS:
        yield Problem(f"{path}.kind", "kind", str(kind))
        return
    if kind == "start" and not first:
        yield Problem(f"{path}.kind", "start_once")
    if not NAME.fullmatch(ident):
        yield Problem(f"{path}.id", "id", ident)
    elif ident in walk.seen:
        yield Problem(f"{path}.id", "id_twice", ident)
    if not str(raw.get("name") or "").strip():
        yield Problem(f"{path}.name", "required")
    yield from _conditions(raw.get("when"), f"{path}.when", walk.world)
    yield from _SETTINGS[kind](raw, path, walk)
    walk.seen.add(ident)
    if kind in BLOCKS:
        yield from _branches(raw, path, walk, depth)
    walk.before.append((ident, kind))


def _branches(raw: Mapping[str, Any], path: str, walk: _Walk, depth: int) -> Iterator[Problem]:
    branches = raw.get("branches") or []
    if depth >= DEEPEST:
        yield Problem(f"{path}.kind", "too_deep")
        return
    if len(branches) < (2 if raw["kind"] == "parallel" else 1):
        yield Problem(f"{path}.branches", "branches")
    for at, branch in enumerate(branches):
        here = f"{path}.b{at}"
        if not str(branch.get("name") or "").strip():
            yield Problem(f"{here}.name", "required")
        yield from _conditions(branch.get("when"), f"{here}.when", walk.world)
        if raw["kind"] == "condition" and not branch.get("when") and at < len(branches) - 1:
            yield Problem(f"{here}.when", "rest_last")
        if raw["kind"] == "parallel" and not branch.get("nodes"):
            yield Problem(f"{here}.name", "branch_empty")
        yield from _row(branch.get("nodes") or [], f"{here}.", walk, depth + 1)


def _conditions(given: Any, path: str, world: World) -> Iterator[Problem]:
    for at, condition in enumerate(given or ()):
        here = f"{path}{at}"
        if condition.get("op") not in OPERATORS:
            yield Problem(here, "operator", str(condition.get("op")))
        if not world.has_field(str(condition.get("field") or "")):
            yield Problem(here, "field", str(condition.get("field") or ""))
        if condition.get("op") not in ("filled", "empty") and condition.get("value") in (None, "", []):
            yield Problem(here, "value")


def _people(raw: Mapping[str, Any], path: str, walk: _Walk) -> Iterator[Problem]:
    given = raw.get("who") or []
    if not given:
        yield Problem(f"{path}.who0", "nobody")
    for at, text in enumerate(given):
        yield from _token(str(text), f"{path}.who{at}", walk)
    if raw.get("mode", "any") not in ("any", "all", "sequence"):
        yield Problem(f"{path}.mode", "mode", str(raw.get("mode")))
    yield from _back(raw, path, walk)
    for at, timer in enumerate(raw.get("timers") or ()):
        hours = timer.get("hours")
        if not isinstance(hours, int) or isinstance(hours, bool) or not 1 <= hours <= 8760:
            yield Problem(f"{path}.timer{at}", "hours", str(hours))
        if timer.get("do") not in TIMER_ACTS:
            yield Problem(f"{path}.timer{at}", "timer_act", str(timer.get("do")))


def _token(text: str, path: str, walk: _Walk) -> Iterator[Problem]:
    try:
        token = read_token(text)
    except ValueError:
        yield Problem(path, "who", text)
        return
    world = walk.world
    known = {
        "role": token.value in world.roles,
        "user": token.value in world.logins,
        "field": world.has_field(token.value),
        "head": token.value in ("record", "starter") or token.value in world.departments,
        "decider": token.value in {ident for ident, kind in walk.before if kind in TASK_KINDS},
    }
    if not known.get(token.kind, True):
        yield Problem(path, f"who_{token.kind}", token.value)


def _back(raw: Mapping[str, Any], path: str, walk: _Walk) -> Iterator[Problem]:
    earlier = {ident for ident, kind in walk.before if kind in TASK_KINDS}
    for target in raw.get("back") or ():
        if target not in earlier:
            yield Problem(f"{path}.back", "back", str(target))
    for target, run in (raw.get("on_back") or {}).items():
        if target not in earlier:
            yield Problem(f"{path}.on_back", "back", str(target))
        yield from _run(run, f"{path}.on_back", walk)
    if raw.get("on_reject"):
        yield from _run(raw["on_reject"], f"{path}.on_reject", walk)


def _run(run: Any, path: str, walk: _Walk) -> Iterator[Problem]:
    if not isinstance(run, Mapping) or not run.get("action"):
        yield Problem(path, "action")
        return
    if run["action"] not in walk.world.actions and not run.get("optional"):
        yield Problem(path, "action_unknown", str(run["action"]))
    for name in sorted(places(run.get("params") or {})):
        if name.split(".")[0] not in KNOWN_PLACES:
            yield Problem(path, "place", name)
        elif name.startswith("record.") and not walk.world.has_field(name.removeprefix("record.")):
            yield Problem(path, "field", name)


def _start(raw: Mapping[str, Any], path: str, walk: _Walk) -> Iterator[Problem]:
    if raw.get("on_withdraw"):
        yield from _run(raw["on_withdraw"], f"{path}.on_withdraw", walk)
    yield from _needs(raw, path, walk)


def _needs(raw: Mapping[str, Any], path: str, walk: _Walk) -> Iterator[Problem]:
    for need in raw.get("needs") or ():
        if not need.get("kind"):
            yield Problem(f"{path}.needs", "required")
        elif need.get("field") and not walk.world.has_field(need["field"]):
            yield Problem(f"{path}.needs", "field", str(need["field"]))
    for asked in raw.get("ask") or ():
        if not NAME.fullmatch(str(asked.get("name") or "")) or asked.get("kind") not in ("text", "long_text", "date"):
            yield Problem(f"{path}.ask", "ask", str(asked.get("name") or ""))


def _do(raw: Mapping[str, Any], path: str, walk: _Walk) -> Iterator[Problem]:
    yield from _people(raw, path, walk)
    yield from _needs(raw, path, walk)


def _client(raw: Mapping[str, Any], path: str, walk: _Walk) -> Iterator[Problem]:
    if not walk.world.has_field(str(raw.get("client") or "client")):
        yield Problem(f"{path}.client", "field", str(raw.get("client") or "client"))
    if raw.get("change_to") and raw["change_to"] not in {ident for ident, _kind in walk.before}:
        yield Problem(f"{path}.change_to", "back", str(raw["change_to"]))
    yield from _people(raw, path, walk)


def _auto(raw: Mapping[str, Any], path: str, walk: _Walk) -> Iterator[Problem]:
    yield from _run(raw, f"{path}.action", walk)


def _block(raw: Mapping[str, Any], path: str, walk: _Walk) -> Iterator[Problem]:
    yield from ()


_SETTINGS = {
    "start": _start,
    "approve": _people,
    "do": _do,
    "client": _client,
    "auto": _auto,
    "condition": _block,
    "parallel": _block,
}
