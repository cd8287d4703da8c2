"""What the machine is told about a case and about the event at hand. Pure data."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date
from typing import Any


@dataclass(frozen=True)
class Past:
    """An event that happened before. `day`: the one that counts for periods (receipt, else dispatch, else event)."""

    code: str
    day: date | None = None
    outcome: str | None = None
    actor: int | None = None


@dataclass(frozen=True)
class Facts:
    """The facts that guards are checked against.

    values: the case's fields overlaid with what was entered for the event; docs: kinds of documents on the case;
    event_document: the event carries its own document; records: record keys that exist in this deployment;
    past: earlier events in order; actor: who records, author: who submitted for review (user ids);
    confirmation: the reason given for what only a person can state; to: the target chosen where several are possible.
    """

    today: date
    values: Mapping[str, Any] = field(default_factory=dict)
    docs: frozenset[str] = frozenset()
    event_document: bool = False
    records: frozenset[str] = frozenset()
    past: tuple[Past, ...] = ()
    actor: int | None = None
    author: int | None = None
    confirmation: str | None = None
    to: str | None = None

    def get(self, name: str) -> Any:
        """A value, None when it is absent or empty."""
        value = self.values.get(name)
        return None if value in ("", [], {}) else value

    def exists(self, keys: tuple[str, ...]) -> bool:
        """Whether what belongs to one of these records is asked here; without keys it always is."""
        return not keys or any(key in self.records for key in keys)

    def last(self, code: str) -> Past | None:
        """The latest earlier event with that code."""
        return next((event for event in reversed(self.past) if event.code == code), None)
