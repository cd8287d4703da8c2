"""The picture of a status model: states in columns by how many moves they lie from the first, moves as lines. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from plugins.cases.status.model import Model, State

WIDE, HIGH, GAP_X, GAP_Y, PAD = 148, 40, 64, 22, 12


@dataclass(frozen=True)
class Node:
    """One state in the picture: its words in at most two lines, its tone by group, where it stands."""

    state: State
    lines: tuple[str, ...]
    x: int
    y: int


@dataclass(frozen=True)
class Line:
    """One or several moves between two states: the path, the events in words, whether it leads back."""

    path: str
    words: str
    back: bool


@dataclass(frozen=True)
class Picture:
    """Nodes and lines in a box of these measures, in pixels."""

    nodes: tuple[Node, ...]
    lines: tuple[Line, ...]
    width: int
    height: int


def picture(model: Model, events: Mapping[str, str], locale: str) -> Picture:
    """Where everything stands. States that no move leads to come last."""
    columns = _columns(model)
    nodes = {}
    for number, column in enumerate(columns):
        for row, code in enumerate(column):
            state = model.states[code]
            place = (PAD + number * (WIDE + GAP_X), PAD + row * (HIGH + GAP_Y))
            nodes[code] = Node(state, _broken(state.label(locale), locale), *place)
    depth = {code: number for number, column in enumerate(columns) for code in column}
    told: dict[tuple[str, str], list[str]] = {}
    for move in model.transitions:
        for source in move.sources:
            if source != move.to and source in nodes and move.to in nodes:
                told.setdefault((source, move.to), []).append(events.get(move.event, move.event))
    lines = tuple(
        Line(_path(nodes[a], nodes[b]), " / ".join(dict.fromkeys(words)), depth[b] <= depth[a])
        for (a, b), words in told.items()
    )
    width = 2 * PAD + len(columns) * (WIDE + GAP_X) - GAP_X
    height = 2 * PAD + max(len(column) for column in columns) * (HIGH + GAP_Y) - GAP_Y
    return Picture(tuple(nodes.values()), lines, width, height)


def _columns(model: Model) -> list[list[str]]:
    """Breadth first from the first state; in each column states stand in the order of the model."""
    depth, queue = {model.initial: 0}, [model.initial]
    for code in queue:
        for move in model.by_state.get(code, ()):
            if move.to not in depth and move.to in model.states:
                depth[move.to] = depth[code] + 1
                queue.append(move.to)
    last = max(depth.values()) + 1
    columns: list[list[str]] = [[] for _n in range(last + 1)]
    for code in model.states:
        columns[depth.get(code, last)].append(code)
    return [column for column in columns if column]


def _broken(text: str, locale: str) -> tuple[str, ...]:
    """The words in at most two lines."""
    room = 10 if locale.startswith("zh") else 20
    if len(text) <= room:
        return (text,)
    cut = room if locale.startswith("zh") else max(text.rfind(" ", 0, room + 1), 0) or room
    return text[:cut].strip(), text[cut:].strip()


def _path(a: Node, b: Node) -> str:
    """A curve from the right edge of one to the left edge of the other; backwards it runs below."""
    if b.x > a.x:
        x1, y1, x2, y2 = a.x + WIDE, a.y + HIGH // 2, b.x, b.y + HIGH // 2
        bend = (x2 - x1) // 2
        return f"M{x1} {y1}C{x1 + bend} {y1} {x2 - bend} {y2} {x2 - 4} {y2}"
    x1, y1, x2, y2 = a.x + WIDE // 2, a.y + HIGH, b.x + WIDE // 2, b.y + HIGH
    if a.x == b.x:
        y1, y2, side = a.y + HIGH // 2, b.y + HIGH // 2, a.x - 34
        return f"M{a.x} {y1}C{side} {y1} {side} {y2} {b.x - 4} {y2}"
    low = max(y1, y2) + 16
    return f"M{x1} {y1}C{x1} {low} {x2} {low} {x2} {y2 + 4}"
