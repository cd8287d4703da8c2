"""What holds for rules: what sets them off, with whose rights they run, once each, taken back whole, guarded."""

from __future__ import annotations

from datetime import timedelta

import pytest
from sqlalchemy import func, select

from core import Forbidden, Invalid, Refused, get, record_class, run_action, system, today, update
from plugins.automation import looking, working
from plugins.automation.records import Call, Rule, Run, Version

CASE, TODO = "cases.case", "todos.todo"
TODO_STEP = {"do": "todo", "to": ["field:agent"], "title": "核对 {mark_name}", "due": "today+3"}
NOTE = [{"do": "set_fields", "values": [{"field": "remarks", "value": "见 {client.name}"}]}]
MAIL = [{"do": "mail", "to": ["contact"], "subject": "{mark_name}", "body": "您好"}]


def test_a_change_of_chosen_fields_sets_it_off_once(rules):
    rule = rules.rule(when={"fields": ["mark_name"]}, steps=[TODO_STEP])
    case = rules.case()
    rules.write(case, remarks="nothing of interest")
    assert rules.runs(rule) == []
    rules.write(case, mark_name="云岫茶")
    assert rules.work()["done"] == 1
    assert "done" not in rules.work()
    (todo,) = rules.see(TODO, record_id=case)
    assert (todo.title, todo.assignee_id, todo.due) == ("核对 云岫茶", rules.agency.agent, today() + timedelta(days=3))
    (run,) = rules.runs(rule)
    assert (run.state, run.results[0]["ok"]) == ("done", True)


def test_conditions_choose_the_records_nested_and_over_links(rules):
    inner = {
        "any": [{"field": "mark_name", "op": "contains", "value": "岫"}, {"field": "id", "op": "eq", "value": "1"}]
    }
    tree = {"all": [{"field": "client.name", "op": "contains", "value": "云岫"}, inner]}
    rule = rules.rule(trigger="created", when={}, condition=tree, steps=[TODO_STEP])
    yes, no = rules.case(), rules.case(mark_name="松间")
    assert [run.record_id for run in rules.runs(rule)] == [yes]
    assert no != yes


def test_it_never_does_more_than_its_person_may(rules):
    rule = rules.rule(runs_as="stranger", trigger="created", when={}, steps=[TODO_STEP])
    rules.case()
    assert rules.runs(rule) == []  # what its person does not see does not set it off
    alone = rules.rule(runs_as="partner", trigger="created", when={}, steps=NOTE)
    case = rules.case()
    outcome = rules.work()
    (run,) = rules.runs(alone)
    partner_may = "done" in outcome
    assert (run.state == "done") == partner_may
    assert (rules.see(CASE, id=case)[0].remarks is not None) == partner_may


def test_who_lends_their_rights_agrees_and_what_changed_is_agreed_to_anew(rules):
    rule = rules.rule(on=False, steps=[TODO_STEP])
    with pytest.raises(Refused):
        rules.do("builder", "activate", rule)
    with pytest.raises(Forbidden):
        rules.do("builder", "agree", rule)
    rules.do("builder", "try_out", rule)
    with pytest.raises(Refused, match=r"agree|同意"):
        rules.do("builder", "activate", rule)
    rules.do("partner", "agree", rule)
    rules.do("builder", "activate", rule)
    with rules.acting("builder"):
        update(get(Rule, rule), {"steps": [TODO_STEP, TODO_STEP]})
    (kept,) = rules.see("automation.rule", id=rule)
    assert (kept.active, kept.version_no, kept.agreed_version) == (False, 2, 1)
    assert [v.version_no for v in rules.see("automation.version", rule_id=rule)] == [1, 2]


