"""Length bounds that an automaton need not unroll: `[a-z][a-z0-9]{0,62}` is `[a-z][a-z0-9]*` of 1 to 63 characters.

A counter beside an automaton (`Automaton(..., counter=(m, n))`) shares its states and therefore its masks between all
counts, where the chain that a bounded repetition becomes has a state, and a walk over the vocabulary, for each count.
`folded` finds the chain at the end of an automaton, makes it a loop, and then *checks* that the loop with the counter
is the same language and has no dead ends; so what it gives is right whatever the search for the chain overlooked.
Cost: two products with a chain, tens of microseconds for the usual 64 states.
"""

from __future__ import annotations

import numpy as np

from maskwright.bounded_cache import bounded_cache
from maskwright.grammar.characters._minimise import live_states
from maskwright.grammar.characters._product import product
from maskwright.grammar.characters.automaton import CharacterAutomaton, automaton_from, language_bytes, length_between

MIN_CHAIN = 8
"""Shorter chains are not worth a counter: their few states are walked once and kept."""

Counter = tuple[int, int]


def _folded_bytes(found: tuple[CharacterAutomaton, Counter] | None) -> int:
    return language_bytes(found[0]) if found is not None else 0


@bounded_cache(_folded_bytes, max_entries=512)
def folded(language: CharacterAutomaton) -> tuple[CharacterAutomaton, Counter] | None:
    """A smaller language and a range of lengths whose intersection is `language`; None if there is no such chain.

    Any number of characters that has not passed the range can be completed within it, so a counter has no dead ends.
    `folded(match_language("[ab]{1,64}"))` -> (the language of `[ab]*`, (1, 64)).
    """
    if language.n_states <= MIN_CHAIN:
        return None
    chain = _last_chain(language)
    if len(chain) < MIN_CHAIN:
        return None
    least, greatest = language.length_bounds()
    if greatest is None:
        return None
    table = language.transitions.copy()
    accepting = language.accepting.copy()
    first = chain[-1]
    table[first, table[first] >= 0] = first
    table[np.isin(table, chain)] = first
    accepting[first] = True
    looped = automaton_from(language.alphabet.intervals, table, accepting)
    lengths = length_between(least, greatest)
    if looped & lengths != language or not _counts_exactly(looped, lengths):
        return None
    return looped, (least, greatest)


def _last_chain(language: CharacterAutomaton) -> list[int]:
    """The states that lead to the one without successors by equal sets of characters, from the last backwards."""
    transitions = language.transitions
    is_live = transitions >= 0
    ends = np.flatnonzero(~is_live.any(axis=1))
    if len(ends) != 1:
        return []
    # states all of whose transitions lead to one other
    last = transitions.max(axis=1)
    leads_to_one = (np.where(is_live, transitions, last[:, None]) == last[:, None]).all(axis=1) & (last >= 0)
    before: dict[int, list[int]] = {}
    for state in np.flatnonzero(leads_to_one).tolist():
        before.setdefault(int(last[state]), []).append(state)
    chain = [int(ends[0])]
    classes: bytes | None = None
    while True:
        candidates = [s for s in before.get(chain[-1], []) if classes is None or is_live[s].tobytes() == classes]
        if len(candidates) != 1:
            return chain
        classes = is_live[candidates[0]].tobytes()
        chain.append(candidates[0])


def _counts_exactly(language: CharacterAutomaton, lengths: CharacterAutomaton) -> bool:
    """Can every beginning of a member that is not too long be completed to one of an allowed length?"""
    columns = np.arange(language.transitions.shape[1], dtype=np.int32)
    only_class = np.zeros_like(columns)
    table, pairs, size = product(language.transitions, lengths.transitions, columns, only_class, True, True, 1 << 20)
    accepting = language.accepting[pairs[:size, 0]] & lengths.accepting[pairs[:size, 1]]
    return size > 0 and bool(live_states(table[:size], accepting).all())
