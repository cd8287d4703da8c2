"""Texts as pieces for the index, alike on both databases: pairs of Chinese characters, words, numbers both ways.

Pure functions. What a query makes of them is in `asking.py`.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator
from dataclasses import dataclass, field

from core.search.pinyin import sounds

FORWARD, BACKWARD = "º", "ª"
"""What a number and a number read from its end begin with; no text keeps such a character once it is normalised."""
CHINESE = "\u3005\u3007\u3040-\u30ff\u3400-\u4dbf\u4e00-\u9fff\uac00-\ud7af\uf900-\ufaff\U00020000-\U0003ffff"
PART = re.compile(rf"(?P<run>[{CHINESE}]+)|(?P<word>(?:(?![{CHINESE}])[^\W_])+)")
NUMBER = re.compile(r"[0-9a-z]+(?:[.\-/:–—]+[0-9a-z]+)*")
BETWEEN = re.compile(r"[^0-9a-z]+")
LETTERS_FIRST = re.compile(r"^[a-z]{1,4}(?=\d{4})")
KIND_LAST = re.compile(r"(?<=\d{6})[a-z]\d?$")
CHECK_LAST = re.compile(r"(?<=\d{6})\.[0-9a-z]$")
LONGEST_TEXT, LONGEST_WORD, LONGEST_NUMBER, SOUND_TEXT = 8000, 40, 40, 300
"""How much of one text is indexed, of one word, of one number; and of which first part the sound is indexed."""


def normal(text: str) -> str:
    """Full-width as half-width, capitals as small letters."""
    return unicodedata.normalize("NFKC", text).lower()


@dataclass
class Pieces:
    """The pieces of some texts: `runs` in the order of the text, for phrases; `loose` ones in any order."""

    runs: list[list[str]] = field(default_factory=list)
    loose: dict[str, None] = field(default_factory=dict)

    def add(self, text: str, *, number: bool = False) -> None:
        """Take in one text; all of it is one number where `number` says so."""
        plain = normal(text[:LONGEST_TEXT])
        for kind, part in parts(plain):
            if kind == "run":
                self.runs.append(pairs(part))
            else:
                self.loose[part[:LONGEST_WORD]] = None
        for part in PART.finditer(plain[:SOUND_TEXT]):
            if part["run"]:
                self.loose.update(dict.fromkeys(sounds(part["run"])))
        whole = [plain] if number and len(plain) <= LONGEST_NUMBER else []
        for chunk in (*whole, *NUMBER.findall(plain)):
            self.loose.update(dict.fromkeys(both_ways(chunk)))


def parts(plain: str) -> Iterator[tuple[str, str]]:
    """("run", Chinese characters) and ("word", letters and digits) of a normalised text, in order."""
    for found in PART.finditer(plain):
        yield (found.lastgroup or ""), found[0]


def pairs(run: str) -> list[str]:
    """Each two neighbours, then the last character alone: 北京堃 gives 北京, 京堃, 堃."""
    return [run[n : n + 2] for n in range(len(run))]


def is_number(compact: str) -> bool:
    """Whether a run of letters and digits is looked up as a number."""
    return len(compact) > 1 and any(c.isdigit() for c in compact)


def both_ways(chunk: str) -> Iterator[str]:
    """A number without separators, from either end, also without the letters before it and the check digit."""
    compact = BETWEEN.sub("", chunk)[:LONGEST_NUMBER]
    if not is_number(compact):
        return
    bare = LETTERS_FIRST.sub("", compact)
    yield from (FORWARD + form for form in dict.fromkeys((compact, bare)))
    unchecked = BETWEEN.sub("", CHECK_LAST.sub("", chunk))[:LONGEST_NUMBER]
    yield from (BACKWARD + form[::-1] for form in dict.fromkeys((compact, unchecked, KIND_LAST.sub("", compact))))
