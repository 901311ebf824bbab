"""Languages of terminals as nodes; those like free text are shared by all grammars of a vocabulary.

Inside a string or a comment most tokens may come next. The engine finds them once per vocabulary for an automaton that
is marked as shared (`grammar.free_text` says why, and has the limits), so the first few such terminals are.
"""

from __future__ import annotations

from dataclasses import dataclass, field

from maskwright.grammar import ir
from maskwright.grammar.byte_automaton import NO_UNIT, ByteAutomaton, automaton_of
from maskwright.grammar.characters import CharacterAutomaton, folded, utf8_automaton
from maskwright.grammar.characters.character_set import MAX_CODE_POINT
from maskwright.grammar.characters.utf8_edges import Utf8Nodes
from maskwright.grammar.free_text import LEAST_LOOP, MAX_AUTOMATA, MAX_STATES
from maskwright.grammar.ir import Node


@dataclass(slots=True)
class TerminalNodes:
    """The nodes made so far for one grammar."""

    _known: dict[CharacterAutomaton, Node] = field(default_factory=dict)
    _n_shared: int = 0

    def node(self, language: CharacterAutomaton) -> Node:
        """The node of a language that is not empty, with a counter where its members are counted (`.{1,3000}`)."""
        known = self._known.get(language)
        if known is None:
            known = self._known[language] = self._made(language)
        return known

    def _made(self, language: CharacterAutomaton) -> Node:
        counted = folded(language)
        if counted is not None:
            loop, counter = counted
            return ir.Automaton(utf8_automaton(loop), 0, counter)
        if self._n_shared < MAX_AUTOMATA and _widest_loop(language) >= LEAST_LOOP:
            shared = _shared_automaton(language)
            if shared is not None:
                self._n_shared += 1
                return ir.Automaton(shared)
        return ir.Automaton(utf8_automaton(language))


def _widest_loop(language: CharacterAutomaton) -> int:
    """With how many ASCII characters a state leads to itself, at most."""
    ascii_of = [sum(max(0, min(high, 0x7F) - low + 1) for low, high in ranges) for ranges in language.alphabet.ranges()]
    return max(
        sum(ascii_of[cls] for cls, target in enumerate(row) if target == state)
        for state, row in enumerate(language.transitions.tolist())
    )


def _shared_automaton(language: CharacterAutomaton) -> ByteAutomaton | None:
    """The automaton over bytes, standing on its own; None if it has too many states."""
    if language.n_states > MAX_STATES:
        return None
    intervals = language.alphabet.intervals
    ends = [begin - 1 for begin, _ in intervals[1:]] + [MAX_CODE_POINT]
    inner = Utf8Nodes()
    rows = [
        inner.row(
            tuple(
                (low, high, row[cls])
                for (low, cls), high in zip(intervals, ends, strict=True)
                if cls >= 0 and row[cls] >= 0
            )
        )
        for row in language.transitions.tolist()
    ]
    if len(rows) + len(inner.edges) > MAX_STATES:
        return None
    states = [
        [(low, high, len(rows) + to if to >= 0 else -1 - to, NO_UNIT) for low, high, to in edges]
        for edges in (*rows, *inner.edges)
    ]
    return automaton_of(states, [*language.accepting.tolist(), *[False] * len(inner.edges)], is_shared=True)