def test_mail_to_clients_waits_for_a_head_of_department(rules):
    rule = rules.rule(on=False, trigger="created", when={}, steps=MAIL)
    rules.do("partner", "agree", rule)
    rules.do("builder", "try_out", rule)
    with pytest.raises(Refused):
        rules.do("builder", "activate", rule)
    rules.do("head", "approve", rule)
    rules.do("builder", "activate", rule)
    rules.case()
    rules.work()
    (mail,) = rules.see("core.mail", recipient="wang@client.example")
    assert mail.subject == "云岫"


def test_a_dry_run_tells_and_writes_nothing(rules):
    case = rules.case(mark_name="试行")
    tree = {"all": [{"field": "mark_name", "op": "eq", "value": "试行"}]}
    rule = rules.rule(on=False, condition=tree, steps=[TODO_STEP, *MAIL])
    models = [record_class(k) for k in (TODO, "core.mail", "automation.run", "core.notification")]

    def counted():
        with system("count") as session:
            return [session.scalar(select(func.count(model.id))) for model in models]

    before = counted()
    told = rules.do("root", "try_out", rule)
    assert counted() == before
    assert (told["count"], told["rows"][0]["href"]) == (1, f"/r/{CASE}/{case}")
    assert [step["ok"] for step in told["rows"][0]["steps"]] == [True, True]
    shut = rules.do("builder", "try_out", rule)  # who configures reads no cases
    assert (shut["count"], shut["rows"][0]["name"], shut["rows"][0]["steps"][0]["text"]) == (1, None, "")


def test_what_fails_is_taken_back_whole_and_can_run_again(rules):
    wrong = {"do": "message", "to": ["field:examiner_user"], "subject": "x"}
    with pytest.raises(Invalid):
        rules.rule(on=False, steps=[wrong])
    steps = [TODO_STEP, {"do": "message", "to": ["head"], "subject": "x"}]
    rule = rules.rule(trigger="created", when={}, steps=steps)
    case = rules.case()
    assert rules.work()["failed"] == 1  # the department has no head
    (run,) = rules.runs(rule)
    assert [r["ok"] for r in run.results] == [True, False]
    assert rules.see(TODO, record_id=case) == []
    with system("a head is named") as session:
        session.get(record_class("core.department"), rules.agency.marks).head_id = rules.agency.head
    with rules.acting("root"):
        run_action(get(Run, run.id), "automation.run", "replay", {})
    assert rules.work()["done"] == 1
    assert len(rules.see(TODO, record_id=case)) == 1
    with pytest.raises(Refused), rules.acting("root"):
        run_action(get(Run, run.id), "automation.run", "replay", {})
    with system("no head again") as session:
        session.get(record_class("core.department"), rules.agency.marks).head_id = None


def test_what_is_killed_in_the_middle_leaves_nothing_and_runs_again(rules, monkeypatch):
    rule = rules.rule(trigger="created", when={}, steps=[TODO_STEP])
    case = rules.case()

    def killed(*_given, **_more):
        raise KeyboardInterrupt

    with monkeypatch.context() as patched:
        patched.setattr(working, "_note", killed)
        with pytest.raises(KeyboardInterrupt):
            rules.work()
    assert rules.runs(rule)[0].state == "waiting"
    assert rules.see(TODO, record_id=case) == []
    assert rules.work()["done"] == 1
    assert len(rules.see(TODO, record_id=case)) == 1


def test_its_own_writes_do_not_set_it_off_and_chains_end(rules):
    own = rules.rule(runs_as="root", steps=NOTE)
    case = rules.case()
    rules.write(case, mark_name="一")
    rules.work()
    assert len(rules.runs(own)) == 1
    step = {"do": "create_record", "record": TODO, "values": [{"field": "title", "value": "再来"}]}
    values = {"runs_as": "root", "record_key": TODO, "trigger": "created", "when": {}, "steps": [step]}
    chain = [rules.rule(**values) for _each in range(2)]
    with rules.acting("root"):
        from core import create

        create(record_class(TODO), {"title": "起头"})
    for _round in range(8):
        rules.work()
    states = [run.state for rule in chain for run in rules.runs(rule)]
    assert 2 <= len(states) <= 4  # each sets the other off, none itself twice in one chain


