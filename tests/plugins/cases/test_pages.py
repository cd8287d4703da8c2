"""Pages of cases and clients: lists, the page of a case, the dialog of a move with its papers, forms of every type."""

from __future__ import annotations

import functools
import io
import re

import pytest
from sqlalchemy import select

from core import create, db, get, hash_password, now, record_class, system, today
from plugins.cases import status
from tests.e2e.desk import PASSWORD, Visitor

CASE = "cases.case"


@pytest.fixture(scope="module")
def docket(app, agency):
    """People who can sign in, and a mark under examination; its id."""
    with app.app_context(), system("people sign in") as session:
        known = hash_password(PASSWORD)
        for login in ("clerk", "head", "administrator", "agent"):
            get(record_class("core.user"), getattr(agency, login)).password_hash = known
        values = {"case_type": "tm_application", "mark_name": "云岫 YUNXIU", "client": agency.client}
        values |= {"status": "substantive_exam", "filing_date": "2026-03-27", "applicants": ["杭州云岫茶业有限公司"]}
        values |= {"goods": [{"class": 30, "items": ["茶"]}], "department": agency.trademarks}
        case = create(record_class(CASE), values)
        user = record_class("core.user")
        case.branch_id = db.session.scalar(select(user.branch_id).where(user.id == agency.clerk))
        session.flush()
        return case.id


@pytest.fixture(scope="module")
def visit(app, docket):
    """`visit("clerk")` is that person's browser, the same throughout."""
    return functools.cache(lambda login: Visitor(app, login))


@pytest.mark.parametrize(
    "address",
    [
        "/r/cases.case?view=all",
        "/r/cases.case?view=all&as=board",
        "/r/cases.case?view=all&as=calendar",
        "/r/cases.event?view=all",
        "/r/clients.client?view=all",
        "/r/clients.client?view=all&as=board",
        "/r/clients.contact",
        "/r/cases.case/{case}",
        "/r/cases.case/{case}?tab=events",
        "/r/cases.case/{case}?tab=relations",
        "/r/cases.case/{case}?tab=data",
        "/r/clients.client/{client}",
        "/r/clients.client/{client}?tab=cases",
        "/cases/{case}/moves",
        "/",
    ],
)
def test_pages_open_for_a_clerk_and_a_head(visit, agency, docket, address):
    for login in ("clerk", "head"):
        page = visit(login).get(address.format(case=docket, client=agency.client))
        assert page.status_code == 200, (login, page.text[:300])


def test_the_page_of_a_case_shows_where_it_is_and_what_comes(visit, docket):
    text = visit("clerk").get(f"/r/cases.case/{docket}").text
    assert "云岫 YUNXIU" in text
    assert "实质审查中" in text
    assert "初步审定公告" in text
    assert "登记官文与事件" in text


@pytest.mark.parametrize("case_type", status.CODES)
def test_the_form_of_each_type_asks_for_its_own_fields(visit, case_type):
    text = visit("administrator").get(f"/r/cases.case/new?case_type={case_type}").text
    other = {"tm_application": "reexam_number"}.get(case_type, "mark_name")
    asked = [n for n in status.model(case_type).type_fields if f'name="{n}"' in text]
    assert asked, case_type
    if other not in status.model(case_type).type_fields:
        assert f'name="{other}"' not in text


def test_the_dialog_of_a_move_names_its_needs_and_takes_the_paper(visit, docket, app):
    clerk = visit("clerk")
    offered = clerk.get(f"/cases/{docket}/moves", HX_Request="true").text
    assert "商标驳回通知书" in offered
    form = clerk.get(f"/cases/{docket}/event?event=TM_REFUSAL_ISSUED", HX_Request="true").text
    assert all(f'name="{name}"' in form for name in ("dispatch_date", "receipt_date", "grounds", "cited_marks"))
    empty = clerk.post(f"/cases/{docket}/event", event="TM_REFUSAL_ISSUED")
    assert empty.status_code == 422
    assert "这一步需要：发文日" in empty.text
    entered = {"event": "TM_REFUSAL_ISSUED", "dispatch_date": "2026-11-13", "receipt_date": "2026-11-16"}
    entered |= {"grounds": "第三十条", "cited_marks": "61204883", "delivery": "electronic"}
    paper = (io.BytesIO(b"%PDF-1.7"), "驳回通知书.pdf")
    done = clerk.post(f"/cases/{docket}/event", **entered, **{"paper:event": paper})
    assert done.status_code == 303, done.text[:500]
    with app.app_context(), system("look") as session:
        event = record_class("cases.event")
        kept = session.scalars(select(event).where(event.case_id == docket)).one()
        assert kept.document.filename == "驳回通知书.pdf"
        assert get(record_class(CASE), docket).status == "refused"


