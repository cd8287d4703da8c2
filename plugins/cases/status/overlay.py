"""An agency's changes to a shipped status model: other words, further states, moves and needs. Pure functions on data.

The changes are data: `states` (rows of code, words, group, in order; `added` for the agency's own), `gone` (codes),
`moves` (added ones, or the `key` of a shipped one with other needs or roles), `gone_moves` (keys) and `events` (the
agency's own).
What the shipped model gains later comes to it; what it loses is left out.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Collection, Iterable, Mapping
from typing import Any

CODE = re.compile(r"[a-z][a-z0-9_]{1,39}")
EVENT = re.compile(r"OWN_[A-Z0-9_]{2,50}")
NEEDS = ("dates", "fields", "docs")
Raw = dict[str, Any]
Problems = list[tuple[str, str]]


def keyed(transitions: Iterable[Raw]) -> dict[str, Raw]:
    """Shipped moves by a key that stays: the event, where it leads, and its place among those."""
    seen: Counter[str] = Counter()
    found = {}
    for move in transitions:
        name = f"{move['event']}>{move['to']}"
        seen[name] += 1
        found[name if seen[name] == 1 else f"{name}#{seen[name]}"] = move
    return found


def laid_over(raw: Raw, changes: Mapping[str, Any]) -> Raw:
    """The model's data with the changes laid over them."""
    gone = set(changes.get("gone", ())) - {raw["initial"]}
    states = [s for s in _states(raw, changes) if s["code"] not in gone]
    known = {s["code"] for s in states}
    for state in states:
        if state.get("next") and state["next"]["to"] not in known:
            state["next"] = None
    moves = [m for m in _moves(raw, changes) if m["to"] in known]
    moves = [m | {"from": [s for s in m["from"] if s in known]} for m in moves]
    return raw | {"states": states, "transitions": [m for m in moves if m["from"]]}


def _states(raw: Raw, changes: Mapping[str, Any]) -> list[Raw]:
    shipped = {s["code"]: s for s in raw["states"]}
    found: list[Raw] = []
    for row in changes.get("states", ()):
        base = shipped.get(row["code"])
        if base is not None:
            found.append(_worded(dict(base), row))
        elif row.get("added"):
            blank = {"code": row["code"], "zh": "", "en": "", "portal": {"zh": "", "en": ""}, "next": None}
            made = blank | {"group": row.get("group") or "pending", "is_terminal": bool(row.get("terminal"))}
            found.append(_worded(made, row))
    told = {state["code"] for state in found}
    before = None
    for code, state in shipped.items():  # what is not told stands behind what it is shipped behind
        if code not in told:
            places = (n + 1 for n, s in enumerate(found) if s["code"] == before)
            found.insert(next(places, 0), dict(state))
        before = code
    return found


def _worded(state: Raw, row: Mapping[str, Any]) -> Raw:
    """Other words where some are given; the client is told the same as the agency where nothing else is said."""
    state["zh"], state["en"] = row.get("zh") or state["zh"], row.get("en") or state["en"]
    told = state["portal"]
    state["portal"] = {
        "zh": row.get("portal_zh") or told["zh"] or state["zh"],
        "en": row.get("portal_en") or told["en"] or state["en"],
    }
    return state


def _moves(raw: Raw, changes: Mapping[str, Any]) -> list[Raw]:
    shipped = keyed(raw["transitions"])
    gone, rows = set(changes.get("gone_moves", ())), changes.get("moves", ())
    changed = {row["key"]: row for row in rows if row.get("key")}
    found = []
    for key, move in shipped.items():
        if key not in gone:
            row = changed.get(key, {})
            found.append(move | {name: row[name] for name in ("who", "needs") if name in row})
    return found + [
        {name: row.get(name) for name in ("from", "to", "event", "who", "needs")} for row in rows if row.get("added")
    ]


def own_events(changes: Iterable[Mapping[str, Any]]) -> dict[str, Raw]:
    """The agency's own events of all models by code."""
    rows = (row for change in changes for row in change.get("events", ()))
    return {row["code"]: {"code": row["code"], "zh": row["zh"], "en": row["en"], "source": "internal"} for row in rows}


def problems(
    raw: Raw, changes: Mapping[str, Any], *, groups: Collection[str], events: Collection[str], roles: Collection[str]
) -> Problems:
    """(what, why) of everything that stands in the way, as codes; empty when the model can be used."""
    found = [*_wrong_states(raw, changes, groups), *_wrong_moves(raw, changes, events, roles)]
    return found or list(_astray(raw, changes))


def _wrong_states(raw: Raw, changes: Mapping[str, Any], groups: Collection[str]) -> Iterable[tuple[str, str]]:
    shipped = {s["code"] for s in raw["states"]}
    counted = Counter(row["code"] for row in changes.get("states", ()))
    for row in changes.get("states", ()):
        code = row["code"]
        if counted[code] > 1:
            yield code, "twice"
        if row.get("added"):
            if not CODE.fullmatch(code) or code in shipped:
                yield code, "code"
            if not (row.get("zh") and row.get("en")):
                yield code, "words"
            if row.get("group") not in groups:
                yield code, "group"
    if raw["initial"] in changes.get("gone", ()):
        yield raw["initial"], "initial"


def _wrong_moves(
    raw: Raw, changes: Mapping[str, Any], events: Collection[str], roles: Collection[str]
) -> Iterable[tuple[str, str]]:
    known = {s["code"] for s in laid_over(raw, changes)["states"]}
    own = {row["code"] for row in changes.get("events", ())}
    for row in changes.get("events", ()):
        if not EVENT.fullmatch(row["code"]) or not (row.get("zh") and row.get("en")):
            yield row["code"], "event"
    for row in changes.get("moves", ()):
        name = row.get("key") or f"{row.get('event')}>{row.get('to')}"
        if "who" in row and (not row["who"] or set(row["who"]) - set(roles) - {"system"}):
            yield name, "who"
        if row.get("added") and (row.get("to") not in known or not row.get("from") or set(row["from"]) - known):
            yield name, "state"
        if row.get("added") and row.get("event") not in own | set(events):
            yield name, "event"


def _astray(raw: Raw, changes: Mapping[str, Any]) -> Iterable[tuple[str, str]]:
    """Added states to which no move leads, and those that no move leaves though they are no end."""
    made = laid_over(raw, changes)
    for state in changes.get("states", ()):
        if not state.get("added") or state["code"] in changes.get("gone", ()):
            continue
        if not any(m["to"] == state["code"] for m in made["transitions"]):
            yield state["code"], "unreached"
        if not state.get("terminal") and not any(state["code"] in m["from"] for m in made["transitions"]):
            yield state["code"], "dead_end"
