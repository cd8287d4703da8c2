"""Who sees what of the finance bridge; every page draws; no secret is told anywhere."""

from __future__ import annotations

import json
from io import BytesIO

import pytest
from openpyxl import load_workbook
from sqlalchemy import select

from core import Forbidden, NotFound, create, dump, get, record_class, registry, run_action, system, update
from core.permissions.passwords import hash_password
from tests.e2e.desk import PASSWORD, Visitor
from tests.standins import kingdee

RECORDS = ("connection", "book", "mapping", "document", "exchange", "sheet", "reconciliation")


def model(name):
    return record_class(f"finance_bridge.{name}")


def seen(name, acting, who):
    with acting(who) as session:
        return len(list(session.scalars(select(model(name)))))


def test_the_journal_is_read_as_the_table_of_roles_says(desk, acting):
    desk.book()
    desk.sent_bill()
    assert seen("exchange", acting, "head") >= 2
    assert len({seen("exchange", acting, who) for who in ("sysadmin", "auditor", "head")}) == 1
    assert seen("exchange", acting, "agent") == seen("document", acting, "agent") == 0
    assert seen("document", acting, "clerk") > 0


def test_a_clerk_sees_the_branch_alone(desk, acting):
    desk.book()
    here, there = desk.sent_bill(), desk.sent_bill(branch=desk.agency.other)
    with acting("clerk"):
        assert get(model("document"), desk.document(here).id)
        with pytest.raises(NotFound):
            get(model("document"), desk.document(there).id)


def test_only_heads_of_finance_replay(desk, acting):
    desk.book()
    desk.standin.closed_periods.add("2026-11")
    bill = desk.bill()
    desk.deliver()
    with system("held") as session:
        session.get(model("document"), desk.document(bill).id).state = "held"
    with pytest.raises(Forbidden), acting("clerk"):
        desk.act(bill, "replay")
    with acting("head"):
        desk.act(bill, "replay")


def test_the_secret_is_told_nowhere(desk, acting, caplog):
    book = desk.book(connection={"sign_in": "session"})
    desk.standin.require_session = True
    desk.sent_bill()
    with acting("sysadmin") as session:
        mine = session.scalars(select(model("book")).where(model("book").id == book)).one()
        update(mine.connection, {"app_secret": kingdee.APP_SECRET, "address": mine.connection.address})
    with acting("sysadmin") as session:
        mine = session.scalars(select(model("book")).where(model("book").id == book)).one()
        told = [json.dumps(dump(mine.connection), default=str)]
        for name in RECORDS:
            told += [json.dumps(dump(row), default=str) for row in session.scalars(select(model(name)))]
    with system("look at the audit") as session:
        from core.records.audit import AuditEntry

        told += [str(row.changes) for row in session.scalars(select(AuditEntry))]
    everything = "\n".join(told) + caplog.text
    assert kingdee.APP_SECRET not in everything
    assert not [s for s in desk.standin.sessions if s in everything]


def test_plain_http_leaves_only_for_this_machine(desk):
    values = {"name": "开放", "kind": "kingdee", "prefix": "ZX9", "address": "http://erp.example.com/k3cloud"}
    from core import Refused

    with pytest.raises(Refused), system("a connection in the open"):
        create(model("connection"), values)
    assert "verify" not in {f.name for f in registry().types["finance_bridge.connection"].fields.values()}


def test_what_documents_carry_is_not_changed(desk, acting):
    from core import Refused

    book = desk.book()
    desk.sent_bill()
    with pytest.raises(Refused), acting("head") as session:
        update(session.scalars(select(model("book")).where(model("book").id == book)).one(), {"mode": "voucher"})


def test_the_mode_of_a_book_has_no_default(desk):
    from core import Invalid

    with pytest.raises(Invalid) as told, system("a book without a mode"):
        create(model("book"), {"name": "没有方式", "connection": 1, "start_on": "2026-11-01"})
    assert "mode" in {error.field for error in told.value.errors}


def test_a_book_is_active_only_when_nothing_is_missing(desk, acting):
    from core import Refused

    book = desk.book()
    with system("unfinished") as session:
        mine = session.get(model("book"), book)
        mine.state, mine.settle_org = "draft", None
        session.delete(session.scalars(select(model("mapping")).where(model("mapping").book_id == book)).first())
    with pytest.raises(Refused) as told, acting("head"):
        run_action(get(model("book"), book), "finance_bridge.book", "activate")
    assert "“" in str(told.value) or "「" in str(told.value)


