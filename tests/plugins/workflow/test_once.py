"""A task is decided exactly once: by a stale tab, a double click, twenty threads, two processes, on both databases."""

from __future__ import annotations

import json
import subprocess
import sys
import threading

import pytest
from sqlalchemy import select

from core import Conflict, acting_as, get, load_principal, record_class, run_action, system, transaction, update
from core.settings import ROOT
from plugins.workflow.records import Step, Task
from tests.plugins.workflow.conftest import approve
from tests.support.running import environment

CROWD = 20


def given(task, decision, **more):
    return {"decision": decision, "round": task.round, "version": task.record_version, **more}


def test_the_second_decider_is_told_who_and_when(flows):
    flows.define([approve("look", "role:reviewer")])
    run = flows.start(flows.case())
    task = flows.task(run)
    flows.decide("expert", task, "approve")
    with pytest.raises(Conflict) as refused:
        flows.decide("expert2", task, "send_back", opinion="too late")
    assert (refused.value.code, refused.value.status, refused.value.detail["by"]) == ("already_decided", 409, "expert")
    assert "expert" in str(refused.value)
    assert flows.log(run).count("approve") == 1


def test_a_stale_page_does_not_decide_on_a_changed_record(flows, acting):
    flows.define([approve("look", "role:reviewer")])
    case = flows.case()
    run = flows.start(case)
    seen = flows.task(run)
    with acting("agent"):
        update(get(record_class("cases.case"), case), {"mark_name": "云岫茶"})
    assert flows.task(run).record_version > seen.record_version
    with pytest.raises(Conflict) as refused, acting("expert"):
        run_action(get(Task, seen.id), "workflow.task", "decide", given(seen, "approve"))
    assert refused.value.code == "record_changed"
    flows.step("expert", run, "approve")


def test_a_page_of_an_earlier_round_decides_nothing(flows):
    flows.define([approve("first", "user:head"), approve("second", "role:reviewer")])
    run = flows.start(flows.case())
    old = flows.task(run)
    flows.decide("head", old, "approve")
    flows.step("expert", run, "send_back", to="first", opinion="again")
    with pytest.raises(Conflict) as refused:
        flows.decide("head", old, "approve")
    assert refused.value.code == "already_decided"
    with pytest.raises(Conflict) as refused:
        flows.decide("head", flows.task(run), "approve", round=1)
    assert refused.value.code == "other_round"


def crowd(app, people, act):
    """All at once, each with a context, a session and a connection of its own; what each of them got."""
    gate, answers = threading.Barrier(len(people)), []

    def one(who, number):
        with app.app_context(), acting_as(load_principal(who)):
            gate.wait(30)
            try:
                with transaction():
                    answers.append(("ok", act(number)))
            except Exception as refusal:
                answers.append((getattr(refusal, "code", type(refusal).__name__), str(refusal)))

    threads = [threading.Thread(target=one, args=(who, number)) for number, who in enumerate(people)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(120)
    return answers


def test_twenty_threads_decide_once(app, flows):
    flows.define([approve("look", "role:reviewer"), approve("next", "user:head")])
    run = flows.start(flows.case())
    task = flows.task(run)
    people = [flows.agency.expert, flows.agency.expert2] * (CROWD // 2)

    def act(number):
        decision = "approve" if number % 3 else "send_back"
        return run_action(get(Task, task.id), "workflow.task", "decide", given(task, decision, opinion=f"{number}"))

    answers = crowd(app, people, act)
    assert sorted(code for code, _said in answers) == ["already_decided"] * (CROWD - 1) + ["ok"]
    with system("count") as session:
        assert len(session.scalars(select(Step).where(Step.decides_id == task.id)).all()) == 1
    assert len(flows.open_nodes(run)) == 1


def test_two_signatures_at_once_go_on_once(app, flows):
    """The last two of a countersignature, given at the same moment, open the next node once."""
    flows.define([approve("both", "user:expert", "user:expert2", mode="all"), approve("next", "user:head")])
    run = flows.start(flows.case())
    tasks = {t.assignee_id: t for t in flows.tasks(run)}
    people = list(tasks)

    def act(number):
        task = tasks[people[number]]
        return run_action(get(Task, task.id), "workflow.task", "decide", given(task, "approve"))

    assert {code for code, _said in crowd(app, people, act)} == {"ok"}
    assert flows.open_nodes(run) == ["next"]


def test_a_flow_is_started_once_by_two_clicks(app, flows):
    flows.define([approve("look", "role:reviewer")])
    case = flows.case()

    def act(_number):
        params = {"code": "short", "record_key": "cases.case", "record_id": case}
        return run_action(None, "workflow.instance", "start", params)

    answers = crowd(app, [flows.agency.agent] * 6, act)
    assert sorted(code for code, _said in answers) == ["already_running"] * 5 + ["ok"]


PROCESS = """
import json, sys, time
from pathlib import Path
from core.app import create_app
from core.settings import DEFAULT_CONFIG, load_settings
from core import acting_as, get, load_principal, record_class, run_action, transaction
g = json.loads(sys.argv[1])
app = create_app(load_settings(DEFAULT_CONFIG, data=Path(g["data"]), testing=True, secret="s" * 40,
                               plugins=tuple(g["plugins"]), database_url=g["database"]), web=False)
with app.app_context(), acting_as(load_principal(g["who"])):
    print("ready", flush=True)
    sys.stdin.readline()
    for task in g["tasks"]:
        try:
            with transaction():
                held = get(record_class("workflow.task"), task["id"])
                run_action(held, "workflow.task", "decide", task["given"])
            print("ok", flush=True)
        except Exception as refusal:
            print(getattr(refusal, "code", repr(refusal)), flush=True)
"""


def test_two_processes_decide_each_task_once(app, settings, flows):
    flows.define([approve("look", "role:reviewer")])
    runs = [flows.start(flows.case()) for _n in range(6)]
    tasks = [{"id": t.id, "given": given(t, "approve")} for t in map(flows.task, runs)]
    about = {"data": str(settings.data), "database": settings.database, "plugins": list(settings.plugins)}

    def run(who):
        order = json.dumps(about | {"who": who, "tasks": tasks})
        line = [sys.executable, "-P", "-c", PROCESS, order]
        pipe = subprocess.PIPE
        return subprocess.Popen(line, stdin=pipe, stdout=pipe, text=True, cwd=ROOT, env=environment())

    both = [run(flows.agency.expert), run(flows.agency.expert2)]
    assert [p.stdout.readline().strip() for p in both] == ["ready", "ready"]
    for process in both:
        process.stdin.write("go\n")
        process.stdin.flush()
    answers = [process.communicate(timeout=120)[0].split() for process in both]
    assert [sorted(pair) for pair in zip(*answers, strict=True)] == [["already_decided", "ok"]] * len(tasks)
    assert [flows.instance(run).state for run in runs] == ["completed"] * len(runs)
