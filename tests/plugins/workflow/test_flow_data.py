"""Flows as data: reading, walking, conditions, templates, people's words, and what is wrong with a definition."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from plugins.workflow import editing
from plugins.workflow.flow import World, check, fill, holds, read_flow, read_token
from plugins.workflow.flow.fill import places
from plugins.workflow.seed import shipped

START = {"id": "submit", "kind": "start", "name": "s"}
WORLD = World(
    has_field=lambda path: path in ("status", "client", "agent", "client.owner"),
    roles=frozenset({"reviewer"}),
    logins=frozenset({"s08"}),
    departments=frozenset({"TM"}),
    actions=frozenset({"record_event"}),
)


def node(ident, **more):
    return {"id": ident, "kind": "approve", "name": ident, "who": ["user:s08"], **more}


def block(ident, *rows, kind="parallel"):
    return {
        "id": ident,
        "kind": kind,
        "name": ident,
        "branches": [{"name": str(n), "nodes": r} for n, r in enumerate(rows)],
    }


FLOW = read_flow([START, node("a"), block("p", [node("b"), node("c")], [node("d")]), node("e")])


def test_walking_the_tree():
    assert [n.id for n in FLOW] == ["submit", "a", "p", "b", "c", "d", "e"]
    assert FLOW.after("c") is None
    assert FLOW.after("a").id == "p"
    assert FLOW.place("c").block.id == "p"
    assert FLOW.inside(FLOW.node("p")) == {"b", "c", "d"}
    assert FLOW.from_here_on("b") == {"b", "c"}
    assert FLOW.from_here_on("a") == {"a", "p", "b", "c", "d", "e"}
    assert [n.id for n in FLOW.earlier("c")] == ["b", "a", "submit"]
    assert [n.id for n in FLOW.earlier("e")] == ["a", "submit"], "not into a block that is over"


@pytest.mark.parametrize(
    ("op", "value", "wanted", "expected"),
    [
        ("eq", "a", "a", True), ("ne", "a", "a", False), ("eq", 3, "3", True), ("eq", True, "true", True),
        ("in", "a", ["a", "b"], True), ("in", "c", "a, c", True), ("not_in", "c", ["a"], True),
        ("gt", 3, "2", True), ("gt", None, 2, False), ("lte", "10.50", 10.5, True), ("gt", ["30", "35"], 1, True),
        ("lt", "2026-01-02", "2026-01-10", True),
        ("contains", ["30", "35"], "30", True), ("contains", None, "x", False),
        ("empty", [], None, True), ("filled", 0, None, True),
    ],
)  # fmt: skip
def test_conditions(op, value, wanted, expected):
    assert holds([{"field": "f", "op": op, "value": wanted}], {"f": value}.get) is expected


def test_templates_give_values_and_words():
    known = {"opinion": "fine", "values.day": None, "record.id": 7}
    template = {"a": "{record.id}", "b": "no. {record.id}: {opinion}", "c": ["{opinion}", 3], "d": "{values.day}"}
    assert fill(template, known.get) == {"a": 7, "b": "no. 7: fine", "c": ["fine", 3]}
    assert places(template) == {"record.id", "opinion", "values.day"}


@pytest.mark.parametrize(
    "text", ["role:reviewer@branch", "each:role:reviewer", "user:s08", "head:TM", "starter", "manager"]
)
def test_words_for_people_come_back_as_they_were(text):
    assert str(read_token(text)) == text


@pytest.mark.parametrize("text", ["", "role:", "boss", "role:x@moon", "user"])
def test_words_that_mean_nothing(text):
    with pytest.raises(ValueError):  # noqa: PT011 - the word itself is the message
        read_token(text)


@pytest.mark.parametrize(
    ("nodes", "at", "code"),
    [
        ([], "nodes", "empty"),
        ([START], "nodes", "too_short"),
        ([node("a"), node("b")], "n0.kind", "start_first"),
        ([START, START | {"id": "x"}], "n1.kind", "start_once"),
        ([START, node("a"), node("a")], "n2.id", "id_twice"),
        ([START, node("Ä")], "n1.id", "id"),
        ([START, node("a", name="")], "n1.name", "required"),
        ([START, node("a", who=[])], "n1.who0", "nobody"),
        ([START, node("a", who=["role:boss"])], "n1.who0", "who_role"),
        ([START, node("a", who=["user:s08", "user:s99"])], "n1.who1", "who_user"),
        ([START, node("a", who=["field:nothing"])], "n1.who0", "who_field"),
        ([START, node("a", who=["decider:b"])], "n1.who0", "who_decider"),
        ([START, node("a", back=["z"])], "n1.back", "back"),
        ([START, node("a", timers=[{"hours": "x", "do": "urge"}])], "n1.timer0", "hours"),
        ([START, node("a", when=[{"field": "moon", "op": "eq", "value": 1}])], "n1.when0", "field"),
        ([START, node("a", mode="most")], "n1.mode", "mode"),
        ([START, {"id": "x", "kind": "auto", "name": "x", "action": "fly"}], "n1.action", "action_unknown"),
        ([START, {"id": "x", "kind": "auto", "name": "x", "action": "record_event", "params": {"a": "{moon}"}}],
         "n1.action", "place"),
        ([START, block("p", [node("a")])], "n1.branches", "branches"),
        ([START, block("p", [node("a")], [])], "n1.b1.name", "branch_empty"),
        ([START, block("p", [node("a", who=[])], [node("b")])], "n1.b0.n0.who0", "nobody"),
        ([START, block("c", [node("a")], [node("b")], kind="condition")], "n1.b0.when", "rest_last"),
        ([START, {"id": "x", "kind": "dance", "name": "x"}], "n1.kind", "kind"),
    ],
)  # fmt: skip
def test_problems_are_told_at_their_place(nodes, at, code):
    assert (at, code) in [(p.at, p.code) for p in check(nodes, WORLD)]


def test_a_right_definition_has_no_problems():
    nodes = [
        START,
        node("a"),
        block("p", [node("b")], [node("d", back=["a"], on_back={"a": {"action": "record_event"}})]),
    ]
    assert check([*nodes, node("e", who=["decider:b", "head:TM", "field:client.owner", "role:reviewer"])], WORLD) == []


def as_form(nodes, prefix=""):
    """What a browser would post for the editor's inputs."""
    form = {}
    for at, n in enumerate(nodes):
        path = f"{prefix}n{at}"
        for name in ("kind", "id", "name", "name_en", "help", "help_en", "mode", "client", "change_to", "action"):
            form[f"{path}.{name}"] = str(n.get(name) or "")
        for name in ("params", "on_back", "on_reject", "on_withdraw"):
            form[f"{path}.{name}"] = editing.json_text(n.get(name))
        form[f"{path}.back"], form[f"{path}.needs"] = editing.back_text(n), editing.needs_text(n)
        form[f"{path}.ask"] = editing.ask_text(n)
        form |= {f"{path}.{name}": "1" for name in ("optional", "try") if n.get(name)}
        if n["kind"] == "approve" and n.get("may_reject", True):
            form[f"{path}.may_reject"] = "1"
        for i, text in enumerate(n.get("who") or ()):
            form |= {f"{path}.who{i}.{k}": v for k, v in editing.who_row(text).items()}
        for i, timer in enumerate(n.get("timers") or ()):
            form |= {f"{path}.timer{i}.hours": str(timer["hours"]), f"{path}.timer{i}.do": timer["do"]}
        form |= as_conditions(n, f"{path}.")
        for i, b in enumerate(n.get("branches") or ()):
            here = f"{path}.b{i}"
            form |= {f"{here}.name": b["name"], f"{here}.name_en": b.get("name_en", "")} | as_conditions(b, f"{here}.")
            form |= as_form(b["nodes"], f"{here}.")
    return form


