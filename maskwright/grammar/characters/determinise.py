"""From a syntax tree to a minimal automaton, when the tree has no conditions: the subset construction.

A state of the result is the set of NFA states that read a character next (or END); a set with END and a state that
reads any text is these two alone, which keeps searches small. The outgoing pieces of a set are disjoint sets of
character classes, refined one NFA state at a time, so that a state with one NFA state costs one step whatever the
size of the alphabet. Trees with conditions go to `lookaround`.
"""

from __future__ import annotations

from functools import lru_cache

import numpy as np

from maskwright.errors import LimitExceeded
from maskwright.grammar.characters.alphabet import partition
from maskwright.grammar.characters.automaton import MAX_STATES, CharacterAutomaton, automaton_from
from maskwright.grammar.characters.character_set import ANY_CHARACTER
from maskwright.grammar.characters.lookaround import language_with_conditions
from maskwright.grammar.characters.nfa import END, NFA, check_size
from maskwright.grammar.characters.syntax import Expression, contains_look

MAX_WORK = 3_000_000
"""NFA states looked at in one subset construction: some seconds."""


def language_of(node: Expression, where: str = "") -> CharacterAutomaton:
    """The language of a whole text that matches the node; `where` names it in a `LimitExceeded`."""
    check_size(node, where)
    if contains_look(node):
        return language_with_conditions(node, where)
    nfa = NFA()
    entry = nfa.build(node, END)
    alphabet, masks = partition(tuple(nfa.sets))
    mask_of = [masks[index] if index >= 0 else 0 for index in nfa.reads]
    closures: dict[int, frozenset[int]] = {}
    work = 0
    universal: dict[int, frozenset[int]] = {}

    def closure(state: int) -> frozenset[int]:
        nonlocal work
        known = closures.get(state)
        if known is None:
            known = closures[state] = _closure(nfa, state)
            work += len(known)
            if work > MAX_WORK:
                raise LimitExceeded("The automaton of a pattern", work, MAX_WORK, where[:80])
        return known

    any_set = nfa.sets.get(ANY_CHARACTER, -2)
    for state, index in enumerate(nfa.reads):
        if index == any_set and {state, END} <= closure(nfa.following[state]):
            universal[state] = frozenset((state, END))

    number_of: dict[frozenset[int], int] = {closure(entry): 0}
    todo = list(number_of)
    rows: list[list[int]] = []
    accepting: list[bool] = []
    following = nfa.following
    no_row = [-1] * alphabet.n_classes
    for subset in todo:
        pieces: list[tuple[int, frozenset[int]]] = []
        for state in subset:
            if state != END:
                _add_piece(pieces, mask_of[state], closure(following[state]))
        work += len(subset) * (1 + len(pieces))
        row = no_row.copy()
        for mask, target in pieces:
            if END in target and not universal.keys().isdisjoint(target):
                target = universal[min(universal.keys() & target)]
            number = number_of.get(target)
            if number is None:
                number = number_of[target] = len(todo)
                todo.append(target)
                work += len(target)
            for cls in _bits(mask):
                row[cls] = number
        rows.append(row)
        accepting.append(END in subset)
        if len(todo) > 4 * MAX_STATES or work > MAX_WORK:
            raise LimitExceeded("The automaton of a pattern", max(work, len(todo)), MAX_WORK, where[:80])
    table = np.array(rows, dtype=np.int32).reshape(len(rows), alphabet.n_classes)
    result = automaton_from(alphabet.intervals, table, np.array(accepting))
    if result.n_states > MAX_STATES:
        raise LimitExceeded("The automaton of a pattern", result.n_states, MAX_STATES, where[:80])
    return result


def _closure(nfa: NFA, state: int) -> frozenset[int]:
    """The states that read a character or END, reached from `state` without reading."""
    found = []
    seen = {state}
    todo = [state]
    while todo:
        current = todo.pop()
        if current == END or nfa.reads[current] >= 0:
            found.append(current)
        for target in nfa.splits[current]:
            if target not in seen:
                seen.add(target)
                todo.append(target)
    return frozenset(found)


def _add_piece(pieces: list[tuple[int, frozenset[int]]], mask: int, target: frozenset[int]) -> None:
    """Add "classes in `mask` lead to `target`" to pieces whose masks are disjoint."""
    for index in range(len(pieces)):
        other, reached = pieces[index]
        both = other & mask
        if both:
            if not target <= reached:
                pieces[index] = (both, reached | target)
                if other != both:
                    pieces.append((other ^ both, reached))
            mask ^= both
            if not mask:
                return
    if mask:
        pieces.append((mask, target))


@lru_cache(maxsize=4096)
def _bits(mask: int) -> tuple[int, ...]:
    """The positions of the one bits: `_bits(0b101)` -> (0, 2)."""
    found = []
    while mask:
        low = mask & -mask
        found.append(low.bit_length() - 1)
        mask ^= low
    return tuple(found)
