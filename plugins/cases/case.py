"""The record of a case: one model for all case types, each with its own fields. Events and parties are in `records.py`.

The names of type-specific fields are those of `type_fields` in the status models; `software_version` stands for the
`version` of software, which the record's own version number occupies.
"""

from __future__ import annotations

from datetime import date, datetime
from decimal import Decimal
from typing import Any

from sqlalchemy import Index, UniqueConstraint, column
from sqlalchemy.orm import Mapped

from core import Linked, Record, _, fields
from plugins.cases import bounds, choices, computed, nice, values
from plugins.cases.bounds import within

_HAS_CLIENT = column("client_id").is_not(None)
"""The cases of a client, with who works on them: a head's clients are found without reading the cases themselves."""


class Case(Record):
    """A matter before an office: an application, a right, or a proceeding about one."""

    __record__ = {
        "key": "cases.case",
        "label": _("Case"),
        "plural": _("Cases"),
        "title": "name",
        "title_en": "title_en",
        "number": "number",
        "secondary": "client",
        "icon": "folder",
        "order": "-opened_on",
        "archive": True,
        "search": (
            *("goods_text", "goods_english", "mark_name", "inventors", "cited_marks", "wo_number", "priority_number"),
            *("opponent", "respondent", "petitioner", "owner", "assignor", "assignee"),
            Linked("cases.applicant", "case", ("name", "name_en")),
            Linked("cases.goods", "case", ("items", "items_en")),
        ),
    }
    __table_args__ = (
        UniqueConstraint("jurisdiction", "case_type", "application_number"),
        Index("ix_cases_case_status", "status", "status_since", "id"),
        Index("ix_cases_case_stage", "status_group", "status_since", "id"),
        Index(
            "ix_cases_case_client_work",
            *("client_id", "department_id", "agent_id", "process_clerk_id"),
            sqlite_where=_HAS_CLIENT,
            postgresql_where=_HAS_CLIENT,
        ),
    )

    number: Mapped[str | None] = fields.text(
        _("Case number"),
        unique=True,
        search=True,
        readonly=True,
        max_length=40,
        synonyms=("案件编号", "案号", "本所案号", "内部编号", "卷号", "case no", "our ref"),
    )
    case_type: Mapped[str] = fields.choice(
        _("Case type"), choices.types, required=True, index=True, synonyms=("案件类型", "业务类型", "case type")
    )
    right_kind: Mapped[str | None] = fields.choice(
        _("Kind of right"), choices.right_kinds, index=True, synonyms=("专利类型", "类型", "申请类型")
    )
    jurisdiction: Mapped[str] = fields.choice(
        _("Jurisdiction"), choices.JURISDICTIONS, required=True, default="CN", synonyms=("国家", "申请国家", "法域")
    )
    name: Mapped[str] = fields.text(
        _("Name"), required=True, index=True, search=True, max_length=500, compute=computed.display_name, track=False
    )
    status: Mapped[str] = fields.choice(
        _("Status"), choices.states, required=True, default="intake", synonyms=("案件状态", "法律状态", "当前状态")
    )
    status_group: Mapped[str | None] = fields.choice(
        _("Stage"), choices.GROUPS, compute=computed.status_group, track=False
    )
    status_since: Mapped[date | None] = fields.date(_("In this status since"), readonly=True, track=False)
    overlays: Mapped[list | None] = fields.multi_choice(_("Beside it"), choices.overlays, readonly=True)
    watched: Mapped[bool] = fields.boolean(
        _("Watched"), default=True, readonly=True, help=_("Dates of this case are kept and reminded.")
    )
    client_id: Mapped[int | None] = fields.link(
        "clients.client", _("Client"), index=False, synonyms=("客户", "客户名称", "委托人", "client")
    )
    client_number: Mapped[str | None] = fields.text(
        _("Client number"),
        search=True,
        readonly=True,
        track=False,
        max_length=60,
        help=_("So that the number of a client finds its cases."),
    )
    client_reference: Mapped[str | None] = fields.text(
        _("Client's reference"), search=True, max_length=120, synonyms=("客户案号", "客户文号", "your ref")
    )
    opened_on: Mapped[date | None] = fields.date(_("Opened on"), synonyms=("立案日", "委托日期", "收案日期"))
    closed_on: Mapped[date | None] = fields.date(_("Closed on"), readonly=True)

    agent_id: Mapped[int | None] = fields.link(
        "core.user", _("Agent in charge"), synonyms=("主办", "代理人", "主办人", "负责人", "案件负责人", "agent")
    )
    process_clerk_id: Mapped[int | None] = fields.link("core.user", _("Process clerk"), synonyms=("流程", "流程专员"))
    client_manager_id: Mapped[int | None] = fields.link(
        "core.user", _("Client manager"), synonyms=("案源人", "客户经理")
    )
    department_id: Mapped[int | None] = fields.link("core.department", _("Department"), synonyms=("部门",))
    branch_id: Mapped[int | None] = fields.link("core.branch", _("Branch"), synonyms=("分所",))
    entered_by_id: Mapped[int | None] = fields.link(
        "core.user", _("Critical data entered by"), readonly=True, index=False
    )
    verified_by_id: Mapped[int | None] = fields.link("core.user", _("Verified by"), readonly=True, index=False)
    verified_at: Mapped[datetime | None] = fields.datetime(_("Verified at"), readonly=True)

    title_text: Mapped[str | None] = fields.text(
        _("Title"),
        name="title",
        max_length=500,
        synonyms=("名称", "发明名称", "专利名称", "案件名称", "标题", "invention title"),
    )
    title_en: Mapped[str | None] = fields.text(
        _("English title"), search=True, max_length=500, synonyms=("英文名称", "英文标题")
    )
    mark_name: Mapped[str | None] = fields.text(
        _("Mark"), max_length=300, synonyms=("商标名称", "商标", "商标图样名称", "mark", "trademark")
    )
    mark_image_id: Mapped[int | None] = fields.file(_("Mark image"), synonyms=("商标图样",))
    mark_type: Mapped[str | None] = fields.choice(
        _("Type of mark"), choices.MARK_TYPES, synonyms=("商标类型",), open_choices=True
    )
    application_number: Mapped[str | None] = fields.text(
        _("Application number"), search=True, index=True, max_length=60, synonyms=("申请号", "专利号", "申请(专利)号")
    )
    filing_date: Mapped[date | None] = fields.date(_("Filing date"), synonyms=("申请日", "申请日期", "filing date"))
    classes: Mapped[list | None] = fields.multi_choice(
        _("Nice classes"), nice.CLASSES, synonyms=("类别", "国际分类", "商品类别", "尼斯分类", "classes")
    )
    goods: Mapped[list | None] = fields.json(_("Goods and services"), validate=values.goods)
    goods_text: Mapped[str | None] = fields.long_text(
        _("Goods and services, in words"), compute=computed.goods_text, track=False
    )
    applicants: Mapped[list | None] = fields.json(_("Applicants"), validate=values.applicants)
    applicant_names: Mapped[str | None] = fields.text(
        _("Names of the applicants"), search=True, max_length=1000, compute=computed.applicant_names, track=False
    )
    priority: Mapped[list | None] = fields.json(_("Priority"), validate=values.priority)
    priority_date: Mapped[date | None] = fields.date(_("Earliest priority date"), synonyms=("优先权日",))
    priority_number: Mapped[str | None] = fields.text(_("Priority number"), max_length=80, synonyms=("优先权号",))
    priority_country: Mapped[str | None] = fields.choice(_("Priority country"), choices.JURISDICTIONS)
    publication_date: Mapped[date | None] = fields.date(
        _("Publication date"), synonyms=("公布日", "公开日", "公开（公告）日", "初审公告日期")
    )
    publication_issue: Mapped[str | None] = fields.text(
        _("Gazette issue of publication"), max_length=20, synonyms=("初审公告期号",)
    )
    publication_number: Mapped[str | None] = fields.text(
        _("Publication number"), search=True, max_length=40, synonyms=("公布号", "公开号", "公开（公告）号")
    )
    registration_number: Mapped[str | None] = fields.text(
        _("Registration number"), search=True, index=True, max_length=60, synonyms=("注册号", "登记号", "证书号")
    )
    registration_date: Mapped[date | None] = fields.date(
        _("Registration date"), synonyms=("注册日", "注册公告日期", "登记日期")
    )
    registration_issue: Mapped[str | None] = fields.text(
        _("Gazette issue of registration"), max_length=20, synonyms=("注册公告期号",)
    )
    valid_from: Mapped[date | None] = fields.date(
        _("Exclusive right from"), synonyms=("专用期起", "专用权起始日", "有效期起")
    )
    valid_to: Mapped[date | None] = fields.date(
        _("Exclusive right to"), index=True, synonyms=("专用期止", "专用权截止日", "有效期至", "有效期止")
    )
    next_renewal_reminder: Mapped[date | None] = fields.date(
        _("Next renewal reminder"),
        compute=computed.next_renewal_reminder,
        track=False,
        help=_("One year before the exclusive right ends."),
    )
    agency: Mapped[str | None] = fields.text(_("Agency on record"), synonyms=("代理机构", "专利代理机构"))
    abstract: Mapped[str | None] = fields.long_text(_("Abstract"), synonyms=("摘要",))
    classification: Mapped[list | None] = fields.tags(
        _("Classification"), synonyms=("分类号", "IPC", "IPC分类号", "主分类号", "国际专利分类号")
    )
    inventors: Mapped[list | None] = fields.tags(_("Inventors"), synonyms=("发明人", "设计人", "发明（设计）人"))
    contact_inventor: Mapped[str | None] = fields.text(_("Inventor to ask"), max_length=120, synonyms=("联系发明人",))
    fee_reduction: Mapped[int | None] = fields.integer(
        _("Fee reduction in per cent"), validate=values.fee_reduction, synonyms=("费减", "费减比例")
    )
    grant_number: Mapped[str | None] = fields.text(
        _("Grant number"), search=True, max_length=40, synonyms=("授权公告号", "公告号")
    )
    grant_publication_date: Mapped[date | None] = fields.date(
        _("Grant publication date"), synonyms=("授权公告日", "公告日", "授权日")
    )
    annuity_state: Mapped[str | None] = fields.choice(_("Annuities"), choices.ANNUITY_STATES, synonyms=("年费状态",))
    paid_to_year: Mapped[int | None] = fields.integer(
        _("Paid to year"), validate=within(bounds.YEARS), synonyms=("已缴年度", "年费已缴至")
    )
    claims_count: Mapped[int | None] = fields.integer(
        _("Number of claims"), validate=within(bounds.CLAIMS), synonyms=("权利要求项数",)
    )
    foreign_filing_planned: Mapped[bool] = fields.boolean(_("Foreign filing planned"), default=False)
    disclosure_date: Mapped[date | None] = fields.date(_("Non-prejudicial disclosure on"))
    exhibition_date: Mapped[date | None] = fields.date(_("First shown at an exhibition on"))
    divisional_submission_date: Mapped[date | None] = fields.date(_("Divisional submitted on"))
    international_number: Mapped[str | None] = fields.text(
        _("International application number"), search=True, max_length=40, synonyms=("国际申请号", "PCT申请号")
    )
    international_filing_date: Mapped[date | None] = fields.date(
        _("International filing date"), synonyms=("国际申请日",)
    )
    wo_number: Mapped[str | None] = fields.text(_("WO number"), max_length=40, synonyms=("国际公布号",))
    entry_date: Mapped[date | None] = fields.date(_("National entry date"), synonyms=("进入国家阶段日", "进入日"))
    ir_number: Mapped[str | None] = fields.text(
        _("International registration number"), search=True, max_length=20, synonyms=("国际注册号",)
    )
    international_registration_date: Mapped[date | None] = fields.date(
        _("International registration date"), synonyms=("国际注册日",)
    )
    basic_mark: Mapped[str | None] = fields.text(_("Basic mark"), synonyms=("基础商标", "基础注册号"))
    designations: Mapped[list | None] = fields.tags(_("Designations"), synonyms=("指定国家",))
    goods_english: Mapped[str | None] = fields.long_text(_("Goods in English"))

    parent_case_id: Mapped[int | None] = fields.link("cases.case", _("Parent case"), synonyms=("原案", "母案"))
    registration_id: Mapped[int | None] = fields.link("cases.case", _("Registration concerned"))
    side: Mapped[str | None] = fields.choice(_("Our side"), choices.SIDES, synonyms=("我方身份",))
    review_kind: Mapped[str | None] = fields.choice(_("Kind of review"), choices.REVIEW_KINDS)
    review_number: Mapped[str | None] = fields.text(_("Review number"), search=True, max_length=80)
    reexam_number: Mapped[str | None] = fields.text(_("Re-examination number"), search=True, max_length=80)
    refused_goods: Mapped[list | None] = fields.tags(_("Refused goods"))
    grounds: Mapped[str | None] = fields.long_text(_("Grounds"), synonyms=("理由", "法条"))
    cited_marks: Mapped[list | None] = fields.tags(_("Cited marks"), synonyms=("引证商标",))
    amendments: Mapped[str | None] = fields.long_text(_("Amendments"))
    opposed_mark: Mapped[str | None] = fields.text(_("Opposed mark"), max_length=300)
    opposed_number: Mapped[str | None] = fields.text(_("Opposed number"), search=True, max_length=40)
    attacked_mark: Mapped[str | None] = fields.text(_("Attacked mark"), max_length=300)
    attacked_number: Mapped[str | None] = fields.text(_("Attacked number"), search=True, max_length=40)
    attacked_patent: Mapped[str | None] = fields.text(_("Attacked patent"), max_length=300)
    claims_attacked: Mapped[str | None] = fields.text(_("Claims attacked"), max_length=400)
    class_: Mapped[str | None] = fields.choice(_("Class"), nice.CLASSES, name="class")
    opponent: Mapped[str | None] = fields.text(_("Opponent"), max_length=300)
    respondent: Mapped[str | None] = fields.text(_("Respondent"), max_length=300)
    petitioner: Mapped[str | None] = fields.text(_("Petitioner"), max_length=300)
    owner: Mapped[str | None] = fields.text(_("Owner of the right"), max_length=300, synonyms=("权利人", "著作权人"))
    use_period_from: Mapped[date | None] = fields.date(_("Use to be proved from"))
    use_period_to: Mapped[date | None] = fields.date(_("Use to be proved to"))

    classes_to_renew: Mapped[list | None] = fields.multi_choice(_("Classes to renew"), nice.CLASSES)
    old_valid_to: Mapped[date | None] = fields.date(_("Old end of validity"))
    new_valid_to: Mapped[date | None] = fields.date(_("New end of validity"))
    in_grace: Mapped[bool | None] = fields.boolean(_("In grace"), default=None, required=False)
    recordal_kind: Mapped[str | None] = fields.choice(_("Kind of recordal"), choices.RECORDALS)
    assignor: Mapped[str | None] = fields.text(_("Assignor"), max_length=300)
    assignee: Mapped[str | None] = fields.text(_("Assignee"), max_length=300)
    licensee: Mapped[str | None] = fields.text(_("Licensee"), max_length=300)
    licence_kind: Mapped[str | None] = fields.choice(_("Kind of licence"), choices.LICENCES)
    term: Mapped[str | None] = fields.text(_("Licence term"))
    territory: Mapped[str | None] = fields.text(_("Territory"))
    marks: Mapped[list | None] = fields.tags(_("Marks concerned"))
    consideration: Mapped[str | None] = fields.text(_("Consideration"))

    software_name: Mapped[str | None] = fields.text(_("Software name"), max_length=300, synonyms=("软件名称",))
    short_name: Mapped[str | None] = fields.text(_("Short name"), synonyms=("软件简称",))
    software_version: Mapped[str | None] = fields.text(_("Software version"), max_length=40, synonyms=("版本号",))
    completed_on: Mapped[date | None] = fields.date(_("Completed on"), synonyms=("完成日期", "开发完成日期"))
    first_published_on: Mapped[date | None] = fields.date(_("First published on"), synonyms=("首次发表日期",))
    acquired_by: Mapped[str | None] = fields.choice(_("Acquired by"), choices.ACQUIRED)
    work_title: Mapped[str | None] = fields.text(_("Title of the work"), max_length=300, synonyms=("作品名称",))
    work_category: Mapped[str | None] = fields.text(_("Category of work"), synonyms=("作品类别",))
    author: Mapped[str | None] = fields.text(_("Author"), max_length=300, synonyms=("作者",))
    registration_office: Mapped[str | None] = fields.text(_("Registration office"))

    internal_opinion: Mapped[str | None] = fields.long_text(_("Assessment of the chances"))
    cost: Mapped[Decimal | None] = fields.money(_("Own cost"))
    remarks: Mapped[str | None] = fields.long_text(_("Remarks"), synonyms=("备注",))

    def open_moves(self) -> list[dict[str, Any]]:
        """The moves open to the person now, for the dialog that offers them."""
        from plugins.cases.page import open_moves

        return open_moves(self)

    def other_events(self) -> list[tuple[str, str]]:
        """Events that may be put on record whatever the status, as (code, words)."""
        from plugins.cases.page import other_events

        return other_events(self)


CRITICAL = ("application_number", "filing_date", "classes", "applicants", "priority", "valid_to", "title", "mark_name")
"""The data that a second person verifies: number, dates, classes, applicant names, priority, name."""


def has_critical(case: Any) -> bool:
    """Whether there is anything to verify."""
    return any(getattr(case, "title_text" if name == "title" else name) for name in CRITICAL)
