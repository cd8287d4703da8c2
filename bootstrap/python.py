"""The virtual environment and the Python packages in it, exactly as the lock files say."""

from __future__ import annotations

import platform
import shutil
import subprocess
import sys
from pathlib import Path

from bootstrap import system
from bootstrap.steps import Failed, Step, fingerprint, run


def runtime_step(root: Path) -> Step:
    """The environment with `requirements.lock`."""
    lock = root / "requirements.lock"
    return Step(
        "python",
        fingerprint([lock, str(root), platform.python_version()]),
        lambda: _install(root, lock),
        (root / ".venv" / "bin" / "python").exists,
    )


def dev_step(root: Path) -> Step:
    """What the tests need on top."""
    lock = root / "requirements-dev.lock"
    return Step(
        "python-dev",
        fingerprint([lock, root / "requirements.lock", str(root), platform.python_version()]),
        lambda: _install(root, lock),
    )


def _install(root: Path, lock: Path) -> None:
    interpreter = _environment(root)
    command = [str(interpreter), "-m", "pip", "install", "--no-deps", "--no-input", "--disable-pip-version-check"]
    run([*command, "-r", str(lock)], f"Installing Python packages of {lock.name}", _log(root))


def _environment(root: Path) -> Path:
    """Path of a working interpreter in `.venv`, made new when it is missing, broken or of another version."""
    venv = root / ".venv"
    interpreter = venv / "bin" / "python"
    if _version_of(interpreter) == sys.version_info[:2]:
        return interpreter
    if venv.exists():
        shutil.rmtree(venv)
    command = [sys.executable, "-m", "venv", str(venv)]
    try:
        run(command, "Making the virtual environment", root / ".zhian-setup.log")
    except Failed:
        if not system.install(root, ["python3-venv"], "the virtual environment"):
            raise
        run(command, "Making the virtual environment", root / ".zhian-setup.log")
    return interpreter


def _version_of(interpreter: Path) -> tuple[int, int] | None:
    """Major and minor version when this interpreter runs and has pip."""
    script = "import sys, pip; print(*sys.version_info[:2])"
    try:
        answer = subprocess.run([str(interpreter), "-c", script], capture_output=True, text=True, timeout=60)
    except OSError:
        return None
    if answer.returncode:
        return None
    major, minor = answer.stdout.split()
    return int(major), int(minor)


def _log(root: Path) -> Path:
    return root / ".venv" / "zhian-setup.log"
