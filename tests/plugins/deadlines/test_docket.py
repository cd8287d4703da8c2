"""Stored deadlines follow the facts of their case: made, replaced, settled, never deleted; in the same transaction."""

from datetime import date, timedelta

import pytest
from sqlalchemy import func, select

from core import (
    Forbidden,
    Invalid,
    Refused,
    bulk_create,
    db,
    delete,
    get,
    record_class,
    run_action,
    system,
    today,
    transaction,
    update,
)
from plugins.deadlines import follow, next_deadlines, worklist
from plugins.deadlines.jobs import recompute
from plugins.deadlines.records import Deadline


def change(key, record_id, **values):
    with system("a change of a test"):
        update(get(record_class(key), record_id), values)


def test_a_registered_mark_has_its_renewal_and_a_reminder_a_year_before(docket):
    case_id = docket.case(status="registered", registration_date=date(2025, 3, 10), valid_to=date(2035, 3, 9))
    row = docket.one(case_id, "CN.TM.RENEWAL")
    assert (row.due, row.safe_date, row.status) == (date(2035, 3, 9), date(2035, 3, 9), "open")
    assert row.internal_date < row.safe_date
    assert (row.calendar, row.provisional) == ("provisional", True)
    with system("look"):
        assert get(record_class("cases.case"), case_id).next_renewal_reminder == date(2034, 3, 9)


def test_an_event_makes_its_deadline_and_a_corrected_one_replaces_it(docket):
    case_id = docket.case("invention", status="intake", filing_date=date(2026, 1, 5))
    event_id = docket.event(case_id, "PAT_OA1_ISSUED", date(2026, 8, 10))
    first = docket.one(case_id, "CN.PAT.OA1_REPLY")
    assert first.due == date(2026, 12, 10)
    change("cases.event", event_id, date=date(2026, 8, 12), dispatch_date=date(2026, 8, 12))
    old, new = docket.rows(case_id, "CN.PAT.OA1_REPLY")
    assert (old.id, old.status, old.due) == (first.id, "superseded", date(2026, 12, 10))
    assert (new.status, new.due, new.replaces_id) == ("open", date(2026, 12, 14), old.id)
    assert new.change_note == "2026-12-10 -> 2026-12-14"


def test_deriving_again_changes_nothing(docket):
    case_id = docket.case("invention", status="intake", filing_date=date(2025, 1, 6))
    docket.event(case_id, "PAT_OA1_ISSUED", date(2026, 8, 10))
    before = [(row.id, row.version) for row in docket.rows(case_id)]
    with system("again") as session:
        model = record_class("cases.case")
        assert follow(list(session.scalars(select(model).where(model.id == case_id)))) == 0
    recompute([case_id])
    assert [(row.id, row.version) for row in docket.rows(case_id)] == before


def test_a_reply_settles_a_curable_deadline_and_a_fatal_one_waits_for_a_second_person(docket):
    patent = docket.case("invention", status="intake", filing_date=date(2025, 1, 6))
    docket.event(patent, "PAT_OA1_ISSUED", date(2026, 8, 10))
    docket.event(patent, "OA_RESPONSE_FILED", date(2026, 10, 9))
    assert docket.one(patent, "CN.PAT.OA1_REPLY").status == "met"
    mark = docket.refused_mark()
    docket.event(mark.case_id, "REVIEW_FILED", today())
    assert docket.one(mark.case_id, "CN.TM.REFUSAL_REVIEW").status == "to_confirm"


def test_a_removed_event_leaves_its_deadline_as_no_longer_needed(docket):
    case_id = docket.case("invention", status="intake", filing_date=date(2025, 1, 6))
    event_id = docket.event(case_id, "PAT_OA1_ISSUED", date(2026, 8, 10))
    with system("typed on the wrong case"):
        delete(get(record_class("cases.event"), event_id))
    assert docket.one(case_id, "CN.PAT.OA1_REPLY").status == "moot"


