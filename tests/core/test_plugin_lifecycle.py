"""Enabling, disabling, upgrading and purging by commands: planned, refused where they would break, done whole."""

from __future__ import annotations

import json
import sqlite3
import zipfile

import pytest

from core.hooks.lifecycle import needs, required_by
from core.scaffold import make
from tests.core.test_hooks_start import manifest
from tests.core.test_plugin_new import installed
from tests.support.running import command


class Place:
    """A deployment without plugins, and two that could be enabled: `fleet`, and `depot`, which requires it."""

    def __init__(self, folder):
        self.folder, self.config, self.data = folder, folder / "config.toml", folder / "data"
        self.config.write_text('# ours\nplugins = []\nagency = "A"\n')
        site, paths = folder / "site", []
        for name, thing in (("fleet", "vehicle"), ("depot", "shelf")):
            make(name, thing, out=folder / name, zh="某物")
            paths.append(installed(folder / name, site)["PYTHONPATH"])
        self.depot = folder / "depot" / "depot"
        self.change(self.depot / "plugin.toml", "requires = {}", 'requires = { fleet = ">=0.1" }')
        self.env = {"PYTHONPATH": ":".join(paths), "ZHIAN_CONFIG": str(self.config), "ZHIAN_DATA": str(self.data)}

    def change(self, file, before, after):
        text = file.read_text()
        assert before in text
        file.write_text(text.replace(before, after))

    def __call__(self, *words, check=True):
        return command(*words, env=self.env, check=check, timeout=240)

    def refused(self, *words):
        done = self(*words, check=False)
        assert done.returncode == 1, done.stdout
        assert "Traceback" not in done.stderr
        return done.stderr

    def sql(self, statement):
        with sqlite3.connect(self.data / "zhian.db") as connection:
            return connection.execute(statement).fetchall()

    def tables(self):
        return {name for (name,) in self.sql("SELECT name FROM sqlite_master WHERE type = 'table'")}

    def state(self):
        """Config and schema: what must be as it was after a step that failed."""
        return self.config.read_text(), self.tables(), self.sql("SELECT name FROM core_setup_mark ORDER BY name")


@pytest.fixture
def place(tmp_path):
    made = Place(tmp_path)
    made("db", "upgrade")
    return made


def test_a_life_from_enabling_to_purging(place):
    before = place.tables()
    said = place("plugin", "enable", "depot").stderr
    assert "fleet comes with it" in said
    assert place.config.read_text() == '# ours\nplugins = ["fleet", "depot"]\nagency = "A"\n'
    assert {"fleet_vehicle", "depot_shelf", "alembic_version_depot"} <= place.tables()
    place.sql(
        "INSERT INTO fleet_vehicle (name, status, version, created_at, updated_at)"
        " VALUES ('kept', 'open', 1, '2026-01-01', '2026-01-01')"
    )
    assert "needed by depot" in place.refused("plugin", "disable", "fleet")
    assert "is on" in place.refused("plugin", "purge", "depot", "--yes")
    assert "needed by depot" in place.refused("plugin", "purge", "fleet", "--yes")
    place("plugin", "disable", "depot")
    place("plugin", "disable", "fleet")
    assert place.sql("SELECT name FROM fleet_vehicle") == [("kept",)]
    assert "its data refer to fleet" in place.refused("plugin", "purge", "fleet", "--yes")
    place("plugin", "purge", "depot", "--yes")
    planned = place("plugin", "plan", "purge", "fleet").stdout
    assert "table fleet_vehicle: 1 rows" in planned
    assert place.sql("SELECT name FROM fleet_vehicle") == [("kept",)]
    done = place("plugin", "purge", "fleet", "--yes")
    with zipfile.ZipFile(done.stdout.splitlines()[-1]) as archive:
        assert json.loads(archive.read("fleet_vehicle.jsonl"))["name"] == "kept"
        assert json.loads(archive.read("purge.json"))["tables"] == {"fleet_vehicle": 1}
    assert place.tables() == before
    assert "nothing to purge" in place.refused("plugin", "purge", "fleet", "--yes")


def test_a_step_that_fails_leaves_everything_as_it_was(place):
    before = place.state()
    migration = place.depot / "migrations" / "versions" / "0001_initial.py"
    hooks = place.depot / "hooks.py"
    for file, good, bad, said in (
        (migration, "    op.create_index(", "    raise ValueError('half way')\n    op.create_index(", "half way"),
        (hooks, "    return rules.ROLES", "    raise KeyError('roles')", "register_roles failed"),
        (
            hooks,
            "@hookimpl\ndef register_views",
            "def _broken(session):\n    raise ValueError('seed')\n\n\n@hookimpl\ndef register_seed() -> list[object]:\n"
            '    """Breaks."""\n    from core import Seed\n\n    return [Seed("depot", _broken)]\n\n\n'
            "@hookimpl\ndef register_views",
            "seed",
        ),
    ):
        text = file.read_text()
        place.change(file, good, bad)
        done = place("plugin", "enable", "depot", check=False)
        assert done.returncode == 1
        assert said in done.stderr
        assert place.state() == before
        file.write_text(text)
    place("plugin", "enable", "depot")


def test_an_upgrade_is_planned_and_then_done(place):
    place("plugin", "enable", "fleet")
    folder = place.folder / "fleet" / "fleet" / "migrations" / "versions"
    (folder / "0002_colour.py").write_text(
        '"""Colour."""\n\nimport sqlalchemy as sa\nfrom alembic import op\n\n'
        'revision = "fleet_0002"\ndown_revision = "fleet_0001"\n\n\n'
        'def upgrade():\n    op.add_column("fleet_vehicle", sa.Column("colour", sa.String(20)))\n\n\n'
        'def downgrade():\n    op.drop_column("fleet_vehicle", "colour")\n'
    )
    planned = place("plugin", "plan", "upgrade", "fleet").stdout
    assert planned == "~ schema of fleet: fleet_0001 -> fleet_0002\n"
    place("plugin", "upgrade", "fleet")
    assert ("colour",) in [(row[1],) for row in place.sql("PRAGMA table_info(fleet_vehicle)")]
    assert place("plugin", "plan", "upgrade", "fleet").stdout == ""
    assert "is off" in place.refused("plugin", "upgrade", "depot")


def test_purging_asks_before_it_begins(place):
    place("plugin", "enable", "fleet")
    place("plugin", "disable", "fleet")
    done = place("plugin", "purge", "fleet", check=False)
    assert done.returncode != 0
    assert "fleet_vehicle" in place.tables()


def test_who_needs_whom_is_followed_through():
    known = {m.name: m for m in (manifest("a"), manifest("b", a=">=0"), manifest("c", b=">=0"), manifest("d"))}
    assert required_by("a", known) == ["b", "c"]
    assert needs("c", known) == ["a", "b"]
    assert needs("d", known) == []
