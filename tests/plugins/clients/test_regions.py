"""Regions: codes and names of divisions and countries."""

from __future__ import annotations

import csv
from pathlib import Path

import pytest

from plugins.clients import regions

REAL = Path(__file__).parents[3].parent / "shared" / "data" / "real" / "cn_divisions_gbt2260" / "areas.csv"


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("440305", "440305"),
        ("440300", "4403"),
        ("440000", "44"),
        ("广东省深圳市南山区", "440305"),
        ("广东 深圳", "4403"),
        ("深圳市南山区", "440305"),
        ("浙江省杭州市西湖区文三路 1 号", "330106"),
        ("北京市海淀区", "110108"),
        ("重庆渝北区", "500112"),
        ("DE", "DE"),
        ("德国", "DE"),
        ("Germany", "DE"),
        ("香港特别行政区", "81"),
    ],
)
def test_codes_and_names_find_the_most_exact_region(text, code):
    assert regions.find(text) == code


@pytest.mark.parametrize("text", ["999999", "月亮", "QQ", "深"])
def test_what_names_no_place_is_refused(text):
    with pytest.raises(ValueError, match=text):
        regions.validate(text)


def test_names_in_both_languages():
    assert regions.region_name("440305", "zh") == "广东省深圳市南山区"
    assert regions.region_name("110108", "zh") == "北京市海淀区"
    assert regions.region_name("4403", "en") == "Guangdong, 深圳市"
    assert regions.region_name("DE", "en") == "Germany"
    assert regions.region_name("DE", "zh") == "德国"


def test_all_counties_of_the_reference_list_are_known():
    if not REAL.exists():
        pytest.skip("the data folder ../shared is not here")
    with REAL.open(encoding="utf-8-sig") as stream:
        rows = [(row["code"], row["name"]) for row in csv.DictReader(stream)]
    assert [code for code, name in rows if regions.divisions().get(code) != name] == []
