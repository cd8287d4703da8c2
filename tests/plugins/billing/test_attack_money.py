"""Money under many hands at once and from unkind keyboards, over the REST interface; the turn of a month."""

from __future__ import annotations

import random
import threading
from datetime import date
from decimal import Decimal

import pytest

from core import today
from core.api.keys import issue_key
from core.db import db
from tests.plugins.billing.test_conservation import at_once, books
from tests.support.lab import Client

ODD = ["1e3", "NaN", "Infinity", "-Infinity", "sNaN", "-5", "1,000.00x", "0x10", "9" * 30, "1__0", "1,5", "1,00,00",
       "", "--", "1e-9", "1e999999", "\u0000", True, [], {}, "100 EUR"]  # fmt: skip
"""No amounts of a payment."""

AMOUNTS = ["0.01", "33.34", "66.66", "150.00", "199.99"]


@pytest.fixture
def api(context, agency):
    """`api("finance")` is an API client of that person."""

    def as_person(login):
        key = issue_key(getattr(agency, login), ["*"], "test")
        db.session.commit()
        return Client(context, key, {})

    return as_person


@pytest.mark.parametrize("odd", ODD, ids=range(len(ODD)))
def test_what_is_no_amount_is_refused_in_words_and_never_guessed(api, agency, odd):
    for key, body in (
        ("billing.payment", {"client": agency.client, "received_on": today().isoformat(), "amount": odd}),
        ("billing.price_item", {"code": f"odd-{len(str(odd))}", "name": "x", "service_fee": odd}),
    ):
        answer = api("finance_head").post(key, body)
        assert answer.status_code in (400, 403, 422), (key, odd, answer.json)


@pytest.mark.parametrize("odd", ["100.005", "１００", 100.005, 0.1, "1,000.10", "+7", " 12 ", "１.５", "٣"])
def test_unusual_figures_are_either_exact_or_refused(api, agency, odd):
    body = {"client": agency.client, "received_on": today().isoformat(), "amount": odd}
    answer = api("finance").post("billing.payment", body)
    if answer.status_code == 201:
        amount = Decimal(answer.json["amount"])
        assert amount == Decimal(str(amount)).quantize(Decimal("0.01"))
        assert abs(amount - Decimal(str(odd).strip().replace(",", ""))) < Decimal("0.000001"), answer.json["amount"]
    else:
        assert answer.status_code == 422, answer.json


WAYS = ["allocate"] * 6 + ["unallocate", "request_refund", "approve", "write_off", "sign", "credit", "void", "reverse"]


