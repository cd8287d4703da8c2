"""Rule packs: versioned data with the rules, service rules, fees and late-fee steps; loading, no computing."""

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import date
from functools import lru_cache
from hashlib import sha256
from pathlib import Path
from typing import Any

from .calendars import DATA
from .dates import parse_day
from .service import Channel, channels_from


@dataclass(frozen=True, eq=False)
class Rule:
    """One docketing rule: the row of the table plus how it is computed (`how`) and when it applies (`applies`)."""

    code: str
    right_kinds: frozenset[str]
    kind: str
    trigger: str
    trigger_zh: str
    title_zh: str
    title_en: str
    period: tuple[int | None, str | None]
    direction: str
    base: str
    roll: str
    late: str
    restoration: str
    severity: str
    if_missed: str
    cleared_by: tuple[str, ...]
    fees: tuple[str, ...]
    legal_basis: tuple[str, ...]
    effective_from: date
    effective_to: date | None
    certainty: str
    note: str
    review_by: str | None
    extendable: bool
    combine: Mapping[str, Any] | None
    how: Mapping[str, Any]
    applies: Mapping[str, Any]

    def in_force(self, day: date) -> bool:
        """True when the rule is the law of `day`."""
        return self.effective_from <= day and (self.effective_to is None or day <= self.effective_to)


@dataclass(frozen=True, eq=False)
class Pack:
    """One version of the rules with everything they refer to."""

    version: str
    rules: Mapping[str, Rule]
    bases: Mapping[str, Mapping[str, Any]]
    printed: frozenset[str]
    service: Mapping[str, Mapping[str, tuple[Channel, ...]]]
    service_basis: Mapping[str, tuple[str, ...]]
    late: Mapping[str, Any]
    fees: Mapping[str, Mapping[str, Any]]
    restoration: Mapping[str, Any]
    advice: Mapping[str, Any]
    planning: Mapping[str, Any]
    case_triggers: Mapping[str, tuple[str, ...]]
    after_missed: Mapping[str, str]
    examples: tuple[Mapping[str, Any], ...]


def rule_from(row: Mapping[str, Any], how: Mapping[str, Any], applies: Mapping[str, Any]) -> Rule:
    """A rule from a row shaped as in cn-rules.yaml and its entries of mechanisms.yaml."""
    to = row.get("effective_to")
    return Rule(
        code=row["code"],
        right_kinds=frozenset(row["right_kinds"]),
        kind=row["type"],
        trigger=row["trigger"]["code"],
        trigger_zh=row["trigger"]["zh"],
        title_zh=row["deadline"]["zh"],
        title_en=row["deadline"]["en"],
        period=(row["period"]["n"], row["period"]["unit"]),
        direction=row["direction"],
        base=row["base"],
        roll=row["roll"],
        late=row["late"],
        restoration=row["restoration"],
        severity=row["severity"],
        if_missed=row["if_missed"],
        cleared_by=tuple(row["cleared_by"]),
        fees=tuple(row["fees"]),
        legal_basis=tuple(row["legal_basis"]),
        effective_from=parse_day(row["effective_from"]),
        effective_to=parse_day(to) if to else None,
        certainty=row["certainty"],
        note=row.get("note", ""),
        review_by=row.get("review_by"),
        extendable=bool(row["extendable"]["allowed"]),
        combine=row.get("combine"),
        how=how,
        applies=applies,
    )


def pack_from(data: Mapping[str, Any]) -> Pack:
    """A pack from its JSON shape (data/pack.json, or the same with an agency's own rules laid over it)."""
    mechanisms = data["mechanisms"]
    how, applies = mechanisms["rules"], mechanisms["applies"]
    return Pack(
        version=data["version"],
        rules={
            row["code"]: rule_from(row, how.get(row["code"], {}), applies.get(row["code"], {})) for row in data["rules"]
        },
        bases=mechanisms["bases"],
        printed=frozenset(mechanisms["printed"]),
        service={office: channels_from(channels) for office, channels in mechanisms["service"].items()},
        service_basis={
            office: tuple(data["service"][f"service_{office}"]["basis"]) for office in mechanisms["service"]
        },
        late=data["late"],
        fees={row["code"]: row for group in ("patent", "trademark") for row in data["fees"][group]},
        restoration=data["restoration"],
        advice=data["advice"],
        planning=mechanisms["planning"],
        case_triggers={code: tuple(keys) for code, keys in mechanisms["case_triggers"].items()},
        after_missed=mechanisms["after_missed"],
        examples=tuple(mechanisms["examples"]),
    )


@dataclass(frozen=True)
class RulePack:
    """Rules of another plugin. A row of `rules` is shaped as in data/cn-rules.yaml, with `how` and `applies` in it.

    `case_types` say of which kind of right and by which route a case type is: {"pv_application": ("plant_variety",
    "national")}. `days` tell which field of a case is which input, `bases` and `case_triggers` add to those of
    data/mechanisms.yaml. `examples` are worked by hand: {"id", "rule_code", "inputs", "expected"}.
    """

    name: str
    version: str
    rules: tuple[Mapping[str, Any], ...]
    case_types: Mapping[str, tuple[str, str]] = field(default_factory=dict)
    days: Mapping[str, str] = field(default_factory=dict)
    bases: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)
    case_triggers: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    examples: tuple[Mapping[str, Any], ...] = ()


_joined: list[RulePack] = []


def join_packs(given: Iterable[RulePack]) -> None:
    """Lay these beside the shipped pack, in the place of those that were taken before."""
    _joined[:] = given
    pack_data.cache_clear()
    load_pack.cache_clear()


@lru_cache(maxsize=1)
def pack_data() -> dict[str, Any]:
    """The shipped pack and those of other plugins as plain data; an agency's rules are laid over a copy of it."""
    data = json.loads((DATA / "pack.json").read_text("utf-8"))
    if _joined:
        told = " ".join(f"{pack.name} {pack.version}" for pack in _joined)
        data["version"] += f"+{sha256(told.encode()).hexdigest()[:8]}"
    for pack in _joined:
        data["rules"] += [dict(row) for row in pack.rules]
        mechanisms = data["mechanisms"]
        mechanisms["rules"] |= {row["code"]: row["how"] for row in pack.rules if row.get("how")}
        mechanisms["applies"] |= {row["code"]: row["applies"] for row in pack.rules if row.get("applies")}
        mechanisms["bases"] = {**pack.bases, **mechanisms["bases"]}
        mechanisms["case_triggers"] = {**pack.case_triggers, **mechanisms["case_triggers"]}
        mechanisms["examples"] += list(pack.examples)
    return data


@lru_cache(maxsize=1)
def load_pack() -> Pack:
    """The pack that ships with the plugin, with those of other plugins."""
    return pack_from(pack_data())


def compile_pack(folder: Path = DATA) -> dict[str, Any]:
    """Join cn-rules.yaml and mechanisms.yaml to the data of pack.json (YAML is read only here)."""
    import yaml

    table = yaml.safe_load((folder / "cn-rules.yaml").read_text("utf-8"))
    mechanisms = yaml.safe_load((folder / "mechanisms.yaml").read_text("utf-8"))
    kept = ("service", "roll_calendars", "late", "restoration", "fees", "advice")
    return {
        "version": mechanisms.pop("version"),
        "rules": table["rules"] + mechanisms.pop("own_rules"),
        **{name: table[name] for name in kept},
        "mechanisms": mechanisms,
    }
