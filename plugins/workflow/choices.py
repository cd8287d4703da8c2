"""Codes with their words: states of definitions, instances and tasks, kinds, decisions, steps."""

from __future__ import annotations

from core import Choice, L

DEFINITION_STATES = (
    Choice("draft", L("草稿", "Draft"), "plain"),
    Choice("published", L("已发布", "Published"), "done"),
    Choice("retired", L("已停用", "Retired"), "plain"),
)
INSTANCE_STATES = (
    Choice("running", L("进行中", "Running"), "accent"),
    Choice("completed", L("已完成", "Completed"), "done"),
    Choice("withdrawn", L("已撤回", "Withdrawn"), "plain"),
    Choice("stopped", L("已终止", "Stopped"), "warn"),
)
TASK_STATES = (
    Choice("open", L("待处理", "Open"), "accent"),
    Choice("done", L("已处理", "Done"), "done"),
    Choice("superseded", L("已作废", "Superseded"), "plain"),
    Choice("withdrawn", L("已撤回", "Withdrawn"), "plain"),
    Choice("handed_on", L("已转办", "Handed on"), "plain"),
)
TASK_KINDS = (
    Choice("approve", L("审批", "Approval")),
    Choice("client", L("客户确认", "Client confirmation")),
    Choice("do", L("办理", "To do")),
)
DECISIONS = (
    Choice("approve", L("同意", "Approve"), "done"),
    Choice("reject", L("否决", "Reject"), "danger"),
    Choice("send_back", L("退回", "Send back"), "warn"),
    Choice("confirm", L("客户已确认", "Confirm"), "done"),
    Choice("request_change", L("客户要求修改", "Request changes"), "warn"),
    Choice("done", L("已办理", "Done"), "done"),
)
OF_KIND = {
    "approve": ("approve", "send_back", "reject"),
    "client": ("confirm", "request_change"),
    "do": ("done", "send_back"),
}
"""Which decisions a task of each kind takes."""

STEPS = (
    Choice("submit", L("提交", "Submitted")),
    Choice("resubmit", L("再次提交", "Submitted again")),
    *DECISIONS[:3],
    *DECISIONS[3:],
    Choice("auto", L("自动办理", "Done automatically")),
    Choice("skip", L("跳过", "Skipped")),
    Choice("branch", L("按条件分支", "Branch chosen")),
    Choice("ask", L("请求处理", "Asked")),
    Choice("fallback", L("无人可审，转后备", "Nobody found, others asked")),
    Choice("hand_on", L("转办", "Handed on")),
    Choice("add_signer", L("加签", "Signer added")),
    Choice("urge", L("催办", "Urged")),
    Choice("escalate", L("超时升级", "Escalated")),
    Choice("failed", L("自动办理未成", "Automatic step failed")),
    Choice("withdraw", L("撤回", "Withdrawn")),
    Choice("complete", L("完成", "Completed")),
    Choice("stop", L("终止", "Stopped")),
)

WAYS = (
    Choice("api", L("通过接口", "by way of the interface")),
    Choice("wecom", L("通过企业微信", "by way of WeCom")),
    Choice("dingtalk", L("通过钉钉", "by way of DingTalk")),
    Choice("portal", L("通过客户门户", "by way of the client portal")),
)
"""How a step was taken, where it was not our own page."""
PAGE = "page"
DERIVED = frozenset({"auto", "skip", "branch", "ask", "fallback", "escalate", "failed", "complete"})
"""Steps that a flow takes by itself."""


def label(choices: tuple[Choice, ...], code: str | None) -> str:
    """The words of a code; the code itself when it is unknown."""
    return next((str(c.label) for c in choices if c.code == code), code or "")
