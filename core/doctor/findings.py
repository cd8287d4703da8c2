"""One finding of the doctor."""

from __future__ import annotations

from dataclasses import dataclass

MARKS = {0: "ok  ", 1: "note", 2: "BAD "}


@dataclass(frozen=True)
class Finding:
    """`level` 0 is fine, 1 should be known, 2 must be mended; `mend` says how."""

    level: int
    what: str
    mend: str = ""

    @property
    def mark(self) -> str:
        """Four letters for the margin."""
        return MARKS[self.level]


def fine(what: str) -> Finding:
    """All right."""
    return Finding(0, what)


def note(what: str, mend: str = "") -> Finding:
    """Works, but should be known."""
    return Finding(1, what, mend)


def bad(what: str, mend: str = "") -> Finding:
    """Must be mended."""
    return Finding(2, what, mend)
