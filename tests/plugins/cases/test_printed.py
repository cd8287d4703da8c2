"""Periods as papers print them."""

from __future__ import annotations

import pytest

from plugins.cases.printed import printed_period, rule_inputs


@pytest.mark.parametrize(
    ("text", "period"),
    [
        ("两个月", {"period_months": 2}),
        ("2 months", {"period_months": 2}),
        ("自收到之日起四个月内", {"period_months": 4}),
        ("15日", {"period_days": 15}),
        ("十五天", {"period_days": 15}),
        ("三十日", {"period_days": 30}),
        ("按通知", {}),
    ],
)
def test_a_printed_period_is_read_in_figures(text, period):
    assert printed_period(text) == period


def test_what_was_entered_in_figures_stands_over_the_words():
    assert rule_inputs({"period_in_notice": "两个月", "period_months": 3}) == {}
    assert rule_inputs({"months": "2"}) == {"extension_months": 2}
