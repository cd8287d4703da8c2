"""What the engine is told about a case, and what it gives back; plain values, no records."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date
from typing import Any, NamedTuple

from .packs import Rule

OPEN, SETTLED, PRESUMED = "open", "settled", "presumed"


class Event(NamedTuple):
    """An official or own act on a case: `inputs` are the engine's names (dispatch_date, delivery, annuity_year …)."""

    id: str
    code: str
    date: date | None
    inputs: Mapping[str, Any] = {}


@dataclass(frozen=True, slots=True)
class Facts:
    """All that deadlines depend on: kind of right, route, jurisdiction, stated fields, events, whether it has ended."""

    key: str
    right_kind: str
    jurisdiction: str = "CN"
    route: str = "national"
    side: str | None = None
    fields: Mapping[str, Any] = field(default_factory=dict)
    events: tuple[Event, ...] = ()
    ended: bool = False


class Derived(NamedTuple):
    """One deadline of a case. `fact` and `occurrence` with the rule make its identity; days are kept apart by whom
    they bind: `due` the office's, `safe` the cautious one, `internal` the agency's, `client` the client's."""

    rule: Rule
    fact: str
    occurrence: str
    base: date
    nominal: date
    due: date
    safe: date
    internal: date
    client: date
    severity: str
    optional: bool
    window: bool
    state: str
    cleared_by: str | None
    overdue: bool
    calendar: str
    inputs: Mapping[str, Any]

    @property
    def identity(self) -> str:
        """Rule, base fact and occurrence: the same deadline keeps it when its date changes."""
        return f"{self.rule.code}|{self.fact}|{self.occurrence}"

    @property
    def wanted(self) -> bool:
        """True when the deadline is to be docketed: an open duty, or an opportunity that is not over."""
        return self.state == OPEN and not (self.overdue and self.window)


class Gap(NamedTuple):
    """A rule whose trigger is there but whose inputs are not: `keys` would complete it."""

    rule: Rule
    fact: str
    code: str
    message: str


class Derivation(NamedTuple):
    """All deadlines of one case and what could not be computed, each in a fixed order."""

    deadlines: list[Derived]
    gaps: list[Gap]
