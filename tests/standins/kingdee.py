"""A stand-in for Kingdee K3Cloud, from the vendor's pages: verifies signatures, keeps documents, misbehaves."""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
import socket
import time
import uuid
from collections.abc import Callable
from decimal import Decimal
from pathlib import Path
from typing import Any
from urllib.parse import quote

from flask import Flask, Response, redirect, render_template_string, request

from tests.standins.kingdee_books import KINDS, NAME, Failure, Standin
from tests.standins.kingdee_page import PAGE

__all__ = ["KINDS", "NAME", "PORT", "TITLE", "Standin", "create"]

PORT = 18801
TITLE = "Kingdee K3Cloud (receivables, vouchers, payment state)"
ACCOUNT_SET = "5f0000000000000000000001"
USER = "接口用户"
APP_ID = "270001_bWFkZS11cC1hcHAtaWQtc2VjcmV0LTI0"
APP_SECRET = "made-up-app-secret-for-tests-001"
CLIENT_SECRET = "XVFRUUtGSRoCRkIeXVcaSwdTSwYVGlYH"
"""The real server has it in its register of applications; here it is written down, not derived."""

FORMS = "Kingdee.BOS.WebApi.ServicesStub.DynamicFormService"
AUTH = "Kingdee.BOS.WebApi.ServicesStub.AuthService"
LOST = "会话信息已丢失，请重新登录"


def hex_hmac(key: str, message: str) -> str:
    """H of the pages: base64 of the lower-case hex text."""
    text = hmac.new(key.encode("utf-8"), message.encode("utf-8"), hashlib.sha256).hexdigest()
    return base64.b64encode(text.encode("ascii")).decode("ascii")


def fault_of_signature(path: str, headers: Any) -> str | None:
    """What is wrong with a signed request; None when it is good."""
    seconds = headers.get("x-api-timestamp", "")
    nonce = headers.get("x-api-nonce", "")
    to_sign = f"POST\n{quote(path).replace('/', '%2F')}\n\nx-api-nonce:{nonce}\nx-api-timestamp:{seconds}\n"
    try:
        data = base64.b64decode(headers.get("X-Kd-Appdata", ""), validate=True).decode("utf-8")
    except ValueError:
        return "appdata"
    parts = data.split(",")
    now = time.time()
    checks = {
        "client": headers.get("X-Api-ClientID") == APP_ID.split("_")[0],
        "version": headers.get("X-Api-Auth-Version") == "2.0",
        "nonce": bool(nonce),
        "sign headers": headers.get("x-api-signheaders") == "x-api-timestamp,x-api-nonce",
        "time": seconds.isdigit() and min(abs(int(seconds) - now), abs(int(seconds) / 1000 - now)) < 900,
        "signature": hmac.compare_digest(headers.get("X-Api-Signature", ""), hex_hmac(CLIENT_SECRET, to_sign)),
        "app key": headers.get("X-Kd-Appkey") == APP_ID,
        "account set": len(parts) == 4 and parts[0] == ACCOUNT_SET and parts[1] == USER,
        "app signature": hmac.compare_digest(headers.get("X-Kd-Signature", ""), hex_hmac(APP_SECRET, APP_ID + data)),
    }
    return next((name for name, good in checks.items() if not good), None)


def login(standin: Standin, parameters: list[Any]) -> dict[str, Any]:
    """LoginBySign: result type 1 and a session, or the reason why not."""
    account_set, user, app_id, seconds, sign = (str(p) for p in parameters[:5])
    wanted = "".join(sorted([ACCOUNT_SET, USER, APP_ID, APP_SECRET, seconds]))
    good = hashlib.sha256(wanted.encode("utf-8")).hexdigest()
    if (account_set, user, app_id) != (ACCOUNT_SET, USER, APP_ID) or not hmac.compare_digest(sign, good):
        return {"LoginResultType": 0, "Message": "签名验证失败", "KDSVCSessionId": ""}
    session = uuid.uuid4().hex
    standin.sessions.add(session)
    return {"LoginResultType": 1, "Message": None, "KDSVCSessionId": session}


