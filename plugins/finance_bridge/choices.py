"""The values of choice fields."""

from __future__ import annotations

from core import Choice, L

KINDS = (
    Choice("kingdee", L("金蝶云星空", "Kingdee K3Cloud")),
    Choice("file", L("表格文件", "Sheets carried by hand")),
)
SIGN_INS = (
    Choice("signed", L("签名请求（推荐）", "Signed requests (recommended)")),
    Choice("session", L("会话登录（旧版本）", "Session login (old builds)")),
)
REACH = (
    Choice("unknown", L("未检查", "Not checked"), tone="plain"),
    Choice("ok", L("正常", "Good"), tone="done"),
    Choice("not_reached", L("暂时连不上", "Not reachable"), tone="warn"),
    Choice("misconfigured", L("配置有误", "Set up wrongly"), tone="danger"),
)
MODES = (
    Choice("receivable", L("应收单（由金蝶生成凭证）", "Receivable (the ledger makes the voucher)")),
    Choice("voucher", L("总账凭证（只有总账时）", "Voucher (ledger without receivables)")),
)
CUSTOMER_CODES = (
    Choice("client_number", L("用客户编号", "The client's number")),
    Choice("mapping", L("逐个对应", "Mapped one by one")),
)
BOOK_STATES = (
    Choice("draft", L("未启用", "Not active yet"), tone="plain"),
    Choice("active", L("启用", "Active"), tone="done"),
    Choice("stopped", L("停用", "Stopped"), tone="warn"),
)
MAPPINGS = (
    Choice("account", L("科目", "Account")),
    Choice("item", L("费用项目", "Cost item")),
    Choice("customer", L("客户", "Customer")),
    Choice("currency", L("币别", "Currency")),
)
PARTS = (
    Choice("service", L("代理费", "Service fee")),
    Choice("official", L("官费", "Official fee")),
    Choice("disbursement", L("代垫费用", "Disbursement")),
)
ACCOUNTS = (
    Choice("receivable", L("应收账款", "Receivables")),
    Choice("income", L("代理费收入", "Service income")),
    Choice("tax", L("销项税额", "Output tax")),
    Choice("official", L("代收官费", "Official fees received for others")),
    Choice("disbursement", L("代垫费用", "Disbursements")),
)
STATES = (
    Choice("pending", L("待发送", "Waiting"), tone="open"),
    Choice("sent", L("已发出", "Sent"), tone="accent"),
    Choice("confirmed", L("已入账", "Confirmed"), tone="done"),
    Choice("unknown", L("结果未知，核实中", "Unknown, being looked up"), tone="warn"),
    Choice("failed", L("失败", "Failed"), tone="danger"),
    Choice("held", L("待人工处理", "Held for a person"), tone="warn"),
    Choice("cancelled", L("无需发送", "Not needed"), tone="plain"),
)
LIVE = ("pending", "sent", "unknown")
UNDECIDED = ("sent", "unknown")
"""Nobody knows yet whether the ledger has it."""
DEAD = ("failed", "held")
SIGNS = (Choice("normal", L("蓝字", "Normal")), Choice("red", L("红字", "Red"), tone="danger"))
REASONS = (
    Choice("not_reached", L("连不上财务系统", "The ledger is not reachable")),
    Choice("misconfigured", L("连接配置有误", "The connection is set up wrongly")),
    Choice("inactive", L("连接或账簿未启用", "Connection or book is not active")),
    Choice("mapping", L("缺少对应关系", "A mapping is missing")),
    Choice("unbalanced", L("金额不平", "The amounts do not balance")),
    Choice("validation", L("财务系统拒绝", "Refused by the ledger")),
    Choice("closed_period", L("会计期间已结账", "The period is closed")),
    Choice("double", L("财务系统中有两张同号单据", "Two documents carry our key")),
    Choice("amount", L("财务系统中的金额不同", "The amount over there is another")),
    Choice("doubtful", L("发出后没有得到可靠答复", "No sure answer after sending")),
    Choice("told_error", L("财务系统报错且查无单据", "The ledger told an error and has no document")),
    Choice("waits_original", L("等原单据有结果", "Waits for the original document")),
    Choice("paid_there", L("原单据已收款，需人工冲红", "Money was received on the original")),
    Choice("voided", L("账单已作废", "The bill was voided")),
    Choice("sheet", L("等待导出表格", "Waits for the next sheet")),
)
PAYMENTS = (
    Choice("none", L("未收", "Nothing received"), tone="plain"),
    Choice("part", L("部分收款", "Part received"), tone="warn"),
    Choice("full", L("已收齐", "Fully received"), tone="done"),
)
DIFFERENCES = (
    Choice("by_hand", L("与手工登记的收款不一致", "Differs from payments entered by hand"), tone="warn"),
    Choice("more", L("财务系统收款多于未付金额", "More received there than is open here"), tone="warn"),
    Choice("odd", L("财务系统的收款状态与金额矛盾", "State and amount over there contradict"), tone="warn"),
    Choice("cancelled", L("财务系统中的单据已作废", "The document was cancelled over there"), tone="danger"),
    Choice("cannot_reverse", L("收款已退款，无法冲销", "Money was refunded and cannot be taken back"), tone="danger"),
)
OUTCOMES = (
    Choice("ok", L("成功", "Good"), tone="done"),
    Choice("refused", L("拒绝", "Refused"), tone="danger"),
    Choice("doubtful", L("结果不明", "Doubtful"), tone="warn"),
    Choice("not_reached", L("未送达", "Not reached"), tone="warn"),
    Choice("misconfigured", L("配置有误", "Set up wrongly"), tone="danger"),
)
DIRECTIONS = (
    Choice("out", L("导出凭证", "Vouchers out")),
    Choice("in", L("导入收款", "Receipts in")),
)
SHEET_STATES = (
    Choice("made", L("已导出，待入账", "Made, not posted yet"), tone="warn"),
    Choice("posted", L("已入账", "Posted"), tone="done"),
    Choice("checked", L("已试算", "Checked only"), tone="plain"),
    Choice("booked", L("已登记", "Booked"), tone="done"),
)
BALANCES = (
    Choice("agreed", L("一致", "In agreement"), tone="done"),
    Choice("different", L("有差异", "With differences"), tone="danger"),
    Choice("unfinished", L("财务系统未答复", "The ledger did not answer"), tone="warn"),
)
FOUND = (
    Choice("missing_document", L("账单未生成单据", "Bill without a document")),
    Choice("not_confirmed", L("单据未入账", "Document not confirmed")),
    Choice("missing_remote", L("财务系统中没有", "Not in the ledger")),
    Choice("amount", L("金额不同", "Amounts differ")),
    Choice("stray_remote", L("财务系统中多出的单据", "In the ledger alone")),
    Choice("double_remote", L("财务系统中重复", "Twice in the ledger")),
    Choice("paid", L("收款不同", "Payments differ")),
    Choice("voided_live", L("账单已作废，单据仍有效", "Bill voided, document still in force")),
)
"""What a reconciliation may find."""
