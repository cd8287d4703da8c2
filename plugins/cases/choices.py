"""The choices of case fields. Case types, states and events are taken from the status models."""

from __future__ import annotations

from collections.abc import Callable
from functools import cache, wraps
from typing import Any

from core import Choice, L
from plugins.cases import status
from plugins.cases.status import changed
from plugins.clients import countries

PREFIXES = {
    "tm_application": "TM",
    "tm_review": "TR",
    "tm_opposition": "TO",
    "tm_invalidation": "TI",
    "tm_non_use_cancellation": "TC",
    "tm_renewal": "TX",
    "tm_recordal": "TA",
    "madrid": "MD",
    "invention": "PI",
    "utility_model": "PU",
    "design": "PD",
    "pct_national": "PC",
    "pat_reexam": "PR",
    "pat_invalidation": "PV",
    "cr_software": "CS",
    "cr_works": "CW",
}
"""The letters before the date in case numbers, per case type."""

TONES = {
    "intake": "plain",
    "pending": "accent",
    "action": "danger",
    "published": "accent",
    "granted": "done",
    "at_risk": "warn",
    "won": "done",
    "closed": "plain",
    "dead": "plain",
    "withdrawn": "plain",
}
"""The tone of a badge per group of states."""


def prefix_of(case_type: str) -> str | None:
    """The letters before the date in the numbers of cases of a type."""
    given = status.joined().get(case_type)
    return given.prefix if given else PREFIXES.get(case_type)


@cache
def types() -> tuple[Choice, ...]:
    """The case types."""
    return tuple(Choice(m.code, L(m.zh, m.en)) for m in status.all_models())


KINDS_OF_RIGHT = (
    Choice("trademark", L("商标", "Trademark"), synonyms=("tm",)),
    Choice("invention", L("发明", "Invention"), synonyms=("发明专利", "发明公布", "发明授权")),
    Choice("utility_model", L("实用新型", "Utility model"), synonyms=("新型",)),
    Choice("design", L("外观设计", "Design"), synonyms=("外观",)),
    Choice("madrid", L("马德里商标", "Madrid mark")),
    Choice("copyright", L("著作权", "Copyright")),
)


@cache
def right_kinds() -> tuple[Choice, ...]:
    """The kinds of right, with those of other plugins' case types."""
    given = (kind for one in status.joined().values() for kind in one.right_kinds)
    return (*KINDS_OF_RIGHT, *{kind.code: kind for kind in given}.values())


PATENTS = frozenset({"invention", "utility_model", "design"})


def right_kinds_of(case_type: str) -> tuple[str, ...]:
    """The kinds of right a case type can concern, the usual one first; a national phase ends in an invention mostly."""
    kinds = status.model(case_type).right_kinds
    return ("invention", "utility_model") if kinds == ("pct",) else kinds


def until_changed(function: Callable[..., Any]) -> Callable[..., Any]:
    """Remembers results until the agency changes a status model."""
    kept: dict[Any, Any] = {}
    seen: list[Any] = [None]

    @wraps(function)
    def remembered(*arguments: Any) -> Any:
        now = changed.changes()
        if seen[0] is not now:
            kept.clear()
            seen[0] = now
        if arguments not in kept:
            kept[arguments] = function(*arguments)
        return kept[arguments]

    remembered.cache_clear = kept.clear  # type: ignore[attr-defined]
    return remembered


@until_changed
def states() -> tuple[Choice, ...]:
    """Every state of every model once; its words are those of the first model that has it."""
    found: dict[str, Choice] = {}
    for model in status.all_models():
        for state in model.states.values():
            found.setdefault(state.code, Choice(state.code, L(state.zh, state.en), tone=TONES[state.group]))
    return tuple(found.values())


@until_changed
def states_of(case_type: str) -> tuple[Choice, ...]:
    """The states of one case type in its own words."""
    return tuple(
        Choice(state.code, L(state.zh, state.en), tone=TONES[state.group])
        for state in status.model(case_type).states.values()
    )


@cache
def overlays() -> tuple[Choice, ...]:
    """Every overlay once."""
    found = {o.code: Choice(o.code, L(o.zh, o.en), tone="warn") for m in status.all_models() for o in m.overlays}
    return tuple(found.values())


@until_changed
def events() -> tuple[Choice, ...]:
    """Every kind of event."""
    return tuple(Choice(e.code, L(e.zh, e.en)) for e in status.event_types().values())


@cache
def groups() -> tuple[Choice, ...]:
    """The groups of states."""
    return tuple(Choice(g.code, L(g.zh, g.en), tone=TONES[g.code]) for g in status.groups().values())


def forget() -> None:
    """After other plugins' case types came or went."""
    for known in (types, right_kinds, states, states_of, overlays, events, groups):
        known.cache_clear()


REGIONAL = {
    "WO": L("世界知识产权组织", "WIPO"),
    "EP": L("欧洲专利局", "European Patent Office"),
    "EM": L("欧盟知识产权局", "EUIPO"),
    "EA": L("欧亚专利局", "Eurasian Patent Office"),
    "AP": L("非洲地区知识产权组织", "ARIPO"),
    "OA": L("非洲知识产权组织", "OAPI"),
    "BX": L("比荷卢知识产权局", "Benelux Office"),
    "GC": L("海湾合作委员会", "Gulf Cooperation Council"),
}


