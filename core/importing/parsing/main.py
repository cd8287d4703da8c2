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
MORE_ITEMS = 50_000
"""How many items of .json and .xml after the sample are looked through for names that it lacks."""
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
        rows = parser.rows(path, name)
        sample = list(itertools.islice(rows, SAMPLE_ROWS))
        if kind in ("json", "xml"):
            sample += _with_new_names(sample, itertools.islice(rows, MORE_ITEMS))
        yield {"sheet": name, "rows": sample}


def _with_new_names(sample: list[Any], later: Iterator[Any]) -> Iterator[Any]:
    """Later items that hold a name which none before had: items may leave out what they have no value for."""
    known = set[str]().union(*(_names(item, "") for _number, item in sample))
    for number, item in later:
        names = set(_names(item, ""))
        if not names <= known:
            known |= names
            yield number, item


def _names(node: Any, path: str) -> Iterator[str]:
    if isinstance(node, dict):
        for key, child in node.items():
            yield (inner := f"{path}.{key}")
            yield from _names(child, inner)
    elif isinstance(node, list):
        for child in node:
            yield from _names(child, path)


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
