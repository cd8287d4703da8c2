"""The parent's side of the printing child: starts it, asks it, kills it. Knows no database; the child no secrets."""

from __future__ import annotations

import contextlib
import json
import os
import select
import struct
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from types import TracebackType
from typing import Any
from xml.sax.saxutils import escape

import core

ROOT = Path(core.__file__).resolve().parent.parent
FONTS = ROOT / "core" / "web" / "static" / "vendor" / "fonts"
BOOT = "import sys; sys.path.insert(0, sys.argv.pop(1)); from plugins.documents.press.main import main; main()"
START_SECONDS = 30
QUEUE_SECONDS = 20
SECONDS = 30
GRACE = 5
AT_ONCE = threading.BoundedSemaphore(2)
"""So many children of one process print at the same time."""
_HEAD = struct.Struct(">Q")


@dataclass(frozen=True)
class Printed:
    """A PDF with what was told about it: labels of required fields that were empty, names the data do not know."""

    pdf: bytes
    xlsx: bytes
    pages: int
    seconds: float
    needed: list[str] = field(default_factory=list)
    unknown: list[str] = field(default_factory=list)
    lost: list[str] = field(default_factory=list)


class Unprintable(Exception):
    """A letter that could not be printed: a named `code`, a detail for people, and the template's line."""

    def __init__(self, code: str, message: str = "", line: int | None = None) -> None:
        super().__init__(f"{code}: {message}")
        self.code, self.message, self.line = code, message, line


class Press:
    """A printing child for as long as the `with` block lasts; each letter is printed in a fork of it."""

    def __init__(self, cache: Path, fonts: Path = FONTS) -> None:
        self.cache, self.fonts = cache, fonts
        self._child: subprocess.Popen[bytes] | None = None

    def __enter__(self) -> Press:
        if not AT_ONCE.acquire(timeout=QUEUE_SECONDS):
            raise Unprintable("busy", "too many letters are printed at once")
        return self

    def __exit__(self, *_: type[BaseException] | BaseException | TracebackType | None) -> None:
        self.stop()
        AT_ONCE.release()

    def print(self, request: dict[str, Any], seconds: int = SECONDS) -> Printed:
        """Print one letter. Raises `Unprintable`; the child lives on, or is started again at the next letter."""
        content = json.dumps(request | {"seconds": seconds}, ensure_ascii=False).encode()
        child = self._running()
        try:
            assert child.stdin is not None
            child.stdin.write(_HEAD.pack(len(content)) + content)
            child.stdin.flush()
        except OSError:
            self.stop()
            raise Unprintable("crashed", "the printer ended") from None
        header, pdf, xlsx = self._answer(child, seconds + GRACE)
        told = {name: header[name] for name in ("pages", "seconds", "needed", "unknown", "lost")}
        return Printed(pdf, xlsx, **told)

    def _running(self) -> subprocess.Popen[bytes]:
        if self._child is None or self._child.poll() is not None:
            if not list(self.fonts.glob("*.ttf")):
                raise Unprintable("no_font", str(self.fonts))
            self._child = subprocess.Popen(
                [sys.executable, "-I", "-c", BOOT, str(ROOT), str(self.fonts)],
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=subprocess.DEVNULL,
                env=self._environment(),
                cwd="/",
            )
            self._answer(self._child, START_SECONDS)
        return self._child

    def _environment(self) -> dict[str, str]:
        """Our fonts and no others, whatever this machine has: the same letter looks the same everywhere."""
        self.cache.mkdir(parents=True, exist_ok=True)
        own = self.cache / "fonts.conf"
        text = f"<dir>{escape(str(self.fonts))}</dir><cachedir>{escape(str(self.cache))}</cachedir>"
        fresh = self.cache / f"fonts.{os.getpid()}.{threading.get_ident()}"
        fresh.write_text(f'<?xml version="1.0"?><fontconfig>{text}</fontconfig>', "utf-8")
        fresh.replace(own)
        return {"PATH": os.environ.get("PATH", ""), "LANG": "C.UTF-8", "FONTCONFIG_FILE": str(own), "HOME": "/"}

    def _answer(self, child: subprocess.Popen[bytes], seconds: float) -> tuple[dict[str, Any], bytes, bytes]:
        until = time.monotonic() + seconds
        head = self._read(child, _HEAD.size, until)
        content = self._read(child, _HEAD.unpack(head)[0], until)
        line, _newline, rest = content.partition(b"\n")
        header = json.loads(line)
        if not header["ok"]:
            raise Unprintable(header["code"], header.get("message", ""), header.get("line"))
        lengths = header.get("parts") or [0, 0]
        pdf = lengths[0] if lengths else 0
        return header, rest[:pdf], rest[pdf:]

    def _read(self, child: subprocess.Popen[bytes], length: int, until: float) -> bytes:
        assert child.stdout is not None
        descriptor, parts = child.stdout.fileno(), []
        while length:
            ready, _w, _x = select.select([descriptor], [], [], max(0.0, until - time.monotonic()))
            part = os.read(descriptor, min(length, 1 << 20)) if ready else b""
            if not part:
                self.stop()
                raise Unprintable("crashed" if ready else "too_long", "the printer gave no answer")
            parts.append(part)
            length -= len(part)
        return b"".join(parts)

    def stop(self) -> None:
        """End the child, whatever it is doing."""
        child, self._child = self._child, None
        if child is None:
            return
        with contextlib.suppress(OSError):
            child.kill()
        child.wait()
        for pipe in (child.stdin, child.stdout):
            with contextlib.suppress(OSError):
                if pipe:
                    pipe.close()


@contextmanager
def press_of(data: Path) -> Iterator[Press]:
    """A press that keeps its font cache in the deployment's data folder."""
    with Press(data / "cache" / "fonts") as press:
        yield press
