"""Papers on a desk."""

from __future__ import annotations

from datetime import date
from decimal import Decimal

from sqlalchemy.orm import Mapped

from core import Choice, L, Record, fields

STATES = (
    Choice("draft", L("草稿", "Draft")),
    Choice("filed", L("已提交", "Filed"), "accent"),
    Choice("refused", L("驳回", "Refused"), "danger"),
    Choice("done", L("办结", "Done"), "done"),
)
KINDS = (Choice("letter", L("函件", "Letter")), Choice("order", L("委托", "Order")))


def not_bad(value: str) -> str:
    """A name that tests can make fail."""
    if "<bad>" in value:
        raise ValueError(L("名称里不能有 <bad>", "The name may not hold <bad>"))
    return value


class Paper(Record):
    """A paper."""

    __record__ = {
        "key": "desk.paper",
        "label": L("文书", "Paper"),
        "plural": L("文书", "Papers"),
        "title": "name",
        "number": "number",
        "icon": "file",
        "order": "name",
        "archive": True,
    }
    number: Mapped[str | None] = fields.text(L("编号", "Number"), unique=True, search=True)
    name: Mapped[str] = fields.text(L("名称", "Name"), required=True, search=True, validate=not_bad)
    state: Mapped[str] = fields.choice(L("状态", "State"), STATES, default="draft", required=True)
    kinds: Mapped[list | None] = fields.multi_choice(L("种类", "Kinds"), KINDS)
    tags: Mapped[list | None] = fields.tags(L("标签", "Tags"))
    due: Mapped[date | None] = fields.date(L("期限", "Due"))
    keeper_id: Mapped[int | None] = fields.link("core.user", L("负责人", "Keeper"))
    parent_id: Mapped[int | None] = fields.link("desk.paper", L("上级文书", "Parent paper"))
    amount: Mapped[Decimal | None] = fields.money(L("金额", "Amount"))
    urgent: Mapped[bool] = fields.boolean(L("加急", "Urgent"))
    remark: Mapped[str | None] = fields.long_text(L("备注", "Remark"))
