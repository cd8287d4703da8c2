"""Changes of deadline rules: drafts in versions, tried on the stock, published by another, named by the trace."""

from __future__ import annotations

from datetime import date, timedelta

import pytest
from sqlalchemy import select

from core import Forbidden, Invalid, Refused, db, get, record_class, run_action, system, today
from plugins.deadlines import configuring, jobs, overlay, ruling, simulating
from plugins.deadlines.engine import Calendars, load_holidays, own, pack_data, pack_from
from plugins.deadlines.engine.derive import Deriver
from plugins.deadlines.engine.facts import Event, Facts
from plugins.deadlines.records import Computation, ReminderPlan, RuleChange

CODE, RECORD = "CN.TM.REFUSAL_REVIEW", "deadlines.rule_change"
EVENTS = {"TM_REFUSAL_ISSUED"}
NEW = {
    "period": {"n": 10, "unit": "day"},
    "new": {
        "zh": "向客户报告驳回",
        "en": "Report the refusal to the client",
        "trigger": "TM_REFUSAL_ISSUED",
        "base": "dispatch_date",
        "right_kinds": ["trademark"],
    },
}


@pytest.fixture
def tidy(context):
    yield
    with system("tidy up") as session:
        for model in (RuleChange, Computation):
            for row in session.scalars(select(model)):
                session.delete(row)
        for plan in session.scalars(select(ReminderPlan).where(ReminderPlan.position == 1)):
            session.delete(plan)


def change(changes, code=CODE):
    return {"code": code, "number": 3, "since": "2026-01-01", "reason": "partners' meeting", "changes": changes}


def derived(changes, code=CODE):
    data = own.laid_over(pack_data(), [change(changes, code)])
    deriver = Deriver(pack_from(data), Calendars(load_holidays()))
    sent = date(2026, 3, 2)
    event = Event("1", "TM_REFUSAL_ISSUED", sent, {"dispatch_date": sent, "delivery": "electronic"})
    facts = Facts("1", right_kind="trademark", route="national", jurisdiction="CN", events=(event,))
    return {item.rule.code: item for item in deriver(facts, sent).deadlines}


def test_without_changes_the_pack_is_the_shipped_one():
    assert own.laid_over(pack_data(), [change({})]) == pack_data()
    assert own.laid_over(pack_data(), [])["version"] == pack_data()["version"]


@pytest.mark.parametrize(
    ("changes", "moved"),
    [
        ({"period": {"n": 10, "unit": "day"}}, {"due", "safe", "internal", "client"}),
        ({"safe_margin": 3}, {"safe", "internal", "client"}),
        ({"internal": 6}, {"internal"}),
        ({"client": 12}, {"client"}),
        ({"severity": "info"}, {"severity"}),
    ],
)
def test_a_change_moves_what_it_says_and_nothing_else(changes, moved):
    before, after = derived({})[CODE], derived(changes)[CODE]
    names = ("due", "safe", "internal", "client", "severity", "base", "optional")
    assert {n for n in names if getattr(before, n) != getattr(after, n)} == moved
    others = derived({}).keys() - {CODE}
    assert all(derived(changes)[code].due == derived({})[code].due for code in others)


def test_a_rule_switched_off_and_a_rule_of_ones_own():
    assert CODE not in derived({"off": True})
    made = derived(NEW, "OWN.TM.REPORT")["OWN.TM.REPORT"]
    assert (made.due, made.severity, made.rule.title_zh) == (date(2026, 3, 12), "info", "向客户报告驳回")


def test_margins_never_reach_before_the_beginning():
    sent, item = date(2026, 3, 2), derived({"safe_margin": 300, "internal": 300, "client": 300})[CODE]
    assert sent <= item.safe <= item.due
    assert item.safe - (item.nominal - item.base) <= item.internal <= item.safe
    assert item.safe - (item.nominal - item.base) <= item.client <= item.safe


@pytest.mark.parametrize(
    ("changes", "code", "wrong"),
    [
        ({"period": {"n": 0, "unit": "day"}}, CODE, "period"),
        ({"period": {"n": 5, "unit": "week"}}, CODE, "period"),
        ({"roll": "moon"}, CODE, "choice"),
        ({"internal": -1}, CODE, "margin"),
        ({"period": {"n": 5, "unit": "day"}}, "CN.PAT.APPLICATION_FEE", "combined"),
        ({"severity": "info"}, "CN.TM.NOWHERE", "code"),
        (NEW, "own small", "code"),
        (NEW | {"new": NEW["new"] | {"trigger": "NOTHING"}}, "OWN.TM.X1", "choice"),
        (NEW | {"new": NEW["new"] | {"en": ""}}, "OWN.TM.X1", "words"),
        ({"new": NEW["new"]}, "OWN.TM.X1", "period"),
    ],
)
def test_what_cannot_be_a_rule_is_refused_by_name(changes, code, wrong):
    assert wrong in {why for _field, why in own.problems(pack_data(), change(changes, code), EVENTS)}


def write(acting, changes, code=CODE, since=None, login="author"):
    with acting(login):
        return ruling.write(code, changes, since or today(), "partners' meeting").id


