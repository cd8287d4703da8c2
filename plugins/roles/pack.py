"""The role pack read from `data/roles.json`."""

from __future__ import annotations

import json
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

from core import Duty, Grant, L, Role

DATA = Path(__file__).parent / "data" / "roles.json"


@dataclass(frozen=True)
class Separation:
    """Two acts that two persons must do. `strength` begins with hard (the server refuses) or soft (listed daily)."""

    code: str
    zh: str
    en: str
    first: str
    second: str
    strength: str


@cache
def _pack() -> dict[str, Any]:
    return json.loads(DATA.read_text("utf-8"))


def roles() -> list[Role]:
    """All roles of staff, administration and portal."""
    return [
        Role(r["code"], L(r["zh"], r["en"]), r["realm"], L(r["what_for_zh"], r["what_for"])) for r in _pack()["roles"]
    ]


def role_codes() -> tuple[str, ...]:
    """The codes of the roles, in the order of the pack."""
    return tuple(role["code"] for role in _pack()["roles"])


def core_grants() -> list[Grant]:
    """What the roles may do with the core's own records."""
    return [Grant(role, record, tuple(can), scope) for role, record, can, scope in _pack()["grants"]]


def separation_of_duties() -> tuple[Separation, ...]:
    """The pairs of acts that one person may not do both."""
    return tuple(Separation(**row) for row in _pack()["separation"])


OF_PEOPLE = ("hr", "partner", "security_admin")
"""Roles that read telephone numbers of colleagues."""


def numbers_masked_for() -> tuple[str, ...]:
    """All other roles of staff and administration."""
    return tuple(r["code"] for r in _pack()["roles"] if r["realm"] != "portal" and r["code"] not in OF_PEOPLE)


APART = {
    "THREE_ADMINS": (("system_admin",), ("security_admin",), ("audit_admin",)),
    "GRANT_SELF": (("security_admin",), ("@business",)),
    "CLIENT_DATA_CONFIG": (("system_admin", "config_admin"), ("@business",)),
    "PORTAL_PAY": (("portal_legal",), ("portal_finance",)),
}
"""Roles that one person may not hold together, by the duty that says so."""


KEPT_AT = {
    "ENTER_VERIFY": "cases.case",
    "CLOSE_CONFIRM": "deadlines.deadline",
    "DRAFT_REVIEW": "workflow.task",
    "REVIEW_TWO": "workflow.task",
    "REFUND": "billing.refund",
    "CASH_BILL": "billing.payment",
    "WRITEOFF": "billing.write_off",
    "PRICE_DISCOUNT": "billing.quotation",
    "RULE_PUBLISH": "deadlines.rule",
    "GRANT_SELF": "core.user_role",
    "EXPORT": "core.export_request",
    "CLIENT_DATA_CONFIG": "core.glass",
    "CHINESE_WALL": "core.wall",
}
"""Where the second act of a pair is refused, when that record type is there."""


def duties() -> list[Duty]:
    """The same pairs for the core, which holds roles apart; `soft` ones among portal users are only listed."""
    return [
        Duty(
            s.code,
            L(s.zh, s.en),
            s.first,
            s.second,
            s.strength,
            () if s.strength.startswith("soft") else tuple(frozenset(group) for group in APART.get(s.code, ())),
            KEPT_AT.get(s.code, ""),
        )
        for s in separation_of_duties()
    ]