def jurisdictions() -> tuple[Choice, ...]:
    """Offices by WIPO ST.3 code: countries and the regional and international ones, the busiest first."""
    zh, en = countries("zh"), countries("en")
    first = ("CN", "HK", "MO", "TW", "US", "EP", "JP", "KR")
    named = {code: Choice(code, L(zh[code], en[code])) for code in en}
    named |= {code: Choice(code, label) for code, label in REGIONAL.items()}
    return tuple(named[code] for code in (*first, *sorted(set(named) - set(first))))


JURISDICTIONS = jurisdictions()
MARK_TYPES = (
    Choice("word", L("文字", "Word")),
    Choice("figurative", L("图形", "Figurative")),
    Choice("combined", L("组合", "Combined")),
    Choice("three_dimensional", L("立体", "Three-dimensional")),
    Choice("colour", L("颜色组合", "Colour combination")),
    Choice("sound", L("声音", "Sound")),
    Choice("collective", L("集体商标", "Collective mark")),
    Choice("certification", L("证明商标", "Certification mark")),
)
REVIEW_KINDS = (
    Choice("refusal", L("驳回复审", "Refusal")),
    Choice("non_registration", L("不予注册复审", "Non-registration")),
    Choice("cancellation", L("撤销复审", "Cancellation")),
    Choice("office_invalidation", L("无效决定复审", "Ex officio invalidation")),
)
SIDES = (
    Choice("opponent", L("异议人", "Opponent")),
    Choice("respondent", L("被异议人", "Respondent")),
    Choice("petitioner", L("请求人", "Petitioner")),
    Choice("owner", L("权利人", "Owner")),
    Choice("applicant", L("申请人", "Applicant")),
)
RECORDALS = (
    Choice("assignment", L("转让", "Assignment")),
    Choice("change", L("变更", "Change of name, address or agent")),
    Choice("licence", L("许可备案", "Licence")),
)
LICENCES = (
    Choice("exclusive", L("独占", "Exclusive")),
    Choice("sole", L("排他", "Sole")),
    Choice("ordinary", L("普通", "Ordinary")),
)
ANNUITY_STATES = (
    Choice("not_due", L("未到期", "Not due")),
    Choice("paid", L("已缴", "Paid")),
    Choice("due", L("待缴", "Due")),
    Choice("grace", L("滞纳期", "In grace")),
    Choice("ceased", L("已终止", "Ceased")),
)
ACQUIRED = (
    Choice("original", L("原始取得", "Original")),
    Choice("assignment", L("受让", "Assignment")),
    Choice("inheritance", L("继承", "Inheritance")),
)
DELIVERIES = (
    Choice("electronic", L("电子", "Electronic")),
    Choice("paper", L("纸件", "Paper")),
    Choice("post", L("邮寄", "Post")),
    Choice("handed_over", L("直接送交", "Handed over")),
    Choice("public_notice", L("公告送达", "Public notice")),
)
EVENT_SOURCES = (
    Choice("office", L("官方", "Office")),
    Choice("court", L("法院", "Court")),
    Choice("filing", L("我方办理", "Our filing")),
    Choice("client", L("客户", "Client")),
    Choice("internal", L("内部", "Internal")),
    Choice("derived", L("推定", "Derived")),
    Choice("fact", L("事实", "Fact")),
)
OUTCOMES = (
    Choice("favourable", L("有利", "Favourable")),
    Choice("partly", L("部分有利", "Partly favourable")),
    Choice("adverse", L("不利", "Adverse")),
    Choice("redecide", L("须重新决定", "To be decided again")),
    Choice("invalidated", L("宣告无效", "Invalidated")),
    Choice("won", L("中签", "Lot won")),
    Choice("agreement", L("达成协议", "Agreement")),
    Choice("earlier_use", L("证明在先使用", "Earlier use proved")),
)
LOSSES = (
    Choice("deemed_withdrawn", L("视为撤回", "Deemed withdrawn")),
    Choice("grant_abandoned", L("视为放弃取得专利权", "Grant abandoned")),
    Choice("ceased", L("终止", "Ceased")),
)
RELATIONS = (
    Choice("priority", L("优先权基础", "Priority from")),
    Choice("divisional", L("分案（母案）", "Divisional of")),
    Choice("pct_base", L("PCT 国际申请", "PCT base")),
    Choice("madrid_base", L("马德里基础商标", "Madrid base")),
    Choice("opposition_against", L("异议对象", "Opposition against")),
    Choice("invalidation_against", L("无效对象", "Invalidation against")),
    Choice("cancellation_against", L("撤销对象", "Cancellation against")),
    Choice("review_of", L("复审（原案）", "Review of")),
    Choice("renewal_of", L("续展（原注册）", "Renewal of")),
    Choice("assignment", L("转让、变更、许可（原注册）", "Recordal for")),
    Choice("split_from", L("分割（原申请）", "Split from")),
    Choice("dual_filing", L("同日申请", "Same-day filing")),
    Choice("similar", L("近似或系列", "Similar or series")),
)
MEMBER_ROLES = (
    Choice("assistant", L("协办", "Assistant")),
    Choice("reviewer", L("审核", "Reviewer")),
    Choice("deputy", L("代理期限负责人", "Deputy")),
)
PARTY_ROLES = (
    Choice("applicant", L("申请人", "Applicant")),
    Choice("owner", L("权利人", "Owner")),
    Choice("opponent", L("异议人", "Opponent")),
    Choice("respondent", L("被申请人", "Respondent")),
    Choice("other", L("其他", "Other")),
)

GROUPS = groups()
