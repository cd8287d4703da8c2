"""Checks of a plugin's migrations and of its life: made as declared, down and up, kept when off, gone when purged."""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

from core.db import db, system
from core.hooks import lifecycle, migrations
from core.settings import ROOT
from core.testing.composed import own_types
from core.testing.deployment import Deployment, with_requirements
from core.testing.samples import Samples

DEPLOYMENT_VARIABLES = ("DATABASE_URL", "REDIS_URL", "ZHIAN_DATA", "ZHIAN_CONFIG", "ZHIAN_SECRET", "ZHIAN_PLUGINS")

DERIVED = "core_search"
"""Begins the tables that are made anew out of the records whenever they are asked for."""


def difference_problems(site: Deployment, plugin: str) -> Iterator[str]:
    """What the declarations say and the migrations did not make."""
    with site.app.app_context():
        found = migrations.differences(site.registry, db.engine, plugin)
    for difference in found:
        yield f"the schema lacks {difference} -> zhian db revision {plugin} -m 'what changed'"


def down_and_up_problems(site: Deployment, plugin: str) -> Iterator[str]:
    """`downgrade()` takes everything away, also with rows in it; `upgrade()` makes it again."""
    with site.app.app_context():
        with system("rows for the way down"):
            samples = Samples(site.registry)
            for kind in own_types(site.registry, plugin):
                samples.one(kind.key)
        db.session.remove()
        plan = lifecycle.plan_purge(site.registry, db.engine, plugin)
        lifecycle.purge(site.registry, db.engine, site.settings, plan)
        with db.engine.connect() as connection:
            left = lifecycle.leftovers(site.registry, connection, plugin)
        if left:
            yield f"after downgrade() there is still {', '.join(left)} -> drop it there"
        migrations.upgrade(site.registry, db.engine, site.settings)
    yield from difference_problems(site, plugin)


def lifecycle_problems(plugin: str) -> Iterator[str]:
    """By the commands: on, off with all rows kept, on again, and purged without a trace."""
    with tempfile.TemporaryDirectory(prefix="zhian-life-") as folder:
        life = Life(Path(folder), plugin)
        life.run("db", "upgrade")
        life.run("plugin", "enable", plugin)
        life.work()
        on = life.tables()
        life.run("plugin", "disable", plugin)
        life.run("db", "upgrade")
        off = life.tables()
        kept = {name: rows for name, rows in on.items() if not name.startswith(DERIVED)}
        if lost := sorted(name for name, rows in kept.items() if off.get(name, -1) < rows):
            yield f"disabling loses rows of {', '.join(lost)} -> keep data until they are purged"
        life.run("plugin", "purge", plugin, "--yes")
        life.run("db", "upgrade")
        yield from life.traces()


class Life:
    """A deployment without the plugin, driven by the command line alone."""

    def __init__(self, folder: Path, plugin: str) -> None:
        self.folder, self.plugin = folder, plugin
        others = [name for name in with_requirements([plugin]) if name != plugin]
        self.config = folder / "config.toml"
        self.config.write_text(f"plugins = {others!r}\n".replace("'", '"'), "utf-8")
        self.before: tuple[set[str], set[str]] | None = None

    def run(self, *words: str) -> str:
        """Output of a command; raises `AssertionError` with what it said when it fails."""
        kept = {k: v for k, v in os.environ.items() if k not in DEPLOYMENT_VARIABLES}
        paths = os.pathsep.join([str(ROOT), *filter(None, [os.environ.get("PYTHONPATH")])])
        places = ["--data", str(self.folder), "--config", str(self.config)]
        done = subprocess.run(
            [sys.executable, "-P", "-m", "core.cli", *places, *words],
            capture_output=True,
            text=True,
            timeout=300,
            check=False,
            env=kept | {"PYTHONPATH": paths},
        )
        if done.returncode:
            raise AssertionError(f"zhian {' '.join(words)} ended with {done.returncode}:\n{done.stdout}{done.stderr}")
        if self.before is None:
            self.before = (set(self.tables()), self.columns())
        return done.stdout

    def work(self) -> None:
        """Leave traces in the core's tables: a run of each job, the state of each schedule."""
        code = (
            "from core.jobs import schedules; from core.jobs.runs import enqueue; from core.registry import registry;"
            "from core.db import system; from core.setup.database import deployment\n"
            "with deployment(), system('traces of a plugin'):\n"
            f"    for name in [n for n in registry().jobs if n.startswith({self.plugin + '.'!r})]:\n"
            "        enqueue(name)\n"
            "with deployment():\n"
            "    schedules.fire_due()\n"
        )
        kept = {k: v for k, v in os.environ.items() if k not in DEPLOYMENT_VARIABLES}
        paths = os.pathsep.join([str(ROOT), *filter(None, [os.environ.get("PYTHONPATH")])])
        places = {"ZHIAN_DATA": str(self.folder), "ZHIAN_CONFIG": str(self.config), "PYTHONPATH": paths}
        line = [sys.executable, "-P", "-c", code]
        done = subprocess.run(line, capture_output=True, text=True, timeout=120, check=False, env=kept | places)
        if done.returncode:
            raise AssertionError(f"its jobs cannot be put into the queue:\n{done.stderr[-3000:]}")

    def tables(self) -> dict[str, int]:
        """Rows per table of the embedded database."""
        import sqlite3

        with sqlite3.connect(self.folder / "zhian.db") as connection:
            names = [row[0] for row in connection.execute("SELECT name FROM sqlite_master WHERE type = 'table'")]
            return {n: connection.execute(f'SELECT count(*) FROM "{n}"').fetchone()[0] for n in names}  # noqa: S608

    def columns(self) -> set[str]:
        """All columns, as table.column."""
        import sqlite3

        with sqlite3.connect(self.folder / "zhian.db") as connection:
            return {
                f"{table}.{row[1]}"
                for table in self.tables()
                for row in connection.execute(f'PRAGMA table_info("{table}")')
            }

    def traces(self) -> Iterator[str]:
        """What a purge left behind, against the deployment before the plugin came."""
        assert self.before is not None
        tables, columns = self.before
        for name in sorted(set(self.tables()) - tables):
            yield f"purging leaves the table {name} -> drop it in downgrade()"
        for column in sorted(c for c in self.columns() - columns if c.split(".")[0] in tables):
            yield f"purging leaves the column {column} -> drop it in downgrade()"
        yield from self.rows_about()

    def rows_about(self) -> Iterator[str]:
        """Rows of the core's tables that still name the plugin: runs, schedules, deliveries, settings, marks."""
        import sqlite3

        with sqlite3.connect(self.folder / "zhian.db") as connection:
            for column in sorted(self.columns()):
                table, name = column.split(".", 1)
                if not table.startswith("core_") or table in lifecycle.KEPT or table.startswith("core_audit"):
                    continue
                about = f'"{table}" WHERE "{name}" = ? OR "{name}" LIKE ?'
                query = f"SELECT count(*) FROM {about}"  # noqa: S608 - names of columns
                if found := connection.execute(query, (self.plugin, f"{self.plugin}.%")).fetchone()[0]:
                    mend = f"begin the names of its jobs and schedules with {self.plugin}."
                    yield f"purging leaves {found} rows of {table} whose {name} names it -> {mend}"
