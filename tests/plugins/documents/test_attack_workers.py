"""Workers killed in the middle of a letter, the same letter asked for by many at once, pictures that are bombs."""

from __future__ import annotations

import gzip
import io
import os
import signal
import struct
import subprocess
import sys
import threading
import time
import zlib
from datetime import timedelta
from pathlib import Path

import pytest
from PIL import Image
from sqlalchemy import select, update

from core import now, record_class, run_action, system
from core.settings import ROOT
from plugins.documents import jobs
from plugins.documents.press.pictures import redrawn
from plugins.documents.records import Document
from tests.plugins.documents.conftest import png

WORKER = """
import sys
from pathlib import Path
from core.app import create_app
from core.settings import DEFAULT_CONFIG, load_settings
data, secret, plugins, url, ident = sys.argv[1:6]
settings = load_settings(DEFAULT_CONFIG, data=Path(data), secret=secret, plugins=tuple(plugins.split(",")),
                         database_url=url or None, testing=True)
with create_app(settings, web=False).app_context():
    from plugins.documents.jobs import print_one
    print("ready", flush=True)
    print_one(int(ident))
"""


@pytest.fixture
def ask(acting, agency):
    """`ask()`: a letter on its way to the printer, each time a new one; `ask(fresh=False)`: as people ask for it."""

    def asked(fresh: bool = True, **given) -> int:
        with acting("agent") as session:
            case = session.get(record_class("cases.case"), agency.fresh)
            if fresh:
                case.client_reference = f"KH-{time.monotonic_ns()}"
                session.flush()
            wanted = {"kind": "filing_confirmation_request", **given}
            return run_action(case, "cases.case", "make_document", wanted)["document"]

    return asked


def seen(ident):
    with system("look") as session:
        return session.get(Document, ident)


def children(pid: int) -> list[int]:
    """The processes that a process started."""
    found = []
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit():
            try:
                after = (entry / "stat").read_text().rpartition(")")[2].split()
            except OSError:
                continue
            if int(after[1]) == pid and after[0] != "Z":
                found.append(int(entry.name))
    return found


def until(check, seconds=30.0):
    end = time.monotonic() + seconds
    while not (found := check()) and time.monotonic() < end:
        time.sleep(0.02)
    assert found
    return found


def test_a_worker_killed_in_mid_letter_leaves_no_half_letter_and_no_process(settings, ask, press, context):
    ident = ask()
    given = [str(settings.data), settings.secret, ",".join(settings.plugins), settings.database_url or "", str(ident)]
    line = [sys.executable, "-c", WORKER, *given]
    worker = subprocess.Popen(line, stdout=subprocess.PIPE, env=os.environ | {"PYTHONPATH": str(ROOT)})
    assert worker.stdout is not None
    assert worker.stdout.readline() == b"ready\n"
    until(lambda: seen(ident).state == "rendering")
    (printer,) = until(lambda: children(worker.pid))
    os.kill(worker.pid, signal.SIGKILL)
    worker.wait()
    worker.stdout.close()
    assert (seen(ident).state, seen(ident).file_id) == ("rendering", None)
    until(lambda: not Path(f"/proc/{printer}").exists() or "\tZ" in Path(f"/proc/{printer}/status").read_text())
    with system("time goes by") as session:
        session.execute(update(Document).where(Document.id == ident).values(updated_at=now() - timedelta(hours=1)))
    assert jobs.resume()["again"] == 1
    assert jobs.print_document(ident, press) == "ready"
    with system("count its files") as session:
        file = record_class("core.attachment")
        kept = session.scalars(select(file).where(file.filename.like(f"{seen(ident).number}%"))).all()
        assert len(kept) == 1


def test_the_same_letter_asked_for_by_many_at_once_is_one(app, acting, agency, ask):
    from core import get
    from core import update as change

    with acting("agent"):
        change(get(record_class("cases.case"), agency.fresh), {"client_reference": "many at once"})
    gate, told = threading.Barrier(6), []

    def one():
        with app.app_context():
            gate.wait()
            try:
                told.append(ask(fresh=False))
            except Exception as error:
                told.append(error)

    threads = [threading.Thread(target=one) for _n in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    assert len(set(map(str, told))) == 1, told
    assert isinstance(told[0], int)


def grey(width: int, height: int) -> bytes:
    """A PNG of so many pixels in a few bytes for each row of a thousand."""

    def chunk(kind: bytes, content: bytes) -> bytes:
        return struct.pack(">I", len(content)) + kind + content + struct.pack(">I", zlib.crc32(kind + content))

    packer = zlib.compressobj(9)
    rows = b"".join(packer.compress(b"\0" * (1 + width) * 100) for _n in range(height // 100)) + packer.flush()
    head = struct.pack(">IIBBBBB", width, height, 8, 0, 0, 0, 0)
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", head) + chunk(b"IDAT", rows) + chunk(b"IEND", b"")


def animated() -> bytes:
    target = io.BytesIO()
    frames = [Image.new("P", (400, 400), n) for n in range(200)]
    frames[0].save(target, "GIF", save_all=True, append_images=frames[1:])
    return target.getvalue()


def test_pictures_that_unfold_are_left_out_or_stay_small(tmp_path):
    import weasyprint  # noqa: F401 - as in the process that prints: it asks Pillow for half pictures

    whole = grey(6000, 6000)
    texts = png()[:33] + b"\x00\x00\x00\x00IEND\xaeB`\x82"
    cases = {
        "wide": (grey(200_000, 500), False),
        "huge": (grey(20_000, 20_000), False),
        "as large as may be": (whole, True),
        "cut": (whole[: len(whole) // 2], False),
        "no pixels": (texts, False),
        "packed": (gzip.compress(b"\0" * 10_000_000), False),
        "endless film": (animated(), True),
        "postscript": (b"%!PS-Adobe-3.0 EPSF-3.0\n%%BoundingBox: 0 0 9 9\n(x) run\n", False),
    }
    for name, (content, drawn) in cases.items():
        path = tmp_path / "picture"
        path.write_bytes(content)
        started = time.monotonic()
        found = redrawn(path)
        assert (found is not None) == drawn, name
        assert time.monotonic() - started < 10, name
        assert found is None or len(found[0]) < 2_000_000, name
