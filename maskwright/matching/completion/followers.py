"""Which bytes may come behind each rule, and which it may end with: FIRST, FOLLOW and LAST, over states of the arena.

A rule that may end anywhere, such as a word of letters, ends within every token of letters. Nearly all of these ends
lead nowhere, because what follows the word is no letter; the search does not look at them if it knows that. And a rule
that may be long, such as a string of many words, ends within few tokens, those in which a quote stands.

As long as a rule is not built, which bytes it reads is not known, nor what it calls: then any byte may follow a rule,
and a call may begin and end with any.
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
    FREE,
    IS_COUNTER,
    IS_SET,
    LEXES,
    N_STATES,
    NONTERMINALS,
    SET_PARENT,
    STATE_SIZE,
    TOKEN,
)
from maskwright.grammar.ir import Call
from maskwright.matching.completion import _rules as rules
from maskwright.matching.completion._suffixes import ASCII_END, WORDS_INSIDE

if TYPE_CHECKING:
    from maskwright.automata.transition_network import TransitionNetwork

ANYTHING = (1 << (ASCII_END + 1)) - 1
"""A set of bytes is an int with a bit for each of ASCII, and one for all others."""
MAY_BE_EMPTY, BY_BYTES = 1 << (ASCII_END + 1), 1 << (ASCII_END + 2)
"""Beside what a rule may end with: it may read nothing; it is so large that it is read byte by byte."""
MOST_READABLE, MOST_COUNTED = 90_000, 15_000
"""Bytes, in all states of a rule together, if it is to be read by tokens of any length; the latter where characters are
counted as well. A date with a time has 53,000, the name of a host 1.5 million."""
ROOM = 64
"""Words that are given to kernels at first."""


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
        self._last = [ANYTHING | MAY_BE_EMPTY] * self.n_rules
        self._last_from: dict[int, int] = {}
        self._states = self._begin = np.zeros(self.n_rules + 1, np.int32)
        if self.is_known:
            self._find_first()
            self._list_states()
            self._find_followers()
            self._find_last()

    def of(self, nonterminal: int) -> int:
        """What may come behind a nonterminal."""
        return self._of[nonterminal]

    def last(self, nonterminal: int) -> int:
        """What a nonterminal may end with, with the flags MAY_BE_EMPTY and BY_BYTES."""
        return self._last[nonterminal]

    def last_from(self, state: int) -> int:
        """The same of the rules of a state."""
        if state not in self._last_from:
            found = 0
            for place in np.flatnonzero(self._states == state):
                found |= self._last[int(np.searchsorted(self._begin, place, "right")) - 1]
            self._last_from[state] = found or ANYTHING | MAY_BE_EMPTY
        return self._last_from[state]

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
            for caller, (node, _) in enumerate(self._entries)
            if isinstance(node, Call)
            for callee, target in self._calls_of(caller)
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

    def _list_states(self) -> None:
        """The states of all rules, one rule after another."""
        entries = np.array([entry for _, entry in self._entries], np.int32)
        arena = self._network.arena
        room = 2 * (int(arena[N_STATES]) + self.n_rules) + ROOM
        code = rules.FULL
        while code == rules.FULL:
            marks, states = np.zeros(int(arena[FREE]), np.int32), np.empty(room, np.int32)
            code = rules.list_states(arena, entries, marks, states, self._begin)
            room *= 2
        self._states = states[:code].copy()

    def _calls_of(self, rule: int) -> list[list[int]]:
        """(nonterminal, the state behind the call) of all calls of a rule."""
        states = self._states[self._begin[rule] : self._begin[rule + 1]]
        calls = np.empty(ROOM, np.int32)
        while (n := rules.list_calls(self._network.arena, states, calls)) == rules.FULL:
            calls = np.empty(2 * calls.size, np.int32)
        found: list[list[int]] = calls[: 2 * n].reshape(-1, 2).tolist()
        return found

    def _find_last(self) -> None:
        arena = self._network.arena
        may_be_empty = np.array([is_empty for _, is_empty in self._starts], np.uint8)
        words = np.zeros(self.n_rules * WORDS_INSIDE, np.int32)
        may_end = np.zeros(int(arena[FREE]), np.uint8)
        rules.find_last_bytes(arena, self._states, self._begin, may_be_empty, may_end, words)
        for rule, row in enumerate(words.view(np.uint32).reshape(-1, WORDS_INSIDE).tolist()):
            found = sum(word << 32 * i for i, word in enumerate(row))
            n = rules.n_readable(arena, self._states, self._begin[rule], self._begin[rule + 1])
            counts = arena[arena[NONTERMINALS] + 4 * rule + 1]
            by_bytes = n > (MOST_COUNTED if counts else MOST_READABLE)
            self._last[rule] = found | (MAY_BE_EMPTY if may_be_empty[rule] else 0) | (BY_BYTES if by_bytes else 0)

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
