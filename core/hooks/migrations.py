"""One Alembic history per plugin: upgrade in load order under a lock, status, new revisions from declarations."""

from __future__ import annotations

import contextlib
import fcntl
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from alembic.autogenerate import api as autogenerate
from alembic.config import Config
from alembic.migration import MigrationContext
from alembic.operations import ops
from alembic.runtime.environment import EnvironmentContext
from alembic.script import ScriptDirectory
from sqlalchemy import Connection, Engine, inspect, text

from core.errors import ZhianError
from core.hooks.indexes import SUFFIXES, ensure_indexes
from core.records.base import MODELS, Base
from core.records.secrets import EncryptedText
from core.records.types import ExactDecimal, Instant
from core.registry import Registry
from core.settings import Settings

CORE_MIGRATIONS = Path(__file__).resolve().parent.parent / "migrations"
LOCK = 7_241_906_533


class UpgradeFailed(ZhianError):
    """A migration raised; the text names its plugin."""

    code = "upgrade_failed"


@dataclass(frozen=True)
class State:
    """Where one plugin's schema stands."""

    plugin: str
    current: str | None
    head: str | None

    @property
    def ok(self) -> bool:
        """Whether schema and code agree."""
        return self.current == self.head


def histories(registry: Registry) -> dict[str, Path]:
    """Migration folders by plugin in load order, the core's first."""
    found = {"core": CORE_MIGRATIONS}
    for manifest in registry.manifests:
        if (manifest.folder / "migrations" / "versions").is_dir():
            found[manifest.name] = manifest.folder / "migrations"
    return found


def _script(folder: Path) -> ScriptDirectory:
    config = Config()
    config.set_main_option("script_location", str(folder))
    config.set_main_option("version_locations", str(folder / "versions"))
    config.set_main_option("path_separator", "newline")
    return ScriptDirectory.from_config(config)


def _options(plugin: str) -> dict[str, Any]:
    return {"version_table": f"alembic_version_{plugin}", "compare_type": False}


@contextlib.contextmanager
def upgrade_lock(engine: Engine, settings: Settings) -> Iterator[None]:
    """Only one process changes the schema at a time."""
    if engine.dialect.name == "postgresql":
        with engine.connect() as connection:
            connection.execute(text("SELECT pg_advisory_lock(:key)"), {"key": LOCK})
            connection.commit()
            try:
                yield
            finally:
                connection.execute(text("SELECT pg_advisory_unlock(:key)"), {"key": LOCK})
                connection.commit()
        return
    settings.data.mkdir(parents=True, exist_ok=True)
    with (settings.data / "upgrade.lock").open("w") as handle:
        fcntl.flock(handle, fcntl.LOCK_EX)
        yield


def upgrade(registry: Registry, engine: Engine, settings: Settings) -> list[State]:
    """Bring every enabled plugin's schema to its head, all in one transaction; returns the states that changed.

    Raises `UpgradeFailed`, which names the plugin; then the schema is as it was.
    """
    changed = []
    with upgrade_lock(engine, settings):
        with engine.begin() as connection:
            for plugin, folder in histories(registry).items():
                before = _current(connection, plugin)
                _run(_script(folder), connection, plugin)
                if (after := _current(connection, plugin)) != before:
                    changed.append(State(plugin, before, after))
        with engine.begin() as connection:
            ensure_indexes(connection, registry)
    return changed


def downgrade(registry: Registry, connection: Connection, plugin: str) -> None:
    """Take a plugin's schema back to nothing, in the transaction of `connection`; other plugins' stay."""
    folder = histories(registry).get(plugin)
    if folder is not None and _current(connection, plugin) is not None:
        _drop_derived(registry, connection, plugin)
        _run(_script(folder), connection, plugin, down=True)


