"""Definitions that were written to do harm, and flows whose people or records go away under them."""

from __future__ import annotations

import contextlib
import threading
import time

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from core import Conflict, ZhianError, get, record_class, run_action, system
from plugins.workflow.flow import World, check, holds
from plugins.workflow.records import Definition
from tests.plugins.workflow.conftest import START, approve

WORLD = World(logins=frozenset({"s08"}))


def node(ident, **more):
    return {"id": ident, "kind": "approve", "name": ident, "who": ["user:s08"], **more}


def block(ident, *rows, kind="condition", **more):
    return {"id": ident, "kind": kind, "name": ident, "branches": [{"name": "x", "nodes": r} for r in rows], **more}


@pytest.mark.parametrize(
    "bad",
    [
        node("a", who=5), node("a", who="user:s08"), node("a", who=[5]), node("a", who={"x": 1}),
        node("a", when=5), node("a", when=["x"]), node("a", when={"field": "x"}), node("a", when=[{"field": []}]),
        node("a", timers=5), node("a", timers=["x"]), node("a", timers=[{"hours": "x"}]),
        node("a", back=5), node("a", on_back=["x"]), node("a", on_back=5), node("a", back=[["x"]]),
        node("a", on_reject=5), node("a", mode=["any"]), node("a", mode={"a": 1}), node("a", name={"x": 1}),
        {"id": "a", "kind": ["approve"], "name": "a"}, {"id": {"x": 1}, "kind": "approve", "name": "a"},
        {"id": "a", "kind": "parallel", "name": "a", "branches": 5},
        {"id": "a", "kind": "parallel", "name": "a", "branches": "abc"},
        {"id": "a", "kind": "parallel", "name": "a", "branches": [5, 6]},
        {"id": "a", "kind": "parallel", "name": "a", "branches": {"nodes": []}},
        {"id": "a", "kind": "auto", "name": "a", "action": ["x"]},
        {"id": "a", "kind": "auto", "name": "a", "action": "x", "params": 5},
        {"id": "a", "kind": "do", "name": "a", "who": ["user:s08"], "needs": ["x"], "ask": 5},
        {"id": "a", "kind": "do", "name": "a", "who": ["user:s08"], "needs": 5, "ask": ["x"]},
        {"id": "a", "kind": "client", "name": "a", "client": ["x"], "change_to": ["y"]},
        node("a", may_reject="x", opinion=5), node("submit"), node("a", back=["nowhere"]),
    ],
    ids=range(33),
)  # fmt: skip
def test_every_misshapen_setting_is_named(bad):
    assert check([START, bad], WORLD)


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=4),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(
        st.sampled_from(["id", "kind", "name", "who", "when", "branches", "nodes", "timers", "back", "on_back", "needs",
                         "ask", "field", "op", "value", "hours", "do", "action", "params", "client", "change_to"]),
        inner | st.sampled_from(["approve", "do", "auto", "parallel", "condition", "client", "start", "role:x"]),
        max_size=6),
    max_leaves=20,
)  # fmt: skip


@given(nodes=JSON)
@settings(max_examples=300, deadline=None, suppress_health_check=list(HealthCheck))
def test_no_nodes_whatsoever_break_the_check(nodes):
    assert isinstance(check(nodes, WORLD), list)
    assert isinstance(check([START, nodes], WORLD), list)


def test_endless_definitions_are_refused():
    many = [node(f"n{at}") for at in range(500)]
    assert [p.code for p in check([START, *many], WORLD)] == ["too_many"]
    wide = [block("b", *[[node(f"n{at}")] for at in range(500)], kind="parallel")]
    assert "too_many" in [p.code for p in check([START, *wide], WORLD)]
    deep = node("z")
    for at in range(40):
        deep = block(f"b{at}", [deep])
    assert "too_deep" in [p.code for p in check([START, deep], WORLD)]


@pytest.mark.parametrize("value", ["NaN", "sNaN", "Infinity", "-Infinity", "1e999999", "", "九"])
@pytest.mark.parametrize("op", ["gt", "gte", "lt", "lte", "eq", "in", "contains"])
def test_odd_figures_are_compared_without_a_fall(op, value):
    for held in (1, "1", "NaN", None, "sNaN", [1, 2], True):
        assert holds([{"field": "f", "op": op, "value": value}], {"f": held}.get) in (True, False)


def test_the_largest_definition_that_may_be_published_runs_to_its_end(flows):
    skipped = {"when": [{"field": "mark_name", "op": "eq", "value": "nobody"}]}
    nodes = [block(f"c{at}", [node(f"s{at}", who=["user:expert"])], **skipped) for at in range(49)]
    nodes = [*nodes, approve("last", "user:expert")]
    ident = flows.define(nodes, code="large", state="draft")
    with flows.acting("author"):
        run_action(get(Definition, ident), "workflow.definition", "publish", {})
    run = flows.start(flows.case(), code="large")
    assert flows.open_nodes(run) == ["last"]
    flows.step("expert", run, "approve")
    assert flows.instance(run).state == "completed"


