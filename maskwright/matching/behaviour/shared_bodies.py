"""Bodies like `[^\\n]{1,300}` as automata that a vocabulary keeps tables for: which tokens stay inside is found once.

Each count of such a body is a configuration of its own, so a walk over the vocabulary (3.4 ms with Llama 3's) would be
due at every token; with tables it is 7 us. Cost: some 5 ms and 0.25 MB a state the first time, then kept on disk.
"""

from __future__ import annotations

import numpy as np

from maskwright.grammar.byte_automaton import ByteAutomaton, automaton_of_table

MAX_STATES = 40
LEAST_LOOP = 26
"""Bytes that a state must read for it to be worth it: the lower-case letters, and there are many tokens of these."""


def as_shared(automaton: ByteAutomaton) -> ByteAutomaton:
    """The same automaton, marked as one to keep tables for, if it is small, wide, and a plain one."""
    is_plain = (
        automaton.base is None
        and not automaton.links
        and not (automaton.reserve is not None and automaton.reserve.any())
    )
    if not is_plain or automaton.n_states > MAX_STATES or _width(automaton) < LEAST_LOOP:
        return automaton
    table = np.column_stack([automaton.edges, automaton.edge_unit.astype(np.int32)])
    return automaton_of_table(
        automaton.edge_start, np.ascontiguousarray(table, np.int32), automaton.accepting, is_shared=True
    )


def _width(automaton: ByteAutomaton) -> int:
    """The most bytes that a state reads."""
    widths = np.add.reduceat(
        automaton.edges[:, 1] - automaton.edges[:, 0] + 1,
        automaton.edge_start[:-1].clip(max=max(0, len(automaton.edges) - 1)),
    )
    return int(np.where(np.diff(automaton.edge_start) > 0, widths, 0).max(initial=0)) if len(automaton.edges) else 0
