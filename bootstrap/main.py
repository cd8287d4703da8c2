"""What each command needs set up, the quick way past it when nothing changed, and the hand-over."""

from __future__ import annotations

import fcntl
import os
import sys
from pathlib import Path

from bootstrap import frontend, python, system
from bootstrap.steps import Failed, Stamp, say

# Commands that serve or test pages, or print papers, need front-end packages and fonts; the others Python alone.
NEEDS_FRONTEND = {"up", "web", "worker", "test"}


def main(root: Path, arguments: list[str]) -> None:
    """Set up, then become the Python command line; never returns."""
    command = _command(arguments)
    try:
        set_up(root, command)
    except Failed as problem:
        say(str(problem))
        sys.exit(1)
    except KeyboardInterrupt:
        sys.exit(130)
    hand_over(root, arguments)


def _command(arguments: list[str]) -> str:
    """The first word that is neither an option nor the folder or file after one."""
    before = ""
    for word in arguments:
        if not word.startswith("-") and before not in ("--data", "--config"):
            return word
        before = word
    return ""


def set_up(root: Path, command: str) -> None:
    """Do the missing steps for `command`; a few file hashes when there are none."""
    steps = [python.runtime_step(root)]
    if command in ("test", "standins"):
        steps.append(python.dev_step(root))
    if command == "test":
        steps.append(system.test_step(root))
    if command in NEEDS_FRONTEND:
        steps += [frontend.step(root), system.paper_step(root)]
    stamp = Stamp(root / ".venv" / "zhian-setup.json")
    if all(stamp.holds(step) for step in steps):
        return
    with (root / ".zhian-setup.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)  # two first starts at once: the second waits and finds it done
        stamp.reload()
        for step in steps:
            if not stamp.holds(step):
                step.run()
                stamp.add(step)


def hand_over(root: Path, arguments: list[str]) -> None:
    """Replace this process by the command line in the virtual environment."""
    interpreter = str(root / ".venv" / "bin" / "python")
    paths = [str(root), *filter(None, [os.environ.get("PYTHONPATH")])]
    environment = os.environ | {"PYTHONPATH": os.pathsep.join(paths)}
    environment.pop("PYTHONDONTWRITEBYTECODE", None)  # each process would compile everything anew: a second per start
    # -P: a file in the caller's folder must not shadow a module
    os.execve(interpreter, [interpreter, "-P", "-m", "core.cli", *arguments], environment)
