"""The shared callback encryption: all known answers both ways, refusals, and the same words as wechatpy's."""

from __future__ import annotations

import base64
import json

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from plugins.im_bridge.codec import BadCallback, Codec, card_signature, robot_sign

KEY = "o1w0aum42yaptlz8alnhwikjd3jenzt9cb9wmzptgus"
CORP = "wwzhian00000001"


@pytest.fixture(scope="module")
def vectors(shared_data):
    return json.loads((shared_data / "im-vectors.json").read_text("utf-8"))


def known(vectors):
    """(codec, case) of every given vector, whatever its house calls the fields."""
    wecom, ding = vectors["wecom"], vectors["dingtalk"]
    groups = [wecom["callback_generated"], ding["callback_generated"]]
    groups += [{**ding["callback_npm"], "cases": [ding["callback_npm"]]}]
    groups += [{**case, "cases": [case]} for case in ding["callback_published"]["cases"]]
    for group in groups:
        for case in group["cases"]:
            owner = case.get("receive_id", group.get("owner_key", ""))
            yield Codec.of(group["token"], group.get("encoding_aes_key") or group["aes_key"], owner), case


def test_every_given_message_opens(vectors):
    seen = 0
    for codec, case in known(vectors):
        assert codec.open(case["encrypt"], case["msg_signature"], case["timestamp"], case["nonce"]) == case["plaintext"]
        seen += 1
    assert seen >= 13


def test_our_encryption_gives_the_same_bytes_where_the_random_part_is_known(vectors):
    checked = 0
    for codec, case in known(vectors):
        if "random" in case:
            assert codec.encrypt(case["plaintext"], case["random"].encode()) == case["encrypt"]
            checked += 1
        assert codec.decrypt(codec.encrypt(case["plaintext"])) == case["plaintext"]
        assert codec.signature(case["timestamp"], case["nonce"], case["encrypt"]) == case["msg_signature"]
    assert checked >= 8


def test_the_published_page_of_wecom(vectors):
    page = vectors["wecom"]["callback_published"]
    codec = Codec.of(page["token"], page["encoding_aes_key"], page["receive_id"])
    check, message = page["url_verification"], page["message"]
    opened = codec.open(check["echostr"], check["msg_signature"], check["timestamp"], check["nonce"])
    assert opened == check["plaintext"]
    opened = codec.open(message["encrypt"], message["msg_signature"], message["timestamp"], message["nonce"])
    assert opened == message["plaintext_xml"]


def test_every_malformed_message_is_refused(vectors):
    group = vectors["wx_aes_codec"]["must_reject"]
    codec = Codec.of(group["token"], group["encoding_aes_key"], group["receive_id"])
    for case in group["cases"]:
        with pytest.raises(BadCallback):
            codec.open(case["encrypt"], case["msg_signature"], case["timestamp"], case["nonce"])
    assert len(group["cases"]) == 12


def test_a_wrong_signature_is_refused_before_anything_is_decoded(monkeypatch):
    codec = Codec.of("t", KEY, CORP)
    monkeypatch.setattr(Codec, "decrypt", lambda *_: pytest.fail("decoded an unsigned message"))
    with pytest.raises(BadCallback, match="signature"):
        codec.open(codec.encrypt("x"), "0" * 40, "1", "n")


@pytest.mark.parametrize("key", ["", "short", KEY + "x", "*" * 43])
def test_a_key_that_is_none_is_refused(key):
    with pytest.raises(BadCallback, match="aes_key"):
        Codec.of("t", key, CORP)


@settings(max_examples=150, deadline=None)
@given(st.text(max_size=120), st.integers(0, 2**31))
def test_wechatpy_reads_ours_and_we_read_theirs(text, moment):
    from wechatpy.enterprise.crypto import WeChatCrypto

    theirs, ours = WeChatCrypto("token", KEY, CORP), Codec.of("token", KEY, CORP)
    wrapped = f"<xml>{''.join(c for c in text if c.isalnum())}</xml>"
    from xml.etree import ElementTree

    answer = ElementTree.fromstring(theirs.encrypt_message(wrapped, "nonce", str(moment)))
    found = {part.tag: part.text for part in answer}
    assert ours.open(found["Encrypt"], found["MsgSignature"], found["TimeStamp"], found["Nonce"]) == wrapped
    encrypted, signature = ours.seal(wrapped, str(moment), "nonce")
    envelope = f"<xml><ToUserName>{CORP}</ToUserName><Encrypt>{encrypted}</Encrypt></xml>"
    read = theirs.decrypt_message(envelope, signature, str(moment), "nonce")
    assert (read.decode() if isinstance(read, bytes) else read) == wrapped


@settings(max_examples=200, deadline=None)
@given(st.binary(min_size=0, max_size=200))
def test_noise_is_refused_and_never_breaks(noise):
    codec = Codec.of("t", KEY, CORP)
    with pytest.raises(BadCallback):
        codec.decrypt(base64.b64encode(noise).decode())


def test_robot_and_card_signatures(vectors):
    robot, card = vectors["dingtalk"]["custom_robot_sign"], vectors["dingtalk"]["card_http_callback_signature"]
    assert robot_sign(robot["secret"], robot["timestamp_ms"]) == robot["sign_base64"]
    assert robot_sign(robot["timestamp_ms"], robot["secret"]) != robot["sign_base64"]
    assert card_signature(card["api_secret"], card["timestamp"]) == card["signature"]
