"""A stand-in for WeCom, from the vendor's pages: tokens, messages, cards, callbacks, limits; misbehaves when told to.

Its encryption is wechatpy's, which nobody here wrote. Phones at /phone/<userid> show messages and click cards.
"""

from __future__ import annotations

import secrets
import threading
import time
from collections import defaultdict
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any
from urllib.parse import urlencode
from xml.sax.saxutils import escape

from flask import Flask, Response, jsonify, redirect, render_template_string, request

from tests.standins import pages
from tests.standins.common import AFTER, BEFORE, CALLBACK, Orders, Standin, people, spoils

NAME = "wecom"
PORT = 18802
TITLE = "企业微信替身 · WeCom stand-in"
KINDS = (*BEFORE, *AFTER, *CALLBACK, "drop_silently")
TASK_ID = frozenset("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_-@")
PER_MINUTE = 30
UPDATE_SPAN = 72 * 3600
LIMITS = {"text": {"content": 2048}, "markdown": {"content": 2048}, "textcard": {"title": 128, "description": 512}}


@dataclass
class WeCom(Standin):
    """The company and its one app."""

    corp_id: str = "wwlanqidemo00001"
    agent_id: int = 1000002
    secret: str = "demo-wecom-secret-of-the-stand-in"
    token: str = "lanqidemotoken01"
    aes_key: str = "o1w0aum42yaptlz8alnhwikjd3jenzt9cb9wmzptgus"
    callback: str = ""
    people: dict[str, str] = field(default_factory=people)
    tokens: dict[str, float] = field(default_factory=dict)
    phones: dict[str, list[dict[str, Any]]] = field(default_factory=lambda: defaultdict(list))
    tasks: dict[str, dict[str, Any]] = field(default_factory=dict)
    codes: dict[str, dict[str, Any]] = field(default_factory=dict)
    recent: list[tuple[float, str]] = field(default_factory=list)
    arrivals: dict[str, list[float]] = field(default_factory=lambda: defaultdict(list))
    group: list[str] = field(default_factory=list)
    group_times: list[float] = field(default_factory=list)
    held: list[dict[str, Any]] = field(default_factory=list)
    last_id: int = 0

    @property
    def callback_path(self) -> str:
        """Where the app is called; by default the address that the deployment's page shows."""
        return self.callback or f"/im/callback/wecom/{self.corp_id}/{self.agent_id}"

    # messages -----------------------------------------------------------------------------------------------------

    def send(self, body: dict[str, Any]) -> dict[str, Any]:
        """/message/send; returns its answer."""
        if body.get("agentid") != self.agent_id:
            return error(301002, "not allow operate another agent with this accesstoken")
        asked = [name for name in str(body.get("touser", "")).split("|") if name]
        known = [name for name in asked if name in self.people]
        if not known:
            return error(81013, "user & party & tag all invalid")
        kind = body.get("msgtype", "")
        if problem := self._unfit(kind, body.get(kind) or {}):
            return problem
        invalid = "|".join(name for name in asked if name not in self.people)
        answer = {"errcode": 0, "errmsg": "ok", "invaliduser": invalid, "msgid": secrets.token_hex(16)}
        if self._seen(body):
            return answer
        code = secrets.token_urlsafe(18) if kind == "template_card" else ""
        if code:
            self.codes[code] = {"until": self.now() + UPDATE_SPAN, "people": known, "task": body[kind]["task_id"]}
            self.tasks[body[kind]["task_id"]] = {"people": known}
            answer["response_code"] = code
        for name in known:
            self._arrive(name, kind, body[kind])
        return answer

    def _unfit(self, kind: str, content: dict[str, Any]) -> dict[str, Any] | None:
        for name, size in LIMITS.get(kind, {}).items():
            if not content.get(name) or len(str(content[name]).encode()) > size:
                return error(40058, f"{name} missing or too long")
        if kind == "textcard" and not content.get("url"):
            return error(40058, "url missing")
        if kind != "template_card":
            return None if kind in LIMITS else error(40008, "invalid message type")
        task = str(content.get("task_id", ""))
        if not task or len(task) > 128 or not set(task) <= TASK_ID:
            return error(40058, "task_id")
        if task in self.tasks and not self._repeats(content):
            return error(6000, "data conflict: task_id was used")
        if (
            len(content.get("button_list") or ()) not in range(1, 7)
            or len(content.get("horizontal_content_list") or ()) > 6
        ):
            return error(40058, "button_list or horizontal_content_list")
        return None if self.token and self.aes_key else error(46004, "the app has no callback address")

    def _repeats(self, content: dict[str, Any]) -> bool:
        return any(content["task_id"] in seen for _at, seen in self.recent)

    def _seen(self, body: dict[str, Any]) -> bool:
        """The same content to the same people within the span is dropped, with a good answer."""
        if not body.get("enable_duplicate_check"):
            return False
        span, mark = (
            int(body.get("duplicate_check_interval", 1800)),
            repr((body.get("touser"), body.get(body["msgtype"]))),
        )
        found = any(seen == mark and self.now() - at < span for at, seen in self.recent)
        if not found:
            self.recent.append((self.now(), mark))
        return found

    def _arrive(self, name: str, kind: str, content: dict[str, Any]) -> None:
        """Onto the phone; what is over 30 a minute vanishes, as it does there."""
        recent = [at for at in self.arrivals[name] if self.now() - at < 60]
        if len(recent) >= PER_MINUTE or self.orders.take("/message/send", "drop_silently"):
            self.note("dropped silently", to=name)
            return
        self.arrivals[name] = [*recent, self.now()]
        self.last_id += 1
        self.phones[name].append({"id": self.last_id, "at": stamp(), **shown(kind, content)})

    def update(self, body: dict[str, Any]) -> dict[str, Any]:
        """/message/update_template_card: each code is good once."""
        code = self.codes.pop(str(body.get("response_code", "")), None)
        if code is None or code["until"] < self.now():
            return error(42014, "response_code invalid or expired")
        if not (text := (body.get("button") or {}).get("replace_name")):
            return error(42017, "button replace_name missing")
        invalid = [name for name in body.get("userids") or () if name not in code["people"]]
        for name in set(body.get("userids") or ()) & set(code["people"]):
            for message in self.phones[name]:
                if message.get("task") == code["task"]:
                    message["said"] = text
        return {"errcode": 0, "errmsg": "ok", "invaliduser": invalid}

    # calling back -------------------------------------------------------------------------------------------------

    def crypto(self) -> Any:
        """The encryption of an independent library."""
        from wechatpy.enterprise.crypto import WeChatCrypto

        return WeChatCrypto(self.token, self.aes_key, self.corp_id)

    def check_url(self) -> tuple[int, str]:
        """What the console does when the address is saved: a challenge, which must come back in the clear."""
        echo = str(secrets.randbelow(10**16))
        found = self._sealed(echo, str(int(self.now())))
        query = {key: found[key] for key in ("msg_signature", "timestamp", "nonce")} | {"echostr": found["encrypt"]}
        status, text = self.call_site(f"{self.callback_path}?{urlencode(query)}", method="GET")
        return status, "ok" if status == 200 and text == echo else f"wrong answer {text[:60]!r}"

    def _sealed(self, plain: str, timestamp: str) -> dict[str, str]:
        import xmltodict

        nonce = secrets.token_hex(5)
        found = xmltodict.parse(self.crypto().encrypt_message(plain, nonce, timestamp))["xml"]
        return {
            "encrypt": found["Encrypt"],
            "msg_signature": found["MsgSignature"],
            "timestamp": timestamp,
            "nonce": nonce,
        }

    def click(self, name: str, message: dict[str, Any], key: str, reason: str = "") -> list[int]:
        """Somebody presses a button; the statuses of the calls that told the app. Spoilt as ordered."""
        code = secrets.token_urlsafe(18)
        self.codes[code] = {"until": self.now() + UPDATE_SPAN, "people": [name], "task": message["task"]}
        order = self.orders.take("click", *CALLBACK)
        sender = "stranger" if order == "click_by_stranger" else name
        sent = self.event(sender, message["task"], key, code, reason, stale=order == "click_stale")
        if order == "click_wrong_signature":
            sent["msg_signature"] = "0" * 40
        if order == "click_held":
            self.held.append(sent)
            return []
        statuses = [self.tell(sent)]
        if order in ("click_twice", "click_replayed"):
            time.sleep(0 if order == "click_twice" else 0.2)
            statuses.append(self.tell(sent))
        statuses += [self.tell(late) for late in self.held]
        self.held.clear()
        return statuses

    def event(
        self, sender: str, task: str, key: str, code: str, reason: str = "", stale: bool = False
    ) -> dict[str, str]:
        """The encrypted event of a click, ready to be sent."""
        at = int(self.now()) - (3600 if stale else 0)
        parts = {"ToUserName": self.corp_id, "FromUserName": sender, "CreateTime": at, "MsgType": "event"}
        parts |= {"Event": "template_card_event", "EventKey": key, "TaskId": task, "CardType": "button_interaction"}
        parts |= {"ResponseCode": code, "AgentID": self.agent_id}
        xml = "".join(f"<{tag}>{escape(str(value))}</{tag}>" for tag, value in parts.items())
        if reason:
            option = f"<OptionIds><OptionId>{escape(reason)}</OptionId></OptionIds>"
            item = f"<SelectedItem><QuestionKey>reason</QuestionKey>{option}</SelectedItem>"
            xml += f"<SelectedItems>{item}</SelectedItems>"
        return self._sealed(f"<xml>{xml}</xml>", str(at))

    def tell(self, sent: dict[str, str]) -> int:
        """POST it; without an answer it is sent again, three times in all."""
        query = urlencode({key: sent[key] for key in ("msg_signature", "timestamp", "nonce")})
        parts = {"ToUserName": self.corp_id, "AgentID": self.agent_id, "Encrypt": sent["encrypt"]}
        body = "<xml>" + "".join(f"<{tag}><![CDATA[{value}]]></{tag}>" for tag, value in parts.items()) + "</xml>"
        status = 0
        for _attempt in range(3):
            status, _text = self.call_site(f"{self.callback_path}?{query}", content=body.encode())
            if status:
                break
        return status


