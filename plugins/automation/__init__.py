"""Automation rules without code: when something happens, if a condition holds, then steps are carried out.

What plugins that require it may import: `StepKind`, `Input` and `Occasion`, for steps of their own by the hook
`register_automation_steps`.
"""

from __future__ import annotations

from typing import Any

__all__ = ["Input", "Occasion", "StepKind"]


def __getattr__(name: str) -> Any:
    if name in __all__:
        from plugins.automation.steps import base

        return getattr(base, name)
    raise AttributeError(f"plugins.automation has no public name {name!r}")