def tried(ident):
    with system("try it"):
        subject = simulating.rule_subject(db.session.get_one(RuleChange, ident))
        run = simulating.start(subject)
    counts = simulating.simulate(run)
    return run, counts


def publish(ident):
    run_action(get(RuleChange, ident), RECORD, "publish", {})


def test_a_draft_is_tried_on_the_stock_and_counts_nothing_until_published(docket, acting, tidy):
    row = docket.refused_mark()
    ident = write(acting, {"period": {"n": 10, "unit": "day"}})
    run, counts = tried(ident)
    assert counts["move"] == 1
    assert counts["appear"] == counts["vanish"] == 0
    with system("look") as session:
        found = session.get_one(Computation, run)
        assert (found.status, found.done) == ("done", found.total)
        (told,) = [r for r in found.result["rows"] if r["case"] == row.case_id]
        assert (told["kind"], told["rule"], told["old"]["due"]) == ("move", CODE, row.due.isoformat())
        wanted = told["new"]["due"]
    assert docket.one(row.case_id, CODE).due == row.due
    with acting("reviewer"):
        publish(ident)
    with system("the worker") as session:
        later = session.scalars(select(Computation).order_by(Computation.id.desc()).limit(1)).one()
        assert later.subject == f"recompute:rule:{ident}"
    jobs.recompute(computation=later.id)
    now = docket.one(row.case_id, CODE)
    assert now.due.isoformat() == wanted
    assert f"{CODE}#1" in now.rule_version
    with system("look") as session:
        assert session.get_one(Computation, later.id).status == "done"
    from plugins.deadlines.pages import head

    with acting("agent"):
        steps = head(get(record_class("deadlines.deadline"), now.id))["steps"]
    assert "partners' meeting" in steps[0]["title"]
    assert "1" in steps[0]["title"]


def test_only_a_tried_draft_is_published_and_not_by_its_author(acting, tidy):
    ident = write(acting, {"internal": 6})
    with acting("reviewer"), pytest.raises(Refused) as refused:
        publish(ident)
    assert refused.value.code == "not_tried"
    tried(ident)
    write(acting, {"internal": 7})
    with acting("reviewer"), pytest.raises(Refused) as refused:
        publish(ident)
    assert refused.value.code == "not_tried"
    tried(ident)
    with pytest.raises(Forbidden), acting("author"):
        publish(ident)
    write(acting, {"internal": 8}, login="root")
    tried(ident)
    with pytest.raises(Refused), acting("root"):
        publish(ident)
    with pytest.raises(Forbidden), acting("clerk"):
        ruling.write(CODE, {"internal": 9}, today(), "x")


def test_versions_take_effect_on_their_day_and_the_newest_counts(acting, tidy):
    first = write(acting, {"internal": 6})
    tried(first)
    with acting("reviewer"):
        publish(first)
    second = write(acting, {"internal": 9}, since=today() + timedelta(30))
    tried(second)
    with acting("reviewer"):
        publish(second)
    with system("look"):
        assert [c["number"] for c in overlay.changes_in_effect(today())] == [1]
        assert [c["number"] for c in overlay.changes_in_effect(today() + timedelta(30))] == [2]
        assert overlay.deriver().pack.rules[CODE].how["own"]["internal"] == 6
    third = write(acting, {})
    tried(third)
    with acting("reviewer"):
        publish(third)
    with system("look"):
        assert "own" not in overlay.deriver().pack.rules[CODE].how
        assert overlay.deriver().pack.version == pack_data()["version"]


def test_reminders_of_a_published_change_are_a_plan_of_their_own(acting, tidy):
    ident = write(acting, {"reminders": {"steps": ["20d", "2d"], "strong": True}})
    tried(ident)
    with acting("reviewer"):
        publish(ident)
    with system("look") as session:
        (plan,) = [p for p in session.scalars(select(ReminderPlan)) if p.rules == [CODE]]
        assert (plan.steps, plan.strong, plan.position) == (["20d", "2d"], True, 1)


@pytest.mark.parametrize(
    ("changes", "since", "reason", "field"),
    [
        ({"internal": 6}, -1, "x", "effect_from"),
        ({"internal": 6}, 0, " ", "reason"),
        ({"reminders": {"steps": ["soon"]}}, 0, "x", "steps"),
    ],
)
def test_a_draft_says_why_and_when(acting, tidy, changes, since, reason, field):
    with pytest.raises(Invalid) as error, acting("author"):
        ruling.write(CODE, changes, today() + timedelta(since), reason)
    assert [e.field for e in error.value.errors] == [field]


def test_the_configuration_file_brings_changes_as_drafts(acting, tidy):
    ident = write(acting, {"internal": 6})
    tried(ident)
    with acting("reviewer"):
        publish(ident)
    with acting("author"):
        told = configuring.export_rules()
    assert told == {CODE: {"changes": {"internal": 6}, "reason": "partners' meeting"}}
    with acting("author"):
        configuring.apply_rules({CODE: {"changes": {"internal": 4}, "reason": "from elsewhere"}})
    with acting("author"):
        draft = ruling.draft_of(CODE)
        assert (draft.number, draft.status, draft.changes) == (2, "draft", {"internal": 4})
        with pytest.raises(Invalid):
            configuring.apply_rules({CODE: "x"})
