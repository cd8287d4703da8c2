"""System packages through apt: installed as root or by sudo, otherwise the exact command is named."""

from __future__ import annotations

import contextlib
import ctypes
import os
import shutil
import subprocess
from pathlib import Path

from bootstrap.steps import Failed, Step, fingerprint, run, say


def paper_step(root: Path) -> Step:
    """What sets the type of papers; without it everything works but printing, so nothing is refused."""
    return Step(
        "system-papers",
        fingerprint([str(sorted(_PAPER_NEEDS))]),
        lambda: _for_papers(root),
        lambda: not missing_packages(),
    )


def test_step(root: Path) -> Step:
    """PostgreSQL, Chromium and a Chinese font, for the tests."""
    return Step(
        "system-test",
        fingerprint([str(sorted(_TEST_NEEDS))]),
        lambda: _for_tests(root),
        lambda: not _missing_for_tests(),
    )


def postgres_bin() -> Path | None:
    """Folder of the newest installed PostgreSQL server programs."""
    versions = sorted(Path("/usr/lib/postgresql").glob("*/bin/initdb"), key=lambda p: float(p.parts[-3]))
    if versions:
        return versions[-1].parent
    found = shutil.which("initdb")
    return Path(found).resolve().parent if found else None


def chromium() -> str | None:
    """Path of a Chromium or Chrome."""
    names = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")
    return next((path for name in names if (path := shutil.which(name))), None)


def has_chinese_font() -> bool:
    """Whether fontconfig knows a font for Chinese; without one, screenshots show boxes."""
    try:
        answer = subprocess.run(["fc-list", ":lang=zh-cn", "family"], capture_output=True, text=True, timeout=30)
    except OSError:
        return False
    return bool(answer.stdout.strip())


def _loads(*names: str) -> bool:
    """Whether the dynamic linker finds a library under one of these names."""
    for name in names:
        with contextlib.suppress(OSError):
            ctypes.CDLL(name)
            return True
    return False


_PAPER_NEEDS = {
    "libpango-1.0-0": ("libpango-1.0.so.0", "libpango-1.0.dylib"),
    "libpangoft2-1.0-0": ("libpangoft2-1.0.so.0", "libpangoft2-1.0.dylib"),
    "libharfbuzz-subset0": ("libharfbuzz-subset.so.0", "libharfbuzz-subset.dylib"),
    "libfontconfig1": ("libfontconfig.so.1", "libfontconfig.dylib"),
}


def missing_packages() -> list[str]:
    """Debian packages of the libraries that printing needs and this machine lacks."""
    return [package for package, names in _PAPER_NEEDS.items() if not _loads(*names)]


def _for_papers(root: Path) -> None:
    missing = missing_packages()
    try:
        if missing and not install(root, missing, "papers"):
            say(f"Papers cannot be printed until these packages are installed:  {command_for(missing)}")
    except Failed as problem:
        say(f"Papers cannot be printed: {problem}")


_TEST_NEEDS = {
    "chromium": lambda: chromium() is not None,
    "fonts-noto-cjk": has_chinese_font,
    "postgresql": lambda: postgres_bin() is not None,
}


def _missing_for_tests() -> list[str]:
    return [package for package, there in _TEST_NEEDS.items() if not there()]


def _for_tests(root: Path) -> None:
    missing = _missing_for_tests()
    if missing and not install(root, missing, "the tests"):
        raise Failed(f"The tests need system packages. Run:  {command_for(missing)}")


def install(root: Path, packages: list[str], purpose: str) -> bool:
    """Install by apt; False when this user may not, or there is no apt. Raises `Failed` when apt fails."""
    prefix = _privilege()
    if prefix is None or not shutil.which("apt-get"):
        return False
    environment = os.environ | {"DEBIAN_FRONTEND": "noninteractive", "LC_ALL": "C.UTF-8"}
    log = root / ".zhian-setup.log"
    apt = [*prefix, "apt-get", "-q"]
    run([*apt, "update"], "Reading the package lists", log, env=environment)
    run(
        [*apt, "install", "-y", "--no-install-recommends", *packages],
        f"Installing {', '.join(packages)} for {purpose}",
        log,
        env=environment,
    )
    return True


def command_for(packages: list[str]) -> str:
    """What an administrator types to install `packages`."""
    return "sudo apt-get update && sudo apt-get install -y --no-install-recommends " + " ".join(packages)


def _privilege() -> list[str] | None:
    """What to put before a command that needs root; None when there is no way."""
    if os.geteuid() == 0:
        return []
    if shutil.which("sudo") and subprocess.run(["sudo", "-n", "true"], capture_output=True).returncode == 0:
        return ["sudo", "-n", "--preserve-env=DEBIAN_FRONTEND,LC_ALL"]
    return None
