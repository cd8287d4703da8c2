"""Pure money: tax inside prices, totals, limits, spreading and releasing, ageing; examples and properties."""

from __future__ import annotations

from datetime import date, timedelta
from decimal import Decimal as D

import pytest
from hypothesis import given
from hypothesis import strategies as st

from plugins.billing.reckoning.ageing import BUCKETS, age, bucket
from plugins.billing.reckoning.allocation import ORDER, Claim, OpenBill, release, spread, suggest
from plugins.billing.reckoning.amounts import CENT, Line, balance, tax_inside, totals
from plugins.billing.reckoning.annuities import annuity_year_on, grace_month, reduction_of_annuity
from plugins.billing.reckoning.prices import PriceRules, discount_pct, foreign_cost, rate, rush_fee, service_fee, within

cents = st.integers(0, 10**9).map(lambda n: D(n) / 100)
lines = st.lists(st.builds(Line, cents, cents, cents, st.sampled_from([D(0), D(1), D(3), D(6)])), max_size=12)
claims = st.lists(
    st.builds(Claim, st.just(1), st.integers(1, 6), st.sampled_from(ORDER), cents),
    max_size=18,
    unique_by=lambda claim: (claim.line, claim.part),
)
RULES = PriceRules({"general_key": D(90), "strategic": D(85)}, ((5, D(95)), (10, D(90))))
LIMITS = ((D(10), "client_manager"), (D(20), "dept_head"), (D(35), "branch_manager"))


@pytest.mark.parametrize(
    ("gross", "tax"), [("1060.00", "60.00"), ("800.00", "45.28"), ("0.01", "0.00"), ("-800.00", "-45.28")]
)
def test_tax_lies_inside_the_price(gross, tax):
    assert tax_inside(D(gross), D(6)) == D(tax)


@given(lines)
def test_the_foot_is_the_sum_of_its_lines(rows):
    foot = totals(rows)
    assert foot.total == sum((row.total for row in rows), D(0)) == foot.official + foot.service + foot.disbursement
    assert foot.tax == sum((row.tax for row in rows), D(0))
    assert foot.tax == foot.tax.quantize(CENT)


@given(cents, st.sampled_from([D(1), D(3), D(6), D(13)]))
def test_net_and_tax_make_the_price_again(gross, percent):
    tax = tax_inside(gross, percent)
    assert D(0) <= tax <= gross
    assert abs((gross - tax) * percent / 100 - tax) <= D("0.0106")


@given(cents, claims)
def test_spreading_conserves_money_and_never_overpays(amount, found):
    shares = spread(amount, found)
    assert sum((s.amount for s in shares), D(0)) == min(amount, sum((c.open for c in found), D(0)))
    assert all(0 < s.amount <= s.claim.open for s in shares)


@given(cents, claims, st.randoms())
def test_the_order_in_which_claims_come_does_not_matter(amount, found, chance):
    mixed = list(found)
    chance.shuffle(mixed)
    assert spread(amount, found) == spread(amount, mixed)


@given(cents, claims)
def test_service_fees_are_paid_only_when_official_fees_are(amount, found):
    shares = spread(amount, found)
    if any(s.claim.part == "service" for s in shares):
        official = sum((s.amount for s in shares if s.claim.part == "official"), D(0))
        assert official == sum((c.open for c in found if c.part == "official"), D(0))


@given(st.lists(cents, max_size=5), claims)
def test_in_one_sum_or_in_several_the_same_is_paid(amounts, found):
    left = {(c.line, c.part): c.open for c in found}
    for amount in amounts:
        for share in spread(amount, [Claim(1, line, part, rest) for (line, part), rest in left.items()]):
            left[share.claim.line, share.claim.part] -= share.amount
    once = {(s.claim.line, s.claim.part): s.amount for s in spread(sum(amounts, D(0)), found)}
    assert left == {(c.line, c.part): c.open - once.get((c.line, c.part), D(0)) for c in found}


