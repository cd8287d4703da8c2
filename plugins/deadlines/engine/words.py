"""The words of a trace, in English and Chinese, by step code; rendering only. Parameters are plain values."""

from collections.abc import Mapping
from datetime import date
from typing import Any

from .calendars import joined_calendars

WORDS: dict[str, tuple[str, str]] = {
    "base.stated": ("Counted from {base}", "起算日：{base}"),
    "base.stated_service": ("Served on this day, as stated", "送达日（已注明）"),
    "base.dispatch": ("Start from the day of dispatch ({delivery})", "从发文日开始（{delivery}）"),
    "base.proved": ("Served on this day: actual receipt is proved", "送达日：有实际收到日的证明"),
    "base.deemed": (
        "Deemed served (dispatch by {delivery} plus the statutory days)",
        "推定送达日（{delivery}方式，自发文日起加法定天数）",
    ),
    "base.day itself": ("Served on this day ({delivery})", "送达日（{delivery}）"),
    "base.moved end": ("Counted from the moved end of the earlier period", "自前一期限（顺延后）的届满日起算"),
    "base.computed": ("Counted from a computed day: {base}", "自推算日起算：{base}"),
    "given": ("The end of validity, as the register states it", "登记簿载明的有效期满日"),
    "given.local": (
        "The end of term that the register states; local law not verified",
        "登记簿载明的届满日；当地法律未核实",
    ),
    "period": ("Plus {period}: last day as counted", "加{period}，期限届满日（未顺延）"),
    "limb": ("One of several periods: {base}, plus {period}", "并列期限之一：{base}，加{period}"),
    "pick.later": ("The later of the periods counts", "以较晚的期限为准"),
    "pick.earlier": ("The earlier of the periods counts", "以较早的期限为准"),
    "roll.kept": ("No rest day by the {calendar} calendar: stays", "按{calendar}日历不是休息日，不顺延"),
    "roll.moved": (
        "Rest day by the {calendar} calendar ({reason}): moves to the next working day",
        "按{calendar}日历为休息日（{reason}），顺延至下一工作日",
    ),
    "roll.never": ("This day is never moved", "此日不顺延"),
    "safe.dispatch": (
        "Safe date: counted from dispatch, for the register shows when the paper was really opened",
        "稳妥日：自发文日起算（系统留有实际打开文件的时间）",
    ),
    "safe.nominal_end": (
        "Safe date: counted from the end of the earlier period before it was moved",
        "稳妥日：自前一期限顺延之前的届满日起算",
    ),
    "safe.lieu": (
        "Safe date: a weekend worked in lieu is taken as a working day",
        "稳妥日：把调休上班日当作工作日",
    ),
    "safe.unmoved": (
        "Safe date: whether this day moves is in doubt, so it is not moved",
        "稳妥日：能否顺延有疑问，按未顺延的日期",
    ),
    "safe.before_rest": (
        "Safe date: the last working day before the rest days",
        "稳妥日：休息日之前的最后一个工作日",
    ),
    "safe.earlier": (
        "Safe date: the earliest day that any serious reading allows",
        "稳妥日：各种合理解读中最早的日期",
    ),
    "provisional": (
        "The holiday calendar of {year} is not published yet: provisional",
        "{year}年节假日安排尚未公布，暂定",
    ),
    "weekend_only": ("No holiday data for {year}: only weekends are known", "无{year}年节假日数据，仅按周末计算"),
    "wipo_unlisted": (
        "WIPO's own closing days of {year} are not listed here: only weekends are known",
        "{year}年国际局闭馆日未收录，仅按周末计算",
    ),
    "own": (
        "The agency's change no. {number} of this rule, in force since {since}: {why}",
        "按本所对该规则的第{number}次修改（{since}起适用）：{why}",
    ),
    "own.safe": (
        "Safe date: {days} days earlier, as the agency's change says",
        "稳妥日：按本所的修改再提前{days}日",
    ),
    "before_effect": ("The rule is in force only from {since}", "该规则自{since}起施行"),
    "undated": ("No fixed day: to be done before the act it guards", "无固定日期：须在相关行为之前完成"),
}
UNITS = {
    "day": ("days", "日"),
    "month": ("months", "个月"),
    "year": ("years", "年"),
    "working_day": ("working days", "个工作日"),
    "term_year": ("years", "年"),
    "validity_year": ("years, less a day", "年（止于对应日前一日）"),
}
CALENDARS = {
    "patent": ("patent office", "专利局"),
    "tm": ("trademark", "商标"),
    "office_days": ("statutory working day", "法定工作日"),
    "court": ("court", "法院"),
    "wipo": ("WIPO", "国际局"),
    "none": ("unmoved", "不顺延"),
}
DELIVERIES = {
    "electronic": ("electronic delivery", "电子"),
    "paper": ("post", "邮寄"),
    "post": ("post", "邮寄"),
    "handed_over": ("handing over", "直接递交"),
    "public_notice": ("public notice", "公告"),
}
BASES = {
    "application_disclosure_date": ("disclosure of the drug application", "药品上市申请公开日"),
    "before_foreign_filing": ("the planned filing abroad", "拟向外申请日"),
    "cancellation_announcement_date": ("announcement of the surrender", "注销公告日"),
    "cancellation_date": ("the cancellation", "撤销、无效或注销日"),
    "cancellation_recorded_date": ("recording of the cancellation", "注销登记日"),
    "change_date": ("the change", "变更日"),
    "contract_term": ("the end of the contract", "合同期满日"),
    "creation_date": ("the creation", "创作完成日"),
    "customs_expiry": ("the end of the customs recordal", "海关备案期满日"),
    "detention_date": ("the detention", "扣留日"),
    "divisional_submission_date": ("submission of the divisional", "分案递交日"),
    "effective_date": ("the judgment taking effect", "裁判生效日"),
    "end_of_missed_period": ("the end of the missed period", "错过的期限届满日"),
    "end_of_original_period": ("the end of the original period", "原期限届满日"),
    "filing_anniversary": ("the anniversary of filing", "申请日对应日"),
    "first_exploitation_date": ("the first commercial use", "首次商业利用日"),
    "international_publication_date": ("the international publication", "国际公布日"),
    "international_registration_recorded_date": ("recording in the International Register", "国际注册簿登记日"),
    "isr_transmittal_date": ("transmittal of the search report", "国际检索报告传送日"),
    "marketing_approval_date": ("the marketing approval", "上市许可日"),
    "measure_date": ("the court's measure", "保全措施日"),
    "notification_date": ("WIPO's notification", "国际局通知日"),
    "obstacle_removed_date": ("the end of the obstacle", "障碍消除日"),
    "performance_end": ("the end of the time for performance", "履行期届满日"),
    "refusal_period_end": ("the end of the refusal period", "驳回期限届满日"),
    "ro_receipt_date": ("receipt by the receiving office", "受理局收到日"),
    "wipo_notification_date": ("WIPO's notification of the designation", "国际局通知指定局日"),
    "filing_date": ("the filing day", "申请日"),
    "earliest_priority": ("the earliest priority day", "最早优先权日"),
    "earliest_date": ("the earliest priority day, else the filing day", "最早优先权日（无则申请日）"),
    "priority_date": ("the priority day", "优先权日"),
    "registration_date": ("the registration day", "注册日"),
    "publication_date": ("the publication day", "公告日"),
    "validity_end": ("the end of validity", "有效期满日"),
    "annuity_nominal_day": ("the annuity day", "年费应缴日"),
    "grant_publication_date": ("the grant announcement", "授权公告日"),
    "entry_date": ("entry into the national phase", "进入国家阶段日"),
    "service_date": ("the service day", "送达日"),
    "dispatch_date": ("the dispatch day", "发文日"),
    "request_date": ("the request day", "请求日"),
    "submission_date": ("the submission day", "提交日"),
    "first_day_of_next_month": ("the first day of the month after the gazette", "公告次月1日"),
    "service_patent": ("service of the paper", "文件送达日"),
    "service_trademark": ("service of the paper", "文件送达日"),
    "event_year_end": ("the end of the year of the event", "事件当年12月31日"),
    "international_registration_date": ("the international registration day", "国际注册日"),
    "ir_expiry_date": ("the expiry of the international registration", "国际注册期满日"),
    "end_of_priority_period": ("the end of the priority period", "优先权期限届满日"),
    "end_of_reexam_period": ("the end of the re-examination period", "复审请求期限届满日"),
    "term_end": ("the stated end of term", "载明的届满日"),
    "knowledge_date": ("the day of knowledge", "知道之日"),
    "contract_effective_date": ("the contract's first day", "合同生效日"),
    "acceptance_date": ("acceptance", "受理日"),
    "disclosure_date": ("the disclosure", "公开日"),
    "payment_date": ("the payment", "缴费日"),
    "exhibition_date": ("the exhibition", "展出日"),
}
STEPS = {
    "12 months end": "十二个月届满",
    "re-examination period ends": "复审请求期限届满",
    "last day to ask and pay for the extension": "请求延长并缴费的最后一日",
    "window opens (safe reading)": "续展期开始（稳妥解读）",
    "last day without late fee": "无滞纳金的最后一日",
    "last day with late fee": "宽展期最后一日",
    "new term": "新有效期起始日",
}
FACTS = {"STATED_TERM": "The stated end of term"}
"""English words for what sets a period running without being an event."""
_TABLES = {"calendar": CALENDARS, "delivery": DELIVERIES, "base": BASES}