def as_conditions(holder, path):
    form = {}
    for i, c in enumerate(holder.get("when") or ()):
        value = ", ".join(c["value"]) if isinstance(c.get("value"), list) else str(c.get("value") or "")
        form |= {f"{path}when{i}.field": c["field"], f"{path}when{i}.op": c["op"], f"{path}when{i}.value": value}
    return form


@pytest.mark.parametrize("code", ["new_filing", "joint_review"])
def test_the_editor_gives_back_what_it_was_given(code):
    """Every setting of the shipped flows survives a round through the form."""
    nodes = shipped(code)["nodes"]
    again = editing.nodes_of(as_form(nodes))
    assert [plain(n) for n in again] == [plain(n) for n in nodes]


def plain(node):
    """Without settings that say what is the case anyway."""
    usual = {"mode": "any", "may_reject": True, "client": "client"}
    shown = {k: v for k, v in node.items() if usual.get(k) != v and v not in (None, "", {})}
    if node["kind"] == "approve" and not node.get("may_reject", True):
        shown["may_reject"] = False
    for branch in shown.get("branches", ()):
        branch["nodes"] = [plain(n) for n in branch["nodes"]]
    if "when" in shown:
        shown["when"] = [{k: v for k, v in c.items() if v not in (None, "")} for c in shown["when"]]
    return shown


def test_the_buttons_of_the_editor():
    nodes = [dict(START), node("a"), node("b")]
    editing.change(nodes, "add::parallel")
    assert (nodes[3]["kind"], len(nodes[3]["branches"])) == ("parallel", 2)
    editing.change(nodes, "add:n3.b1.:approve")
    editing.change(nodes, "add:n3.b1.:do")
    editing.change(nodes, "up:n3.b1.n1")
    assert [n["kind"] for n in nodes[3]["branches"][1]["nodes"]] == ["do", "approve"]
    editing.change(nodes, "remove:n3.b1.n0")
    editing.change(nodes, "branch:n3")
    editing.change(nodes, "unbranch:n3.b0")
    assert [len(b["nodes"]) for b in nodes[3]["branches"]] == [1, 0]
    editing.change(nodes, "up:n1")
    editing.change(nodes, "remove:n0")
    assert [n["id"] for n in nodes[:3]] == ["submit", "a", "b"], "the submission stays first"
    editing.change(nodes, "down:n1")
    assert [n["id"] for n in nodes[:3]] == ["submit", "b", "a"]


@given(st.text(max_size=30))
def test_strange_orders_change_nothing_or_little(order):
    nodes = [dict(START), node("a")]
    assert editing.change(nodes, order)[0] == START
