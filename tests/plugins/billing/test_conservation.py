"""No sequence of commands makes money from nothing, and two clerks at once do no more than one after the other."""

from __future__ import annotations

import random
import threading
from decimal import Decimal as D
from typing import Any

import pytest
from sqlalchemy import select

from core import Conflict, Forbidden, Invalid, Refused, Stale, system
from plugins.billing import Allocation, Bill, BillLine, Payment
from plugins.billing.payment import Refund, WriteOff

BILL, PAYMENT, REFUND, WRITE_OFF = "billing.bill", "billing.payment", "billing.refund", "billing.write_off"
REFUSALS = (Refused, Invalid, Conflict, Forbidden, Stale)


def books(client: int) -> None:
    """Every sum that is stored agrees with the rows it is made of; nothing is negative; money is conserved."""
    with system("audit the books") as session:
        bills = session.scalars(select(Bill).where(Bill.client_id == client)).all()
        payments = session.scalars(select(Payment).where(Payment.client_id == client)).all()
        rows = session.scalars(select(Allocation).where(Allocation.undone_at.is_(None))).all()
        refunds = session.scalars(select(Refund).where(Refund.state == "approved")).all()
        given_up = session.scalars(select(WriteOff).where(WriteOff.state == "approved")).all()
        lines = session.scalars(select(BillLine)).all()
    for payment in payments:
        allocated = sum((r.amount for r in rows if r.payment_id == payment.id), D(0))
        back = sum((r.amount for r in refunds if r.payment_id == payment.id), D(0))
        assert (payment.allocated, payment.refunded) == (allocated, back)
        assert payment.unallocated >= 0
        counted = payment.amount if payment.state == "confirmed" else D(0)
        assert counted == allocated + back + payment.unallocated
    for bill in bills:
        if bill.state in ("draft", "void") or bill.kind == "credit_note":
            continue
        paid = sum((r.amount for r in rows if r.bill_id == bill.id), D(0))
        notes = [n for n in bills if n.corrects_id == bill.id and n.state == "paid"]
        credited = -sum((n.total for n in notes), D(0))
        off = sum((w.amount for w in given_up if w.bill_id == bill.id), D(0))
        assert (bill.paid, bill.credited, bill.written_off) == (paid, credited, off)
        assert bill.balance == bill.total - paid - credited - off >= 0
        for line in (row for row in lines if row.bill_id == bill.id):
            _parts(line, rows, [c for c in lines if c.corrects_id == line.id and c.bill_id in {n.id for n in notes}])


def _parts(line: Any, rows: Any, credits: list[Any]) -> None:
    for part in ("official", "service", "disbursement"):
        held = sum((r.amount for r in rows if (r.line_id, r.part) == (line.id, part)), D(0))
        name = f"{part}_amount"
        assert held <= getattr(line, name) + sum((getattr(c, name) for c in credits), D(0))


class Chance:
    """Presses buttons at random; what is refused changes nothing."""

    def __init__(self, desk: Any, seed: int) -> None:
        self.desk, self.random = desk, random.Random(seed)
        self.bills: list[int] = []
        self.payments: list[int] = []
        self.asked: list[tuple[str, int]] = []
        self.done = 0

    def amount(self) -> str:
        return f"{self.random.choice((1, 270, 333.33, 800, 1070, 2500)):.2f}"

    def step(self) -> None:
        moves = [self.bill, self.payment, *[self.allocate] * 4, self.unallocate, self.credit, self.reverse, self.void]
        moves += [self.refund, self.write_off, self.decide, self.decide]
        try:
            self.random.choice(moves)()
            self.done += 1
        except (*REFUSALS, IndexError):
            pass

    def bill(self) -> None:
        lines = [(self.amount(), self.amount()) for _n in range(self.random.randint(1, 3))]
        self.bills.append(self.desk.bill(*lines))

    def payment(self) -> None:
        self.payments.append(self.desk.payment(self.amount()))

    def allocate(self) -> None:
        chosen = {b: self.amount() for b in self.random.sample(self.bills, min(2, len(self.bills)))}
        payment = self.random.choice(self.payments)
        owed = {b: str(min(D(a), self.desk.balance(b))) for b, a in chosen.items() if self.desk.balance(b)}
        self.desk.allocate(payment, owed if self.random.random() < 0.7 else chosen, str(self.random.randint(0, 9)))

    def run(self, who: str, key: str, ident: int, code: str, **params: Any) -> Any:
        return self.desk.run(who, key, ident, code, params)

    def unallocate(self) -> None:
        self.run("finance_head", PAYMENT, self.random.choice(self.payments), "unallocate", reason="x")

    def reverse(self) -> None:
        if self.random.random() < 0.4:
            self.run("finance_head", PAYMENT, self.random.choice(self.payments), "reverse", reason="x")

    def credit(self) -> None:
        note = self.run("finance", BILL, self.random.choice(self.bills), "credit", reason="x")["id"]
        self.run("manager", BILL, note, "issue")

    def void(self) -> None:
        self.run("finance_head", BILL, self.random.choice(self.bills), "void", reason="x")

    def refund(self) -> None:
        payment = self.random.choice(self.payments)
        made = self.run("finance", PAYMENT, payment, "request_refund", amount=self.amount(), reason="x")
        self.asked.append((REFUND, made["id"]))

    def write_off(self) -> None:
        made = self.run("finance_head", BILL, self.random.choice(self.bills), "write_off", reason="x")
        self.asked.append((WRITE_OFF, made["id"]))

    def decide(self) -> None:
        key, ident = self.random.choice(self.asked)
        code = "approve" if key == REFUND else self.random.choice(("sign", "sign", "reverse"))
        who = "finance_head" if code == "reverse" else "partner"
        self.run(who, key, ident, code, **({"reason": "x"} if code == "reverse" else {}))


