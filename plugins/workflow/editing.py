"""The editor's form as nodes and back: inputs are named by their place (`n1.b0.n0.who0`). Pure; nothing is stored."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from typing import Any

from plugins.workflow.flow.nodes import BLOCKS, KINDS
from plugins.workflow.flow.who import read_token

PATH = re.compile(r"(?:n\d+\.b\d+\.)*n\d+")
ROW = re.compile(r"(?:n\d+\.b\d+\.)*")


class BadJson(ValueError):
    """What was typed is no JSON object; `at` names the input."""

    def __init__(self, at: str, why: str) -> None:
        super().__init__(why)
        self.at = at


def nodes_of(form: Mapping[str, str], prefix: str = "") -> list[dict[str, Any]]:
    """The nodes as typed; raises `BadJson` for parameters that are none."""
    found, at = [], 0
    while f"{prefix}n{at}.kind" in form:
        found.append(_node(form, f"{prefix}n{at}"))
        at += 1
    return found


def _node(form: Mapping[str, str], path: str) -> dict[str, Any]:
    def text(name: str) -> str:
        return form.get(f"{path}.{name}", "").strip()

    kind = text("kind")
    node: dict[str, Any] = {"id": text("id"), "kind": kind, "name": text("name")}
    _put(node, "name_en", text("name_en"))
    _put(node, "help", text("help"))
    _put(node, "help_en", text("help_en"))
    _put(node, "when", list(conditions_of(form, f"{path}.when")))
    if kind in ("approve", "do", "client"):
        _put(node, "who", list(_who(form, path)))
        node["mode"] = text("mode") or "any"
        _put(node, "timers", list(_timers(form, path)))
        _back(node, text)
        _put(node, "on_back", _json(form, f"{path}.on_back"))
    if kind in _OWN:
        _OWN[kind](node, form, path, text)
    if kind in BLOCKS:
        node["branches"] = list(_branches(form, path))
    return node


def _of_start(node: dict[str, Any], form: Mapping[str, str], path: str, text: Any) -> None:
    _put(node, "needs", list(_needs(text("needs"))))
    _put(node, "on_withdraw", _json(form, f"{path}.on_withdraw"))


def _of_do(node: dict[str, Any], form: Mapping[str, str], path: str, text: Any) -> None:
    _put(node, "needs", list(_needs(text("needs"))))
    _put(node, "ask", list(_asked(text("ask"))))


def _of_approve(node: dict[str, Any], form: Mapping[str, str], path: str, text: Any) -> None:
    node["may_reject"] = text("may_reject") == "1"
    _put(node, "opinion", "required" if text("opinion") == "1" else "")
    if text("page_only") == "1":
        node["card"] = False
    _put(node, "on_reject", _json(form, f"{path}.on_reject"))


def _of_client(node: dict[str, Any], form: Mapping[str, str], path: str, text: Any) -> None:
    node["client"] = text("client") or "client"
    _put(node, "change_to", text("change_to"))


def _of_auto(node: dict[str, Any], form: Mapping[str, str], path: str, text: Any) -> None:
    node["action"] = text("action")
    _put(node, "params", _json(form, f"{path}.params"))
    _put(node, "optional", text("optional") == "1")
    _put(node, "try", text("try") == "1")


_OWN = {"start": _of_start, "do": _of_do, "approve": _of_approve, "client": _of_client, "auto": _of_auto}


def _put(node: dict[str, Any], name: str, value: Any) -> None:
    """Empty settings are not stored."""
    if value not in ("", [], {}, False, None):
        node[name] = value


def _branches(form: Mapping[str, str], path: str) -> Iterator[dict[str, Any]]:
    at = 0
    while f"{path}.b{at}.name" in form:
        here = f"{path}.b{at}"
        branch: dict[str, Any] = {"name": form[f"{here}.name"].strip()}
        _put(branch, "name_en", form.get(f"{here}.name_en", "").strip())
        _put(branch, "when", list(conditions_of(form, f"{here}.when")))
        branch["nodes"] = nodes_of(form, f"{here}.")
        yield branch
        at += 1


def conditions_of(form: Mapping[str, str], path: str) -> Iterator[dict[str, Any]]:
    """The filled rows of conditions below a place."""
    at = 0
    while f"{path}{at}.field" in form:
        field, op = form[f"{path}{at}.field"].strip(), form.get(f"{path}{at}.op", "eq")
        value: Any = form.get(f"{path}{at}.value", "").strip()
        if field:
            if op in ("in", "not_in"):
                value = [part.strip() for part in value.split(",") if part.strip()]
            yield {"field": field, "op": op, "value": value}
        at += 1


def _who(form: Mapping[str, str], path: str) -> Iterator[str]:
    at = 0
    while f"{path}.who{at}.token" in form:
        word = form[f"{path}.who{at}.token"].strip()
        if word == "user":
            word = f"user:{form.get(f'{path}.who{at}.login', '').strip()}"
        reach = form.get(f"{path}.who{at}.reach", "near")
        if word.startswith("role:"):
            each = "each:" if reach == "each" else ""
            word = f"{each}{word}" if reach in ("near", "each") else f"{word}@{reach}"
        if word:
            yield word
        at += 1


def who_row(text: str) -> dict[str, str]:
    """A word for people as the row's three inputs."""
    try:
        token = read_token(text)
    except ValueError:
        return {"token": "user", "login": text.removeprefix("user:"), "reach": "near"}
    if token.kind == "user":
        return {"token": "user", "login": token.value, "reach": "near"}
    plain = f"{token.kind}:{token.value}" if token.value else token.kind
    return {"token": plain, "login": "", "reach": "each" if token.each else token.reach}


