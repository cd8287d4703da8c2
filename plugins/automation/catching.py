"""What sets rules off inside a write: the runs that follow are rows of the same transaction, so that none is lost and
none is made twice. A rule's own writes do not set it off again, and chains of rules end after a few links."""

from __future__ import annotations

import secrets
import time
from collections.abc import Sequence
from contextvars import ContextVar
from dataclasses import dataclass
from typing import Any

from sqlalchemy import select

from core import (
    BadRequest,
    Change,
    Principal,
    db,
    elevated,
    enqueue,
    insert_derived,
    load_principal,
    now,
    readable,
    registry,
)
from plugins.automation import conditions
from plugins.automation.records import Rule, Run
from plugins.automation.services import WORK

FRESH_SECONDS = 1.0
MOST_LINKS = 4
"""How many rules may set each other off in a row."""
WHY = "rules are set off"
AT_ONCE = 500


@dataclass(frozen=True)
class Live:
    """A rule that is on, as far as this file asks."""

    id: int
    version_no: int
    trigger: str
    when: dict[str, Any]
    condition: dict[str, Any] | None
    runs_as: int


@dataclass(frozen=True)
class _Known:
    until: float
    by_record: dict[str, list[Live]]


running: ContextVar[tuple[int, ...]] = ContextVar("zhian_automation", default=())
"""Ids of the rules in whose run this happens, the outermost first."""
_known: dict[str, _Known] = {}


def forget() -> None:
    """Rules changed: they are read anew, in other processes within a second."""
    _known.clear()


def live(key: str, *triggers: str) -> list[Live]:
    """The rules that are on for a record type, at most a second old."""
    place = str(db.engine.url)
    found = _known.get(place)
    if found is None or found.until < time.monotonic():
        found = _known[place] = _Known(time.monotonic() + FRESH_SECONDS, _read())
    return [rule for rule in found.by_record.get(key, ()) if rule.trigger in triggers]


def _read() -> dict[str, list[Live]]:
    columns = (Rule.id, Rule.version_no, Rule.trigger, Rule.when, Rule.condition, Rule.runs_as_id, Rule.record_key)
    there = (Rule.active.is_(True), Rule.archived_at.is_(None), Rule.runs_as_id.is_not(None))
    found: dict[str, list[Live]] = {}
    with elevated("which rules are on"):
        for row in db.session.execute(select(*columns).where(*there).order_by(Rule.id)):
            rule = Live(row.id, row.version_no, row.trigger, row.when or {}, row.condition, row.runs_as_id)
            found.setdefault(row.record_key or "", []).append(rule)
    return found


def created(model: type[Any], records: Sequence[Any]) -> None:
    """New records; one that begins in a status has entered it."""
    key = model.__record__["key"]
    for rule in live(key, "created", "entered"):
        if rule.trigger == "created":
            _set_off(rule, key, {r.id: "created" for r in records})
        else:
            attr, values = _field(key, rule), rule.when.get("values") or ()
            _set_off(rule, key, {r.id: _entered(r, getattr(r, attr)) for r in records if getattr(r, attr) in values})


def updated(model: type[Any], changes: Sequence[Change]) -> None:
    """Changed records."""
    key = model.__record__["key"]
    for rule in live(key, "changed", "entered"):
        if rule.trigger == "changed":
            attrs = [_attr(key, name) for name in rule.when.get("fields") or ()]
            hit = [c for c in changes if (c.changed(*attrs) if attrs else set(c.new) - {"archived_at"})]
            _set_off(rule, key, {c.record.id: f"changed {_turn(c.record)}" for c in hit})
        else:
            attr, values = _field(key, rule), rule.when.get("values") or ()
            hit = [c for c in changes if c.changed(attr) and getattr(c.record, attr) in values]
            _set_off(rule, key, {c.record.id: _entered(c.record, getattr(c.record, attr)) for c in hit})


def _field(key: str, rule: Live) -> str:
    return _attr(key, rule.when.get("field") or "")


def _attr(key: str, name: str) -> str:
    spec = registry().types[key].fields.get(name)
    return spec.attr if spec is not None else "id"


def _entered(record: Any, value: str) -> str:
    return f"{value} {_turn(record)}"


def _turn(record: Any) -> str:
    """Which of its changes this is."""
    version = getattr(record, "version", None)
    return f"v{version}" if version is not None else secrets.token_hex(6)


def _set_off(rule: Live, key: str, occasions: dict[int, str]) -> None:
    """Runs for those of the records that the condition lets through; none for what the rule itself wrote."""
    chain = running.get()
    if not occasions or rule.id in chain:
        return
    with elevated(WHY):
        ids = matching(rule, key, sorted(occasions))
        state = "waiting" if len(chain) < MOST_LINKS else "skipped"
        rows = [run_row(rule, key, ident, occasions[ident]) | {"state": state, "chain": list(chain)} for ident in ids]
        if state == "skipped":
            rows = [row | {"error": "chain", "ended_at": now()} for row in rows]
        insert_derived(Run, rows)
        if rows:
            enqueue(WORK, key=WORK)


def matching(rule: Live, key: str, ids: Sequence[int]) -> list[int]:
    """Which of these records the rule's person may read and the condition lets through, as they stand now."""
    person = load_principal(rule.runs_as)
    if person is None:
        return []
    found: list[int] = []
    for start in range(0, len(ids), AT_ONCE):
        found += db.session.scalars(_chosen(rule, key, person).where(_ident(key).in_(ids[start : start + AT_ONCE])))
    return found


def _ident(key: str) -> Any:
    return registry().types[key].model.id


def _chosen(rule: Live, key: str, person: Principal) -> Any:
    model = registry().types[key].model
    try:
        return select(model.id).where(readable(model, person), conditions.expression(key, rule.condition, person))
    except BadRequest:
        return select(model.id).where(model.id.is_(None))


def run_row(rule: Live, key: str | None, ident: int | None, occasion: str) -> dict[str, Any]:
    """A run that waits."""
    return {
        "rule_id": rule.id,
        "version_no": rule.version_no,
        "record_key": key,
        "record_id": ident,
        "occasion": occasion[:160],
        "key": f"{rule.id}/{key}/{ident}/{occasion}"[:200],
        "state": "waiting",
        "attempts": 0,
        "not_before": now(),
    }
