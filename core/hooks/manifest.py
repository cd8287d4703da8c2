"""`plugin.toml`: what a plugin says of itself before any of its code is imported."""

from __future__ import annotations

import tomllib
from dataclasses import dataclass, field
from importlib.metadata import entry_points
from pathlib import Path

from packaging.specifiers import InvalidSpecifier, SpecifierSet
from packaging.version import InvalidVersion, Version

from core.errors import StartProblem
from core.i18n import L
from core.settings import ROOT

CORE_VERSION = "0.1.0"
KNOWN_KEYS = {"name", "version", "title", "summary", "core", "requires", "optional", "processes"}


@dataclass(frozen=True)
class Manifest:
    """A plugin's own statement. `module` is what to import, `folder` where it lies.

    `optional` are plugins that it meets when they are enabled: loaded before it, their versions checked, never missed.
    `processes` are commands of the command line that `zhian up` keeps running beside web, worker and scheduler.
    """

    name: str
    version: str
    title: L
    summary: L
    core: str
    requires: dict[str, str]
    module: str
    folder: Path
    optional: dict[str, str] = field(default_factory=dict)
    processes: dict[str, list[str]] = field(default_factory=dict)


def read_manifest(folder: Path, module: str) -> Manifest:
    """Read `plugin.toml`; raises `ValueError` that says what is wrong and how to mend it."""
    file = folder / "plugin.toml"
    try:
        raw = tomllib.loads(file.read_text("utf-8"))
    except FileNotFoundError:
        raise ValueError(f"{file} is missing; write one with name, version, title, summary, core, requires") from None
    except tomllib.TOMLDecodeError as error:
        raise ValueError(f"{file} is not TOML: {error}") from None
    if unknown := set(raw) - KNOWN_KEYS:
        raise ValueError(f"{file}: unknown key {', '.join(sorted(unknown))}; known are {', '.join(sorted(KNOWN_KEYS))}")
    if missing := {"name", "version", "title", "core"} - set(raw):
        raise ValueError(f"{file}: add {', '.join(sorted(missing))}")
    try:
        Version(raw["version"])
        SpecifierSet(raw["core"])
        for spec in (raw.get("requires", {}) | raw.get("optional", {})).values():
            SpecifierSet(spec)
    except (InvalidVersion, InvalidSpecifier) as error:
        raise ValueError(f"{file}: {error}; versions and ranges follow PEP 440") from None
    return Manifest(
        name=raw["name"],
        version=raw["version"],
        title=_both(raw["title"]),
        summary=_both(raw.get("summary", raw["title"])),
        core=raw["core"],
        requires=dict(raw.get("requires", {})),
        module=module,
        folder=folder,
        optional=dict(raw.get("optional", {})),
        processes=dict(raw.get("processes", {})),
    )


def _both(value: dict | str) -> L:
    return L(value, value) if isinstance(value, str) else L(value.get("zh", ""), value.get("en", value.get("zh", "")))


def discover(extra: Path | None = None) -> tuple[dict[str, Manifest], list[StartProblem]]:
    """All plugins that could be enabled: in `plugins/` and by the entry points `zhian.plugins`. Imports nothing."""
    found: dict[str, Manifest] = {}
    problems: list[StartProblem] = []
    places = [
        (p.parent, f"plugins.{p.parent.name}", p.parent.name) for p in sorted((ROOT / "plugins").glob("*/plugin.toml"))
    ]
    places += [(p.parent, p.parent.name, p.parent.name) for p in sorted(extra.glob("*/plugin.toml"))] if extra else []
    places += [(_entry_folder(e), e.value, e.name) for e in entry_points(group="zhian.plugins")]
    for folder, module, name in places:
        try:
            if folder is None:
                raise ValueError(
                    f"the package {module} of the entry point is not installed; install it or remove the entry point"
                )
            manifest = read_manifest(folder, module)
            if manifest.name != name:
                raise ValueError(f"plugin.toml says {manifest.name!r} but it is found as {name!r}; use one name")
            if name in found and found[name].folder != folder:
                raise ValueError(f"found twice, in {found[name].folder} and {folder}; remove one")
        except ValueError as error:
            problems.append(StartProblem(name, str(error)))
        else:
            found[name] = manifest
    return found, problems


def _entry_folder(entry: object) -> Path | None:
    from importlib.util import find_spec

    spec = find_spec(entry.value.split(":")[0])  # type: ignore[attr-defined]
    return Path(spec.origin).parent if spec and spec.origin else None
