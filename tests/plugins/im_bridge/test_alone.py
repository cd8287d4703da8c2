"""The plugin starts with nothing else enabled, and its Stream process rests calmly where there is nothing to do."""

from __future__ import annotations

import signal
import subprocess
import sys
import time
from pathlib import Path

from tests.support.running import command, environment

CONFIG = 'plugins = ["im_bridge"]\n'


def test_it_starts_alone(scratch: Path):
    data = scratch / "im-alone"
    data.mkdir()
    (data / "config.toml").write_text(CONFIG)
    assert "im_bridge" in command("--data", data, "db", "upgrade").stderr
    line = [sys.executable, "-P", "-m", "core.cli", "--data", str(data), "im-stream"]
    process = subprocess.Popen(line, env=environment(), stderr=subprocess.PIPE, text=True)
    try:
        time.sleep(4)
        assert process.poll() is None
        process.send_signal(signal.SIGTERM)
        assert process.wait(15) == 0
        assert process.stderr.read() == ""
    finally:
        process.kill()


def test_the_stand_ins_are_started_by_the_launcher():
    assert "--site" in command("standins", "--help").stdout
