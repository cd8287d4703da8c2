"""Templates as markup: the one place that trusts what a template made, because templates escape by themselves."""

from __future__ import annotations

from typing import Any

from flask import render_template
from markupsafe import Markup


def part(template: str, /, **context: Any) -> Markup:
    """A rendered template, to be put into another one."""
    return Markup(render_template(template, **context))  # noqa: S704 - a template escapes by itself


def joined(pieces: list[str]) -> Markup:
    """Pieces that are markup already, put together."""
    return Markup("\n".join(pieces))  # noqa: S704 - each piece was escaped when it was made
