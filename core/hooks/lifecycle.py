"""Enabling, disabling and purging a plugin: who stands in the way, what would go, and doing it whole or not at all.

Which plugins are on is written by the command line; how schemas are made is in `migrations.py`.
"""

from __future__ import annotations

import contextlib
import json
import zipfile
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Any

from sqlalchemy import Connection, Engine, Table, delete, func, inspect, or_, select, text

from core.clock import now
from core.errors import Refused
from core.hooks import migrations
from core.hooks.indexes import SUFFIXES
from core.hooks.manifest import Manifest
from core.records.base import Base
from core.records.custom.indexes import drop_indexes
from core.registry import Registry
from core.settings import Settings

KEPT = {"core_audit"}
"""The audit log outlives what it tells of."""


def required_by(name: str, manifests: dict[str, Manifest]) -> list[str]:
    """The plugins among these that need `name`, directly or through others."""
    found: set[str] = set()
    while True:
        more = {n for n, m in manifests.items() if n not in found and {name, *found} & set(m.requires)}
        if not more:
            return sorted(found)
        found |= more


def needs(name: str, manifests: dict[str, Manifest]) -> list[str]:
    """What `name` requires, directly or through others, in an order in which they can be switched on."""
    ordered: dict[str, None] = {}

    def take(one: str, above: tuple[str, ...]) -> None:
        for needed in manifests[one].requires if one in manifests else ():
            if needed not in above:
                take(needed, (*above, needed))
                ordered.setdefault(needed, None)

    take(name, (name,))
    return list(ordered)


@dataclass
class Purge:
    """What a purge takes away: tables with their rows, columns on others' tables, rows in the core's tables."""

    plugin: str
    tables: dict[str, int] = field(default_factory=dict)
    columns: list[tuple[str, str]] = field(default_factory=list)
    beside: dict[str, int] = field(default_factory=dict)

    @property
    def rows(self) -> int:
        """Rows of all kinds."""
        return sum(self.tables.values()) + sum(self.beside.values())

    def lines(self) -> Iterator[str]:
        """For people: one thing on a line."""
        for name, rows in self.tables.items():
            yield f"table {name}: {rows} rows"
        for table, column in self.columns:
            yield f"column {table}.{column}"
        for name, rows in self.beside.items():
            yield f"{rows} rows of {name}"


def plan_purge(registry: Registry, engine: Engine, plugin: str) -> Purge:
    """Look, and change nothing. `registry` has the plugin enabled."""
    plan = Purge(plugin)
    with engine.connect() as connection:
        present = set(inspect(connection).get_table_names())
        for table in _own_tables(registry, plugin):
            if table.name in present:
                plan.tables[table.name] = connection.scalar(select(func.count()).select_from(table)) or 0
        plan.columns = [
            (table.name, column)
            for table, column in _own_columns(registry, plugin)
            if table.name in present and column in {c["name"] for c in inspect(connection).get_columns(table.name)}
        ]
        for table, where in _beside(registry, plugin, present):
            if rows := connection.scalar(select(func.count()).select_from(table).where(where)):
                plan.beside[table.name] = rows
    return plan


def _own_tables(registry: Registry, plugin: str) -> list[Table]:
    return [t for t in Base.metadata.sorted_tables if migrations.owner_of(t, registry) == plugin]


def _own_columns(registry: Registry, plugin: str) -> list[tuple[Table, str]]:
    """Columns that the plugin added to tables of others."""
    return [
        (table, column.name)
        for table in Base.metadata.sorted_tables
        if migrations.owner_of(table, registry) != plugin
        for column in table.columns
        if (spec := column.info.get("field")) is not None and spec.plugin == plugin
    ]


def _beside(registry: Registry, plugin: str, present: set[str]) -> Iterator[tuple[Table, Any]]:
    """Rows of the core's tables that are there for this plugin alone."""
    tables = Base.metadata.tables
    mine = f"{plugin}."

    def named(hook: str, what: str) -> list[str]:
        return [getattr(item, what) for owner, item in registry.hooks.collect(hook) if owner == plugin]

    others = {role.code for owner, role in registry.hooks.collect("register_roles") if owner != plugin}
    roles = [code for code in named("register_roles", "code") if code not in others]
    module = next(m.module for m in registry.manifests if m.name == plugin)
    channels = [f"channel.{code}" for code in named("register_channels", "code")]
    marks = [f"seed {key}" for key in named("register_seed", "key")]
    conditions = {
        "core_delivery": lambda c: c.subscriber.in_([*named("register_subscribers", "name"), *channels]),
        "core_plugin_setting": lambda c: c.plugin == plugin,
        "core_fault": lambda c: c.plugin == plugin,
        "core_outbox": lambda c: c.event.startswith(mine, autoescape=True),
        "core_job_run": lambda c: c.name.in_(named("register_jobs", "name")),
        "core_schedule": lambda c: c.name.in_(named("register_schedules", "name")),
        "core_sequence": lambda c: c.key.startswith(mine, autoescape=True),
        "core_setup_mark": lambda c: or_(c.name.in_(marks), c.name.contains(f" {module}.", autoescape=True)),
        "core_user_role": lambda c: c.role.in_(roles),
    }
    for name, condition in conditions.items():
        if name in present:
            yield tables[name], condition(tables[name].c)
    for name in sorted(present & set(tables)):
        if name.startswith("core_") and name not in KEPT and "record_key" in tables[name].c:
            yield tables[name], tables[name].c.record_key.startswith(mine, autoescape=True)


