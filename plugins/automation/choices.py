"""The words of automation: what sets a rule off, what became of a run, days and rhythms."""

from __future__ import annotations

from core import Choice, L, registry

TRIGGERS = (
    Choice("created", L("新建记录", "A record is made")),
    Choice("changed", L("字段变化", "Fields change")),
    Choice("entered", L("进入状态", "A status is entered")),
    Choice("date", L("日期到了，或提前、推后几天", "A date is reached, or days before or after it")),
    Choice("schedule", L("按时间表", "On a schedule")),
    Choice("webhook", L("收到外部消息", "A message from another system")),
)
STATES = (
    Choice("waiting", L("待运行", "Waiting"), "accent"),
    Choice("done", L("已完成", "Done"), "done"),
    Choice("failed", L("失败", "Failed"), "danger"),
    Choice("skipped", L("跳过", "Skipped")),
)
CALL_STATES = (
    Choice("waiting", L("待发", "Waiting"), "accent"),
    Choice("sending", L("发送中", "Being sent"), "accent"),
    Choice("sent", L("已送达", "Delivered"), "done"),
    Choice("dead", L("已放弃", "Given up"), "danger"),
)
RHYTHMS = (
    Choice("hour", L("每小时", "Every hour")),
    Choice("day", L("每天", "Every day")),
    Choice("week", L("每周", "Every week")),
    Choice("month", L("每月", "Every month")),
)
WEEKDAYS = (
    Choice("0", L("周一", "Monday")),
    Choice("1", L("周二", "Tuesday")),
    Choice("2", L("周三", "Wednesday")),
    Choice("3", L("周四", "Thursday")),
    Choice("4", L("周五", "Friday")),
    Choice("5", L("周六", "Saturday")),
    Choice("6", L("周日", "Sunday")),
)


def record_types() -> list[Choice]:
    """Record types that rules may be about: those of the agency, not people, rights or the rules themselves."""
    kinds = [k for k in registry().types.values() if k.public and not k.key.startswith(("core.", "automation."))]
    return [Choice(kind.key, kind.label) for kind in sorted(kinds, key=lambda kind: kind.key)]
