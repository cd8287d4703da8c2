"""What the stand-in for Kingdee K3Cloud keeps: forms, base data, documents with their rules, and its query language."""

from __future__ import annotations

import json
import re
import threading
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime, timedelta, timezone
from decimal import Decimal, InvalidOperation
from pathlib import Path
from typing import Any

NAME = "kingdee"

SHANGHAI = timezone(timedelta(hours=8))
KINDS = (
    "timeout_before", "timeout_after_commit", "drop_before", "drop_after_commit", "error500_before",
    "error500_after_commit", "fail_in_200", "fail_string", "lost_session", "response_error",
    "response_error_after_commit", "duplicate_answer", "wrong_types", "not_json", "slow", "throttled",
)  # fmt: skip
BASE_DATA = {
    "BD_Customer": {"CUST0001": "示例客户一", "CUST0002": "示例客户二"},
    "BD_Account": {
        "1122": "应收账款", "6001": "主营业务收入", "2241": "其他应付款", "2221.01.02": "销项税额", "1002": "银行存款",
    },
    "BD_Expense": {"FY01": "服务费", "FY02": "代收官费", "FY03": "其他"},
    "BD_Currency": {"PRE001": "人民币", "PRE007": "美元"},
    "BD_AccountBook": {"001": "示例账簿"},
    "BD_VOUCHERGROUP": {"PRE001": "记"},
    "ORG_Organizations": {"100": "示例机构"},
    "BD_SETTLETYPE": {"JSFS04_SYS": "电汇"},
}  # fmt: skip
SYNCHRONISED = re.compile(r"[A-Z]-\d{4}-\d{4}")
"""Numbers of customers whose master data come from the agency's own system."""
FIELDS = {
    "AR_receivable": {
        "FBillHead": "FBillTypeID FBillNo FDATE FENDDATE_H FCUSTOMERID FCURRENCYID FSETTLEORGID FPAYORGID FAR_Remark "
        "FDocumentStatus FALLAMOUNTFOR FWRITTENOFFSTATUS FRelateHadPayAmount FOPENSTATUS FCancelStatus FModifyDate",
        "FEntityDetail": "FCOSTID FMATERIALID FPriceQty FTaxPrice FEntryTaxRate FALLAMOUNTFOR_D FComment",
    },
    "AR_RECEIVEBILL": {
        "FBillHead": "FBillTypeID FBillNo FDATE FCONTACTUNITTYPE FCONTACTUNIT FPAYUNITTYPE FPAYUNIT FCURRENCYID "
        "FSETTLEORGID FPAYORGID FREALRECAMOUNTFOR FDocumentStatus FModifyDate",
        "FRECEIVEBILLENTRY": "FSETTLETYPEID FPURPOSEID FRECTOTALAMOUNTFOR",
    },
    "GL_VOUCHER": {
        "FBillHead": "FVOUCHERID FAccountBookID FDate FVOUCHERGROUPID FVOUCHERGROUPNO FBillNo F_ZA_KEY FDEBITTOTAL "
        "FDocumentStatus FModifyDate",
        "FEntity": "FEXPLANATION FACCOUNTID FDetailID FCURRENCYID FEXCHANGERATETYPE FEXCHANGERATE FAMOUNTFOR "
        "FDEBIT FCREDIT",
    },
} | {form: {"FBillHead": "FNumber FName"} for form in BASE_DATA}


class Failure(Exception):
    """What the server answers with `IsSuccess` false: messages with the field at fault."""

    def __init__(self, *errors: tuple[str, str], code: Any = 0, msg_code: int = 8) -> None:
        super().__init__(errors)
        self.errors, self.code, self.msg_code = errors, code, msg_code