@pytest.mark.parametrize("seed", range(6))
def test_whatever_people_press_the_books_agree(desk, seed):
    chance = Chance(desk, seed)
    for _n in range(3):
        chance.bill()
        chance.payment()
    for _n in range(40):
        chance.step()
        if _n % 10 == 9:
            books(desk.agency.client)
    assert chance.done > 8


def at_once(app: Any, works: list[Any]) -> list[Any]:
    """Each work in a thread and an app context of its own, started together; results or refusals."""
    gate, answers = threading.Barrier(len(works)), [None] * len(works)

    def go(number: int) -> None:
        with app.app_context():
            gate.wait()
            try:
                answers[number] = works[number]()
            except Exception as error:
                answers[number] = error

    threads = [threading.Thread(target=go, args=(n,)) for n in range(len(works))]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    return answers


def test_two_clerks_allocate_the_same_money_at_once(app, desk):
    for _time in range(5):
        payment = desk.payment("100.00")
        bills = [desk.bill(("0.00", "100.00")) for _n in range(4)]
        works = [lambda b=bill, p=payment: desk.allocate(p, {b: "100.00"}, f"k{b}") for bill in bills]
        answers = at_once(app, works)
        assert sum(isinstance(a, dict) for a in answers) == 1, answers
        assert all(isinstance(a, (dict, *REFUSALS)) for a in answers), answers
        assert desk.seen(PAYMENT, payment).unallocated == 0
        books(desk.agency.client)


def test_a_double_click_on_allocate_pays_once(app, desk):
    payment, bill = desk.payment("500.00"), desk.bill(("0.00", "500.00"))
    answers = at_once(app, [lambda: desk.allocate(payment, {bill: "200.00"}, "one press")] * 4)
    assert all(isinstance(a, (dict, Stale)) for a in answers), answers
    assert desk.balance(bill) == 300
    books(desk.agency.client)


def test_several_payments_at_once_never_overpay_a_bill(app, desk):
    bill = desk.bill(("100.00", "400.00"))
    payments = [desk.payment("200.00") for _n in range(4)]
    answers = at_once(app, [lambda p=p: desk.allocate(p, {bill: "200.00"}, "k") for p in payments])
    assert sum(isinstance(a, dict) for a in answers) == 2, answers
    assert desk.balance(bill) == 100
    books(desk.agency.client)


def test_bills_issued_at_once_have_numbers_without_gap(app, desk):
    drafts = [desk.draft(("1.00", "0.00")) for _n in range(5)]
    answers = at_once(app, [lambda d=d: desk.run("manager", BILL, d, "issue")["number"] for d in [*drafts, drafts[0]]])
    numbers = sorted(int(a[-4:]) for a in answers if isinstance(a, str))
    assert len(numbers) == 5
    assert numbers == list(range(numbers[0], numbers[0] + 5))


def test_a_receipt_told_twice_at_once_is_one_payment(app, desk):
    from core import today
    from plugins.billing import record_receipt

    bill = desk.bill(("0.00", "300.00"))

    def tell() -> int:
        with desk.acting("finance"):
            told = {"amount": D("300.00"), "paid_on": today(), "external_key": f"twice-{bill}", "source": "bridge"}
            return record_receipt(bill_id=bill, **told).id

    answers = at_once(app, [tell] * 3)
    assert len({a for a in answers if isinstance(a, int)}) == 1, answers
    assert desk.state_of(bill) == "paid"
    books(desk.agency.client)
