"""Files in a plugin's own format, read once in a child with hard limits and kept as JSON, which imports read.

`python -m core.importing.convert MODULE FUNCTION FILE OUT` is that child.
"""

from __future__ import annotations

import importlib
import os
import subprocess
import sys
from collections.abc import Mapping
from datetime import date, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

import orjson

from core.contributions import ImportFormat
from core.errors import ZhianError
from core.i18n import _
from core.settings import ROOT

SECONDS = 60
MEMORY_MB = 512


class FormatRefused(ZhianError):
    """A file in a plugin's format that cannot be read (422)."""

    code = "unreadable"
    status = 422


def converted(path: Path, suffix: str, formats: Mapping[str, ImportFormat]) -> tuple[Path, str]:
    """The file to read and its ending: the file itself, or what a plugin's format made of it."""
    found = formats.get(suffix.lower())
    if found is None:
        return path, suffix
    made = path.with_name(f"{path.name}.json")
    if not made.exists():
        _convert(found.rows, path, made)
    return made, ".json"


def _convert(rows: Any, path: Path, made: Path) -> None:
    fresh = made.with_name(f".{made.name}.{os.getpid()}")
    line = [sys.executable, "-P", "-m", __name__, rows.__module__, rows.__qualname__, str(path), str(fresh)]
    paths = os.pathsep.join([str(ROOT), *filter(None, sys.path)])
    bare = {"PATH": os.environ.get("PATH", ""), "LANG": "C.UTF-8", "PYTHONPATH": paths}  # none of our secrets
    try:
        done = subprocess.run(line, capture_output=True, text=True, timeout=SECONDS, check=False, env=bare)
    except subprocess.TimeoutExpired:
        fresh.unlink(missing_ok=True)
        raise FormatRefused(_("Reading the file took too long and was stopped."), code="time") from None
    if done.returncode:
        fresh.unlink(missing_ok=True)
        said = done.stderr.strip().splitlines()[-1] if done.returncode == 2 and done.stderr.strip() else ""
        raise FormatRefused(said or _("The file could not be read: the reader gave up on it."))
    fresh.replace(made)


def main(module: str, name: str, source: str, out: str) -> int:
    """Write the rows as a JSON array; 2 and its words on stderr when the reader refuses the file."""
    from core.hooks.limits import limit_memory

    rows: Any = importlib.import_module(module)
    for part in name.split("."):
        rows = getattr(rows, part)
    limit_memory(MEMORY_MB)
    try:
        found = list(rows(Path(source)))
    except ValueError as refusal:
        sys.stderr.write(f"{refusal}\n")
        return 2
    Path(out).write_bytes(orjson.dumps(found, default=_plain))
    return 0


def _plain(value: Any) -> str:
    if isinstance(value, (date, datetime, Decimal)):
        return str(value)
    raise TypeError(f"a cell holds {type(value).__name__}")


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:5]))
