"""DingTalk: cards and to-dos, clicks by Stream through the vendor's own client, clicks and events over HTTP."""

from __future__ import annotations

import asyncio
import base64
import hashlib
import hmac
import json
import logging
import os
import secrets
import subprocess
import sys
import threading
import time

import httpx
import pytest

from core import run_action, system, update
from plugins.im_bridge import stream
from plugins.im_bridge.accounts import facts_of
from plugins.im_bridge.codec import Codec
from plugins.im_bridge.records import App, Person
from tests.plugins.im_bridge.conftest import CARD_SECRET
from tests.plugins.workflow.conftest import approve
from tests.support.running import environment

dingtalk_stream = pytest.importorskip("dingtalk_stream")


@pytest.fixture
def asked(office, flows):
    """Two reviewers with DingTalk accounts are asked."""
    for login in ("expert", "expert2"):
        office.person("dingtalk", login)
    flows.define([approve("look", "role:reviewer")])

    def start(**settings):
        office.change("dingtalk", **settings)
        flows.run = flows.start(flows.case())
        office.run()
        return flows

    return start


@pytest.fixture
def line(office):
    """The process' client of one app, on an open line."""
    with system("an app of a test") as session:
        facts = facts_of(session.get(App, office.apps["dingtalk"]))
    client = stream.client_of(office.app, facts)
    thread = threading.Thread(target=lambda: asyncio.run(client.start()), daemon=True)
    thread.start()
    wait(lambda: office.ding.gateway.lines)
    yield client
    client.open_connection = no_more
    for line in office.ding.gateway.lines:
        line.close()
    thread.join(5)


def no_more():
    """What ends the vendor's endless loop."""
    raise KeyboardInterrupt


def wait(found, seconds=10.0):
    end = time.monotonic() + seconds
    while not found():
        assert time.monotonic() < end, "nothing came"
        time.sleep(0.02)


def test_a_card_and_a_todo_ask_and_both_close(office, asked, line):
    flows = asked()
    card, todo = office.phone("expert", "dingtalk")
    assert [b[0] for b in card["buttons"]] == ["同意", "退回"]
    assert todo["note"] == "待办"
    ack = office.ding.click("expert", card["card"], "approve")[0]
    assert ack["code"] == 200
    office.run()
    assert flows.log(flows.run)[-2:] == ["approve", "complete"]
    for login in ("expert", "expert2"):
        card, todo = office.phone(login, "dingtalk")
        assert (card["said"], todo["said"]) == ("已同意 · expert", "已完成")
    assert [entry.state for entry in office.inbox()] == ["done"]


def test_a_redelivered_frame_counts_once(office, asked, line):
    flows = asked()
    office.ding.orders.order("click_twice", "click")
    office.ding.click("expert", office.phone("expert", "dingtalk")[0]["card"], "approve")
    office.run()
    (entry,) = office.inbox()
    assert (entry.state, entry.repeats) == ("done", 1)
    assert flows.log(flows.run).count("approve") == 1


def test_a_click_without_the_cards_token_is_refused(office, asked, line):
    flows = asked()
    office.ding.click("expert", office.phone("expert", "dingtalk")[0]["card"], "approve", token="guess")
    office.run()
    assert office.inbox()[-1].state == "refused"
    assert flows.open_nodes(flows.run) == ["look"]


def test_who_leaves_the_company_loses_the_account(office, asked, line):
    asked()
    assert office.ding.leave("expert2")["code"] == 200
    office.run()
    with system("look at accounts") as session:
        assert [p.userid for p in session.query(Person).order_by(Person.userid)] == ["expert"]


def test_the_stream_client_tells_no_secret_and_no_ticket(office, caplog):
    caplog.set_level(logging.DEBUG)
    with system("an app of a test") as session:
        facts = facts_of(session.get(App, office.apps["dingtalk"]))
    stream.quiet()
    found = stream.open_line(office.app, facts)
    logger = logging.getLogger("dingtalk_stream.client")
    logger.info("endpoint is %s", found)
    logger.error("failed with %s and %s", found["ticket"], facts.secret)
    text = caplog.text
    assert found["ticket"] not in text
    assert facts.secret not in text
    assert "failed with" in text


