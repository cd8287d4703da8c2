"""Cleans what cells hold: full-width letters, odd spaces, lost characters, several values in one."""

import re
import unicodedata
from typing import Any

_INVISIBLE = dict.fromkeys([0x200B, 0x200C, 0x200D, 0x2060, 0xFEFF, 0x00AD], None)
_SPACES = re.compile(r"[\s\u00a0\u2000-\u200a\u202f\u205f\u3000]+")
_CONTROL = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f]")
_SEPARATOR = re.compile(r"[;；\n\r\t|]")
_ENUMERATION = re.compile(r"[;；、\n\r\t|,，]")
_LOST_SPACE = re.compile(r"^(?:\?\?)+")
_SPREADSHEET_ESCAPE = re.compile(r"_x([0-9A-Fa-f]{4})_")
LOST = "\ufffd"


_ODD = "\\x00-\\x1f\\x7f\\u00a0\\u00ad\\u2000-\\u200d\\u202f\\u205f\\u2060\\u3000\\ufeff_"
_PLAIN = re.compile(rf"[^\s{_ODD}](?:[^\s{_ODD}]| (?! ))*")


def tidy(value: Any, *, lines: bool = False) -> str:
    """The text of a cell without invisible characters and with single spaces; line breaks stay where `lines` is set."""
    if isinstance(value, str) and _PLAIN.fullmatch(value) and not value.endswith(" "):
        return value
    text = _SPREADSHEET_ESCAPE.sub(lambda match: chr(int(match[1], 16)), as_text(value)).translate(_INVISIBLE)
    text = _CONTROL.sub("", text.replace("\r\n", "\n"))
    if lines:
        return "\n".join(_SPACES.sub(" ", line).strip() for line in text.split("\n")).strip()
    return _SPACES.sub(" ", text).strip()


def as_text(value: Any) -> str:
    """A cell as the text a person sees: whole floats without a point, days as ISO, several values joined by `;`."""
    if value is None:
        return ""
    if isinstance(value, list):
        return ";".join(as_text(part) for part in value if part is not None)
    if isinstance(value, float) and value.is_integer() and abs(value) < 1e15:
        return str(int(value))
    return value.isoformat() if hasattr(value, "isoformat") else str(value)


def half_width(text: str) -> str:
    """Full-width letters, digits and punctuation as their ASCII forms (NFKC), for codes, numbers and dates."""
    return unicodedata.normalize("NFKC", text)


def split_names(value: Any) -> list[str]:
    """Names in one cell, apart at `;`, `；`, line breaks and tabs. A comma belongs to the name it stands in.

    An enumeration comma (、) is a separator only between short names of natural persons.
    """
    parts = value if isinstance(value, list) else _SEPARATOR.split(as_text(value))
    names = [name for part in parts if (name := _LOST_SPACE.sub("", tidy(part)).strip())]
    if len(names) == 1 and "、" in names[0] and all(2 <= len(part) <= 4 for part in names[0].split("、")):
        names = [part.strip() for part in names[0].split("、")]
    return list(dict.fromkeys(names))


def split_values(value: Any) -> list[str]:
    """Codes or words in one cell, apart at any of `;；、,，` and line breaks."""
    parts = value if isinstance(value, list) else _ENUMERATION.split(as_text(value))
    return list(dict.fromkeys(cleaned for part in parts if (cleaned := _LOST_SPACE.sub("", tidy(part)).strip())))


def fold_name(name: str) -> str:
    """A party's name in the form in which two are compared: half-width, lower case, without spaces."""
    return _SPACES.sub("", half_width(name)).casefold().replace("（", "(").replace("）", ")")
