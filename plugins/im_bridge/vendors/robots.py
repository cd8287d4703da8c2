"""Group robots of both vendors: one way, no clicks back, nobody's receipt. For digests, never for approvals."""

from __future__ import annotations

from typing import Any

import httpx

from core import outgoing
from plugins.im_bridge.codec import robot_sign
from plugins.im_bridge.vendors.calls import NEVER_LEFT, CallFailed, body_of
from plugins.im_bridge.vendors.wecom import clip

WECOM = "https://qyapi.weixin.qq.com"
DINGTALK = "https://oapi.dingtalk.com"
TOO_FAST = (45009, 130101, -1)


def send(kind: str, key: str, sign_secret: str, title: str, text: str, now_ms: int, server: str = "") -> None:
    """Post Markdown into the group; raises `CallFailed`. The key is the credential and never stands in a log."""
    if kind == "wecom":
        base, path, params = WECOM, "/cgi-bin/webhook/send", {"key": key}
        body: dict[str, Any] = {"msgtype": "markdown", "markdown": {"content": clip(f"**{title}**\n{text}", 4096)}}
    else:
        base, path, params = DINGTALK, "/robot/send", {"access_token": key}
        if sign_secret:
            params |= {"timestamp": str(now_ms), "sign": robot_sign(sign_secret, str(now_ms))}
        body = {"msgtype": "markdown", "markdown": {"title": title, "text": clip(f"### {title}\n\n{text}", 4096)}}
    try:
        with outgoing(server or base) as client:
            answer = client.post(path, params=params, json=body)
    except NEVER_LEFT:
        raise CallFailed("unreachable") from None
    except httpx.HTTPError:
        raise CallFailed("unknown") from None
    if answer.status_code >= 500:
        raise CallFailed("unknown", answer.status_code)
    found = body_of(answer)
    if code := found.get("errcode", 0):
        kind_of_failure = "throttled" if code in TOO_FAST else "refused"
        raise CallFailed(kind_of_failure, code, str(found.get("errmsg", ""))[:200])