def _drop_derived(registry: Registry, connection: Connection, plugin: str) -> None:
    """Indexes that no migration knows hold on to the columns they read; the next upgrade makes those still wanted.

    Those of custom fields stay or go with the column of custom fields.
    """
    present = inspect(connection).get_table_names()
    for table in (Base.metadata.tables[name] for name in present if name in Base.metadata.tables):
        if plugin not in {owner_of(table, registry), *(_column_owner(c, registry) for c in table.columns)}:
            continue
        for row in inspect(connection).get_indexes(table.name):
            if str(row["name"]).endswith(tuple({*SUFFIXES} - {"_custom"})):
                connection.execute(text(f'DROP INDEX "{row["name"]}"'))


def _run(script: ScriptDirectory, connection: Connection, plugin: str, *, down: bool = False) -> None:
    try:
        _take_steps(script, connection, plugin, down)
    except Exception as error:  # whatever a migration raises, its plugin is named
        raise UpgradeFailed(
            f"[{plugin}] the migration failed, so the schema is as it was: {type(error).__name__}: {error}"
        ) from error


def _take_steps(script: ScriptDirectory, connection: Connection, plugin: str, down: bool) -> None:
    def steps(revision: Any, context: Any) -> Any:
        return script._downgrade_revs("base", revision) if down else script._upgrade_revs("head", revision)

    with EnvironmentContext(Config(), script, fn=steps) as environment:
        environment.configure(
            connection=connection, target_metadata=Base.metadata, transaction_per_migration=False, **_options(plugin)
        )
        environment.run_migrations()


def _current(connection: Connection, plugin: str) -> str | None:
    return MigrationContext.configure(connection, opts=_options(plugin)).get_current_revision()


def status(registry: Registry, engine: Engine) -> list[State]:
    """Each plugin's schema against its code."""
    with engine.connect() as connection:
        return [
            State(p, _current(connection, p), _script(f).get_current_head()) for p, f in histories(registry).items()
        ]


def versions(engine: Engine) -> dict[str, str]:
    """The schema of each plugin that has one in this database, also of those that are off."""
    found = {}
    with engine.connect() as connection:
        for name in inspect(connection).get_table_names():
            if name.startswith("alembic_version_"):
                plugin = name.removeprefix("alembic_version_")
                if current := _current(connection, plugin):
                    found[plugin] = current
    return found


def owner_of(table: Any, registry: Registry) -> str:
    """The plugin that owns a table."""
    kind = next((t for t in registry.types.values() if t.model.__tablename__ == table.name), None)
    if kind is not None:
        return kind.plugin
    declared = next((key for key, model in MODELS.items() if model.__tablename__ == table.name), None)
    if declared is not None:
        return declared.split(".")[0]
    names = sorted((m.name for m in registry.manifests), key=len, reverse=True)
    return next((n for n in names if table.name.startswith(f"{n}_")), "core")


def revision(registry: Registry, engine: Engine, plugin: str, message: str) -> Path | None:
    """Write the next revision of a plugin from its declarations against this database; None when nothing changed."""
    with engine.connect() as connection:
        migration, context = _compared(registry, connection, plugin)
        if migration.upgrade_ops is None or migration.upgrade_ops.is_empty():
            return None
        return _write(registry, plugin, message, migration, context)


def differences(registry: Registry, engine: Engine, plugin: str) -> list[str]:
    """What the plugin's declarations say and this database lacks, or has beyond them; for people."""
    with engine.connect() as connection:
        migration, _context = _compared(registry, connection, plugin)
        found = migration.upgrade_ops.as_diffs() if migration.upgrade_ops is not None else []
    flat = [step for group in found for step in (group if isinstance(group, list) else [group])]
    return [" ".join(str(getattr(part, "name", part)) for part in step if part is not None)[:200] for step in flat]


