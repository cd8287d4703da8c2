"""Bills that arise by themselves with the events of cases: once, counted on the case, at the client's price."""

from __future__ import annotations

from datetime import timedelta
from decimal import Decimal as D

import pytest
from sqlalchemy import select

from core import get, record_class, run_action, system, today, update
from plugins.billing import Bill, BillLine
from plugins.billing.records import PriceItem

ITEMS = [
    "茶",
    "代用茶",
    "咖啡",
    "可可饮料",
    "糖",
    "蜂蜜",
    "糕点",
    "面粉",
    "谷类制品",
    "食用淀粉",
    "冰淇淋",
    "调味品",
    "醋",
]


def drafts(case: int) -> list[Bill]:
    with system("look at drafts") as session:
        return list(session.scalars(select(Bill).where(Bill.case_id == case).order_by(Bill.id)))


def lines(bill: int) -> dict[str, tuple]:
    with system("look at lines") as session:
        rows = session.execute(
            select(PriceItem.code, BillLine.quantity, BillLine.official_amount, BillLine.service_amount)
            .join(PriceItem, PriceItem.id == BillLine.item_id)
            .where(BillLine.bill_id == bill)
        )
        return {code: tuple(amounts) for code, *amounts in rows}


def test_filing_a_mark_makes_a_draft_with_classes_and_extra_items(desk):
    case = desk.case(goods=[{"class": 30, "items": ITEMS}, {"class": 35, "items": ["广告"]}], classes=["30", "35"])
    desk.event(case, "TM_FILED")
    (bill,) = drafts(case)
    assert (bill.state, bill.source, bill.number, bill.client_id) == ("draft", "event", None, desk.agency.client)
    assert lines(bill.id) == {"TM_APP": (2, 540, 1600), "TM_APP_EXTRA_ITEM": (3, 81, 60)}
    assert (bill.official_total, bill.service_total, bill.total) == (621, 1660, 2281)


def test_the_same_event_again_bills_nothing_more(desk):
    case = desk.case(classes=["30"])
    desk.event(case, "TM_FILED")
    desk.event(case, "TM_FILED")
    assert len(lines(drafts(case)[0].id)) == 1


def test_events_that_recur_are_billed_each_time(desk):
    case = desk.case("invention")
    desk.event(case, "OA_RESPONSE_FILED")
    desk.event(case, "OA_RESPONSE_FILED")
    (bill,) = drafts(case)
    assert bill.service_total == 5000


@pytest.mark.parametrize(("channel", "official"), [("网上申请系统", 270), ("纸质邮寄", 300)])
def test_the_channel_decides_the_official_fee(desk, channel, official):
    case = desk.case(classes=["30"])
    desk.event(case, "TM_FILED", details={"filing_channel": channel})
    assert drafts(case)[0].official_total == official


def test_a_reduction_lowers_official_fees_and_never_the_service_fee(desk):
    case = desk.case("invention", fee_reduction=85, claims_count=14, priority=[{"country": "CN", "date": "2026-01-05"}])
    desk.event(case, "PAT_FILED")
    found = lines(drafts(case)[0].id)
    assert found["INV_APP"] == (1, D("560.00"), 6000)
    assert found["PAT_EXCESS"] == (4, 600, 0)
    assert found["PAT_PRIORITY"] == (1, 80, 300)


def test_the_tier_of_the_client_gives_the_price(desk):
    with system("a strategic client"):
        update(get(record_class("clients.client"), desk.agency.other), {"name": "苏州溪山传感技术有限公司"})
        get(record_class("clients.client"), desk.agency.other).tier = "strategic"
    case = desk.case(client=desk.agency.other, classes=["9"])
    desk.event(case, "TM_FILED")
    assert lines(drafts(case)[0].id)["TM_APP"] == (1, 270, 680)


def test_a_renewal_in_grace_brings_the_late_fee_of_each_class(desk):
    case = desk.case("tm_renewal", classes_to_renew=["30", "35"], in_grace=True)
    desk.event(case, "RENEWAL_FILED")
    assert lines(drafts(case)[0].id) == {"TM_RENEWAL_GRACE": (2, 1350, 1600)}


def test_an_annuity_in_its_third_month_of_grace(desk):
    filed = today().replace(year=today().year - 7) - timedelta(days=75)
    case = desk.case("invention", filing_date=filed, fee_reduction=85, grant_publication_date=today() - timedelta(900))
    desk.event(case, "ANNUITY_PAID", details={"annuity_year": 8})
    (code,) = lines(drafts(case)[0].id)
    assert (code, drafts(case)[0].official_total) == ("PAT_ANNUITY_LATE", 500)


