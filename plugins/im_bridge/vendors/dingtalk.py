"""DingTalk 钉钉, two families: oapi (errcode inside HTTP 200) and api v1.0 (HTTP status, token in a header)."""

from __future__ import annotations

from typing import Any

import httpx

from plugins.im_bridge.vendors import dingtalk_bodies as bodies
from plugins.im_bridge.vendors.calls import CallFailed, Sent, Vendor, body_of

OLD = "https://oapi.dingtalk.com"
NEW = "https://api.dingtalk.com"
TOKEN_GONE = ("40014", "42001", "40001")
LATER = ("-1", "90002", "90018", "90005", "130101")
PAGE = 100


class DingTalk(Vendor):
    """One internal app. A token of either family serves both."""

    def fetch_token(self) -> tuple[str, int]:
        """POST /v1.0/oauth2/accessToken; two hours."""
        found = _new(self.http(NEW, "POST", "/v1.0/oauth2/accessToken", json=bodies.token(self.app)))
        return found["accessToken"], int(found["expireIn"])

    def old(self, path: str, body: dict[str, Any]) -> dict[str, Any]:
        """A POST of the old family."""

        def ask(token: str) -> dict[str, Any]:
            return _old(self.http(OLD, "POST", path, params={"access_token": token}, json=body))

        return self.with_token(ask)

    def new(self, method: str, path: str, body: dict[str, Any] | None = None, **params: Any) -> dict[str, Any]:
        """A call of the new family."""

        def ask(token: str) -> dict[str, Any]:
            headers = {"x-acs-dingtalk-access-token": token}
            return _new(self.http(NEW, method, path, params=params, json=body, headers=headers))

        return self.with_token(ask)

    def send(self, body: dict[str, Any]) -> Sent:
        """A work notice. Accepted is not delivered: `result_of` tells."""
        found = self.old("/topapi/message/corpconversation/asyncsend_v2", body)
        return Sent(str(found.get("task_id", "")))

    def result_of(self, task_id: str) -> dict[str, list[str]]:
        """Lists of userids by what became of a work notice within its first 24 hours."""
        asked = {"agent_id": int(self.app.agent_id or 0), "task_id": int(task_id)}
        found = self.old("/topapi/message/corpconversation/getsendresult", asked).get("send_result") or {}
        return {name: value for name, value in found.items() if isinstance(value, list)}

    def create_card(self, body: dict[str, Any]) -> Sent:
        """Make and deliver a card; a failed delivery hides inside HTTP 200."""
        found = self.new("POST", "/v1.0/card/instances/createAndDeliver", body)
        results = (found.get("result") or {}).get("deliverResults") or []
        failed = {r.get("spaceId", ""): r.get("errorMsg") or "failed" for r in results if _is_no(r.get("success"))}
        if _is_no(found.get("success")) and not failed:
            raise CallFailed("refused", "success", "the card was not made")
        return Sent(body["outTrackId"], "", failed)

    def update_card(self, out_track_id: str, params: dict[str, str]) -> None:
        """Change these values of a card for everybody."""
        self.new("PUT", "/v1.0/card/instances", bodies.card_update(out_track_id, params))

    def create_todo(self, union_id: str, body: dict[str, Any]) -> Sent:
        """A to-do of one person; its id is the remote id."""
        found = self.new("POST", f"/v1.0/todo/users/{union_id}/tasks", body, operatorId=union_id)
        return Sent(str(found.get("id", "")))

    def find_todo(self, union_id: str, source_id: str) -> str | None:
        """The id of the to-do with our key, or None: how an unknown create is cleared up."""
        try:
            found = self.new("GET", f"/v1.0/todo/users/{union_id}/tasks/sources/{source_id}")
        except CallFailed as failure:
            if failure.kind == "refused" and failure.code.startswith(("404", "todo.task.notExist", "NotFound")):
                return None
            raise
        return str(found["id"]) if found.get("id") else None

    def finish_todo(self, union_id: str, task_id: str) -> None:
        """Mark a to-do done."""
        self.new("PUT", f"/v1.0/todo/users/{union_id}/tasks/{task_id}", {"done": True}, operatorId=union_id)

    def register_callback(self, url: str, route_key: str, api_secret: str) -> None:
        """Tell DingTalk where card clicks go when Stream is not used."""
        body = {"callbackUrl": url, "callbackRouteKey": route_key, "apiSecret": api_secret, "forceUpdate": True}
        self.new("POST", "/v1.0/card/callbacks/register", body)

    def people(self) -> list[dict[str, str]]:
        """userid, unionid and name of everybody, department by department: one call each, so once a night at most."""
        found: dict[str, dict[str, str]] = {}
        waiting, seen = [1], set()
        while waiting:
            department = waiting.pop()
            if department in seen:
                continue
            seen.add(department)
            below = self.old("/topapi/v2/department/listsub", {"dept_id": department}).get("result") or []
            waiting += [d["dept_id"] for d in below]
            for person in self._members(department):
                keys = ("userid", "unionid", "name")
                found[person["userid"]] = {k: str(person.get(k) or "") for k in keys}
        return list(found.values())

    def _members(self, department: int) -> list[dict[str, Any]]:
        people: list[dict[str, Any]] = []
        cursor: int | None = 0
        while cursor is not None:
            asked = {"dept_id": department, "cursor": cursor, "size": PAGE}
            page = self.old("/topapi/v2/user/list", asked).get("result") or {}
            people += page.get("list") or []
            cursor = page.get("next_cursor") if page.get("has_more") else None
        return people


def _is_no(value: Any) -> bool:
    """False in the several ways in which it is written; the unknown counts as failure."""
    return value not in (True, "true", "True")


def _old(answer: httpx.Response) -> dict[str, Any]:
    if answer.status_code >= 500:
        raise CallFailed("unknown", answer.status_code)
    found = body_of(answer)
    code = str(found.get("errcode", 0))
    if code == "0":
        return found
    if code == "88":  # a wrapper of the gateway
        code = str(found.get("sub_code") or code)
    kind = "token" if code in TOKEN_GONE else "throttled" if code in LATER else "refused"
    raise CallFailed(kind, code, str(found.get("sub_msg") or found.get("errmsg", ""))[:200])


def _new(answer: httpx.Response) -> dict[str, Any]:
    status = answer.status_code
    if status < 300:
        return body_of(answer)
    if status >= 500:
        raise CallFailed("unknown", status)
    try:
        found = answer.json()
    except ValueError:
        found = {}
    code, text = str(found.get("code") or status), str(found.get("message", ""))[:200]
    if status == 401:
        raise CallFailed("token", code, text)
    if status == 429 or "QpsLimit" in code or "QpmLimit" in code:
        raise CallFailed("throttled", code, text)
    raise CallFailed("refused", f"404 {code}" if status == 404 else code, text)
