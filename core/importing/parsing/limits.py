"""Hard limits of the parsing child, set before it opens the file."""

import resource

MEMORY_BYTES = 1536 * 1024 * 1024
CPU_SECONDS = 120
MAX_FILE_BYTES = 200 * 1024 * 1024
MAX_COLUMNS = 1000
MAX_ROWS = 500_000
MAX_CELL_CHARS = 200_000


def confine() -> None:
    """Bound address space and processor time, and forbid core dumps and files of its own."""
    for kind, value in (
        (resource.RLIMIT_AS, MEMORY_BYTES),
        (resource.RLIMIT_CPU, CPU_SECONDS),
        (resource.RLIMIT_CORE, 0),
        (resource.RLIMIT_FSIZE, 0),
    ):
        resource.setrlimit(kind, (value, value))
