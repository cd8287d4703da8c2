"""Who may do what."""

from __future__ import annotations

from core import FieldRule, Grant, L, Role

KEY = "hotline.call"
OPERATOR, WATCHER = "hotline_operator", "hotline_watcher"
ROLES = [
    Role(OPERATOR, L("来电：接听", "Hotline: answers calls")),
    Role(WATCHER, L("来电：查看", "Hotline: sees calls")),
]
GRANTS = [Grant(OPERATOR, KEY, ("read", "update", "answer", "export")), Grant(WATCHER, KEY, ("read",))]
FIELD_RULES = [FieldRule(KEY, "caller", "masked", (WATCHER,))]
