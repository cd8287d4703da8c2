"""Letters that forward an official paper: one frame, nine bodies, chosen by the kind of the paper."""

from __future__ import annotations

import json
from functools import cache
from pathlib import Path
from typing import Any

from sqlalchemy import select

from core import DocumentKind, L, _, db, record_class, registry
from plugins.cases import status
from plugins.cases.case import Case
from plugins.cases.merging import (
    answer_by,
    case_fields,
    client_of,
    deadline_fields,
    next_milestone,
)
from plugins.cases.money import quotation_of
from plugins.cases.records import Event
from plugins.clients import client_fields, contact_fields

DATA = Path(__file__).parent / "data" / "letters.json"
OFFICES = {
    "TMO": ("国家知识产权局商标局", "the Trademark Office of CNIPA"),
    "TRAD": ("国家知识产权局商标评审部门", "the trademark review department of CNIPA"),
    "PAT": ("国家知识产权局", "CNIPA"),
    "RB": ("国家知识产权局专利局复审和无效审理部", "the re-examination and invalidation department of CNIPA"),
    "LAW": ("国家知识产权局条法司", "the legal department of CNIPA"),
    "WIPO": ("世界知识产权组织国际局", "the International Bureau of WIPO"),
    "CPCC": ("中国版权保护中心", "the Copyright Protection Centre of China"),
    "COURT": ("人民法院", "the People's court"),
    "CUSTOMS": ("海关总署", "the General Administration of Customs"),
}
BODIES: dict[str, tuple[str, str, str, str]] = {
    "forward_info": (
        "特此转达，供贵方存档，无需答复。",
        "For your file; no action is needed.",
        "我方将继续跟踪后续程序，有进展即行通知。",
        "We go on watching the case and report each step.",
    ),
    "forward_action": (
        "官方要求在期限内补正，逾期将按撤回或放弃处理。",
        "The office asks for a correction in time; otherwise the request is treated as withdrawn or given up.",
        "请按下文所列准备材料，我方收到后即办理补正。",
        "Please send us what is listed below; we file the correction as soon as it is here.",
    ),
    "forward_oa": (
        "审查员提出了审查意见，理由与对比文件见附件。",
        "The examiner raises the points and documents in the attachment.",
        "请结合附件提出贵方意见；我方将据此拟定答复并送贵方审定。",
        "Please let us have your comments; we draft the reply for your approval.",
    ),
    "forward_refusal": (
        "官方作出不利决定，救济期限极短，请于一个工作日内指示。",
        "This is an adverse decision with a very short remedy; please instruct us within one working day.",
        "逾期未提出救济的，该决定即发生效力，此后无法补救。",
        "Without a remedy in time the decision becomes final and cannot be mended.",
    ),
    "forward_grant": (
        "官方已通知授权，请在期限内缴纳登记费用，权利自公告日起生效。",
        "Grant is notified; please pay in time. The right begins on publication.",
        "逾期未办理登记的，视为放弃取得权利。",
        "If it is not completed in time the right is taken as abandoned.",
    ),
    "forward_certificate": (
        "证书已核发，请妥善保管电子件及其校验码。",
        "The certificate is issued; please keep the electronic file and its check code.",
        "请核对证书记载事项，如有误请尽快告知。",
        "Please check what it says and tell us of any error soon.",
    ),
    "forward_loss": (
        "权利已被视为撤回或终止。",
        "The right is treated as withdrawn or ended.",
        "是否可以请求恢复及其期限见下表；恢复需说明理由并另行缴费。",
        "Whether restoration is possible and until when stands below; it needs reasons and a further fee.",
    ),
    "forward_adverse": (
        "对方已提出请求，请在期限内答辩。",
        "The other side has acted; please answer in time.",
        "有关文件可能只送达注册地址，请检查贵方信箱及电子送达账户。",
        "Papers may come only to the registered address; please check your mail boxes.",
    ),
    "fee_demand": (
        "请在期限内缴纳官费，逾期将产生下述后果。",
        "Please pay the official fee in time; otherwise the stated consequence follows.",
        "款项到账后我方当日代缴，并提供官方票据。",
        "We pay on the day your money arrives and send you the receipt.",
    ),
}
NEEDS_ANSWER = frozenset(BODIES) - {"forward_info", "forward_certificate"}
URGENT = ("fatal", "fatal_short")


@cache
def letters() -> dict[str, dict[str, str]]:
    """Per event code: body, urgency, office and the printed name of the paper."""
    return json.loads(DATA.read_text("utf-8"))


def kinds() -> list[DocumentKind]:
    """One kind on official papers."""
    label = L("官文转达函", "Letter forwarding an official paper")
    return [
        DocumentKind(
            "forward_notice", "cases.event", label, "cases/documents/forward_notice.html", data, available=fits
        )
    ]


def fits(event: Event) -> Any:
    """True for papers that are told to clients."""
    return event.code in letters() or _("Only papers of offices and courts are forwarded.")


def data(event: Event, language: str) -> dict[str, Any]:
    """The frame's fields for one paper."""
    case: Case = event.case
    chosen = letters()[event.code]
    client = client_of(case)
    zh = language == "zh"
    office = OFFICES.get(chosen["office"], OFFICES["PAT"])
    body = BODIES[chosen["letter"]]
    deadlines = [deadline_fields(d, language) for d in _raised_by(event)]
    for each in deadlines:
        each["client_date"] = each["client_date"] or answer_by(each["official_date"])
    asked = chosen["letter"] in NEEDS_ANSWER
    roles = ("legal_head", "daily") if chosen["urgency"] in URGENT else ("daily", "legal_head")
    return {
        "case": case_fields(case, language),
        "client": client_fields(client, language),
        "to": contact_fields(client, roles, language),
        "branch_id": case.branch_id,
        "signer_id": case.agent_id,
        "notice": {
            "title": event.title if zh else chosen["en"],
            "office": office[0] if zh else office[1],
            "dispatch_date": event.dispatch_date or event.date,
            "receipt_date": event.receipt_date,
            "serial": event.notice_number,
            "summary": body[0] if zh else body[1],
            "advice": body[2] if zh else body[3],
            "urgent": chosen["urgency"] in URGENT,
            "letter": chosen["letter"],
        },
        "deadline": deadlines[0]
        if deadlines
        else {"client_date": answer_by() if asked else None, "official_date": None},
        "deadlines": deadlines,
        "milestone": next_milestone(case, status.model(case.case_type), language),
        "quote": quotation_of(case),
        "asked": asked,
    }


def _undated(asked: bool) -> dict[str, Any]:
    """No date was started by the paper: an answer is asked for in a week all the same."""
    return {"client_date": answer_by() if asked else None, "official_date": None}


def _raised_by(event: Event) -> list[Any]:
    """The open dates that this paper started."""
    if "deadlines.deadline" not in registry().types:
        return []
    deadline = record_class("deadlines.deadline")
    query = select(deadline).where(deadline.event_id == event.id, deadline.status == "open")
    return list(db.session.scalars(query.order_by(deadline.due, deadline.id).limit(6)))
