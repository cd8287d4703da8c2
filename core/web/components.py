"""The small drawings that lists repeat hundreds of times, as fast Python. Larger parts are macros in templates/z/.

Every public `z_*` function is a global of all templates.
"""

# ruff: noqa: S704 - markup is made here, and every value that enters it goes through escape()

from __future__ import annotations

import re
from collections.abc import Sequence
from datetime import date, datetime
from functools import lru_cache
from pathlib import Path

from markupsafe import Markup, escape

from core.i18n import _, gettext
from core.web import format as fmt
from core.web.assets import asset

_MOONS = {
    "overdue": '<circle cx="8" cy="8" r="7" fill="currentColor"/>'
    '<path d="M8 4.3v4.4M8 11.3v.01" stroke="var(--z-surface)" stroke-width="1.9" stroke-linecap="round"/>',
    "today": '<circle cx="8" cy="8" r="6.2" fill="none" stroke="currentColor" stroke-width="1.6"/>'
    '<circle cx="8" cy="8" r="4" fill="currentColor"/>',
    "week": '<circle cx="8" cy="8" r="6.2" fill="none" stroke="currentColor" stroke-width="1.6"/>'
    '<path d="M8 4a4 4 0 0 1 0 8z" fill="currentColor"/>',
    "later": '<circle cx="8" cy="8" r="6.2" fill="none" stroke="currentColor" stroke-width="1.6"/>',
    "done": '<circle cx="8" cy="8" r="6.2" fill="none" stroke="currentColor" stroke-width="1.6"/>'
    '<path d="m5.2 8.2 2 2 3.7-4.2" fill="none" stroke="currentColor" stroke-width="1.6" '
    'stroke-linecap="round" stroke-linejoin="round"/>',
    "prov": '<circle cx="8" cy="8" r="6.2" fill="none" stroke="currentColor" stroke-width="1.6" '
    'stroke-dasharray="2.6 2.27"/><path d="M5.3 8.6c.9-1.3 1.8-1.3 2.7-.5s1.8.8 2.7-.5" fill="none" '
    'stroke="currentColor" stroke-width="1.4" stroke-linecap="round"/>',
}
_MOON_MARKUP = {
    level: f'<svg class="z-moon {level}" viewBox="0 0 16 16" aria-hidden="true">{body}</svg>'
    for level, body in _MOONS.items()
}
_SPOKEN = {
    "overdue": _("Overdue"),
    "today": _("Today"),
    "week": _("This week"),
    "later": _("Later"),
    "done": _("Done"),
    "prov": _("Provisional"),
}
TONES = ("accent", "done", "warn", "today", "danger", "plain", "open")
_GENERIC = re.compile(r"^\s*(?:一种|一種|一个|一個|用于|用於|基于|基於)+")
"""How most titles of inventions begin; it tells nothing."""
SEP = Markup('<i class="z-sep" aria-hidden="true">·</i>')


@lru_cache
def _sprite() -> frozenset[str]:
    sprite = (Path(__file__).parent / "static" / "icons.svg").read_text("utf-8")
    return frozenset(re.findall(r'<symbol id="([^"]+)"', sprite))


def z_icon(name: str | None, size: int = 16) -> Markup:
    """An icon of the sprite (`static/icons.svg`); sizes 14, 16, 18, 20. Beside words or inside a labelled button.

    A name that the sprite does not have is drawn as a plain file.
    """
    name = name if name in _sprite() else "file"
    extra = f" z-i-{size}" if size != 16 else ""
    return Markup(f'<svg class="z-i{extra}" aria-hidden="true"><use href="{asset("core", "icons.svg")}#{name}"/></svg>')


def z_moon(level: str) -> Markup:
    """The moon alone: `overdue today week later done prov`. Put words beside it."""
    return Markup(_MOON_MARKUP[level])


