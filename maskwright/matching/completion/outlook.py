"""What the end of the text costs behind each token of a mask.

Where the tokens of a vocabulary lead is found by one walk over it, and what the end costs is asked once for each of the
places found (`least_tokens`): inside a string nearly all tokens lead to one place. Of a place the greatest of these
costs is remembered, as long as more tokens are left nothing has to be looked at.

Where numbers must differ from their siblings a token may end in the digits of an earlier one. Then the number cannot
end there, which the walk, that knows no text, does not see, and the end is further away than it says. So such tokens
are named (`Ahead.doubtful`), to be asked about one by one, and only much more tokens than the greatest cost are enough.

Cost: microseconds where a place was asked before; else a walk over the vocabulary, up to 3 ms inside strings. What is
kept of such a walk is the number of the place behind each token, mostly one byte, and the cost of each place.
Rejected: the cost of each token, a megabyte for each walk with 128,000 tokens.
"""

from __future__ import annotations

import weakref
from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from maskwright.errors import UnsupportedBudget
from maskwright.locks import Rank, shared_lock
from maskwright.matching.behaviour._ways import N_FOUND, N_PROGRESS, successors_of_tokens
from maskwright.matching.completion._store import NO_WAY
from maskwright.matching.completion.least_tokens import LeastTokens
from maskwright.matching.place import Place, Trail

if TYPE_CHECKING:
    from maskwright.matching.compiled_grammar import CompiledGrammar

MOST_GROUPINGS = 32
"""Places for which it is kept where each token leads: 128 KB each with 128,000 tokens."""
MOST_KEPT = 1 << 16
"""Places of which the greatest cost is kept."""
MOST_FURTHER = 64
"""Tokens that a number can still take at most which may not end because it repeats a sibling."""
_BYTES_FOR_ONE_KEPT = 150
"""What the greatest cost of a place takes, as Python keeps it."""


@dataclass(frozen=True, slots=True, eq=False)
class Ahead:
    """group_of: unsigned[size], the number of the place behind each token, in as few bytes as it takes.

    cost_of: int64[n_groups], the fewest tokens from there to the end of a text, NO_WAY for the last, which is of tokens
    that lead nowhere.  doubtful: int32[n], the tokens behind which the end may be further away than their cost says.
    """

    group_of: NDArray[np.unsignedinteger]
    cost_of: NDArray[np.int64]
    doubtful: NDArray[np.int32]

    @property
    def costs(self) -> NDArray[np.int64]:
        """int64[size]: the fewest tokens to the end of a text behind each token, NO_WAY where it leads nowhere."""
        return self.cost_of[self.group_of]

    @property
    def highest(self) -> int:
        """The greatest of these costs behind tokens that lead somewhere."""
        return int(self.cost_of[:-1].max(initial=0))

    def fitting(self, left: int) -> NDArray[np.bool_]:
        """bool[size]: the tokens of which the cost is less than `left`."""
        return (self.cost_of < left)[self.group_of]

    @property
    def size_bytes(self) -> int:
        """Bytes of the arrays."""
        return self.group_of.nbytes + self.cost_of.nbytes + self.doubtful.nbytes


