"""Starts the parsing child and relays its lines; the parent stays alive whatever the file does to the child."""

import contextlib
import os
import select
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import orjson

from core.errors import ZhianError
from core.i18n import _

BOOT = "import sys; sys.path.append(sys.argv.pop(1)); from parsing.main import main; main()"
HERE = Path(__file__).resolve().parent
SILENCE_SECONDS = 60
MESSAGES = {
    "empty_file": _("The file is empty."),
    "too_large": _("The file is larger than 200 MB. Split it and import the parts."),
    "unknown_type": _("This kind of file cannot be read. Use .xlsx, .xls, .csv, .json or .xml."),
    "not_a_spreadsheet": _("The file is not a spreadsheet, whatever its name says. Save it again as .xlsx."),
    "type_mismatch": _("The content is not what the file's name says. Save it again with the right ending."),
    "not_text": _("The file holds binary data where text is expected."),
    "damaged": _("The file is damaged and cannot be read to its end. Open it and save it again."),
    "bomb": _("The file unpacks to far more than a spreadsheet holds and was refused."),
    "entities": _("The XML declares entities, which are refused. Save it without a document type."),
    "too_deep": _("The file is nested too deeply."),
    "too_many_columns": _("The sheet uses more than 1000 columns. Delete the stray cells on its right."),
    "too_many_rows": _("The sheet has more than 500,000 rows. Split it and import the parts."),
    "cell_too_long": _("A cell holds more than 200,000 characters."),
    "no_table": _("No table was found in the file: an array of objects or a repeated element is expected."),
    "no_header": _("No header row was found."),
    "no_sheet": _("The file has no such sheet."),
    "memory": _("Reading the file needs more memory than is allowed. Split it and import the parts."),
    "time": _("Reading the file took too long and was stopped."),
    "crashed": _("The file could not be read: the reader gave up on it."),
}


class FileRefused(ZhianError):
    """The file as a whole cannot be read (422); `code` is a key of `MESSAGES`."""

    code = "unreadable"
    status = 422

    def __init__(self, code: str, detail: str = "") -> None:
        super().__init__(
            MESSAGES.get(code, MESSAGES["damaged"]), code=code, detail={"detail": detail} if detail else None
        )


def parse(path: Path, *, suffix: str, mode: str, sheet: str = "") -> Iterator[Any]:
    """Yield the child's lines as objects; raise `FileRefused` when it gives up, dies or falls silent."""
    request = orjson.dumps({"path": str(path.resolve()), "suffix": suffix, "mode": mode, "sheet": sheet}).decode()
    child = subprocess.Popen(
        [sys.executable, "-I", "-c", BOOT, str(HERE), request],
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        env={"PATH": os.environ.get("PATH", ""), "LANG": "C.UTF-8"},
    )
    try:
        yield from _relay(child)
    finally:
        with contextlib.suppress(ProcessLookupError):
            child.kill()
        child.wait()
        if child.stdout:
            child.stdout.close()


def _relay(child: subprocess.Popen[bytes]) -> Iterator[Any]:
    for line in _lines(child):
        message = orjson.loads(line)
        if isinstance(message, dict) and "error" in message:
            raise FileRefused(message["error"], message.get("detail", ""))
        yield message
    code = child.wait()
    if code:
        raise FileRefused("time" if code in (-9, -24) else "crashed")


def _lines(child: subprocess.Popen[bytes]) -> Iterator[bytes]:
    """Whole lines of the child's output, giving up after a minute of silence."""
    assert child.stdout is not None
    descriptor, rest = child.stdout.fileno(), b""
    while True:
        ready, _w, _x = select.select([descriptor], [], [], SILENCE_SECONDS)
        if not ready:
            raise FileRefused("time")
        chunk = os.read(descriptor, 1 << 20)
        if not chunk:
            return
        *lines, rest = (rest + chunk).split(b"\n")
        yield from lines
