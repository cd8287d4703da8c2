"""A plugin made by one command runs, passes its own tests and the conformance suite; unusable names are refused."""

from __future__ import annotations

import os
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest

from core.scaffold import BadName, check_plugin_name, check_thing, make, plural_of
from core.settings import ROOT
from tests.support.running import command, environment


def installed(package: Path, place: Path) -> dict[str, str]:
    """What `pip install -e` of the package would tell Python, as an environment; Zhian's own entry points with it."""
    for project in (tomllib.loads((folder / "pyproject.toml").read_text()) for folder in (package, ROOT)):
        project = project["project"]
        info = place / f"{project['name'].replace('-', '_')}-{project['version']}.dist-info"
        info.mkdir(parents=True, exist_ok=True)
        needs = "".join(f"Requires-Dist: {text}\n" for text in project["dependencies"])
        about = f"Metadata-Version: 2.1\nName: {project['name']}\nVersion: {project['version']}\n"
        (info / "METADATA").write_text(about + needs)
        groups = project.get("entry-points", {})
        lines = [
            f"[{group}]\n" + "".join(f"{name} = {value}\n" for name, value in given.items())
            for group, given in groups.items()
        ]
        (info / "entry_points.txt").write_text("\n".join(lines))
    return environment() | {"PYTHONPATH": os.pathsep.join(map(str, (ROOT, package, place)))}


@pytest.fixture(scope="module")
def fleet(tmp_path_factory):
    """A package made by the command, and an environment in which it is installed."""
    folder = tmp_path_factory.mktemp("fleet")
    said = command("plugin", "new", "fleet", "--record", "vehicle", "--label-zh", "车辆", "--out", folder / "fleet")
    assert "zhian plugin enable fleet" in said.stderr
    return folder / "fleet", installed(folder / "fleet", folder / "site")


def test_its_own_tests_pass_at_once(fleet):
    package, env = fleet
    line = [sys.executable, "-P", "-m", "pytest", "-q", "-p", "no:cacheprovider", "--zhian-quick"]
    done = subprocess.run(line, cwd=package, env=env, capture_output=True, text=True, timeout=240)
    assert done.returncode == 0, done.stdout + done.stderr
    assert "17 passed" in done.stdout


def test_it_runs_and_keeps_the_rules_of_the_house(fleet, tmp_path):
    _package, env = fleet
    config = tmp_path / "config.toml"
    config.write_text("plugins = []\n")
    places = {"env": env | {"ZHIAN_CONFIG": str(config), "ZHIAN_DATA": str(tmp_path / "data")}, "timeout": 240}
    command("db", "upgrade", **places)
    assert "schema" not in command("plugin", "plan", "disable", "fleet", **places).stdout
    planned = command("plugin", "plan", "enable", "fleet", **places).stdout.splitlines()
    assert planned == ["+ fleet goes on", "~ schema of fleet: none -> fleet_0001"]
    command("plugin", "enable", "fleet", **places)
    assert 'plugins = ["fleet"]' in config.read_text()
    assert "fleet\tfleet_0001\tfleet_0001\tok" in command("db", "status", **places).stdout
    checked = command("plugin", "check", "fleet", **places).stdout
    assert "passed" in checked
    assert "failed" not in checked


def test_without_a_place_of_its_own_it_stands_among_the_bundled_ones(tmp_path):
    written = make("fleet", "vehicle", root=tmp_path)
    assert tmp_path / "plugins" / "fleet" / "hooks.py" in written
    assert tmp_path / "tests" / "plugins" / "fleet" / "test_fleet.py" in written
    hooks = (tmp_path / "plugins" / "fleet" / "hooks.py").read_text()
    assert "from plugins.fleet.records import Vehicle" in hooks
    for file in (f for f in written if f.suffix == ".py"):
        compile(file.read_text(), str(file), "exec")
    with pytest.raises(BadName, match="there already"):
        make("fleet", "vehicle", root=tmp_path)


@pytest.mark.parametrize(("name", "thing"), [("fleet", "vehicle"), ("trade_secrets", "trade_secret")])
def test_what_it_writes_is_formatted_and_without_fault(tmp_path, name, thing):
    make(name, thing, out=tmp_path, zh="一些东西")
    for step in (["check"], ["format", "--check"]):
        line = [sys.executable, "-m", "ruff", *step, "--config", ROOT / "pyproject.toml", tmp_path / name]
        done = subprocess.run(line, capture_output=True, text=True)
        assert done.returncode == 0, done.stdout + done.stderr


@pytest.mark.parametrize(
    ("name", "said"),
    [
        ("Fleet", "write fleet"),
        ("my-fleet", "write my_fleet"),
        ("9lives", "write lives"),
        ("fleet__x", "write fleet_x"),
        ("车辆", "write trade_secret"),
        ("class", "word of Python"),
        ("match", "word of Python"),
        ("json", "Zhian or Python needs"),
        ("core", "Zhian or Python needs"),
        ("clients", "a plugin 'clients' already"),
        ("flask", "installed package"),
        ("a" * 25, "too long"),
    ],
)
def test_a_name_that_cannot_be_used_is_refused_with_a_better_one(name, said):
    with pytest.raises(BadName, match=said):
        check_plugin_name(name)


def test_the_record_is_named_by_what_it_is():
    assert check_thing("trade_secret") == "trade_secret"
    with pytest.raises(BadName, match="write trade_secret"):
        check_thing("TradeSecret")
    with pytest.raises(BadName, match="says too little"):
        check_thing("record")
    with pytest.raises(BadName, match="cannot be a label"):
        make("fleet", "vehicle", zh='车"辆')


def test_refusals_end_with_one_line(tmp_path):
    refused = command("plugin", "new", "clients", "--record", "x", "--out", tmp_path / "p", check=False)
    assert refused.returncode == 1
    assert "already" in refused.stderr
    assert "Traceback" not in refused.stderr
    assert not (tmp_path / "p").exists()


def test_plurals_are_english():
    assert [plural_of(w) for w in ("vehicle", "company", "tax", "branch", "day")] == [
        "vehicles",
        "companies",
        "taxes",
        "branches",
        "days",
    ]
