"""What letters say: the right addressee, the same numbers in both languages, ZL after grant, dates of the docket."""

from __future__ import annotations

import re
from datetime import timedelta

import pytest
from sqlalchemy import select

from core import create, record_class, system, today
from plugins.cases import Event
from plugins.clients import contact_fields
from plugins.documents.jobs import print_document
from plugins.documents.records import Document
from tests.plugins.documents.conftest import text_of
from tests.plugins.documents.test_documents import pdf_of

NUMBERS = re.compile(r"TM\d{8}-\d{3}|E-\S{2,8}-\d{4}|(?<![\d-])\d{8}(?![\d-])|KH-\d")


@pytest.fixture
def look(context):
    with system("look at letters") as session:
        yield session


def test_the_contact_of_the_first_role_wins_else_the_first_contact(look, agency):
    client = look.get(record_class("clients.client"), agency.client)
    assert contact_fields(client, ("legal_head", "daily"), "zh")["email"] == "fang@client.example"
    assert contact_fields(client, ("finance",), "zh")["name"] == "方龑"
    money = {"client": agency.client, "name": "钱会计", "roles": ["finance"], "email": "money@client.example"}
    create(record_class("clients.contact"), money)
    assert contact_fields(client, ("finance",), "zh")["name"] == "钱会计"
    assert contact_fields(client, ("legal_head",), "zh")["name"] == "方龑"
    assert contact_fields(None, ("daily",), "zh")["email"] is None


@pytest.mark.parametrize(
    ("kind", "on"),
    [("renewal_reminder", "registered"), ("filing_confirmation", "registered"), ("power_of_attorney", "fresh")],
)
def test_both_languages_carry_the_same_numbers(make, kind, on):
    zh, en = (text_of(pdf_of(make(kind, on, language=language))) for language in ("zh", "en"))
    assert set(NUMBERS.findall(zh)) == set(NUMBERS.findall(en)) != set()


def test_a_patent_number_is_printed_only_after_grant(look, agency):
    from plugins.cases.merging import case_fields

    values = {
        "case_type": "invention",
        "title": "一种茶杯",
        "client": agency.client,
        "application_number": "202410123456.0",
    }
    case = create(record_class("cases.case"), values | {"filing_date": today() - timedelta(days=700)})
    pending = case_fields(case, "zh")
    assert pending["patent_number"] is None
    assert pending["application_number"] == "202410123456.0"
    case.status, case.grant_publication_date = "granted", today() - timedelta(days=30)
    case.status_group = "granted"
    assert case_fields(case, "zh")["patent_number"] == "ZL202410123456.0"


def test_a_refusal_is_forwarded_with_the_dates_of_the_docket(acting, agency, press):
    from core import run_action

    with system("a refusal comes in") as session:
        case = session.get(record_class("cases.case"), agency.fresh)
        case.status, case.filing_date, case.application_number = (
            "substantive_exam",
            today() - timedelta(days=200),
            "88112233",
        )
        session.flush()
        paper = {"case": case.id, "code": "TM_REFUSAL_ISSUED", "date": today(), "dispatch_date": today()}
        event = create(
            Event, paper | {"receipt_date": today(), "delivery": "electronic", "notice_number": "BH-20261122"}
        )
        ident = event.id
    with acting("agent") as session:
        event = session.get(Event, ident)
        given = {"kind": "forward_notice", "language": "zh"}
        document = run_action(event, "cases.event", "make_document", given)["document"]
    print_document(document, press)
    text = text_of(pdf_of(document))
    for said in ("商标驳回通知书", "BH-20261122", "88112233", "救济期限极短"):
        assert said in text
    with system("look") as session:
        kept = session.get(Document, document)
        deadline = record_class("deadlines.deadline")
        rows = session.scalars(select(deadline).where(deadline.event_id == ident, deadline.status == "open")).all()
        for row in rows:
            if row.due:
                assert f"{row.due.year}年{row.due.month}月{row.due.day}日" in text or row.due.isoformat() in text
            assert row.internal_date.isoformat() not in text
        assert kept.client_ref == agency.client
        assert kept.record_caption.startswith("TM")


def test_a_letter_of_an_official_paper_stands_with_its_case(look, agency):
    from plugins.documents.services import of_record

    case = look.get(record_class("cases.case"), agency.fresh)
    assert "forward_notice" in {document.kind for document in of_record(case)}
