"""A picture as SVG, laid out by `layers`: text in one file, with nothing from outside, readable on dark and on light.

The label of an edge lies on it, in a gap of its line. What was cut off a label is shown where the mouse is (`<title>`).
"""

from __future__ import annotations

import itertools
from typing import Final
from xml.sax.saxutils import escape

from maskwright.grammar.drawing.layers import (
    CHARACTER_WIDTH,
    LEAST_WIDTH,
    LINE_HEIGHT,
    MARGIN,
    Box,
    PlacedEdge,
    Point,
    layout,
    lines_of,
)
from maskwright.grammar.drawing.picture import Node, Picture, Shape

STYLE: Final = """\
text { font: 12px ui-monospace, monospace; text-anchor: middle; dominant-baseline: central; fill: #222; }
.node, .edge { stroke: #446; fill: none; stroke-width: 1.2; }
.node { fill: #f4f6fb; } .arrow, .begin { fill: #446; } .note { text-anchor: start; font-style: italic; }
@media (prefers-color-scheme: dark) {
  text { fill: #e6e6e6; } .node, .edge { stroke: #9ab; } .node { fill: #23272e; } .arrow, .begin { fill: #9ab; }
}"""


ARROW: Final = (
    '<defs><marker id="arrow" viewBox="0 0 8 8" refX="7.5" refY="4" markerWidth="8" markerHeight="8" orient="auto">'
    '<path class="arrow" d="M0 0 L8 4 L0 8 z"/></marker></defs>'
)


def to_svg(picture: Picture) -> str:
    """The text of the file."""
    placed = layout(picture)
    note = 2 * LINE_HEIGHT if picture.note else 0.0
    width, height = max(placed.width, CHARACTER_WIDTH * len(picture.note) + 2 * MARGIN), placed.height + note
    size = f'width="{width:.0f}" height="{height:.0f}" viewBox="0 0 {width:.0f} {height:.0f}"'
    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" {size}>',
        f"<title>{_escaped(picture.name)}</title>",
        f"<style>{STYLE}</style>",
        ARROW,
        *_begin(placed.nodes[0]),
    ]
    for edge, drawn in zip(picture.edges, placed.edges, strict=True):
        parts += _edge(edge.label, drawn, placed.nodes[edge.source])
    for node, box in zip(picture.nodes, placed.nodes, strict=True):
        parts += _node(node, box)
    if picture.note:
        y = placed.height + LINE_HEIGHT / 2
        parts.append(f'<text class="note" x="{MARGIN:.1f}" y="{y:.1f}">{_escaped(picture.note)}</text>')
    return "\n".join([*parts, "</svg>", ""])


def _begin(box: Box) -> list[str]:
    """The point before the first node, and the arrow from it."""
    right = box.x - box.width / 2
    left = right - LEAST_WIDTH + 4
    return [
        f'<circle class="begin" cx="{left:.1f}" cy="{box.y:.1f}" r="3"/>',
        f'<path class="edge" d="M{left:.1f} {box.y:.1f} L{right:.1f} {box.y:.1f}" marker-end="url(#arrow)"/>',
    ]


def _node(node: Node, box: Box) -> list[str]:
    lines = ["<g>", *_title(node.label), _outline(node.shape, box, 0.0)]
    if node.is_double:
        lines.append(_outline(node.shape, box, 3.0))
    return [*lines, *_text(node.label, box.x, box.y), "</g>"]


def _outline(shape: Shape, box: Box, inset: float) -> str:
    width, height = box.width - 2 * inset, box.height - 2 * inset
    left, top = box.x - width / 2, box.y - height / 2
    if shape is Shape.DIAMOND:
        corners = f"{left:.1f},{box.y:.1f} {box.x:.1f},{top:.1f} {left + width:.1f},{box.y:.1f}"
        return f'<polygon class="node" points="{corners} {box.x:.1f},{top + height:.1f}"/>'
    rounding = 3.0 if shape is Shape.BOX else height / 2
    return (
        f'<rect class="node" x="{left:.1f}" y="{top:.1f}" width="{width:.1f}" height="{height:.1f}" '
        f'rx="{rounding:.1f}"/>'
    )


def _edge(label: str, drawn: PlacedEdge, source: Box) -> list[str]:
    lines = ["<g>", *_title(label)]
    if not drawn.points:
        assert drawn.label is not None
        lines.append(_line(_loop(source, drawn.label)))
    elif drawn.label is None or not label:
        lines.append(_line(_curve(drawn.points)))
    else:  # in two parts, with a gap for the label
        gap = _gap_at(drawn.points, drawn.label)
        lines.append(f'<path class="edge" d="{_curve(drawn.points[: gap + 1])}"/>')
        lines.append(_line(_curve(drawn.points[gap + 1 :])))
    if label and drawn.label is not None:
        lines += _text(label, drawn.label.x, drawn.label.y)
    return [*lines, "</g>"]


def _gap_at(points: tuple[Point, ...], label: Box) -> int:
    """The point of an edge at which its label begins, in the direction of the edge."""
    return min(
        range(1, len(points) - 2),
        key=lambda place: (
            abs((points[place][0] + points[place + 1][0]) / 2 - label.x)
            + abs(points[place][1] - label.y)
            + abs(points[place + 1][1] - label.y)
        ),
    )


def _line(path: str) -> str:
    return f'<path class="edge" d="{path}" marker-end="url(#arrow)"/>'


def _curve(points: tuple[Point, ...]) -> str:
    """A curve through points that leaves and enters each of them level."""
    parts = [f"M{points[0][0]:.1f} {points[0][1]:.1f}"]
    for (x, y), (to_x, to_y) in itertools.pairwise(points):
        middle = (x + to_x) / 2
        parts.append(f"C{middle:.1f} {y:.1f} {middle:.1f} {to_y:.1f} {to_x:.1f} {to_y:.1f}")
    return " ".join(parts)


def _loop(box: Box, label: Box) -> str:
    """From the top of a node up to the label of a loop, and back."""
    top, peak = box.y - box.height / 2, label.y + label.height / 2 - 2
    side = min(10.0, box.width / 3)
    left, right = box.x - side, box.x + side
    return f"M{left:.1f} {top:.1f} C{left:.1f} {peak:.1f} {right:.1f} {peak:.1f} {right:.1f} {top:.1f}"


def _title(label: str) -> list[str]:
    return [f"<title>{_escaped(label)}</title>"] if label else []


def _text(label: str, x: float, y: float) -> list[str]:
    """The lines of a label around a middle."""
    lines = lines_of(label) if label else []
    first = y - LINE_HEIGHT * (len(lines) - 1) / 2
    return [
        f'<text x="{x:.1f}" y="{first + LINE_HEIGHT * number:.1f}">{_escaped(line)}</text>'
        for number, line in enumerate(lines)
    ]


def _escaped(text: str) -> str:
    """A text between tags; characters that XML does not have are shown as a mark."""
    return escape("".join(one if one.isprintable() or one == "\n" else "\N{REPLACEMENT CHARACTER}" for one in text))
