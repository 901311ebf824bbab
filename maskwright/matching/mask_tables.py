"""What is known of a vocabulary before any grammar: its trie, and how its tokens behave in automata that all share.

Any JSON string, blanks and numbers occur in almost every grammar, and most of the tokens of a vocabulary (95,000 of
Llama 3's 128,256) may follow inside a string: finding them by a walk takes a millisecond. So for each state of such
an automaton the tokens are sorted once per vocabulary into those that stay inside and those that leave it, the
latter with what follows the exit, as a trie of suffixes: of Llama 3's tokens 1,312 leave a string, with 575 distinct
suffixes. The mask kernels (`_masks`) then answer by joining a row and walking some hundred nodes.

Everything lies in one int32 arena (`_table_layout`) that only grows; a kernel is handed the array that was current
when it was called, and all that its grammar refers to lies in it. Cost: about 1 ms and 0.5 MB a state of a JSON string,
kept on disk by content of vocabulary and automaton.
"""

from __future__ import annotations

import functools
import hashlib
from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.typing import NDArray

from maskwright.automata._lexed_layout import UNUSABLE
from maskwright.automata.arena_pool import ArenaPool
from maskwright.disk_cache import load_arrays, store_arrays
from maskwright.grammar.byte_automaton import BEGINS_UNIT, CLOSES, ByteAutomaton
from maskwright.locks import Rank, shared_lock
from maskwright.matching._lexeme_kernels import NO_LABEL
from maskwright.matching._shared_kernels import DIES, LEAVES, STAYS, sort_tokens
from maskwright.matching._table_layout import (
    EOS_LIST,
    FIRST_FREE,
    LEAVING_SIZE,
    LEXEMES_GROUPS,
    LEXEMES_LEAVING,
    LEXEMES_N_GROUPS,
    LEXEMES_N_LEAVING,
    LEXEMES_OPEN,
    LEXEMES_SILENT,
    LEXEMES_SIZE,
    MAIN_TRIE,
    N_WORDS,
    SHARED_CONTINUING,
    SHARED_COUNTS,
    SHARED_INTERIOR,
    SHARED_MAX_UNITS,
    SHARED_N_CONTINUING,
    SHARED_N_INTERIOR,
    SHARED_ROW,
    SHARED_TRIE,
    TRIE_PAYLOAD,
)
from maskwright.matching._trie_kernels import build_trie
from maskwright.matching.asking_tokens import AskingTokens, asking_arrays
from maskwright.matching.finished_rows import RowPool
from maskwright.matching.interiors import LongTokens, MergedStates, Units, packed_units, unpacked_units
from maskwright.matching.lexeme_tables import (
    MAX_LEXEME_BYTES,
    MAX_LISTED,
    SORTED_FROM,
    Part,
    SortedTokens,
    all_tokens,
)
from maskwright.matching.token_trie import flatten
from maskwright.matching.vocabulary import MIN_CACHED_BYTES, Vocabulary

_KIND, _KIND_OF_BLOCKS, _KIND_OF_CLOSING, _KIND_OF_ASKING = "shared-states-2", "interiors-4", "closing-1", "asking-2"
MAX_INTERIOR_BYTES = 24 << 20
"""What the records of grammars' own strings may take in one vocabulary."""

_RESERVED_WORDS = 1 << 24
"""Room that is reserved at once, 64 MiB of addresses: untouched memory costs nothing, but growing means to copy."""

_MAX_KEPT_BYTES = 64 << 20
"""What blocks of states may read, kept on disk for all vocabularies together: 16 to 100 KB each."""

_MAX_ANSWERS, _MAX_MERGED = 100_000, 8
_MAX_LISTED = 512
"""A state's interior tokens are also kept as a row of bits when they are more than this."""