def test_a_stranger_to_the_event_is_told_so(visit, docket):
    assert visit("clerk").get(f"/cases/{docket}/event?event=NOTHING").status_code == 404


def test_a_case_is_taken_in_on_one_page(visit, agency, app):
    visitor = visit("agent")
    form = visitor.get("/r/cases.case/new?case_type=tm_application").text
    for name, value in (("agent", agency.agent), ("department", agency.trademarks), ("opened_on", today().isoformat())):
        assert re.search(rf'name="{name}"[^>]*value="{value}"', form), name
    folded = form[form.index("以后才有的号码与日期") :]
    folded = folded[: folded.index("</details>")]
    assert all(f'name="{name}"' in folded for name in ("publication_date", "registration_date", "valid_to"))
    entered = {"case_type": "tm_application", "jurisdiction": "CN", "mark_name": "一页立案", "agent": agency.agent}
    entered |= {"classes": "30", "opened_on": today().isoformat()}
    entered |= {"lines-0-0-name": "杭州云岫茶业有限公司", "lines-0-0-address": "西湖区龙井路1号"}
    entered |= {"lines-1-0-nice_class": "30", "lines-1-0-items": "茶; 茶饮料"}
    entered |= {"lines-1-1-nice_class": "43", "lines-1-1-items": "茶馆"}
    stored = visitor.post("/r/cases.case", **entered)
    assert stored.status_code == 303, re.findall(r"(?:z-err|invalid|is-danger)[^<]*<?[^<]*", stored.text)
    with app.app_context(), system("look") as session:
        model = record_class(CASE)
        case = session.scalars(select(model).where(model.mark_name == "一页立案")).one()
        assert case.goods == [{"class": 30, "items": ["茶", "茶饮料"]}, {"class": 43, "items": ["茶馆"]}]
        assert case.classes == ["30", "43"]
        assert case.applicants == [{"name": "杭州云岫茶业有限公司", "address": "西湖区龙井路1号"}]
        ident, version = case.id, case.version
        case.verified_by_id, case.verified_at = agency.verifier, now()
    page = visitor.get(f"/r/cases.case/{ident}/edit").text
    assert 'value="茶; 茶饮料"' in page
    kept = dict(re.findall(r'name="(lines-[01]-\d+-(?:id|nice_class|name|address|items))"[^>]*value="([^"]*)"', page))
    goods = {n.removesuffix("items"): value for n, value in kept.items() if n.endswith("items")}
    kept |= {f"{begin}nice_class": "30" if "茶饮料" in value else "43" for begin, value in goods.items()}
    assert len(kept) == 9, kept
    version = re.search(r'name="version" value="(\d+)"', page)[1]
    assert visitor.post(f"/r/cases.case/{ident}", remarks="x", version=version, **kept).status_code == 303
    with app.app_context(), system("look") as session:
        case = session.get(record_class(CASE), ident)
        assert (case.remarks, case.verified_by_id) == ("x", agency.verifier), (
            "rows that stay as they are ask nobody again"
        )


def test_the_list_of_events_tells_who_recorded_them(visit, agency, docket, context):
    from core import acting_as, load_principal, transaction

    with acting_as(load_principal(agency.clerk)), transaction():
        create(record_class("cases.event"), {"case": docket, "code": "CLIENT_CONFIRMED", "date": today()})
    head = visit("head")
    for query, there in (("", True), ("&created_by=" + str(agency.clerk), True), (f"&created_by={agency.head}", False)):
        page = head.get(f"/r/cases.event?view=all{query}").text
        assert (">clerk<" in page or "clerk</" in page) == there, query
    assert head.get("/r/cases.event?view=all&sort=-created_by").status_code == 200


def test_goods_are_asked_for_where_there_are_any(visit):
    clerk = visit("clerk")
    for kind, there in (("tm_application", True), ("invention", False)):
        page = clerk.get(f"/r/cases.case/new?case_type={kind}").text
        assert ("lines-1-__n__-nice_class" in page) == there, kind
        again = clerk.post("/r/cases.case/-/form", case_type=kind, **{"lines-0-new1-name": "某公司"}).text
        assert ("lines-1-__n__-nice_class" in again) == there, kind
        assert "某公司" in again, "what was typed stays"
