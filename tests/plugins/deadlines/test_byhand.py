"""Editing the agency's own dates of a deadline: client, internal and official date stay in this order."""

from datetime import timedelta

import pytest

from core import Invalid, create, get, today, update
from plugins.deadlines.records import Deadline


def edit(acting, row, **values):
    with acting("clerk"):
        update(get(Deadline, row.id), values)


def in_order(row):
    return row.client_date is None or row.client_date <= row.internal_date <= row.due


def test_an_earlier_internal_date_pulls_the_client_s_date_along(docket, acting):
    row = docket.refused_mark()
    assert row.client_date is not None
    earlier = row.client_date - timedelta(1)
    edit(acting, row, internal_date=earlier)
    moved = docket.one(row.case_id, row.rule_code)
    assert (moved.internal_date, moved.client_date) == (earlier, earlier)


def test_an_internal_date_after_the_official_one_is_refused_with_a_word(docket, acting):
    row = docket.refused_mark()
    with pytest.raises(Invalid) as refused:
        edit(acting, row, internal_date=row.due + timedelta(1))
    assert (refused.value.errors[0].field, refused.value.errors[0].code) == ("internal_date", "too_late")
    assert row.due.isoformat() in str(refused.value.errors[0].message)


def test_a_client_s_date_after_the_internal_one_is_refused_with_a_word(docket, acting):
    row = docket.refused_mark()
    with pytest.raises(Invalid) as refused:
        edit(acting, row, client_date=row.internal_date + timedelta(1))
    assert (refused.value.errors[0].field, refused.value.errors[0].code) == ("client_date", "too_late")


def test_an_emptied_internal_date_is_counted_anew(docket, acting):
    row = docket.refused_mark()
    edit(acting, row, internal_date=None)
    assert in_order(docket.one(row.case_id, row.rule_code))


def test_a_date_entered_by_hand_that_moves_earlier_takes_the_others_along(docket, acting):
    case_id, due = docket.case(status="intake"), today() + timedelta(40)
    values = {"case": case_id, "name": "通知书所载期限", "severity": "fatal", "client_date": today() + timedelta(30)}
    with acting("clerk"):
        create(Deadline, values | {"due": due})
    row = docket.one(case_id, "MANUAL")
    edit(acting, row, due=due - timedelta(20))
    moved = docket.one(case_id, "MANUAL")
    assert moved.due == due - timedelta(20)
    assert moved.safe_date <= moved.due
    assert in_order(moved)