# HTTP -------------------------------------------------------------------------------------------------------------


def status(success: Any, errors: Any = (), done: Any = (), code: Any = 0, msg_code: int = 0) -> dict[str, Any]:
    """The part that all answers share."""
    return {
        "IsSuccess": success,
        "ErrorCode": code,
        "Errors": [{"FieldName": n or None, "Message": m, "DIndex": 0} for n, m in errors],
        "SuccessEntitys": [{"Id": d["Id"], "Number": d["Number"], "DIndex": 0} for d in done],
        "SuccessMessages": [],
        "MsgCode": msg_code,
    }


def failed(problem: Failure, service: str) -> Any:
    """A failure inside HTTP 200, in the shape of the service."""
    answer = {"Result": {"ResponseStatus": status(False, problem.errors, code=problem.code, msg_code=problem.msg_code)}}
    return [[answer]] if service == "ExecuteBillQuery" else answer


def good_answer(done: dict[str, Any], extra: dict[str, Any] | None = None) -> dict[str, Any]:
    """A success of Save, Submit, Audit."""
    result = {"ResponseStatus": status(True, done=[done]), "Id": done["Id"], "Number": done["Number"]}
    return {"Result": result | {"NeedReturnData": [{}]} | (extra or {})}


def run(standin: Standin, service: str, body: dict[str, Any]) -> Any:
    """One service with its named or positional parameters."""
    positional = [json.loads(p) if isinstance(p, str) and p[:1] in "{[" else p for p in body.get("parameters") or []]
    data = body.get("data", positional[-1] if positional else {})
    data = json.loads(data) if isinstance(data, str) else data
    form = body.get("formid") or (positional[0] if len(positional) > 1 else "")
    if service == "Save":
        return good_answer(standin.save(form, data))
    if service == "View":
        one = standin.find(form, data)[0]
        return {"Result": {"ResponseStatus": status(True), "Result": one}}
    if service == "ExecuteBillQuery":
        return standin.query(data)
    if service == "QueryBusinessInfo":
        found = standin.info(data.get("FormId") or form)
        return {"Result": {"ResponseStatus": status(True), "NeedReturnData": found}}
    moves = {"Submit": ("AZD", "B"), "Audit": ("B", "C"), "UnAudit": ("C", "D")}
    if service in moves:
        return good_answer(standin.move(form, data, *moves[service]))
    raise Failure(("", f"服务{service}不存在"))


def spoilt(standin: Standin, kind: str, service: str, work: Callable[[], Any]) -> Any:
    """Do it wrong: before the work, after it, or in the answer."""
    if kind.endswith("_before") or kind in ("timeout_before", "drop_before"):
        return unanswered(standin, kind)
    refusals = {
        "fail_in_200": lambda: failed(Failure(("FDATE", "服务器繁忙，保存失败")), service),
        "fail_string": lambda: as_text(failed(Failure(("FDATE", "服务器繁忙，保存失败")), service)),
        "lost_session": lambda: failed(Failure(("", LOST), code=500, msg_code=1), service),
        "response_error": lambda: "response_error: 未将对象引用设置到对象的实例。",
        "throttled": lambda: Response("too many requests", 429),
    }
    if kind in refusals:
        return refusals[kind]()
    answer = work()
    if kind.endswith("_after_commit") and not kind.startswith("response"):
        return unanswered(standin, kind)
    if kind == "slow":
        time.sleep(min(2.0, standin.hang / 4))
    late = {
        "response_error_after_commit": "response_error: 事务已提交，返回结果失败",
        "not_json": "<html>网关</html>",
        "duplicate_answer": doubled(answer),
        "wrong_types": as_text(answer),
    }
    return late.get(kind, answer)


def doubled(answer: Any) -> Any:
    """The same success told twice, the same row twice."""
    if isinstance(answer, list):
        return answer * 2
    told = answer["Result"]["ResponseStatus"]
    return {"Result": answer["Result"] | {"ResponseStatus": told | {"SuccessEntitys": told["SuccessEntitys"] * 2}}}


