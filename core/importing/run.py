"""A run from start to report: opens the file, settles mapping and keys, goes through it batch by batch."""

from __future__ import annotations

import hashlib
from collections import Counter
from collections.abc import Callable, Iterator, Set
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path
from typing import Any

from sqlalchemy import select, update
from sqlalchemy.dialects import postgresql, sqlite

from core.clock import now
from core.db import db
from core.errors import Forbidden, NotFound, Refused
from core.i18n import _
from core.jobs.claims import holder, lost
from core.permissions.guard import OPEN
from core.permissions.principal import current_principal
from core.permissions.rules import access
from core.records.audit import Origin, origin
from core.records.behind import writing_behind
from core.registry import registry

from . import mapping as mappings
from . import store
from .engine import Engine, Tally, batches
from .load import collecting
from .mapping import Mapping
from .models import ImportEntry, ImportMapping, ImportRun
from .plugin import ImportContext, ImportRow, ImportSupport
from .source import Row, Sheet, Source
from .values import BadCell, ImportTarget

BATCH = 1000
NO_KEYS = ("json", "tags", "multi_choice", "link", "file", "secret")
SILENCE = timedelta(minutes=10)
"""After so long without a committed batch a run on another machine counts as abandoned."""
Told = Callable[[int, int], None]


@dataclass
class Plan:
    """An opened file together with how its rows are to be understood."""

    record_type: Any
    supports: list[ImportSupport]
    targets: dict[str, ImportTarget]
    source: Source
    sheet: Sheet
    mapping: Mapping
    keys: tuple[str, ...]
    fixes: dict[str, dict[str, Any]] = field(default_factory=dict)

    def rows(self, columns: list[str]) -> Iterator[Row]:
        """The file's rows with the cells that somebody mended on the way."""
        for row in self.source.rows(self.sheet, columns):
            mended = self.fixes.get(str(row.number))
            yield Row(row.number, row.cells | mended) if mended else row

    def as_dict(self) -> dict[str, Any]:
        """What a stored run needs to be continued."""
        return {
            "sheet": self.sheet.name,
            "mapping": self.mapping.fields,
            "constants": {name: store.plain_cell(value) for name, value in self.mapping.constants.items()},
            "keys": list(self.keys),
            "fixes": self.fixes,
        }


def open_plan(
    record_key: str,
    path: Path,
    *,
    filename: str | None = None,
    sheet: str | None = None,
    mapping: dict[str, Any] | None = None,
    constants: dict[str, Any] | None = None,
    keys: tuple[str, ...] = (),
    fixes: dict[str, dict[str, Any]] | None = None,
) -> Plan:
    """Read the file's outline and settle its mapping: as given, else as remembered for these headers, else guessed.

    Raises `FileRefused`, `mapping.UnknownName`, `NotFound` for an unknown record.
    """
    record_type = registry().types.get(record_key)
    if record_type is None:
        raise NotFound(_("There is no record of this name."))
    supports = [source.support for source in registry().import_sources.get(record_key, [])]
    targets = mappings.targets_of(record_type, supports)
    known = mappings.name_index(list(targets.values()))
    source = Source(
        path,
        filename,
        known=lambda name: name in known or any(s.knows(name) for s in supports),
        formats=registry().import_formats,
    )
    table = source.sheet(sheet)
    chosen = _choose_mapping(record_key, table, targets, supports, mapping)
    chosen.constants |= {name: value for name, value in (constants or {}).items() if name in targets}
    wanted = tuple(_field(record_type, key, targets, known) for key in keys)
    wanted = wanted or default_keys(record_type, supports, targets)
    return Plan(record_type, supports, targets, source, table, chosen, wanted, fixes or {})


def _field(record_type: Any, name: str, targets: dict[str, ImportTarget], known: dict[str, str]) -> str:
    found = name if name in targets else known.get(mappings.fold(name))
    if found is None or targets[found].virtual:
        raise mappings.UnknownName("field", name)
    if record_type.fields[found].kind in NO_KEYS:
        raise Refused(_("“%(name)s” cannot tell rows apart: it is a list or a link.", name=name), code="bad_key")
    return found


def _choose_mapping(
    key: str, sheet: Sheet, targets: dict[str, ImportTarget], supports: list[ImportSupport], mapping: Any
) -> Mapping:
    guessed = mappings.guess(sheet, targets, supports)
    if mapping is None:
        return remembered(key, sheet, targets) or guessed
    chosen = mappings.given(mapping, sheet, targets)
    chosen.constants = {
        n: v for n, v in guessed.constants.items() if n not in chosen.fields.values()
    } | chosen.constants
    return chosen


def default_keys(record_type: Any, supports: list[ImportSupport], targets: dict[str, ImportTarget]) -> tuple[str, ...]:
    """The keys that plugins name, else unique fields, else the record's title."""
    named = tuple(dict.fromkeys(key for support in supports for key in support.keys if key in targets))
    unique = tuple(name for name, target in targets.items() if target.unique and not target.virtual)
    return named or unique or tuple(n for n in (record_type.title,) if n in targets)


