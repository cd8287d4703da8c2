"""Quotation, bill and statement as they come out of the press: totals, capitals, account, both languages."""

from __future__ import annotations

import io

import pypdf
import pytest

from core import get, record_class, run_action, system
from core.registry import registry
from tests.plugins.billing.test_quotations import quote


@pytest.fixture(scope="module")
def press(app, tmp_path_factory):
    """One printing child; without the plugin that prints there is nothing to look at."""
    if "documents.document" not in registry().types:
        pytest.skip("the documents plugin is not enabled")
    from plugins.documents.printing import Press

    with Press(tmp_path_factory.mktemp("fonts")) as found:
        yield found


@pytest.fixture
def printed(desk, press):
    """Text of a letter made by the client manager, without blanks."""
    from core import file_path
    from plugins.documents.jobs import print_document

    def made(key: str, ident: int, kind: str, language: str) -> str:
        with desk.acting("manager"):
            record = get(record_class(key), ident)
            given = {"kind": kind, "language": language}
            document = run_action(record, key, "make_document", given)["document"]
        print_document(document, press)
        with system("look at a letter") as session:
            found = session.get(record_class("documents.document"), document)
            assert found.state == "ready", found.error
            pdf = file_path(session.get(record_class("core.attachment"), found.file_id)).read_bytes()
        return "".join("".join(p.extract_text() for p in pypdf.PdfReader(io.BytesIO(pdf)).pages).split())

    return made


@pytest.mark.parametrize(
    ("language", "words"),
    [("zh", ("人民币贰仟壹佰肆拾元整", "商标注册申请", "有效期至")), ("en", ("Trademarkapplication", "Officialfees"))],
)
def test_a_quotation(desk, printed, language, words):
    ident = quote(desk, ("TM_APP", {"quantity": "2"}))
    desk.run("manager", "billing.quotation", ident, "send")
    text = printed("billing.quotation", ident, "quotation", language)
    for word in (*words, "¥2,140.00", "¥540.00", "¥1,600.00", desk.seen("billing.quotation", ident).number.split()[0]):
        assert word in text
    assert "520" not in text


@pytest.mark.parametrize("language", ["zh", "en"])
def test_a_bill(desk, printed, language):
    bill = desk.bill(("270.00", "800.00"))
    desk.allocate(desk.payment("300.00"), {bill: "300.00"})
    text = printed("billing.bill", bill, "bill", language)
    for word in (desk.seen("billing.bill", bill).number, "¥1,070.00", "¥45.28", "¥300.00", "¥770.00"):
        assert word in text


@pytest.mark.parametrize("language", ["zh", "en"])
def test_a_statement(desk, printed, language):
    bill = desk.bill(("0.00", "321.00"))
    text = printed("clients.client", desk.agency.client, "statement_of_account", language)
    assert desk.seen("billing.bill", bill).number in text
    assert "321.00" in text
    assert "{{" not in text


def test_a_draft_has_no_letter(desk):
    from core import Refused

    if "documents.document" not in registry().types:
        pytest.skip("the documents plugin is not enabled")
    draft = desk.draft(("1.00", "1.00"))
    with pytest.raises(Refused), desk.acting("manager"):
        run_action(get(record_class("billing.bill"), draft), "billing.bill", "make_document", {"kind": "bill"})
