"""The plugin starts with just what it requires, and a deployment without it shows no trace of it."""

from __future__ import annotations

import json
import subprocess
import sys

import pytest

from tests.support.running import command, environment

ENOUGH = ["clients", "cases", "billing", "finance_bridge"]
LOOK = """
import json, sys
from core.app import create_app
from core.settings import load_settings
from pathlib import Path
app = create_app(load_settings(Path(sys.argv[1]), data=Path(sys.argv[2]), testing=True))
with app.app_context():
    from core.registry import registry
    known = [k for k in registry().types if "finance" in k]
    rules = [str(r) for r in app.url_map.iter_rules() if "finance" in str(r)]
    print(json.dumps([len(known), len(rules), [j for j in registry().jobs if "finance" in j]]))
"""


@pytest.mark.slow
@pytest.mark.parametrize(("plugins", "there"), [(["clients"], False), (ENOUGH, True)])
def test_with_just_what_it_requires(tmp_path, plugins, there):
    config = tmp_path / "config.toml"
    config.write_text(f"plugins = {json.dumps(plugins)}\n")
    command("--data", tmp_path / "data", "--config", config, "db", "upgrade")
    line = [sys.executable, "-c", LOOK, config, tmp_path / "data"]
    told = subprocess.run(line, capture_output=True, text=True, env=environment(), check=True)
    records, rules, jobs = json.loads(told.stdout.splitlines()[-1])
    assert (records == 7, rules > 0, len(jobs) == 5) == (there, there, there)
    assert there or (records, rules, jobs) == (0, 0, [])