def remembered(record_key: str, sheet: Sheet, targets: dict[str, ImportTarget]) -> Mapping | None:
    """The mapping last confirmed for these headers."""
    chosen = select(ImportMapping.mapping, ImportMapping.constants).where(
        ImportMapping.record_key == record_key, ImportMapping.signature == mappings.signature(sheet)
    )
    row = db.session.execute(chosen, execution_options=OPEN).first()
    if row is None:
        return None
    return Mapping({c: f for c, f in row[0].items() if f in targets}, {f: v for f, v in row[1].items() if f in targets})


def remember(plan: Plan) -> None:
    """Keep a confirmed mapping for the next file with these headers."""
    dialect = postgresql if db.engine.dialect.name == "postgresql" else sqlite
    stored = plan.as_dict()
    values = {"mapping": stored["mapping"], "constants": stored["constants"], "updated_at": now()}
    statement = dialect.insert(ImportMapping.__table__).values(
        record_key=plan.record_type.key, signature=mappings.signature(plan.sheet), **values
    )
    statement = statement.on_conflict_do_update(index_elements=["record_key", "signature"], set_=values)
    db.session().connection().execute(statement)


def _may_create(plan: Plan) -> bool:
    """Whether the current person may create records of the plan; raises when nothing could come of it at all."""
    principal, key = db.session().principal, plan.record_type.key
    may_create = access().can(principal, key, "create")
    if not may_create and not access().can(principal, key, "update"):
        raise Forbidden(detail={"record": key, "action": "create"})
    if not plan.mapping.fields:
        raise Refused(_("No column of the file belongs to a field. Give a mapping."), code="no_mapping")
    return may_create


def engine_of(plan: Plan, *, dry_run: bool, run_id: int | None = None) -> Engine:
    """An engine for the plan, as the current person; raises `Forbidden` when nothing could come of it."""
    may_create = _may_create(plan)
    context = ImportContext(plan.record_type.key, dry_run, {}, frozenset(plan.mapping.fields.values()), run_id)
    context.memory["may_create"] = may_create
    try:
        engine = Engine(plan.record_type, plan.mapping, plan.supports, context, plan.keys)
    except BadCell as error:
        raise Refused(
            _("A value for all rows does not fit: %(reason)s", reason=error.message), code="bad_constant"
        ) from error
    context.constants = engine.constants
    return engine


def check(plan: Plan, told: Told | None = None) -> dict[str, Any]:
    """The dry run: nothing is written; the report with all refused rows (their cells under `cells`)."""
    engine = engine_of(plan, dry_run=True)
    refused: list[dict[str, Any]] = []
    for rows in batches(plan.rows(engine.columns), BATCH):
        for line in engine.batch(engine.read(rows)):
            if line.refusal:
                cells = {column: store.plain_cell(line.cells.get(column)) for column in engine.columns}
                refused.append({"row": line.number} | vars(line.refusal) | {"cells": cells})
        if told:
            told(engine.tally.rows, 0)
    return report(engine.tally.as_dict(), refused, engine.context.related, None)


def report(
    counts: dict[str, int], refused: list[dict[str, Any]], related: Any, import_id: int | None
) -> dict[str, Any]:
    """The shape that scripts rely on."""
    return {
        "rows": counts.get("rows", 0),
        **{name: counts.get(name, 0) for name in ("created", "updated", "unchanged", "refused")},
        "refused_rows": refused,
        "related": {key: dict(counter) for key, counter in related.items()},
        "import_id": import_id,
    }


def start(plan: Plan, *, stored: str | None = None) -> ImportRun:
    """Make the run's row, or take up the one that was interrupted with this very file and mapping. Commits."""
    _may_create(plan)
    digest = file_digest(plan.source.path)
    chosen = select(ImportRun).where(
        ImportRun.sha256 == digest,
        ImportRun.record_key == plan.record_type.key,
        ImportRun.user_id == current_principal().user_id,
        ImportRun.state == "running",
    )
    for run in db.session.scalars(chosen, execution_options=OPEN):
        if run.plan == plan.as_dict() and abandoned(run):
            return run
    run = ImportRun(
        record_key=plan.record_type.key,
        user_id=current_principal().user_id or 0,
        filename=plan.source.filename,
        sha256=digest,
        stored=stored,
        plan=plan.as_dict(),
        state="running",
    )
    db.session.add(run)
    db.session.commit()
    return run


def abandoned(run: ImportRun) -> bool:
    """Whether the process that was running it is gone."""
    return lost(run.worker, run.beat + SILENCE if run.beat else None)


