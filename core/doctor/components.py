"""`zhian doctor --components`: the bill of materials of this deployment, CycloneDX 1.6, from what is pinned."""

from __future__ import annotations

import base64
import json
import re
from collections.abc import Iterator
from importlib import metadata
from typing import Any

from core.hooks.manifest import CORE_VERSION
from core.settings import ROOT

PINNED = re.compile(r"^([A-Za-z0-9._-]+)(?:\[[^\]]*\])?==([^\s;]+)")


def bill() -> dict[str, Any]:
    """Every package of Python and of the pages, with its version, licence and, where the lock knows it, its hash."""
    return {
        "bomFormat": "CycloneDX",
        "specVersion": "1.6",
        "version": 1,
        "metadata": {"component": {"type": "application", "name": "zhian", "version": str(CORE_VERSION)}},
        "components": [*_python(), *_pages()],
    }


def _python() -> Iterator[dict[str, Any]]:
    """What the lock pins; where Zhian is installed as a package, what is installed."""
    lock = ROOT / "requirements.lock"
    lines = lock.read_text("utf-8").splitlines() if lock.exists() else []
    pinned = [found.groups() for line in lines if (found := PINNED.match(line))]
    for name, version in pinned or [(d.name, d.version) for d in metadata.distributions()]:
        yield _component("pypi", name.lower().replace("_", "-"), version, _licence(name))


def _licence(name: str) -> str:
    try:
        about = metadata.metadata(name)
    except metadata.PackageNotFoundError:
        return ""
    return about.get("License-Expression") or about.get("License") or ""


def _pages() -> Iterator[dict[str, Any]]:
    lock = ROOT / "package-lock.json"
    packages = json.loads(lock.read_text("utf-8"))["packages"] if lock.exists() else {}
    for place, entry in packages.items():
        if place:
            name = place.rpartition("node_modules/")[2]
            made = _component("npm", name.replace("@", "%40"), entry["version"], entry.get("license", ""))
            algorithm, _dash, digest = entry.get("integrity", "").partition("-")
            if algorithm == "sha512":
                made["hashes"] = [{"alg": "SHA-512", "content": base64.b64decode(digest).hex()}]
            yield made | {"name": name}


def _component(kind: str, name: str, version: str, licence: str) -> dict[str, Any]:
    purl = f"pkg:{kind}/{name}@{version}"
    made: dict[str, Any] = {"type": "library", "bom-ref": purl, "name": name, "version": version, "purl": purl}
    if licence and len(licence) < 100:
        made["licenses"] = [{"license": {"name": licence}}]
    return made