def error(code: int, text: str) -> dict[str, Any]:
    """A failure as it comes: inside HTTP 200."""
    return {"errcode": code, "errmsg": text}


def stamp() -> str:
    """The hour on the phone."""
    return datetime.now().strftime("%H:%M:%S")


def shown(kind: str, content: dict[str, Any]) -> dict[str, Any]:
    """A message as the phone draws it."""
    if kind != "template_card":
        title, _newline, text = str(content.get("title") or content.get("content", "")).partition("\n")
        return {"title": title, "text": content.get("description") or text, "url": content.get("url", "")}
    select = content.get("button_selection") or {}
    return {
        "title": content["main_title"]["title"],
        "facts": [(row["keyname"], row.get("value", "")) for row in content.get("horizontal_content_list") or ()],
        "url": (content.get("card_action") or {}).get("url", ""),
        "task": content["task_id"],
        "buttons": [(b["text"], b["key"], b.get("style") == 1) for b in content["button_list"]],
        "reason_title": select.get("title", ""),
        "reasons": [(option["id"], option["text"]) for option in select.get("option_list") or ()],
    }


def create(standin: WeCom | None = None) -> Flask:
    """The server; `app.standin` is its memory."""
    standin = standin or WeCom(NAME, Orders(KINDS))
    app = Flask("wecom-standin")
    app.standin = standin
    spoils(app)
    _vendor(app, standin)
    _pages(app, standin)
    return app


