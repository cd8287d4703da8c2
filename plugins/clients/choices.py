"""The choices of client and contact fields, with words in both languages."""

from __future__ import annotations

from core import Choice, L

KINDS = (
    Choice("enterprise", L("企业", "Enterprise"), synonyms=("公司", "company")),
    Choice("university", L("高校", "University"), synonyms=("大学", "院校")),
    Choice("research_institute", L("科研院所", "Research institute"), synonyms=("研究所", "研究院")),
    Choice("individual", L("个人", "Individual"), synonyms=("自然人", "个体工商户", "person")),
    Choice("government", L("政府机关", "Government"), synonyms=("机关", "事业单位")),
    Choice("social_organisation", L("社会组织", "Social organisation"), synonyms=("协会", "social organization")),
    Choice("foreign", L("境外客户", "Foreign client"), synonyms=("外国企业", "foreign enterprise")),
)

KIND_LETTERS = {
    "enterprise": "E",
    "university": "U",
    "research_institute": "R",
    "individual": "P",
    "government": "G",
    "social_organisation": "S",
    "foreign": "F",
}
"""The letter that stands for a kind in client numbers."""

TIERS = (
    Choice("potential", L("潜在客户", "Potential"), tone="plain"),
    Choice("general", L("普通客户", "General"), tone="plain"),
    Choice("general_key", L("重点客户", "Key"), tone="accent"),
    Choice("partner", L("伙伴客户", "Partner"), tone="accent"),
    Choice("strategic", L("战略客户", "Strategic"), tone="accent"),
)

STAGES = (
    Choice("research", L("需求调研", "Needs research")),
    Choice("plan", L("方案制定", "Plan")),
    Choice("trial", L("试案", "Trial case")),
    Choice("cooperation", L("建立合作", "Cooperation set up")),
    Choice("running_in", L("磨合", "Running in")),
    Choice("deepening", L("深化合作", "Deepening")),
    Choice("strategic", L("战略合作", "Strategic")),
)

SIZES = (
    Choice("micro", L("微型", "Micro")),
    Choice("small", L("小型", "Small")),
    Choice("medium", L("中型", "Medium")),
    Choice("large", L("大型", "Large")),
)

SOURCES = (
    Choice("referral", L("客户介绍", "Referral")),
    Choice("call", L("电话开发", "Call")),
    Choice("visit", L("上门拜访", "Visit")),
    Choice("website", L("网站", "Website")),
    Choice("exhibition", L("展会", "Exhibition")),
    Choice("partner", L("合作机构", "Partner firm")),
    Choice("import", L("导入", "Import")),
    Choice("other", L("其他", "Other")),
)

CONFIDENTIALITY = (
    Choice("normal", L("一般", "Normal")),
    Choice("high", L("高", "High"), tone="warn"),
)

TAXPAYERS = (
    Choice("general", L("一般纳税人", "General taxpayer")),
    Choice("small", L("小规模纳税人", "Small-scale taxpayer")),
    Choice("none", L("不适用", "Not applicable")),
)

CYCLES = (
    Choice("per_case", L("按件", "Per case")),
    Choice("monthly", L("按月", "Monthly")),
    Choice("quarterly", L("按季", "Quarterly")),
    Choice("yearly", L("按年", "Yearly")),
)

CHANNELS = (
    Choice("phone", L("电话", "Phone")),
    Choice("wechat", L("微信", "WeChat")),
    Choice("email", L("邮件", "E-mail")),
    Choice("post", L("邮寄", "Post")),
    Choice("visit", L("面谈", "In person")),
)

CONTACT_ROLES = (
    Choice("daily", L("日常联系人", "Daily contact")),
    Choice("legal_head", L("法务负责人", "Legal head")),
    Choice("finance", L("财务", "Finance")),
    Choice("decision_maker", L("决策人", "Decision maker")),
    Choice("inventor", L("发明人", "Inventor")),
    Choice("other", L("其他", "Other")),
)

DECISION_ROLES = (
    Choice("decides", L("拍板", "Decides"), tone="accent"),
    Choice("reviews", L("审核", "Reviews")),
    Choice("advises", L("建议", "Advises")),
    Choice("executes", L("经办", "Carries out")),
)

LANGUAGES = (Choice("zh", L("中文", "Chinese")), Choice("en", L("英文", "English")))
