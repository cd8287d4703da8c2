"""What the client decides: once, on the paper that was shown, with its cost named before, and with evidence."""

from __future__ import annotations

import io
import re
from datetime import timedelta
from decimal import Decimal
from typing import Any

import pytest
from sqlalchemy import select, update

from core import add_file, insert_derived, now, record_class, registry, system, today
from core.web.format import day_short
from plugins.cases import Case
from plugins.portal.records import Evidence
from tests.plugins.portal import around


@pytest.fixture
def asked(app: Any, mirror: Any) -> int:
    """A fresh question on the second case of the left client."""
    if "workflow.task" not in registry().types:
        pytest.skip("no flows in this deployment")
    with app.app_context():
        with system("room for another flow") as session:
            instance = record_class("workflow.instance")
            session.execute(update(instance).where(instance.record_id == mirror.left.cases[1]).values(state="stopped"))
        return around.ask(mirror, mirror.left.cases[1])


def form_of(visitor: Any, task: int) -> dict[str, str]:
    """The hidden fields of a question's form."""
    text = visitor.get(f"/portal/questions/{task}").text
    return dict(re.findall(r'type="hidden" name="(round|version|sha256)" value="([^"]*)"', text))


def answered(visitor: Any, task: int, decision: str = "confirm", opinion: str = "", **more: str) -> Any:
    form = form_of(visitor, task) | {"decision": decision, "opinion": opinion} | more
    return visitor.post(f"/portal/questions/{task}", form)


def evidence_of(app: Any, task: int) -> list[Any]:
    with app.app_context(), system("look at evidence") as session:
        return list(session.scalars(select(Evidence).where(Evidence.record_id == task)))


def test_a_confirmation_decides_the_task_and_leaves_evidence(app, mirror, visitors, asked):
    visitor = visitors["left", "legal"]
    page = visitor.get(f"/portal/questions/{asked}").text
    answer = answered(visitor, asked)
    assert answer.status_code == 303
    (proof,) = evidence_of(app, asked)
    assert (proof.decision, proof.person, proof.client_id) == ("confirm", "顾远", mirror.left.client)
    assert proof.ip == "127.0.0.1"
    assert proof.at is not None
    assert proof.sha256
    assert proof.sha256 in page, "the checksum is that of the paper on the page"
    with app.app_context(), system("look at the task") as session:
        task = session.get(record_class("workflow.task"), asked)
        assert (task.state, task.decision, task.decided_by_id) == (
            "done",
            "confirm",
            mirror.left.users["legal"].account,
        )


def test_a_second_answer_changes_nothing(app, visitors, asked):
    form = form_of(visitors["left", "owner"], asked) | {"decision": "request_change", "opinion": "no"}
    assert answered(visitors["left", "legal"], asked).status_code == 303
    late = visitors["left", "owner"].post(f"/portal/questions/{asked}", form)
    assert late.status_code == 409
    assert len(evidence_of(app, asked)) == 1


def test_a_change_is_asked_for_with_words(app, visitors, asked):
    visitor = visitors["left", "owner"]
    assert answered(visitor, asked, "request_change").status_code == 422
    assert evidence_of(app, asked) == []
    assert answered(visitor, asked, "request_change", "请改第 30 类").status_code == 303
    (proof,) = evidence_of(app, asked)
    assert (proof.decision, proof.opinion) == ("request_change", "请改第 30 类")


def test_nobody_confirms_a_paper_that_was_exchanged_meanwhile(app, visitors, asked):
    answer = answered(visitors["left", "owner"], asked, sha256="0" * 64)
    assert answer.status_code == 409
    assert evidence_of(app, asked) == []


def test_a_stale_version_is_not_decided(app, visitors, asked):
    assert answered(visitors["left", "owner"], asked, version="999").status_code == 409
    assert evidence_of(app, asked) == []


@pytest.mark.parametrize("role", ["finance", "viewer"])
def test_roles_without_the_right_decide_nothing(visitors, asked, role):
    answer = visitors["left", role].post(f"/portal/questions/{asked}", {"decision": "confirm"})
    assert answer.status_code == 404


