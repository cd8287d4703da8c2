"""What goes out when a bill is issued: its letter, by mail when asked; and what lists and timelines say of bills."""

from __future__ import annotations

import pytest
from flask import render_template_string
from sqlalchemy import select

from core import record_class, system, use_locale
from core.registry import registry

BILL = "billing.bill"


@pytest.fixture
def letters(desk):
    """What was asked for after a bill was issued; without the plugin that prints there is nothing to look at."""
    if "documents.document" not in registry().types:
        pytest.skip("the documents plugin is not enabled")

    def of(bill: int) -> list[dict]:
        document = record_class("documents.document")
        with system("look at letters") as session:
            chosen = select(document).where(document.record_key == BILL, document.record_id == bill)
            return [{"kind": d.kind, "language": d.language, **d.after} for d in session.scalars(chosen)]

    return of


@pytest.mark.parametrize("who", ["manager", "finance", "finance_head"])
def test_an_issued_bill_goes_to_the_client_as_a_letter(desk, letters, who):
    bill = desk.bill(("270.00", "800.00"), who=who)
    asked = letters(bill)
    assert [(a["kind"], a["language"], a["release"], a["mail"]) for a in asked] == [("bill", "zh", True, False)]
    assert asked[0]["by"] == getattr(desk.agency, who)


def test_it_is_mailed_and_in_english_when_the_dialog_says_so(desk, letters):
    bill = desk.draft(("270.00", "800.00"))
    said = desk.run("manager", BILL, bill, "issue", {"language": "en", "mail_to_client": True})
    assert [(a["language"], a["mail"]) for a in letters(bill)] == [("en", True)]
    assert said["number"] in said["message"]
    assert "sent" in said["message"] or "邮件" in said["message"]


def test_nothing_goes_out_unless_wanted(desk, letters):
    bill = desk.draft(("270.00", "800.00"))
    desk.run("manager", BILL, bill, "issue", {"letter": False})
    assert desk.state_of(bill) == "issued"
    assert letters(bill) == []


def test_a_draft_shows_no_balance(context):
    kind = registry().types[BILL]
    cell = '{% include "billing/cell_balance.html" %}'
    with context.test_request_context(), use_locale("en"):
        draft = render_template_string(cell, row={"state": "draft", "balance": "0.00"}, kind=kind)
        issued = render_template_string(cell, row={"state": "issued", "balance": "1070.00"}, kind=kind)
    assert "Not issued yet" in draft
    assert "0.00" not in draft
    assert "1,070.00" in issued


def test_the_timeline_of_a_bill_names_the_receipt(desk):
    from core.web.timeline import timeline

    bill, money = desk.bill(("0.00", "1070.00")), desk.payment("1070.00")
    desk.allocate(money, {bill: "1070.00"})
    number = desk.seen("billing.payment", money).number
    with desk.acting("finance"), use_locale("zh"):
        entries = [entry for _day, found in timeline(registry().types[BILL], bill) for entry in found]
    told = [entry for entry in entries if number in entry["title"]]
    assert [entry["title"] for entry in told] == [f"以 {number} 核销 1,070.00"]
    assert told[0]["who"] == "finance"
    assert [str(new) for _label, _old, new in told[0]["changes"]]
