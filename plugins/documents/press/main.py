"""The printing child: loads fonts once, then prints each request in a confined fork of itself. Talks over its pipes."""

from __future__ import annotations

import json
import os
import select
import signal
import struct
import sys
import time
from typing import Any, BinaryIO

from plugins.documents.press import limits
from plugins.documents.press.plain import decode
from plugins.documents.press.template import Faulty, fill

HEAD = struct.Struct(">Q")


def main() -> None:
    """Answer requests until the parent closes the pipe."""
    folder = sys.argv[1]
    answers = os.fdopen(os.dup(1), "wb")
    os.dup2(2, 1)
    try:
        from plugins.documents.press import paper

        paper.warm_up(folder)
    except Faulty as fault:
        send(answers, {"ok": False, "code": fault.code, "message": fault.message})
        return
    send(answers, {"ok": True})
    while (request := receive(sys.stdin.buffer)) is not None:
        send_raw(answers, in_fork(request, folder))


def send(stream: BinaryIO, header: dict[str, Any], *parts: bytes) -> None:
    """One message: a header with the lengths of the parts behind it."""
    send_raw(stream, message(header, *parts))


def send_raw(stream: BinaryIO, content: bytes) -> None:
    """Length and content."""
    stream.write(HEAD.pack(len(content)) + content)
    stream.flush()


def message(header: dict[str, Any], *parts: bytes) -> bytes:
    """Header line and parts as one content."""
    line = json.dumps(header | {"parts": [len(p) for p in parts]}, ensure_ascii=False).encode() + b"\n"
    return b"".join((line, *parts))


def receive(stream: BinaryIO) -> bytes | None:
    """The next content; None at the end."""
    head = stream.read(HEAD.size)
    return stream.read(HEAD.unpack(head)[0]) if len(head) == HEAD.size else None


def in_fork(request: bytes, folder: str) -> bytes:
    """The answer of a fork that may use so much and no more; what dies is told as a failure."""
    wall = json.loads(request)["seconds"]
    reading, writing = os.pipe()
    pid = os.fork()
    if pid == 0:
        os.close(reading)
        _one(request, folder, writing, wall)
    os.close(writing)
    content, over = _all_of(reading, time.monotonic() + wall)
    if over:
        os.kill(pid, signal.SIGKILL)
    _pid, status = os.waitpid(pid, 0)
    code = os.waitstatus_to_exitcode(status)
    if code == 0 and not over:
        return content
    return message({"ok": False, **_died(code, over)})


def _died(code: int, over: bool) -> dict[str, str]:
    if over or code in (-signal.SIGXCPU, -signal.SIGKILL):
        return {"code": "too_long", "message": "printing took longer than is allowed"}
    return {"code": "crashed", "message": f"printing ended with {code}"}


def _all_of(descriptor: int, until: float) -> tuple[bytes, bool]:
    parts, over = [], False
    while True:
        ready, _w, _x = select.select([descriptor], [], [], max(0.0, until - time.monotonic()))
        if not ready:
            over = True
            break
        part = os.read(descriptor, 1 << 20)
        if not part:
            break
        parts.append(part)
    os.close(descriptor)
    return b"".join(parts), over


def _one(request: bytes, folder: str, writing: int, wall: int) -> None:
    """In the fork: never returns."""
    code = 1
    try:
        limits.confine(min(wall, limits.CPU_SECONDS))
        answer = _answer(request, folder)
        with os.fdopen(writing, "wb") as stream:
            stream.write(answer)
        code = 0
    finally:
        os._exit(code)


def _answer(request: bytes, folder: str) -> bytes:
    try:
        return printed(decode(request), folder)
    except Faulty as fault:
        return message({"ok": False, "code": fault.code, "message": fault.message, "line": fault.line})
    except MemoryError:
        return message({"ok": False, "code": "out_of_memory", "message": "printing needs more memory than is allowed"})
    except Exception as fault:  # whatever a template does to the printer, it is told and not suffered
        return message({"ok": False, "code": "crashed", "message": f"{type(fault).__name__}: {fault}"[:300]})


def printed(request: dict[str, Any], folder: str) -> bytes:
    """Fill, print, and write the sheet where one is asked for."""
    from plugins.documents.press import paper, pictures, sheet

    started = time.perf_counter()
    album = pictures.Album(request["pictures"])
    html, needed, unknown = fill(request["sources"], album.embed(request["data"]), request["language"])
    pdf, pages = paper.printed(html, folder, album)
    book = sheet.written(request["sheet"], album) if request.get("sheet") else b""
    header = {"ok": True, "pages": pages, "needed": needed, "unknown": unknown, "lost": album.lost}
    return message(header | {"seconds": round(time.perf_counter() - started, 3)}, pdf, book)