def test_a_case_that_ends_has_nothing_due_and_one_that_comes_back_has(docket):
    case_id = docket.case(status="registered", valid_to=date(2035, 3, 9))
    change_status(case_id, "expired")
    assert docket.one(case_id, "CN.TM.RENEWAL").status == "moot"
    change_status(case_id, "registered")
    assert docket.one(case_id, "CN.TM.RENEWAL").status == "open"


def change_status(case_id, status):
    with system("a change of status"):
        update(get(record_class("cases.case"), case_id), {"status": status})


def test_a_foreign_mark_has_its_stated_end_alone(docket):
    case_id = docket.case(
        status="registered",
        jurisdiction="KR",
        filing_date=date(2016, 5, 2),
        registration_date=date(2017, 2, 3),
        valid_to=date(2027, 2, 3),
    )
    (row,) = docket.rows(case_id)
    assert (row.rule_code, row.due, row.unverified) == ("LOCAL.TERM_END", date(2027, 2, 3), True)


def test_a_past_date_is_made_and_overdue(docket):
    case_id = docket.case(
        "invention",
        status="granted",
        filing_date=date(2018, 3, 6),
        grant_publication_date=date(2021, 2, 2),
        paid_to_year=7,
        fee_reduction=85,
    )
    rows = docket.rows(case_id, "CN.PAT.ANNUITY")
    assert [row.occurrence for row in rows] == [str(year) for year in range(8, 21)]
    assert rows[0].due == date(2025, 3, 6)
    assert rows[0].due < today()
    assert rows[0].amount == 300
    assert docket.rows(case_id, "CN.PAT.ANNUITY_GRACE")[0].due == date(2025, 9, 8)


def test_a_payment_settles_its_year(docket):
    case_id = docket.case(
        "invention",
        status="granted",
        filing_date=date(2018, 3, 6),
        grant_publication_date=date(2021, 2, 2),
        paid_to_year=8,
    )
    docket.event(case_id, "ANNUITY_PAID", date(2026, 2, 2), details={"annuity_year": 9})
    states = {row.occurrence: row.status for row in docket.rows(case_id, "CN.PAT.ANNUITY")}
    assert (states["9"], states["10"]) == ("met", "open")


def test_an_agent_changes_a_case_and_its_deadlines_follow_though_the_agent_may_not_write_them(docket, acting):
    case_id = docket.case(status="registered", valid_to=date(2035, 3, 9))
    with acting("agent"):
        update(get(record_class("cases.case"), case_id), {"valid_to": date(2036, 3, 9)})
    assert [row.due for row in docket.rows(case_id, "CN.TM.RENEWAL") if row.status == "open"] == [date(2036, 3, 9)]


def test_deadlines_are_seen_by_those_who_see_the_case(docket, acting):
    case_id = docket.case(status="registered", valid_to=date(2035, 3, 9))
    seen = {}
    for login in ("root", "agent", "stranger", "clerk"):
        with acting(login) as session:
            seen[login] = session.scalar(select(func.count(Deadline.id)).where(Deadline.case_id == case_id))
    assert seen == {"root": 1, "agent": 1, "stranger": 0, "clerk": 1}


def test_nobody_sets_the_official_date_by_an_ordinary_edit(docket, acting):
    case_id = docket.case(status="registered", valid_to=date(2035, 3, 9))
    row = docket.one(case_id, "CN.TM.RENEWAL")
    with pytest.raises(Invalid), acting("agent"):
        update(get(Deadline, row.id), {"due": "2035-03-10"})


def test_an_import_derives_for_many_cases_at_once(docket, agency):
    first = {"filing_date": date(2015, 1, 1), "grant_publication_date": date(2018, 1, 1)}
    common = {"case_type": "invention", "status": "granted", "jurisdiction": "CN", "agent": agency.agent}
    values = [
        {**common, "title": f"发明 {n}", **{name: day + timedelta(n) for name, day in first.items()}} for n in range(60)
    ]
    with system("an import"):
        ids = bulk_create(record_class("cases.case"), values)
    with system("count") as session:
        count = session.scalar(select(func.count(Deadline.id)).where(Deadline.case_id.in_(ids)))
    assert count >= 60 * 8


