"""Whole numbers of a case or an event within sensible bounds: a slip of the keyboard is refused, not counted with."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from core import FieldError, _

CLAIMS, YEARS = (0, 9999), (0, 50)
OF_EVENTS = {
    "period_months": (1, 120),
    "period_days": (1, 3660),
    "annuity_year": (1, 50),
    "months": (1, 120),
    "claims_count": CLAIMS,
}
"""Bounds, first and last included, of what is entered with an event."""


def within(bounds: tuple[int, int]) -> Callable[[Any], Any]:
    """A check for a field: the value itself, or `ValueError` with the bounds in words."""

    def check(value: Any) -> Any:
        if value is not None and not bounds[0] <= value <= bounds[1]:
            raise ValueError(_between(bounds))
        return value

    return check


def beyond(typed: Mapping[str, Any]) -> list[FieldError]:
    """The errors of an event's numbers; what is no number is left to others."""
    wrong = [
        name
        for name, (low, high) in OF_EVENTS.items()
        if isinstance(value := _number(typed.get(name)), int) and not low <= value <= high
    ]
    return [FieldError(name, "range", _between(OF_EVENTS[name])) for name in wrong]


def _number(value: Any) -> int | None:
    text = str(value).strip()
    return int(text) if text.lstrip("-").isdigit() and len(text) < 12 else None


def _between(bounds: tuple[int, int]) -> Any:
    return _("A whole number from %(low)s to %(high)s.", low=bounds[0], high=bounds[1])
