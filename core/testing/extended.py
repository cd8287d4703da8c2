"""Checks of what a plugin adds to others: their records still open, and the checks that their owners offer still pass.

A plugin that lets others add to it offers `CHECKS` in its `checks.py`: functions (deployment, plugin) -> problems.
"""

from __future__ import annotations

import importlib
from collections.abc import Iterator

from core.db import system
from core.registry import RecordType, Registry
from core.testing.deployment import Deployment, with_requirements
from core.testing.samples import Samples


def extended_types(registry: Registry, plugin: str) -> list[RecordType]:
    """Record types of others that have a field of this plugin."""
    kinds = (kind for kind in registry.types.values() if kind.plugin != plugin)
    return [kind for kind in kinds if any(spec.plugin == plugin for spec in kind.fields.values())]


def problems(site: Deployment, plugin: str) -> Iterator[str]:
    """Pages first, then the owners."""
    yield from _pages(site, plugin)
    for owner in with_requirements([plugin]):
        if (site.manifest(owner).folder / "checks.py").exists():
            checks = importlib.import_module(f"{site.manifest(owner).module}.checks").CHECKS
            for check in checks:
                yield from (f"{owner}: {problem}" for problem in check(site, plugin))


def _pages(site: Deployment, plugin: str) -> Iterator[str]:
    """A row of each extended type is made through the services; list, page and form open."""
    browser = site.browser(site.person("role_administrator", "administrator", department="Here"), "en")
    for kind in extended_types(site.registry, plugin):
        with site.app.app_context(), system("a sample of an extended record"):
            samples = Samples(site.registry)
            made = samples.fresh(kind.key)
        if made is None:
            yield f"{kind.key} cannot be made any more: {samples.refused.get(kind.key)} -> add nothing that is required"
            continue
        views = site.registry.views
        paths = [f"/r/{kind.key}", f"/r/{kind.key}/{made}"]
        paths += [f"/r/{kind.key}/{made}/edit"] if ("form", kind.key) in views else []
        for path in paths:
            if (status := browser.get(path).status_code) >= 500:
                yield f"{path} breaks with the fields of {plugin} ({status}) -> mend what it raises"