@pytest.fixture(scope="module")
def passwords(app, agency):
    with app.app_context(), system("passwords") as session:
        session.get(record_class("core.user"), agency.head).password_hash = hash_password(PASSWORD)


@pytest.fixture
def head(app, passwords):
    return Visitor(app, "head")


def test_every_page_draws(desk, head, acting):
    from plugins.finance_bridge.reconciling import compare

    book = desk.book()
    good, bad = desk.sent_bill(), desk.bill()
    desk.standin.base["BD_Customer"].clear()
    desk.deliver()
    desk.push()
    compare(book)
    with system("ids") as session:
        report = session.scalars(select(model("reconciliation").id).order_by(model("reconciliation").id.desc())).first()
        exchange = session.scalars(select(model("exchange").id)).first()
        connection = session.get(model("book"), book).connection_id
    pages = ["/finance", f"/finance/books/{book}/mapping", f"/finance/books/{book}/receipts"]
    pages += [f"/r/finance_bridge.{name}" for name in RECORDS]
    pages += [f"/r/finance_bridge.document/{desk.document(b).id}" for b in (good, bad)]
    pages += [f"/r/billing.bill/{good}", f"/r/finance_bridge.reconciliation/{report}", f"/r/finance_bridge.book/{book}"]
    pages += [f"/r/finance_bridge.exchange/{exchange}", f"/r/finance_bridge.connection/{connection}"]
    pages += [f"/r/finance_bridge.document/{desk.document(bad).id}/edit", f"/r/finance_bridge.book/{book}/edit"]
    for page in pages:
        answer = head.get(page)
        assert answer.status_code == 200, (page, answer.text[:500])
        assert kingdee.APP_SECRET not in answer.text
    assert desk.document(good).remote_number in head.get(f"/r/billing.bill/{good}").text
    sheet = load_workbook(BytesIO(head.get(f"/finance/reconciliations/{report}.xlsx").data)).active
    assert desk.document(bad).external_key in [row[1].value for row in sheet.iter_rows(min_row=2)]


def test_codes_are_filled_in_and_asked_for_in_the_browser(desk, head):
    book = desk.book()
    with system("empty") as session:
        for row in session.scalars(select(model("mapping")).where(model("mapping").book_id == book)):
            session.delete(row)
    desk.bill()
    page = f"/finance/books/{book}/mapping"
    given = {"item:service": "FY01", "item:official": "FY99", f"customer:{desk.agency.client}": "CUST0001"}
    assert head.post(page, **given).status_code == 303
    answer = head.post(f"/finance/books/{book}/test")
    assert "BD_Expense FY99" in answer.text
    assert head.post(page, **given | {"item:official": ""}).status_code == 303
    with system("look") as session:
        rows = session.scalars(select(model("mapping")).where(model("mapping").book_id == book))
        held = {(row.kind, row.source): (row.target, row.target_name) for row in rows}
    assert held == {
        ("item", "service"): ("FY01", "服务费"),
        ("customer", str(desk.agency.client)): ("CUST0001", "示例客户一"),
    }


def test_a_connection_is_tried_out(desk, acting):
    book = desk.book()
    with acting("sysadmin") as session:
        connection = session.scalars(select(model("book")).where(model("book").id == book)).one().connection
        told = run_action(connection, "finance_bridge.connection", "test")["message"]
        assert told in ("财务系统已答复，登录成功。", "The ledger answers and knows us.")
    with system("a wrong key") as session:
        session.get(model("connection"), connection.id).app_secret = "another-secret-than-theirs"
    with acting("sysadmin") as session:
        connection = session.scalars(select(model("connection")).where(model("connection").id == connection.id)).one()
        assert "会话信息已丢失" in run_action(connection, "finance_bridge.connection", "test")["message"]
    with system("look") as session:
        assert session.get(model("connection"), connection.id).reach == "misconfigured"


def test_a_clerk_knows_the_book_that_serves_all_branches_and_may_ask_it_for_payments(desk, acting):
    house = desk.book()
    with system("one book for the whole house") as session:
        session.get(model("book"), house).branch_id = None
    with acting("clerk") as session:
        book = session.scalars(select(model("book")).where(model("book").id == house)).one()
        assert run_action(book, "finance_bridge.book", "poll")["message"]
        with pytest.raises(Forbidden):
            run_action(book, "finance_bridge.book", "make_sheet")
        assert not list(session.scalars(select(model("mapping")).where(model("mapping").book_id == house)))
    with acting("agent") as session:
        assert not list(session.scalars(select(model("book"))))
