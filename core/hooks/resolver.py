"""Which plugins run, in which order: dependency graph, versions, and every problem at once. Pure; imports no plugin."""

from __future__ import annotations

from graphlib import CycleError, TopologicalSorter

from packaging.specifiers import SpecifierSet

from core.errors import StartProblem
from core.hooks.manifest import CORE_VERSION, Manifest


def resolve(enabled: tuple[str, ...], found: dict[str, Manifest]) -> tuple[list[Manifest], list[StartProblem]]:
    """The enabled manifests in load order, and all that is wrong with them."""
    problems: list[StartProblem] = []
    chosen = {}
    for name in dict.fromkeys(enabled):
        if name in found:
            chosen[name] = found[name]
        else:
            problems.append(
                StartProblem(name, "is enabled but not installed", f"install it or run: zhian plugin disable {name}")
            )
    for manifest in chosen.values():
        problems += _version_problems(manifest, chosen, found)
    return _order(chosen, problems), problems


def _version_problems(
    manifest: Manifest, chosen: dict[str, Manifest], found: dict[str, Manifest]
) -> list[StartProblem]:
    problems = []
    if CORE_VERSION not in SpecifierSet(manifest.core, prereleases=True):
        problems.append(
            StartProblem(
                manifest.name,
                f"was written for core {manifest.core}, this is {CORE_VERSION}",
                "install a matching release",
            )
        )
    met = {name: wanted for name, wanted in manifest.optional.items() if name in chosen}
    for name, wanted in (met | manifest.requires).items():
        if name not in chosen:
            mend = f"run: zhian plugin enable {name}" if name in found else f"install the plugin {name}"
            problems.append(StartProblem(manifest.name, f"requires {name} {wanted}, which is not enabled", mend))
        elif chosen[name].version not in SpecifierSet(wanted, prereleases=True):
            problems.append(
                StartProblem(
                    manifest.name,
                    f"requires {name} {wanted}, found {chosen[name].version}",
                    f"upgrade {name} or {manifest.name}",
                )
            )
    return problems


def _order(chosen: dict[str, Manifest], problems: list[StartProblem]) -> list[Manifest]:
    graph = {name: sorted(r for r in (*m.requires, *m.optional) if r in chosen) for name, m in sorted(chosen.items())}
    try:
        return [chosen[name] for name in TopologicalSorter(graph).static_order()]
    except CycleError as error:
        circle = " -> ".join(error.args[1])
        problems.append(
            StartProblem(
                error.args[1][0], f"plugins require each other in a circle: {circle}", "remove one of the requirements"
            )
        )
        return []