def _timers(form: Mapping[str, str], path: str) -> Iterator[dict[str, Any]]:
    at = 0
    while f"{path}.timer{at}.hours" in form:
        hours = form[f"{path}.timer{at}.hours"].strip()
        if hours:
            yield {"hours": int(hours) if hours.isdigit() else hours, "do": form.get(f"{path}.timer{at}.do", "urge")}
        at += 1


def _back(node: dict[str, Any], text: Any) -> None:
    """Empty: any earlier node; a dash: none; else the codes named."""
    given = text("back")
    if given in ("-", "none"):
        node["back"] = []
    elif given:
        node["back"] = [part.strip() for part in given.split(",") if part.strip()]


def back_text(node: Mapping[str, Any]) -> str:
    """The setting as typed."""
    back = node.get("back")
    return "" if back is None else ", ".join(back) or "-"


def _needs(given: str) -> Iterator[dict[str, str]]:
    """Each line: kind = field | words | English words; field and words may be left out."""
    for line in filter(None, map(str.strip, given.splitlines())):
        head, *words = [part.strip() for part in line.split("|")]
        kind, _eq, field = (part.strip() for part in head.partition("="))
        need = {"kind": kind}
        for name, value in (("field", field), *zip(("name", "name_en"), words, strict=False)):
            _put(need, name, value)
        yield need


def needs_text(node: Mapping[str, Any]) -> str:
    """The setting as typed."""
    lines = []
    for need in node.get("needs") or ():
        head = f"{need['kind']} = {need['field']}" if need.get("field") else need["kind"]
        lines.append(" | ".join(filter(None, (head, need.get("name"), need.get("name_en")))))
    return "\n".join(lines)


def _asked(given: str) -> Iterator[dict[str, Any]]:
    """Each line: code | kind | words | English words; a question mark behind the code makes it optional."""
    for line in filter(None, map(str.strip, given.splitlines())):
        name, kind, *words = [*(part.strip() for part in line.split("|")), ""][:5]
        asked: dict[str, Any] = {"name": name.removesuffix("?"), "kind": kind or "text", "required": name[-1:] != "?"}
        for key, value in zip(("label", "label_en"), words, strict=False):
            _put(asked, key, value)
        yield asked


def ask_text(node: Mapping[str, Any]) -> str:
    """The setting as typed."""
    rows = [
        (f"{a['name']}{'' if a.get('required', True) else '?'}", a.get("kind"), a.get("label"), a.get("label_en"))
        for a in node.get("ask") or ()
    ]
    return "\n".join(" | ".join(filter(None, row)) for row in rows)


