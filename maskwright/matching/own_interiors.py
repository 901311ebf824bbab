"""Records of strings of one grammar's own (`interiors`): which tokens stay inside, found once for all states alike.

Automata, blocks of states and sorted tokens are looked for by content, so a grammar that is compiled again, or another
one with the same pattern, finds the answers. What is missing is made outside of all locks, by one thread for each
automaton (`in_progress`), since its merged states have working memory of their own: it takes 0.2 s for the first states
of a large pattern. Under the lock of the arena the tokens are only copied into it.
"""

from __future__ import annotations

import functools
import hashlib
from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

from maskwright.grammar.byte_automaton import ByteAutomaton
from maskwright.matching._table_layout import (
    SHARED_CONTINUING,
    SHARED_COUNTS,
    SHARED_INTERIOR,
    SHARED_MAX_UNITS,
    SHARED_N_INTERIOR,
    SHARED_ROW,
    SHARED_TRIE,
    TRIE_PAYLOAD,
)
from maskwright.matching._trie_kernels import build_trie
from maskwright.matching.in_progress import InProgress
from maskwright.matching.interiors import LongTokens, MergedStates, Units, packed_units, unpacked_units
from maskwright.matching.table_arena import TableArena, bits_of
from maskwright.matching.vocabulary import Vocabulary
from maskwright.matching.vocabulary_arrays import Arrays, vocabulary_arrays

MAX_INTERIOR_BYTES = 24 << 20
"""What these records may take in one vocabulary; beyond it states are walked."""

MAX_LISTED = 512
"""A state's interior tokens are also kept as a row of bits when they are more than this, and then not always listed."""

_KIND_OF_BLOCKS, _KIND_OF_CLOSING = "interiors-4", "closing-1"
_MAX_KEPT_BYTES = 64 << 20
"""What blocks of states may read, kept on disk for all vocabularies together: 16 to 100 KB each."""

_MAX_ANSWERS, _MAX_MERGED, _MAX_BLOCKS = 100_000, 8, 8
"""Answers by state (16 MB), and what was kept of automata and blocks: all go when there are so many."""