class MaskTables:
    """The arena of one vocabulary, shared by all its grammars. Thread-safe: growing happens under a lock."""

    def __init__(self, vocabulary: Vocabulary) -> None:
        self.vocabulary = vocabulary
        self.n_words = (vocabulary.size + 31) // 32
        self.arena_pool = ArenaPool()
        self.row_pool = RowPool(self.n_words)
        self._lock = shared_lock(Rank.TABLES)
        self._asking_tokens: AskingTokens | None = None
        self._records: dict[ByteAutomaton, list[int]] = {}
        # By record of a state from which nothing goes on behind an end: the tokens that lead back to it, as a row.
        self.loops: dict[int, memoryview] = {}
        # By content, so that a grammar compiled again finds the answers; both are emptied when they grow too large.
        self._interior_of: dict[tuple[bytes, int, bool], int] = {}
        self._merged: dict[tuple[ByteAutomaton, bool], MergedStates] = {}
        self._blocks: dict[bytes, dict[str, NDArray[Any]]] = {}
        # Records by the block and the longer tokens, and by all of their tokens.
        self._interiors: dict[tuple[bytes, bool], int] = {}
        self._interior_records: dict[bytes, int] = {}
        self._interior_words = 0
        self._closing_tries: dict[bytes, tuple[int, int]] = {}
        self._lexemes: dict[tuple[tuple[object, ...], bytes, int | None], int] = {}
        self._lexeme_words = 0
        self._parts: dict[int, Part] = {0: all_tokens(vocabulary)}
        self._free = FIRST_FREE
        trie = vocabulary.trie
        payload = np.zeros((len(trie.tokens), 2), dtype=np.int32)
        payload[:, 0] = trie.tokens
        self.arena = np.zeros(max(_RESERVED_WORDS, trie.nodes.size + payload.size + 1024), dtype=np.int32)
        self.arena[MAIN_TRIE] = self._append(trie.nodes.ravel())
        self.arena[MAIN_TRIE + TRIE_PAYLOAD] = self._append(payload.ravel())
        eos = [len(vocabulary.eos_token_ids), *vocabulary.eos_token_ids]
        self.arena[EOS_LIST] = self._append(np.array(eos, dtype=np.int32))
        self.arena[N_WORDS] = self.n_words

    @property
    def size_bytes(self) -> int:
        """Bytes in use in the arena."""
        return 4 * self._free

    @property
    def asking_tokens(self) -> AskingTokens:
        """What matters of the tokens where values must be distinct, found on first use."""
        with self._lock:
            if self._asking_tokens is None:
                arrays = self._known(_KIND_OF_ASKING, "tokens", lambda: asking_arrays(self.vocabulary))
                self._asking_tokens = AskingTokens(**arrays)
            return self._asking_tokens

    @functools.cached_property
    def _long_tokens(self) -> LongTokens:
        return LongTokens(self.vocabulary)

    def states_of(self, automaton: ByteAutomaton) -> list[int]:
        """The offset of the record of each state of a shared automaton, made (or read from disk) on first use.

        All 0 (nothing is known) where a token could stay inside after an edge that asks for the least number of units:
        records keep no such number for the tokens that stay.
        """
        with self._lock:
            known = self._records.get(automaton)
            if known is None:
                known = self._add_automaton(automaton) if closes_last(automaton) else [0] * automaton.n_states
                self._records[automaton] = known
            return known

    def interior_of(self, automaton: ByteAutomaton, state: int, is_counted: bool) -> int:
        """The offset of the record of a state inside a string of one grammar's own, or 0 if it must be walked.

        `is_counted` asks for the list by units, which takes most of the memory and which only a counter needs.
        """
        with self._lock:
            asked = (automaton.key, state, is_counted)
            known = self._interior_of.get(asked)
            if known is None:
                if len(self._interior_of) >= _MAX_ANSWERS:
                    self._interior_of.clear()
                    self._interiors.clear()
                known = self._interior_of[asked] = self._find_interior(automaton, state, is_counted)
            return known

    def _find_interior(self, automaton: ByteAutomaton, state: int, is_counted: bool) -> int:
        merged = self._merged.get((automaton, is_counted))
        if merged is None:
            if len(self._merged) >= _MAX_MERGED:
                self._merged.clear()
            merged = self._merged[automaton, is_counted] = MergedStates(automaton, is_counted=is_counted)
        block = merged.key_of(state) if merged.is_usable else None
        if block is None:
            return 0
        long_units = merged.long_tokens(state, self._long_tokens)
        content = block + merged.closes.tobytes() + long_units.tobytes()
        key = (hashlib.blake2b(content, digest_size=16).digest(), is_counted)
        known = self._interiors.get(key)
        if known is None and self._interior_words <= MAX_INTERIOR_BYTES // 4:
            add = self._add_counted if is_counted else self._add_uncounted
            known = self._interiors[key] = add(merged, state, block, long_units)
        return known or 0

    def _add_uncounted(self, merged: MergedStates, state: int, block: bytes, long_units: Units) -> int:
        """The record of the tokens that stay inside from a state."""
        row = self._of_block(block, lambda: {"row": self._row_of(merged.short_tokens(state, self.vocabulary))})["row"]
        row = row.copy()
        long = self._long_tokens.tokens[long_units >= 0]
        np.bitwise_or.at(row.view(np.uint32), long >> 5, np.uint32(1) << (long & 31).astype(np.uint32))
        n_inside = int(np.bitwise_count(row.view(np.uint32)).sum())  # of signed ones it counts the absolute value
        inside = np.empty(0, dtype=np.int32)
        if n_inside <= _MAX_LISTED:
            inside = np.flatnonzero(np.unpackbits(row.view(np.uint8), bitorder="little")).astype(np.int32)
        units = np.zeros(len(inside), dtype=np.int16)
        return self._add_interior(merged.closes, row, n_inside, inside, units)

    def _add_counted(self, merged: MergedStates, state: int, block: bytes, long_units: Units) -> int:
        """The same, listed by the units that they ask for."""
        packed = self._of_block(block, lambda: packed_units(merged.short_tokens(state, self.vocabulary)))
        units = unpacked_units(packed, len(self.vocabulary.trie.tokens))
        units[self._long_tokens.places] = long_units
        inside, units = self.vocabulary.trie.tokens[units >= 0], units[units >= 0]
        return self._add_interior(merged.closes, bits_of(inside, self.n_words), len(inside), inside, units)

    def _add_interior(
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
        if key in self._interior_records:
            return self._interior_records[key]
        nodes, payload = self._closing_trie(closes)
        before = self._free
        record = self._append(np.zeros(SHARED_CONTINUING, dtype=np.int32))
        is_listed = len(inside) == n_inside
        counts = np.cumsum(np.bincount(units, minlength=1)).astype(np.int32)
        entries = {
            SHARED_N_INTERIOR: n_inside,
            SHARED_INTERIOR: self._append(inside[np.argsort(units, kind="stable")]) if is_listed else 0,
            SHARED_COUNTS: self._append(counts) if is_listed else 0,
            SHARED_MAX_UNITS: len(counts) - 1,
            SHARED_ROW: self._append(row) if n_inside > _MAX_LISTED else 0,
            SHARED_TRIE: nodes,
            SHARED_TRIE + TRIE_PAYLOAD: payload,
        }
        for word, value in entries.items():
            self.arena[record + word] = value
        self._interior_words += self._free - before
        self._interior_records[key] = record
        return record

    def _of_block(self, block: bytes, sort: Callable[[], dict[str, NDArray[Any]]]) -> dict[str, NDArray[Any]]:
        """The short tokens of a block of states: sorted here, or by whoever met such a block before."""
        known = self._blocks.get(block)
        if known is None:
            if len(self._blocks) >= _MAX_MERGED:
                self._blocks.clear()
            found = self._known(_KIND_OF_BLOCKS, block.hex(), sort, max_bytes=_MAX_KEPT_BYTES)
            known = self._blocks[block] = found
        return known

    def _row_of(self, units: Units) -> NDArray[np.int32]:
        """A bitmask row with the tokens that are not refused."""
        return bits_of(self.vocabulary.trie.tokens[units >= 0], self.n_words)

    def _closing_trie(self, closes: NDArray[np.bool_]) -> tuple[int, int]:
        """Offsets of the nodes and the payload of the trie of all tokens with a closing byte in them."""
        known = self._closing_tries.get(closes.tobytes())
        if known is None:
            name = hashlib.blake2b(closes.tobytes(), digest_size=16).hexdigest()
            found = self._known(_KIND_OF_CLOSING, name, lambda: _closing_tokens(self.vocabulary, closes))
            known = self._append(found["nodes"].ravel()), self._append(found["payload"].ravel())
            self._closing_tries[closes.tobytes()] = known
        return known

    def _known(
        self, kind: str, name: str, make: Callable[[], dict[str, NDArray[Any]]], *, max_bytes: int | None = None
    ) -> dict[str, NDArray[Any]]:
        """Arrays about this vocabulary from the cache on disk, or else made and put there."""
        if self.vocabulary.token_data.size < MIN_CACHED_BYTES:
            return make()
        key = f"{self.vocabulary.key}-{name}"
        arrays = load_arrays(kind, key)
        if arrays is None:
            arrays = make()
            store_arrays(kind, key, arrays, max_bytes)
        return arrays

    def lexemes_of(
        self, scan: tuple[object, ...], context: int, part: int, sort: Callable[[Part], SortedTokens | int]
    ) -> int:
        """The offset of the record of a place of a lexed language, UNUSABLE where there is no room, or a NEED code.

        `scan` names the place's scan by content, `part` the entry of a record that leaves a terminal (0: none);
        `sort` sorts a part of the vocabulary where that is new.
        """
        with self._lock:
            texts = self._parts[part]
            for known in ((scan, texts.key, None), (scan, texts.key, context)):
                if known in self._lexemes:
                    return self._lexemes[known]
            if self._lexeme_words > MAX_LEXEME_BYTES // 4:
                return UNUSABLE
            found = sort(texts)
            if isinstance(found, int):
                return found
            key = (scan, texts.key, context if found.asks_context else None)
            self._lexemes[key] = self._add_lexemes(found)
            return self._lexemes[key]

    def _add_lexemes(self, found: SortedTokens) -> int:
        before = self._free
        groups = []
        for group in found.groups:
            row = self._append(bits_of(group.tokens, self.n_words)) if len(group.tokens) > MAX_LISTED else 0
            ids = 0 if row else self._append(group.tokens)
            groups.append((self._append(group.labels), len(group.tokens), ids, row))
        leaving = [
            (
                one.label,
                one.mode,
                one.column,
                self._append(one.nodes.ravel()),
                self._append(one.payload.ravel()),
                len(one.part.tokens) >= SORTED_FROM and one.label != NO_LABEL,
            )
            for one in found.leaving
        ]
        entries = self._append(np.array(leaving, dtype=np.int32).ravel())
        for number, one in enumerate(found.leaving):
            if one.label != NO_LABEL and len(one.part.tokens) >= SORTED_FROM:
                self._parts[entries + LEAVING_SIZE * number] = one.part
        words = {
            LEXEMES_SILENT: self._append(bits_of(found.silent, self.n_words)),
            LEXEMES_N_GROUPS: len(groups),
            LEXEMES_GROUPS: self._append(np.array(groups, dtype=np.int32).ravel()),
            LEXEMES_N_LEAVING: len(leaving),
            LEXEMES_LEAVING: entries,
            LEXEMES_OPEN: self._append(bits_of(found.open, self.n_words)),
        }
        record = self._append(np.zeros(LEXEMES_SIZE, dtype=np.int32))
        for word, value in words.items():
            self.arena[record + word] = value
        self._lexeme_words += self._free - before
        return record

    def _add_automaton(self, automaton: ByteAutomaton) -> list[int]:
        arrays = self._known(_KIND, automaton.key.hex(), lambda: _classified(self.vocabulary, automaton))
        total = sum(array.size for array in arrays.values())
        self._grow(self._free + total + automaton.n_states * (self.n_words + 300))
        return [self._add_record(arrays, state) for state in range(automaton.n_states)]

    def _add_record(self, arrays: dict[str, NDArray[Any]], state: int) -> int:
        interior = arrays[f"{state}.interior"]
        counts = arrays[f"{state}.counts"]
        continuing = arrays["continuing"]
        record = self._append(np.zeros(SHARED_CONTINUING + len(continuing), dtype=np.int32))
        entries = {
            SHARED_N_INTERIOR: len(interior),
            SHARED_INTERIOR: self._append(interior),
            SHARED_COUNTS: self._append(counts),
            SHARED_MAX_UNITS: len(counts) - 1,
            SHARED_ROW: self._append(bits_of(interior, self.n_words)) if len(interior) > _MAX_LISTED else 0,
            SHARED_TRIE: self._append(arrays[f"{state}.nodes"].ravel()),
            SHARED_TRIE + TRIE_PAYLOAD: self._append(arrays[f"{state}.payload"].ravel()),
            SHARED_N_CONTINUING: len(continuing),
        }
        for word, value in entries.items():
            self.arena[record + word] = value
        if len(loops := arrays[f"{state}.loops"]):
            self.loops[record] = bits_of(loops, self.n_words).data
        self.arena[record + SHARED_CONTINUING : record + SHARED_CONTINUING + len(continuing)] = continuing
        return record

    def _append(self, words: NDArray[np.int32]) -> int:
        offset = self._free
        self._grow(offset + words.size)
        self.arena[offset : offset + words.size] = words
        self._free = offset + words.size
        return offset

    def _grow(self, n_words: int) -> None:
        if n_words > len(self.arena):
            arena = np.zeros(n_words + len(self.arena) // 4, dtype=np.int32)
            arena[: self._free] = self.arena[: self._free]
            self.arena = arena


def closes_last(automaton: ByteAutomaton) -> bool:
    """Does nothing follow inside the automaton after an edge that closes?"""
    closing = automaton.edges[automaton.edge_unit == CLOSES, 2]
    return not (automaton.edge_start[closing] < automaton.edge_start[closing + 1]).any()


def bits_of(tokens: NDArray[np.int32], n_words: int) -> NDArray[np.int32]:
    """A bitmask row with exactly these tokens: `bits_of([0, 33], 2)` -> [1, 2]."""
    flags = np.zeros(32 * n_words, dtype=np.uint8)
    flags[tokens] = 1
    return np.packbits(flags, bitorder="little").view(np.int32)


def _classified(vocabulary: Vocabulary, automaton: ByteAutomaton) -> dict[str, NDArray[Any]]:
    """Everything about the states of an automaton that has neither links nor bases, in arrays by state and name."""
    assert not automaton.links and automaton.base is None, "shared automata stand on their own"
    n_states = automaton.n_states
    successor = np.full((n_states, 256), -1, dtype=np.int32)
    begins_unit = np.zeros((n_states, 256), dtype=np.uint8)
    for state in range(n_states):
        for edge in range(int(automaton.edge_start[state]), int(automaton.edge_start[state + 1])):
            low, high, target = automaton.edges[edge].tolist()
            successor[state, low : high + 1] = target
            begins_unit[state, low : high + 1] = automaton.edge_unit[edge] == BEGINS_UNIT
    can_go_on: NDArray[np.bool_] = np.asarray((successor >= 0).any(axis=1))
    continuing = (successor[automaton.accepting] >= 0).any(axis=0)
    arrays: dict[str, NDArray[Any]] = {"continuing": np.flatnonzero(continuing).astype(np.int32)}
    n_tokens = vocabulary.size
    fate = np.zeros(n_tokens, dtype=np.int8)
    split = np.zeros(n_tokens, dtype=np.int32)
    units = np.zeros(n_tokens, dtype=np.int32)
    for state in range(n_states):
        sort_tokens(
            vocabulary.token_start,
            vocabulary.token_data,
            successor,
            begins_unit,
            np.ascontiguousarray(automaton.accepting),
            can_go_on,
            state,
            fate,
            split,
            units,
        )
        interior = np.flatnonzero(fate == STAYS).astype(np.int32)
        interior = interior[np.argsort(units[interior], kind="stable")]
        histogram = np.bincount(units[interior], minlength=1)
        arrays[f"{state}.interior"] = interior
        arrays[f"{state}.counts"] = np.cumsum(histogram).astype(np.int32)
        nodes, payload = _suffix_trie(vocabulary, np.flatnonzero(fate == LEAVES).tolist(), split, units)
        arrays[f"{state}.nodes"] = nodes
        arrays[f"{state}.payload"] = payload
        is_worth_it = len(interior) > _MAX_LISTED and not continuing.any()
        arrays[f"{state}.loops"] = returning(vocabulary, successor, interior, state) if is_worth_it else interior[:0]
    assert DIES == 0
    return arrays


def returning(
    vocabulary: Vocabulary, successor: NDArray[np.int32], tokens: NDArray[np.int32], state: int
) -> NDArray[np.int32]:
    """Those of the tokens, none of which is refused, that lead from a state back to it."""
    here = np.full(len(tokens), state, dtype=np.int32)
    at, end = vocabulary.token_start[tokens], vocabulary.token_start[tokens + 1]
    reads = np.flatnonzero(at < end)
    while len(reads):
        here[reads] = successor[here[reads], vocabulary.token_data[at[reads]]]
        at[reads] += 1
        reads = reads[at[reads] < end[reads]]
    return np.sort(tokens[here == state])


def _closing_tokens(vocabulary: Vocabulary, closes: NDArray[np.bool_]) -> dict[str, NDArray[Any]]:
    """The trie of the tokens with a closing byte in them, as nodes and payload."""
    tokens, start, data = vocabulary.trie.tokens, vocabulary.token_start, vocabulary.token_data
    n_closing = np.concatenate([[0], np.cumsum(closes[data])])
    closing = tokens[n_closing[start[tokens + 1]] > n_closing[start[tokens]]]
    payload = np.zeros((len(closing), 2), dtype=np.int32)
    payload[:, 0] = closing
    return {"nodes": build_trie(data, start[closing], start[closing + 1]), "payload": payload}


def _suffix_trie(
    vocabulary: Vocabulary, leaving: list[int], split: NDArray[np.int32], units: NDArray[np.int32]
) -> tuple[NDArray[np.int32], NDArray[np.int32]]:
    """The trie of what follows the exit of each leaving token, and its payload of (token, units before the exit)."""
    suffixes = [vocabulary.token_bytes[token][split[token] :] for token in leaving]
    order = sorted(range(len(leaving)), key=suffixes.__getitem__)
    data, starts = flatten([suffixes[i] for i in order])
    nodes = build_trie(data, starts[:-1], starts[1:])
    tokens = np.array([leaving[i] for i in order], dtype=np.int32)
    return nodes, np.ascontiguousarray(np.stack([tokens, units[tokens]], axis=1))
