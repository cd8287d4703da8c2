"""The closed lists of this plugin, with their labels."""

from __future__ import annotations

from core import Choice, L, _

VENDORS = (
    Choice("wecom", L("企业微信", "WeCom"), "accent"),
    Choice("dingtalk", L("钉钉", "DingTalk"), "accent"),
)
WAYS = (_("wecom"), _("dingtalk"))
"""How the log calls a decision that came in by a card."""
APPROVALS = (
    Choice("card", L("带按钮的卡片", "Card with buttons")),
    Choice("todo", L("待办（钉钉）", "To-do (DingTalk)")),
    Choice("both", L("卡片和待办", "Card and to-do")),
    Choice("message", L("只发消息，到网页处理", "Message only, decided on the page")),
)
DETAILS = (
    Choice("minimal", L("只有案号、事项种类和日期", "Case number, kind and date only")),
    Choice("full", L("标题与正文全文", "Full subject and text")),
)
KINDS = (
    Choice("message", L("消息", "Message")),
    Choice("card", L("审批卡片", "Approval card")),
    Choice("todo", L("待办", "To-do")),
    Choice("robot", L("群消息", "Group message")),
)
STATES = (
    Choice("pending", L("待发送", "Waiting"), "open"),
    Choice("sending", L("发送中", "Being sent"), "open"),
    Choice("held", L("因额度暂缓", "Held back by the quota"), "warn"),
    Choice("sent", L("已发送", "Sent"), "accent"),
    Choice("confirmed", L("已送达", "Delivered"), "done"),
    Choice("unknown", L("结果不明", "Not known"), "warn"),
    Choice("failed", L("失败", "Failed"), "danger"),
    Choice("void", L("已作废", "No longer needed"), ""),
)
UPDATES = (
    Choice("none", L("无", "None")),
    Choice("due", L("待更新", "To be updated"), "open"),
    Choice("done", L("已更新", "Updated"), "done"),
    Choice("failed", L("未能更新", "Could not be updated"), "warn"),
)
SOURCES = (
    Choice("wecom", L("企业微信回调", "WeCom callback")),
    Choice("ding_stream", L("钉钉长连接", "DingTalk Stream")),
    Choice("ding_event", L("钉钉事件回调", "DingTalk event callback")),
    Choice("ding_card", L("钉钉卡片回调", "DingTalk card callback")),
)
INBOX_STATES = (
    Choice("new", L("待处理", "Waiting"), "open"),
    Choice("working", L("处理中", "Being worked on"), "open"),
    Choice("done", L("已处理", "Done"), "done"),
    Choice("neutral", L("未改变任何内容", "Changed nothing"), "warn"),
    Choice("refused", L("已拒绝", "Refused"), "danger"),
    Choice("ignored", L("无须处理", "Nothing to do"), ""),
    Choice("broken", L("处理出错", "Could not be worked on"), "danger"),
)
ORIGINS = (
    Choice("typed", L("手工录入", "Typed in")),
    Choice("synced", L("通讯录建议", "Suggested by the address book")),
)
QUOTAS = (
    Choice("calls", L("接口调用", "API calls")),
    Choice("pushes", L("回调推送", "Pushes to us")),
    Choice("messages", L("消息人次", "Messages to people")),
)
FINAL = ("confirmed", "failed", "void")
