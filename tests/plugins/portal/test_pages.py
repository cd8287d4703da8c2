"""The pages of the portal as their people see them."""

from __future__ import annotations

import pytest

PATHS = ("/portal", "/portal/cases", "/portal/files", "/portal/messages", "/portal/orders", "/portal/account")


@pytest.mark.parametrize("path", PATHS)
@pytest.mark.parametrize("locale", ["zh", "en"])
def test_every_page_opens_for_the_main_account(visitors, path, locale):
    answer = visitors["left", "owner"].get(path, headers={"Cookie": f"zhian_locale={locale}"})
    assert answer.status_code == 200, answer.text[:500]


def test_the_page_of_a_case_opens(visitors, mirror):
    answer = visitors["left", "owner"].get(f"/portal/cases/{mirror.left.cases[0]}")
    assert answer.status_code == 200
    assert "云岫 YUNXIU" in answer.text
    assert "委托已收到" in answer.text
