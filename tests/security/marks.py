"""One row of every record type on either side, in whose every text stands where it comes from: `zqh012x05z`.

The rows are written past all services, so that odd states exist as well. What a mark says is read back by `found`.
The core's own tables that steer rights (roles, shares, deputies) get none: they would change who sees what.
"""

from __future__ import annotations

import io
import re
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any

from flask import Flask
from sqlalchemy import Connection, insert

from core import db, now, registry, today
from core.db import write_intent
from core.records.fields import Field
from core.records.notes import keep
from core.registry import RecordType

SIDES = {"here": "h", "there": "t"}
TEXT = re.compile(r"zq([ht])(\d{3})x(\d{2})z", re.I)
NUMBER = re.compile(r"(?<![\w.])8([12])(\d{3})(\d{2})(?:\.0+)?(?![\w])")
PDF = b"%PDF-1.4\n1 0 obj<</Type/Catalog>>endobj\ntrailer<</Root 1 0 R>>\n%%EOF\n"
CLIENT = "clients.client"
NODES = [{"id": "submit", "kind": "start", "name": "提交"}]
WRITERS = {"agent": "tm_agent", "process_clerk": "process_clerk"}
"""Links to people that decide whose a record is; all others lead to the client manager."""


@dataclass(frozen=True)
class Mark:
    """Where a text or an amount comes from."""

    side: str
    key: str
    field: str


class Marks:
    """Ids of the marked rows by side and record type, and what each mark means."""

    def __init__(self, app: Flask, offices: Any) -> None:
        self.offices = offices
        self.ids: dict[str, dict[str, int]] = {side: {} for side in SIDES}
        with app.app_context():
            self.kinds = list(registry().types.values())
            ruled = registry().access.field_rules
            self.ruled = {(key, rule.field) for key, rules in ruled.items() for rule in rules}
            self.content = keep(io.BytesIO(PDF + b"marked"), 1 << 20)
            token = write_intent.set(True)
            with db.engine.begin() as connection:
                for side in SIDES:
                    self._fill(connection, side)
            write_intent.reset(token)

    def _fill(self, connection: Connection, side: str) -> None:
        office = getattr(self.offices, side)
        known = {"core.branch": office.branch, "core.department": office.department, "core.user": None}
        for kind in (k for k in in_order(self.kinds) if k.public or not k.key.startswith("core.")):
            values = self._values(kind, side, self.ids[side] | known)
            stamp = {"version": 1, "created_at": now(), "updated_at": now()}
            writer = self.offices.people[f"client_manager {side}"]
            row = insert(kind.model.__table__).values(**values, **stamp, created_by_id=writer)
            self.ids[side][kind.key] = connection.execute(row).inserted_primary_key[0]

    def _values(self, kind: RecordType, side: str, known: dict[str, Any]) -> dict[str, Any]:
        office, made = getattr(self.offices, side), {}
        special = {"record_key": "cases.case", "record_id": office.mark, "sha256": self.content[0], "language": "zh"}
        special |= {"size": self.content[1], "mime": "application/pdf", "locale": "zh", "realm": "staff"}
        special |= {"colour": "#1f5c4d", "nodes": NODES, "node": "submit", "client_ref": self.ids[side].get(CLIENT)}
        special |= {"record_key": "no.such"} if kind.key == "core.custom_field" else {}
        for number, spec in enumerate(kind.fields.values()):
            if spec.name in special and spec.kind != "link":
                made[spec.attr] = special[spec.name]
            elif spec.kind == "link" and spec.target == "core.user" and spec.name != "user":
                made[spec.attr] = self.offices.people[f"{WRITERS.get(spec.name, 'client_manager')} {side}"]
            elif spec.kind in ("link", "file"):
                target = known.get(spec.target or "") or self.ids[side].get(spec.target or "")
                made |= {spec.attr: target} if target else {}
            else:
                made |= self._plain(kind, spec, side, number)
        return made

    def _plain(self, kind: RecordType, spec: Field, side: str, number: int) -> dict[str, Any]:
        if spec.kind in ("text", "long_text", "secret"):
            return {spec.attr: self.word(kind, spec, side, number)}
        if spec.kind == "tags":
            return {spec.attr: [self.word(kind, spec, side, number)]}
        if spec.kind in ("integer", "money", "decimal"):
            marked = (kind.key, spec.name) in self.ruled
            place = f"{1 + (side == 'there')}{self.kinds.index(kind):03d}{number:02d}"
            return {spec.attr: int(f"8{place}") if marked else 1 + (side == "there")}
        return self._simple(spec, side)

    def word(self, kind: RecordType, spec: Field, side: str, number: int) -> str:
        """The text of one field; other worlds write other words."""
        mark = f"zq{SIDES[side]}{self.kinds.index(kind):03d}x{number:02d}z"
        fits = not spec.max_length or spec.max_length >= len(mark)
        return mark if fits else f"{SIDES[side]}{number}"[: spec.max_length]

    def _simple(self, spec: Field, side: str) -> dict[str, Any]:
        if spec.kind == "choice" and not spec.default:
            codes = [c.code for c in spec.choices]
            return {spec.attr: codes[0]} if codes else {}
        day = date(today().year, 1, 7 + (side == "there"))
        days: dict[str, Any] = {"date": day, "datetime": now() + timedelta(days=2)}
        if spec.kind in days and (spec.required or spec.name not in ("archived", "revoked_at", "ended_at", "used_at")):
            return {spec.attr: days[spec.kind]}
        return {spec.attr: []} if spec.kind in ("json", "multi_choice") and spec.required and not spec.default else {}

    def found(self, content: bytes) -> set[Mark]:
        """The marks that stand in an answer."""
        text = content.decode("utf-8", "replace")
        hits = {m.groups() for m in TEXT.finditer(text)}
        hits |= {("ht"[int(s) - 1], k, f) for s, k, f in NUMBER.findall(text.replace(",", ""))}
        return {mark for hit in hits if (mark := self._mark(*hit)) is not None}

    def _mark(self, side: str, kind: str, field: str) -> Mark | None:
        if int(kind) >= len(self.kinds):
            return None
        fields = list(self.kinds[int(kind)].fields)
        where = "here" if side.lower() == "h" else "there"
        return Mark(where, self.kinds[int(kind)].key, fields[int(field)]) if int(field) < len(fields) else None

    def of(self, side: str, key: str, field: str) -> str:
        """The mark of a text field."""
        kind = next(k for k in self.kinds if k.key == key)
        return f"zq{SIDES[side]}{self.kinds.index(kind):03d}x{list(kind.fields).index(field):02d}z"


def in_order(kinds: list[RecordType]) -> list[RecordType]:
    """Targets of links before what points at them, required links first of all."""
    done: dict[str, RecordType] = {}

    def add(kind: RecordType, way: tuple[str, ...]) -> None:
        if kind.key in done or kind.key in way:
            return
        links = [f for f in kind.fields.values() if f.kind in ("link", "file") and f.target in keys]
        for spec in sorted(links, key=lambda f: not f.required):
            if spec.target != kind.key and (spec.required or len(way) < 6):
                add(keys[spec.target or ""], (*way, kind.key))
        done[kind.key] = kind

    keys = {kind.key: kind for kind in kinds}
    for kind in kinds:
        add(kind, ())
    return list(done.values())