@given(cents, st.lists(st.tuples(st.integers(1, 99), st.sampled_from(ORDER), st.integers(1, 5), cents), max_size=9))
def test_taking_back_conserves_money(amount, held):
    held = list({row[0]: row for row in held}.values())
    taken = release(amount, held)
    assert sum((back for _id, back in taken), D(0)) == min(amount, sum((row[3] for row in held), D(0)))
    kept = {row[0]: row[3] for row in held}
    assert all(0 < back <= kept[ident] for ident, back in taken)


def test_service_fees_are_taken_back_before_official_fees():
    held = [(1, "official", 1, D(270)), (2, "service", 1, D(800))]
    assert release(D(900), held) == [(2, D(800)), (1, D(100))]


def bills(*balances):
    return [OpenBill(n, date(2026, n, 1), D(owed)) for n, owed in enumerate(balances, 1)]


def test_a_payment_is_suggested_for_named_bills_then_the_exact_one_then_the_oldest():
    assert suggest(D(500), bills(300, 500)) == {2: D(500)}
    assert suggest(D(400), bills(300, 500)) == {1: D(300), 2: D(100)}
    assert suggest(D(400), bills(300, 500), named=[2]) == {2: D(400)}
    assert suggest(D(400), []) == {}


def test_only_the_better_of_tier_and_volume_applies():
    assert [rate(RULES, "strategic", 1), rate(RULES, None, 5), rate(RULES, "general_key", 10)] == [85, 95, 90]
    assert rate(RULES, "general", 4) == 100
    assert service_fee(D("800"), D(12), D(90)) == D("8640.00")
    assert rush_fee(RULES, D("800.00")) == D("400.00")
    assert foreign_cost(RULES, D(900), D("7.85")) == D("7276.95")


@pytest.mark.parametrize(
    ("discount", "roles", "floor", "may"),
    [
        ("10", {"client_manager"}, False, True),
        ("10.01", {"client_manager"}, False, False),
        ("20", {"dept_head"}, False, True),
        ("35", {"branch_manager"}, False, True),
        ("36", {"branch_manager"}, False, False),
        ("1", {"branch_manager"}, True, False),
        ("90", {"partner"}, True, True),
        ("1", {"process_clerk"}, False, False),
    ],
)
def test_who_may_grant_which_discount(discount, roles, floor, may):
    assert within(LIMITS, D(discount), roles, floor=floor) is may


@given(cents, cents)
def test_a_discount_is_never_rounded_below_its_limit(listed, offered):
    found = discount_pct(listed, offered)
    assert found >= 0
    if 0 < offered < listed:
        assert found * listed / 100 >= listed - offered


DAY = date(2026, 11, 22)


@pytest.mark.parametrize(
    ("late", "column"),
    [(-5, "current"), (0, "current"), (1, "d30"), (30, "d30"), (31, "d60"), (60, "d60"), (90, "d90"), (91, "over")],
)
def test_columns_of_age(late, column):
    assert bucket(DAY - timedelta(days=late), DAY) == column


@given(st.lists(st.tuples(st.sampled_from("ab"), st.dates(date(2025, 1, 1), date(2027, 1, 1)), cents), max_size=30))
def test_an_ageing_table_adds_up(items):
    table = age(items, DAY)
    assert sum((row["total"] for row in table.values()), D(0)) == sum((owed for _w, _d, owed in items), D(0))
    assert all(row["total"] == sum((row[name] for name in BUCKETS), D(0)) for row in table.values())


def test_balance():
    assert balance(D(1070), D(270), D(300), D(100)) == 400


def test_years_and_grace_of_annuities():
    filed = date(2019, 1, 31)
    assert (annuity_year_on(filed, date(2026, 1, 30)), annuity_year_on(filed, date(2026, 1, 31))) == (7, 8)
    days = ((1, 31), (2, 1), (2, 28), (3, 1), (7, 31), (8, 1))
    assert [grace_month(filed, 8, date(2026, m, d)) for m, d in days] == [0, 1, 1, 2, 6, 7]
    assert reduction_of_annuity(D(85), filed, date(2022, 6, 1), 13) == 85
    assert reduction_of_annuity(D(85), filed, date(2022, 6, 1), 14) == 0
