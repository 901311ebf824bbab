"""Sets of stacks as Python sets of words, what letters do to them, and both as the arrays that kernels read.

The twin of `automata.infilling`: a stack is a tuple of symbols, the top first; `read` says by its definition what the
strings of a letter turn a stack into. Random letters and sets come from Hypothesis.
"""

from __future__ import annotations

from dataclasses import dataclass
from itertools import count
from typing import Any

import numpy as np
from hypothesis import strategies as st
from numpy.typing import NDArray

from maskwright.automata.infilling import _stack_sets as kernels
from maskwright.automata.infilling._layout import (
    BOTTOM,
    CLASS_EXIT,
    CLASS_N_WORDS,
    CLASS_NUMBER,
    CLASS_WORDS,
    EFFECT_ENTRY,
    EFFECT_MAP,
    EFFECT_MASK,
    EMPTY,
    FIRST_NODE,
    FREE,
    IS_MERGING,
    LIMIT,
    NO_LETTER,
    NODE_BOTTOM,
    NODE_EDGES,
    NODE_SIZE,
    RECORD_ENDS,
    RECORD_EXIT,
    RECORD_EXITS,
    RECORD_N_WORDS,
    RECORD_SORT,
    RECORD_WORDS,
    SCRATCH,
    TOP,
)

N_SYMBOLS = 5
MAIN, SUFFIXES = 1, (2, 3, 4)
"""Letters: one like that of all tokens, whose classes leave nothing behind, and three of what is left of strings."""
_MAP_SIZE = 1 << 6
_N_NODE_WORDS = 1 << 18

Stack = tuple[int, ...]
Stacks = frozenset[Stack]


@dataclass(frozen=True, slots=True)
class Outcome:
    """What strings make of a symbol on top: words instead of it, and what is left for what lies below it."""

    words: tuple[Stack, ...]
    exit: int = NO_LETTER


@dataclass(frozen=True, slots=True)
class Record:
    """What a letter does to a symbol: as a whole, and its classes."""

    whole: Outcome
    classes: tuple[Outcome, ...] = ()


@dataclass(frozen=True, slots=True)
class Letters:
    """Records by letter and symbol, and which symbols may be taken off without reading."""

    records: dict[tuple[int, int], Record]
    ends: tuple[bool, ...]

    def record(self, letter: int, symbol: int) -> Record:
        return self.records.get((letter, symbol), Record(Outcome(())))

    def read(self, stack: Stack, letter: int) -> Stacks:
        """What the strings of a letter turn a stack into."""
        if letter == NO_LETTER or not stack:
            return frozenset()
        found = self.after(self.record(letter, stack[0]).whole, stack)
        return found | self.read(stack[1:], letter) if self.ends[stack[0]] else found

    def after(self, outcome: Outcome, stack: Stack) -> Stacks:
        """What an outcome for its top turns a stack into."""
        return frozenset((*word, *stack[1:]) for word in outcome.words) | self.read(stack[1:], outcome.exit)

    def may_end(self, stack: Stack) -> bool:
        """Can all of it be taken off without reading?"""
        return all(self.ends[symbol] for symbol in stack)

    def number(self, letter: int, symbol: int) -> int:
        """A number of the pair, above 0."""
        return 1 + letter * N_SYMBOLS + symbol

    def class_number(self, letter: int, symbol: int, which: int) -> int:
        """A number of one of its classes."""
        return 100 * self.number(letter, symbol) + which

    def alive(self, stacks: Stacks, target: Stacks) -> set[tuple[int, int]]:
        """The classes of MAIN that lead from a set into the target, as pairs that the kernel writes."""
        found = set()
        for stack in stacks:
            for top in self._tops(stack):
                symbol = top[0]
                for which, one in enumerate(self.record(MAIN, symbol).classes):
                    if self.after(one, top) & target:
                        found.add((0, self.class_number(MAIN, symbol, which)))
                left = self.record(MAIN, symbol).whole.exit
                for lower in self._tops(top[1:]) if left != NO_LETTER else ():
                    for which, one in enumerate(self.record(left, lower[0]).classes):
                        if self.after(one, lower) & target:
                            found.add((self.number(MAIN, symbol), self.class_number(left, lower[0], which)))
        return found

    def _tops(self, stack: Stack) -> list[Stack]:
        """The stacks that are left when symbols that end are taken off."""
        found = []
        while stack:
            found.append(stack)
            if not self.ends[stack[0]]:
                break
            stack = stack[1:]
        return found

    def written(self) -> NDArray[np.int32]:
        """As `effects`, with a record for every pair of a letter and a symbol."""
        effects = np.zeros(EFFECT_MAP + EFFECT_ENTRY * _MAP_SIZE + (1 << 14), dtype=np.int32)
        effects[EFFECT_MASK] = _MAP_SIZE - 1
        free = count(EFFECT_MAP + EFFECT_ENTRY * _MAP_SIZE)

        def placed(content: list[int]) -> int:
            places = [next(free) for _ in content]
            effects[places] = content
            return places[0]

        def words_of(outcome: Outcome) -> list[int]:
            return [placed([len(word), *word]) for word in outcome.words]

        for letter in (NO_LETTER, MAIN, *SUFFIXES):
            for symbol in range(N_SYMBOLS):
                record = self.record(letter, symbol)
                classes = []
                for which, one in enumerate(record.classes):
                    content = [0] * CLASS_WORDS + words_of(one)
                    content[CLASS_NUMBER] = self.class_number(letter, symbol, which)
                    content[CLASS_EXIT], content[CLASS_N_WORDS] = one.exit, len(one.words)
                    classes.append(placed(content))
                content = [0] * RECORD_WORDS + words_of(record.whole) + [len(classes), *classes]
                content[RECORD_ENDS], content[RECORD_EXIT] = self.ends[symbol], record.whole.exit
                content[RECORD_EXITS] = content[RECORD_SORT] = self.number(letter, symbol)
                content[RECORD_N_WORDS] = len(record.whole.words)
                slot = int(kernels.mixed(letter, symbol)) & (_MAP_SIZE - 1)
                while effects[EFFECT_MAP + EFFECT_ENTRY * slot + 2]:
                    slot = (slot + 1) & (_MAP_SIZE - 1)
                at = EFFECT_MAP + EFFECT_ENTRY * slot
                effects[at : at + EFFECT_ENTRY] = (letter, symbol, placed(content))
        return effects


