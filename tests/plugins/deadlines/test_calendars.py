"""Years of the statutory calendar: the table of a new year is read, tried, and published by another person."""

from __future__ import annotations

from datetime import date

import pytest
from sqlalchemy import select

from core import Invalid, Refused, record_class, run_action, system
from plugins.deadlines import calendaring, configuring, simulating
from plugins.deadlines.engine import load_holidays
from plugins.deadlines.records import CalendarDay, Computation

YEAR = max(load_holidays().years) + 1
TABLE = f"""# 国务院办公厅通知
{YEAR}-01-01 to {YEAR}-01-03, off, 元旦
10月1日至10月7日	放假	国庆节
{YEAR}/10/9; 上班
"""


@pytest.fixture(scope="module", params=["sqlite"])
def backend(request):
    """Days do not depend on the database; trials are asked on both in test_ruling."""
    return request.param


@pytest.fixture
def tidy(context):
    yield
    with system("tidy up") as session:
        for row in session.scalars(select(CalendarDay).where(CalendarDay.year == YEAR)):
            session.delete(row)
        for row in session.scalars(select(Computation)):
            session.delete(row)


def test_a_table_is_read_however_it_was_written():
    rows = calendaring.parse(TABLE, YEAR)
    assert len(rows) == 3 + 7 + 1
    assert (date(YEAR, 10, 7), "off", "国庆节") in rows
    assert (date(YEAR, 10, 9), "worked", "") in rows
    last_year = calendaring.parse(f"{YEAR - 1}-12-31,off,元旦", YEAR)
    assert last_year == [(date(YEAR - 1, 12, 31), "off", "元旦")]


@pytest.mark.parametrize(
    "line",
    [
        "",
        "2027-01-01",
        f"{YEAR}-01-01,perhaps",
        f"{YEAR}-02-30,off",
        "soon,off",
        "1999-01-01,off",
        f"{YEAR}-01-05 to {YEAR}-01-01,off",
        f"{YEAR}-01-01 to {YEAR}-06-01,off",
        f"{YEAR}-01-01,off\n{YEAR}-01-01,worked",
    ],
)
def test_what_cannot_be_read_is_named_by_its_line(line):
    with pytest.raises(Invalid):
        calendaring.parse(line, YEAR)


def test_a_year_is_tried_and_published_by_another_person(docket, acting, tidy):
    case_id = docket.case(
        "tm_renewal", status="intake", valid_to=date(YEAR, 10, 1), registration_date=date(YEAR - 10, 10, 2)
    )
    before = {r.rule_code: r for r in docket.rows(case_id)}
    with acting("author"):
        assert calendaring.enter(YEAR, calendaring.parse(TABLE, YEAR)) == 11
        run = simulating.start(simulating.year_subject(YEAR))
        line = next(y for y in calendaring.years() if y["year"] == YEAR)
        assert (line["official"], line["waiting"]) == (False, 11)
    counts = simulating.simulate(run)
    assert counts["cases"] >= 1
    with pytest.raises(Refused), acting("author"):
        from plugins.deadlines import publishing

        publishing.publish_year(YEAR)
    with acting("reviewer"):
        run_action(None, "deadlines.calendar_day", "publish_year", {"year": YEAR})
    with acting("author"):
        line = next(y for y in calendaring.years() if y["year"] == YEAR)
        assert (line["official"], line["waiting"], line["off"]) == (True, 0, 10)
        assert configuring.export_years()[str(YEAR)][0] == [f"{YEAR}-01-01", "off", "元旦"]
    assert before.keys() == {r.rule_code for r in docket.rows(case_id)}


def test_a_second_table_takes_the_place_of_the_first_while_nothing_is_published(acting, tidy):
    with acting("author"):
        calendaring.enter(YEAR, calendaring.parse(TABLE, YEAR))
        first = simulating.version_of(simulating.year_subject(YEAR))
    with acting("author"):
        assert calendaring.enter(YEAR, calendaring.parse(f"{YEAR}-05-01,off,劳动节", YEAR)) == 1
        assert simulating.version_of(simulating.year_subject(YEAR)) != first
    with system("look") as session:
        days = session.scalars(select(CalendarDay).where(CalendarDay.year == YEAR)).all()
        assert [(d.day, d.published) for d in days] == [(date(YEAR, 5, 1), False)]


def test_the_months_show_what_differs_from_the_week():
    model = record_class("deadlines.calendar_day")
    made = calendaring.months_of(2026, [model(day=date(2026, 10, 1), kind="off", name="国庆节", published=True)])
    cells = [c for week in made[9]["weeks"] for c in week if c and c["day"] == 1]
    assert (len(made), cells[0]["kind"], cells[0]["name"]) == (12, "off", "国庆节")
