"""A stranger's plugin in a folder of its own: a job, a subscriber and two commands that leave traces in files."""

from __future__ import annotations

from pathlib import Path

_FILES = {
    "probe/__init__.py": '"""A probe."""\n',
    "probe/plugin.toml": """
name = "probe"
version = "0.1"
title = {zh = "探针", en = "Probe"}
summary = {zh = "测试用", en = "For tests"}
core = ">=0.1"
requires = {}
""",
    "probe/hooks.py": '''
"""A probe."""
import os
import time

import click

from core import Job, Subscriber, emit, enqueue, hookimpl, transaction


def note(file, text):
    handle = os.open(file, os.O_WRONLY | os.O_APPEND | os.O_CREAT)
    os.write(handle, f"{text}\\n".encode())
    os.close(handle)


def work(file, seconds):
    note(file, f"begin {os.getpid()}")
    time.sleep(seconds)
    note(file, "end")
    return {"slept": seconds}


@hookimpl
def register_jobs():
    return [Job("probe.work", work)]


@hookimpl
def register_subscribers():
    return [Subscriber("probe.hear", "probe.said", lambda payload, key: note(payload["file"], payload["number"]))]


@click.command("probe-say")
@click.argument("file")
@click.argument("first", type=int)
@click.argument("last", type=int)
def say(file, first, last):
    """Emit one event for each number, each in a transaction of its own."""
    for number in range(first, last):
        with transaction():
            emit("probe.said", {"file": file, "number": number})


@click.command("probe-work")
@click.argument("file")
@click.argument("seconds", type=float)
def begin(file, seconds):
    """Enqueue the job."""
    with transaction():
        click.echo(enqueue("probe.work", file=file, seconds=seconds))


@hookimpl
def register_commands():
    return [say, begin]
''',
    "probe-0.1.dist-info/METADATA": "Metadata-Version: 2.1\nName: probe\nVersion: 0.1\n",
    "probe-0.1.dist-info/entry_points.txt": "[zhian.plugins]\nprobe = probe\n",
    "config.toml": 'plugins = ["probe"]\n',
}


def install(folder: Path, root: Path) -> dict[str, str]:
    """Write the plugin; the environment in which `zhian` finds and enables it alone."""
    for name, content in _FILES.items():
        file = folder / name
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(content)
    return {"PYTHONPATH": f"{root}:{folder}", "ZHIAN_CONFIG": str(folder / "config.toml")}
