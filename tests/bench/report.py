"""The results as a table for people and as JSON for scripts."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any


@dataclass(frozen=True)
class Line:
    """One thing that was measured: what, on which database, the figure to reach and whether it was reached."""

    database: str
    name: str
    figure: float
    unit: str
    target: str = ""
    ok: bool | None = None
    details: dict[str, Any] | None = None


def at_most(database: str, name: str, figure: float, unit: str, limit: float | None, **details: Any) -> Line:
    """A line that passes at or below `limit`."""
    if limit is None:
        return Line(database, name, figure, unit, details=details)
    return Line(database, name, figure, unit, f"<= {limit:g}", figure <= limit, details)


def at_least(database: str, name: str, figure: float, unit: str, limit: float, **details: Any) -> Line:
    """A line that passes at or above `limit`."""
    return Line(database, name, figure, unit, f">= {limit:g}", figure >= limit, details)


def table(lines: list[Line]) -> str:
    """Aligned columns; the figures of both servers behind the verdict."""
    rows = [("database", "what", "figure", "target", "", "p50 ms", "p95 ms", "req/s", "CPU ms", "bare CPU ms")]
    for line in lines:
        ours, bare = ((line.details or {}).get(name) or {} for name in ("ours", "bare"))
        verdict = {True: "pass", False: "FAIL", None: ""}[line.ok]
        figures = [ours.get(k, "") for k in ("p50", "p95", "rps", "cpu")]
        cells = (line.database, line.name, f"{line.figure:g} {line.unit}", line.target, verdict, *figures)
        rows.append((*(str(c) for c in cells), str(bare.get("cpu", ""))))
    widths = [max(_width(row[n]) for row in rows) for n in range(len(rows[0]))]
    return "\n".join("  ".join(_padded(c, w) for c, w in zip(row, widths, strict=True)).rstrip() for row in rows)


def _width(text: str) -> int:
    return sum(2 if ord(c) > 0x2E80 else 1 for c in text)


def _padded(text: str, width: int) -> str:
    return text + " " * (width - _width(text))


def write(lines: list[Line], file: Path, **facts: Any) -> None:
    """The whole result as JSON."""
    content = {**facts, "lines": [asdict(line) for line in lines]}
    file.write_text(json.dumps(content, ensure_ascii=False, indent=1), encoding="utf-8")
