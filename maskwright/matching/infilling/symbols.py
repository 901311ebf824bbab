"""The symbols of a grammar's stacks: configurations of the machine, cut where rules call each other.

The machine of `automata._configurations` keeps whole stacks in its frames. Here a stack is a word: an item (state,
frame) is cut at each frame that holds returns, and what lies above the cut, the state with its counters and sets, is
closed over the frame of a whole text. So a symbol *accepts* where its rule ends, symbols that go on alike are one
(configurations are hash-consed), and nothing is said here about counters, sets or lexers: the machine reads them.

Words are not closed: a symbol below another is the place where a rule returns, and what it calls next is found when it
is read. Else every choice ahead would be a word of its own (190 times as many rewrites of JSON, measured in the study
of this algorithm). Symbols that only end are left out of words.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

from maskwright.automata._configurations import start_configuration
from maskwright.automata._frames import intern_counter, intern_set
from maskwright.automata._layout import (
    CONFIGURATION_FLAGS,
    COUNTER_COUNT,
    COUNTER_MAXIMUM,
    COUNTER_MINIMUM,
    COUNTER_PARENT,
    DEAD,
    END_FRAME,
    FINAL_STATE,
    FRAME_PAIRS,
    FRAME_SIZE,
    HAS_TOKEN_EDGES,
    IS_ACCEPTING,
    IS_COUNTER,
    IS_SET,
    N_ITEMS,
    SET_N_WORDS,
    SET_PARENT,
    SET_WORDS,
)
from maskwright.automata.transition_network import TransitionNetwork
from maskwright.errors import LimitExceeded
from maskwright.matching.infilling._walk import readable_bytes

DONE = 0
"""The symbol of a text that has ended; only end tokens follow."""
SKIPPED = 1
"""The symbol on top of a stack from where the rest of a gap stays blank."""
FIRST_SYMBOL = 2

Word = tuple[int, ...]
MAX_WORDS = 4096
"""Stacks that one string may lead to from one symbol."""


class Symbols:
    """The symbols met so far, by number, each with its configuration in the network's arena."""

    def __init__(self, network: TransitionNetwork) -> None:
        self.network = network
        self.configurations: list[int] = [DEAD, DEAD]
        self.ends: list[bool] = [False, False]
        self.readable: list[NDArray[np.bool_]] = [np.zeros(256, dtype=np.bool_)] * 2
        self.takes_tokens: list[bool] = [False, False]
        self._number_of: dict[int, int] = {}
        self._symbol_at: dict[tuple[int, int], int | None] = {}
        self._words_at: dict[int, tuple[Word, ...]] = {END_FRAME: ((),)}

    def start(self) -> Word:
        """The stack before the first byte of a text."""
        configuration = self.network.start()
        return () if not self._reads(configuration) else (self._number(configuration),)

    def words_at(self, frame: int) -> tuple[Word, ...]:
        """The stacks that a frame stands for, as words of symbols, the top first."""
        known = self._words_at.get(frame)
        if known is not None:
            return known
        words: dict[Word, None] = {}
        arena = self.network.arena
        n = int(arena[frame + FRAME_SIZE])
        for state, under in arena[frame + FRAME_PAIRS : frame + FRAME_PAIRS + 2 * n].reshape(-1, 2).tolist():
            if state == FINAL_STATE:  # a rule called last returns to whoever called the one before, here: to nobody
                words[()] = None
                continue
            chain, returns = self._chain_of(under)
            symbol = self._symbol(state, chain)
            if symbol is None:
                continue
            for rest in self.words_at(returns):
                words[(symbol, *rest) if symbol >= FIRST_SYMBOL else rest] = None
        if len(words) > MAX_WORDS:
            raise LimitExceeded(
                "A place of the text with too many stacks",
                asked=len(words),
                allowed=MAX_WORDS,
                remedy="make the grammar less ambiguous",
            )
        self._words_at[frame] = tuple(words)
        return self._words_at[frame]

    def _chain_of(self, frame: int) -> tuple[int, int]:
        """The counters and sets on top of a frame, put on the frame of a whole text; and the returns below them."""
        arena = self.network.arena
        above = []
        while int(arena[frame + FRAME_SIZE]) in {IS_COUNTER, IS_SET}:
            above.append(frame)
            frame = int(arena[frame + (COUNTER_PARENT if arena[frame + FRAME_SIZE] == IS_COUNTER else SET_PARENT)])
        chain = END_FRAME
        for one in reversed(above):
            arena = self.network.arena
            if arena[one + FRAME_SIZE] == IS_COUNTER:
                bounds = (int(arena[one + word]) for word in (COUNTER_MINIMUM, COUNTER_MAXIMUM, COUNTER_COUNT))
                chain = self.network.intern(intern_counter, *bounds, chain)
            else:
                n_words = int(arena[one + SET_N_WORDS])
                chain = self.network.intern(intern_set, n_words, one + SET_WORDS, -1, 0, chain)
        return chain, frame

    def _symbol(self, state: int, chain: int) -> int | None:
        """The number of a state over counters and sets; DONE where it only ends, None where it leads nowhere."""
        key = (state, chain)
        if key not in self._symbol_at:
            configuration = self.network.run(start_configuration, state, chain)
            if configuration == DEAD:
                self._symbol_at[key] = None
            elif not self._reads(configuration):
                self._symbol_at[key] = DONE
            else:
                self._symbol_at[key] = self._number(configuration)
        return self._symbol_at[key]

    def _reads(self, configuration: int) -> bool:
        return int(self.network.arena[configuration + N_ITEMS]) > 0

    def _number(self, configuration: int) -> int:
        number = self._number_of.get(configuration)
        if number is None:
            number = self._number_of[configuration] = len(self.configurations)
            arena = self.network.arena
            readable = np.zeros(256, dtype=np.bool_)
            readable_bytes(arena, configuration, readable)
            self.configurations.append(configuration)
            self.ends.append(bool(arena[configuration + IS_ACCEPTING]))
            self.readable.append(readable)
            self.takes_tokens.append(bool(arena[configuration + CONFIGURATION_FLAGS] & HAS_TOKEN_EDGES))
        return number

    def run(self, kernel: Callable[..., int], *arguments: object) -> int:
        """Call a kernel over the network's arena until it needs nothing more."""
        return self.network.run(kernel, *arguments)
