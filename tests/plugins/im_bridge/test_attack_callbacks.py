"""Strangers, thieves of headers and an impatient platform at the addresses that the messengers call."""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
import os
import sqlite3
import struct
import threading
import time
from concurrent.futures import ThreadPoolExecutor

import httpx
import pytest
from cryptography.hazmat.primitives.ciphers import Cipher, algorithms, modes

from core import db
from plugins.im_bridge import callbacks
from tests.plugins.im_bridge.conftest import CARD_SECRET
from tests.plugins.workflow.conftest import approve
from tests.standins.wecom import WeCom

TOKEN = "lanqidemotoken01"


def sealed(message: bytes, owner: str, *, pad: int | None = None, length: int | None = None) -> str:
    """Encrypted as the vendors' pages say; written anew, not with the codec under test."""
    key = base64.b64decode(WeCom.aes_key + "=")
    plain = os.urandom(16) + struct.pack(">I", len(message) if length is None else length) + message + owner.encode()
    count = 32 - len(plain) % 32
    worker = Cipher(algorithms.AES(key), modes.CBC(key[:16])).encryptor()
    return base64.b64encode(
        worker.update(plain + bytes([count if pad is None else pad]) * count) + worker.finalize()
    ).decode()


def query(encrypted: str, timestamp: str | None = None, name: str = "msg_signature") -> dict[str, str]:
    """Signed parameters of an address."""
    timestamp, nonce = timestamp or str(int(time.time())), os.urandom(4).hex()
    joined = "".join(sorted((TOKEN, timestamp, nonce, encrypted)))
    return {name: hashlib.sha1(joined.encode()).hexdigest(), "timestamp": timestamp, "nonce": nonce}


def xml(encrypted: str) -> bytes:
    return f"<xml><ToUserName>c</ToUserName><Encrypt><![CDATA[{encrypted}]]></Encrypt></xml>".encode()


def wecom(office) -> str:
    return f"{office.wecom.site}{office.wecom.callback_path}"


def ding(office, more="") -> str:
    return f"{office.ding.site}/im/callback/dingtalk/{office.ding.corp_id}/{office.ding.agent_id}{more}"


@pytest.fixture(autouse=True)
def unhurried():
    callbacks._seen.clear()
    yield
    callbacks._seen.clear()


def click_xml(card, key, who, code="RC1", extra=""):
    return (
        f"<xml><FromUserName>{who}</FromUserName><CreateTime>{int(time.time())}</CreateTime><MsgType>event</MsgType>"
        f"<Event>template_card_event</Event><EventKey>{key}</EventKey><TaskId>{card}</TaskId>"
        f"<ResponseCode>{code}</ResponseCode>{extra}</xml>"
    ).encode()


@pytest.fixture
def asked(office, flows):
    office.person("wecom", "expert")
    office.person("wecom", "expert2")
    flows.define([approve("look", "role:reviewer")])
    flows.run = flows.start(flows.case())
    office.run()
    return flows


def keys_of(office, login):
    (card,) = [m for m in office.phone(login) if m.get("buttons")]
    return card["task"], next(key for _text, key, _main in card["buttons"] if key.startswith("approve"))


