"""Cases and clients over the API: fields by their trade names, events as actions, refusals in words."""

from __future__ import annotations

import pytest

from core.api.keys import issue_key
from core.db import db
from tests.support.lab import Client


@pytest.fixture
def api(context, agency):
    """`api("clerk")` is an API client of that person."""

    def as_person(login):
        key = issue_key(getattr(agency, login), ["*"], "test")
        db.session.commit()
        return Client(context, key, {})

    return as_person


def test_a_trademark_is_created_and_read_with_the_names_of_the_trade(api, agency):
    clerk = api("clerk")
    made = clerk.post(
        "cases.case",
        {
            "case_type": "tm_application",
            "mark_name": "云岫",
            "classes": [30],
            "goods": [{"class": 30, "items": ["茶"]}],
            "applicants": [{"name": "杭州云岫茶业有限公司", "client": agency.client}],
            "priority": [{"country": "CN", "number": "1", "date": "2026-01-02"}],
            "filing_date": "2026-03-27",
            "client": agency.client,
        },
    )
    assert made.status_code == 201, made.json
    read = clerk.get(f"cases.case/{made.json['id']}").json
    assert read["jurisdiction"] == "CN"
    assert read["status"] == "intake"
    assert read["classes"] == ["30"]
    assert read["priority_date"] == "2026-01-02"
    assert read["number"].startswith("TM")
    assert read["client"]["id"] == agency.client
    rows = clerk.get(f"cases.applicant?case={read['id']}").json["data"]
    assert [row["name"] for row in rows] == ["杭州云岫茶业有限公司"]


def test_fields_with_unusual_names_keep_them(api):
    clerk = api("clerk")
    made = clerk.post(
        "cases.case", {"case_type": "tm_opposition", "class": "30", "title": "异议案", "side": "opponent"}
    )
    assert made.status_code == 201, made.json
    assert (made.json["class"], made.json["title"], made.json["name"]) == ("30", "异议案", "异议案")
    found = clerk.get("cases.case?class=30&title__contains=异议").json["data"]
    assert [row["id"] for row in found] == [made.json["id"]]


def test_an_event_is_an_action_and_says_what_is_missing(api):
    clerk = api("clerk")
    values = {"case_type": "tm_application", "mark_name": "禾小满", "status": "substantive_exam"}
    ident = clerk.post("cases.case", values).json["id"]
    missing = clerk.post(f"cases.case/{ident}/actions/record_event", {"event": "TM_REFUSAL_ISSUED"})
    assert missing.status_code == 422
    assert {e["field"] for e in missing.json["errors"]} >= {"dispatch_date", "receipt_date", "document"}
    done = clerk.post(
        f"cases.case/{ident}/actions/record_event",
        {
            "event": "TM_REFUSAL_ISSUED",
            "dispatch_date": "2026-11-13",
            "receipt_date": "2026-11-16",
            "grounds": "第三十条",
            "cited_marks": ["61204883"],
            "filed_at": "流程柜",
        },
    )
    assert done.status_code == 200, done.json
    assert clerk.get(f"cases.case/{ident}").json["status"] == "refused"


def test_a_client_is_created_with_its_code_checked(api):
    head = api("head")
    wrong = head.post("clients.client", {"name": "某公司", "uscc": "9135O100M000100Y43"})
    assert wrong.status_code == 422
    assert wrong.json["errors"][0]["message"] == "Character 5 is the letter O, use the digit 0."
    made = head.post(
        "clients.client", {"name": "某公司", "uscc": "91350100M000100Y43", "kind": "enterprise", "region": "3501"}
    )
    assert made.status_code == 201, made.json
    assert made.json["number"] == "E-3501-0001"
    assert made.json["tier"] == "general"
