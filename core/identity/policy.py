"""What a password must be: two profiles. Pure rules; who the person is and what is stored comes from the caller."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import timedelta
from functools import cache
from pathlib import Path

from flask import current_app, has_app_context

from core.i18n import gettext, ngettext

DATA = Path(__file__).parent / "data"
LONGEST = 256
RUNS = ("01234567890123456789", "abcdefghijklmnopqrstuvwxyz", "qwertyuiop", "asdfghjkl", "zxcvbnm", "1qaz2wsx3edc4rfv")
LEET = str.maketrans("@4301!5$7", "aaeoiisst")
CLASSES = (r"[a-z]", r"[A-Z]", r"[0-9]", r"[^a-zA-Z0-9]")


@dataclass(frozen=True)
class Policy:
    """A profile. `classes`: how many of the four kinds of characters; `days`: how long a password holds, 0 for ever.

    `rests`: minutes of rest after the fifth, sixth, … wrong try; the last one holds from there on. `may_stay`: whether
    a sign-in may outlive the rest of `idle_minutes` (0: the deployment's own setting).
    """

    name: str
    length: int
    classes: int
    days: int
    history: int
    lock_after: int
    rests: tuple[int, ...]
    idle_minutes: int
    may_stay: bool

    @property
    def life(self) -> timedelta | None:
        """How long a password holds; None for ever."""
        return timedelta(days=self.days) if self.days else None


MODERN = Policy("modern", 10, 0, 0, 0, 5, (1, 2, 5, 15), 0, may_stay=True)
"""NIST SP 800-63B-4, 3.1.1.2: length and a list of what is known; no kinds of characters, no rotation."""

MLPS = Policy("mlps", 10, 3, 90, 5, 5, (15,), 30, may_stay=False)
"""GB/T 22239-2019, 8.1.4.1, as assessors of 等保 ask for it: complexity, rotation, history, rest after failures."""

POLICIES = {policy.name: policy for policy in (MODERN, MLPS)}


def current_policy() -> Policy:
    """The profile of the active deployment."""
    return POLICIES[current_app.config["ZHIAN"].identity.policy] if has_app_context() else MODERN


def password_rules() -> str:
    """One line that stands under the field of a new password."""
    policy = current_policy()
    if not policy.classes:
        return gettext("At least %(n)s characters; a sentence is fine.", n=policy.length)
    return gettext(
        "At least %(n)s characters, of three kinds: small and capital letters, digits, signs. It holds %(days)s days.",
        n=policy.length,
        days=policy.days,
    )


def fault(password: str, policy: Policy, own: Iterable[str] = ()) -> tuple[str, str] | None:
    """(code, text) of what is wrong with a new password, or None. `own` are words of the person and of the house."""
    if len(password) < policy.length:
        return "too_short", gettext("Use at least %(n)s characters.", n=policy.length)
    if len(password) > LONGEST:
        return "too_long", gettext("Use at most %(n)s characters.", n=LONGEST)
    if policy.classes and sum(bool(re.search(kind, password)) for kind in CLASSES) < policy.classes:
        return "too_plain", gettext("Use three of these: small letters, capital letters, digits, signs.")
    plain = password.casefold()
    if word := next((w for w in own if len(w) >= 2 and w.casefold() in plain), None):
        return "too_easy", gettext("Leave out “%(word)s”: names are tried first.", word=word)
    if is_common(plain):
        return "common", gettext("This password stands on lists that attackers try first. Choose another one.")
    return None


def is_common(plain: str) -> bool:
    """Whether a password in lower case is one of the first to be tried, as it is or dressed up."""
    if len(set(plain)) < 5 or _is_run(plain) or _is_repeated(plain) or (plain.isdigit() and len(plain) < 16):
        return True  # digits alone are a telephone number, a birthday or a date
    known = common_passwords()
    core = re.sub(r"^[\W\d_]+|[\W\d_]+$", "", plain)
    dressed = {plain, plain.translate(LEET), plain[::-1]}
    if len(plain) - len(core) <= 6:  # a year, a telephone extension, a few signs
        dressed |= {core, core.translate(LEET)} if len(core) >= 5 else set()
    return not known.isdisjoint(dressed) or _is_pair(plain, known)


def _is_pair(plain: str, known: frozenset[str]) -> bool:
    """Two known ones, one after the other."""
    return any(plain[:at] in known and plain[at:] in known for at in range(5, len(plain) - 4))


def _is_run(plain: str) -> bool:
    """Nothing but neighbours on the keyboard, in the alphabet or among the digits."""
    rows = [*RUNS, *(row[::-1] for row in RUNS)]
    left = plain
    while left:
        size = next((n for n in range(len(left), 2, -1) if any(left[:n] in row for row in rows)), 0)
        if not size:
            return False
        left = left[size:]
    return True


def _is_repeated(plain: str) -> bool:
    """A short piece again and again."""
    return any(plain == (plain[:n] * len(plain))[: len(plain)] for n in range(1, len(plain) // 2 + 1) if n <= 6)


@cache
def common_passwords() -> frozenset[str]:
    """Some 30,000 of them in lower case; where they come from stands in `data/README.md`."""
    files = (DATA / "common-passwords.txt", DATA / "common-passwords-zh.txt")
    return frozenset(line.casefold() for file in files for line in file.read_text("utf-8").split("\n") if line)


def lines_of(policy: Policy) -> list[tuple[str, str]]:
    """The profile as rows of a page: what, and how it is."""
    never = gettext("no")
    kinds = gettext("three of four") if policy.classes else gettext("any")
    days = (
        ngettext("every %(n)s day", "every %(n)s days", policy.days) if policy.days else gettext("only when asked for")
    )
    rests = gettext(", ").join(gettext("%(n)s min", n=n) for n in policy.rests)
    return [
        (gettext("Length"), gettext("%(n)s characters or more", n=policy.length)),
        (gettext("Kinds of characters"), kinds),
        (gettext("Change of the password"), days),
        (gettext("Earlier passwords refused"), str(policy.history) if policy.history else never),
        (
            gettext("Known passwords refused"),
            gettext("%(n)s from published breaches, names of the person and of the agency", n=len(common_passwords())),
        ),
        (
            gettext("After wrong tries"),
            gettext("the account rests from the %(n)s. on: %(rests)s", n=policy.lock_after, rests=rests),
        ),
    ]
