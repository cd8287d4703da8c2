"""From any sequence of allowed commands no node has two open rounds, and a flow ends or waits for somebody."""

from __future__ import annotations

from collections import defaultdict

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from core import ZhianError, get, run_action
from plugins.workflow.choices import OF_KIND
from plugins.workflow.records import Instance, Task

PEOPLE = ("head", "expert", "expert2", "partner")
WHEN = st.sampled_from([[], [{"field": "status", "op": "eq", "value": "filed"}], [{"field": "agent", "op": "filled"}]])


@st.composite
def task_nodes(draw):
    """An approval, something to do, or a question to the client."""
    kind = draw(st.sampled_from(["approve", "approve", "do", "client"]))
    people = draw(st.lists(st.sampled_from(PEOPLE), min_size=1, max_size=3, unique=True))
    mode = draw(st.sampled_from(["any", "all", "sequence"]))
    return {"kind": kind, "who": [f"user:{who}" for who in people], "mode": mode, "when": draw(WHEN)}


def rows(children):
    """Rows of nodes with blocks of further rows."""
    branch = st.fixed_dictionaries({"name": st.just("b"), "when": WHEN, "nodes": children})
    parallel = st.fixed_dictionaries(
        {"kind": st.just("parallel"), "branches": st.lists(branch, min_size=2, max_size=2)}
    )
    condition = st.fixed_dictionaries(
        {"kind": st.just("condition"), "branches": st.lists(branch, min_size=1, max_size=2)}
    )
    return st.lists(st.one_of(task_nodes(), task_nodes(), parallel, condition), min_size=1, max_size=3)


FLOWS = st.recursive(st.lists(task_nodes(), min_size=1, max_size=3), rows, max_leaves=4)
COMMAND = st.tuples(
    st.sampled_from(["agree"] * 6 + ["send_back"] * 3 + ["hand_on", "add", "reject", "withdraw", "timer"]),
    st.integers(0, 7),
    st.integers(0, 7),
)


def numbered(nodes, prefix="n"):
    """The nodes with codes and names."""
    return [
        node
        | {"id": f"{prefix}{at}", "name": f"{prefix}{at}"}
        | (
            {
                "branches": [
                    b | {"nodes": numbered(b["nodes"], f"{prefix}{at}_{n}_")} for n, b in enumerate(node["branches"])
                ]
            }
            if "branches" in node
            else {}
        )
        for at, node in enumerate(nodes)
    ]


def check(flows, run):
    """The invariant."""
    instance, tasks = flows.instance(run), flows.tasks(run)
    waiting = [t for t in tasks if t.state == "open"]
    assert (instance.state == "running") == bool(waiting)
    rounds, slots = defaultdict(set), [(t.node, t.slot) for t in waiting]
    for task in waiting:
        rounds[task.node].add(task.round)
    assert all(len(numbers) == 1 for numbers in rounds.values())
    assert len(slots) == len(set(slots))
    assert set(instance.active or {}) >= set(rounds)
    decided = [t for t in tasks if t.state == "done"]
    assert len({s.decides_id for s in flows.steps(run) if s.decides_id}) == len(decided)


def obey(flows, run, command):
    """One command by somebody who is asked; what is refused changes nothing."""
    verb, first, second = command
    waiting = [t for t in flows.tasks(run) if t.state == "open"]
    if verb == "withdraw" and second > 1:
        return
    task = waiting[first % len(waiting)]
    who = name_of(flows, task.candidates[second % len(task.candidates)])
    try:
        if verb == "withdraw":
            with flows.acting("agent"):
                run_action(get(Instance, run), "workflow.instance", "withdraw", {"reason": "x"})
        elif verb in ("hand_on", "add"):
            code = "hand_on" if verb == "hand_on" else "add_signer"
            params = {"person": getattr(flows.agency, PEOPLE[first % 4])}
            params |= {} if verb == "hand_on" else {"place": ("with", "after")[second % 2]}
            with flows.acting(who):
                run_action(get(Task, task.id), "workflow.task", code, params)
        elif verb != "timer":
            kinds = OF_KIND[task.kind]
            wanted = {"agree": kinds[0], "send_back": kinds[1]}.get(verb, kinds[-1])
            flows.decide(who, task, wanted, opinion="x")
    except ZhianError:
        pass


def name_of(flows, ident):
    """The login of a person of the agency."""
    return next(name for name, value in vars(flows.agency).items() if value == ident)


@pytest.mark.one_database
@settings(max_examples=25, deadline=None, suppress_health_check=list(HealthCheck), derandomize=True)
@given(nodes=FLOWS, commands=st.lists(COMMAND, min_size=4, max_size=14))
def test_a_flow_ends_or_waits_and_no_node_is_asked_twice(flows, nodes, commands):
    flows.define(numbered(nodes), code="any", distinct=False)
    run = flows.start(flows.case(papers=()), "any")
    for command in commands:
        if flows.instance(run).state != "running":
            break
        check(flows, run)
        obey(flows, run, command)
    if flows.tasks(run):
        check(flows, run)
    else:
        assert flows.instance(run).state == "completed", "every node was skipped"
