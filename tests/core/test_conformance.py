"""Every bundled plugin keeps the rules of the house, alone with what it requires; and the suite finds what breaks."""

from __future__ import annotations

import pytest

from core.hooks.manifest import discover, read_manifest
from core.settings import ROOT
from core.testing import static
from tests.support.running import command

PLAIN = {"PYTEST_DISABLE_PLUGIN_AUTOLOAD": "1"}
"""The suite needs none of pytest's plugins that happen to be installed here, and some take long to load."""
BUNDLED = sorted(folder.parent.name for folder in (ROOT / "plugins").glob("*/plugin.toml"))


@pytest.mark.parametrize("plugin", BUNDLED)
def test_a_bundled_plugin_keeps_the_rules_of_the_house(plugin):
    done = command("plugin", "check", plugin, "--quick", env=PLAIN, check=False, timeout=240)
    assert done.returncode == 0, done.stdout[-6000:] + done.stderr[-2000:]


@pytest.mark.slow
@pytest.mark.parametrize("plugin", BUNDLED)
def test_its_schema_goes_down_and_up_and_it_leaves_no_trace(plugin, postgres):
    words = ("plugin", "check", plugin, "-k", "migrations or purging")
    done = command(*words, env=PLAIN | {"ZHIAN_TEST_PG": postgres}, check=False, timeout=290)
    assert done.returncode == 0, done.stdout[-6000:] + done.stderr[-2000:]
    assert "skipped" not in done.stdout


FAULTY = {
    "hooks.py": '''"""Hooks."""
import requests
from core.records.base import Base
from core import nothing_like_this, hookimpl
from plugins.clients.records import Client
from sqlalchemy import text

@hookimpl
def register_jobs():
    return [text("SELECT 1"), eval("2")]
''',
    "services.py": """from flask import request
from core import _
WORD = _("Nobody translated this")
""",
    "plugin.toml": 'name = "faulty"\nversion = "1"\ntitle = "只有中文"\ncore = ">=0.1"\nrequires = {nowhere = ">=1"}\n',
}


@pytest.fixture(scope="module")
def faulty(tmp_path_factory):
    """A plugin that breaks every rule that can be read off its files."""
    folder = tmp_path_factory.mktemp("faulty") / "faulty"
    folder.mkdir()
    for name, text in FAULTY.items():
        (folder / name).write_text(text)
    return static.Source(read_manifest(folder, "faulty"))


def test_files_that_break_a_rule_are_named_with_line_and_mend(faulty):
    imports = "\n".join(static.import_problems(faulty))
    assert "hooks.py:2: imports requests -> declare its package" in imports
    assert "hooks.py:3: imports core.records.base -> import the public name from `core` itself" in imports
    assert "core:nothing_like_this" in imports
    assert 'plugins.clients.records -> declare it: requires = { clients = ">=…" }' in imports
    assert "imports flask" not in imports
    around = "\n".join(static.guard_problems(faulty))
    assert "text() goes around the record rules" in around
    assert "eval() runs" in around
    assert "services.py: knows Flask" in around
    assert "'Nobody translated this' has no Chinese" in "\n".join(static.text_problems(faulty))
    silent = "\n".join(static.docstring_problems(faulty))
    assert "services.py: no docstring" in silent
    assert "the hook register_jobs has no docstring" in silent
    manifest = "\n".join(static.manifest_problems(faulty))
    assert "fits every later core" in manifest
    assert "no README.md" in manifest
    assert "requires nowhere, which is not installed" in manifest


BREAKS = {
    "rules.py": [('"finish"), "own"),', '"finish"), "nearby"),', "scope 'nearby'")],
    "hooks.py": [("    return rules.SCOPES", "    return {}", "no rule says which rows")],
    "views.py": [
        ('Preset("open", _("Open"), {"status"', 'Preset("open", _("Open"), {"colour"', "has no field colour"),
        ('record=KEY, permission=(KEY, "read")', 'url="/nowhere"', "no page /nowhere"),
    ],
    "records.py": [
        ("    remarks:", '    more: Mapped[int | None] = fields.integer(_("Name"))\n    remarks:', "db revision")
    ],
}
"""What is changed in a plugin that holds, and what the suite says then."""


@pytest.mark.slow
def test_each_check_fails_when_the_thing_is_broken(tmp_path):
    """All faults at once: every one of them is told."""
    from core.scaffold import make
    from tests.core.test_plugin_new import installed

    make("fleet", "vehicle", out=tmp_path / "fleet")
    for file, breaks in BREAKS.items():
        place = tmp_path / "fleet" / "fleet" / file
        text = place.read_text()
        for before, after, _said in breaks:
            assert before in text
            text = text.replace(before, after)
        place.write_text(text)
    env = installed(tmp_path / "fleet", tmp_path / "site")
    done = command("plugin", "check", "fleet", "--quick", env=env | PLAIN, check=False, timeout=240)
    assert done.returncode == 1, done.stdout
    for said in (said for breaks in BREAKS.values() for _before, _after, said in breaks):
        assert said in done.stdout, done.stdout


def test_every_bundled_plugin_is_looked_at():
    assert set(BUNDLED) <= set(discover(None)[0])
    assert len(BUNDLED) >= 10