def test_twenty_programs_at_once_make_no_money(app, api, desk, agency):
    people = {login: api(login) for login in ("finance", "finance2", "finance_head", "partner")}
    bills = [desk.bill(("33.33", "66.67"), ("0.01", "99.99")) for _n in range(4)]
    payments = [desk.payment("150.00") for _n in range(4)]
    refunds, offs, told = [0], [0], []

    def pressed(chance, number, turn):
        payment, bill, amount = chance.choice(payments), chance.choice(bills), chance.choice(AMOUNTS)
        wanted = {"amounts": [{"bill": bill, "amount": amount}], "key": f"{number}-{turn}"}
        why = {"reason": "x"}
        return {
            "allocate": ("finance", f"billing.payment/{payment}/actions/allocate", wanted),
            "unallocate": ("finance_head", f"billing.payment/{payment}/actions/unallocate", why),
            "reverse": ("finance_head", f"billing.payment/{payment}/actions/reverse", why),
            "request_refund": (
                "finance2",
                f"billing.payment/{payment}/actions/request_refund",
                why | {"amount": amount},
            ),
            "approve": ("partner", f"billing.refund/{chance.choice(refunds)}/actions/approve", {}),
            "write_off": ("finance_head", f"billing.bill/{bill}/actions/write_off", why),
            "sign": ("partner", f"billing.write_off/{chance.choice(offs)}/actions/sign", {}),
            "credit": ("finance", f"billing.bill/{bill}/actions/credit", why),
            "void": ("finance_head", f"billing.bill/{bill}/actions/void", why),
        }[chance.choice(WAYS)]

    def program(number):
        chance = random.Random(number)
        for turn in range(4):
            login, path, body = pressed(chance, number, turn)
            answer = people[login].post(path, body)
            told.append((path.rsplit("/", 1)[1], answer.status_code))
            made = (answer.json or {}).get("result") if answer.status_code == 200 else None
            if isinstance(made, dict) and "id" in made:
                {"request_refund": refunds, "write_off": offs}.get(told[-1][0], []).append(made["id"])

    threads = [threading.Thread(target=program, args=(n,)) for n in range(20)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(120)
    assert {status for _way, status in told} <= {200, 201, 400, 403, 404, 409, 412, 422, 503}, sorted(set(told))
    assert sum(status == 200 for _way, status in told) > 4, sorted(told)
    books(agency.client)


def test_the_turn_of_a_month_leaves_no_gap_in_either(app, desk, monkeypatch):
    from plugins.billing import bills

    days = [date(2031, 1, 31), date(2031, 2, 1)]
    chance = threading.Lock()
    turns = iter(days * 100)

    def some_day():
        with chance:
            return next(turns)

    monkeypatch.setattr(bills, "today", some_day)
    drafts = [desk.draft(("1.00", "0.00")) for _n in range(8)]
    answers = at_once(app, [lambda d=d: desk.run("manager", "billing.bill", d, "issue")["number"] for d in drafts])
    assert all(isinstance(answer, str) for answer in answers), answers
    by_month: dict[str, list[int]] = {}
    for number in answers:
        by_month.setdefault(number[:-5], []).append(int(number[-4:]))
    for month, numbers in by_month.items():
        assert sorted(numbers) == list(range(min(numbers), min(numbers) + len(numbers))), (month, numbers)


def test_thirds_discounts_and_tax_inside_add_up_to_the_fen(desk):
    ident = desk.bill(("0.00", "33.33"), ("0.00", "33.33"), ("0.00", "33.34"))
    bill = desk.seen("billing.bill", ident)
    assert (bill.total, bill.service_total) == (Decimal("100.00"), Decimal("100.00"))
    assert bill.tax_total == Decimal("1.89") + Decimal("1.89") + Decimal("1.89")
    payment = desk.payment("100.00")
    for share in ("33.33", "33.33", "33.34"):
        desk.allocate(payment, {ident: share}, f"third-{share}-{desk.balance(ident)}")
    assert (desk.balance(ident), desk.state_of(ident)) == (Decimal("0.00"), "paid")


def test_money_of_another_currency_or_client_never_pays(desk, agency):
    from core import Refused

    bill = desk.bill(("0.00", "10.00"))
    for payment in (desk.payment("10.00", currency="USD"), desk.payment("10.00", client=agency.other)):
        with pytest.raises(Refused):
            desk.allocate(payment, {bill: "10.00"}, "other")
    books(agency.client)


@pytest.mark.parametrize("amounts", [[], {}, "x", [5], [{"bill": "x", "amount": "1"}], [{"bill": 1}], [{"amount": "1"}],
                                     [{"bill": 1, "amount": "NaN"}], [{"bill": 1, "amount": "1e30"}], {"1": "Infinity"},
                                     [{"bill": 10**30, "amount": "1"}], [{"bill": True, "amount": True}], None,
                                     [{"bill": 1, "amount": "0.001"}]], ids=range(14))  # fmt: skip
def test_misshapen_allocations_are_refused_in_words(api, desk, amounts):
    payment = desk.payment("10.00")
    answer = api("finance").post(f"billing.payment/{payment}/actions/allocate", {"amounts": amounts, "key": "odd"})
    assert answer.status_code in (400, 404, 409, 422), answer.json
    assert desk.seen("billing.payment", payment).allocated == 0