def test_events_of_long_ago_and_those_that_wait_make_no_bill(desk):
    case = desk.case(classes=["30"])
    desk.event(case, "TM_FILED", day=today() - timedelta(days=400))
    assert drafts(case) == []


def test_a_case_without_a_client_makes_no_bill(desk):
    case = desk.case(client=None, classes=["30"])
    desk.event(case, "TM_FILED")
    assert drafts(case) == []


def test_a_later_event_of_the_case_extends_its_draft_and_an_issued_bill_gets_a_new_one(desk):
    case = desk.case("invention")
    desk.event(case, "PAT_FILED")
    desk.event(case, "OA_RESPONSE_FILED")
    (bill,) = drafts(case)
    assert bill.service_total == 8500
    desk.run("manager", "billing.bill", bill.id, "issue")
    desk.event(case, "OA_RESPONSE_FILED")
    assert [b.state for b in drafts(case)] == ["issued", "draft"]


def test_a_client_billed_by_the_month_has_one_draft_for_all_cases(desk):
    with system("a client by the month") as session:
        created = record_class("clients.client")(name="月结客户有限公司", billing_cycle="monthly")
        session.add(created)
        session.flush()
        client = created.id
    for _n in range(2):
        desk.event(desk.case(client=client, classes=["30"]), "TM_FILED")
    with system("look at drafts") as session:
        found = list(session.scalars(select(Bill).where(Bill.client_id == client)))
    assert [(b.state, b.case_id, b.total) for b in found] == [("draft", None, 2140)]


def test_a_fee_that_the_table_lacks_is_told_on_the_line(desk):
    case = desk.case("utility_model", filing_date=today() - timedelta(days=365 * 12))
    desk.event(case, "ANNUITY_PAID", details={"annuity_year": 12})
    with system("look at lines") as session:
        (note,) = session.scalars(select(BillLine.note).where(BillLine.case_id == case))
    assert "PAT_ANNUITY" in note


def test_any_service_is_billed_by_hand_with_rush_as_its_own_line(desk):
    case = desk.case(classes=["30", "35"])
    with system("look up") as session:
        item = session.scalar(select(PriceItem.id).where(PriceItem.code == "TM_APP"))
    with desk.acting("finance"):
        answer = run_action(
            get(record_class("cases.case"), case), "cases.case", "bill_case", {"item": item, "rush": True}
        )
    with system("look at lines") as session:
        chosen = select(BillLine.service_amount).where(BillLine.bill_id == answer["bill"]).order_by(BillLine.position)
        assert list(session.scalars(chosen)) == [1600, 800]


def test_an_event_recorded_by_its_dialog_bills_in_the_same_transaction(desk):
    case = desk.case(classes=["30"], status="ready_to_file")
    desk.run("verifier", "cases.case", case, "verify_critical")
    entered = {"event": "TM_FILED", "filing_date": today().isoformat(), "filed_at": "卷内"}
    entered |= {"details": {"filing_channel": "网上申请系统", "official_fee_paid": "270.00"}}
    with desk.acting("root"):
        run_action(get(record_class("cases.case"), case), "cases.case", "record_event", entered)
    assert drafts(case)[0].total == 1070


@pytest.mark.parametrize(
    ("case_type", "values", "code"),
    [
        ("tm_application", {}, "TM_APP"),
        ("tm_review", {"review_kind": "cancellation"}, "TM_CANCEL_REVIEW"),
        ("tm_recordal", {"recordal_kind": "licence"}, "TM_LICENCE"),
        ("pat_invalidation", {"side": "owner"}, "PAT_INVALIDATION_DEFENCE"),
        ("cr_works", {}, "WORK_COPYRIGHT"),
    ],
)
def test_a_case_knows_its_main_service(desk, case_type, values, code):
    case = desk.case(case_type, **values)
    with system("look up") as session:
        model = record_class("cases.case")
        chosen = select(PriceItem.code).join(model, model.service_item_id == PriceItem.id).where(model.id == case)
        assert session.scalar(chosen) == code


def test_every_case_type_has_a_main_service_that_is_on_the_list(desk):
    from types import SimpleNamespace

    from plugins.billing.service_item import code_of
    from plugins.cases.status import CODES

    with system("look up") as session:
        known = set(session.scalars(select(PriceItem.code)))
    assert {code_of(SimpleNamespace(case_type=code)) for code in CODES} <= known
