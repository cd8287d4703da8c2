"""What was typed as an expression over pieces, and that expression in the language of each database."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from core.search.pinyin import initials_asked, syllables_asked
from core.search.words import (
    BACKWARD,
    BETWEEN,
    FORWARD,
    KIND_LAST,
    LETTERS_FIRST,
    LONGEST_NUMBER,
    LONGEST_WORD,
    is_number,
    normal,
    pairs,
    parts,
)

MOST_WORDS = 6
SHORT = 3
"""Of fewer digits not the beginnings are looked for, which would be those of every other number."""
LONGEST = 100


@dataclass(frozen=True)
class Piece:
    """One or several pieces that follow each other; with `begins` the last one is only a beginning."""

    pieces: tuple[str, ...]
    begins: bool = False


@dataclass(frozen=True)
class Both:
    """All of these."""

    of: tuple[Asked, ...]


@dataclass(frozen=True)
class Either:
    """One of these."""

    of: tuple[Asked, ...]


Asked = Piece | Both | Either


@dataclass(frozen=True)
class Word:
    """A word as it was typed, what it asks for, and whether the index knows all texts that hold it."""

    text: str
    asked: Asked
    complete: bool


def words_of(text: str) -> list[Word]:
    """The words of a query, each of which must be found; digits that are spaced out may be one number."""
    plain = normal(text[:LONGEST])
    joined = BETWEEN.sub("", plain)
    spaced = " " in plain.strip() and joined and not any(k == "run" for k, _p in parts(plain))
    if spaced and sum(c.isdigit() for c in joined) >= 5 and sum(c.isalpha() for c in joined) <= 4:
        return [Word(plain, Either((Both(tuple(w.asked for w in _each(plain))), _number(joined))), complete=False)]
    return _each(plain)


def _each(plain: str) -> list[Word]:
    return [word for chunk in plain.split()[:MOST_WORDS] if (word := _word(chunk)) is not None]


def _word(chunk: str) -> Word | None:
    found = list(parts(chunk))
    if not found:
        return None
    asked = [_run(part) if kind == "run" else _letters(part) for kind, part in found]
    whole: Asked = asked[0] if len(asked) == 1 else Both(tuple(asked))
    compact = BETWEEN.sub("", chunk)[:LONGEST_NUMBER]
    if len(asked) > 1 and all(kind == "word" for kind, _part in found):
        whole = Either((whole, _number(compact))) if is_number(compact) else whole
    complete = len(found) == 1 and found[0][0] == "run" and len(found[0][1]) > 1 and found[0][1] == chunk
    return Word(chunk, whole, complete)


def _run(run: str) -> Asked:
    """Chinese characters that stand together."""
    return Piece((run,), begins=True) if len(run) == 1 else Piece(tuple(pairs(run)[:-1]))


def _letters(word: str) -> Asked:
    """The beginning of a word or of a number, the end of a number, initials, pinyin."""
    ways: list[Asked] = [Piece((word[:LONGEST_WORD],), begins=not (word.isdigit() and len(word) < SHORT))]
    if is_number(word):
        ways += _number(word).of
    sound = word.replace("ü", "v")
    if len(sound) > 1 and sound.isascii() and sound.isalpha():
        ways.append(_all(initials_asked(sound)))
        ways += [_all(pieces) for pieces in syllables_asked(sound)]
    ways = list(dict.fromkeys(ways))
    return ways[0] if len(ways) == 1 else Either(tuple(ways))


def _all(pieces: list[str]) -> Asked:
    """All of these, of the last one the beginning."""
    asked = [*(Piece((p,)) for p in pieces[:-1]), Piece((pieces[-1],), begins=True)]
    return asked[0] if len(asked) == 1 else Both(tuple(asked))


def _number(compact: str) -> Either:
    """The beginning of a number, with or without its letters, or its last characters."""
    forms = dict.fromkeys((compact, LETTERS_FIRST.sub("", compact), KIND_LAST.sub("", LETTERS_FIRST.sub("", compact))))
    ways = [Piece((FORWARD + form,), begins=len(form) >= SHORT) for form in forms]
    ways += [Piece((BACKWARD + compact[::-1],), begins=True)] if len(compact) > 2 else []
    return Either(tuple(ways))


def in_fts5(asked: Asked, codes: Iterable[str]) -> str:
    """For SQLite: in the parts of these codes."""
    return " OR ".join(f"({_fts5(asked, code)})" for code in codes)


def _fts5(asked: Asked, code: str) -> str:
    if isinstance(asked, Piece):
        phrase = " ".join(code + piece for piece in asked.pieces)
        return f'"{phrase}" *' if asked.begins else f'"{phrase}"'
    sign = " AND " if isinstance(asked, Both) else " OR "
    return "(" + sign.join(_fts5(part, code) for part in asked.of) + ")"


def in_tsquery(asked: Asked, codes: Iterable[str]) -> str:
    """The same for PostgreSQL."""
    return " | ".join(f"({_tsquery(asked, code)})" for code in codes)


def _tsquery(asked: Asked, code: str) -> str:
    if isinstance(asked, Piece):
        ends = ":*" if asked.begins else ""
        phrase = [f"'{code}{piece}'" for piece in asked.pieces]
        return "(" + " <-> ".join([*phrase[:-1], phrase[-1] + ends]) + ")"
    sign = " & " if isinstance(asked, Both) else " | "
    return "(" + sign.join(_tsquery(part, code) for part in asked.of) + ")"
