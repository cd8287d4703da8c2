"""The configuration of a deployment as one file: each room offers a part, the file holds all parts in a fixed order."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from core.db import db, settle
from core.errors import Invalid, Refused, ZhianError
from core.i18n import _
from core.records.audit import note_action
from core.registry import registry

FORMAT = "zhian-configuration"
VERSION = 1
LARGEST = 20_000_000
"""Characters of a file that is read."""


@dataclass(frozen=True)
class Configuration:
    """A part of the configuration file, offered by `register_configuration`.

    `export()` gives plain JSON data, by name of each thing: {name: data}. `apply(data)` makes what is given so, in the
    caller's transaction and with the caller's rights, and leaves alone what is not given; it raises `Invalid` or
    `Refused` for data that cannot be. `diff(data)`, where given, says what `apply` would do; else the data are
    compared with what `export()` gives. `order`: parts that others refer to come first. `record`: the record type
    whose rows these are, so that large ones leave only as its exports do.
    """

    code: str
    label: Any
    export: Callable[[], Mapping[str, Any]]
    apply: Callable[[Mapping[str, Any]], None]
    diff: Callable[[Mapping[str, Any]], Sequence[Difference]] | None = None
    order: int = 50
    record: str = ""


@dataclass(frozen=True)
class Difference:
    """One thing that differs: its name, the data here and the data of the file; None where there is none."""

    name: str
    here: Any
    there: Any

    @property
    def what(self) -> str:
        """`new`, `changed` or `only_here`; what is only here stays."""
        return "new" if self.here is None else "only_here" if self.there is None else "changed"


@dataclass(frozen=True)
class PartDifference:
    """The differences of one part; `unknown`: nobody here offers such a part, its plugin is off."""

    code: str
    label: Any
    differences: tuple[Difference, ...]
    unknown: bool = False

    @property
    def changes(self) -> tuple[Difference, ...]:
        """What an import would change."""
        return tuple(d for d in self.differences if d.what != "only_here")


def parts() -> list[Configuration]:
    """All parts of this deployment, in the order in which they are applied."""
    found = [part for _plugin, part in registry().hooks.collect("register_configuration")]
    return sorted(found, key=lambda part: (part.order, part.code))


def _leaving(part: Configuration) -> Mapping[str, Any]:
    """What a part gives; raises `Refused` for more rows than one person takes alone."""
    from core.permissions import exports

    given = part.export()
    if part.record and exports.needs_another(part.record, len(given)):
        message = _("%(part)s: so many rows leave only by an export of the list that another person approved.")
        raise Refused(str(message) % {"part": part.label}, code="large_export")
    return given


def export() -> dict[str, Any]:
    """The whole configuration as plain data."""
    offered = {part.code: _sorted(_leaving(part)) for part in parts()}
    return {"format": FORMAT, "version": VERSION, "parts": offered}


def as_text(data: Mapping[str, Any]) -> str:
    """The file: JSON whose order is always the same, so that two files can be compared line by line."""
    return json.dumps(data, ensure_ascii=False, indent=1, sort_keys=True) + "\n"


def parse(text: str) -> dict[str, Any]:
    """The parts of a file; raises `Refused` for anything else than such a file."""
    try:
        data = json.loads(text) if len(text) <= LARGEST else None
    except (ValueError, RecursionError):
        data = None
    if not isinstance(data, dict) or data.get("format") != FORMAT or not isinstance(data.get("parts"), dict):
        raise Refused(_("This is no configuration file of Zhian."), code="not_a_configuration")
    if data.get("version") != VERSION or not all(isinstance(part, dict) for part in data["parts"].values()):
        raise Refused(_("This configuration file is of another version."), code="other_version")
    return data["parts"]


def differences(given: Mapping[str, Any]) -> list[PartDifference]:
    """What an import would change, part by part; parts that nobody here offers are named and left alone."""
    known = {part.code: part for part in parts()}
    found = [
        PartDifference(code, part.label, tuple(part.diff(given[code]) if part.diff else compare(part, given[code])))
        for code, part in known.items()
        if code in given
    ]
    return found + [PartDifference(code, code, (), unknown=True) for code in sorted(given.keys() - known.keys())]


def compare(part: Configuration, given: Mapping[str, Any]) -> Iterator[Difference]:
    """Thing by thing, by name."""
    here = _sorted(part.export())
    there = _sorted(given)
    for name in sorted({*here, *there}):
        if here.get(name) != there.get(name):
            yield Difference(name, here.get(name), there.get(name))


def apply(given: Mapping[str, Any], *, source: str = "") -> list[PartDifference]:
    """Make the configuration as given, all of it or nothing; what is only here stays. Audited. Returns what changed.

    Raises `Invalid` or `Refused` that names the part; the caller rolls back.
    """
    found = differences(given)
    known = {part.code: part for part in parts()}
    for difference in found:
        if difference.changes:
            _apply_part(known[difference.code], {d.name: d.there for d in difference.changes})
    told = {d.code: [None, len(d.changes)] for d in found if d.changes}
    note_action(db.session(), "configuration_imported", changes=told, reason=source or None)
    settle(db.session())
    return found


def _apply_part(part: Configuration, given: Mapping[str, Any]) -> None:
    try:
        part.apply(given)
        settle(db.session())
    except Invalid as refusal:
        told = "; ".join(f"{e.field}: {e.message}" for e in refusal.errors) or str(refusal)
        raise Refused(_("%(part)s: %(why)s. Nothing was changed.", part=part.label, why=told)) from refusal
    except ZhianError as refusal:
        raise Refused(_("%(part)s: %(why)s. Nothing was changed.", part=part.label, why=str(refusal))) from refusal
    except (AttributeError, KeyError, TypeError, ValueError) as fault:
        why = _("the data have not the shape that is expected")
        raise Refused(_("%(part)s: %(why)s. Nothing was changed.", part=part.label, why=why)) from fault


def _sorted(data: Mapping[str, Any]) -> dict[str, Any]:
    """Plain JSON data with names in order: what is written is what is compared."""
    return json.loads(json.dumps(data, ensure_ascii=False, sort_keys=True))
