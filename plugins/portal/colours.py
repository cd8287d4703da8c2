"""The agency's colour: read, checked for contrast, and written as a stylesheet. Pure; WCAG 2.2 relative luminance."""

from __future__ import annotations

import re

from core import _

DEFAULT = "#1f5c4d"
LEAST = 4.5
"""The least contrast of the ink on the colour, WCAG AA for text."""
_HEX = re.compile(r"#?([0-9a-fA-F]{6})")


def checked(value: str) -> str:
    """`#rrggbb` in lower case; raises `ValueError` when it is no colour or text on it could not be read."""
    found = _HEX.fullmatch(value.strip())
    if found is None:
        raise ValueError(_("Write the colour as six hexadecimal digits, for example #1f5c4d."))
    colour = f"#{found[1].lower()}"
    if contrast(colour, "#ffffff") < LEAST:
        raise ValueError(
            _(
                "White text on this colour has a contrast of %(n)s; 4.5 is the least. Choose a darker one.",
                n=f"{contrast(colour, '#ffffff'):.1f}",
            )
        )
    return colour


def luminance(colour: str) -> float:
    """Relative luminance of `#rrggbb`, from 0 to 1."""
    parts = [int(colour[at : at + 2], 16) / 255 for at in (1, 3, 5)]
    red, green, blue = (p / 12.92 if p <= 0.03928 else ((p + 0.055) / 1.055) ** 2.4 for p in parts)
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


def contrast(one: str, other: str) -> float:
    """Contrast ratio of two colours, from 1 to 21."""
    low, high = sorted((luminance(one), luminance(other)))
    return (high + 0.05) / (low + 0.05)


def stylesheet(colour: str) -> str:
    """The two custom properties from which the portal's look follows; `colour` was checked."""
    return f'[data-realm="portal"]{{--z-brand:{checked(colour)};--z-on-brand:#ffffff}}\n'
