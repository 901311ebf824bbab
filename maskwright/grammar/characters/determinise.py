"""From a syntax tree to a minimal automaton: the subset construction.

A state of the result is a set of *positions*: an NFA state that reads a character next, with the classes that it may
read here, or END. A set with END and a position that reads any text is these two alone, which keeps searches small.
The outgoing pieces of a set are disjoint sets of character classes, refined one position at a time, so that a state
with one position costs one step whatever the size of the alphabet.

Conditions on single neighbours (anchors, word boundaries, `(?=[a-z])`, `(?<!a)`) are decided here: the character after
a place narrows what a position may read, and the one before it is known when the position is entered; classes that no
condition tells apart as predecessors are one *group*. All other conditions go to `lookaround`, which finds the same
language a hundred times as slowly.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import lru_cache

import numpy as np

from maskwright.errors import LimitExceeded
from maskwright.grammar.characters.alphabet import partition
from maskwright.grammar.characters.automaton import MAX_STATES, CharacterAutomaton, automaton_from
from maskwright.grammar.characters.character_set import ANY_CHARACTER
from maskwright.grammar.characters.lookaround import language_with_conditions
from maskwright.grammar.characters.nfa import END, NFA, check_size
from maskwright.grammar.characters.syntax import Characters, Expression

MAX_WORK = 2_000_000
"""Positions and states of the NFA looked at in one subset construction: a second or two."""

ENDS = 0
"""The position that is the end of the text."""

Positions = frozenset[int]


def language_of(node: Expression, where: str = "", max_work: int = MAX_WORK) -> CharacterAutomaton:
    """The language of a whole text that matches the node; `where` names it in a `LimitExceeded`."""
    check_size(node, where)
    nfa = NFA()
    entry = nfa.build(node, END)
    if not all(isinstance(body, Characters) for body, _, _ in nfa.conditions):
        return language_with_conditions(node, where)
    alphabet, masks = partition(tuple(nfa.sets))
    places = _places(nfa, masks, alphabet.n_classes, where)
    universal = places.universal_positions()

    number_of: dict[Positions, int] = {places.entered(entry, places.at_start): 0}
    todo = list(number_of)
    rows: list[list[int]] = []
    accepting: list[bool] = []
    no_row = [-1] * alphabet.n_classes
    work = 0
    for subset in todo:
        pieces: list[tuple[int, set[int]]] = []
        for position in subset:
            for mask, target in places.steps(position):
                _add_piece(pieces, mask, target)
        work += len(subset) * (1 + len(pieces))
        row = no_row.copy()
        for mask, reached in pieces:
            target = frozenset(reached)
            if ENDS in target and not universal.keys().isdisjoint(target):
                target = universal[min(universal.keys() & target)]
            number = number_of.get(target)
            if number is None:
                number = number_of[target] = len(todo)
                todo.append(target)
                work += len(target)
            for cls in _bits(mask):
                row[cls] = number
        rows.append(row)
        accepting.append(ENDS in subset)
        if len(todo) > 4 * MAX_STATES or work + places.work > max_work:
            raise LimitExceeded("The automaton of a pattern", max(work + places.work, len(todo)), max_work, where[:80])
    table = np.array(rows, dtype=np.int32).reshape(len(rows), alphabet.n_classes)
    result = automaton_from(alphabet.intervals, table, np.array(accepting))
    if result.n_states > MAX_STATES:
        raise LimitExceeded("The automaton of a pattern", result.n_states, MAX_STATES, where[:80])
    return result


@dataclass(slots=True)
class _Places:
    """The positions of an NFA, numbered as they are met, and what is entered from where.

    masks: the classes of each set of the NFA. all_classes: their union, and a bit beyond for the end of the text.
    groups: the masks of the classes that are alike as predecessors. at_start: the group of no predecessor.
    passes: for each look-behind and group, whether it holds. allowed: for each look-ahead the mask that may follow.
    states, reads: the NFA state of each position and the mask that it may read.
    """

    nfa: NFA
    masks: tuple[int, ...]
    all_classes: int
    where: str
    groups: list[int]
    at_start: int
    passes: dict[int, list[bool]]
    allowed: dict[int, int]
    states: list[int] = field(default_factory=lambda: [END])
    reads: list[int] = field(default_factory=lambda: [0])
    number_of: dict[tuple[int, int], int] = field(default_factory=dict)
    closures: dict[tuple[int, int], Positions] = field(default_factory=dict)
    made_steps: dict[int, list[tuple[int, Positions]]] = field(default_factory=dict)
    work: int = 0

    def steps(self, position: int) -> list[tuple[int, Positions]]:
        """What a position becomes: disjoint masks of classes, each with the positions entered."""
        known = self.made_steps.get(position)
        if known is None:
            mask, following = self.reads[position], self.nfa.following[self.states[position]]
            known = [(mask & group, self.entered(following, i)) for i, group in enumerate(self.groups) if mask & group]
            self.made_steps[position] = known
        return known

    def entered(self, state: int, group: int) -> Positions:
        """The positions reached from an NFA state without reading, behind a character of the group."""
        known = self.closures.get((state, group))
        if known is None:
            known = self.closures[state, group] = self._closure(state, group)
            if self.work > MAX_WORK:
                raise LimitExceeded("The automaton of a pattern", self.work, MAX_WORK, self.where[:80])
        return known

    def _closure(self, state: int, group: int) -> Positions:
        nfa = self.nfa
        ends_bit = self.all_classes + 1 >> 1
        reads: dict[int, int] = {}
        seen = {(state, self.all_classes)}
        todo = [(state, self.all_classes)]
        while todo:
            current, mask = todo.pop()
            if current == END:
                if mask & ends_bit:
                    reads[END] = 0
                continue
            if nfa.reads[current] >= 0:
                if mask := mask & self.masks[nfa.reads[current]]:
                    reads[current] = reads.get(current, 0) | mask
                continue
            targets = nfa.splits[current]
            if (condition := nfa.looks[current]) >= 0:
                if condition in self.allowed:
                    mask &= self.allowed[condition]
                elif not self.passes[condition][group]:
                    continue
                targets = (nfa.following[current],)
            for target in targets:
                if mask and (target, mask) not in seen:
                    seen.add((target, mask))
                    todo.append((target, mask))
        self.work += 2 * len(seen)
        return frozenset(self._number(state, mask) for state, mask in reads.items())

    def _number(self, state: int, mask: int) -> int:
        if state == END:
            return ENDS
        number = self.number_of.setdefault((state, mask), len(self.states))
        if number == len(self.states):
            self.states.append(state)
            self.reads.append(mask)
        return number

    def universal_positions(self) -> dict[int, Positions]:
        """The positions that read any text whatever precedes, each with the set that it and the end make."""
        index = self.nfa.sets.get(ANY_CHARACTER, -2)
        found = {}
        for state in range(len(self.nfa.reads)):
            if self.nfa.reads[state] == index:
                position = self._number(state, self.masks[index])
                if all({position, ENDS} <= target for _, target in self.steps(position)):
                    found[position] = frozenset((position, ENDS))
        return found


def _places(nfa: NFA, masks: tuple[int, ...], n_classes: int, where: str) -> _Places:
    """The places of an NFA all of whose conditions are about one character."""
    all_classes = (2 << n_classes) - 1
    allowed: dict[int, int] = {}
    behind: dict[int, tuple[int, bool]] = {}
    for index, (body, is_ahead, is_negated) in enumerate(nfa.conditions):
        assert isinstance(body, Characters)
        mask = masks[nfa.sets[body.members]]
        if is_ahead:
            allowed[index] = mask ^ all_classes if is_negated else mask
        else:
            behind[index] = (mask, is_negated)
    group_of: dict[tuple[bool, ...], int] = {}
    groups: list[int] = []
    for cls in (*range(n_classes), n_classes):  # the last stands for no predecessor: it is in no set
        signature = tuple(bool(mask >> cls & 1) for mask, _ in behind.values())
        group = group_of.setdefault(signature, len(groups))
        if group == len(groups):
            groups.append(0)
        groups[group] |= 1 << cls
    groups = [group & ~(1 << n_classes) for group in groups]
    passes = {
        condition: [signature[which] != is_negated for signature in group_of]
        for which, (condition, (_, is_negated)) in enumerate(behind.items())
    }
    at_start = group_of[(False,) * len(behind)]
    return _Places(nfa, masks, all_classes, where, groups, at_start, passes, allowed)


def _add_piece(pieces: list[tuple[int, set[int]]], mask: int, target: Positions) -> None:
    """Add "classes in `mask` lead to `target`" to pieces whose masks are disjoint; their sets grow in place."""
    for index in range(len(pieces)):
        other, reached = pieces[index]
        both = other & mask
        if both:
            if not target <= reached:
                if other == both:
                    reached |= target
                else:
                    pieces[index] = (both, reached | target)
                    pieces.append((other ^ both, reached))
            mask ^= both
            if not mask:
                return
    if mask:
        pieces.append((mask, set(target)))


@lru_cache(maxsize=4096)
def _bits(mask: int) -> tuple[int, ...]:
    """The positions of the one bits: `_bits(0b101)` -> (0, 2)."""
    found = []
    while mask:
        low = mask & -mask
        found.append(low.bit_length() - 1)
        mask ^= low
    return tuple(found)