def period_words(steps: list[tuple[int, str]], lang: str) -> str:
    """`4 months` / `4个月` of a list of (n, unit); what is taken off again says so."""
    at = 1 if lang.startswith("zh") else 0
    words = [f"{abs(n)}{' ' if at == 0 else ''}{_unit(n, unit, at)}" for n, unit in steps]
    joined = words[0] if words else ""
    for (n, _unit_name), word in zip(steps[1:], words[1:], strict=True):
        joined += (_AND if n >= 0 else _LESS)[at] + word
    return joined


_AND, _LESS = (" and ", "加"), (" less ", "减")


def _unit(n: int, unit: str, at: int) -> str:
    word = UNITS[unit][at]
    return word[:-1] if at == 0 and abs(n) == 1 and word.endswith("s") else word


def render(code: str, params: Mapping[str, Any], lang: str = "en") -> str:
    """One trace step in words a clerk understands; `lang` starting with `zh` gives Chinese."""
    at = 1 if lang.startswith("zh") else 0
    values = {key: _word(key, value, lang, at) for key, value in params.items()}
    return WORDS[code][at].format_map(values)


def _word(key: str, value: Any, lang: str, at: int) -> str:
    if key in _TABLES:
        given = joined_calendars().get(value) if key == "calendar" else None
        pair = (given.en, given.zh) if given else _TABLES[key].get(value) if isinstance(value, str) else None
        return pair[at] if pair else str(value).replace("_", " ")
    if key == "period":
        return period_words(value, lang)
    if key == "reason":
        return _rest_words(value, at)
    return value.isoformat() if isinstance(value, date) else str(value)


_WEEKDAYS = (
    ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday"),
    tuple(f"周{day}" for day in "一二三四五六日"),
)
_HOLIDAYS = {
    "元旦": ("New Year", "元旦"),
    "春节": ("Spring Festival", "春节"),
    "清明": ("Qingming", "清明节"),
    "劳动节": ("Labour Day", "劳动节"),
    "端午": ("Dragon Boat Festival", "端午节"),
    "中秋": ("Mid-Autumn Festival", "中秋节"),
    "国庆节": ("National Day", "国庆节"),
}
_WORKED = (", a weekend worked in lieu", "（调休上班，但仍是周休日）")


def _rest_words(reason: tuple[str, int], at: int) -> str:
    name, weekday = reason
    if name == "worked":
        return _WEEKDAYS[at][weekday] + _WORKED[at]
    return _HOLIDAYS.get(name, (name, name))[at] if name else _WEEKDAYS[at][weekday]
