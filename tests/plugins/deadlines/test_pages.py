"""What people see in the browser and programs get over the API."""

import re
from datetime import date, timedelta

import pytest

from core import get, record_class, system, today, update
from core.api.keys import issue_key
from core.messages import sending as mails
from core.permissions.passwords import hash_password
from plugins.cases import event_types
from plugins.deadlines import reminders
from plugins.deadlines.records import Deadline
from tests.e2e.desk import PASSWORD, Visitor
from tests.support.lab import Client


@pytest.fixture(scope="module")
def passwords(app, agency):
    """Everybody may sign in."""
    with app.app_context(), system("passwords") as session:
        for login in ("agent", "stranger", "head", "root"):
            user = session.get(record_class("core.user"), getattr(agency, login))
            user.password_hash, user.locale = hash_password(PASSWORD), "en"


@pytest.fixture
def visit(app, passwords):
    """`visit("agent")`: that person's browser, in English."""
    return lambda login: Visitor(app, login)


@pytest.fixture
def api(app, agency):
    """`api("agent")`: that person's key."""

    def make(login):
        with app.app_context():
            return Client(app, issue_key(getattr(agency, login), ["*"]), {})

    return make


def test_a_deadline_tells_how_it_came_about(docket, visit):
    row = docket.refused_mark()
    page = visit("agent").get(f"/r/deadlines.deadline/{row.id}")
    assert page.status_code == 200
    for words in (
        "Start from the day of dispatch",
        "Deemed served",
        "Plus 15 days",
        "Safe date: counted from dispatch",
    ):
        assert words in page.text
    assert "商标法(2019)第34条" in page.text
    assert row.due.isoformat() in page.text


def test_who_does_not_see_the_case_does_not_see_the_deadline(docket, visit):
    row = docket.refused_mark()
    assert visit("stranger").get(f"/r/deadlines.deadline/{row.id}").status_code == 404


def test_a_replaced_deadline_shows_before_and_after(docket, visit):
    case_id = docket.case(status="registered", valid_to=date(2035, 3, 9))
    with system("a change"):
        update(get(record_class("cases.case"), case_id), {"valid_to": date(2036, 3, 9)})
    old, new = docket.rows(case_id, "CN.TM.RENEWAL")
    agent = visit("agent")
    assert "2036-03-09" in agent.get(f"/r/deadlines.deadline/{old.id}").text
    assert "<s>2035-03-09</s>" in agent.get(f"/r/deadlines.deadline/{new.id}").text


def test_the_work_list_groups_by_the_internal_date_and_shows_the_official_one(docket, visit):
    row = docket.refused_mark(ago=20)
    page = visit("agent").get("/")
    assert "My deadlines" in page.text
    assert f"/r/deadlines.deadline/{row.id}" in page.text
    assert "Internal date passed" in page.text


def test_closing_in_the_browser_asks_for_evidence(docket, visit):
    row = docket.refused_mark()
    agent = visit("agent")
    address = f"/r/deadlines.deadline/{row.id}/-/do/close_with_evidence"
    assert agent.get(address).status_code == 200
    refused = agent.post(address, act_date=today().isoformat(), evidence="")
    assert refused.status_code == 422
    assert "receipt" in refused.text
    done = agent.post(address, act_date=today().isoformat(), evidence="FS-9")
    assert done.status_code in (200, 303)
    assert docket.one(row.case_id, row.rule_code).status == "to_confirm"


def test_a_list_a_calendar_and_the_tab_of_a_case_show_deadlines(docket, visit):
    row = docket.refused_mark()
    agent = visit("agent")
    assert f"/r/deadlines.deadline/{row.id}" in agent.get("/r/deadlines.deadline?view=open").text
    assert agent.get(f"/r/deadlines.deadline?view=-&as=calendar&month={row.due:%Y-%m}").status_code == 200
    assert f"/r/deadlines.deadline/{row.id}" in agent.get(f"/r/cases.case/{row.case_id}?tab=deadlines").text
    assert row.due.strftime("%Y") in agent.get("/r/cases.case").text


def test_the_calendar_and_the_trace_speak_the_reader_s_language(docket, visit):
    row = docket.refused_mark()
    agent = visit("agent")
    month = agent.get(f"/r/deadlines.deadline?view=-&as=calendar&month={row.due:%Y-%m}").text
    assert row.name_en in month
    assert row.name not in month
    page = agent.get(f"/r/deadlines.deadline/{row.id}").text
    assert event_types()["TM_REFUSAL_ISSUED"].en in page
    assert "tm refusal issued" not in page


def test_a_copyright_deadline_cites_no_trademark_law(docket, visit):
    case_id = docket.case("cr_software", status="filed", title="茶园管理软件")
    docket.event(case_id, "CR_SOFTWARE_CORRECTION_SERVED", today())
    row = docket.one(case_id, "CN.CR.SOFTWARE_CORRECTION")
    page = visit("agent").get(f"/r/deadlines.deadline/{row.id}").text
    assert "Software correction notice" in page
    assert "cr software correction served" not in page
    assert "计算机软件著作权登记办法" in page
    assert "民法典第203条" in page
    assert "statutory working day calendar" in page
    assert "商标法" not in page


def test_a_mail_can_be_read_in_the_product(docket, visit):
    docket.refused_mark(ago=3)
    with system("remind"):
        reminders.remind()
    mails.send_due()
    listed = visit("head").get("/r/core.mail").text
    number = re.search(r"/r/core.mail/(\d+)", listed).group(1)
    page = visit("head").get(f"/r/core.mail/{number}").text
    assert "Official date" in page


def test_a_program_reads_deadlines_and_closes_one(docket, api):
    row = docket.refused_mark()
    agent = api("agent")
    found = agent.get(f"deadlines.deadline?case={row.case_id}&status__in=open,to_confirm").get_json()["data"]
    assert [item["rule_code"] for item in found] == ["CN.TM.REFUSAL_REVIEW"]
    assert found[0]["due"] == row.due.isoformat()
    refused = agent.post(f"deadlines.deadline/{row.id}/actions/close_with_evidence", {"act_date": today().isoformat()})
    assert refused.status_code == 422
    assert refused.get_json()["errors"][0]["field"] == "evidence"
    given = {"act_date": today().isoformat(), "evidence": "FS-10"}
    assert agent.post(f"deadlines.deadline/{row.id}/actions/close_with_evidence", given).status_code == 200
    assert api("stranger").get(f"deadlines.deadline/{row.id}").status_code == 404


def test_a_program_cannot_write_what_is_computed(docket, api):
    row = docket.refused_mark()
    answer = api("root").patch(f"deadlines.deadline/{row.id}", {"due": "2040-01-01"}, row.version)
    assert answer.status_code == 422
    later = (row.internal_date - timedelta(1)).isoformat()
    assert api("agent").patch(f"deadlines.deadline/{row.id}", {"internal_date": later}, row.version).status_code == 200
    with system("look"):
        assert get(Deadline, row.id).internal_date.isoformat() == later
