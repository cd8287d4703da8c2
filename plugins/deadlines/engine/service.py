"""When an official paper counts as served: by office, channel and dispatch day. A deemed day is never moved.

Sources: 专利法实施细则(2023)第4条 with its transitional rule for papers dispatched before 2024-01-20,
商标法实施条例(2014)第10条. The rules themselves are data of the pack.
"""

from collections.abc import Mapping
from datetime import date
from typing import Any, NamedTuple

from .dates import add_days, add_months, day_input, parse_day
from .problems import InputError, MissingInput


class Served(NamedTuple):
    """A service day, the earliest day a cautious reading starts from, and which reading gave it."""

    day: date
    safe: date
    how: str


class Channel(NamedTuple):
    """One service rule: `proof` keys give the day itself, else `start` + `n` `unit`; `cautious`: safe from start."""

    start: tuple[str, ...]
    n: int
    unit: str
    proof: tuple[str, ...]
    dispatched_from: date
    dispatched_to: date
    cautious: bool


def channels_from(data: Mapping[str, list[dict[str, Any]]]) -> dict[str, tuple[Channel, ...]]:
    """Service rules of one office, by channel, from their pack data."""
    return {name: tuple(_channel(item) for item in items) for name, items in data.items()}


def _channel(item: Mapping[str, Any]) -> Channel:
    return Channel(
        start=tuple(item["start"]),
        n=item["n"],
        unit=item["unit"],
        proof=tuple(item["proof"]),
        dispatched_from=parse_day(item.get("from", "0001-01-01")),
        dispatched_to=parse_day(item.get("to", "9999-12-31")),
        cautious=item["cautious"],
    )


_BY_KEY = (("postmark_receipt_date", "post"), ("handed_over_date", "handed_over"), ("notice_date", "public_notice"))


def served(channels: Mapping[str, tuple[Channel, ...]], inputs: Mapping[str, Any]) -> Served:
    """The service day of the paper that `inputs` describe; a stated `service_date` is taken as it is."""
    direct = inputs.get("service_date")
    if direct is not None:
        day = parse_day(direct, "service_date")
        return Served(day, day, "stated")
    delivery = inputs.get("delivery")
    if delivery is None:
        delivery = next((name for key, name in _BY_KEY if inputs.get(key) is not None), "electronic")
    rules = channels.get(delivery) if isinstance(delivery, str) else None
    if rules is None:
        raise InputError("invalid_input", f"delivery must be one of: {', '.join(sorted(channels))}")
    return _by_channel(rules, inputs)


def _by_channel(rules: tuple[Channel, ...], inputs: Mapping[str, Any]) -> Served:
    start = day_input(inputs, rules[0].start)
    for rule in rules:
        if start is not None and not rule.dispatched_from <= start <= rule.dispatched_to:
            continue
        proved = day_input(inputs, rule.proof) if rule.proof else None
        if proved is not None:
            return Served(proved, proved, "proved")
        if start is not None:
            deemed = add_days(start, rule.n) if rule.unit == "day" else add_months(start, rule.n)
            return Served(deemed, start if rule.cautious else deemed, "deemed" if rule.n else "day itself")
    raise MissingInput(rules[0].start + rules[0].proof)
