"""The doors that strangers can knock on: what WeCom's console checks, and all that is not let in."""

from __future__ import annotations

import time

import httpx
import pytest

from plugins.im_bridge import callbacks
from plugins.im_bridge.reading import BadCallback, of_wecom, parse_xml
from plugins.im_bridge.receiving import REFUSED

BOMB = '<!DOCTYPE x [<!ENTITY a "aaaaaaaaaa"><!ENTITY b "&a;&a;&a;&a;">]><xml><Encrypt>&b;</Encrypt></xml>'


def url(office, path=""):
    return f"{office.wecom.site}{office.wecom.callback_path}{path}"


def test_the_consoles_check_is_answered_in_the_clear(office):
    assert office.wecom.check_url() == (200, "ok")
    office.wecom.token = "another-token"
    assert office.wecom.check_url()[0] == 403


def test_the_answer_comes_within_the_vendors_time(office):
    started = time.monotonic()
    sent = office.wecom.event("nobody", "zhian_none", "approve:x", "code")
    assert office.wecom.tell(sent) == 200
    assert time.monotonic() - started < 1.0


@pytest.mark.parametrize(
    ("body", "status"),
    [(b"", 403), (b"<xml/>", 403), (BOMB.encode(), 403), (b"{", 403), (b"x" * 70_000, 413), (b"\xff\xfe", 403)],
)
def test_what_is_not_signed_is_refused_without_a_word(office, body, status):
    answer = httpx.post(url(office), content=body, params={"msg_signature": "x", "timestamp": "1", "nonce": "n"})
    assert (answer.status_code, answer.text) == (status, "")
    assert office.inbox() == []
    assert office.audit(REFUSED.message)


def test_unknown_companies_and_apps_are_not_found(office):
    assert httpx.get(url(office, "9")).status_code == 404
    office.change("wecom", active=False)
    assert office.wecom.check_url()[0] == 404


def test_too_many_calls_are_turned_away(office, monkeypatch):
    monkeypatch.setattr(callbacks, "PER_MINUTE", 3)
    callbacks._seen.clear()
    statuses = [httpx.get(url(office)).status_code for _call in range(5)]
    assert statuses[-1] == 429
    callbacks._seen.clear()


def test_a_flood_of_forged_calls_does_not_fill_the_audit(office, monkeypatch):
    monkeypatch.setattr(callbacks, "AUDITED", 2)
    callbacks._seen.clear()
    before = len(office.audit(REFUSED.message))
    statuses = {httpx.post(url(office), content=b"<xml/>").status_code for _call in range(5)}
    assert (statuses, len(office.audit(REFUSED.message)) - before) == ({403}, 2)
    callbacks._seen.clear()


def test_deep_and_odd_bodies_are_refused_like_others(office):
    place = f"{office.ding.site}/im/callback/dingtalk/{office.ding.corp_id}/{office.ding.agent_id}"
    for body in (b"[" * 60_000, b'{"encrypt": 5}', b'{"encrypt": {}}', b"null", b"\xff"):
        assert httpx.post(place, content=body, params={"timestamp": "\u00b2", "nonce": "n"}).status_code == 403


def test_entities_and_broken_xml_are_no_message():
    for text in (BOMB, "<xml>", "", "no xml", '<!DOCTYPE x SYSTEM "file:///etc/passwd"><xml/>'):
        with pytest.raises(BadCallback):
            parse_xml(text)


def test_other_messages_are_kept_and_need_nothing(office):
    xml = "<xml><FromUserName>u</FromUserName><CreateTime>1</CreateTime><MsgType>text</MsgType><MsgId>42</MsgId></xml>"
    assert of_wecom(xml).key == "text:42"
    sent = office.wecom._sealed(xml, str(int(time.time())))
    office.wecom.tell(sent)
    office.run()
    assert [(entry.event, entry.state) for entry in office.inbox()] == [("text", "ignored")]


def test_a_member_who_is_deleted_over_there_loses_the_account(office):
    office.person("wecom", "expert")
    xml = (
        "<xml><FromUserName>sys</FromUserName><CreateTime>2</CreateTime><MsgType>event</MsgType>"
        "<Event>change_contact</Event><ChangeType>delete_user</ChangeType><UserID>expert</UserID></xml>"
    )
    office.wecom.tell(office.wecom._sealed(xml, str(int(time.time()))))
    office.run()
    assert office.inbox()[-1].state == "done"
    office.tell("expert", "Hello")
    assert office.phone("expert") == []
