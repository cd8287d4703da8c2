"""The records of clients and their contacts. How numbers, names and tiers change is in `services.py`."""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from typing import Any

from sqlalchemy import Index
from sqlalchemy.orm import Mapped

from core import Record, _, fields
from plugins.clients import choices, regions, uscc
from plugins.clients.names import match_key, tidy


def _other_names(client: Any) -> str | None:
    """Former names and earlier numbers in one searchable text."""
    parts = [*(client.former_names or ()), *(client.former_numbers or ())]
    return "；".join(parts)[:2000] or None


def _tidy_all(names: list[str]) -> list[str] | None:
    return [name for text in names if (name := tidy(text))] or None


class Client(Record):
    """A client of the agency: who it is, where, how it is looked after and billed."""

    __record__ = {
        "key": "clients.client",
        "label": _("Client"),
        "plural": _("Clients"),
        "title": "name",
        "title_en": "name_en",
        "number": "number",
        "secondary": "name_en",
        "icon": "users",
        "order": "name",
        "archive": True,
        "walls": True,
        "guarded": True,
        "search": ("former_names", "former_numbers", "brands", "main_business", "phone", "invoice_title"),
    }
    __table_args__ = (Index("ix_clients_client_match_key", "match_key"),)

    number: Mapped[str | None] = fields.text(
        _("Client number"),
        unique=True,
        search=True,
        readonly=True,
        max_length=60,
        synonyms=("客户编号", "客户管理号", "客户号", "client no", "client no."),
        help=_("Given by rule when the client is made; kind, region and a running number."),
    )
    name: Mapped[str] = fields.text(
        _("Name"),
        required=True,
        search=True,
        max_length=300,
        index=True,
        validate=tidy,
        synonyms=("客户名称", "公司名称", "企业名称", "单位名称", "申请人名称", "client", "company"),
    )
    name_en: Mapped[str | None] = fields.text(
        _("English name"),
        search=True,
        max_length=300,
        validate=tidy,
        synonyms=("英文名称", "英文名", "english name"),
    )
    former_names: Mapped[list | None] = fields.tags(
        _("Former names"), validate=_tidy_all, synonyms=("曾用名", "former name")
    )
    other_names: Mapped[str | None] = fields.long_text(
        _("Former names and numbers"), search=True, compute=_other_names, track=False
    )
    former_numbers: Mapped[list | None] = fields.tags(_("Earlier numbers"), readonly=True)
    match_key: Mapped[str | None] = fields.text(
        _("Match key"), hidden=True, track=False, max_length=300, compute=lambda client: match_key(client.name)[:300]
    )
    uscc: Mapped[str | None] = fields.text(
        _("Unified social credit code"),
        max_length=40,
        search=True,
        index=True,
        validate=uscc.validate,
        synonyms=("统一社会信用代码", "信用代码", "社会信用代码", "证件号码", "uscc", "credit code"),
    )
    kind: Mapped[str | None] = fields.choice(
        _("Kind of client"), choices.KINDS, synonyms=("客户类型", "客户性质", "申请人类型", "kind")
    )
    region: Mapped[str | None] = fields.text(
        _("Region"),
        max_length=12,
        validate=regions.validate,
        index=True,
        synonyms=("地区", "所在地", "省市", "国家", "region", "country"),
        help=_("A division code, a place such as 深圳市南山区, or a country."),
    )
    region_name: Mapped[str | None] = fields.text(
        _("Place"), max_length=120, search=True, compute=lambda client: regions.region_name(client.region, "zh") or None
    )
    tier: Mapped[str | None] = fields.choice(
        _("Tier"), choices.TIERS, default="general", synonyms=("客户等级", "客户级别", "tier")
    )
    stage: Mapped[str | None] = fields.choice(_("Development stage"), choices.STAGES, open_choices=True)
    industry: Mapped[str | None] = fields.text(_("Industry"), synonyms=("行业", "所属行业"))
    size: Mapped[str | None] = fields.choice(_("Company size"), choices.SIZES, synonyms=("规模",), open_choices=True)
    main_business: Mapped[str | None] = fields.long_text(_("Main business"), synonyms=("主营业务", "经营范围"))
    brands: Mapped[list | None] = fields.tags(_("Brands"), synonyms=("品牌",))
    website: Mapped[str | None] = fields.text(_("Website"), synonyms=("网址", "网站"))
    phone: Mapped[str | None] = fields.text(_("Phone"), max_length=60, synonyms=("电话", "联系电话", "公司电话"))
    address: Mapped[str | None] = fields.text(
        _("Street address"), max_length=400, synonyms=("地址", "申请人地址", "注册地址", "address")
    )
    address_en: Mapped[str | None] = fields.text(_("English address"), max_length=400, synonyms=("英文地址",))
    postal_address: Mapped[str | None] = fields.text(
        _("Postal address"), max_length=400, synonyms=("通讯地址", "邮寄地址")
    )
    postcode: Mapped[str | None] = fields.text(_("Postcode"), max_length=20, synonyms=("邮编", "邮政编码"))

    invoice_title: Mapped[str | None] = fields.text(
        _("Invoice title"), max_length=300, synonyms=("发票抬头", "开票名称")
    )
    tax_number: Mapped[str | None] = fields.text(_("Tax number"), max_length=40, synonyms=("税号", "纳税人识别号"))
    taxpayer: Mapped[str | None] = fields.choice(_("Taxpayer status"), choices.TAXPAYERS, synonyms=("纳税人类型",))
    bank_name: Mapped[str | None] = fields.text(_("Bank"), synonyms=("开户行", "开户银行"))
    bank_account: Mapped[str | None] = fields.text(_("Bank account"), max_length=60, synonyms=("银行账号", "账号"))
    billing_email: Mapped[str | None] = fields.text(_("Billing e-mail"), synonyms=("收票邮箱",))
    billing_cycle: Mapped[str | None] = fields.choice(_("Billing cycle"), choices.CYCLES, synonyms=("结算周期",))
    currency: Mapped[str | None] = fields.text(_("Currency"), max_length=3, default="CNY", synonyms=("币种",))
    credit_limit: Mapped[Decimal | None] = fields.money(_("Credit limit"), synonyms=("信用额度",))

    source: Mapped[str | None] = fields.choice(
        _("Source channel"), choices.SOURCES, synonyms=("客户来源", "来源渠道"), open_choices=True
    )
    referrer_id: Mapped[int | None] = fields.link("clients.client", _("Referred by"), on_delete="set_null")
    since: Mapped[date | None] = fields.date(_("Client since"), synonyms=("合作日期", "建档日期"))
    confidentiality: Mapped[str | None] = fields.choice(
        _("Confidentiality"), choices.CONFIDENTIALITY, default="normal", synonyms=("保密级别",)
    )
    requirements: Mapped[list | None] = fields.tags(
        _("Client's requirements"),
        synonyms=("客户要求", "特殊要求"),
        help=_("Shown on top of the client's page and wherever somebody writes to the client."),
    )
    preferred_channel: Mapped[str | None] = fields.choice(_("Preferred channel"), choices.CHANNELS)
    report_format: Mapped[str | None] = fields.text(_("Report format"))
    portal_notice: Mapped[str | None] = fields.long_text(
        _("Note on the client's portal"), help=_("Shown to the client's own people when they sign in.")
    )
    internal_remarks: Mapped[str | None] = fields.long_text(_("Internal remarks"), synonyms=("备注", "remarks"))

    owner_id: Mapped[int | None] = fields.link(
        "core.user", _("Lead consultant"), synonyms=("客户负责人", "顾问", "案源人")
    )
    trademark_agent_id: Mapped[int | None] = fields.link(
        "core.user",
        _("Trademark agent"),
        help=_("Sees this client and takes in its trademark filings, the first one too."),
        synonyms=("商标代理人",),
    )
    patent_agent_id: Mapped[int | None] = fields.link(
        "core.user",
        _("Patent agent"),
        help=_("Sees this client and takes in its patent filings, the first one too."),
        synonyms=("专利代理师",),
    )
    team_id: Mapped[int | None] = fields.link("core.team", _("Team"))
    department_id: Mapped[int | None] = fields.link("core.department", _("Department"))
    branch_id: Mapped[int | None] = fields.link("core.branch", _("Branch"))


