"""What people see of how a flow went: by which way each step was taken, and people before what runs by itself."""

from __future__ import annotations

import pytest

from core import (
    acting_as,
    create,
    get,
    load_principal,
    now,
    record_class,
    run_action,
    system,
    transaction,
    use_locale,
)
from core.permissions.people import forget
from plugins.workflow import material
from plugins.workflow.picture import Item
from plugins.workflow.records import Instance, Task
from tests.plugins.workflow.conftest import approve

AUTO = {"id": "told", "kind": "auto", "name": "自动", "name_en": "Told", "action": "no_such_action", "optional": True}


def decide_by(flows, who, instance, via):
    asked = flows.task(instance, None, who)
    principal = load_principal(getattr(flows.agency, who))
    with acting_as(principal, via=via), transaction():
        held = get(Task, asked.id)
        given = {"decision": "approve", "round": held.round, "version": held.record_version}
        run_action(held, "workflow.task", "decide", given)


@pytest.mark.parametrize(
    ("via", "kept", "told"),
    [
        ("web", "page", ""),
        ("wecom", "wecom", "by way of WeCom"),
        ("dingtalk", "dingtalk", "by way of DingTalk"),
        ("api", "api", "by way of the interface"),
    ],
)
def test_the_log_tells_the_way_of_each_step(flows, via, kept, told):
    flows.define([AUTO, approve("head", "user:head")])
    instance = flows.start(flows.case())
    decide_by(flows, "head", instance, via)
    steps = {s.what: s for s in flows.steps(instance)}
    assert steps["approve"].via == kept
    assert steps["skip"].via is None
    assert steps["complete"].via is None
    with use_locale("en"), system("read the log") as session:
        rows = material.log_of(session.get(Instance, instance))
    assert [row["way"] for row in rows if row["step"] == "head"] == [told]


@pytest.mark.parametrize(("state", "thin"), [("done", True), ("skip", True), ("next", True), ("now", False)])
def test_what_runs_by_itself_is_a_line_unless_it_waits(state, thin):
    assert Item("a", "auto", "Told", state).thin is thin
    assert Item("b", "approve", "Head", state).thin is False
    assert Item("c", "auto", "Told", state, says=[("who", "why")]).thin is False


def test_holders_of_a_role_made_in_the_browser_are_asked_like_those_of_its_model(flows, context):
    case = flows.case()
    with system("a role made in the browser") as session:
        role = create(
            record_class("core.role"), {"code": "own_reader", "name": "审阅", "realm": "staff", "base": "analyst"}
        )
        person = create(record_class("core.user"), {"login": "made", "name": "made"})
        create(record_class("core.user_role"), {"user": person.id, "role": "own_reader"})
        cases = {"role": "own_reader", "record": "cases.case", "action": "read", "scope": "all", "effect": "add"}
        create(record_class("core.right"), cases)
        ident = person.id
        assert role.id
    forget()
    for word in ("role:analyst", "role:own_reader"):
        flows.define([approve("look", word)])
        assert flows.task(flows.start(case), "look").candidates == [ident], word
        case = flows.case()
    with system("the role goes") as session:
        session.get_one(record_class("core.role"), role.id).archived_at = now()
    forget()
    flows.define([approve("look", "role:analyst")])
    assert ident not in flows.task(flows.start(case), "look").candidates
