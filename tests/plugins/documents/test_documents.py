"""Documents of records: made once, kept with checksum and data, released, sent, made again; who may see them."""

from __future__ import annotations

import hashlib
import io

import openpyxl
import pytest
from sqlalchemy import select

from core import Forbidden, Refused, db, file_path, record_class, run_action, system, today, update
from core.records.audit import AuditEntry
from plugins.documents.jobs import print_many, print_one
from plugins.documents.press.plain import decode
from plugins.documents.records import Document, Letterhead, Template
from plugins.documents.rights import released
from tests.plugins.documents.conftest import text_of

LETTERS = [
    ("filing_confirmation_request", "fresh", "cases.case"),
    ("filing_confirmation", "registered", "cases.case"),
    ("renewal_reminder", "registered", "cases.case"),
    ("power_of_attorney", "fresh", "cases.case"),
    ("case_status_report", "client", "clients.client"),
    ("mark_list", "client", "clients.client"),
]
FORBIDDEN = ("INTERNAL", "4321", "保证注册", "100%", "对手", "13900001111", "{{", "None")


def pdf_of(ident: int) -> bytes:
    with system("look") as session:
        document = session.get(Document, ident)
        assert document.state == "ready", (document.error, document.error_detail)
        file = session.get(record_class("core.attachment"), document.file_id)
        content = file_path(file).read_bytes()
        assert hashlib.sha256(content).hexdigest() == document.sha256
    return content


@pytest.mark.one_database
@pytest.mark.parametrize("language", ["zh", "en"])
@pytest.mark.parametrize(("kind", "on", "key"), LETTERS)
def test_each_letter_is_made_and_tells_nothing_of_ours(make, kind, on, key, language):
    who = "manager" if key == "clients.client" else "agent"
    text = text_of(pdf_of(make(kind, on, who, key, language=language)))
    assert not [word for word in FORBIDDEN if word in text]
    if kind != "mark_list" and language == "zh":
        assert "龑䶮㛃茶业（杭州）有限公司" in text
    assert "DOC-" in text


def test_every_letter_shows_number_client_and_case_in_its_foot(make, context):
    ident = make("filing_confirmation_request")
    text = text_of(pdf_of(ident))
    with system("look") as session:
        document = session.get(Document, ident)
        case = session.get(record_class("cases.case"), document.record_id)
        client = session.get(record_class("clients.client"), case.client_id)
        for number in (document.number, client.number, case.number):
            assert number in text
        assert "云岫䶮" in text
        assert document.pages >= 1
        assert decode(__import__("json").dumps(document.source))["case"]["number"] == case.number
        assert document.template_version.startswith("shipped-")


def test_the_same_request_gives_the_same_document_and_again_a_new_number(make, acting, agency):
    first = make("renewal_reminder", "registered")
    assert make("renewal_reminder", "registered") == first
    with acting("agent") as session:
        again = run_action(session.get(Document, first), "documents.document", "make_again", {})["document"]
    print_one(again)
    with system("look") as session:
        one, two = session.get(Document, first), session.get(Document, again)
        assert one.number != two.number
        assert one.source == two.source
        assert two.again_of_id == first
    old, new = (text_of(pdf_of(i)) for i in (first, again))
    assert old.replace(one.number, "").replace(one.verify_code, "") == new.replace(two.number, "").replace(
        two.verify_code, ""
    )


def test_a_changed_record_is_another_request(make, acting, agency):
    first = make("power_of_attorney", "registered")
    with acting("agent") as session:
        update(session.get(record_class("cases.case"), agency.registered), {"mark_name": "云岫新号"})
    assert make("power_of_attorney", "registered") != first
    assert "云岫新号" not in text_of(pdf_of(first))


