"""The configurations of a grammar as a picture: what the engine is in, byte by byte, and what leads on from there.

A node is a configuration, by the names of the rules that a text may be in there; a double outline means that the text
may end. An edge is the bytes that lead from one to another; where nothing else is possible they are a text on one edge.
Values that must differ from their siblings are taken as new, and tokens that are taken whole are not drawn.
"""

from __future__ import annotations

from typing import Final

from maskwright.automata._configurations import only_byte, step, successor_of
from maskwright.automata._layout import DEAD, DENSE, IS_ACCEPTING, N_SPANS, SPANS
from maskwright.automata.passes import prepare
from maskwright.automata.rule_stacks import rule_stacks
from maskwright.automata.transition_network import TransitionNetwork
from maskwright.errors import InvalidOption
from maskwright.grammar.drawing.labels import bytes_label, text_label
from maskwright.grammar.drawing.picture import Edge, Node, Picture, Shape
from maskwright.grammar.drawing.rules import MAX_NODES
from maskwright.grammar.ir import Grammar

DEFAULT_STEPS: Final = 6
MAX_FORCED: Final = 40
"""Bytes of one edge."""


def configuration_graph(
    grammar: Grammar, *, after: bytes = b"", n_steps: int = DEFAULT_STEPS, max_nodes: int = MAX_NODES
) -> Picture:
    """The configurations that are at most so many edges away from the one behind a text, nearest first.

    Of more than `max_nodes` the nearest are shown, and a note says so. Raises InvalidOption if no text of the grammar
    begins with `after`.
    """
    network = TransitionNetwork(prepare(grammar))
    first = network.start()
    for byte in after:
        first = network.run(step, first, byte)
        if first == DEAD:
            raise InvalidOption("after", after, "the beginning of a text of the grammar")
    number, distance = {first: 0}, {first: 0}
    is_whole, is_near = True, True
    labels: dict[tuple[int, int], list[str]] = {}
    for configuration in (todo := [first]):  # grows while it is read
        ways = _ways_on(network, configuration)
        if distance[configuration] == n_steps:
            is_near = is_near and not ways
            continue
        for target, label in ways:
            if target not in number:
                if len(number) >= max_nodes:
                    is_whole = False
                    continue
                number[target] = len(number)
                distance[target] = distance[configuration] + 1
                todo.append(target)
            labels.setdefault((number[configuration], number[target]), []).append(label)
    nodes = tuple(_node(network, configuration) for configuration in number)
    notes = [] if is_whole else [f"the {len(number)} configurations nearest to the start are shown"]
    notes += [] if is_near else [f"as far as {n_steps} steps"]
    edges = tuple(Edge(*pair, "\n".join(texts)) for pair, texts in labels.items())
    return Picture("configurations", nodes, edges, ", ".join(notes))


def _node(network: TransitionNetwork, configuration: int) -> Node:
    names = dict.fromkeys(stack[-1] for stack in rule_stacks(network, configuration))
    return Node("\n".join(names), Shape.BOX, bool(network.arena[configuration + IS_ACCEPTING]))


def _ways_on(network: TransitionNetwork, configuration: int) -> list[tuple[int, str]]:
    """The configurations behind one edge, and the labels of the edges."""
    only = int(only_byte(network.arena, configuration))
    if only >= 0:
        return [_forced(network, configuration, only)]
    by_target: dict[int, list[int]] = {}
    for begin, end in _spans(network, configuration):
        target = network.run(step, configuration, begin)
        if target != DEAD:
            by_target.setdefault(target, []).extend(range(begin, end + 1))
    return [(target, bytes_label(members)) for target, members in by_target.items()]


def _spans(network: TransitionNetwork, configuration: int) -> list[tuple[int, int]]:
    """The spans of bytes that a configuration does not tell apart."""
    n_spans = int(network.arena[configuration + N_SPANS])
    if n_spans == DENSE:
        return [(byte, byte) for byte in range(256) if successor_of(network.arena, configuration, byte) != DEAD]
    begin = configuration + SPANS
    return [(packed & 255, packed >> 8) for packed in network.arena[begin : begin + 2 * n_spans : 2].tolist()]


def _forced(network: TransitionNetwork, configuration: int, byte: int) -> tuple[int, str]:
    """Where the bytes lead that are the only way to go on, as far as there is one and the text may not end."""
    text = bytearray([byte])
    seen = {configuration}
    configuration = network.run(step, configuration, byte)
    while len(text) < MAX_FORCED and configuration not in seen and not network.arena[configuration + IS_ACCEPTING]:
        byte = int(only_byte(network.arena, configuration))
        if byte < 0:
            break
        seen.add(configuration)
        text.append(byte)
        configuration = network.run(step, configuration, byte)
    return configuration, f'"{text_label(bytes(text))}"' if len(text) > 1 else bytes_label(text)
