"""Pages of billing answer, show what matters, and keep figures that add up; dialogs and REST do the same work."""

from __future__ import annotations

import re
from datetime import timedelta
from decimal import Decimal as D
from typing import Any

import pytest

from core import create, hash_password, record_class, system, today, use_locale
from plugins.billing import documents
from plugins.billing.records import Bill, Quotation
from plugins.clients import Client

PASSWORD = "a-long-password-of-tests"


@pytest.fixture
def site(app: Any, agency: Any) -> Any:
    """`site("finance")` is a browser in which that person is signed in."""

    def sign_in(login: str) -> Any:
        with app.app_context(), system("a password") as session:
            user = session.get(record_class("core.user"), getattr(agency, login))
            user.password_hash = hash_password(PASSWORD)
        client = app.test_client()
        token = csrf(client.get("/login"))
        answer = client.post("/login", data={"login": login, "password": PASSWORD, "csrf_token": token})
        assert answer.status_code == 303
        return client

    return sign_in


def csrf(answer: Any) -> str:
    return re.search(r'name="csrf_token"[^>]*value="([^"]+)"', answer.get_data(as_text=True)).group(1)


@pytest.fixture
def books(desk: Any) -> dict[str, int]:
    """An overdue bill, a part paid one, free money, a quotation."""
    late = desk.bill(("270.00", "800.00"), due=(today() - timedelta(days=45)).isoformat())
    part = desk.bill(("270.00", "800.00"))
    money = desk.payment("500.00", reference="货款")
    desk.allocate(money, {part: "300.00"})
    return {"late": late, "part": part, "money": money}


def test_pages_answer(site, desk, books):
    browser = site("finance")
    for path in (
        "/",
        "/r/billing.bill",
        "/r/billing.bill?view=overdue",
        f"/r/billing.bill/{books['late']}",
        f"/r/billing.bill/{books['part']}?tab=payments",
        "/r/billing.bill/new",
        "/r/billing.payment",
        "/r/billing.payment/new",
        f"/r/billing.payment/{books['money']}",
        f"/r/billing.payment/{books['money']}/-/do/allocate",
        "/r/billing.price_item",
        "/r/billing.official_fee",
        "/r/billing.allocation",
        "/r/billing.refund",
        "/billing/ageing",
        "/billing/ageing?by=branch",
        f"/billing/clients/{desk.agency.client}/statement",
        f"/r/clients.client/{desk.agency.client}?tab=bills",
    ):
        answer = browser.get(path)
        assert answer.status_code == 200, path


def test_a_bill_shows_its_money_in_two_columns_and_a_bar(site, books):
    page = site("finance").get(f"/r/billing.bill/{books['part']}").get_data(as_text=True)
    assert "bl-bar" in page
    assert "¥770.00" in page
    assert page.count("¥270.00") >= 2


def test_the_ageing_page_leads_to_the_bills_behind_a_figure(site, desk, books):
    browser = site("finance")
    page = browser.get("/billing/ageing").get_data(as_text=True)
    href = re.search(r'href="(/r/billing\.bill\?[^"]*client=\d+[^"]*due_on__gte=today-60[^"]*)"', page).group(1)
    listed = browser.get(href.replace("&amp;", "&")).get_data(as_text=True)
    assert desk.seen("billing.bill", books["late"]).number in listed
    assert desk.seen("billing.bill", books["part"]).number not in listed


def test_finance_of_another_branch_gets_the_same_404_for_what_is_hidden_and_what_is_not_there(site, books):
    browser = site("far_finance")
    hidden, absent = (browser.get(f"/r/billing.bill/{n}") for n in (books["late"], 987654))
    assert hidden.status_code == absent.status_code == 404


def test_money_is_allocated_in_the_dialog_as_suggested(site, desk):
    bill, money = desk.bill(("0.00", "77.70")), desk.payment("77.70")
    browser = site("finance")
    path = f"/r/billing.payment/{money}/-/do/allocate"
    page = browser.get(path)
    text = page.get_data(as_text=True)
    given = {"csrf_token": csrf(page), "key": re.search(r'name="key" value="([^"]+)"', text).group(1)}
    field = re.search(rf'name="bill_{bill}"[^>]*value="77.70"', text)
    assert field is not None
    for _press in range(2):
        browser.post(path, data=given | {f"bill_{bill}": "77.70"})
    assert desk.state_of(bill) == "paid"