def test_printing_twice_keeps_one_file(make):
    ident = make("power_of_attorney")
    assert print_one(ident) == {"state": "taken"}
    with system("look") as session:
        file = record_class("core.attachment")
        kept = session.scalars(select(file).where(file.kind == "power_of_attorney", file.record_key == "cases.case"))
        names = [f.filename for f in kept]
    assert len(names) == len(set(names))


def test_a_required_empty_field_keeps_a_letter_in_the_house(make, acting, agency):
    with system("a case without applicants") as session:
        case = record_class("cases.case")(case_type="tm_application", mark_name="无人", client_id=agency.client)
        case.agent_id, case.department_id, case.branch_id = agency.agent, agency.marks, agency.branch
        session.add(case)
        session.flush()
        agency.bare = case.id
    ident = make("filing_confirmation_request", "bare", release=True, mail_to_client=True)
    with acting("agent") as session:
        document = session.get(Document, ident)
        assert "申请人" in document.missing
        assert document.released_at is None
        assert document.mailed_at is None
        for action, params in (("release", {}), ("send_mail", {"to": "x@client.example", "subject": "s", "text": "t"})):
            with pytest.raises(Refused):
                run_action(document, "documents.document", action, params)


def test_released_and_sent_when_it_is_ready(make, agency):
    ident = make("filing_confirmation", "registered", release=True, mail_to_client=True)
    with system("look") as session:
        document = session.get(Document, ident)
        assert document.released_at is not None
        assert document.released_by_id == agency.agent
        assert document.mailed_to == "fang@client.example"
        file = session.get(record_class("core.attachment"), document.file_id)
        assert file.client_visible
        mail = record_class("core.mail")
        sent = session.scalars(
            select(mail).where(mail.record_key == "documents.document", mail.record_id == ident)
        ).all()
        assert [m.files for m in sent] == [[document.file_id]]
        assert document.number in sent[0].subject
        assert "您也可以在客户门户中查看。" in sent[0].body
        audit = select(AuditEntry).where(AuditEntry.record_key == "cases.case", AuditEntry.action == "mail")
        told = [row.changes for row in session.scalars(audit.where(AuditEntry.record_id == agency.registered))]
        assert {"to": "fang@client.example", "subject": sent[0].subject} in told, "the case tells that its letter left"


def test_withdrawn_it_is_out_of_the_clients_sight(make, acting):
    ident = make("filing_confirmation", "registered", release=True)
    with acting("agent") as session:
        run_action(session.get(Document, ident), "documents.document", "withdraw_release", {})
    with system("look") as session:
        document = session.get(Document, ident)
        assert document.released_at is None
        assert not session.get(record_class("core.attachment"), document.file_id).client_visible


def test_only_released_documents_of_ones_own_client_are_in_a_clients_scope(make, agency, context):
    from core import Principal

    shown = make("filing_confirmation", "registered", release=True, language="en")
    hidden = make("power_of_attorney", language="en")
    for clients, wanted in (({agency.client}, {shown}), ({agency.rival}, set()), (set(), set())):
        person = Principal(user_id=1, realm="portal", claims={"clients.client": frozenset(clients)})
        with system("ask as a client"):
            found = set(db.session.scalars(select(Document.id).where(released(Document, person))))
        assert found & {shown, hidden} == wanted


def test_who_has_no_part_in_the_case_neither_makes_nor_sees(make, acting, agency):
    ident = make("power_of_attorney")
    with acting("other") as session:
        assert session.scalars(select(Document).where(Document.id == ident)).first() is None
        case = session.get(record_class("cases.case"), agency.fresh)
        if case is not None:
            with pytest.raises(Forbidden):
                run_action(case, "cases.case", "make_document", {"kind": "power_of_attorney"})
    with acting("head") as session:
        assert session.get(Document, ident) is not None
        with pytest.raises(Forbidden):
            run_action(session.get(Document, ident), "documents.document", "release", {})