@dataclass
class Standin:
    """The server's memory. `hang` is how many seconds a request hangs before it is left without an answer."""

    folder: Path | None = None
    hang: float = 30.0
    documents: dict[str, dict[int, dict[str, Any]]] = field(default_factory=dict)
    base: dict[str, dict[str, str]] = field(default_factory=lambda: {k: dict(v) for k, v in BASE_DATA.items()})
    closed_periods: set[str] = field(default_factory=set)
    orders: list[dict[str, Any]] = field(default_factory=list)
    log: list[dict[str, Any]] = field(default_factory=list)
    sessions: set[str] = field(default_factory=set)
    require_session: bool = False
    last_id: int = 100000
    lock: threading.RLock = field(default_factory=threading.RLock)
    script: Callable[[str], str | None] | None = None

    def __post_init__(self) -> None:
        if self.folder and (kept := self.folder / f"{NAME}.json").exists():
            data = json.loads(kept.read_text("utf-8"))
            self.documents = {f: {int(i): d for i, d in docs.items()} for f, docs in data["documents"].items()}
            self.base, self.last_id = data["base"], data["last_id"]

    def misbehave(self, kind: str, service: str = "*", times: int = 1) -> None:
        """Spoil the next `times` requests of a service (`Save`, `ExecuteBillQuery`, … or `*`)."""
        if kind not in KINDS:
            raise ValueError(kind)
        with self.lock:
            self.orders.append({"kind": kind, "service": service, "times": times})

    def order_for(self, service: str) -> str | None:
        """The misbehaviour that this request gets; each order wears off."""
        with self.lock:
            if self.script and (kind := self.script(service)):
                return kind
            for order in self.orders:
                if order["service"] in ("*", service):
                    order["times"] -= 1
                    self.orders = [o for o in self.orders if o["times"] > 0]
                    return order["kind"]
        return None

    def reset(self) -> None:
        """Forget all documents, orders and the log."""
        with self.lock:
            self.documents, self.orders, self.log, self.script = {}, [], [], None
            self.base = {form: dict(codes) for form, codes in BASE_DATA.items()}
            self.keep()

    def keep(self) -> None:
        """Write the memory into the folder, if there is one."""
        if self.folder:
            self.folder.mkdir(parents=True, exist_ok=True)
            data = {"documents": self.documents, "base": self.base, "last_id": self.last_id}
            fresh = self.folder / f".{NAME}.json"
            fresh.write_text(json.dumps(data, ensure_ascii=False, default=str), "utf-8")
            fresh.replace(self.folder / f"{NAME}.json")

    def of(self, form: str) -> dict[int, dict[str, Any]]:
        """The documents of one form by id."""
        return self.documents.setdefault(form, {})

    def by_key(self, form: str, name: str, value: str) -> list[dict[str, Any]]:
        """Documents whose field has that value."""
        return [d for d in self.of(form).values() if d.get(name) == value]

    def touch(self, document: dict[str, Any]) -> None:
        """Note that a document changed now."""
        document["FModifyDate"] = datetime.now(SHANGHAI).replace(tzinfo=None).isoformat(timespec="milliseconds")
        self.keep()

    def pay(self, form_id: int, amount: Decimal) -> None:
        """Write receipts off against a receivable: `amount` is all that was received so far."""
        with self.lock:
            document = self.of("AR_receivable")[form_id]
            total = Decimal(document["FALLAMOUNTFOR"])
            full = abs(amount) >= abs(total)
            document["FWRITTENOFFSTATUS"] = "A" if not amount else "C" if full else "B"
            document["FRelateHadPayAmount"] = str(amount)
            self.touch(document)

    # the services -------------------------------------------------------------------------------------------------

    def save(self, form: str, data: dict[str, Any]) -> dict[str, Any]:
        """Keep a new document; there is no idempotency key, only the unique number."""
        model = data.get("Model") or {}
        checks = {"AR_receivable": self._check_receivable, "GL_VOUCHER": self._check_voucher}
        with self.lock:
            if form in BASE_DATA:
                self.base[form][str(model["FNumber"])] = str(model.get("FName", ""))
                self.keep()
                return {"Id": len(self.base[form]), "Number": model["FNumber"]}
            if form not in FIELDS:
                raise Failure(("", f"业务对象{form}不存在"))
            checks.get(form, self._check_receipt)(model)
            number = self._number(form, model)
            self.last_id += 1
            state = "C" if data.get("IsAutoSubmitAndAudit") in (True, "true") else "A"
            document = {"FOPENSTATUS": "A", "FCancelStatus": "A", "FWRITTENOFFSTATUS": "A", "FRelateHadPayAmount": "0"}
            document |= model | {
                "FID": self.last_id,
                "FVOUCHERID": self.last_id,
                "FBillNo": number,
                "FDocumentStatus": state,
            }
            self.of(form)[self.last_id] = document
            self.touch(document)
            return {"Id": self.last_id, "Number": number}

    def _number(self, form: str, model: dict[str, Any]) -> str:
        given = "" if form == "GL_VOUCHER" else str(model.get("FBillNo") or "")
        if given and self.by_key(form, "FBillNo", given):
            raise Failure(("FBillNo", f"违反字段唯一性要求：编码唯一。[{given}]在当前系统中已经被使用。"))
        return given or f"{'AR' if form == 'AR_receivable' else 'V'}{len(self.of(form)) + 1:08d}"

    def _known(self, form: str, model: dict[str, Any], name: str) -> None:
        value = model.get(name)
        code = (value.get("FNumber") or value.get("FNUMBER")) if isinstance(value, dict) else None
        if not self.has(form, str(code)):
            raise Failure((name, f"字段“{name}”的基础资料编码{code}不存在或未审核"))

    def has(self, form: str, code: str) -> bool:
        """Whether base data has that code; customers are also known by the shape of their number."""
        return code in self.base[form] or (form == "BD_Customer" and bool(SYNCHRONISED.fullmatch(code)))

    def _open_period(self, day: Any, name: str) -> None:
        if not re.fullmatch(r"\d{4}-\d\d-\d\d", str(day or "")):
            raise Failure((name, f"字段“{name}”是必填项或日期格式不正确"))
        if str(day)[:7] in self.closed_periods:
            raise Failure((name, f"单据日期{day}所在期间已结账，不允许保存"))

    def _check_receivable(self, model: dict[str, Any]) -> None:
        self._open_period(model.get("FDATE"), "FDATE")
        self._known("BD_Customer", model, "FCUSTOMERID")
        self._known("BD_Currency", model, "FCURRENCYID")
        for name in ("FSETTLEORGID", "FPAYORGID"):
            self._known("ORG_Organizations", model, name)
        rows = model.get("FEntityDetail") or []
        if (model.get("FBillTypeID") or {}).get(
            "FNUMBER", (model.get("FBillTypeID") or {}).get("FNumber")
        ) != "YSD01_SYS":
            raise Failure(("FBillTypeID", "单据类型不存在"))
        if not rows:
            raise Failure(("FEntityDetail", "单据体“明细”是必填项"))
        for row in rows:
            if "FMATERIALID" not in row:
                self._known("BD_Expense", row, "FCOSTID")
        model["FALLAMOUNTFOR"] = str(sum((amount(r.get("FALLAMOUNTFOR_D")) for r in rows), Decimal(0)))

    def _check_voucher(self, model: dict[str, Any]) -> None:
        self._open_period(model.get("FDate"), "FDate")
        self._known("BD_AccountBook", model, "FAccountBookID")
        self._known("BD_VOUCHERGROUP", model, "FVOUCHERGROUPID")
        rows = model.get("FEntity") or []
        for row in rows:
            self._known("BD_Account", row, "FACCOUNTID")
            if row["FACCOUNTID"].get("FNumber") == "1122":
                self._known("BD_Customer", row.get("FDetailID") or {}, "FDETAILID__FFLEX6")
        debit, credit = (sum((amount(r.get(n)) for r in rows), Decimal(0)) for n in ("FDEBIT", "FCREDIT"))
        if len(rows) < 2 or debit != credit:
            raise Failure(("FEntity", f"凭证借贷不平衡：借方{debit}，贷方{credit}"))
        model["FDEBITTOTAL"] = model["FALLAMOUNTFOR"] = str(debit)

    def _check_receipt(self, model: dict[str, Any]) -> None:
        rows = model.get("FRECEIVEBILLENTRY") or []
        self._known("BD_Customer", model, "FCONTACTUNIT")
        model["FREALRECAMOUNTFOR"] = str(sum((amount(r.get("FRECTOTALAMOUNTFOR")) for r in rows), Decimal(0)))

    def find(self, form: str, data: dict[str, Any]) -> list[dict[str, Any]]:
        """Documents named by `Number`, `Id`, `Numbers` or `Ids` ("1,2")."""
        numbers = [str(n) for n in (data.get("Numbers") or [data.get("Number")]) if n]
        ids = [int(i) for i in str(data.get("Ids") or data.get("Id") or "").split(",") if i.strip()]
        with self.lock:
            found = [d for d in self.of(form).values() if d["FBillNo"] in numbers or d["FID"] in ids]
        if not found:
            raise Failure(("", "传递的编码值不存在"))
        return found

    def move(self, form: str, data: dict[str, Any], wanted: str, to: str) -> dict[str, Any]:
        """Submit, audit, un-audit."""
        found = self.find(form, data)
        with self.lock:
            for document in found:
                if document["FDocumentStatus"] not in wanted:
                    raise Failure(("", f"单据{document['FBillNo']}当前状态不允许此操作"))
                document["FDocumentStatus"] = to
                self.touch(document)
        return {"Id": found[0]["FID"], "Number": found[0]["FBillNo"]}

    def query(self, data: dict[str, Any]) -> list[list[Any]]:
        """Rows in the order of `FieldKeys`, filtered, ordered, paged."""
        form, names = data.get("FormId", ""), [n.strip() for n in str(data.get("FieldKeys", "")).split(",")]
        if form not in FIELDS:
            raise Failure(("", f"业务对象{form}不存在"))
        known = set(" ".join(FIELDS[form].values()).split()) | {"FID"}
        if bad := [n for n in names if n.split(".")[0] not in known]:
            raise Failure(("", f"字段{bad[0]}不存在"))
        tests = conditions(str(data.get("FilterString") or ""))
        with self.lock:
            if form in BASE_DATA:
                named = {v: "已同步客户" for _n, _op, given in tests for v in given if self.has(form, v)}
                rows = [
                    {"FID": i, "FNumber": n, "FName": t} for i, (n, t) in enumerate((named | self.base[form]).items())
                ]
            else:
                rows = [dict(d) for d in self.of(form).values()]
        rows = [r for r in rows if all(holds(value_at(r, n), op, given) for n, op, given in tests)]
        order, _space, way = str(data.get("OrderString") or "FID ASC").partition(" ")
        rows.sort(key=lambda r: (str(value_at(r, order)), r["FID"]), reverse=way.strip().upper() == "DESC")
        start, limit = int(data.get("StartRow") or 0), min(int(data.get("Limit") or 2000), 2000)
        return [[typed(n, value_at(r, n)) for n in names] for r in rows[start : start + limit]]

    def info(self, form: str) -> dict[str, Any]:
        """The fields of a form."""
        if form not in FIELDS:
            raise Failure(("", f"业务对象{form}不存在"))
        entries = [
            {"Key": entry, "Fields": [{"Key": n, "Name": n} for n in names.split()]}
            for entry, names in FIELDS[form].items()
        ]
        return {"Id": form, "Entrys": entries}


