"""Who is asked at a node, as short words: `role:reviewer@branch`, `user:s08`, `head:record`, `field:agent`."""

from __future__ import annotations

from dataclasses import dataclass

KINDS = ("role", "user", "head", "field", "starter", "decider", "manager")
REACHES = ("near", "department", "branch", "all")
"""Where people of a role are looked for; `near`: in the department, else in the branch, else everywhere."""


@dataclass(frozen=True)
class Token:
    """`kind` with its value; `each`: everybody found signs, else one of them does."""

    kind: str
    value: str = ""
    reach: str = "near"
    each: bool = False

    def __str__(self) -> str:
        reach = f"@{self.reach}" if self.kind == "role" and self.reach != "near" else ""
        value = f":{self.value}" if self.value else ""
        return f"{'each:' if self.each else ''}{self.kind}{value}{reach}"


def read_token(text: str) -> Token:
    """From its short word; raises `ValueError` when it means nothing."""
    rest = text.strip()
    each = rest.startswith("each:")
    kind, _colon, value = rest.removeprefix("each:").partition(":")
    value, _at, reach = value.partition("@") if kind == "role" else (value, "", "")
    needs_value = kind in ("role", "user", "field", "decider")
    if kind not in KINDS or (needs_value and not value) or (reach and reach not in REACHES):
        raise ValueError(text)
    return Token(kind, value or ("record" if kind == "head" else ""), reach or "near", each)