def test_a_line_that_cannot_be_opened_is_shown_at_the_app(office):
    office.change("dingtalk", secret="wrong-secret-of-somebody")
    with system("an app of a test") as session:
        facts = facts_of(session.get(App, office.apps["dingtalk"]))
    assert stream.open_line(office.app, facts) is None
    with system("look") as session:
        assert "401" in session.get(App, facts.id).last_error


PLAIN = """
import asyncio, dingtalk_stream, logging, sys
class Clicks(dingtalk_stream.CallbackHandler):
    async def process(self, message):
        return dingtalk_stream.AckMessage.STATUS_OK, {"heard": message.data}
client = dingtalk_stream.DingTalkStreamClient(
    dingtalk_stream.Credential(*sys.argv[1:3]), logger=logging.getLogger("quiet"))
client.register_callback_handler(dingtalk_stream.CallbackHandler.TOPIC_CARD_CALLBACK, Clicks())
asyncio.run(client.start())
"""


def test_the_vendors_plain_client_works_with_the_gateway(office):
    """Judges the stand-in: the client as it comes, in a process of its own, pointed here by its own setting."""
    with system("an app of a test") as session:
        server = session.get(App, office.apps["dingtalk"]).server
    command = [sys.executable, "-c", PLAIN, office.ding.app_key, office.ding.secret]
    process = subprocess.Popen(command, env=os.environ | {"DINGTALK_OPENAPI_ENDPOINT": server})
    try:
        wait(lambda: office.ding.gateway.lines, 20)
        ack = office.ding.gateway.push("CALLBACK", "/v1.0/card/instances/callback", {"outTrackId": "ot-1"})
        assert json.loads(ack["data"]) == {"response": {"heard": {"outTrackId": "ot-1"}}}
    finally:
        process.kill()
        process.wait(10)


# over HTTP ------------------------------------------------------------------------------------------------------------


@pytest.fixture
def over_http(office, asked, acting):
    """Cards whose clicks come over HTTP, at the registered address."""
    flows = asked(stream=False)
    path = f"/im/callback/dingtalk/{office.ding.corp_id}/{office.ding.agent_id}/card"
    office.ding.callback = {"callbackUrl": f"{office.ding.site}{path}", "apiSecret": CARD_SECRET}
    return flows


def test_a_click_over_http_decides(office, over_http):
    card = office.phone("expert", "dingtalk")[0]["card"]
    assert office.ding.click("expert", card, "send_back", reason="mistake") == [200]
    office.run()
    assert "内容需要更正" in [s.opinion for s in over_http.steps(over_http.run)]
    assert office.phone("expert2", "dingtalk")[0]["said"] == "已退回 · expert"


@pytest.mark.parametrize(("order", "wanted"), [("click_replayed", [200, 403]), ("click_wrong_signature", [403])])
def test_a_captured_or_forged_signature_opens_nothing(office, over_http, order, wanted):
    office.ding.orders.order(order, "click")
    assert office.ding.click("expert", office.phone("expert", "dingtalk")[0]["card"], "approve") == wanted
    office.run()
    assert over_http.log(over_http.run).count("approve") == (1 if 200 in wanted else 0)


def test_a_signature_of_yesterday_opens_nothing(office, over_http):
    office.ding.orders.order("click_stale", "click")
    assert office.ding.click("expert", office.phone("expert", "dingtalk")[0]["card"], "approve") == [403]
    assert office.inbox() == []


def test_a_captured_pair_with_another_body_opens_nothing(office, over_http):
    """The signature covers the time alone: once used it is worth nothing, whatever the body says."""
    stamp = str(int(time.time() * 1000))
    mark = base64.b64encode(hmac.new(CARD_SECRET.encode(), stamp.encode(), hashlib.sha256).digest()).decode()
    headers = {"x-ddpaas-signature-timestamp": stamp, "x-ddpaas-signature": mark}
    url = office.ding.callback["callbackUrl"]
    cards = [office.phone(login, "dingtalk")[0]["card"] for login in ("expert", "expert2")]
    statuses = []
    for card, login in zip(cards, ("expert", "expert2"), strict=True):
        params = {"action": "approve", "token": office.ding.cards[card]["params"]["token"]}
        content = json.dumps({"cardPrivateData": {"actionIds": ["approve"], "params": params}})
        body = {"outTrackId": card, "corpId": office.ding.corp_id, "userId": login, "content": content}
        statuses.append(httpx.post(url, json=body, headers=headers).status_code)
    assert statuses == [200, 403]