def export(registry: Registry, engine: Engine, settings: Settings, plan: Purge) -> Path:
    """Everything that the purge takes, as one zip of JSON lines and files, readable by its owner alone."""
    from core.records.notes import path_of

    folder = settings.data / "exports"
    folder.mkdir(parents=True, exist_ok=True)
    place = folder / f"purge-{plan.plugin}-{now():%Y%m%d-%H%M%S}.zip"
    fresh = place.with_suffix(".new")
    with engine.connect() as connection, zipfile.ZipFile(fresh, "w", zipfile.ZIP_DEFLATED) as archive:
        about = {"plugin": plan.plugin, "at": now(), "tables": plan.tables, "beside": plan.beside}
        archive.writestr("purge.json", _json(about))
        for table, where in _taken(registry, connection, plan):
            with archive.open(f"{table.name}.jsonl", "w") as stream:
                for row in connection.execute(select(table) if where is None else select(table).where(where)):
                    stream.write(f"{_json(dict(row._mapping))}\n".encode())
        for sha256 in sorted(_files(registry, connection, plan)):
            if (content := path_of(sha256)).is_file():
                archive.write(content, f"files/{sha256}")
    fresh.chmod(0o600)
    fresh.replace(place)
    return place


def _taken(registry: Registry, connection: Connection, plan: Purge) -> Iterator[tuple[Table, Any]]:
    for name in plan.tables:
        yield Base.metadata.tables[name], None
    for table in sorted({table for table, _column in plan.columns}):
        whole = Base.metadata.tables[table]
        columns = [column for column in whole.columns if (table, column.name) in plan.columns]
        yield whole, or_(*(column.is_not(None) for column in columns))
    for table, where in _beside(registry, plan.plugin, set(plan.beside)):
        if table.name in plan.beside:
            yield table, where


def _files(registry: Registry, connection: Connection, plan: Purge) -> set[str]:
    """Contents that only rows of this plugin name."""
    table = Base.metadata.tables["core_attachment"]
    mine = table.c.record_key.startswith(f"{plan.plugin}.", autoescape=True)
    return set(connection.scalars(select(table.c.sha256).where(mine)))


def _json(value: Any) -> str:
    def plain(item: Any) -> str:
        return item.isoformat() if isinstance(item, datetime) else str(item)

    return json.dumps(value, ensure_ascii=False, default=plain)


def purge(registry: Registry, engine: Engine, settings: Settings, plan: Purge) -> None:
    """Take away what the plan names, in one transaction; raises `Refused`, and all is as it was, if anything stays."""
    with migrations.upgrade_lock(engine, settings), _without_foreign_keys(engine) as connection:
        present = set(inspect(connection).get_table_names())
        for table in {table for table, _column in plan.columns}:
            _drop_made_indexes(connection, table)
        chosen = [(table, where) for table, where in _beside(registry, plan.plugin, present)]
        for table, where in chosen:
            connection.execute(delete(table).where(where))
        for name in plan.tables:
            drop_indexes(connection, name)
        migrations.downgrade(registry, connection, plan.plugin)
        for name in reversed(plan.tables):
            connection.execute(text(f'DROP TABLE IF EXISTS "{name}"'))
        connection.execute(text(f'DROP TABLE IF EXISTS "alembic_version_{plan.plugin}"'))
        if left := leftovers(registry, connection, plan.plugin):
            raise Refused(
                f"{', '.join(left)} would stay behind; complete downgrade() in the migrations of {plan.plugin}"
            )


def _drop_made_indexes(connection: Connection, table: str) -> None:
    """Indexes that no migration knows may hold a column that goes; the next upgrade makes those that are needed."""
    for index in inspect(connection).get_indexes(table):
        if str(index["name"]).endswith(SUFFIXES):
            connection.execute(text(f'DROP INDEX "{index["name"]}"'))


def leftovers(registry: Registry, connection: Connection, plugin: str) -> list[str]:
    """Tables and columns of the plugin that the database still has."""
    looking = inspect(connection)
    present = set(looking.get_table_names())
    found = [t.name for t in _own_tables(registry, plugin) if t.name in present]
    for table, column in _own_columns(registry, plugin):
        if table.name in present and column in {c["name"] for c in looking.get_columns(table.name)}:
            found.append(f"{table.name}.{column}")
    return found


@contextlib.contextmanager
def _without_foreign_keys(engine: Engine) -> Iterator[Connection]:
    """One transaction. SQLite would empty each table link by link before it drops it; what is left is checked whole."""
    if engine.dialect.name != "sqlite":
        with engine.begin() as connection:
            yield connection
        return
    with engine.connect() as connection:
        driver = connection.connection.driver_connection
        assert driver is not None
        driver.execute("PRAGMA foreign_keys=OFF")
        try:
            yield connection
            if broken := connection.exec_driver_sql("PRAGMA foreign_key_check").all():
                raise Refused(f"rows of {broken[0][0]} still point to {broken[0][2]}; purge what holds them first")
            connection.commit()
        finally:
            connection.rollback()
            driver.execute("PRAGMA foreign_keys=ON")