def _vendor(app: Flask, s: WeCom) -> None:  # noqa: C901 - one route after the other
    def guarded(work: Any) -> Response:
        s.before(error(-1, "system busy"), (error(45009, "api freq out of limit"), 200), (error(42001, "expired"), 200))
        if s.tokens.get(request.args.get("access_token", ""), 0) < s.now():
            return jsonify(error(40014, "invalid access_token"))
        with s.lock:
            answer = work()
        s.note(request.path, errcode=answer.get("errcode"), errmsg=answer.get("errmsg"))
        s.after()
        return jsonify(answer)

    @app.get("/cgi-bin/gettoken")
    def gettoken() -> Response:
        if request.args.get("corpid") != s.corp_id:
            return jsonify(error(40013, "invalid corpid"))
        if request.args.get("corpsecret") != s.secret:
            return jsonify(error(40001, "invalid credential"))
        token = next((t for t, until in s.tokens.items() if until > s.now() + 300), None) or secrets.token_urlsafe(64)
        s.tokens[token] = s.now() + 7200
        return jsonify({"errcode": 0, "errmsg": "ok", "access_token": token, "expires_in": 7200})

    @app.post("/cgi-bin/message/send")
    def send() -> Response:
        return guarded(lambda: s.send(request.get_json()))

    @app.post("/cgi-bin/message/update_template_card")
    def update() -> Response:
        return guarded(lambda: s.update(request.get_json()))

    @app.get("/cgi-bin/department/simplelist")
    def departments() -> Response:
        return guarded(lambda: {"errcode": 0, "department_id": [{"id": 1, "parentid": 0}]})

    @app.get("/cgi-bin/user/simplelist")
    def members() -> Response:
        rows = [{"userid": key, "name": name, "department": [1]} for key, name in s.people.items()]
        return guarded(lambda: {"errcode": 0, "userlist": rows})

    @app.post("/cgi-bin/webhook/send")
    def robot() -> Response:
        if not request.args.get("key"):
            return jsonify(error(93000, "invalid webhook url"))
        s.group_times = [at for at in s.group_times if s.now() - at < 60]
        if len(s.group_times) >= 20:
            return jsonify(error(45009, "api freq out of limit"))
        s.group_times.append(s.now())
        s.group.append(request.get_json()["markdown"]["content"])
        return jsonify({"errcode": 0, "errmsg": "ok"})


