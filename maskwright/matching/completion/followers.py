"""Which bytes may come behind each rule: FIRST and FOLLOW, as for a table of a parser, over the states of the arena.

A rule that may end anywhere, such as a word of letters, ends within every token of letters. Nearly all of these ends
lead nowhere, because what follows the word is no letter; the search does not look at them if it knows that.

As long as a rule is not built, which bytes it reads is not known, nor what it calls: then any byte may follow a rule,
and a call may begin with any.
Bytes beyond ASCII are one.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from maskwright.automata._layout import (
    ACCEPTING,
    CALL,
    COUNTER_PARENT,
    DEAD,
    FINAL_STATE,
    FRAME_PAIRS,
    FRAME_SIZE,
    IS_COUNTER,
    IS_SET,
    LEXES,
    SET_PARENT,
    STATE_SIZE,
    TOKEN,
)
from maskwright.grammar.ir import Call
from maskwright.matching.completion._suffixes import ASCII_END, WORDS_INSIDE

if TYPE_CHECKING:
    from maskwright.automata.transition_network import TransitionNetwork

ANYTHING = (1 << (ASCII_END + 1)) - 1
"""A set of bytes is an int with a bit for each of ASCII, and one for all others."""


class Followers:
    """Of one network in one epoch. `of(nonterminal)` is a set of bytes; `behind(frame)` is too."""

    def __init__(self, network: TransitionNetwork) -> None:
        self._network = network
        self._entries = network.entries()
        self.n_rules = len(self._entries)
        self._first: dict[int, tuple[int, bool]] = {}
        self._behind: dict[int, int] = {}
        self.is_known = all(entry for _, entry in self._entries)
        self._starts = [(0, False) if self.is_known else (ANYTHING, True)] * self.n_rules
        self._of = [ANYTHING] * self.n_rules
        if self.is_known:
            self._find_first()
            self._find_followers()

    def of(self, nonterminal: int) -> int:
        """What may come behind a nonterminal."""
        return self._of[nonterminal]

    def _find_first(self) -> None:
        """The bytes that each nonterminal may begin with, and whether it may be empty: a least fixpoint."""
        is_settled = False
        while not is_settled:
            is_settled = True
            for number, (_, entry) in enumerate(self._entries):
                found = self._closure(entry)
                if found != self._starts[number]:
                    self._starts[number] = found
                    is_settled = False

    def _closure(self, state: int) -> tuple[int, bool]:
        """(the bytes that may be read from a state, may the rule end without reading)."""
        arena = self._network.arena
        found, may_end = 0, False
        todo, met = [state], {state}
        while todo:
            here = todo.pop()
            flags = int(arena[here])
            if flags & LEXES:
                return ANYTHING, True
            may_end |= bool(flags & ACCEPTING)
            found |= self._bytes_of(here)
            n_bytes, n_others = int(arena[here + 3]), int(arena[here + 4])
            at = here + STATE_SIZE + 2 * n_bytes
            for kind, operand, target in arena[at : at + 3 * n_others].reshape(-1, 3).tolist():
                if kind == TOKEN:
                    continue
                if kind == CALL:
                    begins, is_nullable = self._starts[operand] if operand < self.n_rules else (ANYTHING, True)
                    found |= begins
                    if not is_nullable:
                        continue
                if target not in met:
                    met.add(target)
                    todo.append(target)
        return found, may_end

    def _bytes_of(self, state: int) -> int:
        arena = self._network.arena
        found = 0
        while state:
            n = int(arena[state + 3])
            for packed, target in arena[state + STATE_SIZE :][: 2 * n].reshape(-1, 2).tolist():
                low, high = packed & 255, packed >> 8 & 255
                if target != DEAD:
                    if low < ASCII_END:
                        found |= (1 << min(high, ASCII_END - 1) + 1) - (1 << low)
                    if high >= ASCII_END:
                        found |= 1 << ASCII_END
            state = int(arena[state + 1])
        return found

    def first(self, state: int) -> tuple[int, bool]:
        """The same, kept."""
        if state not in self._first:
            self._first[state] = self._closure(state)
        return self._first[state]

    def _find_followers(self) -> None:
        """Everything that is read behind a call of a nonterminal; of the start nothing is."""
        calls = [
            (caller, callee, *self.first(target))
            for caller, (node, entry) in enumerate(self._entries)
            if isinstance(node, Call)
            for callee, target in self._calls_from(entry)
        ]
        self._of = [0] * self.n_rules
        is_settled = False
        while not is_settled:
            is_settled = True
            for caller, callee, begins, may_end in calls:
                more = self._of[callee] | begins | (self._of[caller] if may_end else 0)
                if more != self._of[callee]:
                    self._of[callee] = more
                    is_settled = False

    def _calls_from(self, entry: int) -> list[tuple[int, int]]:
        """(nonterminal, the state behind the call) of all calls of a rule."""
        arena = self._network.arena
        found = []
        todo, met = [entry], {entry}
        while todo:
            here = todo.pop()
            n_bytes, n_others = int(arena[here + 3]), int(arena[here + 4])
            at = here + STATE_SIZE
            targets = arena[at + 1 : at + 2 * n_bytes : 2].tolist()
            for kind, operand, target in arena[at + 2 * n_bytes :][: 3 * n_others].reshape(-1, 3).tolist():
                targets.append(target)
                if kind == CALL:
                    found.append((operand, target))
            for target in targets:
                if target != DEAD and target not in met:
                    met.add(target)
                    todo.append(target)
        return found

    def behind(self, frame: int) -> int:
        """What may be read once the rule of a frame has ended."""
        arena = self._network.arena
        todo = [frame]
        while todo:
            here = todo[-1]
            if here in self._behind:
                todo.pop()
                continue
            size = int(arena[here + FRAME_SIZE])
            if size in {IS_COUNTER, IS_SET}:
                pairs = [[0, int(arena[here + (COUNTER_PARENT if size == IS_COUNTER else SET_PARENT)])]]
            else:
                pairs = arena[here + FRAME_PAIRS :][: 2 * size].reshape(-1, 2).tolist()
            found, missing = 0, []
            for state, under in pairs:
                if state == FINAL_STATE:
                    continue
                begins, may_end = self.first(state) if state else (0, True)
                found |= begins
                if may_end:
                    if under in self._behind:
                        found |= self._behind[under]
                    else:
                        missing.append(under)
            if missing:
                todo += missing
            else:
                self._behind[here] = found
        return self._behind[frame]


def words_of(found: int) -> NDArray[np.int32]:
    """int32[WORDS_INSIDE]: a set of bytes as kernels read it."""
    words = [found >> 32 * i & 0xFFFFFFFF for i in range(WORDS_INSIDE)]
    return np.array(words, dtype=np.uint32).view(np.int32)
