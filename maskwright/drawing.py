"""Automata as pictures, all public names in one place (docs/explaining.md).

    from maskwright.drawing import configuration_graph, to_svg

    Path("phone.svg").write_text(to_svg(configuration_graph(Grammar.from_regex("[0-9]{3}-[0-9]{4}"))))

`rule_graph` and `rule_network` draw the rules of a grammar, `configuration_graph` what the engine makes of them,
`policy_picture` a behaviour specification; `to_svg` and `to_dot` write any of these.
"""

from __future__ import annotations

from maskwright.automata.drawing import configuration_graph
from maskwright.grammar.behaviour.analysis.drawing import policy_picture
from maskwright.grammar.drawing.dot import to_dot
from maskwright.grammar.drawing.picture import Edge, Node, Picture, Shape
from maskwright.grammar.drawing.rules import rule_graph, rule_network
from maskwright.grammar.drawing.svg import to_svg

__all__ = [
    "Edge",
    "Node",
    "Picture",
    "Shape",
    "configuration_graph",
    "policy_picture",
    "rule_graph",
    "rule_network",
    "to_dot",
    "to_svg",
]