class Memory:
    """Sets of stacks as kernels have them, from words and back."""

    def __init__(self, *, is_merging: bool = True, n_node_words: int = _N_NODE_WORDS) -> None:
        self.sets = np.zeros(FIRST_NODE + n_node_words, dtype=np.int32)
        self.begin(is_merging)

    def begin(self, is_merging: bool) -> None:
        """Without any sets."""
        sets = self.sets
        sets[:SCRATCH] = 0
        sets[FREE], sets[LIMIT], sets[TOP], sets[IS_MERGING] = FIRST_NODE, len(sets), SCRATCH, is_merging
        bottom = kernels.intern_node(sets, SCRATCH, 0, 1)
        assert bottom == BOTTOM

    def node(self, stacks: Stacks) -> int:
        """The node of a set of words, put together word by word."""
        found = EMPTY
        for stack in sorted(stacks):
            one = BOTTOM
            for symbol in reversed(stack):
                one = kernels.push(self.sets, symbol, one)
            found = kernels.union(self.sets, found, one)
        return found

    def stacks(self, node: int, longest: int = 1 << 20) -> Stacks:
        """The words of a node, those of at most so many symbols."""
        if node == EMPTY:
            return frozenset()
        n = int(self.sets[node + NODE_SIZE])
        edges = self.sets[node + NODE_EDGES : node + NODE_EDGES + 2 * n].reshape(n, 2).tolist()
        assert edges == sorted(edges)
        found = {()} if self.sets[node + NODE_BOTTOM] else set()
        for symbol, under in edges if longest else ():
            found |= {(symbol, *rest) for rest in self.stacks(under, longest - 1)}
        return frozenset(found)


SYMBOLS = st.integers(0, N_SYMBOLS - 1)
STACKS = st.lists(SYMBOLS, max_size=4).map(tuple)
SETS: st.SearchStrategy[Stacks] = st.frozensets(STACKS, max_size=7)
WORDS = st.lists(st.lists(SYMBOLS, max_size=2).map(tuple), max_size=3, unique=True).map(tuple)


@st.composite
def letters(draw: Any) -> Letters:
    """Random letters. The whole of a record has the words of its classes, and may have more.

    What is left of a string is shorter than it, so exits lead to letters further on only.
    """
    records = {}
    for letter in (MAIN, *SUFFIXES):
        for symbol in range(N_SYMBOLS):
            if draw(st.booleans()):
                exits = st.sampled_from((NO_LETTER, NO_LETTER, *(other for other in SUFFIXES if other > letter)))
                of_classes = st.just(NO_LETTER) if letter == MAIN else exits
                classes = tuple(draw(st.lists(st.builds(Outcome, WORDS, of_classes), max_size=2)))
                words = sorted({word for one in classes for word in one.words} | set(draw(WORDS)))
                records[letter, symbol] = Record(Outcome(tuple(words), draw(exits)), classes)
    return Letters(records, tuple(draw(st.lists(st.booleans(), min_size=N_SYMBOLS, max_size=N_SYMBOLS))))
