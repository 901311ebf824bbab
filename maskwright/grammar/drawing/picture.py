"""A picture of an automaton before it is laid out: nodes and labelled edges, as values."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum


class Shape(StrEnum):
    """How a node is drawn; the names are those of DOT."""

    ELLIPSE = "ellipse"
    BOX = "box"
    DIAMOND = "diamond"


@dataclass(frozen=True, slots=True)
class Node:
    """label: its lines, or nothing. is_double: a double outline, for states in which a text may end."""

    label: str = ""
    shape: Shape = Shape.ELLIPSE
    is_double: bool = False


@dataclass(frozen=True, slots=True)
class Edge:
    """From one node to another, by their numbers; the label may have lines."""

    source: int
    target: int
    label: str = ""


@dataclass(frozen=True, slots=True)
class Picture:
    """Nodes are numbered by their place; the first one is where a text begins. note: what is not shown, or nothing."""

    name: str
    nodes: tuple[Node, ...]
    edges: tuple[Edge, ...]
    note: str = ""
