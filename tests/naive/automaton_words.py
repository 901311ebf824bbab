"""The states of a byte automaton one word after the other, as `_layout` describes them: the twin of `_writing`."""

from __future__ import annotations

from collections.abc import Mapping

from maskwright.automata._layout import ACCEPTING, HAS_BYTE_EDGES, STATE_SIZE, UNKNOWN
from maskwright.automata._writing import MIN_WIDTH
from maskwright.grammar.byte_automaton import REFUSED, ByteAutomaton


def automaton_words(
    automaton: ByteAutomaton,
    origin: int,
    shared: list[int] | None,
    written: Mapping[ByteAutomaton, list[int]],
) -> tuple[list[int], list[int]]:
    """The words to lie at `origin`, and where each state lies; `written` has those of other automata."""
    offsets = []
    at = origin
    for state in range(automaton.n_states):
        offsets.append(at)
        at += STATE_SIZE + 2 * int(automaton.edge_start[state + 1] - automaton.edge_start[state])
    words: list[int] = []
    for state in range(automaton.n_states):
        rows = range(int(automaton.edge_start[state]), int(automaton.edge_start[state + 1]))
        base = 0
        if automaton.base is not None and automaton.base_automaton is not None and automaton.base[state] >= 0:
            base = written[automaton.base_automaton][int(automaton.base[state])]
        edges: list[int] = []
        width = 0
        for row in rows:
            low, high, target = automaton.edges[row].tolist()
            edges.append(low | high << 8 | int(automaton.edge_unit[row]) << 16)
            if target == REFUSED:
                edges.append(0)
                continue
            width += high - low + 1
            if target < 0:
                other, linked = automaton.links[-1 - target]
                edges.append(written[other][linked])
            else:
                edges.append(offsets[target])
        flags = (ACCEPTING if automaton.accepting[state] else 0) | (HAS_BYTE_EDGES if edges or base else 0)
        interior = UNKNOWN if shared is None and width >= MIN_WIDTH else 0
        words += [flags, base, shared[state] if shared else 0, len(rows), 0, interior, *edges]
    return words, offsets
