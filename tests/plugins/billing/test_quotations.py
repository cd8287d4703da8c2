"""Quotations: lines from the price list, discounts by limit and never one's own, versions, acceptance."""

from __future__ import annotations

from datetime import timedelta
from decimal import Decimal as D

import pytest
from sqlalchemy import select

from core import Conflict, Forbidden, Invalid, Refused, create, get, standing_at, system, today, update
from core import now as moment
from core.plugin_settings.store import set_values
from plugins.billing import BillLine
from plugins.billing.records import PriceItem, Quotation, QuotationLine
from plugins.billing.settings import agreed

QUOTATION = "billing.quotation"


def item(code: str) -> int:
    with system("look up") as session:
        return session.scalar(select(PriceItem.id).where(PriceItem.code == code))


def quote(desk, *items, who="manager", **values) -> int:
    with desk.acting(who):
        ident = create(Quotation, {"client": desk.agency.client, "subject": "云岫商标注册", **values}).id
    for code, given in items:
        desk.run(who, QUOTATION, ident, "add_item", {"item": item(code), **given})
    return ident


def test_lines_are_priced_with_official_fees_beside(desk):
    ident = quote(desk, ("TM_APP", {"quantity": "2"}), ("INV_APP", {"right_kind": "invention", "reduction": "85"}))
    seen = desk.seen(QUOTATION, ident)
    assert (seen.official_total, seen.service_total, seen.total) == (D("1100.00"), 7600, 8700)
    assert seen.tax_total == D("430.19")


def test_a_version_is_sent_with_number_and_validity(desk):
    ident = quote(desk, ("TM_APP", {}))
    desk.run("manager", QUOTATION, ident, "send")
    seen = desk.seen(QUOTATION, ident)
    assert seen.number.startswith(f"QUO-{today():%Y}-")
    assert seen.number.endswith(" v1")
    assert (seen.state, seen.valid_until) == ("sent", today() + timedelta(days=30))
    with pytest.raises(Refused), desk.acting("manager"):
        update(get(Quotation, ident), {"subject": "another"})


def test_without_lines_nothing_is_sent(desk):
    with pytest.raises(Refused):
        desk.run("manager", QUOTATION, quote(desk), "send")


def test_a_discount_waits_for_another_person_whose_limit_reaches_it(desk):
    ident = quote(desk, ("INV_APP", {"right_kind": "invention"}))
    desk.run("manager", QUOTATION, ident, "set_discount", {"percent": "18", "reason": "first order"})
    assert desk.run("manager", QUOTATION, ident, "send")["state"] == "waiting"
    assert desk.seen(QUOTATION, ident).service_total == 4920
    with pytest.raises(Refused):
        desk.run("manager", QUOTATION, ident, "approve_discount")
    desk.run("head", QUOTATION, ident, "approve_discount")
    assert desk.run("manager", QUOTATION, ident, "send")["state"] == "sent"


def test_beyond_the_limit_a_higher_role_approves(desk):
    ident = quote(desk, ("INV_APP", {"right_kind": "invention"}))
    desk.run("manager", QUOTATION, ident, "set_discount", {"percent": "30", "reason": "frame contract"})
    desk.run("manager", QUOTATION, ident, "send")
    with pytest.raises(Refused):
        desk.run("head", QUOTATION, ident, "approve_discount")
    with pytest.raises(Refused):
        desk.run("manager", QUOTATION, ident, "approve_discount")
    desk.run("partner", QUOTATION, ident, "approve_discount")


def test_below_the_floor_price_only_a_partner_approves(desk):
    ident = quote(desk, ("INV_APP", {"right_kind": "invention"}))
    desk.run("manager", QUOTATION, ident, "set_discount", {"percent": "35.5", "reason": "frame contract"})
    assert desk.seen(QUOTATION, ident).below_floor
    desk.run("manager", QUOTATION, ident, "send")
    with pytest.raises((Refused, Forbidden)):
        desk.run("branch_manager", QUOTATION, ident, "approve_discount")
    desk.run("partner", QUOTATION, ident, "approve_discount")


