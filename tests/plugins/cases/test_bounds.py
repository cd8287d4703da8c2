"""Numbers out of all proportion are refused at the field, in forms, by programs and with events."""

import pytest

from core import Invalid, create, get, record_class, run_action, update

CASE = "cases.case"


@pytest.mark.parametrize(("name", "value"), [("claims_count", -1), ("claims_count", 10_000), ("paid_to_year", -3)])
def test_a_case_takes_no_number_beyond_its_bounds(acting, agency, name, value):
    with acting("patent_head"):
        case = create(record_class(CASE), {"case_type": "invention", "title": "一种茶杯", "claims_count": 12}).id
    with pytest.raises(Invalid) as refused, acting("patent_head"):
        update(get(record_class(CASE), case), {name: value})
    assert refused.value.errors[0].field == name
    with acting("patent_head"):
        update(get(record_class(CASE), case), {name: 0})


@pytest.mark.parametrize(
    "given", [{"period_months": -4}, {"period_days": 0}, {"period_months": 9999}, {"details": {"annuity_year": -1}}]
)
def test_an_event_takes_no_number_beyond_its_bounds(acting, agency, given):
    with acting("head"):
        values = {"case_type": "tm_application", "mark_name": "云岫", "status": "substantive_exam"}
        case = create(record_class(CASE), values | {"agent": agency.agent}).id
    with pytest.raises(Invalid) as refused, acting("clerk"):
        known = {"event": "TM_REFUSAL_ISSUED", "dispatch_date": "2026-11-13", "keep": True}
        run_action(get(record_class(CASE), case), CASE, "record_event", known | given)
    assert refused.value.errors[0].code == "range"