def test_a_missing_glyph_is_a_named_failure_that_can_be_mended(make, acting, agency):
    with acting("agent") as session:
        update(session.get(record_class("cases.case"), agency.fresh), {"client_reference": "🍵-1"})
    ident = make("power_of_attorney")
    with system("look") as session:
        document = session.get(Document, ident)
        if document.state == "ready":  # the reference is not printed on the power
            ident = None
    ident = make("filing_confirmation_request")
    with system("look") as session:
        document = session.get(Document, ident)
        assert (document.state, document.error) == ("failed", "missing_glyph")
        assert "🍵" in document.error_detail
        assert document.file_id is None
    with acting("agent") as session:
        update(session.get(record_class("cases.case"), agency.fresh), {"client_reference": "KH-7"})
    assert make("filing_confirmation_request") != ident


def test_the_list_of_marks_is_a_sheet_too(make):
    ident = make("mark_list", "client", "manager", "clients.client", language="zh")
    text_of(pdf_of(ident))
    with system("look") as session:
        document = session.get(Document, ident)
        path = file_path(session.get(record_class("core.attachment"), document.xlsx_file_id))
        sheet = openpyxl.load_workbook(io.BytesIO(path.read_bytes())).active
    values = [c.value for row in sheet.iter_rows() for c in row]
    assert "01234567" in values
    assert sheet.title == "注册商标清单"


def test_many_at_once_are_one_batch(acting, agency):
    with acting("clerk") as session:
        case = record_class("cases.case")
        cases = list(session.scalars(select(case).where(case.id.in_([agency.fresh, agency.registered]))))
        given = {"kind": "power_of_attorney", "language": "en"}
        batch = run_action(cases, "cases.case", "make_documents", given)["batch"]
    counts = print_many(batch)
    assert sum(counts.values()) == 2
    with acting("clerk") as session:
        states = session.scalars(select(Document.state).where(Document.batch == batch)).all()
    assert states == ["ready", "ready"]


def test_the_edited_template_is_printed_and_the_shipped_one_comes_back(make, acting, agency):
    from core import registry
    from plugins.documents import templates

    kind = registry().documents["cases.case"]["power_of_attorney"]
    with acting("author"):
        templates.keep_version(kind, "zh", "<p>本所模板 {{ case.number }}</p>", "", "own words")
        templates.keep_version(kind, "zh", "<p>第二版 {{ case.number }}</p>", "p { color: #111 }", None)
    ident = make("power_of_attorney", "registered")
    assert text_of(pdf_of(ident)).startswith("第二版TM")
    with system("look") as session:
        assert session.get(Document, ident).template_version == "v2"
        versions = session.scalars(select(Template).order_by(Template.version_no)).all()
        assert [(v.version_no, v.state) for v in versions] == [(1, "retired"), (2, "published")]
    with acting("author"):
        templates._retire(kind, "zh")
    assert "代理委托书" in text_of(pdf_of(make("power_of_attorney", "registered")))


def test_the_letterhead_of_the_branch_is_used(make, agency):
    with system("letterheads") as session:
        session.add(Letterhead(name_zh="总部名称", phone="010-1"))
        session.add(Letterhead(name_zh="北京分所名称", branch_id=agency.branch, bank_account="6222"))
    assert "北京分所名称" in text_of(pdf_of(make("renewal_reminder", "registered")))


def test_dates_are_those_of_the_case(make, agency):
    text = text_of(pdf_of(make("renewal_reminder", "registered")))
    with system("look") as session:
        case = session.get(record_class("cases.case"), agency.registered)
        end = case.valid_to
    assert f"{end.year}年{end.month}月{end.day}日" in text
    assert "01234567" in text
    assert f"{today().year}年{today().month}月{today().day}日" in text


@pytest.mark.one_database
@pytest.mark.parametrize("language", ["zh", "en"])
def test_a_renewal_letter_about_one_mark_is_one_page(make, context, language):
    with system("look") as session:
        assert session.get(Document, make("renewal_reminder", on="registered", language=language)).pages == 1