def event(office, data, timestamp=None, token="lanqidemotoken01"):
    codec = Codec.of(token, office.wecom.aes_key, office.ding.app_key)
    timestamp, nonce = timestamp or str(int(time.time() * 1000)), secrets.token_hex(6)
    encrypted, signature = codec.seal(json.dumps(data), timestamp, nonce)
    url = f"{office.ding.site}/im/callback/dingtalk/{office.ding.corp_id}/{office.ding.agent_id}"
    params = {"signature": signature, "timestamp": timestamp, "nonce": nonce}
    return codec, httpx.post(url, params=params, json={"encrypt": encrypted})


def test_an_event_over_http_is_answered_by_the_encrypted_word(office):
    codec, answer = event(office, {"EventType": "check_url"})
    found = answer.json()
    opened = codec.open(found["encrypt"], found["msg_signature"], found["timeStamp"], found["nonce"])
    assert (answer.status_code, opened, office.inbox()) == (200, "success", [])
    event(office, {"EventType": "user_leave_org", "eventId": "e-1", "UserId": ["nobody"]})
    event(office, {"EventType": "user_leave_org", "eventId": "e-1", "UserId": ["nobody"]})
    (entry,) = office.inbox()
    assert (entry.event, entry.repeats) == ("user_leave_org", 1)


def test_events_that_are_old_or_not_signed_are_refused(office):
    old = str(int((time.time() - 3600) * 1000))
    assert event(office, {"EventType": "x"}, timestamp=old)[1].status_code == 403
    assert event(office, {"EventType": "x"}, token="another")[1].status_code == 403
    url = f"{office.ding.site}/im/callback/dingtalk/{office.ding.corp_id}/{office.ding.agent_id}"
    assert httpx.post(url, json={"encrypt": "x"}).status_code == 403
    assert httpx.post(url, content=b"x" * 70_000).status_code == 413
    assert httpx.post(f"{url}9", json={}).status_code == 404


def test_the_callback_is_registered_from_the_page(office, acting):
    office.change("dingtalk", stream=False, server=None)
    with system("an app of a test") as session:
        server = office.ding.site and session.get(App, office.apps["wecom"]).server
        update(session.get(App, office.apps["dingtalk"]), {"server": server.rpartition(":")[0] + ":9"})
    with acting("root"):
        from core import Refused, get

        with pytest.raises(Refused):
            run_action(get(App, office.apps["dingtalk"]), "im_bridge.app", "register_callback")


@pytest.mark.one_database
def test_the_process_keeps_its_line_stores_clicks_and_starts_afresh_when_the_app_changes(office, asked, settings):
    flows = asked()
    more = {"ZHIAN_SECRET": settings.secret, "ZHIAN_PLUGINS": ",".join(settings.plugins)}
    more |= {"DATABASE_URL": settings.database_url} if settings.database_url else {}
    command = [sys.executable, "-P", "-m", "core.cli", "--data", str(settings.data), "im-stream"]
    process = subprocess.Popen(command, env=environment(**more), stderr=subprocess.PIPE, text=True)
    try:
        wait(lambda: office.ding.gateway.lines, 30)
        ack = office.ding.click("expert", office.phone("expert", "dingtalk")[0]["card"], "approve")[0]
        assert (ack["code"], json.loads(ack["data"])) == (200, {"response": {}})
        office.run()
        assert flows.log(flows.run)[-2:] == ["approve", "complete"]
        office.change("dingtalk", robot_code="another")
        assert process.wait(20) == 0
        told = process.stderr.read()
        assert office.ding.secret not in told
        assert "ticket" not in told
    finally:
        process.kill()
