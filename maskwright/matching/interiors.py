"""Strings of one grammar's own: which tokens stay inside them, shared by all states that do not differ in that.

A string with a pattern is no automaton that every grammar shares, but most of its states are alike in one respect:
which bytes may follow before the closing quote. While `.*foo.*` looks for "foo" any character may come, whatever was
read; in `https?://.*` any but a line end; in `(\\S+\\s+){0,99}\\S+` it is no matter how many words have gone by, until
few are left. So states are merged by what they may read *without closing*, and only as far as a token reaches:

 *  Two states that agree on all words of at most DEPTH bytes agree on all tokens of at most DEPTH bytes. Moore's
    refinement, stopped after DEPTH rounds, finds the blocks of such states (`merge_by_depth`); for a block the short
    tokens are sorted once, from any of its states. Llama 3 has 1,312 tokens that are longer than 16 bytes, of 128,000;
    they are read from the very state, in a trie of their own. So what a state gets is exactly what is never refused.
 *  What a block may read in DEPTH bytes is written in a form that does not depend on the grammar (`unrolled`), whose
    digest names the sorted tokens, also on disk. States with equal tokens share one record.
 *  Tokens that stay inside are allowed in each state, as every state can be finished. Of the others only those that
    contain a closing byte can be allowed: some thousand in all, a trie of the vocabulary, which is walked from the
    state in question and so decides exactly.

With a counter a token is listed by the units that it begins and those that must follow where it ends (`reserve`):
what is left of the counter must be at least their sum. No more can be asked on the way, because a state needs at
most one more than its successor; states are then told apart by these numbers as well.

Cost: 0.05 ms for an automaton of a hundred states, 4 for one of 14,000; 0.1 ms for a state; for what a block of states
may read 2 ms where no process has found it before, 0.2 where one has (0.5 with a counter), all with cold caches; 16 KB
a record (0.5 MB with a counter), a file of 16 to 120 KB, of which there are at most some thousand. Only for states
that can read many bytes, when a text reaches one; a byte limit per vocabulary, beyond which such states are walked.
Walking takes a millisecond or more, at every token.

Rejected: merging states that agree on words of any length, which was here before: a pattern that counts has as many
of them as counts, and all were walked. Trying each block's row for equality with another costs what sorting it does.
"""

from __future__ import annotations

import hashlib
from typing import Any

import numpy as np
from numpy.typing import NDArray

from maskwright.grammar.byte_automaton import ByteAutomaton
from maskwright.matching._interiors import (
    CLOSED,
    merge_by_depth,
    sort_below,
    unrolled,
    write_rows,
)
from maskwright.matching._trie_kernels import build_trie
from maskwright.matching.vocabulary import Vocabulary

MAX_STATES = 20_000
"""Automata with more states, linked ones included, are not merged: their states are walked."""

MAX_UNROLLED, MAX_UNROLLED_WORDS = 8_192, 131_072
"""The most pairs of (bytes left, block) of what a state may read in DEPTH bytes (any string has some 200), and what
they take in `unrolled`."""

DEPTH = 16
"""Longer tokens are read one by one for each state; the more bytes, the fewer such tokens and the more blocks."""

REFUSED_TOKEN = -1
"""Stands for the units of a token that does not stay inside."""

Units = NDArray[np.int16]


