"""Which rule binds a person on a field: the loosest of their roles, of each role the strictest."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace

from core.permissions.declared import STRICTNESS, FieldRule
from core.permissions.principal import Principal

Closed = Mapping[tuple[str, str], str]
"""Treatments that administrators set, by role and field."""


def binding(record: str, name: str, rules: Sequence[FieldRule], person: Principal, closed: Closed) -> FieldRule | None:
    """The rule that binds this person on one field, or None. Who has no role at all is bound by every rule."""
    if not person.granted:
        return _strictest(rules)
    each = [of_role(record, name, rules, code, person, closed) for code in sorted(person.granted)]
    return None if any(rule is None for rule in each) else _loosest(rule for rule in each if rule is not None)


def of_role(
    record: str, name: str, rules: Iterable[FieldRule], code: str, person: Principal, closed: Closed
) -> FieldRule | None:
    """What one role by itself may do with the field: what administrators set, else what the plugins ship."""
    treatment = closed.get((code, name))
    if treatment is not None:
        return None if treatment == "open" else FieldRule(record, name, treatment, (code,))
    like = person.overlay.like(code) if person.overlay else code
    return _strictest(rule for rule in rules if like in rule.roles)


def _strictest(rules: Iterable[FieldRule]) -> FieldRule | None:
    """One rule out of those that bind one role. Closed under different conditions, a field is closed without any."""
    found: FieldRule | None = None
    for rule in sorted(rules, key=lambda r: STRICTNESS.index(r.treatment)):
        several = found is not None and found.treatment != "readonly" and found.when is not rule.when
        found = replace(rule, when=None) if several else rule
    return found


def _loosest(rules: Iterable[FieldRule]) -> FieldRule:
    """One rule out of those that bind each of a person's roles: what one role may see, the person may see."""
    return min(rules, key=lambda r: (STRICTNESS.index(r.treatment), r.when is None))


def through_glass(rules: Iterable[FieldRule]) -> FieldRule | None:
    """Who reads client data through broken glass sees masked what is masked for anybody."""
    return _strictest(rule for rule in rules if rule.treatment == "masked")


def stricter(one: FieldRule, other: FieldRule) -> FieldRule:
    """Of two rules that both bind a person the one that closes more."""
    return max((one, other), key=lambda r: (STRICTNESS.index(r.treatment), r.when is None))
