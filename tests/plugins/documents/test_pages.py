"""Pages of documents: the tab on a record, making one, looking at it, batches, the workshop, the check of a code."""

from __future__ import annotations

import functools
import io
import zipfile

import pypdf
import pytest
from sqlalchemy import select

from core import get, hash_password, record_class, system
from plugins.documents.jobs import print_many, print_one
from plugins.documents.records import Document, Template
from tests.e2e.desk import PASSWORD, Visitor

SHOP = "/documents/templates/cases.case/power_of_attorney/zh"


@pytest.fixture(scope="module")
def visit(app, agency):
    """`visit("agent")` is that person's browser."""
    with app.app_context(), system("people sign in"):
        known = hash_password(PASSWORD)
        for login in ("agent", "clerk", "author", "other"):
            get(record_class("core.user"), getattr(agency, login)).password_hash = known
    return functools.cache(lambda login: Visitor(app, login))


def newest(**wanted) -> Document:
    with system("look") as session:
        query = select(Document).filter_by(**wanted).order_by(Document.id.desc())
        return session.scalars(query).first()


def test_from_the_tab_to_the_paper(visit, agency, context):
    agent = visit("agent")
    tab = agent.get(f"/r/cases.case/{agency.fresh}?tab=documents").text
    assert "还没有文书" in tab
    ask = f"/r/cases.case/{agency.fresh}/-/do/make_document"
    assert "递交前确认函" in agent.get(ask).text
    assert "续展提醒函" not in agent.get(ask).text
    made = agent.post(ask, kind="filing_confirmation_request", language="zh")
    document = newest(record_id=agency.fresh)
    assert made.headers["Location"].endswith(f"/r/documents.document/{document.id}")
    page = agent.get(f"/r/documents.document/{document.id}").text
    assert f"/documents/{document.id}/head" in page
    print_one(document.id)
    assert agent.get(f"/documents/{document.id}/head").headers["HX-Refresh"] == "true"
    assert f"/documents/{document.id}/paper" in agent.get(f"/r/documents.document/{document.id}").text
    paper = agent.get(f"/documents/{document.id}/paper")
    assert paper.data.startswith(b"%PDF")
    assert paper.headers["Content-Security-Policy"] == "default-src 'none'; frame-ancestors 'self'"
    assert paper.headers["X-Frame-Options"] == "SAMEORIGIN"
    assert document.number in agent.get(f"/r/cases.case/{agency.fresh}?tab=documents").text


def test_a_stranger_to_the_case_gets_the_same_404_as_for_nothing(visit, agency, context):
    document = newest(record_id=agency.fresh)
    other = visit("other")
    for address in ("/r/documents.document/{}", "/documents/{}/paper", "/documents/{}/head"):
        assert other.get(address.format(document.id)).status_code == 404
        assert other.get(address.format(999_999)).status_code == 404
    assert other.get(f"/documents/batch/{'a' * 24}").status_code == 404


def test_many_have_a_page_of_progress_and_a_zip(visit, agency, context):
    clerk = visit("clerk")
    form = {"action": "make_documents", "id": [str(agency.fresh), str(agency.registered)], "here": "/r/cases.case"}
    assert "文书种类" in clerk.post("/r/cases.case/-/bulk", **form).text
    made = clerk.post("/r/cases.case/-/bulk/run", **form | {"kind": "power_of_attorney", "language": "zh"})
    address = made.headers["Location"]
    assert "/documents/batch/" in address
    assert "hx-trigger" in clerk.get(address).text
    print_many(address.rsplit("/", 1)[1])
    done = clerk.get(address).text
    assert "hx-trigger" not in clerk.get(f"{address}?part=1").text
    assert "zip" in done
    archive = zipfile.ZipFile(io.BytesIO(clerk.get(f"{address}/zip").data))
    assert len(archive.namelist()) == 2
    assert all(archive.read(name).startswith(b"%PDF") for name in archive.namelist())
    whole = pypdf.PdfReader(io.BytesIO(clerk.get(f"{address}/pdf").data))
    each = [pypdf.PdfReader(io.BytesIO(archive.read(name))) for name in archive.namelist()]
    assert len(whole.pages) == sum(len(one.pages) for one in each)
    assert len(whole.outline) == 2
    assert visit("other").get(f"{address}/pdf").status_code == 404


