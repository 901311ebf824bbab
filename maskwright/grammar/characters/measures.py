"""How many members a language has, and how far each place of its automaton is from the end of one.

What counters and distinct items rest on. A counter of characters with a greatest value meets no dead end if it never
lets a text go to a state from which more characters are needed than are left (`least_to_accept`), provided that there
are members of every greater length (`has_all_lengths`); items that must all
differ never run out where infinitely many continue every beginning (`is_free`), and are tried out where they are few
(`count_members`). Automata are trimmed: every state leads to a member, so every cycle does.
Cost: one pass over the transitions.
"""

from __future__ import annotations

from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

from maskwright.grammar.byte_automaton import MAX_RESERVE
from maskwright.grammar.characters.automaton import CharacterAutomaton


def is_finite(language: CharacterAutomaton) -> bool:
    """Has the language finitely many members?  `is_finite(match_language("[ab]{1,3}"))` -> True."""
    return language.is_empty or language.length_bounds()[1] is not None


def is_free(language: CharacterAutomaton) -> bool:
    """Do infinitely many members continue every beginning of a member?  `is_free(match_language("a*b?"))` -> False.

    A state without infinitely many ways on leads to one without any; and where each has one, each leads to a cycle.
    """
    return bool((language.transitions >= 0).any(axis=1).all())


def count_members(language: CharacterAutomaton, limit: int) -> int | None:
    """How many members there are; None for more than `limit`.  `count_members(match_language("[ab]{2}"), 9)` -> 4."""
    if language.is_empty:
        return 0
    if not is_finite(language):
        return None
    sizes = [sum(high - low + 1 for low, high in ranges) for ranges in language.alphabet.ranges()]
    table = language.transitions.tolist()
    counts = [0] * language.n_states
    for state in reversed(_sorted_topologically(table)):
        ways = sum(size * counts[target] for size, target in zip(sizes, table[state], strict=True) if target >= 0)
        # each state is on the way of some member, so the counts of the states before it are no smaller
        counts[state] = min(ways + bool(language.accepting[state]), limit + 1)
    return counts[0] if counts[0] <= limit else None


def least_to_accept(language: CharacterAutomaton) -> NDArray[np.int32]:
    """For each state the least number of characters to an accepting one: int32[n_states].

    `least_to_accept(match_language("(ab)*"))` -> [0, 1]. The language must not be empty.
    """
    assert not language.is_empty
    before: list[set[int]] = [set() for _ in range(language.n_states)]
    for state, row in enumerate(language.transitions.tolist()):
        for target in row:
            if target >= 0:
                before[target].add(state)
    least = np.full(language.n_states, -1, np.int32)
    level = np.flatnonzero(language.accepting).tolist()
    steps = 0
    while level:
        least[level] = steps
        steps += 1
        level = sorted({source for state in level for source in before[state] if least[source] < 0})
    return least


@lru_cache(maxsize=1024)
def has_reserve(language: CharacterAutomaton) -> bool:
    """May an automaton say of each state how many characters it still needs (`ByteAutomaton.reserve`)?"""
    return language.n_states <= MAX_RESERVE or int(least_to_accept(language).max()) <= MAX_RESERVE


def has_all_lengths(language: CharacterAutomaton) -> bool:
    """Does every beginning of a member go on to members of every length from its shortest one on?

    It does if it can repeat its last character, or can go on to a beginning that does and needs no more characters.
    Lengths that come about otherwise (as in `(ab)*|(ba)*a`) are not looked for. The language must not be empty.
    `has_all_lengths(match_language("a+b+"))` -> True, `has_all_lengths(match_language("(ab)*"))` -> False.
    """
    table, least = language.transitions, least_to_accept(language)
    is_near = (table >= 0) & (least[table] <= least[:, None])
    has_all = (table == np.arange(language.n_states)[:, None]).any(axis=1)
    n_before = -1
    while n_before != (n_before := int(np.count_nonzero(has_all))):
        has_all |= (is_near & has_all[table]).any(axis=1)
    return bool(has_all.all())


def _sorted_topologically(table: list[list[int]]) -> list[int]:
    """The states of an automaton without cycles, each before its successors."""
    successors = [{target for target in row if target >= 0} for row in table]
    n_before = [0] * len(table)
    for targets in successors:
        for target in targets:
            n_before[target] += 1
    order = [0]
    for state in order:
        for target in successors[state]:
            n_before[target] -= 1
            if n_before[target] == 0:
                order.append(target)
    return order
