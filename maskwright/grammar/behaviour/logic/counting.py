"""Counts as automata that count: at most, at least, exactly so many letters of a kind.

Said with operators a count of 50 needs 50 nested ones, and spelled with W, whose operand is written twice, 2**50. Here
a state is how many there have been, as far as that matters: at most `maximum` + 2 states, or `minimum` + 1.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from maskwright.errors import InvalidOption, LimitExceeded
from maskwright.grammar.behaviour.logic.dfa import DFA, MAX_STATES, minimised


def counting_dfa(counts: Sequence[bool], letters: Sequence[Any], minimum: int, maximum: int | None) -> DFA:
    """The minimal automaton of the traces in which `minimum` to `maximum` letters count (None: no end).

    counts: for each letter, does it count? Raises InvalidOption for a count below 0, and LimitExceeded.

        counting_dfa([True, False], "ab", 0, 3).n_states  ->  5
    """
    if len(counts) != len(letters):
        raise InvalidOption("counts", len(counts), f"as many as the {len(letters)} letters")
    for name, count in (("minimum", minimum), ("maximum", 0 if maximum is None else maximum)):
        if count < 0:
            raise InvalidOption(name, count, "at least 0")
    last = minimum if maximum is None else maximum + 1
    if last >= MAX_STATES:
        raise LimitExceeded("A count", last + 1, MAX_STATES)
    is_impossible = maximum is not None and minimum > maximum
    if is_impossible or not any(counts):
        last = 0
    state = np.arange(last + 1)
    accepting = (state >= minimum) & (maximum is None or state <= maximum)
    if is_impossible:
        accepting[:] = False
    transitions = np.minimum(state[:, None] + np.asarray(counts, np.int64)[None, :], last).astype(np.int32)
    dfa = DFA(tuple(letters), transitions, accepting)
    # Two states may be one where the first letter decides already: at least one, and every letter counts.
    return minimised(dfa) if last == 1 else dfa