def test_no_more_than_so_many_in_an_hour(rules):
    rule = rules.rule(trigger="created", when={}, per_hour=2, steps=[TODO_STEP])
    for _each in range(4):
        rules.case()
    rules.work()
    assert [run.state for run in rules.runs(rule)] == ["done", "done", "waiting", "waiting"]
    told = [n.subject for n in rules.see("core.notification", user_id=rules.agency.partner)]
    assert any("2" in subject and "规则" in subject for subject in told)


def test_dates_are_found_by_the_database_each_once(rules):
    soon, later = today() + timedelta(days=30), today() + timedelta(days=31)
    cases = [rules.case(opened_on=day.isoformat()) for day in (soon, later)]
    when = {"field": "opened_on", "days": -30, "include": False}
    rule = rules.rule(trigger="date", when=when, steps=[TODO_STEP])
    looking.look()
    looking.look()
    assert [run.record_id for run in rules.runs(rule)] == cases[:1]
    with system("a day passes, nothing looked") as session:
        session.get(Rule, rule).active_since = today() - timedelta(days=3)
        session.get(record_class(CASE), cases[1]).opened_on = soon - timedelta(days=2)
    looking.look()
    assert [run.record_id for run in rules.runs(rule)] == cases
    assert rules.work()["done"] == 2


def test_a_schedule_runs_once_for_each_planned_instant(rules):
    step = {"do": "message", "to": ["runs_as"], "subject": "早上好 {today}"}
    when = {"every": "day", "at": "00:00"}
    rule = rules.rule(record_key=None, trigger="schedule", when=when, steps=[step])
    looking.look()
    looking.look()
    assert len(rules.runs(rule)) == 1
    assert rules.work()["done"] == 1


def test_messages_come_in_at_a_signed_address_each_once(rules, app):
    from plugins.automation.receiving import address

    step = {"do": "todo", "to": ["field:agent"], "title": "外部：{message.text} {mark_name}"}
    when = {"match": {"field": "number", "path": "case.no"}}
    rule = rules.rule(trigger="webhook", when=when, steps=[step])
    case = rules.case()
    number = rules.see(CASE, id=case)[0].number
    with system("the address") as session:
        path = address(session.get(Rule, rule))
    client = app.test_client()
    sent = {"case": {"no": number}, "text": "已付款"}
    answers = [client.post(path, json=sent, headers={"webhook-id": "a1"}).status_code for _each in range(2)]
    assert answers == [202, 200]
    assert client.post(f"{path}x", json=sent).status_code == 404
    rules.work()
    assert [todo.title for todo in rules.see(TODO, record_id=case)] == ["外部：已付款 云岫"]
    rules.do("builder", "renew_address", rule)
    assert client.post(path, json=sent).status_code == 404


def test_calls_go_out_through_the_guard(rules):
    with pytest.raises(Invalid):
        rules.rule(on=False, steps=[{"do": "call", "url": "https://169.254.169.254/latest"}])
    rule = rules.rule(trigger="created", when={}, steps=[{"do": "call", "url": "https://ledger.example/hook"}])
    rules.case()
    assert rules.work()["done"] == 1
    with system("look at calls") as session:
        (call,) = session.scalars(select(Call).where(Call.rule_id == rule))
        assert (call.state, call.body["rule"]) == ("waiting", "规则")


def test_a_version_can_be_taken_back(rules):
    rule = rules.rule(on=False, steps=[TODO_STEP])
    with rules.acting("builder"):
        update(get(Rule, rule), {"steps": MAIL})
    rules.do("builder", "take_back", rule, version=1)
    (kept,) = rules.see("automation.rule", id=rule)
    assert (kept.version_no, kept.steps) == (3, [TODO_STEP])
    assert len(rules.see(Version.__record__["key"], rule_id=rule)) == 3
