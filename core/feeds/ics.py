"""Events as text of RFC 5545: whole days, escaped and folded. No database and no clock."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta

LINE = 75
"""Octets of a line; a longer one goes on in the next after a space (RFC 5545, 3.1)."""


@dataclass(frozen=True)
class DayEvent:
    """A day in a calendar. `changed` is when its record last changed, `version` counts its changes."""

    uid: str
    day: date
    title: str
    text: str
    url: str
    category: str
    changed: datetime
    version: int


def calendar(name: str, events: Iterable[DayEvent]) -> bytes:
    """The whole calendar. The same events give the same bytes."""
    lines = ["BEGIN:VCALENDAR", "VERSION:2.0", "PRODID:-//Zhian//Calendar//EN", "CALSCALE:GREGORIAN", "METHOD:PUBLISH"]
    lines += [f"NAME:{escaped(name)}", f"X-WR-CALNAME:{escaped(name)}"]
    lines += ["REFRESH-INTERVAL;VALUE=DURATION:PT1H", "X-PUBLISHED-TTL:PT1H"]
    for event in events:
        lines += _event(event)
    return b"".join(part for line in (*lines, "END:VCALENDAR") for part in folded(line))


def _event(event: DayEvent) -> list[str]:
    stamp = event.changed.astimezone(UTC).strftime("%Y%m%dT%H%M%SZ")
    return [
        "BEGIN:VEVENT",
        f"UID:{escaped(event.uid)}",
        f"DTSTAMP:{stamp}",
        f"LAST-MODIFIED:{stamp}",
        f"SEQUENCE:{event.version}",
        f"DTSTART;VALUE=DATE:{event.day:%Y%m%d}",
        f"DTEND;VALUE=DATE:{event.day + timedelta(days=1):%Y%m%d}",
        f"SUMMARY:{escaped(event.title)}",
        *([f"DESCRIPTION:{escaped(event.text)}"] if event.text else []),
        f"URL:{event.url}",
        f"CATEGORIES:{escaped(event.category)}",
        "TRANSP:TRANSPARENT",
        "END:VEVENT",
    ]


def escaped(text: str) -> str:
    """A text value (3.3.11); signs that control a terminal are left out."""
    lines = text.replace("\r\n", "\n").replace("\r", "\n")
    plain = "".join(c for c in lines if c == "\n" or (c >= " " and c != "\x7f"))
    return plain.replace("\\", "\\\\").replace(";", "\\;").replace(",", "\\,").replace("\n", "\\n")


def folded(line: str) -> Iterator[bytes]:
    """The line in pieces that end between characters."""
    piece, room = b"", LINE
    for character in line:
        octets = character.encode()
        if len(piece) + len(octets) > room:
            yield piece + b"\r\n"
            piece, room = b" ", LINE
        piece += octets
    yield piece + b"\r\n"