class MergedStates:
    """The merged states of one automaton and all that it links to, if `is_usable`; `is_counted`: units matter.

    closes: bool[256], the bytes that close in any state.
    """

    def __init__(self, automaton: ByteAutomaton, *, is_counted: bool) -> None:
        order = _linked(automaton)
        first = np.cumsum([0] + [part.n_states for part in order])
        n_states = int(first[-1])
        self.is_usable = n_states <= MAX_STATES
        if not self.is_usable:
            return
        # Bytes that no edge tells apart are one letter.
        cuts = np.concatenate([part.edges[:, 0] for part in order] + [part.edges[:, 1] + 1 for part in order])
        self._letters = np.unique(np.append(cuts[cuts < 256], 0)).astype(np.int32)
        self._letter_of = (np.searchsorted(self._letters, np.arange(256), side="right") - 1).astype(np.int32)
        self._successor = np.full((n_states, len(self._letters)), -1, dtype=np.int32)
        self._unit = np.zeros(self._successor.shape, dtype=np.uint8)
        accepting = np.concatenate([part.accepting for part in order])
        closes = np.zeros(len(self._letters), dtype=np.bool_)
        met = 0
        number = {part: int(first[i]) for i, part in enumerate(order)}
        for part in reversed(order):  # what a base says must be there before it is copied
            if part.base is not None and part.base_automaton is not None:
                own = np.flatnonzero(part.base >= 0)
                base_rows = number[part.base_automaton] + part.base[own]
                self._successor[number[part] + own] = self._successor[base_rows]
                self._unit[number[part] + own] = self._unit[base_rows]
            links = np.array([number[linked] + state for linked, state in part.links], dtype=np.int32)
            rows = (part.edge_start, part.edges, part.edge_unit, links, number[part], self._letter_of, accepting)
            met |= write_rows(*rows, self._successor, self._unit, closes)
        self.closes = closes[self._letter_of]
        # A string ends by closing and in no other way, or else tokens could leave it unseen.
        self.is_usable = met == CLOSED and not accepting[0] and bool((self._successor[accepting] < 0).all())
        self._is_counted = is_counted
        self._reserve = np.zeros(n_states, dtype=np.int32)
        if is_counted:
            for part in order:
                if part.reserve is not None:
                    self._reserve[number[part] : number[part] + part.n_states] = part.reserve
        else:
            self._unit[:] = 0
        self._blocks = np.zeros((DEPTH + 1, n_states), dtype=np.int32)
        merge_by_depth(self._successor, self._unit, self._reserve, self._blocks)
        self._keys: dict[int, bytes | None] = {}
        # Working memory of `unrolled`, kept because new pages cost more than what is done in them.
        self._number = np.empty((DEPTH + 1, int(self._blocks.max()) + 1), dtype=np.int32)
        self._pairs = np.empty((MAX_UNROLLED, 2), dtype=np.int32)
        self._words = np.empty(MAX_UNROLLED_WORDS, dtype=np.int32)

    def key_of(self, state: int) -> bytes | None:
        """A digest of what may be read in DEPTH bytes from one of the automaton's own states; None if it is too much.

        The same in every grammar, and for all states that agree on tokens of so many bytes.
        """
        block = int(self._blocks[DEPTH, state])
        if block not in self._keys:
            self._keys[block] = self._digest_of(state)
        return self._keys[block]

    def _digest_of(self, state: int) -> bytes | None:
        self._number[:] = -1
        table = (self._successor, self._unit, self._reserve, self._blocks, self._letters)
        size = unrolled(*table, state, self._number, self._pairs, self._words)
        if size < 0:
            return None
        # An automaton that counts is kept apart from one that does not.
        return hashlib.blake2b(self._words[:size].tobytes() + bytes([self._is_counted]), digest_size=16).digest()

    def short_tokens(self, state: int, vocabulary: Vocabulary) -> Units:
        """The units of each token by its place in the trie, where it has at most DEPTH bytes and is not refused."""
        return self._sorted(state, vocabulary.trie.nodes, len(vocabulary.trie.tokens), DEPTH)

    def long_tokens(self, state: int, long: LongTokens) -> Units:
        """The units of each of the vocabulary's longer tokens."""
        return self._sorted(state, long.nodes, len(long.places), long.longest)

    def _sorted(self, state: int, nodes: NDArray[np.int32], n_tokens: int, depth: int) -> Units:
        units = np.full(n_tokens, REFUSED_TOKEN, dtype=np.int16)
        sort_below(nodes, self._successor, self._unit, self._reserve, self._letter_of, state, depth, units)
        return units


class LongTokens:
    """The tokens of more than DEPTH bytes: their places in the vocabulary's trie, and a trie of their own."""

    def __init__(self, vocabulary: Vocabulary) -> None:
        start, tokens = vocabulary.token_start, vocabulary.trie.tokens
        lengths = np.diff(start)[tokens]
        self.places = np.flatnonzero(lengths > DEPTH)
        self.longest = int(lengths.max(initial=1))
        self.tokens = tokens[self.places]
        self.nodes = build_trie(vocabulary.token_data, start[self.tokens], start[self.tokens + 1])


def _linked(automaton: ByteAutomaton) -> list[ByteAutomaton]:
    """The automaton, then all that its links and bases lead to."""
    order = [automaton]
    for part in order:  # grows while it is read
        for target in [*(linked for linked, _ in part.links), *([part.base_automaton] if part.base_automaton else [])]:
            if target not in order:
                order.append(target)
    return order


def packed_units(units: Units) -> dict[str, NDArray[np.uint8] | NDArray[np.uint16]]:
    """The units of all tokens as they are kept on disk: which are inside, as bits, and the units of these."""
    inside = units >= 0
    smallest = np.min_scalar_type(int(units.max(initial=0)))
    return {"inside": np.packbits(inside), "units": units[inside].astype(smallest)}


def unpacked_units(arrays: dict[str, NDArray[Any]], n_tokens: int) -> Units:
    """What `packed_units` packed."""
    units = np.full(n_tokens, REFUSED_TOKEN, dtype=np.int16)
    units[np.unpackbits(arrays["inside"], count=n_tokens).view(np.bool_)] = arrays["units"]
    return units
