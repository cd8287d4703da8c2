"""WeCom 企业微信: https://developer.work.weixin.qq.com, base /cgi-bin. HTTP is always 200; `errcode` alone judges."""

from __future__ import annotations

from typing import Any

from plugins.im_bridge.vendors.calls import CallFailed, Sent, Vendor, body_of

BASE = "https://qyapi.weixin.qq.com"
TOKEN_GONE = (40014, 42001)
LATER = (-1, 45009, 45033)
DUPLICATE_SPAN = 14_400
"""Seconds within which WeCom drops the same content to the same people: the most it takes (page 90236)."""


class WeCom(Vendor):
    """One self-built app."""

    def fetch_token(self) -> tuple[str, int]:
        """GET /gettoken; about two hours."""
        asked = {"corpid": self.app.corp_id, "corpsecret": self.app.secret}
        found = checked(body_of(self.http(BASE, "GET", "/cgi-bin/gettoken", params=asked)))
        return found["access_token"], int(found["expires_in"])

    def call(self, method: str, path: str, body: dict | None = None, **params: Any) -> dict[str, Any]:
        """One call with our token."""

        def ask(token: str) -> dict[str, Any]:
            answer = self.http(BASE, method, f"/cgi-bin{path}", params={"access_token": token, **params}, json=body)
            if answer.status_code >= 500:
                raise CallFailed("unknown", answer.status_code)
            return checked(body_of(answer))

        return self.with_token(ask)

    def send(self, body: dict[str, Any]) -> Sent:
        """POST /message/send. People without the app or a licence come back inside an errcode of 0."""
        found = self.call("POST", "/message/send", body)
        failed = dict.fromkeys(_names(found.get("invaliduser")), "invaliduser")
        failed |= dict.fromkeys(_names(found.get("unlicenseduser")), "unlicenseduser")
        return Sent(str(found.get("msgid", "")), found.get("response_code") or "", failed)

    def update_card(self, userid: str, response_code: str, text: str) -> None:
        """POST /message/update_template_card: the buttons of one person's card become `text`."""
        self.call(
            "POST", "/message/update_template_card", replace_button(self.app.agent_id, userid, response_code, text)
        )

    def people(self) -> list[dict[str, str]]:
        """GET /user/simplelist of all departments in sight: userid and name. No mobile, no e-mail since 2022."""
        found: dict[str, dict[str, str]] = {}
        for department in self.call("GET", "/department/simplelist")["department_id"]:
            listed = self.call("GET", "/user/simplelist", department_id=department["id"])
            found |= {u["userid"]: {"userid": u["userid"], "name": u.get("name", "")} for u in listed["userlist"]}
        return list(found.values())


def checked(found: dict[str, Any]) -> dict[str, Any]:
    """The answer, when `errcode` is 0; raises `CallFailed`."""
    code = found.get("errcode", 0)
    if code == 0:
        return found
    kind = "token" if code in TOKEN_GONE else "throttled" if code in LATER else "refused"
    raise CallFailed(kind, code, str(found.get("errmsg", ""))[:200])


def _names(joined: str | None) -> list[str]:
    return [name for name in (joined or "").split("|") if name]


def _message(agent_id: str, userids: list[str], kind: str, content: dict[str, Any]) -> dict[str, Any]:
    return {
        "touser": "|".join(userids),
        "msgtype": kind,
        "agentid": int(agent_id or 0),
        kind: content,
        "enable_duplicate_check": 1,
        "duplicate_check_interval": DUPLICATE_SPAN,
    }


def notice(agent_id: str, userids: list[str], title: str, text: str, url: str, button: str) -> dict[str, Any]:
    """A text card with a link, or plain text where there is no address to link to."""
    if not url:
        return _message(agent_id, userids, "text", {"content": clip(f"{title}\n{text}".strip(), 2048)})
    content = {"title": clip(title, 128), "description": clip(text or title, 512), "url": url, "btntxt": button}
    return _message(agent_id, userids, "textcard", content)


def card(
    agent_id: str,
    userid: str,
    task_id: str,
    title: str,
    facts: list[tuple[str, str]],
    url: str,
    buttons: list[tuple[str, str, int]],
) -> dict[str, Any]:
    """A card with buttons: (text, key, style). `task_id` is ours; letters, digits, `_-@`, at most 128 bytes."""
    content = {
        "card_type": "button_interaction",
        "main_title": {"title": clip(title, 78)},
        "horizontal_content_list": [{"keyname": clip(k, 15), "value": clip(v, 78)} for k, v in facts[:6]],
        "task_id": task_id,
        "button_list": [{"text": text, "style": style, "key": key} for text, key, style in buttons],
    }
    if url:
        content["card_action"] = {"type": 1, "url": url}
    return _message(agent_id, [userid], "template_card", content)


def replace_button(agent_id: str, userid: str, response_code: str, text: str) -> dict[str, Any]:
    """The body of an update; each response code is good once, for at most 72 hours."""
    return {
        "userids": [userid],
        "agentid": int(agent_id or 0),
        "response_code": response_code,
        "button": {"replace_name": clip(text, 60)},
    }


def clip(text: str, size: int) -> str:
    """At most `size` bytes of UTF-8, whole characters."""
    data = text.encode()
    return text if len(data) <= size else data[: size - 3].decode(errors="ignore") + "…"
