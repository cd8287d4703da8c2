"""An agency's changes laid over a rule pack: other periods, calendars, margins, further rules. Pure functions on data.

A change is an object: `code`, `number`, `since` (ISO day), `reason`, and `changes`, which for a shipped rule may hold
`period` {n, unit}, `roll`, `severity`, `safe_margin`, `internal` and `client` (days), `off`; for a rule of the agency's
own also `new` with its words, trigger, base and kinds of right. Empty changes mean the rule as it is shipped.
"""

import re
from collections.abc import Iterable, Mapping
from typing import Any

from .calendars import joined_calendars

CODE = re.compile(r"OWN(\.[A-Z0-9_]{2,30}){1,3}")
UNITS = ("day", "month", "year", "working_day")
ROLLS = ("patent", "tm", "court", "wipo", "none")
SEVERITIES = ("fatal", "curable", "adverse", "info")
MARGINS = ("safe_margin", "internal", "client")
LONGEST = {"day": 3650, "working_day": 1000, "month": 240, "year": 50}
LARGEST_MARGIN = 365
Change = Mapping[str, Any]
Problem = tuple[str, str]


def laid_over(data: Mapping[str, Any], changes: Iterable[Change]) -> dict[str, Any]:
    """The data of a pack with each change laid over its rule; the version of the pack names them."""
    rules = {row["code"]: row for row in data["rules"]}
    mechanisms = dict(data["mechanisms"])
    how, applies = dict(mechanisms["rules"]), dict(mechanisms["applies"])
    told = []
    for change in changes:
        code, changed = change["code"], change["changes"]
        if not changed:
            continue
        told.append(f"{code}#{change['number']}")
        if changed.get("off"):
            rules.pop(code, None)
            continue
        base = rules.get(code)
        rules[code] = _new_row(change) if base is None else _changed_row(base, changed)
        how[code] = dict(how.get(code, {})) | {"own": _own(change)}
        if changed.get("settled_by"):
            applies[code] = dict(applies.get(code, {})) | {"settled_by": list(changed["settled_by"])}
    if not told:
        return dict(data)
    mechanisms |= {"rules": how, "applies": applies}
    version = f"{data['version']}+{','.join(told)}"[:60]
    return {**data, "version": version, "rules": list(rules.values()), "mechanisms": mechanisms}


def _own(change: Change) -> dict[str, Any]:
    """What the engine and the trace need to know of a change."""
    margins = {name: change["changes"][name] for name in MARGINS if change["changes"].get(name) is not None}
    return margins | {"number": change["number"], "since": change["since"], "reason": change["reason"]}


def _changed_row(base: Mapping[str, Any], changed: Mapping[str, Any]) -> dict[str, Any]:
    row = dict(base)
    if changed.get("period"):
        row["period"] = {"n": changed["period"]["n"], "unit": changed["period"]["unit"]}
    return row | {name: changed[name] for name in ("roll", "severity") if changed.get(name)}


def _new_row(change: Change) -> dict[str, Any]:
    """A rule of the agency's own in the shape of the shipped ones."""
    changed = change["changes"]
    new = changed["new"]
    return {
        "code": change["code"],
        "right_kinds": list(new["right_kinds"]),
        "type": "deadline",
        "trigger": {"code": new["trigger"], "zh": new.get("trigger_zh") or new["zh"]},
        "deadline": {"code": change["code"].rsplit(".", 1)[-1], "zh": new["zh"], "en": new["en"]},
        "period": {"n": changed["period"]["n"], "unit": changed["period"]["unit"]},
        "direction": "after",
        "base": new["base"],
        "roll": changed.get("roll") or "tm",
        "extendable": {"allowed": False},
        "late": "none",
        "restoration": "none",
        "severity": changed.get("severity") or "info",
        "if_missed": "",
        "cleared_by": list(new.get("cleared_by") or ()),
        "fees": [],
        "legal_basis": list(new.get("legal_basis") or ()),
        "effective_from": "0001-01-01",
        "effective_to": None,
        "certainty": "high",
        "note": change["reason"],
    }


def period_is_plain(row: Mapping[str, Any], how: Mapping[str, Any]) -> bool:
    """Whether a rule has one period that can be another one; others are combined or computed."""
    return isinstance(row["period"]["n"], int) and not row.get("combine") and not {"limbs", "by_kind"} & how.keys()


def problems(data: Mapping[str, Any], change: Change, events: Iterable[str]) -> list[Problem]:
    """(field, code of what is wrong) of a change; empty when it can be tried."""
    changed, code = change["changes"], change["code"]
    rows = {row["code"]: row for row in data["rules"]}
    found = [*_wrong_figures(changed)]
    row = rows.get(code)
    if row is None:
        found += _wrong_new(data, change, set(events))
    elif changed.get("period") and not period_is_plain(row, data["mechanisms"]["rules"].get(code, {})):
        found.append(("period", "combined"))
    return found


def _wrong_figures(changed: Mapping[str, Any]) -> Iterable[Problem]:
    period = changed.get("period")
    if period is not None:
        n, unit = period.get("n"), period.get("unit")
        if unit not in UNITS or not isinstance(n, int) or not 0 < n <= LONGEST[unit]:
            yield "period", "period"
    if changed.get("roll") and changed["roll"] not in (*ROLLS, *joined_calendars()):
        yield "roll", "choice"
    if changed.get("severity") and changed["severity"] not in SEVERITIES:
        yield "severity", "choice"
    for name in MARGINS:
        days = changed.get(name)
        if days is not None and (not isinstance(days, int) or not 0 <= days <= LARGEST_MARGIN):
            yield name, "margin"


def _wrong_new(data: Mapping[str, Any], change: Change, events: set[str]) -> Iterable[Problem]:
    changed = change["changes"]
    new = changed.get("new")
    if not changed or changed.get("off"):
        yield "code", "unknown"
        return
    if not CODE.fullmatch(change["code"]):
        yield "code", "code"
    if not isinstance(new, Mapping) or not new.get("zh") or not new.get("en"):
        yield "zh", "words"
        return
    if not changed.get("period"):
        yield "period", "period"
    if new.get("base") not in data["mechanisms"]["bases"]:
        yield "base", "choice"
    if new.get("trigger") not in events | set(data["mechanisms"]["case_triggers"]):
        yield "trigger", "choice"
    if not new.get("right_kinds"):
        yield "right_kinds", "choice"
