"""The codes of portal fields with their words in both languages."""

from __future__ import annotations

from core import Choice, L, _

WAY = _("portal")
"""How the log calls what a client did there."""
ROLES = (
    Choice("owner", L("主账号", "Main account")),
    Choice("legal", L("法务", "Legal")),
    Choice("finance", L("财务", "Finance")),
    Choice("viewer", L("只看案件", "Cases only")),
)
USER_STATES = (
    Choice("invited", L("已邀请", "Invited"), "warn"),
    Choice("active", L("使用中", "Active"), "done"),
    Choice("disabled", L("已停用", "Disabled")),
)
PURPOSES = (Choice("invite", L("邀请", "Invitation")), Choice("reset", L("重设密码", "New password")))
ACTS = (
    Choice("sign_in", L("登录", "Sign-in")),
    Choice("page", L("查看", "Page")),
    Choice("download", L("下载", "Download"), "accent"),
    Choice("export", L("导出", "Export"), "accent"),
    Choice("message", L("提问", "Question"), "accent"),
    Choice("decision", L("确认", "Decision"), "done"),
    Choice("order", L("下单", "Order"), "accent"),
    Choice("account", L("账号设置", "Account")),
    Choice("refused", L("被拒绝", "Refused"), "warn"),
)
DECISIONS = (
    Choice("confirm", L("确认", "Confirmed"), "done"),
    Choice("request_change", L("要求修改", "Change wanted"), "warn"),
    Choice("renew", L("续展", "Renew"), "done"),
    Choice("no_renewal", L("不续展", "Do not renew"), "danger"),
)
RENEWAL = ("renew", "no_renewal")
RENEWALS = tuple(choice for choice in DECISIONS if choice.code in RENEWAL)
SIDES = (Choice("client", L("客户", "Client"), "accent"), Choice("agency", L("本所", "Agency")))
ORDER_STATES = (
    Choice("submitted", L("已提交", "Submitted"), "warn"),
    Choice("accepted", L("已受理", "Accepted"), "done"),
    Choice("declined", L("未受理", "Declined")),
)
ORDER_KINDS = (
    Choice("trademark", L("商标注册", "Trademark filing")),
    Choice("patent", L("专利申请", "Patent filing")),
    Choice("copyright", L("著作权登记", "Copyright registration")),
    Choice("dispute", L("争议与维权", "Dispute or enforcement")),
    Choice("renewal", L("续展、年费", "Renewal or annuity")),
    Choice("other", L("其他", "Something else")),
)
