"""What holds for calls; the rules of the house are checked by the conformance suite."""

from __future__ import annotations

import json
import time

import pytest
from hotline.services import signature
from hotline.steps import called_back

from core import get, record_class, setting
from core.testing import Conformance, Deployment
from plugins.automation import Occasion

KEY = "hotline.call"
SECRET = "key of the test"


class TestConformance(Conformance):
    """Manifest, imports, rights, pages, texts and migrations."""

    plugin = "hotline"


@pytest.fixture(scope="module")
def people(zhian: Deployment) -> dict[str, int]:
    """An operator, a watcher and somebody else; the key of the webhook is set."""
    zhian.configure("hotline", key=SECRET)
    return {
        "operator": zhian.person("operator", "hotline_operator", "partner"),
        "watcher": zhian.person("watcher", "hotline_watcher"),
        "stranger": zhian.person("stranger", "paralegal"),
    }


def tell(zhian, call, key=SECRET, at=None, **headers):
    body, stamp = json.dumps(call).encode(), str(int(at or time.time()))
    signed = {"X-Hotline-Signature": signature(key, stamp, body), "X-Hotline-Timestamp": stamp} | headers
    return zhian.app.test_client().post("/hotline/calls", data=body, headers=signed, content_type="application/json")


def call(ident, number="021-5555 0101"):
    return {"id": ident, "number": number, "at": 1_772_000_000, "seconds": 61}


def test_a_signed_call_is_kept_once_and_found_to_its_client(zhian, people):
    client = zhian.make("clients.client", name="Caller Ltd", phone="02155550101")
    assert tell(zhian, call("c-1")).status_code == 201
    assert tell(zhian, call("c-1")).status_code == 200
    rows = zhian.api(people["operator"]).get(f"{KEY}?client={client}").json["data"]
    assert [(row["caller"], row["state"]) for row in rows] == [("+862155550101", "waiting")]


def test_what_is_not_signed_old_or_no_call_is_refused(zhian, people):
    before = len(zhian.api(people["operator"]).get(KEY).json["data"])
    assert tell(zhian, call("c-2"), key="another key").status_code == 401
    assert tell(zhian, call("c-2"), at=time.time() - 3600).status_code == 401
    assert tell(zhian, call("c-2"), **{"X-Hotline-Timestamp": "soon"}).status_code == 401
    assert tell(zhian, call("c-2"), **{"X-Hotline-Signature": ""}).status_code == 401
    assert tell(zhian, call("c-2", "ring me")).status_code == 400
    assert tell(zhian, ["c-2"]).status_code == 400
    assert len(zhian.api(people["operator"]).get(KEY).json["data"]) == before


def test_programs_read_who_waits_and_note_that_somebody_called_back(zhian, people):
    tell(zhian, call("c-3", "+1 202 555 0148"))
    operator, stranger = zhian.api(people["operator"]), zhian.api(people["stranger"])
    ident = operator.get(f"{KEY}?sort=-id&limit=1").json["data"][0]["id"]
    rest = zhian.app.test_client()
    waiting = rest.get("/api/hotline/waiting", headers=operator.headers)
    assert waiting.status_code == 200
    assert {"client": None, "calls": 1} in waiting.json["data"]
    assert rest.get("/api/hotline/waiting", headers=stranger.headers).status_code == 403
    assert rest.get("/api/hotline/waiting").status_code == 401
    address = f"/api/hotline/calls/{ident}/answered"
    assert rest.post(address, headers=zhian.api(people["watcher"]).headers).status_code == 403
    done = rest.post(address, json={"note": "About a mark"}, headers=operator.headers | {"Idempotency-Key": "k"})
    assert done.json == {"id": ident, "state": "answered"}
    again = rest.post(address, json={"note": "About a mark"}, headers=operator.headers | {"Idempotency-Key": "k"})
    assert again.headers["Idempotent-Replayed"] == "true"
    assert rest.post(address, headers=operator.headers).status_code == 422
    assert operator.get(f"{KEY}/{ident}").json["note"] == "About a mark"
    assert address.replace(str(ident), "{ident}") in operator.get("openapi.json").json["paths"]


def test_numbers_are_masked_for_those_who_only_see(zhian, people):
    tell(zhian, call("c-4", "+86 21 6666 7777"))
    watcher = zhian.api(people["watcher"]).get(f"{KEY}?sort=-id&limit=1")
    assert "66667777" not in watcher.text


def test_the_home_page_counts_the_calls_that_wait(zhian, people):
    tell(zhian, call("c-5"))
    assert "Calls to return" in zhian.browser(people["operator"]).get("/").text
    assert "Calls to return" not in zhian.browser(people["stranger"]).get("/").text


def test_the_key_is_a_secret_that_nobody_is_shown(zhian, people):
    root = zhian.browser(zhian.person("root", "administrator"))
    page = root.get("/settings/hotline")
    assert page.status_code == 200
    assert SECRET not in page.text
    assert zhian.browser(people["operator"]).get("/settings/hotline").status_code == 403
    with zhian.app.app_context():
        assert setting("hotline.key") == SECRET
        assert setting("hotline.country") == "+86"


def test_a_rule_may_note_that_somebody_called_back(zhian, people):
    tell(zhian, call("c-9", "+86 10 5555 0199"))
    operator = zhian.api(people["operator"])
    ident = operator.get(f"{KEY}?sort=-id&limit=1").json["data"][0]["id"]
    with zhian.being(people["operator"]):
        record = get(record_class(KEY), ident)
        occasion = Occasion(1, "Missed calls", 1, "1-1", KEY, record)
        assert called_back(occasion, {"note": "by {rule}"})
        assert (record.state, record.note) == ("answered", "by Missed calls")
