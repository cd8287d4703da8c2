"""The template language: Jinja in a sandbox that knows dictionaries, lists and texts, and no methods of anything."""

from __future__ import annotations

import signal
import sys
import traceback
from collections.abc import Iterator
from contextlib import contextmanager
from decimal import Decimal
from typing import Any

from jinja2 import ChainableUndefined, DictLoader, TemplateError, TemplateSyntaxError, Undefined
from jinja2.environment import TemplateModule
from jinja2.exceptions import SecurityError
from jinja2.runtime import BlockReference, LoopContext, Macro, TemplateReference
from jinja2.sandbox import ImmutableSandboxedEnvironment

from plugins.documents.press import filters, limits

LETTER = "letter"
MOST_REPEATED = 10_000
TESTS = (
    "boolean",
    "defined",
    "divisibleby",
    "eq",
    "even",
    "false",
    "ge",
    "gt",
    "in",
    "iterable",
    "le",
    "lt",
    "mapping",
)
TESTS += (
    "ne",
    "none",
    "number",
    "odd",
    "sequence",
    "string",
    "true",
    "undefined",
    "equalto",
    "greaterthan",
    "lessthan",
)


class Faulty(Exception):
    """The template cannot be filled; `code` names the failure, `line` its place in the letter."""

    def __init__(self, code: str, message: str, line: int | None = None) -> None:
        super().__init__(message)
        self.code, self.message, self.line = code, message, line


class Missing(ChainableUndefined):
    """A name that the data do not have: prints — and is told as unknown."""

    def __str__(self) -> str:
        _told(self)
        return filters.EMPTY

    __html__ = __str__


_unknown: list[str] = []


def _told(missing: Undefined) -> None:
    name = str(missing._undefined_name or "")
    if name and name not in _unknown:
        _unknown.append(name)


class Sandbox(ImmutableSandboxedEnvironment):
    """Attributes exist on dictionaries alone; callables are macros, blocks and a bounded range."""

    intercepted_binops = frozenset({"*", "**", "%", "+"})

    def __init__(self, sources: dict[str, str], language: str) -> None:
        super().__init__(
            loader=DictLoader(sources),
            autoescape=True,
            undefined=Missing,
            finalize=lambda value: filters.EMPTY if value is None else value,
            trim_blocks=True,
            lstrip_blocks=True,
        )
        self.needed: list[str] = []
        self.filters = filters.whitelist()
        self.tests = {name: self.tests[name] for name in TESTS}
        self.globals = {"range": _range, "language": language}

    def getattr(self, obj: Any, attribute: str) -> Any:
        """Only what the data name."""
        if isinstance(obj, (dict, Undefined)):
            return self.getitem(obj, attribute)
        if isinstance(obj, (LoopContext, TemplateModule, TemplateReference)) and not attribute.startswith("_"):
            return super().getattr(obj, attribute)
        raise SecurityError(f"“{attribute}” of a {type(obj).__name__} cannot be used in a template")

    def getitem(self, obj: Any, argument: Any) -> Any:
        """Keys of dictionaries, places of lists and texts."""
        if isinstance(obj, dict):
            return obj[argument] if argument in obj else self.undefined(obj=obj, name=argument)
        if isinstance(obj, Undefined):
            return obj
        if isinstance(obj, (list, tuple, str)) and isinstance(argument, (int, slice)):
            try:
                return obj[argument]
            except IndexError:
                return self.undefined(obj=obj, name=str(argument))
        if obj is None:
            return None
        raise SecurityError(f"“{argument}” of a {type(obj).__name__} cannot be used in a template")

    def is_safe_callable(self, obj: Any) -> bool:
        """Macros, blocks, the range."""
        owner = getattr(obj, "__self__", None)
        return obj is _range or isinstance(obj, (Macro, BlockReference, LoopContext)) or isinstance(owner, LoopContext)

    def call_binop(self, context: Any, operator: str, left: Any, right: Any) -> Any:
        """Sums and products of figures; texts are neither multiplied nor filled in."""
        if operator == "+" and isinstance(left, (str, list)):
            return super().call_binop(context, operator, left, right)
        if isinstance(left, Undefined) or isinstance(right, Undefined):
            return self.undefined(name="figure")
        for value in (left, right):
            if not isinstance(value, (int, float, Decimal)) or abs(value) > 10**15:
                raise SecurityError(f"“{operator}” works on figures alone, and on small ones")
        if operator == "**" and abs(right) > 8:
            raise SecurityError("powers beyond 8 are not for letters")
        return super().call_binop(context, operator, left, right)


def _range(*arguments: int) -> range:
    found = range(*arguments)
    if len(found) > MOST_REPEATED:
        raise SecurityError(f"a range has at most {MOST_REPEATED} steps")
    return found


def fill(sources: dict[str, str], data: dict[str, Any], language: str) -> tuple[str, list[str], list[str]]:
    """The letter as HTML, the labels of required fields that are empty, and the names that the data do not know.

    Raises `Faulty`.
    """
    _unknown.clear()
    sandbox = Sandbox(sources, language)
    try:
        with _at_most(limits.TEMPLATE_SECONDS):
            html = _joined(sandbox.get_template(LETTER).generate(data))
    except Faulty:
        raise
    except TemplateSyntaxError as fault:
        raise Faulty("template_syntax", f"{fault.message} ({fault.name})", fault.lineno) from None
    except SecurityError as fault:
        raise Faulty("template_forbidden", str(fault), _line(fault)) from None
    except (MemoryError, RecursionError):
        raise Faulty("too_large", "the template makes more than a letter holds") from None
    except (TemplateError, TypeError, ValueError, ArithmeticError, LookupError, AttributeError) as fault:
        raise Faulty("template_error", f"{type(fault).__name__}: {fault}"[:400], _line(fault)) from None
    return html, list(dict.fromkeys(sandbox.needed)), list(_unknown)


def _joined(parts: Iterator[str]) -> str:
    found, size = [], 0
    for part in parts:
        size += len(part)
        if size > limits.MAX_HTML_CHARS:
            raise Faulty("too_large", f"more than {limits.MAX_HTML_CHARS:,} characters")
        found.append(part)
    return "".join(found)


def _line(fault: BaseException) -> int | None:
    """The line of the letter on which it happened."""
    frames = [f for f in traceback.extract_tb(fault.__traceback__) if f.filename in ("<template>", LETTER)]
    return frames[-1].lineno if frames else None


@contextmanager
def _at_most(seconds: int) -> Iterator[None]:
    def over(*_: Any) -> None:
        raise Faulty("too_long", f"filling the template took more than {seconds} s")

    sys.setrecursionlimit(2000)
    before = signal.signal(signal.SIGALRM, over)
    signal.setitimer(signal.ITIMER_REAL, seconds)
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, before)
