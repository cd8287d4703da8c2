"""Packages of strangers: built, installed in a fresh environment, and tested there, by themselves and by the suite."""

from __future__ import annotations

import shutil
import subprocess
import sys
import sysconfig
import tomllib
from pathlib import Path

import pytest

from core.settings import ROOT
from tests.core.test_plugin_new import installed
from tests.support.running import environment

pytestmark = pytest.mark.timeout(900)
EXAMPLES = sorted(folder.parent for folder in (ROOT / "examples").glob("*/pyproject.toml"))
NAMES = {"zhian-hotline": "hotline", "zhian-plant-varieties": "plant_varieties", "zhian-risk": "risk"}


class Fresh:
    """An environment of its own, in which nothing of the examples' sources can be imported."""

    def __init__(self, folder: Path) -> None:
        self.folder, self.python = folder, folder / "env" / "bin" / "python"
        subprocess.run([sys.executable, "-m", "venv", "--without-pip", folder / "env"], check=True, timeout=60)
        self.site = next((folder / "env" / "lib").glob("python3*")) / "site-packages"
        (self.site / "zhian.pth").write_text(f"{ROOT}\n{sysconfig.get_paths()['purelib']}\n")
        sources = folder / "sources"
        for package in EXAMPLES:  # a copy: building writes beside the sources
            shutil.copytree(package, sources / package.name, ignore=shutil.ignore_patterns("build", "*.egg-info"))
        options = ("--no-deps", "--no-index", "--no-build-isolation", "--quiet", "--target", self.site)
        line = [sys.executable, "-m", "pip", "install", *options, *(sources / package.name for package in EXAMPLES)]
        done = subprocess.run(line, capture_output=True, text=True, timeout=240)
        assert done.returncode == 0, done.stderr[-3000:]
        installed(EXAMPLES[0], folder / "about")  # Zhian's own entry points, as its installation would tell them
        for info in (folder / "about").glob("zhian-0*"):
            shutil.copytree(info, self.site / info.name)

    def __call__(self, *words: str, cwd: Path) -> str:
        env = {name: value for name, value in environment().items() if name != "PYTHONPATH"}
        line = [self.python, "-P", *words]
        done = subprocess.run(line, cwd=cwd, env=env, capture_output=True, text=True, timeout=800)
        assert done.returncode == 0, done.stdout[-5000:] + done.stderr[-2000:]
        return done.stdout


@pytest.fixture(scope="module")
def fresh(tmp_path_factory):
    return Fresh(tmp_path_factory.mktemp("fresh"))


@pytest.mark.parametrize("package", EXAMPLES, ids=lambda package: package.name)
def test_its_own_tests_pass_where_it_is_installed(fresh, package, tmp_path):
    for part in ("tests", "pyproject.toml"):
        source = package / part
        (shutil.copytree if source.is_dir() else shutil.copy)(source, tmp_path / part)
    said = fresh("-m", "pytest", "-q", "-p", "no:cacheprovider", "-k", "not Conformance", cwd=tmp_path)
    assert "passed" in said


@pytest.mark.parametrize("package", EXAMPLES, ids=lambda package: package.name)
def test_it_keeps_the_rules_of_the_house(fresh, package, tmp_path):
    """The one that adds to others' tables with everything, its way down and its end among it."""
    quick = () if package.name == "zhian-risk" else ("--quick",)
    said = fresh("-m", "core.cli", "plugin", "check", NAMES[package.name], *quick, cwd=tmp_path)
    assert "failed" not in said


def test_a_setting_that_one_command_sets_another_process_reads(fresh, tmp_path):
    (tmp_path / "config.toml").write_text('plugins = ["clients", "automation", "hotline"]\n')
    places = ("-m", "core.cli", "--data", tmp_path / "data", "--config", tmp_path / "config.toml")
    fresh(*places, "settings", "set", "hotline.country", "+852", cwd=tmp_path)
    fresh(*places, "settings", "set", "hotline.key", "open-sesame-42", cwd=tmp_path)
    lines = fresh(*places, "settings", "list", cwd=tmp_path).splitlines()
    ours = [line.split("\t")[:2] for line in lines if line.startswith("hotline.")]
    assert ours == [["hotline.key", '"***"'], ["hotline.country", '"+852"']]


def test_they_are_packages_of_their_own_that_name_their_licence_and_change_nothing_of_ours():
    assert {package.name for package in EXAMPLES} == set(NAMES)
    for package in EXAMPLES:
        project = tomllib.loads((package / "pyproject.toml").read_text())["project"]
        name = NAMES[package.name]
        assert project["license"] == "Apache-2.0"
        assert project["entry-points"]["zhian.plugins"] == {name: name}
        assert (package / "README.md").read_text().startswith(f"# {package.name}: ")
        assert (package / name / "translations" / "zh" / "LC_MESSAGES" / "messages.po").exists()
        assert list((package / name / "migrations" / "versions").glob("0001_*.py"))
        assert {p.relative_to(package).parts[0] for p in package.rglob("*.py")} - {"build"} == {name, "tests"}
        for file in (package / name).rglob("*.py"):
            assert not any(word in file.read_text() for word in ("setattr(", "monkeypatch", "sys.modules")), file


def test_nothing_of_ours_names_them():
    words = tuple(NAMES.values())
    for folder in ("core", "plugins"):
        for file in (ROOT / folder).rglob("*.py"):
            text = file.read_text("utf-8")
            assert not any(f"import {word}" in text or f"from {word}" in text for word in words), file