def test_a_price_lowered_by_hand_is_a_discount_too_and_grows_no_further_than_approved(desk):
    ident = quote(desk, ("INV_APP", {"right_kind": "invention"}))
    desk.run("manager", QUOTATION, ident, "set_discount", {"percent": "10", "reason": "first order"})
    desk.run("manager", QUOTATION, ident, "send")
    desk.run("head", QUOTATION, ident, "approve_discount")
    with desk.acting("manager") as session:
        line = session.scalars(select(QuotationLine).where(QuotationLine.quotation_id == ident)).one()
        update(line, {"service_amount": "5000.00"})
    assert desk.run("manager", QUOTATION, ident, "send")["state"] == "waiting"


def test_tier_and_volume_need_nobodys_approval(desk):
    ident = quote(desk, ("TM_APP", {"quantity": "10"}))
    seen = desk.seen(QUOTATION, ident)
    assert (seen.service_total, seen.list_total, seen.discount) == (7200, 8000, None)


def test_acceptance_makes_a_draft_bill_with_the_same_lines(desk):
    ident = quote(desk, ("TM_APP", {"quantity": "2"}))
    desk.run("manager", QUOTATION, ident, "send")
    bill = desk.run("manager", QUOTATION, ident, "accept", {"note": "mail of today"})["bill"]
    seen = desk.seen("billing.bill", bill)
    assert (seen.state, seen.source, seen.official_total, seen.total) == ("draft", "quotation", 540, 2140)
    with system("look at lines") as session:
        assert session.scalar(select(BillLine.quantity).where(BillLine.bill_id == bill)) == 2
    with pytest.raises(Refused):
        desk.run("manager", QUOTATION, ident, "accept")


def test_past_its_day_a_quotation_is_not_accepted(desk):
    ident = quote(desk, ("TM_APP", {}))
    desk.run("manager", QUOTATION, ident, "send", {"valid_until": today().isoformat()})
    with standing_at(moment() + timedelta(days=2)), pytest.raises(Refused):
        desk.run("manager", QUOTATION, ident, "accept")


def test_a_new_version_keeps_the_number_and_replaces_the_old_one(desk):
    ident = quote(desk, ("TM_APP", {}))
    desk.run("manager", QUOTATION, ident, "send")
    second = desk.run("manager", QUOTATION, ident, "revise")["id"]
    old, new = desk.seen(QUOTATION, ident), desk.seen(QUOTATION, second)
    assert (old.state, new.state, new.total) == ("replaced", "draft", old.total)
    assert new.number == old.number.replace("v1", "v2")
    with pytest.raises((Refused, Conflict)):
        desk.run("manager", QUOTATION, ident, "revise")


def test_the_agency_changes_limits_days_and_prices_itself(desk):
    new = {"discount_dept_head": 25, "valid_days": 10, "volume": "3:80，10: 70", "tier_general": "95.5"}
    with system("settings") as session:
        set_values("billing", new)
        session.flush()
    ident = quote(desk, ("INV_APP", {"right_kind": "invention"}))
    desk.run("manager", QUOTATION, ident, "set_discount", {"percent": "24", "reason": "first order"})
    assert desk.run("manager", QUOTATION, ident, "send")["state"] == "waiting"
    desk.run("head", QUOTATION, ident, "approve_discount")
    desk.run("manager", QUOTATION, ident, "send")
    assert desk.seen(QUOTATION, ident).valid_until == today() + timedelta(days=10)
    with system("look") as session:
        prices = agreed().prices
        assert prices.volume == ((3, D(80)), (10, D(70)))
        assert prices.tiers["general"] == D("95.5")
        for key, wrong in {"volume": "many", "rush": -1, "due_days": -5, "discount_dept_head": 101}.items():
            with pytest.raises(Invalid):
                set_values("billing", {key: wrong})
        set_values("billing", dict.fromkeys(new))
        session.flush()
    with system("look again"):
        assert agreed().valid_days == 30
