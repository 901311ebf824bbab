"""What is known of a vocabulary before any grammar: its trie, and how its tokens behave in automata that all share.

Any JSON string, blanks and numbers occur in almost every grammar, and most of the tokens of a vocabulary (95,000 of
Llama 3's 128,256) may follow inside a string: finding them by a walk takes a millisecond. So for each state of such
an automaton the tokens are sorted once per vocabulary into those that stay inside and those that leave it, the
latter with what follows the exit, as a trie of suffixes: of Llama 3's tokens 1,312 leave a string, with 575 distinct
suffixes. The mask kernels (`_masks`) then answer by joining a row and walking some hundred nodes.

Everything lies in one int32 arena (`table_arena`) that only grows: these records, those of strings of one grammar's own
(`own_interiors`), and those of lexed languages (`lexeme_records`), each kind up to a limit. Cost: about 1 ms and 0.5 MB
a state of a JSON string, kept on disk by content of vocabulary and automaton. Tokens are sorted outside of all locks.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from maskwright.automata.arena_pool import ArenaPool
from maskwright.grammar.byte_automaton import BEGINS_UNIT, CLOSES, ByteAutomaton
from maskwright.matching._shared_kernels import DIES, LEAVES, STAYS, sort_tokens
from maskwright.matching._table_layout import (
    EOS_LIST,
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
from maskwright.matching.in_progress import InProgress
from maskwright.matching.lexeme_records import LexemeRecords
from maskwright.matching.lexeme_tables import MAX_LEXEME_BYTES
from maskwright.matching.own_interiors import MAX_INTERIOR_BYTES, MAX_LISTED, OwnInteriors
from maskwright.matching.table_arena import TableArena, bits_of
from maskwright.matching.token_trie import flatten
from maskwright.matching.vocabulary import Vocabulary
from maskwright.matching.vocabulary_arrays import Arrays, vocabulary_arrays

MAX_SHARED_BYTES = 96 << 20
"""What the records of shared automata may take in one vocabulary: JSON has some 30 MB. A Lark or GBNF grammar may bring
automata of its own; beyond the limit their states are walked."""

_KIND, _KIND_OF_ASKING = "shared-states-2", "asking-2"
_MAX_KEPT_BYTES = 256 << 20
"""The same for the files, of all vocabularies together: the oldest go."""

_SLACK_BYTES = 16 << 20
"""Limits are looked at before something is added, so each may be exceeded by as much as that takes."""


class MaskTables:
    """The tables of one vocabulary, shared by all its grammars. Thread-safe.

    table_arena: where everything lies. own_interiors, lexemes: the records of what is not shared by all grammars.
    """

    def __init__(self, vocabulary: Vocabulary) -> None:
        self.vocabulary = vocabulary
        self.n_words = (vocabulary.size + 31) // 32
        self.arena_pool = ArenaPool()
        self.row_pool = RowPool(self.n_words)
        self._asking_tokens: AskingTokens | None = None
        self._finding = InProgress[AskingTokens]()
        self._sorting = InProgress[list[int]]()
        self._records: dict[ByteAutomaton, list[int]] = {}
        self._shared_words = 0
        # By record of a state from which nothing goes on behind an end: the tokens that lead back to it, as a row.
        self.loops: dict[int, memoryview] = {}
        trie = vocabulary.trie
        payload = np.zeros((len(trie.tokens), 2), dtype=np.int32)
        payload[:, 0] = trie.tokens
        limits = MAX_SHARED_BYTES + MAX_INTERIOR_BYTES + MAX_LEXEME_BYTES + _SLACK_BYTES
        self.table_arena = TableArena(trie.nodes.size + payload.size + limits // 4)
        eos = [len(vocabulary.eos_token_ids), *vocabulary.eos_token_ids]
        entries = {
            MAIN_TRIE: self.table_arena.append(trie.nodes),
            MAIN_TRIE + TRIE_PAYLOAD: self.table_arena.append(payload),
            EOS_LIST: self.table_arena.append(np.array(eos, dtype=np.int32)),
            N_WORDS: self.n_words,
        }
        self.table_arena.words[[*entries]] = [*entries.values()]
        self.own_interiors = OwnInteriors(vocabulary, self.table_arena)
        self.lexemes = LexemeRecords(vocabulary, self.table_arena)

    @property
    def arena(self) -> NDArray[np.int32]:
        """int32[...], laid out as in `_table_layout`."""
        return self.table_arena.words

    @property
    def size_bytes(self) -> int:
        """Bytes in use in the arena."""
        return 4 * self.table_arena.n_used

    @property
    def asking_tokens(self) -> AskingTokens:
        """What matters of the tokens where values must be distinct, found on first use."""
        known = self._asking_tokens
        return known if known is not None else self._finding.made((), self._found_asking_tokens)

    def _found_asking_tokens(self) -> AskingTokens:
        if self._asking_tokens is None:
            vocabulary = self.vocabulary
            arrays = vocabulary_arrays(vocabulary, _KIND_OF_ASKING, "tokens", lambda: asking_arrays(vocabulary))
            self._asking_tokens = AskingTokens(**arrays)
        return self._asking_tokens

    def states_of(self, automaton: ByteAutomaton) -> list[int]:
        """The offset of the record of each state of a shared automaton, made (or read from disk) on first use.

        All 0 (nothing is known) where a token could stay inside after an edge that asks for the least number of units:
        records keep no such number for the tokens that stay. The same where there is no room for more.
        """
        with self.table_arena.lock:
            known = self._records.get(automaton)
            is_full = self._shared_words > MAX_SHARED_BYTES // 4
        if known is not None:
            return known
        if is_full or not closes_last(automaton):
            return [0] * automaton.n_states
        return self._sorting.made((automaton.key,), lambda: self._add_automaton(automaton))

    def _add_automaton(self, automaton: ByteAutomaton) -> list[int]:
        arrays = vocabulary_arrays(
            self.vocabulary,
            _KIND,
            automaton.key.hex(),
            lambda: _classified(self.vocabulary, automaton),
            max_bytes=_MAX_KEPT_BYTES,
        )
        with self.table_arena.lock:
            known = self._records.get(automaton)
            if known is None:
                before = self.table_arena.n_used
                known = [self._add_record(arrays, state) for state in range(automaton.n_states)]
                self._shared_words += self.table_arena.n_used - before
                self._records[automaton] = known
            return known

    def _add_record(self, arrays: Arrays, state: int) -> int:
        arena = self.table_arena
        interior = arrays[f"{state}.interior"]
        counts = arrays[f"{state}.counts"]
        # Masks are shared where as many units are left as any token begins, also one that leaves.
        counts = np.pad(counts, (0, max(0, self.vocabulary.longest + 1 - len(counts))), mode="edge")
        continuing = arrays["continuing"]
        entries = {
            SHARED_N_INTERIOR: len(interior),
            SHARED_INTERIOR: arena.append(interior),
            SHARED_COUNTS: arena.append(counts),
            SHARED_MAX_UNITS: len(counts) - 1,
            SHARED_ROW: arena.append(bits_of(interior, self.n_words)) if len(interior) > MAX_LISTED else 0,
            SHARED_TRIE: arena.append(arrays[f"{state}.nodes"]),
            SHARED_TRIE + TRIE_PAYLOAD: arena.append(arrays[f"{state}.payload"]),
            SHARED_N_CONTINUING: len(continuing),
        }
        entries |= {SHARED_CONTINUING + number: byte for number, byte in enumerate(continuing.tolist())}
        record = arena.append_record(SHARED_CONTINUING + len(continuing), entries)
        if len(loops := arrays[f"{state}.loops"]):
            self.loops[record] = bits_of(loops, self.n_words).data
        return record


def closes_last(automaton: ByteAutomaton) -> bool:
    """Does nothing follow inside the automaton after an edge that closes?"""
    closing = automaton.edges[automaton.edge_unit == CLOSES, 2]
    return not (automaton.edge_start[closing] < automaton.edge_start[closing + 1]).any()


def _classified(vocabulary: Vocabulary, automaton: ByteAutomaton) -> Arrays:
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
    arrays: Arrays = {"continuing": np.flatnonzero(continuing).astype(np.int32)}
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
        is_worth_it = len(interior) > MAX_LISTED and not continuing.any()
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
