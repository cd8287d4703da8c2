"""The legal cautions that several letters carry, in both languages; no template edits them, so none goes missing."""

from __future__ import annotations

CAUTIONS: dict[str, tuple[str, str]] = {
    "C_DATE": (
        "官方期限不能因节假日、邮寄或内部流程而顺延，除非本函明确说明。请以本函所示的“客户答复日”安排工作。",
        "Official dates do not move for holidays, post or internal procedure unless this letter says so. "
        "Please plan by the client date shown here.",
    ),
    "C_NOACT": (
        "在收到贵方书面指示前，我方不会采取会产生费用或处分权利的行为；逾期未收到指示的后果由贵方承担，"
        "我方将按事先约定的常设指示处理。",
        "Until we have your written instruction we shall take no step that costs money or disposes of a right; "
        "without it the stated consequence follows, save for standing instructions agreed before.",
    ),
    "C_FORECAST": (
        "预计时间为经验范围，不构成承诺，实际以官方进度为准。",
        "Expected times are ranges from experience, no promise; the office decides.",
    ),
    "C_FEES": (
        "官费以缴纳当日有效标准为准，代理费以双方合同为准。",
        "Official fees are those in force on the day of payment; our fees follow the contract.",
    ),
    "C_DATA": (
        "请核对名称、地址、类别与商品、号码、日期；如有误请在期限内书面告知，逾期视为确认。",
        "Please check names, addresses, classes and goods, numbers and dates; tell us of errors in writing in time, "
        "otherwise they are taken as confirmed.",
    ),
    "C_RESULT": (
        "代理机构不承诺审查或裁判结果。",
        "We do not promise the result of an examination or a judgment.",
    ),
    "C_PRIV": (
        "本函含保密信息，仅供收件人使用；误收请销毁并告知。",
        "This letter is confidential and for its addressee only; "
        "if you got it by mistake please destroy it and tell us.",
    ),
}


def cautions(language: str) -> dict[str, str]:
    """By code, in one language."""
    return {code: zh if language == "zh" else en for code, (zh, en) in CAUTIONS.items()}
