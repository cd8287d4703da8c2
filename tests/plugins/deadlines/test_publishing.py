"""The agency's own rules: worked examples must come out, and another person than the author publishes."""

from datetime import date

import pytest
from sqlalchemy import select

from core import Invalid, Refused, create, get, record_class, run_action, system
from plugins.deadlines import overlay
from plugins.deadlines.engine.packs import pack_data

CODE = "OWN.TM.CLIENT_REPORT"


def definition(days=10):
    row = dict(next(row for row in pack_data()["rules"] if row["code"] == "CN.TM.REFUSAL_REVIEW"))
    row |= {
        "code": CODE,
        "deadline": {"code": "CLIENT_REPORT", "zh": "向客户报告驳回", "en": "Report the refusal to the client"},
        "period": {"n": days, "unit": "day"},
        "base": "dispatch_date",
        "severity": "info",
    }
    return {"rule": row}


EXAMPLE = {"inputs": {"dispatch_date": "2026-03-02"}, "expected": {"due": "2026-03-12", "calendar": "official"}}


@pytest.fixture
def draft(acting):
    """An own rule written by the configurator."""
    with acting("author"):
        values = {"code": CODE, "name": "向客户报告驳回", "definition": definition(), "examples": [EXAMPLE]}
        rule_id = create(record_class("deadlines.rule"), values).id
    yield rule_id
    with system("tidy up") as session:
        session.delete(session.get(record_class("deadlines.rule"), rule_id))


def publish(rule_id):
    run_action(get(record_class("deadlines.rule"), rule_id), "deadlines.rule", "publish", {})


def test_a_published_rule_makes_deadlines(docket, acting, draft):
    with acting("reviewer"):
        publish(draft)
    case_id = docket.case(status="intake")
    docket.event(case_id, "TM_REFUSAL_ISSUED", date(2026, 3, 2))
    row = docket.one(case_id, CODE)
    assert (row.due, row.severity) == (date(2026, 3, 12), "info")
    assert row.rule_version != pack_data()["version"]


def test_a_rule_whose_example_comes_out_otherwise_is_refused(acting, draft):
    with acting("author"):
        rule = get(record_class("deadlines.rule"), draft)
        rule.definition = definition(days=12)
    with acting("reviewer"), pytest.raises(Invalid) as refused:
        publish(draft)
    assert "2026-03-16" in str(refused.value.errors[0].message)


def test_the_author_does_not_publish(acting, draft):
    with acting("root"):
        rule = get(record_class("deadlines.rule"), draft)
        rule.note = "changed by root"
    with acting("root"), pytest.raises(Refused) as refused:
        publish(draft)
    assert refused.value.code == "separation_of_duties"


@pytest.mark.parametrize("bad", [None, [], {}, {"rule": {}}, {"rule": {"code": "X"}}, {"rule": "x"}])
def test_what_is_no_rule_is_told_and_does_no_harm(context, agency, bad):
    with system("try"):
        assert overlay.try_definition(bad, [EXAMPLE])


def test_shipped_rules_are_there_to_read_and_cannot_be_published(docket, acting):
    with acting("clerk") as session:
        model = record_class("deadlines.rule")
        rows = list(session.scalars(select(model).where(model.origin == "shipped")))
    assert len(rows) == len(pack_data()["rules"])
    with acting("root"), pytest.raises(Refused):
        publish(rows[0].id)
