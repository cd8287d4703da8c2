"""Checks of the machine and the settings: data folder, disk, clock, fonts, front-end packages, secrets."""

from __future__ import annotations

import os
import shutil
import sqlite3
import stat
import subprocess
import sys
import tempfile
import urllib.parse
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

from core.doctor.findings import Finding, bad, fine, note
from core.settings import ROOT, Settings

GIB = 1024**3
VENDOR = ROOT / "core" / "web" / "static" / "vendor"
FONTS = ("NotoSansSC-Regular.ttf", "NotoSansSC-Bold.ttf", "NotoSansSymbols2-Regular.ttf")
PAPER_PACKAGES = "libpango-1.0-0 libpangoft2-1.0-0 libharfbuzz-subset0 libfontconfig1"
BUILT = datetime(2026, 11, 1, tzinfo=UTC)
"""No machine that runs this version honestly thinks it is earlier."""


def check_data_folder(settings: Settings) -> Iterator[Finding]:
    """Writable, and closed to others."""
    folder = settings.data
    try:
        folder.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryFile(dir=folder) as probe:
            probe.write(b"x")
            probe.flush()
            os.fsync(probe.fileno())
    except OSError as problem:
        yield bad(
            f"The data folder {folder} cannot be written: {problem.strerror}",
            f"chown it to uid {os.getuid()}, or choose another with --data",
        )
        return
    yield fine(f"Data folder {folder} can be written")
    if stat.S_IMODE(folder.stat().st_mode) & stat.S_IRWXO:
        yield note(f"Everybody on this machine may look into {folder}", f"chmod o-rwx {folder}")


def check_disk(settings: Settings) -> Iterator[Finding]:
    """Room to write."""
    free = shutil.disk_usage(settings.data).free
    text = f"{free / GIB:.1f} GiB free for {settings.data}"
    mend = "Free some space or move the data folder; below 0.2 GiB writes begin to fail"
    yield bad(text, mend) if free < 0.2 * GIB else note(text, mend) if free < 2 * GIB else fine(text)


def check_clock(settings: Settings) -> Iterator[Finding]:
    """Deadlines live on the clock."""
    if datetime.now(UTC) < BUILT:
        yield bad(
            f"The clock says {datetime.now(UTC):%Y-%m-%d %H:%M} UTC, before this program was made",
            "Set it: timedatectl set-ntp true",
        )
        return
    answer = None
    if shutil.which("timedatectl"):
        command = ["timedatectl", "show", "--property=NTPSynchronized", "--value"]
        answer = subprocess.run(command, capture_output=True, text=True, timeout=10).stdout.strip()
    if answer == "no":
        yield note("The clock is not kept by a time server", "timedatectl set-ntp true")
    else:
        yield fine(f"Clock: {datetime.now(UTC):%Y-%m-%d %H:%M} UTC")


def check_fonts(settings: Settings) -> Iterator[Finding]:
    """Papers are set in fonts of our own; screens use the reader's."""
    missing = [n for n in FONTS if not (VENDOR / "fonts" / n).is_file()]
    if missing:
        yield bad(
            f"Fonts for papers are missing: {', '.join(missing)}",
            "Run ./zhian up once, with access to the npm registry",
        )
    else:
        yield fine("Fonts for papers: Noto Sans SC regular and bold, symbols")


def check_printing(settings: Settings) -> Iterator[Finding]:
    """The libraries of the system that set type for papers."""
    trial = subprocess.run([sys.executable, "-c", "import weasyprint"], capture_output=True, text=True, timeout=60)
    if trial.returncode:
        words = (trial.stderr.strip().splitlines() or ["no word why"])[-1]
        yield bad(f"Papers cannot be printed: {words[:200]}", f"sudo apt-get install -y {PAPER_PACKAGES}")
    else:
        yield fine("Libraries for papers: Pango, HarfBuzz, Fontconfig")


def check_front_end(settings: Settings) -> Iterator[Finding]:
    """The files that pages load."""
    if (VENDOR / "htmx" / "htmx.min.js").exists():
        yield fine("Front-end packages are in place")
    else:
        yield bad(f"Front-end packages are missing in {VENDOR}", "Run ./zhian up once, with access to the npm registry")


def check_sqlite(settings: Settings) -> Iterator[Finding]:
    """Needed features of SQLite."""
    if settings.is_sqlite:
        version = sqlite3.sqlite_version_info
        text = f"SQLite {sqlite3.sqlite_version}"
        yield (
            fine(text)
            if version >= (3, 35, 0)
            else bad(f"{text} is too old", "Use Python with SQLite 3.35 or newer, or PostgreSQL")
        )


def check_settings(settings: Settings) -> Iterator[Finding]:
    """Secrets, address, mail."""
    if len(settings.secret) < 32:
        yield bad(
            "The secret is shorter than 32 characters",
            "Unset ZHIAN_SECRET to have one made, or: openssl rand -base64 48",
        )
    else:
        yield fine("Secret is long enough")
    own = settings.data / "secret"
    if own.exists() and stat.S_IMODE(own.stat().st_mode) & 0o077:
        yield bad(f"Others may read {own}", f"chmod 600 {own}")
    yield from _address(settings)
    if not settings.smtp_url:
        yield note(
            "No mail server: reminders are kept in the product alone",
            "Set ZHIAN_SMTP_URL, for example smtp://mail.internal:25",
        )


def _address(settings: Settings) -> Iterator[Finding]:
    if not settings.base_url:
        yield note("No base_url: links in mails point to this machine", "Set ZHIAN_BASE_URL to the address people use")
        return
    address = urllib.parse.urlsplit(settings.base_url)
    if address.scheme != "https" and address.hostname not in ("localhost", "127.0.0.1", "::1"):
        yield bad(
            f"{settings.base_url} is not https: passwords travel in the open", "Put a proxy with a certificate in front"
        )
    else:
        yield fine(f"Address: {settings.base_url}")


def check_private_files(settings: Settings) -> Iterator[Finding]:
    """Configuration with passwords in it must not be open to all."""
    file = settings.config_file
    if isinstance(file, Path) and file.exists() and "://" in file.read_text("utf-8") and file.parent != ROOT / "config":
        text = file.read_text("utf-8")
        if "@" in text and stat.S_IMODE(file.stat().st_mode) & 0o077:
            yield bad(
                f"{file} holds addresses with passwords and others may read it",
                f"chmod 600 {file}, or use *_FILE variables",
            )


CHECKS = (
    check_data_folder,
    check_disk,
    check_clock,
    check_settings,
    check_private_files,
    check_front_end,
    check_fonts,
    check_printing,
    check_sqlite,
)
