"""What holds for the risk of clients; the rules of the house are checked by the conformance suite."""

from __future__ import annotations

import pytest

from core.testing import Conformance, Deployment

CLIENT, KEY = "clients.client", "risk.assessment"


class TestConformance(Conformance):
    """Manifest, imports, rights, pages, texts and migrations."""

    plugin = "risk"


@pytest.fixture(scope="module")
def people(zhian: Deployment) -> dict[str, int]:
    """A partner, a head of department, and an agent who works for the client."""
    return {
        "partner": zhian.person("partner", "partner", department="North"),
        "head": zhian.person("head", "dept_head", department="South"),
        "agent": zhian.person("agent", "tm_agent", department="North"),
    }


@pytest.fixture
def client(zhian: Deployment, people: dict[str, int]) -> int:
    """A client for whom the agent works."""
    return zhian.make(CLIENT, name="Slow Payer Ltd", trademark_agent_id=people["agent"])


def assess(api, ident, rating="high"):
    return api.post(f"{CLIENT}/{ident}/actions/risk_assess", {"rating": rating, "reason": "Three bills open"})


def test_assessing_gives_the_client_its_rating_and_keeps_why(zhian, people, client):
    partner = zhian.api(people["partner"])
    assert assess(partner, client).status_code == 200
    found = partner.get(f"{CLIENT}/{client}").json
    assert (found["rating"], found["rated_on"] is not None) == ("high", True)
    kept = partner.get(f"{KEY}?client={client}").json["data"]
    assert [row["reason"] for row in kept] == ["Three bills open"]
    refused = partner.patch(f"{CLIENT}/{client}", {"rating": "low"}, If_Match="*")
    assert refused.json["errors"][0]["code"] == "readonly"


def test_it_is_for_those_who_may(zhian, people, client):
    assert assess(zhian.api(people["head"]), client).status_code == 404
    agent = zhian.api(people["agent"])
    assert assess(agent, client).status_code == 403
    assert assess(zhian.api(people["partner"]), client).status_code == 200
    told = agent.get(f"{CLIENT}/{client}")
    assert told.status_code == 200
    assert told.json.get("rating") is None


def test_the_page_of_the_client_warns_and_lists_the_assessments(zhian, people, client):
    assess(zhian.api(people["partner"]), client)
    browser = zhian.browser(people["partner"])
    assert "This client is of high risk" in browser.get(f"/r/{CLIENT}/{client}").text
    assert "Three bills open" in browser.get(f"/r/{CLIENT}/{client}?tab=risk").text
    assert "This client is of high risk" not in zhian.browser(people["agent"]).get(f"/r/{CLIENT}/{client}").text


def test_the_list_of_cases_shows_the_risk_of_the_client(zhian, people, client):
    assess(zhian.api(people["partner"]), client)
    zhian.make("cases.case", case_type="cr_works", client_id=client, title_text="A song")
    page = zhian.browser(people["partner"]).get("/r/cases.case?view=-")
    assert "Client risk" in page.text
    assert ">High<" in page.text
    with zhian.being(people["agent"]):
        from risk.services import ratings

        assert ratings([client]) == {}


def test_the_home_page_counts_what_is_to_be_looked_at_again(zhian, people, client):
    import datetime

    long_ago = datetime.date(2020, 1, 1)
    zhian.make(CLIENT, name="Forgotten Ltd", rating="medium", rated_on=long_ago)
    browser = zhian.browser(people["partner"])
    assert "Risks to look at again" in browser.get("/").text
    assert "Risks to look at again" not in zhian.browser(people["agent"]).get("/").text