def _compared(registry: Registry, connection: Connection, plugin: str) -> tuple[ops.MigrationScript, MigrationContext]:
    """The steps from this database to the declarations of one plugin."""

    def mine(item: Any, name: str | None, kind: str, reflected: bool, other: Any) -> bool:
        if kind == "table":
            return not reflected and (
                owner_of(item, registry) == plugin or any(_column_owner(c, registry) == plugin for c in item.columns)
            )
        if kind == "column" and not reflected:
            return _column_owner(item, registry) == plugin
        if kind == "foreign_key_constraint" and other is None and _is_inline(connection, item):
            return False
        table = getattr(item, "table", None)
        return table is None or (
            _part_owner(item, table, registry) == plugin and not (reflected and str(name).endswith(SUFFIXES))
        )

    options = _options(plugin) | {"include_object": mine, "render_item": _render, "target_metadata": Base.metadata}
    context = MigrationContext.configure(connection, opts=options)
    return autogenerate.produce_migrations(context, Base.metadata), context


def _is_inline(connection: Connection, constraint: Any) -> bool:
    """SQLite takes a link that joins a table later only beside its column, where reflection loses its name."""
    if connection.dialect.name != "sqlite":
        return False
    found = inspect(connection).get_foreign_keys(constraint.table.name)
    columns = [column.name for column in constraint.columns]
    return any(key["name"] is None and key["constrained_columns"] == columns for key in found)


def _part_owner(item: Any, table: Any, registry: Registry) -> str:
    """Who makes an index or a constraint: the plugin of its columns when they are additions, else the table's."""
    known = {c.name: c for c in Base.metadata.tables[table.name].columns} if table.name in Base.metadata.tables else {}
    owners = {_column_owner(known[c.name], registry) for c in getattr(item, "columns", ()) if c.name in known}
    return owners.pop() if len(owners) == 1 else owner_of(table, registry)


def _column_owner(column: Any, registry: Registry) -> str:
    spec = column.info.get("field")
    return spec.plugin if spec is not None and spec.plugin else owner_of(column.table, registry)


def _render(kind: str, item: Any, context: Any) -> Any:
    if kind == "type" and isinstance(item, ExactDecimal):
        context.imports.add("from core.records.types import ExactDecimal, Instant")
        return f"ExactDecimal({item.precision}, {item.scale})"
    if kind == "type" and isinstance(item, Instant):
        context.imports.add("from core.records.types import ExactDecimal, Instant")
        return "Instant()"
    return "sa.Text()" if kind == "type" and isinstance(item, EncryptedText) else False


def _write(
    registry: Registry, plugin: str, message: str, migration: ops.MigrationScript, context: MigrationContext
) -> Path:
    folder = (
        CORE_MIGRATIONS
        if plugin == "core"
        else next(m.folder for m in registry.manifests if m.name == plugin) / "migrations"
    )
    (folder / "versions").mkdir(parents=True, exist_ok=True)
    head = _script(folder).get_current_head()
    number = int(head.rsplit("_", 1)[1]) + 1 if head else 1
    imports: set[str] = {
        "import sqlalchemy as sa",
        "from alembic import op",
        "from sqlalchemy import Text",
        "from sqlalchemy.dialects import postgresql",
    }
    parts = {}
    for name, operations in (("upgrade", migration.upgrade_ops), ("downgrade", migration.downgrade_ops)):
        parts[name] = autogenerate.render_python_code(
            operations, migration_context=context, imports=(), render_item=_render
        )
    body = parts["upgrade"] + parts["downgrade"]
    if "ExactDecimal(" in body or "Instant(" in body:
        imports.add("from core.records.types import ExactDecimal, Instant")
    target = folder / "versions" / f"{number:04d}_{message.replace(' ', '_')}.py"
    target.write_text(
        f'"""{message.capitalize()}."""\n\n'
        + "\n".join(sorted(imports))
        + f'\n\nrevision = "{plugin}_{number:04d}"\ndown_revision = {head!r}\n\n\n'
        f"def upgrade() -> None:\n    {parts['upgrade'].strip()}\n\n\n"
        f"def downgrade() -> None:\n    {parts['downgrade'].strip()}\n"
    )
    return target
