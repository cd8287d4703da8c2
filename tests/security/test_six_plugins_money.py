"""Attacks on money: lines, sums, other clients, own requests, small rights. What is refused leaves no trace."""

from __future__ import annotations

import pytest
from sqlalchemy import select

from core import create, db, record_class, registry, run_action, system

LINE, BILL, PAYMENT, QUOTATION = "billing.bill_line", "billing.bill", "billing.payment", "billing.quotation"
REFUSED = (400, 403, 404, 409, 422)


def line_of(offices, bill):
    with offices.app.app_context(), system("a line") as session:
        line = record_class(LINE)
        return session.query(line.id).filter(line.bill_id == bill).order_by(line.id).first()[0]


def test_no_line_leaves_an_issued_bill_for_a_draft_nor_a_draft_for_an_issued_one(offices):
    with offices.app.app_context():
        issued, draft = offices.bill("here"), offices.draft("here")
    taken = offices.patch("finance here", f"{LINE}/{line_of(offices, issued)}", {"bill": draft})
    assert taken.status_code in REFUSED, taken.text
    put = offices.patch("finance here", f"{LINE}/{line_of(offices, draft)}", {"bill": issued})
    assert put.status_code in REFUSED, put.text
    assert offices.seen(BILL, issued).total == 1360
    assert offices.seen(LINE, line_of(offices, issued)).bill_id == issued


def test_a_line_that_moves_between_drafts_leaves_right_sums_behind(offices):
    with offices.app.app_context():
        one, other = offices.draft("here"), offices.draft("here")
    moved = offices.patch("finance here", f"{LINE}/{line_of(offices, one)}", {"bill": other})
    if moved.status_code == 200:
        assert offices.seen(BILL, one).total == 0
        assert offices.seen(BILL, other).total == 2720
    else:
        assert moved.status_code in REFUSED


def test_no_offered_line_leaves_a_quotation_that_was_sent(offices):
    with offices.app.app_context(), offices.acting("client_manager here"):
        sent, draft = (
            create(record_class(QUOTATION), {"client": offices.here.client, "subject": f"{n} offer"})
            for n in ("sent", "draft")
        )
        lines = [offices._line("billing.quotation_line", {"quotation": whole.id}) for whole in (sent, draft)]
        run_action(sent, QUOTATION, "send", {})
        sent, draft = sent.id, draft.id
    taken = offices.patch("client_manager here", f"billing.quotation_line/{lines[0]}", {"quotation": draft})
    assert taken.status_code in REFUSED, taken.text
    assert offices.seen("billing.quotation_line", lines[0]).quotation_id == sent


@pytest.mark.parametrize("rate", ["-100", "-50", "1000", "100.01"])
def test_a_tax_rate_is_a_rate(offices, rate):
    answer = offices.patch("finance here", f"{LINE}/{line_of(offices, offices.here.draft)}", {"tax_rate": rate})
    assert answer.status_code == 422, answer.text


@pytest.mark.parametrize(
    "values",
    [
        {"service_amount": "-1.00"},
        {"official_amount": "-0.01"},
        {"service_amount": "NaN"},
        {"service_amount": "Infinity"},
        {"service_amount": "1e400"},
        {"service_amount": "99999999999999999999999999"},
        {"total": "1.00"},
        {"tax": "0.00"},
        {"list_price": "1.00"},
        {"source_key": "x"},
        {"corrects": 1},
        {"quantity": "-3"},
    ],
)
def test_figures_of_lines_that_nobody_types(offices, values):
    line = line_of(offices, offices.here.draft)
    before = offices.seen(LINE, line)
    answer = offices.patch("finance here", f"{LINE}/{line}", values)
    after = offices.seen(LINE, line)
    same = ("service_amount", "official_amount", "total", "tax", "list_price", "source_key", "corrects_id", "quantity")
    assert answer.status_code in REFUSED, answer.text
    assert [getattr(after, n) for n in same] == [getattr(before, n) for n in same]


def test_sums_states_and_numbers_of_bills_payments_and_quotations_are_not_typed(offices):
    closed = {
        f"{BILL}/{offices.here.draft}": (
            "total",
            "balance",
            "paid",
            "credited",
            "written_off",
            "state",
            "number",
            "kind",
            "issued_on",
            "source",
        ),
        f"{PAYMENT}/{offices.here.payment}": (
            "state",
            "allocated",
            "refunded",
            "unallocated",
            "confirmed_by",
            "external_key",
            "source",
            "number",
        ),
        f"{QUOTATION}/{offices.here.quotation}": (
            "state",
            "total",
            "discount",
            "approved_discount",
            "approved_by",
            "below_floor",
            "number",
            "quoted_by",
        ),
    }
    for path, names in closed.items():
        who = "client_manager here" if path.startswith(QUOTATION) else "finance here"
        for name in names:
            value = (
                offices.people["finance here"]
                if name.endswith("_by")
                else "999.00"
                if name not in ("state", "kind")
                else "paid"
            )
            answer = offices.patch(who, path, {name: value})
            assert answer.status_code in REFUSED, (path, name, answer.text)


