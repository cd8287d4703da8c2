"""The pluggy manager with our error policy by family, names of plugins on every fault, limits, and tracing."""

from __future__ import annotations

import importlib
import inspect
import logging
import os
import time
from collections import deque
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import datetime
from difflib import get_close_matches
from typing import Any

import pluggy

from core.clock import now
from core.errors import CannotStart, StartProblem, Unavailable, ZhianError
from core.hooks import specs
from core.hooks.limits import TookTooLong, first_time, limited, page_within, simply, within
from core.hooks.manifest import Manifest

log = logging.getLogger("zhian.hooks")

REST = 60.0
"""Seconds for which a contribution is left out that took too long or too much memory; then it is tried again."""
ISOLATED, WRITING, PAGE = 3.0, 30.0, 5.0
"""Seconds that one contribution to a page, one hook in a write, and a page of a plugin's own may take."""


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


class PluginSlow(Unavailable):
    """A page of a plugin's own did not come back in time; everything else goes on."""

    code = "plugin_slow"


class Hooks:
    """All hook implementations of the enabled plugins."""

    def __init__(self, isolated: float = ISOLATED, writing: float = WRITING, page: float = PAGE) -> None:
        self.manager = pluggy.PluginManager("zhian")
        self.manager.add_hookspecs(specs)
        self.isolated_seconds, self.writing_seconds, self.page_seconds = isolated, writing, page
        self.faults: deque[Fault] = deque(maxlen=200)
        self.unsaved: deque[Fault] = deque(maxlen=200)
        self.broken: list[StartProblem] = []
        self.ours: set[str] = set()
        self.offered: dict[str, str] = {}
        self._writing: dict[str, list[Any]] = {}
        self._resting: dict[tuple[str, str], float] = {}
        if os.environ.get("ZHIAN_TRACE_HOOKS"):
            self.manager.trace.root.setwriter(lambda text: log.warning(text.rstrip()))
            self.manager.enable_tracing()

    def load(self, manifests: list[Manifest]) -> None:
        """Import each plugin's `hooks` module in order and register it; raises `CannotStart` with all problems.

        A plugin's `hookspecs` module, if it has one, declares hooks that it offers to those loaded after it.
        """
        problems = []
        self.ours = {manifest.name for manifest in manifests if manifest.module.startswith("plugins.")}
        for manifest in manifests:
            try:
                if (manifest.folder / "hookspecs.py").exists():
                    problems += self._offer(manifest)
                module = importlib.import_module(f"{manifest.module}.hooks")
                self.manager.register(module, manifest.name)
            except pluggy.PluginValidationError as error:
                said = str(error).splitlines()[-1].strip() or str(error)
                problems.append(StartProblem(manifest.name, f"hooks.py: {said}", "give it the arguments of its spec"))
            except Exception as error:  # any fault of a plugin's import is reported with its name
                log.exception("plugin %s cannot be imported", manifest.name)
                problems.append(StartProblem(manifest.name, f"cannot be imported: {type(error).__name__}: {error}"))
        problems += self._misspelt()
        if problems:
            raise CannotStart(problems)

    def _offer(self, manifest: Manifest) -> Iterator[StartProblem]:
        """Take in the hooks that a plugin offers."""
        module = importlib.import_module(f"{manifest.module}.hookspecs")
        for name in spec_names(module):
            if name in spec_names(specs) or name in self.offered:
                owner = self.offered.get(name, "the core")
                yield StartProblem(manifest.name, f"offers the hook {name}, which {owner} has", "rename it")
            elif not name.startswith("register_"):
                yield StartProblem(
                    manifest.name, f"offers the hook {name}", "name it register_…: others are the core's"
                )
            self.offered.setdefault(name, manifest.name)
        self.manager.add_hookspecs(module)

    def _misspelt(self) -> Iterator[StartProblem]:
        """Hooks that nobody declares, with what was meant."""
        known = [*spec_names(specs), *self.offered]
        for plugin, module in self.manager.list_name_plugin():
            for caller in self.manager.get_hookcallers(module) or [] if module is not None else []:
                mine = [i for i in caller.get_hookimpls() if i.plugin is module and not i.optionalhook]
                if mine and not caller.has_spec():
                    near = get_close_matches(caller.name, known, 1)
                    mend = f"did you mean {near[0]}?" if near else "the names stand in docs/hooks.md"
                    yield StartProblem(plugin, f"hooks.py: {caller.name} is no hook", mend)

    def implementations(self, hook: str) -> list[Any]:
        """Implementations in load order of plugins (pluggy calls the last one first)."""
        if hook not in self._writing:
            self._writing[hook] = list(getattr(self.manager.hook, hook).get_hookimpls())
        return self._writing[hook]

    def collect(self, hook: str) -> Iterator[tuple[str, Any]]:
        """Items of a `register_*` hook with the plugin's name; what fails is noted in `broken`, which stops a start."""
        for impl in self.implementations(hook):
            try:
                result = impl.function()
                items = list(result.items() if isinstance(result, dict) else result or ())
            except Exception as error:  # each plugin's fault is told, not only the first one
                log.exception("%s of plugin %s failed", hook, impl.plugin_name)
                self._break(impl.plugin_name, f"{hook} failed: {type(error).__name__}: {error}", "see its traceback")
                continue
            wanted = wanted_type(getattr(self.manager.hook, hook).spec)
            for item in items:
                if fits(item, wanted):
                    yield impl.plugin_name, item
                else:
                    self._break(impl.plugin_name, f"{hook} gives {item!r:.80}", f"give a list of {wanted}")

    def _break(self, plugin: str, what: str, mend: str) -> None:
        problem = StartProblem(plugin, what, mend)
        if problem not in self.broken:
            self.broken.append(problem)

    def call(self, hook: str, **arguments: Any) -> None:
        """Run a hook of the write families: refusals pass through, any other error becomes a `PluginFault`."""
        impls = self.implementations(hook)
        if not impls:
            return
        work = _Work(impls, arguments)
        try:
            within(self.writing_seconds, work, work.begun)
        except ZhianError:
            raise
        except Exception as error:
            log.exception("%s of plugin %s failed", hook, work.plugin)
            self.note(work.plugin, hook, error)
            raise _fault(work.plugin, error) from error

    def gather(self, hook: str, *, timed: bool = True, **arguments: Any) -> list[Any]:
        """Results of an isolated hook; what raises or takes too long is dropped, logged and remembered."""
        run = within if timed else simply
        results: list[Any] = []
        waiting = [impl for impl in self.implementations(hook) if not self._rests(impl.plugin_name, hook)]
        while waiting:
            work = _Work(waiting, arguments)
            try:
                run(self.isolated_seconds, work, work.begun)
            except Exception as error:  # isolation is the point: one plugin must not take the page with it
                self._drop(work.plugin, hook, error)
            results += list(work.results)
            waiting = waiting[work.at + 1 :]
            work.over = True
        return results

    def isolated(
        self, plugin: str, what: str, fn: Callable[[], Any], default: Any = None, *, timed: bool = True
    ) -> Any:
        """What a function of a plugin gives; `default` when it raises or takes too long, which is remembered.

        Small ones that are called many times on a page are not `timed`: they run on the thread of the request, and
        rest when they came back too late.
        """
        if self._rests(plugin, what):
            return default
        try:
            return (within if timed else simply)(self.isolated_seconds, fn)
        except Exception as error:  # as in `gather`
            self._drop(plugin, what, error)
            return default

    def page(self, plugin: str, what: str, fn: Callable[[], Any], seconds: float | None = None) -> Any:
        """What a page of a plugin's own gives. Raises what it raises, or `PluginSlow`, which names the plugin."""
        quick = plugin not in self.ours and not (limited() and _writes())
        most = self.page_seconds if quick else self.writing_seconds
        try:
            return page_within(seconds or most, fn)
        except TookTooLong as error:
            log.error("%s of plugin %s took too long", what, plugin)
            self.note(plugin, what, error)
            raise _slow(plugin) from error

    def first(self, hook: str, **arguments: Any) -> Any:
        """The first result that is not None. Asked for each row of a list: its first call in a request is timed."""
        timed = limited() and first_time(hook)
        return next((r for r in self.gather(hook, timed=timed, **arguments) if r is not None), None)

    def _rests(self, plugin: str, what: str) -> bool:
        return bool(self._resting) and self._resting.get((plugin, what), 0.0) > time.monotonic()

    def _drop(self, plugin: str, what: str, error: Exception) -> None:
        """Remember a fault of an isolated contribution. Raises `PluginFault` where a write was cut off with it."""
        log.exception("%s of plugin %s was dropped", what, plugin)
        self.note(plugin, what, error)
        if isinstance(error, (TookTooLong, MemoryError)):
            self._resting[plugin, what] = time.monotonic() + REST
        if isinstance(error, TookTooLong) and error.left and limited() and _writes():
            raise _fault(plugin, error) from error

    def note(self, plugin: str, hook: str, error: Exception) -> None:
        """Remember a fault of a plugin, for the banner and the page of extensions."""
        fault = Fault(plugin, hook, f"{type(error).__name__}: {error}", now())
        self.faults.append(fault)
        self.unsaved.append(fault)