def test_a_version_that_runs_goes_on_when_the_next_is_published(flows):
    flows.define([approve("one", "user:expert"), approve("two", "user:expert2")])
    run = flows.start(flows.case())
    flows.define([approve("other", "user:expert")])
    flows.step("expert", run, "approve")
    flows.step("expert2", run, "approve")
    assert flows.instance(run).state == "completed"
    assert flows.open_nodes(flows.start(flows.case())) == ["other"]


def test_who_left_is_asked_no_more_and_somebody_can_still_take_the_task_over(flows, agency):
    flows.define(
        [approve("one", "user:expert"), approve("two", "user:expert2")], options={"fallback": ["user:partner"]}
    )
    run = flows.start(flows.case())
    with system("somebody leaves") as session:
        session.get(record_class("core.user"), agency.expert2).active = False
    try:
        flows.step("expert", run, "approve")
        (task,) = [t for t in flows.tasks(run) if t.state == "open"]
        assert task.candidates == [agency.partner]
    finally:
        with system("and comes back") as session:
            session.get(record_class("core.user"), agency.expert2).active = True


def test_a_department_without_a_head_asks_whoever_stands_in_or_says_so(flows, agency):
    with system("the head is gone") as session:
        session.get(record_class("core.department"), agency.marks).head_id = None
    try:
        flows.define([approve("head", "head:record")])
        run = flows.start(flows.case())
        assert flows.task(run).candidates
        assert "fallback" in flows.log(run)
        flows.define([approve("head", "head:record")], options={"fallback": ["user:partner"]})
        run = flows.start(flows.case())
        assert flows.task(run).candidates == [agency.partner]
    finally:
        with system("a head again") as session:
            session.get(record_class("core.department"), agency.marks).head_id = agency.head


def test_a_record_that_was_put_away_or_is_gone_ends_in_words(flows, agency):
    from core import archive

    flows.define([approve("one", "user:expert")])
    case = flows.case()
    run = flows.start(case)
    with system("put away"):
        archive(get(record_class("cases.case"), case))
    for task in flows.tasks(run):
        with contextlib.suppress(ZhianError):  # decided or refused in words, never broken
            flows.decide("expert", task, "approve")
    gone = flows.case(papers=())
    other = flows.start(gone)
    with system("gone") as session:
        from sqlalchemy import delete

        session.execute(delete(record_class("cases.case")).where(record_class("cases.case").id == gone))
    with pytest.raises(Conflict):
        flows.decide("expert", flows.task(other), "approve")
    with flows.acting("root"):
        from plugins.workflow.records import Instance

        run_action(get(Instance, other), "workflow.instance", "withdraw", {"reason": "the record is gone"})
    assert flows.instance(other).state == "withdrawn"


def test_ten_deciders_in_ten_threads_decide_once(flows, app, agency):
    flows.define([approve("one", "role:reviewer")])
    run = flows.start(flows.case())
    task = flows.task(run)
    start, told = threading.Barrier(10), []

    def one(login):
        with app.app_context():
            start.wait()
            try:
                flows.decide(login, task, "approve")
                told.append("done")
            except ZhianError as refusal:
                told.append(refusal.code)

    threads = [threading.Thread(target=one, args=(("expert", "expert2")[n % 2],)) for n in range(10)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(told) == ["already_decided"] * 9 + ["done"]
    assert flows.log(run).count("approve") == 1


def test_a_role_that_is_called_otherwise_since_asks_whoever_stands_in(flows, agency):
    flows.define([approve("one", "role:chief_of_yore")], options={"fallback": ["user:partner"]})
    run = flows.start(flows.case())
    assert flows.task(run).candidates == [agency.partner]
    assert "fallback" in flows.log(run)
    flows.step("partner", run, "approve")
    assert flows.instance(run).state == "completed"


def test_ten_thousand_nodes_and_conditions_are_refused_soon():
    started = time.monotonic()
    assert "too_many" in [p.code for p in check([START, *(node(f"n{at}") for at in range(10_000))], WORLD)]
    many = [{"field": "f", "op": "eq", "value": str(at)} for at in range(10_000)]
    check([START, node("a", when=many)], WORLD)
    deep: object = "x"
    for _at in range(900):
        deep = [deep]
    check([START, node("a", when=[{"field": "f", "op": "eq", "value": deep}])], WORLD)
    check([START, node("a", who=[f"user:{at}" for at in range(10_000)])], WORLD)
    assert time.monotonic() - started < 5


def test_going_back_and_forth_for_ever_stays_one_task_at_a_time(flows):
    flows.define([approve("one", "user:expert"), approve("two", "user:expert2", back=["one"])])
    run = flows.start(flows.case())
    for _turn in range(25):
        flows.step("expert", run, "approve")
        flows.step("expert2", run, "send_back", to="one", opinion="once more")
        assert flows.open_nodes(run) == ["one"]
    assert flows.instance(run).state == "running"