def test_a_bill_names_no_case_and_no_contact_of_another_client(offices):
    """What a client reads on its bill would be somebody else's matter."""
    with offices.app.app_context(), system("another client of the same branch"):
        other = create(record_class("clients.client"), {"name": "别家", **offices.here.owner})
        case = create(
            record_class("cases.case"),
            {
                "case_type": "tm_application",
                "client": other.id,
                "mark_name": "别家",
                "branch": offices.here.branch,
                "department": offices.here.department,
                "client_manager": offices.people["client_manager here"],
            },
        )
        contact = create(record_class("clients.contact"), {"client": other.id, "name": "别家人"})
        foreign = {"client": other.id, "case": case.id, "contact": contact.id}
    for who in ("finance here", "client_manager here"):
        answer = offices.api(who).post(BILL, {"client": offices.here.client, "case": foreign["case"]})
        assert answer.status_code == 422, answer.text
        answer = offices.patch(who, f"{BILL}/{offices.here.draft}", {"case": foreign["case"]})
        assert answer.status_code == 422, answer.text
        answer = offices.patch(who, f"{LINE}/{line_of(offices, offices.here.draft)}", {"case": foreign["case"]})
        assert answer.status_code == 422, answer.text
    for name in ("case", "contact"):
        answer = offices.patch("client_manager here", f"{QUOTATION}/{offices.here.quotation}", {name: foreign[name]})
        assert answer.status_code == 422, (name, answer.text)


def test_money_of_a_payment_goes_to_no_bill_of_another_branch(offices):
    asked = {"amounts": [{"bill": offices.there.bill, "amount": "10.00"}], "key": "steal"}
    assert offices.act("finance here", PAYMENT, offices.here.payment, "allocate", **asked).status_code in REFUSED
    asked = {"amounts": [{"bill": offices.here.bill, "amount": "10.00"}], "key": "give"}
    assert offices.act("finance here", PAYMENT, offices.there.payment, "allocate", **asked).status_code == 404
    assert offices.seen(BILL, offices.there.bill).paid == 0
    assert offices.seen(PAYMENT, offices.there.payment).allocated == 0


@pytest.mark.parametrize("amount", ["-5.00", "0", "0.001", "NaN", "-Infinity", "1e30", "", None, [], {"a": 1}])
def test_odd_amounts_are_allocated_nowhere(offices, amount):
    asked = {"amounts": [{"bill": offices.here.bill, "amount": amount}], "key": f"odd {amount}"}
    answer = offices.act("finance here", PAYMENT, offices.here.payment, "allocate", **asked)
    assert answer.status_code in REFUSED, answer.text
    assert offices.seen(PAYMENT, offices.here.payment).allocated == 0


@pytest.mark.parametrize(
    "amounts", [5, "x", [5], [{}], [{"bill": "x"}], {"1": "2"}, [{"bill": True, "amount": "1"}], [None]]
)
def test_amounts_of_another_shape_are_refused(offices, amounts):
    answer = offices.act("finance here", PAYMENT, offices.here.payment, "allocate", amounts=amounts, key="shape")
    assert answer.status_code in REFUSED, answer.text


def test_the_same_bill_twice_in_one_allocation_is_not_paid_twice(offices):
    with offices.app.app_context():
        bill = offices.bill("here")
    asked = [{"bill": bill, "amount": "1000.00"}, {"bill": bill, "amount": "1000.00"}]
    with offices.app.app_context(), offices.acting("finance here"):
        payment = create(
            record_class(PAYMENT), {"client": offices.here.client, "amount": "5000", "received_on": "2026-11-01"}
        ).id
    offices.act("finance here", PAYMENT, payment, "allocate", amounts=asked, key="twice")
    stored, paid = offices.seen(BILL, bill), offices.seen(PAYMENT, payment)
    assert stored.paid <= stored.total
    assert paid.allocated == stored.paid
    assert paid.allocated + paid.unallocated == paid.amount


def test_who_asks_for_a_refund_does_not_approve_it_and_nobody_asks_for_more_than_is_free(offices):
    made = offices.act(
        "finance_head here", PAYMENT, offices.here.payment, "request_refund", amount="100.00", reason="x"
    )
    assert made.status_code == 200, made.text
    refund = made.json["result"]["id"]
    assert offices.act("finance_head here", "billing.refund", refund, "approve").status_code == 422
    changed = offices.patch(
        "finance_head here", f"billing.refund/{refund}", {"requested_by": offices.people["finance here"]}
    )
    assert changed.status_code in REFUSED
    assert offices.act("client_manager here", "billing.refund", refund, "approve").status_code in (403, 404)
    more = offices.patch("finance_head here", f"billing.refund/{refund}", {"amount": "99999.00"})
    if more.status_code == 200:
        approved = offices.act("partner here", "billing.refund", refund, "approve")
        assert approved.status_code in REFUSED
    moved = offices.patch("finance_head here", f"billing.refund/{refund}", {"payment": offices.there.payment})
    assert moved.status_code in REFUSED or offices.seen("billing.refund", refund).client_id == offices.there.client
    assert offices.seen(PAYMENT, offices.here.payment).refunded == 0


