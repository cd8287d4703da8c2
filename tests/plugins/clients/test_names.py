"""Names: spellings of one name meet, different names do not."""

from __future__ import annotations

import pytest

from plugins.clients.names import match_key, split_names, stem_key, tidy


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("北京澜岐（集团）有限公司", "北京澜岐(集团)有限公司"),
        ("杭州云岫茶业有限责任公司", "杭州云岫茶业 有限公司"),
        ("NORDHEIM Werkzeug GmbH", "Nordheim Werkzeug, GmbH."),
        ("ＡＢＣ科技有限公司", "ABC科技有限公司"),
    ],
)
def test_spellings_of_one_name_share_a_key(one, other):
    assert match_key(one) == match_key(other)


def test_different_companies_keep_different_keys():
    assert match_key("云岫茶业有限公司") != match_key("云岫茶业股份有限公司")
    assert match_key("云岫") != match_key("云岫茶")


def test_near_names_share_a_stem():
    assert stem_key("屿灵传感技术有限公司") == stem_key("屿灵传感技术")
    assert stem_key("Blaimor Medical Inc.") == stem_key("Blaimor Medical")
    assert stem_key("有限公司") == match_key("有限公司")


def test_a_comma_inside_a_name_does_not_split_it():
    assert split_names("惠普发展公司,有限责任合伙企业") == ["惠普发展公司,有限责任合伙企业"]
    assert split_names("清华大学; 华为技术有限公司；") == ["清华大学", "华为技术有限公司"]


def test_names_are_kept_tidy():
    assert tidy(" 上海 澜岐(集团)有限公司 ; ") == "上海澜岐（集团）有限公司"
    assert tidy("Nordheim  Werkzeug GmbH") == "Nordheim Werkzeug GmbH"
