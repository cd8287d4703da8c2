"""Hard limits of one printing: memory, processor time, nothing written to disk. Set before a template is looked at."""

from __future__ import annotations

import resource
from pathlib import Path

MEMORY_BYTES = 640 * 1024 * 1024
"""On top of what the loaded libraries and fonts occupy already."""
CPU_SECONDS = 40
TEMPLATE_SECONDS = 4
"""For filling the template alone."""
MAX_HTML_CHARS = 4_000_000
MAX_PICTURE_BYTES = 20 * 1024 * 1024
MAX_PICTURE_PIXELS = 40_000_000
PICTURE_SIDE = 1000
FEW_PICTURES = 40
SMALL_SIDE = 420
"""Pixels of the longer side where a letter has more than a few: 35 mm at 300 dpi."""


def confine(cpu_seconds: int = CPU_SECONDS) -> None:
    """Bound address space and processor time of this process; no core dumps, no files."""
    pages = int(Path("/proc/self/statm").read_text().split()[0])
    memory = pages * resource.getpagesize() + MEMORY_BYTES
    for kind, value in (
        (resource.RLIMIT_AS, memory),
        (resource.RLIMIT_CPU, cpu_seconds),
        (resource.RLIMIT_CORE, 0),
        (resource.RLIMIT_FSIZE, 0),
    ):
        resource.setrlimit(kind, (value, value))
