"""The symbols of a grammar's stacks: configurations of the machine, cut where rules call each other.

The machine of `automata._configurations` keeps whole stacks in its frames. Here a stack is a word: an item (state,
frame) is cut at each frame that holds returns, and what lies above the cut, the state with its counters and sets, is
closed over the frame of a whole text. So a symbol *accepts* where its rule ends, symbols that go on alike are one
(configurations are hash-consed), and nothing is said here about counters, sets or lexers: the machine reads them.

Counters. A string of at most 60 characters has a symbol for each number of characters so far. As long as no token can
come to either bound, all of them do the same: one symbol of such a *family*, with bounds and count moved up by `FAR`,
stands for all, and what tokens do to the others is what they do to it, the count moved back (`family_of`, `shifted`).

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
FAR = 1 << 29
"""What bounds and count of the first of a family are moved by, so that its counter is no other's."""
MAX_WORDS = 4096
"""Stacks that one string may lead to from one symbol."""


class Symbols:
    """The symbols met so far, by number, each with its configuration in the network's arena."""

    def __init__(self, network: TransitionNetwork, longest: int) -> None:
        self.network = network
        self._longest = longest
        self._raw: dict[int, tuple[int, int]] = {}
        self._family: dict[int, int] = {}
        self._moved: dict[tuple[int, int, int], int] = {}
        self.configurations: list[int] = [DEAD, DEAD]
        self.ends: list[bool] = [False, False]
        self.readable: list[NDArray[np.bool_]] = [np.zeros(256, dtype=np.bool_)] * 2
        self.takes_tokens: list[bool] = [False, False]
        self._number_of: dict[int, int] = {}
        self._symbol_at: dict[tuple[int, int], int | None] = {}
        self._words_at: dict[int, tuple[Word, ...]] = {END_FRAME: ((),)}

    def start(self, rule: str | None = None) -> Word:
        """The stack before the first byte of a text, or of one of a rule."""
        configuration = self.network.start(rule)
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
                number = self._symbol_at[key] = self._number(configuration)
                self._raw.setdefault(number, key)
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

    def family_of(self, symbol: int) -> int:
        """A symbol that goes on in the same way but for a count: the same for all of the family, maybe itself."""
        if symbol not in self._family:
            self._family[symbol] = self._first_of_family(symbol)
        return self._family[symbol]

    def _first_of_family(self, symbol: int) -> int:
        if symbol not in self._raw:
            return symbol
        state, chain = self._raw[symbol]
        found = self._counter_in(chain)
        if found is None:
            return symbol
        minimum, maximum, count = found
        is_free = maximum < 0 or count + self._longest <= maximum
        if minimum >= FAR or not is_free or (count < minimum <= count + self._longest):
            return symbol
        first = minimum if count >= minimum else 0
        if first == minimum and maximum < 0:
            return symbol  # it counts no more
        far_maximum = maximum if maximum < 0 else maximum + FAR
        moved = self._with_counter(chain, lambda _: (minimum + FAR, far_maximum, first + FAR))
        number = self._symbol(state, moved)
        assert number is not None and number >= FIRST_SYMBOL, "what reads goes on reading"
        return number

    def shifted(self, word: Word, symbol: int) -> Word:
        """What becomes of a symbol where a word becomes of the first of its family."""
        _, _, count = self._counter_in(self._raw[symbol][1]) or (0, 0, 0)
        first = self._counter_in(self._raw[self.family_of(symbol)][1])
        assert first is not None
        return tuple(self._shifted(one, count - first[2]) for one in word)

    def _shifted(self, symbol: int, by: int) -> int:
        key = (symbol, by, 0)
        if key not in self._moved:
            self._moved[key] = symbol
            state, chain = self._raw.get(symbol, (0, END_FRAME))
            found = self._counter_in(chain)
            if found is not None and found[0] >= FAR:
                moved = self._with_counter(
                    chain, lambda at: (at[0] - FAR, at[1] if at[1] < 0 else at[1] - FAR, at[2] + by)
                )
                number = self._symbol(state, moved)
                assert number is not None and number >= FIRST_SYMBOL, "what reads goes on reading"
                self._moved[key] = number
        return self._moved[key]

    def _counter_in(self, chain: int) -> tuple[int, int, int] | None:
        """Bounds and count of the uppermost counter of a chain, one that was moved before all others."""
        arena = self.network.arena
        found: tuple[int, int, int] | None = None
        while chain != END_FRAME:
            if arena[chain + FRAME_SIZE] == IS_COUNTER:
                at = arena[chain + COUNTER_MINIMUM : chain + COUNTER_MINIMUM + 3].tolist()
                if found is None or at[0] >= FAR:
                    found = (at[0], at[1], at[2])
                chain = int(arena[chain + COUNTER_PARENT])
            else:
                chain = int(arena[chain + SET_PARENT])
        return found

    def _with_counter(self, chain: int, change: Callable[[tuple[int, int, int]], tuple[int, int, int]]) -> int:
        """A chain with the counter changed that `_counter_in` tells of."""
        found = self._counter_in(chain)
        above = []
        while chain != END_FRAME:
            above.append(chain)
            arena = self.network.arena
            is_counter = arena[chain + FRAME_SIZE] == IS_COUNTER
            chain = int(arena[chain + (COUNTER_PARENT if is_counter else SET_PARENT)])
        changed = END_FRAME
        at_fault = next(
            one
            for one in above
            if int(self.network.arena[one + FRAME_SIZE]) == IS_COUNTER
            and tuple(self.network.arena[one + COUNTER_MINIMUM : one + COUNTER_MINIMUM + 3].tolist()) == found
        )
        for one in reversed(above):
            arena = self.network.arena
            if arena[one + FRAME_SIZE] == IS_COUNTER:
                bounds = arena[one + COUNTER_MINIMUM : one + COUNTER_MINIMUM + 3].tolist()
                values = change((bounds[0], bounds[1], bounds[2])) if one == at_fault else tuple(bounds)
                changed = self.network.intern(intern_counter, *values, changed)
            else:
                n_words = int(arena[one + SET_N_WORDS])
                changed = self.network.intern(intern_set, n_words, one + SET_WORDS, -1, 0, changed)
        return changed

    def run(self, kernel: Callable[..., int], *arguments: object) -> int:
        """Call a kernel over the network's arena until it needs nothing more."""
        return self.network.run(kernel, *arguments)