class Contact(Record):
    """A person at a client: what for, how to reach, what to decide."""

    __record__ = {
        "key": "clients.contact",
        "label": _("Contact"),
        "plural": _("Contacts"),
        "title": "name",
        "title_en": "name_en",
        "secondary": "position",
        "icon": "address-book",
        "order": "name",
        "archive": True,
        "guarded": True,
    }

    client_id: Mapped[int] = fields.link("clients.client", _("Client"), required=True, on_delete="cascade")
    name: Mapped[str] = fields.text(_("Name"), required=True, search=True, max_length=120, synonyms=("联系人", "姓名"))
    name_en: Mapped[str | None] = fields.text(_("English name"), search=True, max_length=120)
    position: Mapped[str | None] = fields.text(_("Job title"), synonyms=("职务", "职位"))
    unit: Mapped[str | None] = fields.text(_("Department at the client"), synonyms=("部门",))
    roles: Mapped[list | None] = fields.multi_choice(_("Roles"), choices.CONTACT_ROLES, synonyms=("联系人角色",))
    decision_role: Mapped[str | None] = fields.choice(_("Part in decisions"), choices.DECISION_ROLES, open_choices=True)
    authority: Mapped[str | None] = fields.text(
        _("Authority"), help=_("For example: sees only what costs over 50,000.")
    )
    reports_to_id: Mapped[int | None] = fields.link("clients.contact", _("Reports to"), on_delete="set_null")
    mobile: Mapped[str | None] = fields.text(_("Mobile"), max_length=40, synonyms=("手机", "手机号"))
    phone: Mapped[str | None] = fields.text(_("Phone"), max_length=60, synonyms=("电话", "座机"))
    email: Mapped[str | None] = fields.text(_("E-mail"), search=True, synonyms=("邮箱", "电子邮箱"))
    wechat: Mapped[str | None] = fields.text(_("WeChat"), max_length=80, synonyms=("微信", "微信号"))
    preferred_channel: Mapped[str | None] = fields.choice(_("Preferred channel"), choices.CHANNELS)
    language: Mapped[str | None] = fields.choice(_("Language"), choices.LANGUAGES, default="zh")
    preferences: Mapped[str | None] = fields.text(_("Preferences"), max_length=400)
    birthday: Mapped[date | None] = fields.date(_("Birthday"))
    is_primary: Mapped[bool] = fields.boolean(_("First contact"), default=False)
    remarks: Mapped[str | None] = fields.long_text(_("Remarks"))