def execute(plan: Plan, run: ImportRun, told: Told | None = None) -> dict[str, Any]:
    """Bring the rows in, a transaction per batch; rows up to the run's position are those of an earlier try.

    Returns the report. Any fault leaves the committed batches and the run in the state `running`, to be continued.
    """
    run_id, position = run.id, run.position
    engine = engine_of(plan, dry_run=False, run_id=run_id)
    engine.tally = Tally(run.counts.get("rows", 0), Counter({k: v for k, v in run.counts.items() if k != "rows"}))
    engine.context.related = {key: Counter(counts) for key, counts in run.related.items()}
    _set(run_id, state="running", worker=holder(), error=None)
    db.session.commit()
    db.session.expunge_all()
    with _as_import(run_id), ExitStack() as stack:
        done = {"position": position, "refused": _refused_rows(run_id) if position else frozenset()}
        ahead = _Ahead(engine, batches(plan.rows(engine.columns), BATCH), **done)
        engine.meanwhile = ahead.look
        for number, lines in enumerate(ahead):
            if number == 0 and len(lines) == BATCH:
                stack.enter_context(collecting())
            if lines:
                _one_batch(engine, run_id, lines)
            if told:
                told(engine.tally.rows, 0)
        _set(run_id, state="done", finished_at=now(), worker=None)
        db.session.commit()
    return report_of(run_id)


def _refused_rows(run_id: int) -> frozenset[int]:
    """Rows that an earlier try of this run has refused; they hold no key."""
    chosen = select(ImportEntry.row).where(ImportEntry.run_id == run_id, ImportEntry.outcome == "refused")
    return frozenset(db.session.scalars(chosen, execution_options=OPEN))


class _Ahead:
    """The batches of a file as rows read; the next one may be read before its turn, while the database is busy."""

    def __init__(self, engine: Engine, source: Iterator[list[Row]], position: int, refused: Set[int]) -> None:
        self.engine, self.source, self.position, self.refused = engine, source, position, refused
        self.held: list[ImportRow] | BaseException | None = None

    def look(self) -> None:
        """Read the next batch now; what goes wrong is told when its turn comes."""
        if self.held is None:
            try:
                self.held = self._read()
            except Exception as fault:
                self.held = fault

    def _read(self) -> list[ImportRow]:
        rows = next(self.source)
        self.engine.replay([r for r in rows if r.number <= self.position and r.number not in self.refused])
        return self.engine.read([row for row in rows if row.number > self.position])

    def __iter__(self) -> Iterator[list[ImportRow]]:
        return self

    def __next__(self) -> list[ImportRow]:
        self.look()
        held, self.held = self.held, None
        if isinstance(held, BaseException):
            raise held
        assert held is not None
        return held


def _one_batch(engine: Engine, run_id: int, rows: list[ImportRow]) -> None:
    before = engine.memento()
    try:
        with writing_behind(db.session().connection()):
            store.keep(engine, run_id, engine.batch(rows))
        related = {key: dict(counter) for key, counter in engine.context.related.items()}
        _set(run_id, position=rows[-1].number, counts=engine.tally.as_dict(), related=related, beat=now())
        db.session.commit()
    except BaseException:
        db.session.rollback()
        engine.restore(before)
        raise
    db.session.expunge_all()


@contextmanager
def _as_import(run_id: int) -> Iterator[None]:
    """Audit rows of the block say that they come from this import."""
    session, token = db.session(), origin.set(Origin(via="import", request_id=f"import-{run_id}"))
    before = session.info.get("reason")
    session.info["reason"] = f"import {run_id}"
    try:
        yield
    finally:
        session.info["reason"] = before
        origin.reset(token)


def _set(run_id: int, **values: Any) -> None:
    table = ImportRun.__table__
    db.session().connection().execute(update(table).where(table.c.id == run_id).values(**values))


def find(run_id: int) -> ImportRun:
    """The run, if the current person made it or administers; else `NotFound`."""
    run = db.session.scalars(select(ImportRun).where(ImportRun.id == run_id), execution_options=OPEN).first()
    who = current_principal()
    if run is None or not (who.is_system or who.user_id == run.user_id or who.has_role("administrator")):
        raise NotFound()
    return run


def report_of(run_id: int, *, cells: bool = False) -> dict[str, Any]:
    """The report of a run that was executed; with `cells` also what stood in the refused rows."""
    run = find(run_id)
    chosen = (
        select(ImportEntry.row, ImportEntry.detail)
        .where(ImportEntry.run_id == run_id, ImportEntry.outcome == "refused")
        .order_by(ImportEntry.id)
    )
    refused = [
        {"row": row} | {name: value for name, value in detail.items() if cells or name != "cells"}
        for row, detail in db.session.execute(chosen, execution_options=OPEN)
    ]
    return report(run.counts, refused, run.related, run_id)


def file_digest(path: Path) -> str:
    """SHA-256 of a file, hexadecimal."""
    with path.open("rb") as handle:
        return hashlib.file_digest(handle, "sha256").hexdigest()


__all__ = ["BATCH", "Plan", "check", "execute", "find", "open_plan", "remember", "report_of", "start"]
