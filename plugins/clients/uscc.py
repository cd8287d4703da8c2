"""The unified social credit code (GB 32100-2015): normalising, checking, and saying in words what is wrong with it."""

from __future__ import annotations

import re
import unicodedata

from stdnum.cn import uscc as standard

from core import _

ALPHABET = "0123456789ABCDEFGHJKLMNPQRTUWXY"
LENGTH = 18
CONFUSED = {"O": "0", "I": "1", "Z": "2", "S": "5"}
"""Letters that the alphabet leaves out because they are taken for digits."""


def normalise(text: str) -> str:
    """Upper case, half width, without spaces and hyphens."""
    return re.sub(r"[\s\-\u2010-\u2015\u00b7]+", "", unicodedata.normalize("NFKC", text)).upper()


def validate(text: str) -> str:
    """The code in its plain form; raises `ValueError` with the reason and the place in words."""
    code = normalise(text)
    for place, character in enumerate(code, 1):
        if character in CONFUSED:
            raise ValueError(
                _(
                    "Character %(place)s is the letter %(letter)s, use the digit %(digit)s.",
                    place=place,
                    letter=character,
                    digit=CONFUSED[character],
                )
            )
        if character not in ALPHABET:
            raise ValueError(
                _("Character %(place)s, “%(letter)s”, cannot stand in this code.", place=place, letter=character)
            )
    if len(code) != LENGTH:
        raise ValueError(_("The code has 18 characters, here are %(count)s.", count=len(code)))
    if not code[2:8].isdigit():
        raise ValueError(_("Characters 3 to 8 are the region and must be digits."))
    if standard.calc_check_digit(code[:-1]) != code[-1]:
        raise ValueError(_("The check character does not fit: one of the 18 characters is wrong."))
    return code


def is_valid(text: str) -> bool:
    """Whether `validate` accepts it."""
    try:
        return bool(validate(text))
    except ValueError:
        return False


def region_of(code: str) -> str:
    """The six digits of the region in which the body was registered; it may since have been abolished."""
    return code[2:8]
