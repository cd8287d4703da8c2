"""The pluggy manager with our error policy by family, names of plugins on every fault, and tracing."""

from __future__ import annotations

import importlib
import logging
import os
from collections import deque
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import pluggy

from core.clock import now
from core.errors import CannotStart, StartProblem, ZhianError
from core.hooks import specs
from core.hooks.manifest import Manifest

log = logging.getLogger("zhian.hooks")


@dataclass(frozen=True)
class Fault:
    """A contribution that was dropped because its plugin raised."""

    plugin: str
    hook: str
    error: str
    at: datetime


class PluginFault(ZhianError):
    """A plugin's hook broke a write; the write was rolled back whole."""

    code = "plugin_fault"
    status = 500


class Hooks:
    """All hook implementations of the enabled plugins."""

    def __init__(self) -> None:
        self.manager = pluggy.PluginManager("zhian")
        self.manager.add_hookspecs(specs)
        self.faults: deque[Fault] = deque(maxlen=200)
        self._writing: dict[str, list[Any]] = {}
        if os.environ.get("ZHIAN_TRACE_HOOKS"):
            self.manager.trace.root.setwriter(lambda text: log.warning(text.rstrip()))
            self.manager.enable_tracing()

    def load(self, manifests: list[Manifest]) -> None:
        """Import each plugin's `hooks` module in order and register it; raises `CannotStart` with all problems."""
        problems = []
        for manifest in manifests:
            try:
                module = importlib.import_module(f"{manifest.module}.hooks")
                self.manager.register(module, manifest.name)
            except Exception as error:  # any fault of a plugin's import is reported with its name
                log.exception("plugin %s cannot be imported", manifest.name)
                problems.append(StartProblem(manifest.name, f"cannot be imported: {type(error).__name__}: {error}"))
        try:
            self.manager.check_pending()
        except pluggy.PluginValidationError as error:
            problems.append(
                StartProblem(self._name(error.plugin), str(error), "see the hook reference for the names and arguments")
            )
        if problems:
            raise CannotStart(problems)

    def _name(self, plugin: object) -> str:
        return self.manager.get_name(plugin) or str(plugin)

    def implementations(self, hook: str) -> list[Any]:
        """Implementations in load order of plugins (pluggy calls the last one first)."""
        if hook not in self._writing:
            self._writing[hook] = list(getattr(self.manager.hook, hook).get_hookimpls())
        return self._writing[hook]

    def collect(self, hook: str) -> Iterator[tuple[str, Any]]:
        """Items of a `register_*` hook with the plugin's name; an error is a `CannotStart` that names it."""
        for impl in self.implementations(hook):
            try:
                result = impl.function()
            except Exception as error:
                raise CannotStart(
                    [StartProblem(impl.plugin_name, f"{hook} failed: {type(error).__name__}: {error}")]
                ) from error
            items = result.items() if isinstance(result, dict) else result or ()
            for item in items:
                yield impl.plugin_name, item

    def call(self, hook: str, **arguments: Any) -> None:
        """Run a hook of the write families: refusals pass through, any other error becomes a `PluginFault`."""
        for impl in self.implementations(hook):
            try:
                impl.function(**{name: arguments[name] for name in impl.argnames})
            except ZhianError:
                raise
            except Exception as error:
                log.exception("%s of plugin %s failed", hook, impl.plugin_name)
                self._note(impl.plugin_name, hook, error)
                from core.i18n import _

                message = _(
                    "The extension “%(plugin)s” failed, so nothing was saved. An administrator can see why.",
                    plugin=impl.plugin_name,
                )
                raise PluginFault(message, detail={"plugin": impl.plugin_name}) from error

    def gather(self, hook: str, **arguments: Any) -> list[Any]:
        """Results of an isolated hook; what raises is dropped, logged and remembered."""
        results = []
        for impl in self.implementations(hook):
            try:
                result = impl.function(**{name: arguments[name] for name in impl.argnames})
            except Exception as error:  # isolation is the point: one plugin must not take the page with it
                log.exception("%s of plugin %s was dropped", hook, impl.plugin_name)
                self._note(impl.plugin_name, hook, error)
            else:
                results += [] if result is None else result if isinstance(result, list) else [result]
        return results

    def first(self, hook: str, **arguments: Any) -> Any:
        """The first result that is not None."""
        return next((r for r in self.gather(hook, **arguments) if r is not None), None)

    def _note(self, plugin: str, hook: str, error: Exception) -> None:
        self.faults.append(Fault(plugin, hook, f"{type(error).__name__}: {error}", now()))