def amount(value: Any) -> Decimal:
    """A number as the server reads it."""
    try:
        return Decimal(str(value if value not in (None, "") else 0))
    except InvalidOperation:
        raise Failure(("", f"数值{value}格式不正确")) from None


def typed(name: str, value: Any) -> Any:
    """Amounts leave as JSON numbers."""
    money = name in ("FALLAMOUNTFOR", "FDEBITTOTAL", "FRelateHadPayAmount", "FREALRECAMOUNTFOR")
    return float(value) if money and value is not None else value


def value_at(row: dict[str, Any], name: str) -> Any:
    """`FCUSTOMERID.FNumber` of a document."""
    value: Any = row
    for part in name.split("."):
        value = value.get(part) if isinstance(value, dict) else None
    return value


_CONDITION = re.compile(r"^\s*([\w.]+)\s*(>=|<=|<>|=|>|<|\blike\b|\bin\b)\s*(.+?)\s*$", re.IGNORECASE | re.DOTALL)
_LITERAL = re.compile(r"'((?:[^']|'')*)'|(-?\d+(?:\.\d+)?)")


def conditions(text: str) -> list[tuple[str, str, list[str]]]:
    """A small part of the filter language: comparisons joined by AND."""
    found, depth, part = [], False, ""
    pieces: list[str] = []
    for token in re.split(r"('(?:[^']|'')*')", text):
        if token.startswith("'"):
            part += token
            continue
        split = re.split(r"\band\b", token, flags=re.IGNORECASE)
        part += split[0]
        for more in split[1:]:
            pieces.append(part)
            part = more
    pieces.append(part)
    for piece in (p for p in pieces if p.strip() or len(pieces) > 1 or depth):
        if not piece.strip():
            raise Failure(("", "过滤条件语法错误"), code=500)
        match = _CONDITION.match(piece)
        values = _LITERAL.findall(match[3]) if match else []
        if not match or not values or _LITERAL.sub("", match[3]).strip(" (),"):
            raise Failure(("", "过滤条件语法错误"), code=500)
        found.append((match[1], match[2].lower(), [a.replace("''", "'") or b for a, b in values]))
    return found


def holds(value: Any, op: str, given: list[str]) -> bool:
    """Whether one comparison is true; dates compare as their text."""
    text, first = str(value if value is not None else ""), given[0].replace(" ", "T") if "-" in given[0] else given[0]
    if op == "in":
        return text in given
    if op == "like":
        pattern = re.escape(given[0]).replace("%", ".*").replace("_", ".")
        return re.fullmatch(pattern, text, re.DOTALL) is not None
    compare = {"=": text == given[0] or text == first, "<>": text != given[0]}
    compare |= {">=": text >= first, "<=": text <= first, ">": text > first, "<": text < first}
    return compare[op]
