"""What every deployment needs: the shipped rules to read, the statutory calendar, the reminder plans."""

from __future__ import annotations

from datetime import date
from typing import Any

from sqlalchemy import select

from core import L
from plugins.deadlines.engine import Rule, load_holidays, load_pack
from plugins.deadlines.engine.words import period_words
from plugins.deadlines.records import CalendarDay, ReminderPlan, RuleRecord

SHIPPED = "shipped"
CORRECTIONS = (
    "CN.TM.FORMALITY_CORRECTION",
    "CN.TM.REVIEW_CORRECTION",
    "CN.TM.ASSIGNMENT_RECTIFY",
    "CN.PAT.PRELIM_RECTIFY",
    "CN.PAT.*_RECTIFY",
    "CN.PCT.ENTRY_RECTIFY",
    "CN.CR.*_CORRECTION",
    "MADRID.CN_CORRECTION",
)
PLANS: tuple[dict[str, Any], ...] = (
    {
        "name": L("商标续展：提前一年", "Renewal: a year ahead"),
        "position": 10,
        "rules": ["CN.TM.RENEWAL", "MADRID.RENEWAL", "HAGUE.RENEWAL", "LOCAL.TERM_END"],
        "anchor": "due",
        "steps": ["12m", "6m", "90d", "30d", "14d", "7d", "3d", "1d", "0d"],
    },
    {
        "name": L("补正：提前 15、7、3 天", "Corrections: 15, 7 and 3 days ahead"),
        "position": 20,
        "rules": list(CORRECTIONS),
        "anchor": "due",
        "steps": ["15d", "7d", "3d", "1d", "0d"],
        "strong": True,
    },
    {
        "name": L("年费：提前 90 天起", "Annuities: from 90 days ahead"),
        "position": 30,
        "rules": ["CN.PAT.ANNUITY", "CN.PAT.ANNUITY_GRACE"],
        "anchor": "safe_date",
        "steps": ["90d", "30d", "7d", "1d", "0d"],
    },
    {
        "name": L("失权期限", "Fatal deadlines"),
        "position": 60,
        "severities": ["fatal"],
        "steps": ["60d", "30d", "14d", "7d", "3d", "1d", "0d", "-1d"],
        "strong": True,
    },
    {
        "name": L("可救济期限", "Curable deadlines"),
        "position": 70,
        "severities": ["curable"],
        "steps": ["30d", "14d", "7d", "3d", "1d", "-1d"],
    },
    {
        "name": L("不利期限", "Adverse deadlines"),
        "position": 80,
        "severities": ["adverse"],
        "steps": ["14d", "7d", "3d", "1d"],
    },
    {
        "name": L("提示", "For information"),
        "position": 90,
        "severities": ["info"],
        "steps": ["7d"],
        "to_head": False,
    },
)


def seed_rules(session: Any) -> None:
    """One row for each shipped rule, brought up to the shipped version; own rules are left alone."""
    pack = load_pack()
    known = {row.code: row for row in session.scalars(select(RuleRecord).where(RuleRecord.origin == SHIPPED))}
    for rule in pack.rules.values():
        values = _row(rule, pack.version)
        row = known.get(rule.code)
        if row is None:
            session.add(RuleRecord(**values))
        elif row.pack_version != pack.version:
            for name, value in values.items():
                setattr(row, name, value)


def _row(rule: Rule, version: str) -> dict[str, Any]:
    return {
        "code": rule.code,
        "name": rule.title_zh,
        "name_en": rule.title_en[:200],
        "origin": SHIPPED,
        "status": "published",
        "pack_version": version,
        "right_kinds": sorted(rule.right_kinds),
        "trigger": rule.trigger,
        "period": _period(rule),
        "roll": rule.roll,
        "severity": rule.severity,
        "legal_basis": list(rule.legal_basis),
        "effective_from": rule.effective_from if rule.effective_from > date(1, 1, 1) else None,
        "effective_to": rule.effective_to,
        "certainty": rule.certainty,
        "if_missed": rule.if_missed or None,
        "note": rule.note or None,
    }


def _period(rule: Rule) -> str | None:
    n, unit = rule.period
    if n is not None and unit is not None:
        return period_words([(n, unit)], "zh")
    items = rule.combine["items"] if rule.combine else []
    plain = [(item["n"], item["unit"]) for item in items if isinstance(item.get("n"), int)]
    return " / ".join(period_words([step], "zh") for step in plain)[:80] or None


def seed_calendar(session: Any) -> None:
    """The State Council days and the closing days of WIPO that ship with the plugin."""
    holidays = load_holidays()
    known = {tuple(row) for row in session.execute(select(CalendarDay.day, CalendarDay.kind))}
    rows = [(day, "off", holidays.names.get(day, "")) for day in sorted(holidays.off)]
    rows += [(day, "worked", "") for day in sorted(holidays.worked)]
    rows += [(day, "closed", "WIPO") for day in sorted(holidays.closings.get("wipo", ()))]
    for day, kind, name in rows:
        if (day, kind) not in known:
            given = {"day": day, "kind": kind, "name": name or None, "source": holidays.version, "published": True}
            session.add(CalendarDay(**given))


def seed_plans(session: Any) -> None:
    """The shipped reminder plans, once; people change them as they like."""
    if session.scalar(select(ReminderPlan.id).limit(1)) is None:
        for plan in PLANS:
            session.add(ReminderPlan(**plan | {"name": str(plan["name"])}))