def as_text(answer: Any) -> Any:
    """Booleans and numbers as text."""
    if isinstance(answer, dict):
        return {name: as_text(value) for name, value in answer.items()}
    if isinstance(answer, list):
        return [as_text(value) for value in answer]
    return str(answer) if isinstance(answer, (bool, int, float)) else answer


def unanswered(standin: Standin, kind: str) -> Response:
    """No answer: hang and close, close at once, or status 500."""
    if kind.startswith("error500"):
        return Response("Internal Server Error", 500)
    if kind.startswith("timeout"):
        time.sleep(standin.hang)
    connection = request.environ.get("werkzeug.socket")
    if connection is not None:
        connection.shutdown(socket.SHUT_RDWR)
    return Response("", 500)


def create(folder: Path | None = None) -> Flask:
    """The stand-in as a WSGI app; `app.standin` is its memory."""
    app, standin = Flask(__name__), Standin(folder)
    app.standin = standin
    app.add_url_rule(
        "/k3cloud/<service>.common.kdsvc", "call", lambda service: called(standin, service), methods=["POST"]
    )
    app.add_url_rule("/", "page", lambda: people_page(standin))
    for rule in ("/-/<action>", "/-/<action>/<path:what>"):
        app.add_url_rule(rule, rule, lambda action, what="": ordered(standin, action, what), methods=["POST"])
    return app


def called(standin: Standin, service: str) -> Response:
    """One request of the vendor's API."""
    name = service.rsplit(".", 1)[-1]
    body = json.loads(request.get_data() or b"{}")
    data = body.get("data")
    form = body.get("formid") or (data.get("FormId") if isinstance(data, dict) else None)
    entry = {"at": time.strftime("%H:%M:%S"), "service": name, "form": form, "body": body}
    standin.log.append(entry)
    if service == f"{AUTH}.LoginBySign":
        return reply(login(standin, body.get("parameters") or []))
    if not service.startswith(FORMS):
        return Response("404", 404)
    entry["fault"] = fault_of_caller(standin)
    if entry["fault"]:
        return reply(failed(Failure(("", LOST), code=500, msg_code=1), name))
    kind = entry["spoilt"] = standin.order_for(name)
    if kind == "lost_session":
        standin.sessions.clear()
    return reply(
        spoilt(standin, kind, name, lambda: attempt(standin, name, body)) if kind else attempt(standin, name, body)
    )


def fault_of_caller(standin: Standin) -> str | None:
    """A known session is enough; without one the request must be signed, unless this is a build that is too old."""
    if request.headers.get("kdservice-sessionid") in standin.sessions:
        return None
    return "session" if standin.require_session else fault_of_signature(request.path, request.headers)


def attempt(standin: Standin, name: str, body: dict[str, Any]) -> Any:
    """The answer of a service, failures included."""
    try:
        return run(standin, name, body)
    except Failure as problem:
        return failed(problem, name)


def people_page(standin: Standin) -> str:
    """What arrived, with buttons."""
    with standin.lock:
        return render_template_string(PAGE, standin=standin, s=globals())


def ordered(standin: Standin, action: str, what: str) -> Any:
    """The buttons of the page."""
    if action == "misbehave":
        given = request.form
        standin.misbehave(given["kind"], given.get("service", "*"), int(given.get("times", 1)))
    elif action == "reset":
        standin.reset()
    elif action == "pay":
        standin.pay(int(what), Decimal(request.form["amount"]))
    elif action == "audit":
        form, ident = what.split("/")
        with standin.lock:
            document = standin.of(form)[int(ident)]
            document["FDocumentStatus"] = "C"
            standin.touch(document)
    return redirect("/", 303)


def reply(answer: Any) -> Response:
    """JSON, plain text, or an answer that is made already."""
    if isinstance(answer, Response):
        return answer
    if isinstance(answer, str):
        return Response(answer, mimetype="text/plain")
    return Response(json.dumps(answer, ensure_ascii=False), mimetype="application/json")