def test_the_workshop_lists_all_kinds_and_shows_the_template(visit, agency, context):
    author = visit("author")
    assert "代理委托书" in author.get("/documents/templates").text
    assert "documents/base.html" in author.get(SHOP).text


@pytest.mark.one_database
def test_an_administrators_preview_names_the_line_that_fails(app, visit, agency, context):
    with system("an administrator") as session:
        from core import create

        user = record_class("core.user")
        if session.scalars(select(user).where(user.login == "root")).first() is None:
            root = create(user, {"login": "root", "name": "root"})
            root.password_hash = hash_password(PASSWORD)
            create(record_class("core.user_role"), {"user": root.id, "role": "administrator"})
    root = visit("root")
    assert "case.number" in root.get(SHOP).text
    good = root.post(f"{SHOP}/preview", record=str(agency.fresh), body="<p>{{ case.number }}</p>", css="")
    assert good.data.startswith(b"%PDF")
    bad = root.post(f"{SHOP}/preview", record=str(agency.fresh), body="<p>\n{{ 1 / 0 }}</p>", css="")
    assert "第 2 行" in bad.text
    form = {"record": str(agency.fresh), "body": "{{ ''.__class__ }}", "css": "", "note": ""}
    assert root.post(SHOP, **form).status_code == 422
    assert root.post(SHOP, **form | {"body": "<p>本所 {{ case.number }}</p>", "note": "短一些"}).status_code == 303
    assert "短一些" in root.get(SHOP).text
    with system("look") as session:
        version = session.scalars(select(Template).where(Template.state == "published")).one()
    assert root.post(f"{SHOP}/reset").status_code == 303
    assert root.post(f"{SHOP}/restore/{version.id}").status_code == 303
    assert root.post(f"{SHOP}/reset").status_code == 303
    with system("look") as session:
        states = session.execute(select(Template.version_no, Template.state)).all()
    assert {tuple(row) for row in states} == {(1, "retired"), (2, "retired")}


def test_an_agent_reads_templates_but_does_not_keep_any(visit, agency, context):
    agent = visit("agent")
    assert agent.get(SHOP).status_code == 200
    assert agent.post(SHOP, body="<p>x</p>").status_code == 403
    assert agent.post(f"{SHOP}/reset").status_code == 403


def test_anybody_may_check_a_code_and_learns_nothing_else(app, visit, agency, context):
    document = newest(state="ready")
    stranger = app.test_client()
    page = stranger.get(f"/documents/v/{document.verify_code}")
    assert page.status_code == 200
    assert document.number in page.text
    for told in ("云岫", "茶业", document.record_caption, f"/{document.record_id}"):
        assert told not in page.text
    for code in ("A" * 16, "x", "%27%20or%201"):
        assert stranger.get(f"/documents/v/{code}").status_code == 404


def test_sending_by_mail_from_the_page(visit, agency, context):
    agent = visit("agent")
    ask = f"/r/cases.case/{agency.registered}/-/do/make_document"
    agent.post(ask, kind="renewal_reminder", language="zh")
    document = newest(kind="renewal_reminder")
    print_one(document.id)
    send = f"/r/documents.document/{document.id}/-/do/send_mail"
    assert "fang@client.example" in agent.get(send).text
    letter = {"to": "no address", "subject": "s", "text": "t"}
    assert agent.post(send, **letter).status_code == 422
    assert agent.post(send, **letter | {"to": "fang@client.example"}).status_code == 303
    assert newest(id=document.id).mailed_to == "fang@client.example"


def test_programs_make_documents_by_the_same_action(visit, agency, context):
    agent = visit("agent")
    address = f"/api/v1/cases.case/{agency.registered}/actions/make_document"
    sent = {"headers": {"X-CSRF-Token": agent.token}, "json": {"kind": "filing_confirmation", "language": "en"}}
    answer = agent.client.post(address, **sent)
    assert answer.status_code == 200, answer.text
    assert newest(kind="filing_confirmation").state == "queued"
    unknown = agent.client.post(address, **sent | {"json": {"kind": "no_such_letter"}})
    assert unknown.status_code == 422
    template = agent.client.post("/api/v1/documents.template", headers=sent["headers"], json={"code": "x", "body": "y"})
    assert template.status_code in (403, 422)