def _json(form: Mapping[str, str], path: str) -> dict[str, Any]:
    given = form.get(path, "").strip()
    if not given:
        return {}
    try:
        value = json.loads(given)
    except ValueError as error:
        raise BadJson(path, str(error)) from None
    if not isinstance(value, dict):
        raise BadJson(path, "{…}")
    return value


def json_text(value: Any) -> str:
    """An object as typed."""
    return json.dumps(value, ensure_ascii=False, indent=1) if value else ""


def change(nodes: list[dict[str, Any]], order: str) -> list[dict[str, Any]]:
    """Carry out one button of the editor: `add:PATH:KIND`, `remove:PATH`, `up:PATH`, `down:PATH`, `branch:PATH`,
    `unbranch:PATH.bN`. Orders that name nothing change nothing."""
    verb, _colon, rest = order.partition(":")
    place, _colon, kind = rest.partition(":")
    if verb == "add" and ROW.fullmatch(place) and kind in KINDS:
        row = _row_at(nodes, place)
        if row is not None:
            row.append(_fresh(nodes, kind))
    elif verb in ("remove", "up", "down") and PATH.fullmatch(place):
        _shift(nodes, place, verb)
    elif verb == "branch" and PATH.fullmatch(place):
        found = _at(nodes, place)
        if found is not None:
            found.setdefault("branches", []).append({"name": "", "nodes": []})
    elif verb == "unbranch":
        owner, _dot, branch = place.rpartition(".")
        found = _at(nodes, owner) if PATH.fullmatch(owner) else None
        index = int(branch[1:]) if re.fullmatch(r"b\d+", branch) else -1
        if found is not None and 0 <= index < len(found.get("branches", ())):
            found["branches"].pop(index)
    return nodes


def _row_at(nodes: list[dict[str, Any]], prefix: str) -> list[dict[str, Any]] | None:
    """The row that a prefix such as `n1.b0.` names; the flow itself for none."""
    row = nodes
    for node_at, branch_at in re.findall(r"n(\d+)\.b(\d+)\.", prefix):
        if int(node_at) >= len(row) or int(branch_at) >= len(row[int(node_at)].get("branches", ())):
            return None
        row = row[int(node_at)]["branches"][int(branch_at)].setdefault("nodes", [])
    return row


def _split(path: str) -> tuple[str, int]:
    head, _n, number = path.rpartition("n")
    return head, int(number)


def _at(nodes: list[dict[str, Any]], path: str) -> dict[str, Any] | None:
    prefix, at = _split(path)
    row = _row_at(nodes, prefix)
    return row[at] if row is not None and at < len(row) else None


def _shift(nodes: list[dict[str, Any]], path: str, verb: str) -> None:
    prefix, at = _split(path)
    row = _row_at(nodes, prefix)
    if row is None or at >= len(row) or (not prefix and at == 0):
        return
    lowest = 0 if prefix else 1  # the submission stays first
    if verb == "remove":
        row.pop(at)
    elif verb == "up" and at > lowest:
        row[at - 1], row[at] = row[at], row[at - 1]
    elif verb == "down" and at < len(row) - 1:
        row[at + 1], row[at] = row[at], row[at + 1]


def _fresh(nodes: list[dict[str, Any]], kind: str) -> dict[str, Any]:
    taken = set(ids(nodes))
    number = next(n for n in range(1, 10_000) if f"{kind}_{n}" not in taken)
    node: dict[str, Any] = {"id": f"{kind}_{number}", "kind": kind, "name": ""}
    if kind in BLOCKS:
        node["branches"] = [{"name": "", "nodes": []}, {"name": "", "nodes": []}]
    return node


def ids(nodes: list[dict[str, Any]]) -> Iterator[str]:
    """Codes of all nodes, also within branches."""
    for node in nodes:
        yield str(node.get("id"))
        for branch in node.get("branches") or ():
            yield from ids(branch.get("nodes") or [])
