"""Rules and calendars of other plugins: what is wrong with them, and taking them in. Our own stand in `overlay`."""

from __future__ import annotations

from collections.abc import Iterator

from plugins.deadlines import reading
from plugins.deadlines.engine import (
    Calendars,
    Evaluator,
    RestDays,
    RulePack,
    join_calendars,
    join_packs,
    load_holidays,
    load_pack,
    pack_data,
)


def take_calendars(items: list[tuple[str, RestDays]]) -> Iterator[tuple[str, str]]:
    """Join the calendars whose names are free; yields (plugin, what is wrong) of the others."""
    sound: dict[str, RestDays] = {}
    join_calendars({})
    taken = set(Calendars(load_holidays()).names)
    for plugin, given in items:
        if given.name in taken | set(sound):
            yield plugin, f"there is a calendar {given.name} already; give it another name"
        elif given.like not in taken:
            yield plugin, f"the calendar {given.name} is like {given.like}, which is not there; one of {sorted(taken)}"
        else:
            sound[given.name] = given
    join_calendars(sound)


def take_rules(items: list[tuple[str, RulePack]]) -> Iterator[tuple[str, str]]:
    """Join the packs that are sound; yields (plugin, what is wrong) of the others."""
    sound: list[RulePack] = []
    for plugin, given in items:
        join_packs(sound)
        codes = {row["code"] for row in pack_data()["rules"]}
        double = sorted(codes & {str(row.get("code")) for row in given.rules})
        if double:
            yield plugin, f"there is a rule {double[0]} already; begin the codes of your own with your name"
            continue
        try:
            join_packs([*sound, given])
            engine = Evaluator(load_pack(), Calendars(load_holidays()))
            for row in given.rules:
                engine(row["code"])
        except (KeyError, TypeError, ValueError, AttributeError, IndexError) as error:
            yield plugin, f"the pack {given.name} lacks or misspells {error}; see data/cn-rules.yaml of deadlines"
        else:
            sound.append(given)
    join_packs(sound)
    reading.join(sound)


def mark() -> str:
    """What the names of seeds carry, so that the rules of a plugin that came or changed are listed."""
    return pack_data()["version"].partition("+")[2]
