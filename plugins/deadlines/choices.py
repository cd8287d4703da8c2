"""The codes of deadline fields with their words in both languages."""

from __future__ import annotations

from core import Choice, L
from plugins.deadlines.engine import joined_calendars

SEVERITIES = (
    Choice("fatal", L("失权", "Fatal"), "danger"),
    Choice("curable", L("可救济", "Curable"), "warn"),
    Choice("adverse", L("不利", "Adverse"), "today"),
    Choice("info", L("提示", "For information")),
)
STATUSES = (
    Choice("open", L("待办", "Open"), "accent"),
    Choice("to_confirm", L("待第二人核对", "Second person wanted"), "warn"),
    Choice("met", L("已办结", "Met"), "done"),
    Choice("waived", L("已放弃", "Waived")),
    Choice("missed", L("已错过", "Missed"), "danger"),
    Choice("moot", L("不再需要", "No longer needed")),
    Choice("passed", L("窗口已过", "Window closed")),
    Choice("superseded", L("已被新计算取代", "Superseded")),
)
LIVE = ("open", "to_confirm")
KINDS = (
    Choice("deadline", L("期限", "Deadline")),
    Choice("milestone", L("节点", "Milestone")),
    Choice("gate", L("前置条件", "Gate")),
)
COVERAGES = (
    Choice("official", L("官方日历", "Official calendar"), "done"),
    Choice("provisional", L("暂定（日历未公布）", "Provisional (calendar not published)"), "warn"),
    Choice("weekend_only", L("仅周末", "Weekends only")),
)
ROLLS = (
    Choice("patent", L("专利局日历", "Patent office calendar")),
    Choice("tm", L("商标日历", "Trademark calendar")),
    Choice("court", L("法院日历", "Court calendar")),
    Choice("wipo", L("国际局日历", "WIPO calendar")),
    Choice("none", L("不顺延", "Never moved")),
)


def rolls() -> tuple[Choice, ...]:
    """The calendars that rules may name, with those of other plugins."""
    given = joined_calendars().values()
    return (*ROLLS, *(Choice(one.name, L(one.zh, one.en)) for one in given)) if given else ROLLS


CERTAINTIES = (
    Choice("high", L("高", "High"), "done"),
    Choice("medium", L("中", "Medium")),
    Choice("low", L("低", "Low"), "warn"),
)
RULE_STATES = (
    Choice("draft", L("草稿", "Draft")),
    Choice("published", L("已发布", "Published"), "done"),
    Choice("retired", L("已停用", "Retired")),
)
COMPUTING = (
    Choice("waiting", L("排队中", "Waiting")),
    Choice("running", L("计算中", "Running"), "accent"),
    Choice("done", L("已完成", "Done"), "done"),
    Choice("failed", L("未完成", "Failed"), "danger"),
)
ORIGINS = (Choice("shipped", L("随系统", "Shipped")), Choice("own", L("本所", "Our own"), "accent"))
DAY_KINDS = (
    Choice("off", L("放假", "Day off"), "done"),
    Choice("worked", L("调休上班", "Worked in lieu"), "warn"),
    Choice("closed", L("国际局闭馆", "WIPO closed")),
)
ANCHORS = (
    Choice("due", L("官方期限", "Official date")),
    Choice("safe_date", L("稳妥日", "Safe date")),
    Choice("internal_date", L("内部期限", "Internal date")),
)
REMINDER_STATES = (
    Choice("decided", L("待发送", "To be sent")),
    Choice("sent", L("已发送", "Sent"), "done"),
    Choice("covered", L("由更近一次提醒覆盖", "Covered by a later reminder")),
    Choice("obsolete", L("期限已办结", "Deadline already closed")),
)
