"""The automaton of a policy as a picture (`grammar.drawing`): DOT text, which `dot -Tsvg` draws, or SVG.

Its states are the situations between two segments that differ in what may follow (the product of flow and rules,
minimised), an edge is a segment with as much of its letter as matters. Only what can be finished is drawn. The shape of
a state says who writes next: an ellipse for the model, a box for the environment or the user, a diamond where both can;
a double outline means that the trace may end. `$x` on an edge is one value that rules speak of.
"""

from __future__ import annotations

import numpy as np

from maskwright.grammar.behaviour.analysis.spelling import spelled_letters
from maskwright.grammar.behaviour.logic.dfa import DFA, minimised
from maskwright.grammar.behaviour.policy import Policy
from maskwright.grammar.behaviour.policy.game import DEAD, WON
from maskwright.grammar.behaviour.policy.value_rules import with_star
from maskwright.grammar.behaviour.specification.spec import Writer
from maskwright.grammar.drawing.dot import to_dot as dot_text
from maskwright.grammar.drawing.picture import Edge, Node, Picture, Shape

MAX_STATES = 60
"""More than this nobody sees anything in."""
MAX_EXPLORED = 5_000
"""States before merging."""

_SHAPES = {
    (True, False): Shape.ELLIPSE,
    (False, True): Shape.BOX,
    (True, True): Shape.DIAMOND,
    (False, False): Shape.ELLIPSE,
}
"""By: can the model write, can others."""


def to_dot(policy: Policy, *, max_states: int = MAX_STATES) -> str:
    """The picture of a policy as DOT text."""
    return dot_text(policy_picture(policy, max_states=max_states))


def policy_picture(policy: Policy, *, max_states: int = MAX_STATES) -> Picture:
    """The picture of a policy. Of more than `max_states` states those nearest to the start, and a note."""
    nodes, rows, is_whole = _explored(policy)
    sink = len(nodes)
    transitions = np.array([*rows, [sink] * len(policy.moves)], np.int32)
    accepting = np.array([*(policy.game.is_accepting(node) for node in nodes), False])
    letters = tuple(with_star(policy.letters[move.letter], move.star, policy.spec.rules) for move in policy.moves)
    dfa = minimised(DFA(letters, transitions, accepting))
    shown = [state for state in range(dfa.n_states) if dfa.live[state]][:max_states]
    number = {state: place for place, state in enumerate(shown)}
    edges = []
    for state in shown:
        for target in dict.fromkeys(dfa.transitions[state].tolist()):
            if target in number:
                between = [letters[move] for move in np.flatnonzero(dfa.transitions[state] == target)]
                label = "\n".join(spelled_letters(between, letters))
                edges.append(Edge(number[state], number[target], label))
    n_live = int(dfa.live.sum())
    note = ""
    if not is_whole or n_live > len(shown):
        count = f"{n_live} states" if is_whole else f"more than {MAX_EXPLORED} situations"
        note = f"{count}, of which the {len(shown)} nearest to the start are shown"
    states = tuple(_node(policy, dfa, state) for state in shown)
    return Picture(policy.spec.name, states, tuple(edges), note)


def _explored(policy: Policy) -> tuple[list[int], list[list[int]], bool]:
    """The nodes of the game that a trace can come to; for each move the number of the node after it, or of the sink."""
    game = policy.game
    number = {0: 0}
    nodes = [0]
    targets: list[list[int | None]] = []
    for node in nodes:
        row: list[int | None] = []
        for vector in game.successors(node):
            after = None if DEAD in vector else game.node(vector)
            if after is None or game.decide(after, MAX_EXPLORED) != WON:
                row.append(None)
                continue
            if after not in number and len(nodes) < MAX_EXPLORED:
                number[after] = len(nodes)
                nodes.append(after)
            row.append(number.get(after))
        targets.append(row)
    sink = len(nodes)
    rows = [[sink if target is None else target for target in row] for row in targets]
    return nodes, rows, len(nodes) < MAX_EXPLORED


def _node(policy: Policy, dfa: DFA, state: int) -> Node:
    writers = {
        policy.spec.segment(letter.segment).writer is Writer.MODEL
        for letter, target in zip(dfa.letters, dfa.transitions[state].tolist(), strict=True)
        if dfa.live[target]
    }
    return Node("", _SHAPES[True in writers, False in writers], bool(dfa.accepting[state]) and state > 0)
