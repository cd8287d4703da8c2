"""The tree of nodes: a flow is a row of nodes, of which some hold branches with rows of their own."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

KINDS = ("start", "approve", "client", "do", "auto", "condition", "parallel")
TASK_KINDS = ("start", "approve", "client", "do")
"""Kinds at which a flow waits for somebody."""
BLOCKS = ("condition", "parallel")


@dataclass(frozen=True)
class Branch:
    """A row of nodes inside a block; of a condition it is taken when `when` holds, without any it is the rest."""

    name: str
    name_en: str
    when: tuple[Mapping[str, Any], ...]
    nodes: tuple[Node, ...]

    def label(self, locale: str) -> str:
        """Its words."""
        return self.name_en or self.name if locale == "en" else self.name


@dataclass(frozen=True)
class Node:
    """One node; `raw` holds its settings as they are stored."""

    id: str
    kind: str
    name: str
    name_en: str
    raw: Mapping[str, Any] = field(default_factory=dict, repr=False)
    branches: tuple[Branch, ...] = ()

    def get(self, name: str, default: Any = None) -> Any:
        """One setting."""
        value = self.raw.get(name)
        return default if value is None else value

    def label(self, locale: str) -> str:
        """Its words."""
        return self.name_en or self.name if locale == "en" else self.name

    @property
    def mode(self) -> str:
        """`any` of the people, `all` of them, or one after the other in `sequence`."""
        return self.get("mode", "any")


@dataclass(frozen=True)
class Place:
    """Where a node stands: its row, its position there, and the block around the row."""

    node: Node
    row: tuple[Node, ...]
    at: int
    block: Node | None = None


class Flow:
    """A definition's nodes with the questions that the engine asks of them."""

    def __init__(self, nodes: Sequence[Node]) -> None:
        self.nodes = tuple(nodes)
        self._places = {place.node.id: place for place in _places(self.nodes, None)}

    def __contains__(self, node_id: object) -> bool:
        return node_id in self._places

    def __iter__(self) -> Iterator[Node]:
        """All nodes, in the order in which they stand."""
        return (place.node for place in self._places.values())

    def node(self, node_id: str) -> Node:
        """The node of that id; raises `KeyError`."""
        return self._places[node_id].node

    def place(self, node_id: str) -> Place:
        """Where it stands."""
        return self._places[node_id]

    def after(self, node_id: str) -> Node | None:
        """The next node of the same row."""
        place = self._places[node_id]
        return place.row[place.at + 1] if place.at + 1 < len(place.row) else None

    def inside(self, node: Node) -> frozenset[str]:
        """Ids of everything within a block, without itself."""
        return frozenset(p.node.id for b in node.branches for p in _places(b.nodes, node))

    def from_here_on(self, node_id: str) -> frozenset[str]:
        """Ids of the node and of all that follows it in its row, with what these hold."""
        place = self._places[node_id]
        rest = place.row[place.at :]
        return frozenset(n.id for n in rest) | frozenset(i for n in rest for i in self.inside(n))

    def earlier(self, node_id: str) -> list[Node]:
        """Nodes that lie before it on its own way and wait for somebody, the nearest first."""
        found: list[Node] = []
        place: Place | None = self._places[node_id]
        while place is not None:
            found += [n for n in reversed(place.row[: place.at]) if n.kind in TASK_KINDS]
            place = self._places[place.block.id] if place.block else None
        return found


def _places(row: tuple[Node, ...], block: Node | None) -> Iterator[Place]:
    for at, node in enumerate(row):
        yield Place(node, row, at, block)
        for branch in node.branches:
            yield from _places(branch.nodes, node)


def read_flow(nodes: Any) -> Flow:
    """From the stored list; raises `KeyError` or `TypeError` where it is no list of nodes at all."""
    return Flow([_node(raw) for raw in nodes or ()])


def _node(raw: Mapping[str, Any]) -> Node:
    return Node(
        str(raw["id"]),
        str(raw["kind"]),
        str(raw.get("name") or raw["id"]),
        str(raw.get("name_en") or ""),
        raw,
        tuple(_branch(b) for b in raw.get("branches") or ()),
    )


def _branch(raw: Mapping[str, Any]) -> Branch:
    return Branch(
        str(raw.get("name") or ""),
        str(raw.get("name_en") or ""),
        tuple(raw.get("when") or ()),
        tuple(_node(n) for n in raw.get("nodes") or ()),
    )
