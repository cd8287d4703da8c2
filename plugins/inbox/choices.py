"""Closed lists of this plugin: choices of people, states of deliveries, attempts, texts and replies."""

from __future__ import annotations

from core import Choice, L

WISHES = (
    Choice("auto", L("按轻重", "By urgency")),
    Choice("now", L("立即", "At once")),
    Choice("digest", L("并入每日摘要", "In the daily digest")),
    Choice("off", L("不发", "Never")),
)
"""What a person wants of one kind of messages by one channel. By urgency: urgent at once, the rest in the digest."""

STATES = (
    Choice("waiting", L("等待时间", "Waits for its time")),
    Choice("digest", L("等待摘要", "Waits for the digest")),
    Choice("handed", L("已交给渠道", "Handed to the channel"), "accent"),
    Choice("sent", L("已发出", "Sent"), "done"),
    Choice("delivered", L("已送达", "Delivered"), "done"),
    Choice("retry", L("将重试", "Will be tried again"), "warn"),
    Choice("skipped", L("不必再发", "Not needed")),
    Choice("dead", L("未能送达", "Not delivered"), "danger"),
)
OPEN = ("waiting", "digest", "retry")

OUTCOMES = (
    Choice("sent", L("已发出", "Sent"), "done"),
    Choice("delivered", L("已送达", "Delivered"), "done"),
    Choice("failed", L("失败", "Failed"), "danger"),
)

STEPS = (Choice("deputy", L("代班人", "Deputy")), Choice("head", L("部门负责人", "Head of the department")))

TEXT_STATES = (
    Choice("queued", L("待发", "Queued")),
    Choice("sending", L("发送中", "Being sent"), "accent"),
    Choice("sent", L("已发", "Sent"), "done"),
    Choice("unclear", L("不知是否发出", "Perhaps sent"), "warn"),
    Choice("failed", L("失败", "Failed"), "danger"),
)

REPLY_STATES = (
    Choice("kept", L("已入档", "Kept at the record"), "done"),
    Choice("refused", L("拒收", "Refused"), "danger"),
    Choice("dropped", L("自动邮件，略过", "Automatic, passed over")),
)

LANGUAGES = (Choice("zh", L("中文", "Chinese")), Choice("en", L("英文", "English")))

TEMPLATES = (
    Choice("message", L("单条消息", "One message")),
    Choice("digest", L("每日摘要", "Daily digest")),
)