class Outlook:
    """Of one compiled grammar, for all its matchers."""

    def __init__(self, grammar: CompiledGrammar) -> None:
        self._owner = weakref.ref(grammar)  # no cycle: memory is freed at once
        self._least = LeastTokens(grammar)
        self._lock = shared_lock(Rank.OUTLOOK)
        self._highest: dict[Place, int] = {}
        self._ahead: OrderedDict[Place, Ahead] = OrderedDict()
        self._ahead_bytes = 0
        vocabulary = grammar.vocabulary
        self._special = np.array(sorted(vocabulary.special_token_ids.difference(vocabulary.eos_token_ids)), np.int32)
        self._numeric = [
            token
            for token, text in enumerate(vocabulary.token_bytes)
            if text[-1:].isdigit() and token < vocabulary.size
        ]
        self._with_two_values = [token for token in self._numeric if b"," in vocabulary.token_bytes[token]]
        self.end_tokens = 1 if vocabulary.eos_token_ids else 0
        """How many tokens the end of a text takes."""

    @property
    def _grammar(self) -> CompiledGrammar:
        grammar = self._owner()
        assert grammar is not None, "whoever asks holds the grammar"
        return grammar

    @property
    def size_bytes(self) -> int:
        """Bytes of what is kept, about, and without waiting for a lock: perhaps those of a moment ago."""
        return self._least.size_bytes + self._ahead_bytes + _BYTES_FOR_ONE_KEPT * len(self._highest)

    @property
    def is_exact(self) -> bool:
        """Were all costs so far the least there are (`least_tokens` says when not)?"""
        return self._least.is_exact

    def cost(self, trail: Trail) -> int:
        """The fewest tokens from here to the end of a text, the end token included; raises UnsupportedBudget."""
        cost = self._least.cost(trail)
        if cost >= NO_WAY:
            raise UnsupportedBudget(
                "what it takes to complete a text is not known of grammars with a lexer, nor where values that must "
                "differ from their siblings have no room for more characters, nor within patterns of very many states",
                "read a Lark grammar with lexer='dynamic_complete', simplify the pattern, or leave max_tokens out",
            )
        return cost + self.end_tokens

    def cost_behind(self, trail: Trail) -> int:
        """The same behind a token; NO_WAY where none is known."""
        return min(NO_WAY, self._least.cost(trail) + self.end_tokens)

    def is_far(self, trail: Trail, left: int) -> bool:
        """Does the end fit into `left` tokens whatever token comes next, for certain?"""
        highest = self._highest.get(trail.places[-1])
        return highest is not None and highest < left

    def ahead(self, trail: Trail) -> Ahead:
        """What the end costs behind each token, the end token included."""
        place = trail.places[-1]
        with self._lock:
            known = self._ahead.get(place)
            if known is not None:
                self._ahead.move_to_end(place)
                return known
        found = self._found(trail)
        with self._lock:
            if len(self._highest) >= MOST_KEPT:
                self._highest.clear()
            self._ahead[place] = found
            while len(self._ahead) > MOST_GROUPINGS:
                self._ahead.popitem(last=False)
            self._ahead_bytes = sum(one.size_bytes for one in self._ahead.values())
            self._highest[place] = found.highest + (MOST_FURTHER if found.doubtful.size else 0)
        return found

    def _found(self, trail: Trail) -> Ahead:
        while True:
            group_of, places, epoch = self._grammar.look_ahead(trail, successors_of_tokens, self._room, _grouped)
            costs = self._least.costs(trail, places, epoch)
            if costs is not None:
                cost_of = np.array([*costs, NO_WAY], dtype=np.int64)
                cost_of[cost_of < NO_WAY] += self.end_tokens
                group_of[group_of < 0] = len(costs)
                smallest = group_of.astype(np.min_scalar_type(len(costs)))
                return Ahead(smallest, cost_of, self._doubtful(trail, cost_of[group_of]))

    def _doubtful(self, trail: Trail, costs: NDArray[np.int64]) -> NDArray[np.int32]:
        if not self._grammar.search_from(
            trail, lambda network, _: (0, network.asks and not network.asks_of_strings_only)
        ):
            return np.empty(0, np.int32)
        tokens = np.array(self._numeric if trail.places[-1].has_asked else self._with_two_values, np.int32)
        return tokens[costs[tokens] < NO_WAY]

    def _room(self) -> tuple[object, ...]:
        vocabulary = self._grammar.vocabulary
        size = vocabulary.size
        return (
            vocabulary.trie.nodes,
            vocabulary.trie.tokens,
            self._special,
            np.zeros(N_PROGRESS, np.int64),
            np.empty((vocabulary.longest + 2, 3), np.int32),
            np.full(size, -1, np.int32),
            np.empty(size, np.int32),
            np.empty(size, np.int32),
            np.zeros(1 << (4 * size).bit_length(), np.int32),
        )


def _grouped(arrays: tuple[object, ...], place_of: Callable[[int], Place]) -> tuple[NDArray[np.int32], list[int], int]:
    """The group of each token, the configuration of each group, and the epoch in which these stand for something."""
    progress, _stack, group_of, found = arrays[3:7]
    assert isinstance(progress, np.ndarray)
    assert isinstance(group_of, np.ndarray)
    assert isinstance(found, np.ndarray)
    configurations: list[int] = found[: int(progress[N_FOUND])].tolist()
    epoch = place_of(configurations[0]).epoch if configurations else 0
    return group_of, configurations, epoch