def test_money_is_named_on_the_card_and_before_the_click(app, mirror, visitors, asked):
    if "billing.quotation" not in registry().types:
        pytest.skip("no quotations in this deployment")
    quotation = record_class("billing.quotation")
    with app.app_context(), system("an offer"):
        given = {"client_id": mirror.left.client, "case_id": mirror.left.cases[1], "state": "sent", "subject": "x"}
        totals = {"official_total": Decimal(300), "service_total": Decimal(1060), "total": Decimal(1360)}
        insert_derived(quotation, [quotation(**given, **totals)])
    for path in ("/portal", f"/portal/questions/{asked}", f"/portal/cases/{mirror.left.cases[1]}"):
        assert "¥300.00" in visitors["left", "legal"].get(path).text, path
    text = visitors["left", "legal"].get(f"/portal/questions/{asked}").text
    assert text.index("¥1,060.00") < text.index('value="confirm"')
    assert answered(visitors["left", "legal"], asked).status_code == 303
    assert "¥300.00" in evidence_of(app, asked)[0].amount


def test_without_a_quotation_the_price_list_names_the_money(app, mirror, visitors, asked):
    if "billing.price_item" not in registry().types:
        pytest.skip("no price list in this deployment")
    with app.app_context(), system("the case waits for its client") as session:
        if "billing.quotation" in registry().types:
            quotation = record_class("billing.quotation")
            session.execute(update(quotation).values(state="replaced"))
        case = record_class("cases.case")
        session.execute(update(case).where(case.id == mirror.left.cases[1]).values(status="client_confirm"))
    text = visitors["left", "legal"].get(f"/portal/questions/{asked}").text
    assert re.search(r"¥[1-9][\d,]*\.\d\d\D+¥[1-9][\d,]*\.\d\d", text[text.index("co-box") :][:400]), text[-1500:]


def test_the_letter_and_the_portal_name_the_same_money_and_the_same_day(app, mirror, visitors, asked):
    if not {"billing.price_item", "documents.document"} <= set(registry().types):
        pytest.skip("no price list or no letters in this deployment")
    from plugins.cases.documents import confirmation_request

    document = record_class("documents.document")
    with app.app_context(), system("the letter of the case is released") as session:
        case = session.get(record_class("cases.case"), mirror.left.cases[1])
        session.execute(update(record_class("cases.case")).where(Case.id == case.id).values(status="client_confirm"))
        session.refresh(case)
        letter = confirmation_request(case, "zh")
        day = today() + timedelta(days=5)
        source = {"deadline": {"client_date": {"$day": day.isoformat()}}}
        about = {"record_key": "cases.case", "record_id": case.id, "client_ref": mirror.left.client, "source": source}
        shown = {"kind": "letter", "audience": "client", "language": "zh", "state": "ready", "released_at": now()}
        insert_derived(document, [document(title="letter", **about, **shown)])
    for path in ("/portal", f"/portal/questions/{asked}"):
        text = visitors["left", "legal"].get(path).text
        assert f"¥{letter['quote']['official_total']:,.2f}" in text, path
        assert f"¥{letter['quote']['service_total']:,.2f}" in text, path
        assert day_short(day) in text, path


def test_a_letter_that_goes_by_mail_is_not_announced_by_a_second_mail(app, mirror):
    if "documents.document" not in registry().types:
        pytest.skip("no letters in this deployment")
    document, mail = record_class("documents.document"), record_class("core.mail")
    with app.app_context(), system("a letter is mailed and shown at once") as session:
        case = session.get(record_class("cases.case"), mirror.left.cases[2])
        stored = add_file(case, "letter by mail.pdf", io.BytesIO(b"%PDF-1.4 mailed"))
        values = {"kind": "letter", "audience": "client", "language": "zh", "state": "ready", "file_id": stored.id}
        values |= {"record_key": "cases.case", "record_id": case.id, "client_ref": mirror.left.client}
        sent = {"mailed_at": now(), "mailed_to": mirror.left.emails["legal"].upper()}
        insert_derived(document, [document(title="letter", **values, **sent)])
        stored.client_visible = True
        session.flush()
        found = session.execute(select(mail.recipient).where(mail.body.contains("letter by mail.pdf"))).scalars()
        assert set(found) == {mirror.left.emails["owner"]}, "who has not got the letter itself is told of it"


def test_staff_read_the_answer_in_words(app, mirror, visitors, asked, staff_browser):
    assert answered(visitors["left", "legal"], asked, "request_change", "请改").status_code == 303
    assert "要求修改" in staff_browser.get("/r/portal.evidence").text