def test_the_next_deadline_of_each_case_comes_in_one_question(docket):
    case_id = docket.case("invention", status="intake", filing_date=date(2025, 1, 6))
    docket.event(case_id, "PAT_OA1_ISSUED", today() - timedelta(10))
    with system("look"):
        found = next_deadlines([case_id])[case_id]
    assert found.name == "答复第一次审查意见通知书"


def test_a_provisional_year_is_computed_anew_when_its_calendar_is_published(docket, acting):
    year = 2027
    case_id = docket.case("invention", status="intake", filing_date=date(2024, 10, 4))
    before = docket.one(case_id, "CN.PAT.EXAM_REQUEST")
    assert (before.due, before.provisional) == (date(2027, 10, 4), True)
    day = record_class("deadlines.calendar_day")
    with acting("author") as session:
        session.add_all([day(day=date(year, 10, number), kind="off", name="国庆节") for number in range(1, 8)])
    with acting("author"), pytest.raises(Forbidden):
        run_action(None, "deadlines.calendar_day", "publish_year", {"year": year})
    with acting("reviewer"):
        run_action(None, "deadlines.calendar_day", "publish_year", {"year": year})
    recompute()
    after = docket.one(case_id, "CN.PAT.EXAM_REQUEST")
    assert (after.due, after.provisional, after.replaces_id) == (date(2027, 10, 8), False, before.id)
    with system("tidy up"), transaction():
        for row in db.session.scalars(select(day).where(day.year == year)):
            db.session.delete(row)


def test_an_opportunity_that_passed_is_no_longer_work(docket):
    case_id = docket.case(status="filed", filing_date=today() - timedelta(150))
    row = docket.one(case_id, "CN.TM.OUTBOUND_PRIORITY")
    assert (row.severity, row.status) == ("info", "open")
    change("cases.case", case_id, filing_date=today() - timedelta(200))
    recompute([case_id])
    assert docket.one(case_id, "CN.TM.OUTBOUND_PRIORITY").status == "passed"


def test_a_planned_filing_abroad_is_a_duty(docket):
    case_id = docket.case(status="filed", filing_date=today() - timedelta(150), foreign_filing_planned=True)
    assert docket.one(case_id, "CN.TM.OUTBOUND_PRIORITY").severity == "fatal"


def test_the_work_list_puts_what_can_be_saved_first_and_folds_the_long_past(docket, acting):
    late = docket.refused_mark(ago=20)
    old = docket.case("invention", status="intake", filing_date=date(2018, 1, 5))
    expired = docket.case(status="registered", valid_to=today() - timedelta(20))
    with acting("agent"):
        saved, passed, *_rest = worklist.groups(own=True)
        past = worklist.long_past(own=True)
    assert late.id in [row.id for row in saved.rows]
    assert docket.one(old, "CN.PAT.EXAM_REQUEST").id not in [row.id for row in (*saved.rows, *passed.rows)]
    assert past.count >= 1
    assert docket.one(expired, "CN.TM.RENEWAL").id not in [row.id for row in passed.rows]
    assert docket.one(expired, "CN.TM.RENEWAL_GRACE").status == "open"


def test_a_case_with_an_open_fatal_deadline_is_not_closed(docket):
    row = docket.refused_mark()
    with pytest.raises(Refused) as refused:
        close_case(row.case_id)
    assert row.due.isoformat() in str(refused.value)


def close_case(case_id):
    with system("a case is closed"):
        update(get(record_class("cases.case"), case_id), {"closed_on": today()}, allow=("closed_on",))


def test_the_event_that_settles_a_deadline_is_its_evidence(docket):
    case_id = docket.case("invention", status="intake", filing_date=date(2025, 1, 6))
    docket.event(case_id, "PAT_OA1_ISSUED", date(2026, 8, 10))
    docket.event(case_id, "OA_RESPONSE_FILED", date(2026, 10, 9))
    row = docket.one(case_id, "CN.PAT.OA1_REPLY")
    assert row.act_date == date(2026, 10, 9)
    assert row.evidence.endswith("2026-10-09")
