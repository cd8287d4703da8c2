"""What holds for plant varieties; the rules of the house are checked by the conformance suite."""

from __future__ import annotations

import pytest

from core.testing import Conformance, Deployment

KEY = "cases.case"


class TestConformance(Conformance):
    """Manifest, imports, rights, pages, texts and migrations."""

    plugin = "plant_varieties"


@pytest.fixture(scope="module")
def api(zhian: Deployment):
    """An administrator, who may do everything with cases."""
    return zhian.api(zhian.person("root", "administrator"))


@pytest.fixture
def case(zhian: Deployment):
    """An application that was filed and accepted."""
    values = {"case_type": "pv_application", "denomination": "Zhonghuang 901", "title_text": "Soybean"}
    return zhian.make(KEY, status="accepted", **values)


def test_a_case_of_this_type_is_taken_in_with_its_own_number_and_fields(api):
    made = api.post(KEY, {"case_type": "pv_application", "title": "Soybean", "denomination": "Zhonghuang 901"})
    assert made.status_code == 201, made.text
    assert made.json["number"].startswith("PZ")
    assert (made.json["status"], made.json["right_kind"]) == ("intake", "plant_variety")
    assert api.get(f"{KEY}?q=Zhonghuang").json["data"]


def test_events_move_it_and_its_deadlines_follow(zhian, api, case):
    path = f"{KEY}/{case}/actions/record_event"
    told = {"event": "PV_REFUSED", "date": "2026-11-02", "dispatch_date": "2026-11-02", "service_date": "2026-11-09"}
    done = api.post(path, told | {"filed_at": "Folder 7"})
    assert done.status_code == 200, done.text
    assert api.get(f"{KEY}/{case}").json["status"] == "refused"
    found = api.get(f"deadlines.deadline?case={case}&status=open").json["data"]
    assert [(row["rule_code"], row["due"]) for row in found] == [("PV.REVIEW", "2027-02-09")]
    answered = {"event": "PV_REVIEW_FILED", "date": "2026-11-20", "submission_date": "2026-11-20"}
    assert api.post(path, answered).status_code == 200
    states = {row["status"] for row in api.get(f"deadlines.deadline?case={case}").json["data"]}
    assert states <= {"met", "to_confirm"}


def test_a_sale_on_the_case_warns_before_novelty_is_lost(zhian, api):
    case = zhian.make(KEY, case_type="pv_application", title_text="Apple", woody=True)
    done = api.patch(
        f"{KEY}/{case}", {"first_sold_on": "2026-05-06", "first_sold_abroad_on": "2022-05-06"}, If_Match="*"
    )
    assert done.status_code == 200, done.text
    found = {r["rule_code"]: r["due"] for r in api.get(f"deadlines.deadline?case={case}").json["data"]}
    assert found == {"PV.FILING_CHINA": "2027-05-06", "PV.FILING_ABROAD": "2028-05-06"}


def test_its_page_list_and_form_open(zhian, case):
    browser = zhian.browser(zhian.person("root", "administrator"))
    page = browser.get(f"/r/{KEY}/{case}")
    assert page.status_code == 200
    assert "Zhonghuang 901" in page.text
    assert "Accepted, preliminary examination" in browser.get(f"/r/{KEY}?view=-").text
    assert 'name="denomination"' in browser.get(f"/r/{KEY}/new?case_type=pv_application").text
