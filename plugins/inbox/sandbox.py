"""The template language of mails: names, filters, conditions and loops over what the mail is about. No code, no calls.

Values are texts, numbers, lists and dictionaries; nothing else can be reached, and what comes out is bounded.
"""

from __future__ import annotations

from typing import Any

from jinja2 import ChainableUndefined, TemplateError, TemplateSyntaxError, Undefined, nodes
from jinja2.exceptions import SecurityError
from jinja2.filters import FILTERS
from jinja2.sandbox import ImmutableSandboxedEnvironment

from core import _, gettext

MOST = 200_000
"""Characters of one filled template."""
DEEP = 2
"""Loops inside each other."""
ALLOWED = "default e escape first join last length lower trim truncate upper urlize".split()  # noqa: SIM905
FORBIDDEN = (nodes.Call, nodes.CallBlock, nodes.Include, nodes.Import, nodes.FromImport, nodes.Extends, nodes.Macro)
FORBIDDEN += (nodes.Mul, nodes.Pow, nodes.Mod, nodes.Add, nodes.Concat, nodes.ScopedEvalContextModifier)


class Faulty(Exception):
    """A template that cannot be filled; the text says why, with the line."""


class Sandbox(ImmutableSandboxedEnvironment):
    """Attributes exist on dictionaries alone; there are no globals and nothing can be called."""

    def __init__(self, *, html: bool) -> None:
        super().__init__(autoescape=html, undefined=ChainableUndefined, trim_blocks=True, lstrip_blocks=True)
        self.globals = {}
        self.filters = {name: FILTERS[name] for name in ALLOWED}

    def getattr(self, obj: Any, attribute: str) -> Any:
        """Keys of dictionaries."""
        return self.getitem(obj, attribute)

    def getitem(self, obj: Any, argument: Any) -> Any:
        """Keys of dictionaries, places of lists."""
        if isinstance(obj, Undefined) or obj is None:
            return self.undefined(name=str(argument))
        if isinstance(obj, dict):
            return obj[argument] if argument in obj else self.undefined(obj=obj, name=argument)
        if isinstance(obj, (list, tuple)) and isinstance(argument, int):
            return obj[argument] if -len(obj) <= argument < len(obj) else self.undefined(name=str(argument))
        raise SecurityError(f"{argument}: only what the mail is about can be named")


def check(source: str, *, html: bool = False) -> None:
    """Raises `ValueError` that tells the line and what is wrong there."""
    try:
        tree = Sandbox(html=html).parse(source)
    except TemplateSyntaxError as fault:
        raise ValueError(_("Line %(n)s: %(what)s", n=fault.lineno, what=fault.message)) from None
    for node in tree.find_all(FORBIDDEN):
        raise ValueError(_("Line %(n)s: mails know names, filters, conditions and loops only.", n=node.lineno))
    for node in tree.find_all(nodes.Filter):
        if node.name not in ALLOWED:
            raise ValueError(_("Line %(n)s: there is no filter %(what)s.", n=node.lineno, what=node.name))
    if _depth(tree) > DEEP:
        raise ValueError(_("A loop may hold one more loop, and no further one."))


def _depth(node: nodes.Node) -> int:
    below = max((_depth(child) for child in node.iter_child_nodes()), default=0)
    return below + isinstance(node, nodes.For)


def fill(source: str, values: dict[str, Any], *, html: bool = False) -> str:
    """The filled template; raises `Faulty`."""
    try:
        check(source, html=html)
        parts, size = [], 0
        for part in Sandbox(html=html).from_string(source).generate(values):
            size += len(part)
            if size > MOST:
                raise Faulty(gettext("The mail becomes too long."))
            parts.append(part)
        return "".join(parts)
    except ValueError as fault:
        raise Faulty(str(fault)) from None
    except (TemplateError, TypeError, ArithmeticError, LookupError, RecursionError) as fault:
        raise Faulty(f"{type(fault).__name__}: {fault}"[:300]) from None
