"""Sending by Alibaba Cloud (SendSms 2017-05-25) and Tencent Cloud (SendSms 2021-01-11): one call, what came of it."""

from __future__ import annotations

import json
import secrets
from typing import Any
from urllib.parse import urlsplit

import httpx

from core import _, now, outgoing
from plugins.inbox.sms.provider import Account, NotSent, Sms, SmsProvider, Unclear, add_sms_provider
from plugins.inbox.sms.signing import acs3_headers, query_text, tc3_authorization

ALIYUN, TENCENT = "https://dysmsapi.aliyuncs.com", "https://sms.tencentcloudapi.com"
LATER = (
    "isv.BUSINESS_LIMIT_CONTROL",
    "isp.SYSTEM_ERROR",
    "Throttling",
    "ServiceUnavailable",
    "LimitExceeded",
    "InternalError",
    "RequestLimitExceeded",
)
"""Beginnings of codes after which a later try may help; all others are final."""


def send_by_aliyun(account: Account, sms: Sms) -> str:
    """The BizId; raises `NotSent`, `Unclear`. Mainland numbers go without the country."""
    base = account.address or ALIYUN
    params = {
        "PhoneNumbers": sms.number.removeprefix("86"),
        "SignName": account.sign_name,
        "TemplateCode": account.template,
        "TemplateParam": json.dumps(sms.words, ensure_ascii=False),
        "OutId": sms.key,
    }
    key, host = (account.key_id, account.secret), _host(base)
    headers = acs3_headers(host, "SendSms", "2017-05-25", params, key, now(), secrets.token_hex(16))
    answer = _call(base, f"/?{query_text(params)}", headers, b"")
    if answer.get("Code") != "OK":
        raise _refusal(str(answer.get("Code", "")), str(answer.get("Message", "")))
    return str(answer.get("BizId", ""))


def send_by_tencent(account: Account, sms: Sms) -> str:
    """The SerialNo; raises `NotSent`, `Unclear`."""
    base, at = account.address or TENCENT, now()
    given = {
        "PhoneNumberSet": [f"+{sms.number}"],
        "SmsSdkAppId": account.app_id,
        "SignName": account.sign_name,
        "TemplateId": account.template,
        "TemplateParamSet": list(sms.words.values()),
        "SessionContext": sms.key,
    }
    body, kind = json.dumps(given, ensure_ascii=False).encode(), "application/json; charset=utf-8"
    signed = {"content-type": kind, "host": _host(base), "x-tc-action": "sendsms"}
    headers = {
        "Content-Type": kind,
        "Host": _host(base),
        "X-TC-Action": "SendSms",
        "X-TC-Version": "2021-01-11",
        "X-TC-Timestamp": str(int(at.timestamp())),
        "X-TC-Region": account.region or "ap-guangzhou",
        "Authorization": tc3_authorization(signed, body, "sms", (account.key_id, account.secret), at),
    }
    answer = _call(base, "/", headers, body).get("Response", {})
    if fault := answer.get("Error"):
        raise _refusal(str(fault.get("Code", "")), str(fault.get("Message", "")))
    (status, *_more) = answer.get("SendStatusSet") or [{}]
    if status.get("Code") != "Ok":
        raise _refusal(str(status.get("Code", "")), str(status.get("Message", "")))
    return str(status.get("SerialNo", ""))


def _host(base: str) -> str:
    return urlsplit(base).netloc


def _call(base: str, path: str, headers: dict[str, str], body: bytes) -> dict[str, Any]:
    """The answer as it is read; what never reached the provider is another thing than what it did not answer."""
    try:
        with outgoing(base, timeout=15.0) as client:
            answer = client.post(path, headers=headers, content=body)
    except (httpx.ConnectError, httpx.ConnectTimeout, httpx.PoolTimeout) as problem:
        raise NotSent(f"no connection: {problem}", again=True) from None
    except httpx.HTTPError as problem:
        raise Unclear(f"no answer: {type(problem).__name__}") from None
    try:
        found = answer.json()
    except ValueError:
        found = None
    if not isinstance(found, dict):
        raise Unclear(f"HTTP {answer.status_code} without an answer to read")
    return found


def _refusal(code: str, message: str) -> NotSent:
    return NotSent(f"{code}: {message}"[:300], again=code.startswith(LATER))


ALIBABA_CLOUD = add_sms_provider(SmsProvider("aliyun", _("Alibaba Cloud SMS"), send_by_aliyun))
TENCENT_CLOUD = add_sms_provider(SmsProvider("tencent", _("Tencent Cloud SMS"), send_by_tencent))
