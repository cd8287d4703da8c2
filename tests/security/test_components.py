"""What the product is made of: a bill of materials that is whole, and no component with a known flaw."""

from __future__ import annotations

import importlib.util
import json
import shutil
import subprocess
import sys

import pytest

from core.doctor.components import PINNED, bill
from core.settings import ROOT
from tests.support.running import command

JUDGED: dict[str, str] = {}
"""Known flaws that do not reach us, by id, each with the reason."""


def test_the_bill_of_materials_names_everything_that_is_pinned(tmp_path):
    made = json.loads(command("doctor", "--components", "--data", tmp_path / "none").stdout)
    assert made == bill()
    assert (made["bomFormat"], made["specVersion"]) == ("CycloneDX", "1.6")
    named = {(c["purl"].split(":")[1].split("/")[0], c["name"], c["version"]) for c in made["components"]}
    lock = (ROOT / "requirements.lock").read_text().splitlines()
    python = {("pypi", m[1].lower().replace("_", "-"), m[2]) for line in lock if (m := PINNED.match(line))}
    packages = json.loads((ROOT / "package-lock.json").read_text())["packages"]
    pages = {("npm", name.rpartition("node_modules/")[2], e["version"]) for name, e in packages.items() if name}
    assert python
    assert pages
    assert named == python | pages
    refs = [c["bom-ref"] for c in made["components"]]
    assert len(refs) == len(set(refs))
    assert all("hashes" in c for c in made["components"] if c["purl"].startswith("pkg:npm"))
    assert not (tmp_path / "none").exists()


@pytest.mark.long
@pytest.mark.parametrize("kind", ["npm", "python"])
def test_no_component_has_a_known_flaw(kind):
    """By the registries' own clients; without a network, or a client, there is nothing to say."""
    found = _npm() if kind == "npm" else _python()
    assert found - JUDGED.keys() == set()


def _npm() -> set[str]:
    if shutil.which("npm") is None:
        pytest.skip("npm is not here")
    line = ["npm", "audit", "--package-lock-only", "--json", "--audit-level=none"]
    told = json.loads(subprocess.run(line, capture_output=True, text=True, cwd=ROOT, timeout=120).stdout or "{}")
    if "vulnerabilities" not in told:
        pytest.skip(f"the npm registry does not answer: {str(told.get('message') or told)[:200]}")
    return {f"{name} {entry['severity']}" for name, entry in told["vulnerabilities"].items()}


def _python() -> set[str]:
    if importlib.util.find_spec("pip_audit") is None:
        pytest.skip("pip-audit is not installed: pip install pip-audit")
    line = [
        "-m",
        "pip_audit",
        "-r",
        "requirements.lock",
        "--no-deps",
        "--disable-pip",
        "-f",
        "json",
        "--progress-spinner=off",
    ]
    done = subprocess.run([sys.executable, *line], capture_output=True, text=True, cwd=ROOT, timeout=300)
    if not done.stdout.strip().startswith("{"):
        pytest.skip(f"pip-audit cannot ask: {done.stderr.strip()[-200:]}")
    packages = [package for package in json.loads(done.stdout)["dependencies"] if "skip_reason" not in package]
    if not packages:
        pytest.skip("the index that pip-audit asks knows none of the packages")
    return {flaw["id"] for package in packages for flaw in package.get("vulns", ())}
