"""Records of the places of lexed languages: how a lexer cuts the tokens of a vocabulary there (`lexeme_tables`).

They are found by content, so another grammar with the same lexer finds them too. Sorting is for the caller, who needs
the memory of a grammar for it and so does it in slices, with no lock of this vocabulary; here the groups of tokens are
made into rows, and then, under the lock of the arena, copied into it. Two grammars that sort for the same place at once
do it twice: the first record stays.
"""

from __future__ import annotations

import numpy as np

from maskwright.automata._lexed_layout import UNUSABLE
from maskwright.matching._lexeme_kernels import NO_LABEL
from maskwright.matching._table_layout import (
    LEAVING_SIZE,
    LEXEMES_GROUPS,
    LEXEMES_LEAVING,
    LEXEMES_N_GROUPS,
    LEXEMES_N_LEAVING,
    LEXEMES_OPEN,
    LEXEMES_SILENT,
    LEXEMES_SIZE,
)
from maskwright.matching.lexeme_tables import MAX_LEXEME_BYTES, MAX_LISTED, SORTED_FROM, Part, SortedTokens, all_tokens
from maskwright.matching.table_arena import TableArena, bits_of
from maskwright.matching.vocabulary import Vocabulary

Scan = tuple[object, ...]
"""Names the scan of a place by content (`TransitionNetwork.place_at`)."""


class LexemeRecords:
    """The records of one vocabulary. Thread-safe."""

    def __init__(self, vocabulary: Vocabulary, arena: TableArena) -> None:
        self._n_words = (vocabulary.size + 31) // 32
        self._arena = arena
        self._records: dict[tuple[Scan, bytes, int | None], int] = {}
        self._parts: dict[int, Part] = {0: all_tokens(vocabulary)}
        self._n_used = 0

    def part(self, entry: int) -> Part:
        """What is to be sorted: what leaves a terminal by an entry of a record, or the whole vocabulary (0)."""
        return self._parts[entry]

    def record_of(self, scan: Scan, context: int, part: Part) -> int | None:
        """The offset of a record, UNUSABLE where there is no room for another one, None if it is not there yet."""
        with self._arena.lock:
            for key in ((scan, part.key, None), (scan, part.key, context)):
                if key in self._records:
                    return self._records[key]
            return UNUSABLE if self._n_used > MAX_LEXEME_BYTES // 4 else None

    def add(self, scan: Scan, context: int, part: Part, found: SortedTokens) -> int:
        """The offset of the record of what was sorted, or of the one that somebody else added before."""
        rows = [
            bits_of(group.tokens, self._n_words) if len(group.tokens) > MAX_LISTED else None for group in found.groups
        ]
        silent, still_open = bits_of(found.silent, self._n_words), bits_of(found.open, self._n_words)
        key = (scan, part.key, context if found.asks_context else None)
        arena = self._arena
        with arena.lock:
            if key in self._records:
                return self._records[key]
            before = arena.n_used
            groups = []
            for group, row in zip(found.groups, rows, strict=True):
                at = (arena.append(group.tokens), 0) if row is None else (0, arena.append(row))
                groups.append((arena.append(group.labels), len(group.tokens), *at))
            is_part = [len(one.part.tokens) >= SORTED_FROM and one.label != NO_LABEL for one in found.leaving]
            leaving = [
                (one.label, one.mode, one.column, arena.append(one.nodes), arena.append(one.payload), is_sorted)
                for one, is_sorted in zip(found.leaving, is_part, strict=True)
            ]
            entries = arena.append(np.array(leaving, dtype=np.int32))
            for number, (one, is_sorted) in enumerate(zip(found.leaving, is_part, strict=True)):
                if is_sorted:
                    self._parts[entries + LEAVING_SIZE * number] = one.part
            record = arena.append_record(
                LEXEMES_SIZE,
                {
                    LEXEMES_SILENT: arena.append(silent),
                    LEXEMES_N_GROUPS: len(groups),
                    LEXEMES_GROUPS: arena.append(np.array(groups, dtype=np.int32)),
                    LEXEMES_N_LEAVING: len(leaving),
                    LEXEMES_LEAVING: entries,
                    LEXEMES_OPEN: arena.append(still_open),
                },
            )
            self._n_used += arena.n_used - before
            self._records[key] = record
            return record
