"""Signatures as vendors publish them, texts against stand-ins that judge each signature, doubts, limits, masking."""

from __future__ import annotations

import logging
from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy import select

from core import now, standing_at, system
from plugins.inbox.records import Text
from plugins.inbox.sms import sending
from plugins.inbox.sms.numbers import masked, plain_number
from plugins.inbox.sms.signing import acs3_headers, query_text, tc3_authorization
from tests.standins import sms
from tests.standins.common import serving

TENCENT_BODY = b'{"Limit": 1, "Filters": [{"Values": ["\\u672a\\u547d\\u540d"], "Name": "instance-name"}]}'
TENCENT_AT = datetime.fromtimestamp(1551113065, UTC)
TENCENT_HEADERS = {"content-type": "application/json; charset=utf-8", "host": "cvm.tencentcloudapi.com"}


@pytest.fixture(scope="module", params=["sqlite"])
def backend(request):
    """Sending texts asks nothing of a database that the two would answer differently."""
    return request.param


def test_alibabas_published_example():
    """help.aliyun.com, V3 request structure and signature, fixed parameters."""
    params = {"ImageId": "win2019_1809_x64_dtc_zh-cn_40G_alibase_20230811.vhd", "RegionId": "cn-shanghai"}
    at, nonce = datetime(2023, 10, 26, 10, 22, 32, tzinfo=UTC), "3156853299f313e23d1673dc12e1703d"
    key = ("YourAccessKeyId", "YourAccessKeySecret")
    found = acs3_headers("ecs.cn-shanghai.aliyuncs.com", "RunInstances", "2014-05-26", params, key, at, nonce)
    assert found["Authorization"] == (
        "ACS3-HMAC-SHA256 Credential=YourAccessKeyId,SignedHeaders=host;x-acs-action;x-acs-content-sha256;x-acs-date;"
        "x-acs-signature-nonce;x-acs-version,"
        "Signature=06563a9e1b43f5dfe96b81484da74bceab24a1d853912eee15083a6f0f3283c0"
    )


def test_tencents_published_examples():
    """cloud.tencent.com, Signature v3: the older page with its keys, the present one with masked ones."""
    old = ("AKIDz8krbsJ5yKBZQpn74WFkmLPx3EXAMPLE", "Gu5t9xGARNpq86cd98joQYCN3EXAMPLE")
    assert tc3_authorization(TENCENT_HEADERS, TENCENT_BODY, "cvm", old, TENCENT_AT) == (
        "TC3-HMAC-SHA256 Credential=AKIDz8krbsJ5yKBZQpn74WFkmLPx3EXAMPLE/2019-02-25/cvm/tc3_request, "
        "SignedHeaders=content-type;host, "
        "Signature=72e494ea809ad7a8c8f7a4507b9bddcbaa8e581f516e8da2f66e2c5a96525168"
    )
    new, headers = ("AKID" + "*" * 32, "*" * 32), TENCENT_HEADERS | {"x-tc-action": "describeinstances"}
    assert tc3_authorization(headers, TENCENT_BODY, "cvm", new, TENCENT_AT).endswith(
        "SignedHeaders=content-type;host;x-tc-action, "
        "Signature=10b1a37a7301a02ca19a647ad722d5e43b4b3cff309d421d85b46093f6ab6c4f"
    )


def test_queries_are_encoded_as_rfc_3986_says():
    given = {"B": "a b+c/~*", "A": "澜"}
    assert query_text(given) == "A=%E6%BE%9C&B=a%20b%2Bc%2F~%2A"


@pytest.mark.parametrize(
    ("typed", "plain"),
    [
        ("13800138000", "8613800138000"),
        ("+86 138-0013-8000", "8613800138000"),
        ("８６１３８００１３８０００", "8613800138000"),
        ("+44 7700 900123", "447700900123"),
        ("021-5550000", None),
        ("12345678901", None),
        ("", None),
        (None, None),
    ],
)
def test_numbers_have_one_form(typed, plain):
    assert plain_number(typed) == plain


