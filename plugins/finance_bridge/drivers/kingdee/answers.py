"""Reading K3Cloud's answers: failures inside HTTP 200, truth as text, errors inside tables, plain error texts."""

from __future__ import annotations

import json
from decimal import Decimal, InvalidOperation
from typing import Any

from plugins.finance_bridge.drivers.base import Doubtful, Fault, Misconfigured, NotReached, Refusal

PLAIN_ERROR = "response_error:"
SESSION = ("会话信息已丢失", "重新登录")
DUPLICATE = ("已经被使用", "唯一性", "已存在", "重复")
CLOSED = ("已结账", "已关账", "已结帐", "期间已关闭", "结账期间")
BUSY = ("繁忙", "稍后", "请求过于频繁", "并发")


class SessionLost(Misconfigured):
    """The session is gone, or, with signed requests: account set, key or allowed address is wrong."""

    def __init__(self, message: str) -> None:
        super().__init__(message, "session")


def parse(text: str, *, writes: bool) -> Any:
    """The answer as data; raises a `Fault` for plain error texts and for what is no JSON."""
    unsure: Any = (lambda m, c: Doubtful(m, c, told=c == "response_error")) if writes else NotReached
    if text.lstrip().startswith(PLAIN_ERROR):
        message = text.lstrip().removeprefix(PLAIN_ERROR).strip() or PLAIN_ERROR
        if any(word in message for word in SESSION):
            raise SessionLost(message)
        raise unsure(message[:1000], "response_error")
    try:
        return json.loads(text, parse_float=Decimal)
    except json.JSONDecodeError:
        raise unsure("the answer is no JSON", "not_json") from None


def is_true(value: Any) -> bool:
    """Truth as a boolean or as text; everything unknown is a failure."""
    return value is True or (isinstance(value, str) and value.strip().lower() in ("true", "1"))


def fault_of(status: dict[str, Any]) -> Fault:
    """The fault that a `ResponseStatus` speaks of."""
    errors = [e for e in status.get("Errors") or [] if isinstance(e, dict)]
    parts = [": ".join(filter(None, (e.get("FieldName"), e.get("Message")))) for e in errors]
    message = "; ".join(p for p in parts if p)[:1000] or f"ErrorCode {status.get('ErrorCode')}"
    lost = str(status.get("MsgCode")) == "1" and str(status.get("ErrorCode")) == "500"
    if lost or any(word in message for word in SESSION):
        return SessionLost(message)
    for words, code in ((DUPLICATE, "duplicate"), (CLOSED, "closed_period")):
        if any(word in message for word in words):
            return Refusal(message, code)
    if any(word in message for word in BUSY):
        return NotReached(message, "busy")
    return Refusal(message, "validation")


def result_of(answer: Any) -> dict[str, Any]:
    """`Result` of a good answer; raises the fault of a bad one, `Doubtful` when there is none to read."""
    result = answer.get("Result") if isinstance(answer, dict) else None
    status = result.get("ResponseStatus") if isinstance(result, dict) else None
    if not isinstance(status, dict):
        raise Doubtful("the answer has no ResponseStatus", "shape")
    if not is_true(status.get("IsSuccess")):
        raise fault_of(status)
    return result


def saved(answer: Any) -> tuple[str, str]:
    """Id and number of what Save made, whichever part of the answer names them."""
    result = result_of(answer)
    named = [e for e in result["ResponseStatus"].get("SuccessEntitys") or [] if isinstance(e, dict)]
    first = named[0] if named else {}
    ident, number = result.get("Id") or first.get("Id"), result.get("Number") or first.get("Number")
    if ident in (None, "", 0, "0"):
        raise Doubtful("a success without an id", "shape")
    return str(ident), str(number or "")


def rows(answer: Any, width: int) -> list[list[Any]]:
    """Rows of `ExecuteBillQuery`, each once; raises the fault that a table may hold in place of rows."""
    if isinstance(answer, dict):
        result_of(answer)
        raise NotReached("a query answered with an object", "shape")
    if not isinstance(answer, list):
        raise NotReached("a query answered with no table", "shape")
    found: dict[str, list[Any]] = {}
    for row in answer:
        if not isinstance(row, list):
            raise NotReached("a query answered with no table", "shape")
        if row and isinstance(row[0], dict):
            _raise_inner(row[0])
        if len(row) != width:
            raise NotReached("a row has another width than what was asked for", "shape")
        found.setdefault(json.dumps(row, default=str), row)
    return list(found.values())


def _raise_inner(answer: dict[str, Any]) -> None:
    try:
        result_of(answer)
    except Doubtful as problem:
        raise NotReached(problem.message, problem.code) from None
    raise NotReached("a success in place of rows", "shape")


def money(value: Any) -> Decimal:
    """An amount of an answer, rounded to two places; raises `NotReached` for what is none."""
    try:
        return Decimal(str(value if value not in (None, "") else 0)).quantize(Decimal("0.01"))
    except InvalidOperation:
        raise NotReached(f"{str(value)[:40]} is no amount", "shape") from None