def _pages(app: Flask, s: WeCom) -> None:
    said = {"text": ""}

    @app.get("/")
    def office() -> str:
        console = [(k, label, getattr(s, k)) for k, label in CONSOLE]
        about = "消息、卡片都到这里；点一个人的名字看他的手机。Messages and cards arrive here; open somebody's phone."
        return render_template_string(
            pages.OFFICE, title=TITLE, about=about, people=s.people, console=console, said=said["text"], group=s.group,
            counts={k: len(v) for k, v in s.phones.items()}, kinds=KINDS, orders=s.orders.waiting, journal=s.journal,
        )  # fmt: skip

    @app.post("/-/console")
    def save() -> Response:
        for key, _label in CONSOLE:
            value = request.form.get(key, "").strip()
            setattr(s, key, int(value) if key == "agent_id" else value)
        said["text"] = "回调 {}: {}".format(*s.check_url())
        return redirect("/")

    @app.post("/-/misbehave")
    def misbehave() -> Response:
        s.orders.order(request.form["kind"], request.form.get("path", ""), int(request.form.get("times") or 1))
        return redirect("/")

    @app.get("/phone/<name>")
    def phone(name: str) -> str:
        return render_template_string(
            pages.PHONE, title="企业微信", id=name, name=s.people.get(name, name), messages=s.phones[name]
        )

    @app.post("/phone/<name>/click")
    def click(name: str) -> Response:
        message = next(m for m in s.phones[name] if m["id"] == int(request.form["message"]))
        thread = threading.Thread(
            target=s.click, args=(name, message, request.form["key"], request.form.get("reason", ""))
        )
        thread.start()
        thread.join(6)
        return redirect(f"/phone/{name}")


CONSOLE = (
    ("site", "知案地址 · address of the deployment"),
    ("corp_id", "企业 ID · corp ID"),
    ("agent_id", "AgentId"),
    ("secret", "Secret"),
    ("token", "Token"),
    ("aes_key", "EncodingAESKey"),
)
