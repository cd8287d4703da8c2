"""A shared case and a deputy in the whole deployment: what opens with a case, and what stays closed beside it."""

from __future__ import annotations

from datetime import timedelta

import pytest

from core import get, load_principal, record_class, today
from core.permissions import deputies, sharing
from core.permissions.people import forget


@pytest.fixture(scope="module", params=["sqlite"])
def backend(request):
    """The SQL of shares is asked on both databases by the core's tests."""
    return request.param


@pytest.fixture
def lent(app, offices):
    """The agent there opens the mark there to the archive clerk here, and the agent here stands in for them."""
    with app.app_context():
        with offices.acting("tm_agent there"):
            case = get(record_class("cases.case"), offices.there.mark)
            made = sharing.share(case, user_id=offices.people["archive here"], until=today() + timedelta(days=1)).id
            away, deputy = offices.people["tm_agent there"], offices.people["tm_agent here"]
            standing = deputies.name_deputy(away, deputy, today(), today()).id
        forget()
        yield
        with offices.acting("tm_agent there"):
            sharing.end_share(get(record_class("cases.case"), offices.there.mark), made)
            deputies.end_deputy(standing)
        forget()


def seen(offices, login, key, query=""):
    answer = offices.api(login).get(f"{key}?limit=200&{query}")
    return [row["id"] for row in answer.json["data"]] if answer.status_code == 200 else None


@pytest.mark.parametrize("login", ["archive here", "tm_agent here"])
def test_nothing_of_the_other_side_is_open_before_and_after(offices, login):
    assert offices.api(login).get(f"cases.case/{offices.there.mark}").status_code == 404
    assert offices.api(login).get(f"core.attachment/{offices.there.file}").status_code in (403, 404)


def test_a_shared_case_opens_with_its_parts_and_files_and_nothing_else(offices, lent):
    archive, there = offices.api("archive here"), offices.there
    case = archive.get(f"cases.case/{there.mark}")
    assert case.status_code == 200
    assert case.json["client"] == {"hidden": True}
    of_case = f"case={there.mark}"
    for key in ("cases.event", "cases.applicant", "cases.goods", "deadlines.deadline"):
        everything = seen(offices, "administrator there", key, of_case)
        assert seen(offices, "archive here", key, of_case) == everything, key
    files = archive.get(f"cases.case/{there.mark}/files").json["data"]
    assert len(files) == 1
    assert archive.get(f"cases.case/{there.mark}/files/{files[0]['id']}").status_code == 200
    assert archive.get(f"cases.case/{there.invention}").status_code == 404
    assert archive.get(f"clients.client/{there.client}").status_code == 404
    for key, ident in (("billing.bill", there.bill), ("billing.payment", there.payment)):
        assert archive.get(f"{key}/{ident}").status_code in (403, 404)
    assert archive.patch(f"cases.case/{there.mark}", {"remarks": "x"}, case.json["version"]).status_code == 403


def test_a_deputy_works_on_what_is_assigned_and_gets_no_department(offices, lent):
    agent, there = offices.api("tm_agent here"), offices.there
    case = agent.get(f"cases.case/{there.mark}")
    assert case.status_code == 200
    assert agent.get(f"cases.case/{there.invention}").status_code == 404
    assert there.mark in seen(offices, "tm_agent here", "cases.case", "agent=me")
    changed = agent.patch(f"cases.case/{there.mark}", {"remarks": "for a colleague"}, case.json["version"])
    assert changed.status_code == 200, changed.text
    person = load_principal(offices.people["tm_agent here"])
    assert person.acting_ids == {offices.people["tm_agent here"], offices.people["tm_agent there"]}
