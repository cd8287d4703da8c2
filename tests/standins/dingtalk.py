"""A stand-in for DingTalk, from the vendor's pages: both API families, cards, to-dos, robots, Stream, HTTP callbacks.

Phones at /phone/<userid> show notices, cards and to-dos and click them. Misbehaves when told to.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
import secrets
import threading
import time
from collections import defaultdict
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from flask import Flask, Response, jsonify, redirect, render_template_string, request

from tests.standins import pages
from tests.standins.common import AFTER, BEFORE, CALLBACK, Orders, Standin, people, spoils
from tests.standins.gateway import CARD_TOPIC, Gateway

NAME = "dingtalk"
PORT = 18803
TITLE = "钉钉替身 · DingTalk stand-in"
KINDS = (*BEFORE, *AFTER, *CALLBACK, "fail_in_200")
QPS = 20


@dataclass
class DingTalk(Standin):
    """The company and its one internal app."""

    corp_id: str = "dinglanqidemo00001"
    agent_id: int = 2000001
    app_key: str = "dinglanqiappkey01"
    secret: str = "demo-dingtalk-secret-of-the-stand-in"
    template_id: str = "lanqi-approval.schema"
    robot_secret: str = ""
    people: dict[str, str] = field(default_factory=people)
    tokens: dict[str, float] = field(default_factory=dict)
    phones: dict[str, list[dict[str, Any]]] = field(default_factory=lambda: defaultdict(list))
    cards: dict[str, dict[str, Any]] = field(default_factory=dict)
    todos: dict[str, dict[str, Any]] = field(default_factory=dict)
    notices: dict[int, list[str]] = field(default_factory=dict)
    today: set[tuple[str, str, str]] = field(default_factory=set)
    callback: dict[str, str] = field(default_factory=dict)
    calls: int = 0
    pushes: int = 0
    group: list[str] = field(default_factory=list)
    group_times: list[float] = field(default_factory=list)
    per_second: dict[tuple[str, int], int] = field(default_factory=lambda: defaultdict(int))
    held: list[dict[str, Any]] = field(default_factory=list)
    gateway: Gateway = field(default_factory=Gateway)
    last_id: int = 0

    def union(self, userid: str) -> str:
        """The unionId of somebody."""
        return f"union-{userid}"

    def _put(self, userid: str, **message: Any) -> None:
        self.last_id += 1
        self.phones[userid].append({"id": self.last_id, "at": datetime.now().strftime("%H:%M:%S"), **message})

    # the old family -----------------------------------------------------------------------------------------------

    def send(self, body: dict[str, Any]) -> dict[str, Any]:
        """asyncsend_v2: the same content reaches the same person once a day, without an error."""
        people = [name for name in str(body.get("userid_list", "")).split(",") if name]
        message = body.get("msg") or {}
        if not people or len(people) > 100 or body.get("agent_id") != self.agent_id:
            return {"errcode": 400002, "errmsg": "userid_list or agent_id"}
        if len(json.dumps(message, ensure_ascii=False).encode()) > 2048:
            return {"errcode": 40035, "errmsg": "msg too long"}
        content = message.get(message.get("msgtype", ""))
        if not content:
            return {"errcode": 40035, "errmsg": "msg"}
        task = secrets.randbelow(10**12)
        self.notices[task] = []
        for name in people:
            mark = (datetime.now().strftime("%F"), name, json.dumps(message, sort_keys=True))
            if name in self.people and mark not in self.today:
                self.today.add(mark)
                self.notices[task].append(name)
                text = content.get("markdown") or content.get("text") or content.get("content", "")
                url = content.get("single_url") or content.get("messageUrl", "")
                title = content.get("title") or text[:40]
                self._put(name, title=title, text=text.removeprefix(f"### {title}").strip(), url=url, note="工作通知")
        return {"errcode": 0, "errmsg": "ok", "task_id": task, "request_id": secrets.token_hex(6)}

    # the new family -----------------------------------------------------------------------------------------------

    def create_todo(self, union: str, body: dict[str, Any]) -> tuple[dict[str, Any], int]:
        """One to-do for each sourceId; a repeated create gives the one that is there."""
        detail = body.get("detailUrl") or {}
        if not body.get("subject") or not detail.get("appUrl") or not detail.get("pcUrl"):
            return {"code": "param.error", "message": "subject and detailUrl are required"}, 400
        source = body.get("sourceId") or secrets.token_hex(8)
        known = next((todo for todo in self.todos.values() if todo["sourceId"] == source), None)
        if known is None:
            known = {"id": secrets.token_hex(10), "done": False, **body, "sourceId": source}
            self.todos[known["id"]] = known
            for name in self.people:
                if self.union(name) in (body.get("executorIds") or ()):
                    self._put(
                        name,
                        title=body["subject"],
                        text=body.get("description", ""),
                        url=detail["pcUrl"],
                        todo=known["id"],
                        note="待办",
                    )
        return known, 200

    def change_todo(self, ident: str, body: dict[str, Any]) -> tuple[dict[str, Any], int]:
        """Change or close."""
        if ident not in self.todos:
            return {"code": "todo.task.notExist", "message": "no such task"}, 404
        self.todos[ident] |= body
        for message in (m for phone in self.phones.values() for m in phone):
            if message.get("todo") == ident and body.get("done"):
                message["said"] = "已完成"
        return {"result": True, "requestId": secrets.token_hex(6)}, 200

    def create_card(self, body: dict[str, Any]) -> tuple[dict[str, Any], int]:
        """createAndDeliver: an outTrackId names one card for ever; a failed delivery hides inside 200."""
        track, params = str(body.get("outTrackId", "")), (body.get("cardData") or {}).get("cardParamMap") or {}
        if body.get("cardTemplateId") != self.template_id or not track:
            return {"code": "card.template.notExist", "message": "cardTemplateId or outTrackId"}, 400
        if any(not isinstance(v, str) or len(v.encode()) > 1024 or len(k) > 100 for k, v in params.items()):
            return {"code": "param.cardParamMap", "message": "text to text, at most 1 KB"}, 400
        results = []
        for space in str(body.get("openSpaceId", "")).split(";"):
            name = space.rpartition(".")[2]
            good = name in self.people and self.orders.take(request.path, "fail_in_200") is None
            if good and track not in self.cards:
                self.cards[track] = {
                    "params": dict(params),
                    "people": [name],
                    "stream": body.get("callbackType") == "STREAM",
                    "route": body.get("callbackRouteKey"),
                }
                self._put(name, card=track)
            results.append(
                {
                    "spaceType": "IM_ROBOT",
                    "spaceId": name,
                    "success": good,
                    "errorMsg": "" if good else "spaceId is illegal",
                    "carrierId": "",
                }
            )
        return {"success": True, "result": {"outTrackId": track, "deliverResults": results}}, 200

    def update_card(self, body: dict[str, Any]) -> tuple[dict[str, Any], int]:
        """PUT /v1.0/card/instances; without ByKey the whole map is replaced."""
        card = self.cards.get(body.get("outTrackId", ""))
        if card is None:
            return {"code": "card.notExist", "message": "no such card"}, 404
        params = (body.get("cardData") or {}).get("cardParamMap") or {}
        if (body.get("cardUpdateOptions") or {}).get("updateCardDataByKey"):
            card["params"] |= params
        else:
            card["params"] = dict(params)
        return {"success": True, "result": True}, 200

    def robot(self, args: Any, body: dict[str, Any]) -> dict[str, Any]:
        """/robot/send with its signature, good for an hour; 20 a minute."""
        if self.robot_secret:
            stamp = args.get("timestamp", "0")
            text = f"{stamp}\n{self.robot_secret}".encode()
            wanted = base64.b64encode(hmac.new(self.robot_secret.encode(), text, hashlib.sha256).digest()).decode()
            if args.get("sign") != wanted or abs(self.now() - int(stamp) / 1000) > 3600:
                return {"errcode": 310000, "errmsg": "sign not match"}
        self.group_times = [at for at in self.group_times if self.now() - at < 60]
        if len(self.group_times) >= 20:
            return {"errcode": 130101, "errmsg": "send too fast"}
        self.group_times.append(self.now())
        self.group.append(body["markdown"]["text"])
        return {"errcode": 0, "errmsg": "ok"}

    # calling back -------------------------------------------------------------------------------------------------

    def click(self, name: str, track: str, decision: str, reason: str = "", token: str | None = None) -> Any:
        """Somebody presses a button: by Stream where a line is open, else over HTTP. Spoilt as ordered."""
        card = self.cards[track]
        order = self.orders.take("click", *CALLBACK)
        params = {
            "action": decision,
            "token": card["params"].get("token", "") if token is None else token,
            "reason": reason,
        }
        content = json.dumps({"cardPrivateData": {"actionIds": [decision], "params": params}}, ensure_ascii=False)
        sender = "stranger" if order == "click_by_stranger" else name
        data = {
            "type": "actionCallback",
            "outTrackId": track,
            "corpId": self.corp_id,
            "userId": sender,
            "extension": "{}",
        }
        sent = {
            "data": data | {"content": content, "spaceType": "im_robot", "spaceId": name},
            "ident": secrets.token_hex(12),
        }
        sent["stamp"] = str(int((self.now() - (3600 if order == "click_stale" else 0)) * 1000))
        sent["bad"] = order == "click_wrong_signature"
        self.pushes += 1
        if order == "click_held":
            self.held.append(sent)
            return []
        again = [sent] if order in ("click_twice", "click_replayed") else []
        answers = [self._tell(card, one) for one in (sent, *again, *self.held)]
        self.held.clear()
        return answers

    def _tell(self, card: dict[str, Any], sent: dict[str, Any]) -> Any:
        if card["stream"]:
            ack = self.gateway.push("CALLBACK", CARD_TOPIC, sent["data"], sent["ident"])
            self.note("stream click", ack=(ack or {}).get("code", "none within 2 s"))
            return ack
        known = self.callback
        mark = hmac.new(known.get("apiSecret", "").encode(), sent["stamp"].encode(), hashlib.sha256).digest()
        signature = "x" if sent["bad"] else base64.b64encode(mark).decode()
        headers = {"x-ddpaas-signature-timestamp": sent["stamp"], "x-ddpaas-signature": signature}
        path = known.get("callbackUrl", "").partition("//")[2].partition("/")[2]
        return self.call_site(f"/{path}", json=sent["data"], headers=headers)[0]

    def leave(self, userid: str) -> Any:
        """Somebody leaves the company: an event by Stream."""
        self.pushes += 1
        data = {"userId": [userid], "optStaffId": "admin", "timeStamp": int(self.now() * 1000)}
        ident = secrets.token_hex(10)
        return self.gateway.push(
            "EVENT", "*", data, eventId=ident, eventType="user_leave_org", eventCorpId=self.corp_id
        )


def create(standin: DingTalk | None = None, gateway_port: int = PORT + 10) -> Flask:
    """The server, with its Stream gateway listening; `app.standin` is its memory."""
    standin = standin or DingTalk(NAME, Orders(KINDS), gateway=Gateway(gateway_port))
    if standin.gateway.server is None:
        standin.gateway.start()
    app = Flask("dingtalk-standin")
    app.standin = standin
    spoils(app)
    _old_family(app, standin)
    _new_family(app, standin)
    _pages(app, standin)
    return app


def _token(s: DingTalk, key: str | None, secret: str | None) -> str | None:
    if key != s.app_key or secret != s.secret:
        return None
    token = next((t for t, until in s.tokens.items() if until > s.now() + 300), None) or secrets.token_hex(16)
    s.tokens[token] = s.now() + 7200
    return token


def _spoil(s: DingTalk) -> None:
    limit = {"code": "Forbidden.AccessDenied.QpsLimitForAppkeyAndApi", "message": "qps"}
    old = request.path.startswith("/topapi")
    throttled = ({"errcode": 88, "sub_code": "90018", "sub_msg": "qps"}, 200) if old else (limit, 403)
    gone = ({"errcode": 40014, "errmsg": "invalid token"}, 200) if old else ({"code": "InvalidAuthentication"}, 401)
    s.before({"errcode": -1, "errmsg": "busy"} if old else {"code": "busy"}, throttled, gone)


def _old_family(app: Flask, s: DingTalk) -> None:  # noqa: C901 - one route after the other
    def guarded(work: Any) -> Response:
        _spoil(s)
        s.calls += 1
        if s.tokens.get(request.args.get("access_token", ""), 0) < s.now():
            return jsonify({"errcode": 88, "sub_code": "40014", "sub_msg": "不合法的access_token"})
        with s.lock:
            answer = work(request.get_json())
        s.note(request.path, errcode=answer.get("errcode"), errmsg=answer.get("errmsg", ""))
        s.after()
        return jsonify(answer)

    @app.get("/gettoken")
    def gettoken() -> Response:
        token = _token(s, request.args.get("appkey"), request.args.get("appsecret"))
        failed = {"errcode": 40089, "errmsg": "不合法的corpid或corpsecret"}
        return jsonify({"errcode": 0, "access_token": token, "expires_in": 7200} if token else failed)

    @app.post("/topapi/message/corpconversation/asyncsend_v2")
    def send() -> Response:
        return guarded(s.send)

    @app.post("/topapi/message/corpconversation/getsendresult")
    def result() -> Response:
        def told(body: dict[str, Any]) -> dict[str, Any]:
            lists = {"read_user_id_list": [], "unread_user_id_list": s.notices.get(body["task_id"], [])}
            return {"errcode": 0, "send_result": lists | {"invalid_user_id_list": [], "failed_user_id_list": []}}

        return guarded(told)

    @app.post("/topapi/v2/department/listsub")
    def departments() -> Response:
        below = [{"dept_id": 2, "name": "代理部", "parent_id": 1}]
        return guarded(lambda body: {"errcode": 0, "result": below if body["dept_id"] == 1 else []})

    @app.post("/topapi/v2/user/list")
    def members() -> Response:
        def page(body: dict[str, Any]) -> dict[str, Any]:
            rows = [{"userid": k, "unionid": s.union(k), "name": v, "active": True} for k, v in s.people.items()]
            rows = rows if body["dept_id"] == 2 else []
            start, size = body["cursor"], min(body["size"], 10)
            more = start + size < len(rows)
            found = {"has_more": more, "list": rows[start : start + size]}
            return {"errcode": 0, "result": found | ({"next_cursor": start + size} if more else {})}

        return guarded(page)

    @app.post("/robot/send")
    def robot() -> Response:
        return jsonify(s.robot(request.args, request.get_json()))


def _new_family(app: Flask, s: DingTalk) -> None:  # noqa: C901 - one route after the other
    def guarded(work: Any) -> Any:
        _spoil(s)
        s.calls += 1
        if s.tokens.get(request.headers.get("x-acs-dingtalk-access-token", ""), 0) < s.now():
            return jsonify({"code": "InvalidAuthentication", "message": "不合法的access_token"}), 401
        second = (request.endpoint or "", int(s.now()))
        s.per_second[second] += 1
        if s.per_second[second] > QPS:
            return jsonify({"code": "Forbidden.AccessDenied.QpsLimitForAppkeyAndApi", "message": "qps"}), 403
        with s.lock:
            answer, status = work(request.get_json(silent=True) or {})
        s.note(f"{request.method} {request.path}", status=status, code=answer.get("code", ""))
        s.after()
        return jsonify(answer), status

    @app.post("/v1.0/oauth2/accessToken")
    def access_token() -> Any:
        body = request.get_json()
        token = _token(s, body.get("appKey"), body.get("appSecret"))
        if token is None:
            return jsonify({"code": "invalidClientIdOrSecret", "message": "无效的clientId或者clientSecret"}), 400
        return jsonify({"accessToken": token, "expireIn": 7200})

    @app.post("/v1.0/todo/users/<union>/tasks")
    def create_todo(union: str) -> Any:
        return guarded(lambda body: s.create_todo(union, body))

    @app.get("/v1.0/todo/users/<union>/tasks/sources/<source>")
    def find_todo(union: str, source: str) -> Any:
        found = next((t for t in s.todos.values() if t["sourceId"] == source), None)
        return guarded(lambda _b: (found, 200) if found else ({"code": "todo.task.notExist", "message": "none"}, 404))

    @app.put("/v1.0/todo/users/<union>/tasks/<ident>")
    def change_todo(union: str, ident: str) -> Any:
        return guarded(lambda body: s.change_todo(ident, body))

    @app.post("/v1.0/card/instances/createAndDeliver")
    def create_card() -> Any:
        return guarded(s.create_card)

    @app.put("/v1.0/card/instances")
    def update_card() -> Any:
        return guarded(s.update_card)

    @app.post("/v1.0/card/callbacks/register")
    def register() -> Any:
        def keep(body: dict[str, Any]) -> tuple[dict[str, Any], int]:
            s.callback = body
            return {"success": True, "result": {"callbackUrl": body["callbackUrl"]}}, 200

        return guarded(keep)

    @app.post("/v1.0/gateway/connections/open")
    def open_line() -> Any:
        body = request.get_json()
        if body.get("clientId") != s.app_key or body.get("clientSecret") != s.secret:
            return jsonify({"code": "authFailed", "message": "鉴权失败"}), 401
        s.note("stream opened", subscriptions=[row["topic"] for row in body.get("subscriptions", ())])
        return jsonify(s.gateway.ticket())


def _on_phone(s: DingTalk, message: dict[str, Any]) -> dict[str, Any]:
    """A card as its template draws it: buttons while `open`, then the words of `state`."""
    if "card" not in message:
        return message
    params = s.cards[message["card"]]["params"]
    drawn = message | {"title": params.get("title", ""), "text": params.get("text", ""), "url": params.get("url", "")}
    if params.get("open") == "true":
        drawn["buttons"] = [("同意", "approve", True), ("退回", "send_back", False)]
        drawn["reason_title"] = "如退回，原因"
        drawn["reasons"] = [
            ("see_page", "意见见网页"),
            ("incomplete", "材料不全"),
            ("mistake", "内容需更正"),
            ("talk", "请先与我沟通"),
        ]
    return drawn | {"said": params.get("state", "")}


def _pages(app: Flask, s: DingTalk) -> None:
    @app.get("/")
    def office() -> str:
        console = [(k, label, getattr(s, k)) for k, label in CONSOLE]
        about = f"接口调用 {s.calls} · 推送 {s.pushes} · Stream 连接 {len(s.gateway.lines)}"
        return render_template_string(
            pages.OFFICE, title=TITLE, about=about, people=s.people, console=console, said="", group=s.group,
            counts={k: len(v) for k, v in s.phones.items()}, kinds=KINDS, orders=s.orders.waiting, journal=s.journal,
        )  # fmt: skip

    @app.post("/-/console")
    def save() -> Response:
        for key, _label in CONSOLE:
            value = request.form.get(key, "").strip()
            setattr(s, key, int(value) if key == "agent_id" else value)
        return redirect("/")

    @app.post("/-/misbehave")
    def misbehave() -> Response:
        s.orders.order(request.form["kind"], request.form.get("path", ""), int(request.form.get("times") or 1))
        return redirect("/")

    @app.get("/phone/<name>")
    def phone(name: str) -> str:
        messages = [_on_phone(s, m) for m in s.phones[name]]
        return render_template_string(
            pages.PHONE, title="钉钉", id=name, name=s.people.get(name, name), messages=messages
        )

    @app.post("/phone/<name>/click")
    def click(name: str) -> Response:
        message = next(m for m in s.phones[name] if m["id"] == int(request.form["message"]))
        asked = (name, message["card"], request.form["key"], request.form.get("reason", ""))
        thread = threading.Thread(target=s.click, args=asked)
        thread.start()
        thread.join(4)
        time.sleep(0.3)
        return redirect(f"/phone/{name}")


CONSOLE = (
    ("site", "知案地址 · address of the deployment"),
    ("corp_id", "CorpId"),
    ("agent_id", "AgentId"),
    ("app_key", "Client ID"),
    ("secret", "Client Secret"),
    ("template_id", "卡片模板 · card template"),
    ("robot_secret", "群机器人加签 · robot secret"),
)