def test_who_asked_does_not_change_the_amount_into_the_deciders_hand(offices):
    """Whoever wrote the amount of a request does not decide it."""
    made = offices.act("finance here", PAYMENT, offices.here.payment, "request_refund", amount="10.00", reason="x")
    refund = made.json["result"]["id"]
    changed = offices.patch("finance_head here", f"billing.refund/{refund}", {"amount": "400.00"})
    approved = offices.act("finance_head here", "billing.refund", refund, "approve")
    assert changed.status_code in REFUSED or approved.status_code in REFUSED


def test_who_quotes_does_not_approve_the_discount_nor_by_another_ones_name(offices):
    who = "client_manager here"
    with offices.app.app_context(), offices.acting(who):
        quotation = create(record_class(QUOTATION), {"client": offices.here.client, "subject": "cheap"}).id
        item = record_class("billing.price_item")
        chosen = db.session.scalars(select(item.id).where(item.list_price > 500).limit(1)).one()
    assert offices.act(who, QUOTATION, quotation, "add_item", item=chosen, quantity="1").status_code == 200
    assert offices.act(who, QUOTATION, quotation, "set_discount", percent="5", reason="x").status_code == 200
    assert offices.act(who, QUOTATION, quotation, "send").json["result"]["state"] == "waiting"
    assert offices.act(who, QUOTATION, quotation, "approve_discount").status_code == 422
    assert (
        offices.patch(who, f"{QUOTATION}/{quotation}", {"quoted_by": offices.people["partner here"]}).status_code
        in REFUSED
    )
    line = record_class("billing.quotation_line")
    with offices.app.app_context(), system("its line") as session:
        ident = session.query(line.id).filter(line.quotation_id == quotation).first()[0]
    assert offices.act("dept_head here", QUOTATION, quotation, "approve_discount").status_code == 200
    offices.patch(who, f"billing.quotation_line/{ident}", {"service_amount": "1.00"})
    sent = offices.act(who, QUOTATION, quotation, "send")
    assert offices.seen(QUOTATION, quotation).state == "waiting", sent.text


def test_issued_bills_are_not_touched_by_a_way_round(offices):
    with offices.app.app_context():
        bill = offices.bill("here")
    line = line_of(offices, bill)
    for who in ("finance here", "client_manager here", "finance_head here", "dept_head here"):
        assert (
            offices.api(who).post(LINE, {"bill": bill, "description": "x", "service_amount": "1"}).status_code
            in REFUSED
        )
        assert offices.patch(who, f"{LINE}/{line}", {"service_amount": "1"}).status_code in REFUSED
        assert offices.api(who).delete(f"{LINE}/{line}").status_code in REFUSED
        assert offices.api(who).delete(f"{BILL}/{bill}").status_code in (*REFUSED, 405)
        for values in (
            {"client": offices.there.client},
            {"currency": "USD"},
            {"title": "x"},
            {"branch": offices.there.branch},
            {"due_on": "2030-01-01"},
        ):
            assert offices.patch(who, f"{BILL}/{bill}", values).status_code in REFUSED, values


def test_nobody_bills_a_client_of_another_branch(offices):
    for who in ("finance here", "client_manager here", "process_clerk here"):
        for values in (
            {"client": offices.there.client},
            {"client": offices.here.client, "branch": offices.there.branch},
        ):
            made = offices.api(who).post(BILL, values)
            if made.status_code == 201:
                stored = offices.seen(BILL, made.json["id"])
                assert stored.branch_id == offices.here.branch, (who, values)
                assert stored.client_id == offices.here.client


def test_programs_never_fall_over_odd_values(offices):
    """Each field of each money record with values of another kind: refused or taken, never a fault."""
    odd = [True, -1, 10**30, "x" * 5000, "\x00", [], {}, [[]], "2026-13-45", "1e999", None, {"id": "x"}, {"id": 10**20}]
    broken = []
    for key in (
        "billing.bill",
        "billing.bill_line",
        "billing.payment",
        "billing.quotation",
        "billing.quotation_line",
        "billing.price_item",
        "billing.official_fee",
        "billing.refund",
    ):
        with offices.app.app_context():
            names = [f.name for f in registry().types[key].fields.values() if not f.readonly and not f.hidden]
        for name in names:
            for value in odd:
                answer = offices.api("administrator here").post(
                    key,
                    {
                        "client": offices.here.client,
                        "bill": offices.here.draft,
                        "description": "x",
                        "subject": "x",
                        "received_on": "2026-11-11",
                        "amount": "1.00",
                        name: value,
                    },
                )
                if answer.status_code >= 500:
                    broken.append((key, name, str(value)[:20], answer.status_code))
    assert broken == []