def test_every_flipped_bit_is_refused_and_nothing_tells_why(office):
    good = sealed(b"<xml/>", office.wecom.corp_id)
    raw, answers = base64.b64decode(good), set()
    for at in range(0, len(raw) * 8, 37):
        bent = bytearray(raw)
        bent[at // 8] ^= 1 << (at % 8)
        text = base64.b64encode(bent).decode()
        unsigned = httpx.post(wecom(office), content=xml(text), params=query(good))
        signed = httpx.post(wecom(office), content=xml(text), params=query(text))
        answers |= {(unsigned.status_code, unsigned.text)}
        assert signed.status_code in (200, 403)  # bits of the 16 random bytes at the head mean nothing
        assert signed.text == ""
    assert answers == {(403, "")}


@pytest.mark.parametrize(
    "given",
    [
        {"message": b"<xml/>", "owner": "ww-somebody-else"},
        {"message": b"<xml/>", "owner": ""},
        {"message": b"<xml/>", "owner": None, "length": 2**32 - 1},
        {"message": b"<xml/>", "owner": None, "length": 0},
        {"message": b"<xml/>" * 3, "owner": None, "pad": 0},
        {"message": b"\xff\xfe<xml/>", "owner": None},
        {"message": b"<a>" * 12_000, "owner": None},
        {"message": b"", "owner": None},
    ],
    ids=range(8),
)
def test_well_signed_nonsense_is_refused(office, given):
    owner = given["owner"] if given["owner"] is not None else office.wecom.corp_id
    text = sealed(given["message"], owner, pad=given.get("pad"), length=given.get("length"))
    answer = httpx.post(wecom(office), content=xml(text), params=query(text))
    assert (answer.status_code, answer.text) == (403, "")
    assert office.inbox() == []


@pytest.mark.parametrize(
    "body",
    [
        b'<?xml version="1.0" encoding="no-such-code"?><xml/>',
        b'<?xml version="1.0" encoding="UTF-16"?><xml/>',
        b"<xml><Encrypt>" + b"A" * 65_000 + b"</Encrypt></xml>",
        b"<x" + b" a='1'" * 9000 + b"/>",
        "<xml><Encrypt>\U0001f600\u00e9</Encrypt></xml>".encode(),
    ],
    ids=range(5),
)
def test_odd_bodies_before_any_signature(office, body):
    answer = httpx.post(wecom(office), content=body, params={"msg_signature": "é", "timestamp": "1", "nonce": "\0"})
    assert (answer.status_code, answer.text) in {(403, ""), (413, "")}


@pytest.mark.parametrize("place", ["wecom/%00/1", "wecom/a/%00", "dingtalk/%ff/1", f"wecom/{'a' * 5000}/1"])
def test_odd_addresses_lead_nowhere(office, place):
    for answer in (ask(f"{office.wecom.site}/im/callback/{place}") for ask in (httpx.post, httpx.get)):
        assert answer.status_code in (302, 400, 404, 405)


@pytest.mark.parametrize("text", ['"\\ud800"', '"\\u0000"', "1e999", '["x"]', "{}", '"' + "[" * 900 + '"'])
def test_odd_encrypted_parts_of_dingtalk_are_refused(office, text):
    body = f'{{"encrypt": {text}}}'.encode()
    answer = httpx.post(ding(office), content=body, params={"signature": "x", "timestamp": "1", "nonce": "n"})
    assert (answer.status_code, answer.text) == (403, "")


def test_deeply_nested_values_are_refused_at_every_depth(office):
    from plugins.im_bridge.codec import BadCallback
    from plugins.im_bridge.reading import of_ding_click, parse_json

    for depth in range(850, 1000, 3):
        try:
            of_ding_click(parse_json('{"userId": ' + "[" * depth + "]" * depth + "}"), "k")
        except BadCallback:
            continue


def card_headers(moment: str | None = None) -> dict[str, str]:
    moment = moment or str(int(time.time() * 1000))
    sign = base64.b64encode(hmac.new(CARD_SECRET.encode(), moment.encode(), hashlib.sha256).digest()).decode()
    return {"x-ddpaas-signature-timestamp": moment, "x-ddpaas-signature": sign}


@pytest.mark.parametrize("odd", ["\ud800", "\u0000", "x" * 5000, "𠮷"])
def test_a_signed_card_call_with_odd_texts_is_answered_and_harms_nothing(office, odd):
    inner = {"cardPrivateData": {"actionIds": [odd], "params": {"action": odd, "token": odd, "reason": odd}}}
    body = {"outTrackId": odd, "userId": odd, "content": json.dumps(inner)}
    answer = httpx.post(ding(office, "/card"), content=json.dumps(body).encode(), headers=card_headers())
    assert answer.status_code in (200, 403)
    office.run()
    assert {entry.state for entry in office.inbox()} <= {"refused"}


def test_captured_headers_carry_no_second_body_and_no_forged_click(office, flows):
    office.person("dingtalk", "expert")
    flows.define([approve("look", "user:expert")])
    run = flows.start(flows.case())
    office.run()
    (message,) = [m for m in office.messages("expert") if m.kind == "card"]
    forged = {"cardPrivateData": {"actionIds": ["approve"], "params": {"action": "approve", "token": "0" * 32}}}
    body = {"outTrackId": message.key, "userId": "expert", "content": json.dumps(forged)}
    headers = card_headers()
    statuses = [httpx.post(ding(office, "/card"), json=body, headers=headers).status_code for _twice in range(3)]
    assert statuses == [200, 403, 403]
    old = card_headers(str(int((time.time() - 3600) * 1000)))
    ahead = card_headers(str(int((time.time() + 3600) * 1000)))
    assert [httpx.post(ding(office, "/card"), json=body, headers=h).status_code for h in (old, ahead)] == [403, 403]
    office.run()
    assert [entry.state for entry in office.inbox()] == ["refused"]
    assert flows.open_nodes(run) == ["look"]


def test_one_click_told_twenty_times_at_once_decides_once(office, asked):
    card, key = keys_of(office, "expert")
    text = sealed(click_xml(card, key, "expert"), office.wecom.corp_id)
    signed = query(text)
    with ThreadPoolExecutor(20) as many:
        statuses = list(
            many.map(lambda _n: httpx.post(wecom(office), content=xml(text), params=signed, timeout=30), range(20))
        )
    assert {answer.status_code for answer in statuses} == {200}
    office.run()
    (entry,) = office.inbox()
    assert (entry.state, entry.repeats) == ("done", 19)
    assert asked.log(asked.run).count("approve") == 1


def test_clicks_of_the_wrong_people_decide_nothing(office, asked):
    card, key = keys_of(office, "expert")
    for number, (who, chosen) in enumerate(
        [
            ("expert2", key),
            ("nobody", key),
            ("EXPERT", key),
            ("expert", "approve"),
            ("expert", "approve:"),
            ("expert", f"delete:{key.partition(':')[2]}"),
            ("", key),
            ("expert ' or 1=1", key),
        ]
    ):
        text = sealed(click_xml(card, chosen, who, code=f"RC{number}"), office.wecom.corp_id)
        assert httpx.post(wecom(office), content=xml(text), params=query(text)).status_code == 200
    office.run()
    assert {entry.state for entry in office.inbox()} == {"refused"}
    assert asked.open_nodes(asked.run) == ["look"]


def test_hours_later_and_from_a_wrong_clock_nothing_is_let_in(office, asked):
    card, key = keys_of(office, "expert")
    text = sealed(click_xml(card, key, "expert"), office.wecom.corp_id)
    for moment in (-7200, -400, 400, 7200):
        signed = query(text, str(int(time.time() + moment)))
        assert httpx.post(wecom(office), content=xml(text), params=signed).status_code == 403
    for moment in ("٣٣٣", "1e9", "-1", " ", "1" * 400, "1.5"):
        assert httpx.post(wecom(office), content=xml(text), params=query(text, moment)).status_code == 403
    assert office.inbox() == []


def test_two_response_codes_as_long_as_they_may_be_are_two_clicks(office, asked):
    card, key = keys_of(office, "expert")
    for code in ("R" * 300 + "1", "R" * 300 + "2"):
        text = sealed(click_xml(card, key, "expert", code=code), office.wecom.corp_id)
        assert httpx.post(wecom(office), content=xml(text), params=query(text)).status_code == 200
    office.run()
    assert [entry.state for entry in office.inbox()] == ["done", "neutral"]
    assert asked.log(asked.run).count("approve") == 1


def test_answers_come_in_time_while_the_database_is_being_written(office, asked, backend):
    if backend != "sqlite":
        pytest.skip("only SQLite has one writer")
    card, key = keys_of(office, "expert")
    path = db.engine.url.database
    db.session.rollback()
    held = threading.Event()

    def write():
        other = sqlite3.connect(path, isolation_level=None, timeout=30)
        other.execute("BEGIN IMMEDIATE")
        held.set()
        time.sleep(3)
        other.execute("ROLLBACK")
        other.close()

    writer = threading.Thread(target=write)
    writer.start()
    held.wait(10)
    started = time.monotonic()
    echo = sealed(b"echo-0815", office.wecom.corp_id)
    answer = httpx.get(wecom(office), params=query(echo) | {"echostr": echo}, timeout=10)
    checked = time.monotonic() - started
    text = sealed(click_xml(card, key, "expert"), office.wecom.corp_id)
    clicked = httpx.post(wecom(office), content=xml(text), params=query(text), timeout=10)
    writer.join()
    assert (answer.status_code, answer.text) == (200, "echo-0815")
    assert checked < 1.0
    assert clicked.status_code == 200
    assert time.monotonic() - started < 5.0