class _Work:
    """The implementations of one hook, one after the other; knows which one is at work and since when."""

    def __init__(self, impls: list[Any], arguments: dict[str, Any]) -> None:
        self.impls, self.arguments = impls, arguments
        self.results: list[Any] = []
        self.at, self.since, self.over = 0, time.monotonic(), False

    @property
    def plugin(self) -> str:
        """Whose turn it is."""
        return self.impls[self.at].plugin_name

    def begun(self) -> float:
        """When that turn began."""
        return self.since

    def __call__(self) -> None:
        """Run them; raises what one of them raises."""
        for at, impl in enumerate(self.impls):
            self.at, self.since = at, time.monotonic()
            result = impl.function(**{name: self.arguments[name] for name in impl.argnames})
            if self.over:  # nobody waits any more
                return
            self.results += [] if result is None else result if isinstance(result, list) else [result]


def _fault(plugin: str, error: Exception) -> PluginFault:
    from core.i18n import _

    if isinstance(error, TookTooLong):
        message = _("The extension “%(plugin)s” took too long, so nothing was saved. Try again later.", plugin=plugin)
    else:
        message = _(
            "The extension “%(plugin)s” failed, so nothing was saved. An administrator can see why.", plugin=plugin
        )
    return PluginFault(message, detail={"plugin": plugin})


def _slow(plugin: str) -> PluginSlow:
    from core.i18n import _

    message = _("The extension “%(plugin)s” took too long with this page. Everything else works.", plugin=plugin)
    if _writes():
        message = _(
            "The extension “%(plugin)s” took too long. Look whether your change is there before you send it again.",
            plugin=plugin,
        )
    return PluginSlow(message, detail={"plugin": plugin})


def _writes() -> bool:
    from flask import request

    return request.method not in ("GET", "HEAD", "OPTIONS")


def spec_names(module: Any) -> list[str]:
    """The hooks that a module declares."""
    return [name for name, value in vars(module).items() if hasattr(value, "zhian_spec")]


def wanted_type(spec: Any) -> str:
    """The name of what a `register_*` hook gives a list of, from its annotation; empty where it cannot be told."""
    text = str(inspect.signature(spec.function).return_annotation) if spec else ""
    inner = text[text.find("[") + 1 : text.rfind("]")] if text.startswith("list[") else ""
    return inner.rsplit(".", 1)[-1] if "[" not in inner else ""


def fits(item: Any, wanted: str) -> bool:
    """Whether an item is of the class of that name, or of one below it."""
    return not wanted or wanted == "Any" or any(c.__name__ == wanted for c in type(item).__mro__)