def z_due(
    day: date | datetime | None,
    *,
    note: str | None = None,
    done: bool = False,
    provisional: bool = False,
    level: str | None = None,
    what: str | None = None,
) -> Markup:
    """A date with its moon and, beneath, `what · note`; `note` defaults to the distance from today.

    `done` and `provisional` choose the moon; `level` overrides everything.
    """
    if day is None:
        return Markup('<span class="z-3 z-12">%s</span>') % (note or gettext("No open deadline"))
    if isinstance(day, datetime):
        day = fmt.local_day(day)
    level = level or ("done" if done else "prov" if provisional else fmt.urgency(day))
    if note is None:
        note = "" if done else fmt.distance(day)
    small = f"{escape(what)}{SEP if note else ''}{escape(note)}" if what else escape(note)
    spoken = escape(_SPOKEN[level])
    return Markup(
        f'<span class="z-due {level}">{_MOON_MARKUP[level]}<span><span class="z-sr">{spoken}: </span>'
        f'<time datetime="{day.isoformat()}">{fmt.day_short(day)}</time>'
        f"{f'<small>{small}</small>' if small else ''}</span></span>"
    )


def z_badge(label: object, tone: str | None = None, *, plain: bool = False) -> Markup:
    """A record's state: soft ground, dot, word. Tones: accent done warn today danger open; none is grey."""
    extra = f" is-{escape(tone)}" if tone else ""
    return Markup(f'<span class="z-badge{extra}{" is-plain" if plain else ""}">{escape(label)}</span>')


def z_tag(label: object, *, fatal: bool = False) -> Markup:
    """A property, outlined; `fatal` for 失权."""
    return Markup(f'<span class="z-tag{" is-fatal" if fatal else ""}">{escape(label)}</span>')


def z_tags(labels: Sequence[object]) -> Markup:
    """Several tags that wrap."""
    return Markup('<span class="z-tags">%s</span>') % Markup("").join(z_tag(x) for x in labels)


def tint(key: object) -> str:
    """One of five grounds, the same for the same person everywhere."""
    return ("", "b", "c", "d", "e")[sum(str(key).encode()) % 5]


def initial(name: object) -> str:
    """What stands in a picture's place: the last name of a Chinese person, the first letter of others."""
    text = _GENERIC.sub("", str(name or ""))
    return next((c for c in text if c.isalnum()), "?").upper()


def z_av(name: object, *, large: bool = False) -> Markup:
    """The round picture of a person; decoration beside the name."""
    size = " z-av-lg" if large else ""
    return Markup(f'<span class="z-av {tint(name)}{size}" aria-hidden="true">{escape(initial(name))}</span>')


def z_person(name: object) -> Markup:
    """Picture and name; an empty name shows as not set."""
    if not name:
        return Markup('<span class="z-3">%s</span>') % gettext("nobody")
    return Markup(f'<span class="z-row">{z_av(name)}<span class="z-nowrap">{escape(name)}</span></span>')


def z_no(number: object) -> Markup:
    """An issued number: tabular digits, never broken."""
    return Markup(f'<span class="z-no">{escape(number)}</span>')


def z_mark(text: object, src: str | None = None) -> Markup:
    """A trademark's picture on white paper, or its first character where there is no picture."""
    if src:
        return Markup(f'<span class="z-mark"><img src="{escape(src)}" alt="{escape(text)}" loading="lazy"></span>')
    return Markup(
        f'<span class="z-mark" aria-hidden="true"><svg viewBox="0 0 48 48"><text x="24" y="32" text-anchor="middle" '
        f'font-size="22" font-weight="600" fill="currentColor">{escape(initial(text))}</text></svg></span>'
    )


def z_dots(done: int, total: int, *, bad: bool = False) -> Markup:
    """How far a record is on its road: `done` of `total` short strokes, the last one red when it went wrong."""
    marks = ["on"] * done + [""] * max(0, total - done)
    if bad and done:
        marks[done - 1] = "bad"
    label = escape(gettext("step %(done)s of %(total)s", done=done, total=total))
    body = "".join(f'<i class="{m}"></i>' if m else "<i></i>" for m in marks)
    whole = " ok" if done >= total and not bad else ""
    return Markup(f'<span class="z-dots{whole}" role="img" aria-label="{label}">{body}</span>')
