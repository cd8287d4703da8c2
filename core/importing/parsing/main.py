"""The parsing child's entry: one request in `argv`, JSON lines on stdout, an `{"error": …}` line when it gives up."""

import itertools
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import orjson

from .limits import confine
from .problems import Unreadable

SAMPLE_ROWS = 60
FLUSH_EVERY = 200


def main() -> None:
    """Run one request: `{"path", "suffix", "mode": "describe"|"rows", "sheet"}`."""
    request = orjson.loads(sys.argv[1])
    confine()
    try:
        answer = _answer(request)
        while batch := list(itertools.islice(answer, FLUSH_EVERY)):
            _write(batch)
    except Unreadable as error:
        _write([{"error": error.code, "detail": error.detail}])
    except MemoryError:
        _write([{"error": "memory", "detail": ""}])
    except Exception as error:  # any parser failure is an answer about the file, never a crash of the parent
        _write([{"error": "damaged", "detail": f"{type(error).__name__}: {error}"[:300]}])


def _write(lines: Any) -> None:
    sys.stdout.buffer.write(b"".join(orjson.dumps(line) + b"\n" for line in lines))
    sys.stdout.buffer.flush()


def _answer(request: dict[str, Any]) -> Iterator[Any]:
    from .detect import detect

    path = Path(request["path"])
    kind = detect(path, request["suffix"])
    parser = _parser(kind)
    if request["mode"] == "rows":
        yield from ([number, cells] for number, cells in parser.rows(path, request["sheet"]))
        return
    yield {"kind": kind}
    for name in parser.sheets(path):
        sample = list(itertools.islice(parser.rows(path, name), SAMPLE_ROWS))
        yield {"sheet": name, "rows": sample}


def _parser(kind: str) -> Any:
    if kind == "xlsx":
        from . import xlsx as parser
    elif kind == "xls":
        from . import xls as parser
    elif kind == "csv":
        from . import delimited as parser
    elif kind == "json":
        from . import objects as parser
    else:
        from . import markup as parser
    return parser
