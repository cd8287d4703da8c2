"""Official fees: worked examples of the trade, thresholds, effective dates; and the figures that deadlines has."""

from __future__ import annotations

from datetime import date
from decimal import Decimal as D
from pathlib import Path

import pytest
import yaml

from plugins.billing.reckoning.official import Fee, FeeTable, Subject, UnknownFee
from plugins.billing.reckoning.prices import service_fee
from plugins.billing.seed import DATA, shipped_fees

DAY = date(2026, 11, 22)
TABLE = FeeTable((fee for fee, _words in shipped_fees()), DAY)
PRICES = {row["code"]: D(row["price"]) for row in yaml.safe_load((DATA / "price-list.yaml").read_text())["items"]}
ITEMS = {
    "TM_APPLICATION": "TM_APP",
    "TM_RENEWAL": "TM_RENEWAL",
    "PAT_ANNUITY": "PAT_ANNUITY_LATE",
    "PAT_RESTORE": "PAT_RESTORE",
}
SUBJECTS = {
    "one class, 10 items, online": (Subject(), "TM_APP"),
    "one class, 13 items, online": (Subject(extra_items=3), "TM_APP"),
    "renewal of 2 classes inside the window, online": (Subject(classes=2), "TM_RENEWAL"),
    "renewal of 1 class in grace, online": (Subject(), "TM_RENEWAL_GRACE"),
    "invention with examination, no reduction": (Subject("invention"), "INV_APP"),
    "invention with examination, single applicant, 85% reduction": (Subject("invention", reduction=D(85)), "INV_APP"),
    "two applicants, 70% reduction, utility model": (Subject("utility_model", reduction=D(70)), "UM_APP"),
    "invention with 14 claims and 35 pages, no reduction, filing only": (
        Subject("invention", claims=14, pages=35),
        "INV_APP",
    ),
    "year-8 invention annuity paid in the third month of grace, 85% reduction running": (
        Subject("invention", reduction=D(85), annuity_year=8, grace_month=3),
        None,
    ),
    "restoration after cessation, year-5 utility model, no reduction": (
        Subject("utility_model", annuity_year=5, grace_month=7),
        "PAT_RESTORE",
    ),
}


def examples(folder: Path) -> list[dict]:
    return yaml.safe_load((folder / "fees-and-prices.yaml").read_text("utf-8"))["official_fee_examples"]


@pytest.mark.parametrize("case", SUBJECTS)
def test_the_examples_of_the_trade_are_exact(shared_data, case):
    example = next(e for e in examples(shared_data) if e["case"] == case)
    subject, item = SUBJECTS[case]
    assert sum(TABLE.official(code, subject) for code in example["codes"]) == D(str(example["official"]))
    if item:
        service = service_fee(PRICES[item], D(subject.classes), D(100))
        service += service_fee(PRICES["TM_APP_EXTRA_ITEM"], D(subject.extra_items), D(100))
        assert service == D(str(example["service"]))


def test_every_example_is_worked(shared_data):
    assert {e["case"] for e in examples(shared_data)} == set(SUBJECTS)


def test_every_official_fee_of_the_price_list_is_in_the_table():
    codes = {fee.code for fee, _words in shipped_fees()}
    named = {c for row in yaml.safe_load((DATA / "price-list.yaml").read_text())["items"] for c in row["official_fees"]}
    assert named <= codes


def test_deadlines_and_billing_know_the_same_figures():
    rules = Path(__file__).parents[3] / "plugins/deadlines/data/cn-rules.yaml"
    ours, theirs = (yaml.safe_load(p.read_text("utf-8")) for p in (DATA / "official-fees.yaml", rules))
    assert ours["fees"] == theirs["fees"]
    assert ours["late"]["patent_annuity"] == theirs["late"]["patent_annuity"]


@pytest.mark.parametrize(("pages", "fee"), [(30, 0), (31, 50), (300, 13500), (301, 13600)])
def test_pages_by_threshold(pages, fee):
    assert TABLE.official("PAT_EXCESS_PAGES", Subject("invention", pages=pages)) == fee


@pytest.mark.parametrize(("claims", "fee"), [(0, 0), (10, 0), (11, 150), (14, 600)])
def test_claims_from_the_eleventh(claims, fee):
    assert TABLE.official("PAT_EXCESS_CLAIMS", Subject("invention", claims=claims)) == fee


@pytest.mark.parametrize(("month", "fee"), [(0, 0), (1, 0), (2, 100), (6, 500), (7, 500)])
def test_the_late_fee_hangs_on_the_full_annuity(month, fee):
    subject = Subject("invention", reduction=D(85), annuity_year=8, grace_month=month)
    assert TABLE.official("PAT_LATE", subject) == fee


def test_paper_costs_more_and_a_change_of_name_online_nothing():
    assert TABLE.official("TM_APPLICATION", Subject(channel="paper", extra_items=2)) == 360
    assert TABLE.official("TM_CHANGE", Subject()) == 0


def test_a_new_tariff_holds_from_its_day():
    rows = [Fee("X", D(100), valid_from=date(2024, 1, 1)), Fee("X", D(80), valid_from=date(2027, 1, 1))]
    assert FeeTable(rows, date(2026, 12, 31)).official("X", Subject()) == 100
    assert FeeTable(rows, date(2027, 1, 1)).official("X", Subject()) == 80
    ended = [Fee("X", D(5), valid_from=date(2020, 1, 1), valid_to=date(2022, 6, 30))]
    with pytest.raises(UnknownFee):
        FeeTable(ended, DAY).official("X", Subject())


def test_what_the_table_does_not_have_is_said():
    with pytest.raises(UnknownFee):
        TABLE.official("PAT_ANNUITY", Subject("utility_model", annuity_year=11))
    with pytest.raises(UnknownFee):
        TABLE.official("NO_SUCH_FEE", Subject())
