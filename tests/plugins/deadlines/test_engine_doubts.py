"""Readings of the table that were doubted once: partial refusals, fee notices, WIPO's closing days, filing fees."""

from datetime import date, timedelta

import pytest

from core import today
from plugins.deadlines.engine import compute_line


def line(code, **inputs):
    return compute_line({"id": "x", "rule_code": code, "inputs": inputs})


def test_a_partial_refusal_has_its_review_of_fifteen_days(docket):
    case_id = docket.case(status="substantive_exam")
    docket.event(case_id, "TM_PARTIAL_REFUSAL_ISSUED", today() - timedelta(1))
    review, split = docket.one(case_id, "CN.TM.REFUSAL_REVIEW"), docket.one(case_id, "CN.TM.PARTIAL_REFUSAL_SPLIT")
    assert (review.due, review.base_date, review.severity) == (split.due, split.base_date, "fatal")
    docket.event(case_id, "REVIEW_FILED", today())
    assert docket.one(case_id, "CN.TM.REFUSAL_REVIEW").status == "to_confirm"


def test_a_fee_notice_gives_a_date_and_its_printed_period_decides(docket):
    case_id, sent = docket.case(status="filed"), today() - timedelta(1)
    docket.event(case_id, "TM_FEE_NOTICE_ISSUED", sent)
    usual = docket.one(case_id, "CN.TM.FEE_NOTICE")
    assert (usual.severity, usual.nominal_date) == ("fatal", sent + timedelta(30))  # 15 days of service, 15 to pay
    other = docket.case(status="filed")
    docket.event(other, "TM_FEE_NOTICE_ISSUED", sent, details={"period_days": 7})
    assert docket.one(other, "CN.TM.FEE_NOTICE").nominal_date == sent + timedelta(22)
    docket.event(case_id, "FEES_PAID", today())
    assert docket.one(case_id, "CN.TM.FEE_NOTICE").status in ("met", "to_confirm")


def test_a_roll_by_wipo_s_calendar_is_not_called_official_where_its_closing_days_are_unknown(docket):
    case_id = docket.case("madrid", status="ir_registered", international_registration_date=date(2016, 3, 10))
    (row,) = [row for row in docket.rows(case_id, "MADRID.RENEWAL") if row.due.year == 2026]
    assert row.calendar == "weekend_only"
    steps = line("MADRID.RENEWAL", international_registration_date="2016-03-10")["trace"]
    assert any("only weekends are known" in step["step"] for step in steps)
    listed = line("MADRID.RENEWAL", international_registration_date="2009-03-10")["trace"]
    assert not any("only weekends are known" in step["step"] for step in listed)


@pytest.mark.parametrize(
    ("notice", "due"),
    [
        ({"dispatch_date": "2025-03-10", "delivery": "electronic"}, "2025-05-06"),
        ({"dispatch_date": "2025-04-25", "delivery": "paper"}, "2025-05-26"),
    ],
)
def test_an_early_acceptance_notice_never_shortens_the_two_months_of_the_filing_fees(notice, due):
    found = line("CN.PAT.APPLICATION_FEE", filing_date="2025-03-03", acceptance_notice=notice)
    assert (found["due"], found["safe_due"]) == (due, "2025-05-06")


def test_nothing_is_payable_after_the_grace_of_an_annuity():
    known = {"filing_date": "2021-06-10", "annuity_year": 5, "right_kind": "invention"}
    last = line("CN.PAT.ANNUITY_LATE_FEE", **known, payment_date="2025-12-10")["fee"]
    after = line("CN.PAT.ANNUITY_LATE_FEE", **known, payment_date="2025-12-11")["fee"]
    assert (last["state"], last["late_fee_pct"]) == ("payable", 25)
    assert after == {"state": "ceased", "late_fee_pct": None, "annuity_cny": None, "late_fee_cny": None}
