"""Deadlines of cases: computed from rules, explained, reminded, closed with evidence.

What other plugins may import: `follow` (derive the deadlines of cases anew), `next_deadlines` (the next open one of
each case), and for rules of their own `RulePack` and `RestDays`.
"""

from __future__ import annotations

from typing import Any

__all__ = ["RestDays", "RulePack", "follow", "next_deadlines"]


def __getattr__(name: str) -> Any:
    if name == "follow":
        from plugins.deadlines.docket import follow

        return follow
    if name == "next_deadlines":
        from plugins.deadlines.worklist import next_deadlines

        return next_deadlines
    if name in ("RestDays", "RulePack"):
        from plugins.deadlines import engine

        return getattr(engine, name)
    raise AttributeError(f"plugins.deadlines has no public name {name!r}")
