"""What we depend on may be used, shipped and sold with; and the lock files hold all of it."""

from __future__ import annotations

import json
import re
import tomllib
from importlib.metadata import Distribution, PackageNotFoundError, distribution

import pytest
from packaging.markers import default_environment
from packaging.requirements import Requirement

from core.settings import ROOT

ALLOWED = {
    "0BSD", "Apache-2.0", "BSD-2-Clause", "BSD-3-Clause", "BSD-0-Clause", "HPND", "ISC", "LGPL", "MIT", "MIT-0", "MIT-CMU",
    "MPL-2.0", "OFL-1.1", "PSF-2.0", "Python-2.0", "Unlicense", "ZPL-2.1", "Zlib",
}  # fmt: skip
"""LGPL and MPL are fine for packages that we import and do not change."""

SPOKEN = (
    (r"apache", "Apache-2.0"),
    (r"lgpl|lesser general public", "LGPL"),
    (r"mpl|mozilla", "MPL-2.0"),
    (r"bsd[- ]2|simplified bsd", "BSD-2-Clause"),
    (r"bsd", "BSD-3-Clause"),
    (r"\bisc\b", "ISC"),
    (r"python software foundation|\bpsf\b", "PSF-2.0"),
    (r"unlicense", "Unlicense"),
    (r"\bmit\b", "MIT"),
)
"""How older packages say it in words."""

SHIPPED = {
    "@alpinejs/csp", "@tabler/core", "docx-preview", "dompurify", "echarts", "htmx.org", "jszip", "sortablejs",
    "zrender", "tslib", "@popperjs/core",
}  # fmt: skip


def locked(name: str) -> list[Requirement]:
    lines = (ROOT / name).read_text().splitlines()
    return [Requirement(line) for line in lines if line and not line.startswith("#")]


RUNTIME, DEV = locked("requirements.lock"), locked("requirements-dev.lock")


def normal(name: str) -> str:
    return re.sub(r"[-_.]+", "-", name).lower()


def applies(requirement: Requirement, environment: dict[str, str], extras: tuple[str, ...] = ()) -> bool:
    return requirement.marker is None or any(
        requirement.marker.evaluate(environment | {"extra": extra}) for extra in (*extras, "")
    )


def licences(found: Distribution) -> set[str]:
    """SPDX names of a package's licence, from its expression, else from its words."""
    meta = found.metadata
    if expression := meta.get("License-Expression"):
        return {re.sub(r"^LGPL-.*", "LGPL", word) for word in re.findall(r"[\w.-]+", expression)} - {
            "AND",
            "OR",
            "WITH",
        }
    spoken = " ".join(
        [*(c for c in meta.get_all("Classifier", []) if c.startswith("License")), meta.get("License", "")]
    )
    return {spdx for pattern, spdx in SPOKEN if re.search(pattern, spoken[:600], re.IGNORECASE)} or {spoken[:80]}


def is_fine(names: set[str], expression: str = "") -> bool:
    return bool(names & ALLOWED) if " OR " in expression else names <= ALLOWED


@pytest.mark.parametrize("requirement", RUNTIME + DEV, ids=lambda r: r.name)
def test_each_python_package_has_a_licence_that_allows_selling_plugins(requirement):
    try:
        found = distribution(requirement.name)
    except PackageNotFoundError:
        pytest.skip("not needed by this version of Python")
    names = licences(found)
    assert is_fine(names, found.metadata.get("License-Expression") or ""), f"{requirement.name}: {names}"
    assert not any("GPL" in name and name != "LGPL" for name in names)


def test_each_front_end_package_has_a_licence_that_allows_shipping_it():
    packages = json.loads((ROOT / "package-lock.json").read_text())["packages"]
    seen = {path.removeprefix("node_modules/"): entry.get("license", "") for path, entry in packages.items() if path}
    assert set(json.loads((ROOT / "package.json").read_text())["dependencies"]) <= seen.keys()
    ways = {name: [set(way.split(" AND ")) for way in words.strip("()").split(" OR ")] for name, words in seen.items()}
    assert {name for name, either in ways.items() if not any(way <= ALLOWED for way in either)} == set()
    assert SHIPPED & seen.keys()


def test_the_project_itself_is_apache_licensed():
    assert "Apache License" in (ROOT / "LICENSE").read_text()[:200]
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    assert project["license"] == "Apache-2.0"


@pytest.mark.parametrize("version", ["3.11.2", "3.11.9", "3.12.8", "3.13.1"])
def test_the_lock_files_hold_everything_that_pyproject_asks_for(version):
    """Also on Debian's Python 3.11.2, which needs a package that later ones do not."""
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    environment = default_environment() | {"python_full_version": version, "python_version": version.rpartition(".")[0]}
    pins = {normal(r.name): r for r in RUNTIME + DEV if applies(r, environment)}
    waiting = [Requirement(r) for r in project["dependencies"] + project["optional-dependencies"]["dev"]]
    seen: set[tuple[str, tuple[str, ...]]] = set()
    while waiting:
        wanted = waiting.pop()
        key = (normal(wanted.name), tuple(sorted(wanted.extras)))
        if key in seen:
            continue
        seen.add(key)
        assert key[0] in pins, f"{wanted} is in no lock file"
        pinned = next(iter(pins[key[0]].specifier)).version
        assert wanted.specifier.contains(pinned, prereleases=True), f"{wanted}, but the lock says {pinned}"
        try:
            needs = distribution(wanted.name).requires or []
        except PackageNotFoundError:
            continue  # needed by another version of Python alone
        waiting += [r for r in map(Requirement, needs) if applies(r, environment, key[1])]
    unused = pins.keys() - {name for name, _extras in seen}
    assert unused == set()
