"""Worked examples of the official number formats."""

import pytest

from plugins.cases.formats import (
    BadNumber,
    check_digit,
    classification_symbols,
    nice_classes,
    normalise_copyright_number,
    normalise_foreign_number,
    normalise_mark_number,
    normalise_pct_number,
    normalise_wo_number,
    parse_patent_number,
    parse_publication_number,
)

FULL_FORMS = (
    "202410123456.0",
    "202410000001.X",
    "202320987654.2",
    "202430555555.7",
    "202480012345.0",
    "202490000123.2",
    "202580000123.1",
    "201710601862.3",
    "200310102344.5",
    "97101765.4",
    "95115608.X",
    "85100001.0",
    "02123456.6",
)


@pytest.mark.parametrize("full", FULL_FORMS)
def test_check_digit_and_canonical_form(full):
    base, check = full.split(".")
    assert check_digit(base) == check
    for written in (full, f"CN{full}", f"ZL {full}", base + check, full.lower(), f" CN{base}．{check} "):
        assert parse_patent_number(written).canonical == full


@pytest.mark.parametrize(
    ("written", "code"),
    [
        ("202410123456.1", "check_digit"),
        ("2024101234561", "check_digit"),
        ("202440123456.0", "bad_number"),
        ("032101234.5", "bad_number"),
        ("2.02E+12", "ruined_number"),
        ("2.0193E+12", "ruined_number"),
        ("2.0193e12", "ruined_number"),
        ("2019300000000", "ruined_number"),
        ("2020000000000", "ruined_number"),
        ("201910000000.0", "ruined_number"),
        ("CN118123456A", "publication_number"),
        ("CN305246987S", "publication_number"),
        ("unknown", "bad_number"),
        ("", "bad_number"),
        ("123456", "bad_number"),
    ],
)
def test_refused_with_its_own_code(written, code):
    with pytest.raises(BadNumber) as caught:
        parse_patent_number(written)
    assert caught.value.code == code


def test_numbers_without_check_digit_stay_without():
    assert parse_patent_number("CN86207465").canonical == "86207465"
    assert parse_patent_number("202410123456").canonical == "202410123456"


def test_parts_of_a_number():
    old, new = parse_patent_number("CN86207465"), parse_patent_number("202490000123.2")
    assert (old.year, old.kind, old.is_pct) == (1986, "utility_model", False)
    assert (new.year, new.kind, new.is_pct) == (2024, "utility_model", True)
    assert parse_patent_number("02123456.6").year == 2002
    assert new.patent_number == "ZL 202490000123.2"


def test_a_year_that_has_not_come_is_refused():
    with pytest.raises(BadNumber, match="future_year"):
        parse_patent_number("202580000123.1", latest_year=2024)


def test_publication_numbers_tell_kind_and_grant():
    published, granted = parse_publication_number("CN118123456A"), parse_publication_number("cn 222345678 u")
    assert (published.canonical, published.kind, published.is_grant) == ("CN118123456A", "invention", False)
    assert (granted.canonical, granted.kind, granted.is_grant) == ("CN222345678U", "utility_model", True)
    assert parse_publication_number("CN1234567C").kind == "invention"
    with pytest.raises(BadNumber, match="application_number"):
        parse_publication_number("CN201220249767.4")
    with pytest.raises(BadNumber, match="bad_number"):
        parse_publication_number("18123456A")


@pytest.mark.parametrize(
    ("written", "jurisdiction", "stored"),
    [
        ("12345678", "CN", "12345678"),
        ("１２３４５６７８a", "CN", "12345678A"),
        ("G1456789", "CN", "G1456789"),
        ("第 1234567 号", "CN", "1234567"),
        ("02207609", "TW", "02207609"),
        ("109088843", "TW", "109088843"),
        ("40-2019-0000011", "KR", "4020190000011"),
        ("018123456", "EM", "018123456"),
    ],
)
def test_mark_numbers_by_jurisdiction(written, jurisdiction, stored):
    assert normalise_mark_number(written, jurisdiction) == stored


@pytest.mark.parametrize("written", ["1.23E+07", "123456789", "CN305246987S", "?"])
def test_what_is_no_mark_number_is_refused(written):
    with pytest.raises(BadNumber):
        normalise_mark_number(written)


def test_international_and_copyright_numbers():
    assert normalise_pct_number("pct/cn2024/123456") == "PCT/CN2024/123456"
    assert normalise_pct_number("PCT/US99/12345") == "PCT/US99/12345"
    assert normalise_wo_number("WO2024123456A1") == "WO2024/123456A1"
    assert normalise_copyright_number("２０２４sr0123456") == "2024SR0123456"
    assert normalise_copyright_number("粤作登字－2024－F－00012345") == "粤作登字-2024-F-00012345"
    assert normalise_foreign_number("10 2004 060 343.7") == "102004060343.7"
    with pytest.raises(BadNumber):
        normalise_copyright_number("2024SR1")


def test_symbols_lose_edition_and_lost_spaces():
    assert classification_symbols("H04W8/26(2009.01)I;??H04W84/12(2009.01)I") == ["H04W 8/26", "H04W 84/12"]
    assert classification_symbols("E21B47/00（2006.01）I") == ["E21B 47/00"]
    assert classification_symbols("01-01 (12)  ") == ["01-01"]
    assert classification_symbols("9-3") == ["9-3"]


def test_nice_classes_are_numbers_from_1_to_45():
    assert nice_classes(["001", "第35类", "9"]) == [1, 9, 35]
    with pytest.raises(BadNumber):
        nice_classes(["46"])