class OwnInteriors:
    """The records of one vocabulary. Thread-safe; callers hold no lock that another caller may need meanwhile."""

    def __init__(self, vocabulary: Vocabulary, arena: TableArena) -> None:
        self._vocabulary = vocabulary
        self._arena = arena
        self._n_words = (vocabulary.size + 31) // 32
        self._in_progress = InProgress[tuple[int, int]]()
        self._answers: dict[tuple[bytes, int, bool], int] = {}
        self._merged: dict[tuple[bytes, bool], MergedStates] = {}
        self._blocks: dict[bytes, Arrays] = {}
        # Records by the block and the longer tokens, and by all of their tokens.
        self._by_states: dict[tuple[bytes, bool], int] = {}
        self._by_tokens: dict[bytes, int] = {}
        self._n_used = 0
        self._closing_tries: dict[bytes, tuple[int, int]] = {}

    @functools.cached_property
    def _long_tokens(self) -> LongTokens:
        return LongTokens(self._vocabulary)

    def record_of(self, automaton: ByteAutomaton, state: int, is_counted: bool) -> int:
        """The offset of the record of a state inside a string of one grammar's own, or 0 if it must be walked.

        `is_counted` asks for the list by units, which takes most of the memory and which only a counter needs.
        """
        asked = (automaton.key, state, is_counted)
        while (known := self._answers.get(asked)) is None:
            answered, record = self._in_progress.made(
                (automaton.key, is_counted), lambda: (state, self._found(automaton, state, is_counted))
            )
            if answered == state:
                return record
        return known

    def _found(self, automaton: ByteAutomaton, state: int, is_counted: bool) -> int:
        record = self._find(automaton, state, is_counted)
        with self._arena.lock:
            if len(self._answers) >= _MAX_ANSWERS:
                self._answers.clear()
                self._by_states.clear()
            self._answers[automaton.key, state, is_counted] = record
        return record

    def _find(self, automaton: ByteAutomaton, state: int, is_counted: bool) -> int:
        merged = self._merged.get((automaton.key, is_counted))
        if merged is None:
            merged = MergedStates(automaton, is_counted=is_counted)
            with self._arena.lock:
                if len(self._merged) >= _MAX_MERGED:
                    self._merged.clear()
                self._merged[automaton.key, is_counted] = merged
        block = merged.key_of(state) if merged.is_usable else None
        if block is None:
            return 0
        long_units = merged.long_tokens(state, self._long_tokens)
        content = block + merged.closes.tobytes() + long_units.tobytes()
        key = (hashlib.blake2b(content, digest_size=16).digest(), is_counted)
        known = self._by_states.get(key)
        if known is None and self._n_used <= MAX_INTERIOR_BYTES // 4:
            add = self._add_counted if is_counted else self._add_uncounted
            known = self._by_states[key] = add(merged, state, block, long_units)
        return known or 0

    def _add_uncounted(self, merged: MergedStates, state: int, block: bytes, long_units: Units) -> int:
        """The record of the tokens that stay inside from a state."""
        row = self._of_block(block, lambda: {"row": self._row_of(merged.short_tokens(state, self._vocabulary))})["row"]
        row = row.copy()
        long = self._long_tokens.tokens[long_units >= 0]
        np.bitwise_or.at(row.view(np.uint32), long >> 5, np.uint32(1) << (long & 31).astype(np.uint32))
        n_inside = int(np.bitwise_count(row.view(np.uint32)).sum())  # of signed ones it counts the absolute value
        inside = np.empty(0, dtype=np.int32)
        if n_inside <= MAX_LISTED:
            inside = np.flatnonzero(np.unpackbits(row.view(np.uint8), bitorder="little")).astype(np.int32)
        units = np.zeros(len(inside), dtype=np.int16)
        return self._add(merged.closes, row, n_inside, inside, units)

    def _add_counted(self, merged: MergedStates, state: int, block: bytes, long_units: Units) -> int:
        """The same, listed by the units that they ask for."""
        packed = self._of_block(block, lambda: packed_units(merged.short_tokens(state, self._vocabulary)))
        units = unpacked_units(packed, len(self._vocabulary.trie.tokens))
        units[self._long_tokens.places] = long_units
        inside, units = self._vocabulary.trie.tokens[units >= 0], units[units >= 0]
        return self._add(merged.closes, bits_of(inside, self._n_words), len(inside), inside, units)

    def _add(
        self,
        closes: NDArray[np.bool_],
        row: NDArray[np.int32],
        n_inside: int,
        inside: NDArray[np.int32],
        units: Units,
    ) -> int:
        """The record of these tokens, made if there is none that is the same; the last two may be empty: no list."""
        digest = hashlib.blake2b(closes.tobytes() + row.tobytes(), digest_size=16)
        digest.update(units.tobytes())
        key = digest.digest()
        nodes, payload = self._closing_trie(closes)
        is_listed = len(inside) == n_inside
        counts = np.cumsum(np.bincount(units, minlength=1)).astype(np.int32)
        by_units = inside[np.argsort(units, kind="stable")]
        arena = self._arena
        with arena.lock:
            if key in self._by_tokens:
                return self._by_tokens[key]
            before = arena.n_used
            record = arena.append_record(
                SHARED_CONTINUING,
                {
                    SHARED_N_INTERIOR: n_inside,
                    SHARED_INTERIOR: arena.append(by_units) if is_listed else 0,
                    SHARED_COUNTS: arena.append(counts) if is_listed else 0,
                    SHARED_MAX_UNITS: len(counts) - 1,
                    SHARED_ROW: arena.append(row) if n_inside > MAX_LISTED else 0,
                    SHARED_TRIE: nodes,
                    SHARED_TRIE + TRIE_PAYLOAD: payload,
                },
            )
            self._n_used += arena.n_used - before
            self._by_tokens[key] = record
            return record

    def _of_block(self, block: bytes, sort: Callable[[], Arrays]) -> Arrays:
        """The short tokens of a block of states: sorted here, or by whoever met such a block before."""
        known = self._blocks.get(block)
        if known is None:
            known = vocabulary_arrays(self._vocabulary, _KIND_OF_BLOCKS, block.hex(), sort, max_bytes=_MAX_KEPT_BYTES)
            with self._arena.lock:
                if len(self._blocks) >= _MAX_BLOCKS:
                    self._blocks.clear()
                self._blocks[block] = known
        return known

    def _row_of(self, units: Units) -> NDArray[np.int32]:
        """A bitmask row with the tokens that are not refused."""
        return bits_of(self._vocabulary.trie.tokens[units >= 0], self._n_words)

    def _closing_trie(self, closes: NDArray[np.bool_]) -> tuple[int, int]:
        """Offsets of the nodes and the payload of the trie of all tokens with a closing byte in them."""
        key = closes.tobytes()
        known = self._closing_tries.get(key)
        if known is None:
            name = hashlib.blake2b(key, digest_size=16).hexdigest()
            found = vocabulary_arrays(
                self._vocabulary, _KIND_OF_CLOSING, name, lambda: _closing_tokens(self._vocabulary, closes)
            )
            with self._arena.lock:
                known = self._closing_tries.get(key)
                if known is None:
                    known = self._arena.append(found["nodes"]), self._arena.append(found["payload"])
                    self._closing_tries[key] = known
        return known


def _closing_tokens(vocabulary: Vocabulary, closes: NDArray[np.bool_]) -> Arrays:
    """The trie of the tokens with a closing byte in them, as nodes and payload."""
    tokens, start, data = vocabulary.trie.tokens, vocabulary.token_start, vocabulary.token_data
    n_closing = np.concatenate([[0], np.cumsum(closes[data])])
    closing = tokens[n_closing[start[tokens + 1]] > n_closing[start[tokens]]]
    payload = np.zeros((len(closing), 2), dtype=np.int32)
    payload[:, 0] = closing
    return {"nodes": build_trie(data, start[closing], start[closing + 1]), "payload": payload}
