"""What an unpublished invention is about leaves by no side way: mails to its client, evidence of decisions, reports."""

from __future__ import annotations

import io

import pytest
from sqlalchemy import select

from core import add_file, db, get, now, record_class, system
from tests.security.offices import PDF, SECRET

OUTSIDE = ("finance", "service_desk", "archive")


@pytest.fixture
def told(offices):
    """Mails that went to the client about a paper of the invention."""
    user, mail = record_class("portal.user"), record_class("core.mail")
    with offices.app.app_context(), system("a client with a portal user") as session:
        address = {"name": "顾远", "email": "gu@secret.example"}
        if session.scalars(select(user).where(user.email == address["email"])).first() is None:
            account = record_class("core.user")(login=address["email"], realm="portal", active=True, **address)
            session.add(account)
            session.flush()
            about = {"client_id": offices.here.client, "role": "owner", "state": "active", "activated_at": now()}
            session.add(user(**address, **about, user_id=account.id))
            session.flush()
            case = get(record_class("cases.case"), offices.here.invention)
            add_file(case, f"{SECRET}.pdf", io.BytesIO(PDF), client_visible=True)
        return [
            (m.subject, m.body, m.hidden_part)
            for m in session.scalars(select(mail).where(mail.recipient == address["email"]))
        ]


def test_mails_about_papers_name_the_invention_to_their_receiver_alone(offices, told):
    assert told
    for subject, body, hidden in told:
        assert SECRET not in subject + body
        assert SECRET in hidden
    for role in (*OUTSIDE, "security_admin", "system_admin"):
        assert SECRET not in offices.api(f"{role} here").get("core.mail?limit=200").text, role
        assert SECRET not in offices.browser(f"{role} here").get("/r/core.mail?view=-").text, role


def test_evidence_of_a_decision_tells_outsiders_no_title(offices):
    evidence = record_class("portal.evidence")
    with offices.app.app_context(), system("a decision of a client") as session:
        words = {"question": f"确认提交“{SECRET}”", "opinion": SECRET, "document": f"{SECRET}.pdf", "person": "顾远"}
        about = {"client_id": offices.here.client, "case_id": offices.here.invention, "record_key": "workflow.task"}
        made = evidence(**words, **about, record_id=1, decision="confirm", at=now())
        session.add(made)
        session.flush()
        ident = made.id
    for role in ("service_desk", "audit_admin"):
        client = offices.api(f"{role} here")
        seen = client.get(f"portal.evidence/{ident}")
        assert seen.status_code == 200, role
        assert SECRET not in seen.text, role
        assert SECRET not in client.get("portal.evidence?limit=200").text
        assert client.get(f"portal.evidence?question__contains={SECRET[:4]}&count=1").json.get("total", 0) == 0
        page = offices.browser(f"{role} here").get(f"/r/portal.evidence/{ident}")
        assert SECRET not in page.text, role
    assert SECRET in offices.api("pat_agent here").get(f"portal.evidence/{ident}").text


def test_a_status_report_of_a_client_is_opened_by_who_may_know_its_inventions(offices):
    with offices.app.app_context(), system("a report that an agent had made"):
        client = get(record_class("clients.client"), offices.here.client)
        ident = add_file(client, "案件状态报告.pdf", io.BytesIO(PDF + SECRET.encode()), kind="case_status_report").id
        db.session.commit()
    for role in ("finance", "archive"):
        browser, program = offices.browser(f"{role} here"), offices.api(f"{role} here")
        assert browser.get(f"/files/{ident}").status_code in (403, 404), role
        listed = program.get(f"clients.client/{offices.here.client}/files")
        assert ident not in [file["id"] for file in listed.json.get("data", [])], role
    assert offices.browser("client_manager here").get(f"/files/{ident}").status_code == 200


WORDS = (SECRET, SECRET[2:6], "wgkdcb", "chabeijiare", f"顾远 {SECRET[4:8]}", "tm_application 茶杯")
"""Ways to ask for a title that is closed; the last two also name what is open."""


def test_search_tells_outsiders_neither_the_title_nor_that_there_is_one(offices):
    case, heads = offices.here.invention, {"HX-Request": "true"}
    number = offices.seen("cases.case", case).number
    for role in OUTSIDE:
        browser, program = offices.browser(f"{role} here"), offices.api(f"{role} here")
        assert number in browser.get(f"/find?q={number}", headers=heads).text, role
        assert SECRET not in browser.get(f"/find?q={number}", headers=heads).text, role
        for words in WORDS:
            for path in (f"/find?q={words}", f"/find?q={words}&in=cases.case"):
                answer = browser.get(path, headers=heads)
                assert f"/r/cases.case/{case}" not in answer.text, (role, words)
                assert number not in answer.text, (role, words)
            found = program.get(f"search?q={words}&types=cases.case").json["data"]
            assert case not in [hit["id"] for group in found for hit in group["hits"]], (role, words)
            assert program.get(f"cases.case?q={words}&count=1").json["total"] == 0, (role, words)
    agent = offices.browser("pat_agent here")
    for words in WORDS[:4]:
        assert f"/r/cases.case/{case}" in agent.get(f"/find?q={words}", headers=heads).text, words
