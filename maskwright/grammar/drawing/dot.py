"""A picture as DOT, the language of graphviz: `dot -Tsvg` draws it."""

from __future__ import annotations

import json

from maskwright.grammar.drawing.picture import Picture


def to_dot(picture: Picture) -> str:
    """The text, from left to right, with a point before the first node."""
    lines = [f"digraph {_quoted(picture.name)} {{", "  rankdir=LR; begin [shape=point]; begin -> 0;"]
    lines += [
        f"  {number} [label={_quoted(node.label)}, shape={node.shape}, peripheries={2 if node.is_double else 1}]"
        for number, node in enumerate(picture.nodes)
    ]
    lines += [f"  {edge.source} -> {edge.target} [label={_quoted(edge.label)}]" for edge in picture.edges]
    if picture.note:
        lines.append(f"  note [shape=plaintext, label={_quoted(picture.note)}]")
    return "\n".join([*lines, "}", ""])


def _quoted(text: str) -> str:
    return json.dumps(text, ensure_ascii=False)