def test_programs_issue_pay_and_read(app, site, desk):
    draft = desk.draft(("270.00", "800.00"))
    browser = site("finance")
    token = re.search(r'name="csrf-token" content="([^"]+)"', browser.get("/").get_data(as_text=True)).group(1)
    headers = {"X-CSRF-Token": token}
    issued = browser.post(f"/api/v1/billing.bill/{draft}/actions/issue", json={}, headers=headers)
    assert issued.status_code == 200, issued.get_json()
    money = {"client": desk.agency.client, "amount": "1070.00", "received_on": today().isoformat()}
    paid = browser.post("/api/v1/billing.payment", json=money, headers=headers)
    assert paid.status_code == 201
    given = {"amounts": [{"bill": draft, "amount": "1070.00"}], "key": "rest"}
    ident = paid.get_json()["id"]
    assert (
        browser.post(f"/api/v1/billing.payment/{ident}/actions/allocate", json=given, headers=headers).status_code
        == 200
    )
    bill = browser.get(f"/api/v1/billing.bill/{draft}").get_json()
    assert (bill["state"], bill["balance"]) == ("paid", "0.00")


def test_a_person_of_the_client_sees_what_was_issued_and_only_that(desk, books):
    from core import acting_as
    from core.permissions.principal import Principal

    draft = desk.draft(("1.00", "1.00"))
    with system("a person of the client"):
        user = create(record_class("core.user"), {"login": f"portal{draft}", "name": "客户"})
    claims = {"clients.client": frozenset({desk.agency.client})}
    other = {"clients.client": frozenset({desk.agency.other})}
    from core import Filter, Query, list_records

    def seen(claims: dict, key: str = "billing.bill") -> set[int]:
        person = Principal(user.id, roles=frozenset({"portal_finance"}), realm="portal", claims=claims)
        with acting_as(person):
            found = list_records(record_class(key), Query(filters=(Filter("id", "gt", 0),), limit=500))
            return {row["id"] for row in found.rows}

    assert {books["late"], books["part"]} <= seen(claims)
    assert draft not in seen(claims)
    assert not seen(other) & seen(claims)
    assert books["money"] in seen(claims, "billing.payment")
    assert seen({}) == set()


def test_letters_say_the_same_total_in_figures_capitals_and_lines(desk):
    from tests.plugins.billing.test_quotations import quote

    ident = quote(desk, ("TM_APP", {"quantity": "2"}))
    desk.run("manager", "billing.quotation", ident, "send")
    bill = desk.bill(("270.00", "800.00"))
    with desk.acting("finance") as session, use_locale("zh"):
        told = documents.quotation(session.get(Quotation, ident), "zh")["quote"]
        assert told["total"] == sum(row["amount"] for row in told["items"]) == D(2140)
        assert told["official_total"] + told["service_total"] == told["total"]
        assert told["total_capital"] == "人民币贰仟壹佰肆拾元整"
        billed = documents.bill(session.get(Bill, bill), "en")["bill"]
        assert (billed["balance"], billed["total_capital"]) == (1070, "人民币壹仟零柒拾元整")
        account = documents.statement(session.get(Client, desk.agency.client), "zh")["account"]
        assert account["opening"] + account["charged"] - account["received"] == account["closing"]
        assert sum((a["amount"] for a in account["ages"]), D(0)) == sum(b["balance"] for b in account["bills"])


def test_the_closing_balance_of_the_account_is_what_is_open_less_what_was_paid_in_advance(desk):
    from plugins.billing import receivables
    from plugins.billing.coins import advances_of

    with desk.acting("finance_head"):
        told = receivables.account(desk.agency.client, today().replace(month=1, day=1), today())
        owed = sum((b.balance for b in receivables.open_bills(desk.agency.client)), D(0))
        assert told["closing"] == owed - advances_of(desk.agency.client).get("CNY", D(0))


def test_dollars_are_never_added_to_yuan(site, desk, books):
    from plugins.billing import coins, receivables

    client = desk.agency.other
    for currency, fee in (("CNY", "800.00"), ("USD", "300.00")):
        ident = desk.draft(("0.00", fee), client=client, currency=currency)
        desk.run("manager", "billing.bill", ident, "issue", {"due_on": (today() - timedelta(days=3)).isoformat()})
    desk.payment("50.00", client=client, currency="USD")
    with desk.acting("finance_head") as session:
        year = today().replace(month=1, day=1)
        closing = {c: receivables.account(client, year, today(), c)["closing"] for c in coins.currencies_of(client)}
        assert closing == {"CNY": D(800), "USD": D(250)}
        letter = documents.statement(session.get(Client, client), "zh")["account"]
        assert (letter["currency"], letter["closing"]) == ("CNY", D(800))
        assert letter["elsewhere"] == [{"currency": "USD", "open": D(300)}]
    browser = site("finance")
    page = browser.get(f"/billing/clients/{client}/statement?currency=USD").get_data(as_text=True)
    assert "USD 250.00" in page
    assert "1,050.00" not in page
    listed = browser.get(f"/r/billing.bill?view=-&client={client}&cols=number,total,balance").get_data(as_text=True)
    assert listed.count("USD 300.00") >= 2
    assert "¥300.00" not in listed
    assert "USD 300.00" in browser.get("/").get_data(as_text=True)