def test_shown_numbers_are_masked():
    assert masked("8613800138000") == "138****8000"


@pytest.fixture(scope="module")
def cloud():
    app = sms.create()
    with serving(app) as address:
        yield app.standin, address


@pytest.fixture
def account(office, cloud):
    standin, address = cloud
    standin.sent.clear()
    standin.refuse, standin.silent = "", False
    office.set(
        sms_provider="aliyun", sms_key_id=sms.KEY_ID, sms_secret=sms.SECRET, sms_sign_name="澜岐知识产权",
        sms_template="SMS_1", sms_app_id="1400000000", sms_address=address, sms_person=2, sms_day=4,
    )  # fmt: skip
    yield standin
    office.set(sms_provider=None)


def texts():
    with system("look") as session:
        return list(session.scalars(select(Text).order_by(Text.id)))


@pytest.mark.parametrize("vendor", ["aliyun", "tencent"])
def test_a_fatal_message_arrives_as_a_text_with_a_good_signature(office, account, vendor):
    office.set(sms_provider=vendor)
    ident = office.tell("ben", "复审期限 12-14 届满", severity="fatal")
    calm = office.tell("ben", "Calm")
    assert sending.send_due() == {"sent": 1}
    assert sending.send_due() == {}
    (sent,) = account.sent
    if vendor == "aliyun":
        assert (sent["PhoneNumbers"], sent["TemplateParam"]) == ("13800138000", {"text": "复审期限 12-14 届满"})
    else:
        assert (sent["PhoneNumberSet"], sent["TemplateParamSet"]) == (["+8613800138000"], ["复审期限 12-14 届满"])
    (row,) = texts()
    assert (row.state, row.number, row.remote_id[:3]) == (
        "sent",
        "138****8000",
        {"aliyun": "biz", "tencent": "ser"}[vendor],
    )
    office.run(now() + timedelta(minutes=1))
    found = office.delivery(ident, "inbox.sms")
    assert (found.state, found.remote_id) == ("sent", row.remote_id)
    assert office.delivery(calm, "inbox.sms").reason == "not urgent enough"


def test_a_wrong_secret_is_refused_and_told_without_numbers(office, account, caplog):
    office.set(sms_secret="another-secret-than-theirs")
    ident = office.tell("ben", "Refused", severity="fatal")
    with caplog.at_level(logging.DEBUG):
        assert sending.send_due() == {"failed": 1}
    (row,) = texts()
    assert row.error == "SignatureDoesNotMatch: refused for 138****8000"
    assert "13800138000" not in caplog.text.replace("PhoneNumbers=13800138000", "")
    office.run(now() + timedelta(minutes=1))
    assert office.delivery(ident, "inbox.sms").state == "dead"


def test_a_busy_provider_is_asked_again_and_an_unanswered_call_never(office, account):
    account.refuse = "isv.BUSINESS_LIMIT_CONTROL"
    office.tell("ben", "Busy", severity="fatal")
    assert sending.send_due() == {"queued": 1}
    account.refuse = ""
    with standing_at(now() + timedelta(minutes=2)):
        assert sending.send_due() == {"sent": 1}
    account.silent = True
    office.tell("ben", "Silent", severity="fatal")
    assert sending.send_due() == {"unclear": 1}
    account.silent = False
    with standing_at(now() + timedelta(hours=1)):
        assert sending.send_due() == {}
    assert len(account.sent) == 1


def test_limits_of_a_person_and_of_the_day(office, account):
    office.wish("ben", "core.message", "inbox.sms", "now")
    for number in range(3):
        office.tell("ben", f"Plain {number}")
    assert sending.send_due() == {"sent": 2, "failed": 1}
    for number in range(3):
        office.tell("ben", f"Fatal {number}", severity="fatal")
    assert sending.send_due() == {"sent": 2, "failed": 1}
    assert len(account.sent) == 4
