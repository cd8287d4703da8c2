"""`[plugin_settings.<plugin>]` of the config file, held against what plugins declare, before anything runs."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from core.errors import CannotStart, StartProblem
from core.plugin_settings.store import plain
from core.records.schema import Loader
from core.registry import Registry


def require_declared(given: Mapping[str, Mapping[str, Any]], registry: Registry) -> None:
    """Raises `CannotStart` with every value that fits no setting; tables of plugins that are off are left alone."""
    enabled = {manifest.name for manifest in registry.manifests} | {"core"}
    problems = [p for plugin in sorted(enabled & set(given)) for p in _problems(plugin, given[plugin], registry)]
    if problems:
        raise CannotStart(problems)


def _problems(plugin: str, values: Mapping[str, Any], registry: Registry) -> Iterator[StartProblem]:
    declared = registry.settings.get(plugin, {})
    where = f"[plugin_settings.{plugin}] of the config"
    for key in sorted(set(values) - set(declared)):
        known = ", ".join(sorted(declared)) or "none"
        yield StartProblem(plugin, f"has no setting {key}, which stands in {where}", f"its settings are: {known}")
    fields = {key: spec.field() for key, spec in declared.items() if key in values}
    loaded = {key: plain(values[key]) for key in fields}
    for error in Loader(fields).load(loaded, partial=True)[1]:
        yield StartProblem(plugin, f"setting {error.field} in {where}: {error.message}", "mend it there")
