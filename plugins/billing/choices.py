"""The choices of billing fields, with words in both languages."""

from __future__ import annotations

from core import Choice, L

GROUPS = (
    Choice("trademark", L("商标", "Trademark")),
    Choice("patent", L("专利", "Patent")),
    Choice("copyright", L("著作权", "Copyright")),
    Choice("dispute", L("争议", "Dispute")),
    Choice("consulting", L("咨询", "Consulting")),
    Choice("other", L("其他", "Other")),
)

UNITS = (
    Choice("class", L("类", "class")),
    Choice("item", L("项", "item")),
    Choice("case", L("件", "case")),
    Choice("project", L("项目", "project")),
    Choice("mark_year", L("件/年", "mark and year")),
    Choice("case_year", L("件/年度", "case and year")),
    Choice("hit", L("次命中", "hit")),
    Choice("country", L("国", "country")),
    Choice("class_country", L("类·国", "class and country")),
    Choice("action", L("次", "action")),
    Choice("pair", L("对", "pair")),
    Choice("claim", L("项优先权", "claim")),
    Choice("hour", L("小时", "hour")),
    Choice("applicant_year", L("申请人/年", "applicant and year")),
    Choice("month", L("月", "month")),
    Choice("contract", L("份合同", "contract")),
    Choice("thousand_words", L("千词", "1000 words")),
    Choice("domain_year", L("域名/年", "domain and year")),
    Choice("instance", L("审级", "instance")),
    Choice("letter", L("封", "letter")),
    Choice("session", L("场", "session")),
    Choice("year", L("年", "year")),
)

COUNTING = (
    Choice("case", L("每案一次", "Once per case")),
    Choice("class", L("按类别数", "Classes of the case")),
    Choice("extra_item", L("按第 11 项起的商品数", "Goods items from the 11th of each class")),
    Choice("excess_claim", L("按第 11 项起的权利要求数", "Claims from the 11th")),
    Choice("priority", L("按优先权项数", "Priority claims")),
)
"""How many units of an item a case makes."""

FEE_PER = (
    Choice("case", L("件", "case")),
    Choice("class", L("类", "class")),
    Choice("item", L("项", "item")),
    Choice("page", L("页", "page")),
    Choice("month", L("月", "month")),
)

CHANNELS = (Choice("online", L("电子申请", "Online")), Choice("paper", L("纸质", "On paper")))

BILL_STATES = (
    Choice("draft", L("草稿", "Draft"), tone="plain"),
    Choice("issued", L("已开出", "Issued"), tone="accent"),
    Choice("part_paid", L("部分付款", "Part paid"), tone="warn"),
    Choice("paid", L("已结清", "Paid"), tone="done"),
    Choice("void", L("已作废", "Void"), tone="plain"),
    Choice("written_off", L("已核销坏账", "Written off"), tone="danger"),
)
OPEN_BILLS = ("issued", "part_paid")
"""States in which money is awaited."""

BILL_KINDS = (Choice("bill", L("账单", "Bill")), Choice("credit_note", L("红字账单", "Credit note"), tone="warn"))

BILL_SOURCES = (
    Choice("event", L("案件事件", "Case event")),
    Choice("hand", L("手工", "By hand")),
    Choice("quotation", L("报价", "Quotation")),
    Choice("credit", L("更正", "Correction")),
)

QUOTATION_STATES = (
    Choice("draft", L("草稿", "Draft"), tone="plain"),
    Choice("waiting", L("待批折扣", "Discount to approve"), tone="warn"),
    Choice("sent", L("已发出", "Sent"), tone="accent"),
    Choice("accepted", L("已接受", "Accepted"), tone="done"),
    Choice("rejected", L("已拒绝", "Rejected"), tone="plain"),
    Choice("replaced", L("已被新版取代", "Replaced by a newer version"), tone="plain"),
)

PAYMENT_STATES = (
    Choice("announced", L("待确认到账", "To be confirmed"), tone="warn"),
    Choice("confirmed", L("已到账", "Received"), tone="done"),
    Choice("reversed", L("已冲销", "Reversed"), tone="danger"),
)

METHODS = (
    Choice("bank", L("银行转账", "Bank transfer"), synonyms=("转账", "电汇")),
    Choice("alipay", L("支付宝", "Alipay")),
    Choice("wechat", L("微信支付", "WeChat Pay")),
    Choice("card", L("刷卡", "Card")),
    Choice("cash", L("现金", "Cash")),
    Choice("cheque", L("支票", "Cheque")),
    Choice("other", L("其他", "Other")),
)

PARTS = (
    Choice("official", L("官费", "Official fee")),
    Choice("disbursement", L("代垫费用", "Disbursement")),
    Choice("service", L("代理费", "Service fee")),
)

REQUEST_STATES = (
    Choice("requested", L("待审批", "Requested"), tone="warn"),
    Choice("approved", L("已批准", "Approved"), tone="done"),
    Choice("rejected", L("已驳回", "Rejected"), tone="plain"),
    Choice("reversed", L("已撤回", "Reversed"), tone="plain"),
)
