"""The import support of `cases.case`: its targets, its guess at a source, and what happens to each batch of rows."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from core import ImportContext, ImportGuess, ImportRow, ImportSupport, ImportTarget, L, registry, today
from plugins.cases.importing import parties
from plugins.cases.importing.rows import Trouble, normalise, rank
from plugins.cases.importing.words import (
    MARK_COLUMNS,
    WORDS,
    case_type_of,
    field_of_header,
    looks_like_patent_class,
    of_others,
    office_of,
)

RECORD = "cases.case"


def _own(name: str, kind: str, zh: str, en: str) -> ImportTarget:
    """A field of the case that takes freer cells than its own kind does."""
    return ImportTarget(name, kind, L(zh, en))


def _virtual(name: str, kind: str, zh: str, en: str, roc: bool = False) -> ImportTarget:
    return ImportTarget(name, kind, L(zh, en), virtual=True, roc=roc)


TARGETS = (
    _own("application_number", "text", "申请号", "Application number"),
    _own("registration_number", "text", "注册号", "Registration number"),
    _own("publication_number", "text", "公布号", "Publication number"),
    _own("grant_number", "text", "授权公告号", "Grant number"),
    _own("case_type", "text", "案件类型", "Case type"),
    _own("jurisdiction", "text", "国家/地区", "Jurisdiction"),
    _own("status", "text", "案件状态", "Status"),
    _own("classes", "words", "类别", "Nice classes"),
    _own("inventors", "names", "发明人/设计人", "Inventors"),
    _own("classification", "words", "分类号", "Classification"),
    _own("goods", "long_text", "商品/服务项目", "Goods and services"),
    _own("applicants", "names", "申请人/权利人", "Applicants"),
    _own("fee_reduction", "text", "费减比例", "Fee reduction in per cent"),
    _own("paid_to_year", "text", "已缴年度", "Paid to year"),
    _own("client", "text", "客户", "Client"),
    _own("priority", "text", "优先权", "Priority"),
    _virtual("legal_status", "text", "法律状态", "Legal status"),
    _virtual("kind_text", "text", "专利类型", "Kind of right"),
    _virtual("patent_number", "text", "专利号", "Patent number"),
    _virtual("announcement_number", "text", "公开（公告）号", "Publication or grant number"),
    _virtual("announcement_date", "date", "公开（公告）日", "Publication or grant date"),
    _virtual("applicants_en", "names", "申请人英文名", "Applicants, English"),
    _virtual("applicant_address", "text", "申请人地址", "Applicant's address"),
)


class CaseImport(ImportSupport):
    """Imports of cases. A key is unique within one office."""

    early = True
    keys = ("application_number", "registration_number")
    scope = ("jurisdiction",)

    def roc_years(self, constants: dict[str, Any]) -> bool:
        """Taiwan counts years from 1911."""
        return constants.get("jurisdiction") == "TW"

    def targets(self) -> list[ImportTarget]:
        """Fields that take the words of a register, and those that are no columns of the case."""
        fields = registry().types[RECORD].fields
        ours = (target for target in TARGETS if target.virtual or target.name in fields)
        return [replace(target, synonyms=tuple(WORDS["headers"].get(target.name, ()))) for target in ours]

    def knows(self, header: str) -> bool:
        """Headers of registers and agencies."""
        return field_of_header(header) is not None

    def guess(self, columns: tuple[str, ...], samples: dict[str, list[Any]]) -> ImportGuess:
        """Columns by the headers of registers and agencies; office and kind where the whole file is of one."""
        known = {target.name for target in self.targets()} | set(registry().types[RECORD].fields)
        found: dict[str, str] = {}
        main = ""
        for column in columns:
            name = _field(column, columns, samples)
            if name == "main_class":
                main = column
            elif name == "" or (name in known and name not in found.values()):
                found[column] = name
        if main:
            found[main] = "" if "classification" in found.values() else "classification"
        constants: dict[str, Any] = {}
        if seen := office_of(columns):
            constants = {"jurisdiction": seen[0]} | ({"case_type": "tm_application"} if seen[1] else {})
        return ImportGuess(found, constants)

    def prepare(self, rows: list[ImportRow], context: ImportContext) -> None:
        """Numbers, kinds, dates and states into their stored form; refuses what cannot be."""
        day, marks = today(), _about_marks(context)
        for row in rows:
            try:
                normalise(row.values, day, marks)
            except Trouble as trouble:
                row.refuse(trouble.field, trouble.code, trouble.reason)
                continue
            if names := row.values.get("applicants"):
                row.values["applicants"] = parties.tidied(names)

    def complete(self, rows: list[ImportRow], context: ImportContext) -> None:
        """States never move back by an import, remarks are not overwritten; applicants find or become clients."""
        for row in rows:
            if row.current is not None:
                _only_forward(row)
        parties.link(rows, context)


def _field(column: str, columns: tuple[str, ...], samples: dict[str, list[Any]]) -> str | None:
    """The field a column means; empty for one to be left out, None when not known."""
    name = field_of_header(column)
    if name is None and "." in column:
        name = "" if of_others(column) else field_of_header(column.rpartition(".")[2])
    if name == "classes" and looks_like_patent_class(columns, samples.get(column, [])):
        whole = any("/" in str(sample) for sample in samples.get(column, []))
        return "classification" if whole else ""
    return name


def _about_marks(context: ImportContext) -> bool:
    """Whether the file is one of trademarks: it has columns that only marks have, and none that only patents have."""
    if case_type_of(str(context.constants.get("case_type") or "")):
        return False
    return (
        bool(MARK_COLUMNS & context.mapped)
        and not {"inventors", "classification", "announcement_number"} & context.mapped
    )


def _only_forward(row: ImportRow) -> None:
    stored = (row.current or {}).get("status")
    if rank(row.values.get("status")) <= rank(stored):
        row.values.pop("status", None)
    if (row.current or {}).get("remarks"):
        row.values.pop("remarks", None)
