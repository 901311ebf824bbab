"""What a vocabulary's tokens are to a lexer, before the parser is asked: found once for a scan in a context.

Where an identifier may begin, a third of the vocabulary may follow, whatever the parser has read before; only whether
it wants an identifier depends on that. So for each *place*, a state of the lexer (scan) in a context of terminals, the
tokens are sorted by what a parser would have to say of them:

    whole    the token ends within a terminal, or just behind one: allowed if the parser can use one of the labels that
             are possible there. Tokens with the same labels are one group, a row of bits
    leaves   the token goes on behind a terminal: grouped by its label, what follows as a trie of suffixes, to be walked
             from where the parser is after that terminal; if they are many (a word behind a line break) they are a
             *part* of the vocabulary, sorted in their turn for the place where the next terminal begins
    tangled  a look-ahead behind an end, or a match that may fall back: walked from the place itself

Ignored terminals in between change nothing for the parser and are skipped: " foo" is an identifier like "foo".
`silent` marks the tokens in which no terminal can end: only they leave the say to the groups of a list further behind
(see `automata._lexing`), so the mask of a list is

    mask(group, rest...) = usable groups | walks of what leaves | mask(rest...) & silent

but for `open` tokens: silent ones that leave the first terminal open where the parser cannot use it. It may swallow all
that the groups behind can become, as `[a-z]+!` does what stands behind the keyword `x`; such a mask is walked.

Cost: 5 to 15 ms and some 100 KB a place, for wide places at the second visit; a byte limit per vocabulary.
Rejected: one table for each parser state, which repeats the lexer's work a hundred times.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from maskwright.automata._frames import Ints
from maskwright.automata._lexed_layout import PROGRAM_LABEL_WORDS, ROW_LABELS, SCAN_PROGRAM, TUPLE_MEMO
from maskwright.matching._lexeme_kernels import LEAVES, NO_LABEL, TANGLED, WHOLE, sort_lexemes
from maskwright.matching._suffix_order import suffix_order
from maskwright.matching._trie_kernels import build_trie
from maskwright.matching.vocabulary import Vocabulary

MAX_LEXEME_BYTES = 48 << 20
"""What the records of one vocabulary may take; beyond it places are walked."""

SORTED_FROM = 48
"""So many tokens that leave a terminal in the same way are sorted in their turn; fewer are walked."""

MAX_LISTED = 256
"""A group of more tokens is kept as a row of bits."""

TEXTS_AT_ONCE: Final = 4096
"""Sorted in one slice: some milliseconds. New scans of the lexer take longer, but there are few."""


@dataclass(frozen=True, slots=True, eq=False)
class Part:
    """Texts that are to be sorted: all tokens of a vocabulary, or what follows a terminal in some of them.

    key: a digest. tokens: int32[n], in the order of their texts; the text of tokens[i] is
    token_data[begins[i]:ends[i]].
    """

    key: bytes
    tokens: NDArray[np.int32]
    begins: NDArray[np.int32]
    ends: NDArray[np.int32]


def part_of(tokens: NDArray[np.int32], begins: NDArray[np.int32], ends: NDArray[np.int32]) -> Part:
    """A part with its key."""
    key = hashlib.blake2b(tokens.tobytes() + begins.tobytes(), digest_size=16).digest()
    return Part(key, tokens, begins, ends)


def all_tokens(vocabulary: Vocabulary) -> Part:
    """The whole vocabulary."""
    tokens = vocabulary.trie.tokens
    return part_of(tokens, vocabulary.token_start[tokens], vocabulary.token_start[tokens + 1])


@dataclass(frozen=True, slots=True)
class TokenGroup:
    """Tokens that are allowed if one of the labels is usable.

    labels: int32[2 * words], all of them and those that need no guard; tokens: int32[n].
    """

    labels: NDArray[np.int32]
    tokens: NDArray[np.int32]


@dataclass(frozen=True, slots=True)
class Leaving:
    """Tokens that leave a terminal: its label (NO_LABEL: none, walked from the place), how to find the column.

    part: what follows in them. nodes, payload: the same as a trie, as in `_table_layout`.
    """

    label: int
    mode: int
    column: int
    part: Part
    nodes: NDArray[np.int32]
    payload: NDArray[np.int32]


@dataclass(frozen=True, slots=True)
class SortedTokens:
    """A part of a vocabulary sorted for one place.

    silent: int32[n], the tokens in which no terminal can end; open: int32[n], those of them behind which the terminal
    is still open. asks_context: would they be sorted in another way in another context?
    """

    groups: tuple[TokenGroup, ...]
    leaving: tuple[Leaving, ...]
    silent: NDArray[np.int32]
    open: NDArray[np.int32]
    asks_context: bool


class Sorting:
    """A part of a vocabulary while it is sorted for a scan in a context.

    Reading the texts (`go_on`) makes scans of the lexer in the arena of a grammar, whose lock the caller holds for one
    slice at a time; what comes after that (`result`) only looks at scans that are there, which do not change.
    """

    def __init__(self, part: Part, token_data: NDArray[np.uint8], scan: int, context: int) -> None:
        self._part = part
        self._token_data = token_data
        self._scan, self._context = scan, context
        self._n_read = 0
        self._asks_context = False
        n = len(part.tokens)
        self._fate = np.zeros(n, dtype=np.int8)
        self._accepts = np.zeros(n, dtype=np.bool_)
        self._inside, self._label, self._split, self._column = (np.zeros(n, dtype=np.int32) for _ in range(4))
        self._mode = np.zeros(n, dtype=np.int8)

    def go_on(self, arena: Ints, scratch: Ints) -> int:
        """Read some texts more: how many are left, or the NEED code of what the kernel lacks."""
        here = slice(self._n_read, self._n_read + TEXTS_AT_ONCE)
        code = sort_lexemes(
            arena,
            scratch,
            self._part.begins[here],
            self._part.ends[here],
            self._token_data,
            int(arena[self._scan + SCAN_PROGRAM]),
            self._scan,
            self._context,
            self._fate[here],
            self._accepts[here],
            self._inside[here],
            self._label[here],
            self._split[here],
            self._mode[here],
            self._column[here],
        )
        if code < 0:
            return int(code)
        self._asks_context |= bool(code)
        self._n_read = min(here.stop, len(self._fate))
        return len(self._fate) - self._n_read

    def result(self, arena: Ints) -> SortedTokens:
        """The texts, all of which were read, by what becomes of them."""
        part, data, fate = self._part, self._token_data, self._fate
        label, mode, column = self._label, self._mode, self._column
        n_words = int(arena[int(arena[self._scan + SCAN_PROGRAM]) + PROGRAM_LABEL_WORDS])
        (whole,) = np.nonzero(fate == WHOLE)
        groups = _groups(part.tokens[whole], self._inside[whole], label[whole], arena, n_words)
        leaving = []
        (goes,) = np.nonzero(fate == LEAVES)
        exits = label[goes].astype(np.int64) << 33
        exits += (mode[goes].astype(np.int64) << 32) + (column[goes] + np.int64(1))
        for same in _members_of(exits):
            first = goes[same[0]]
            following = _following(part, goes[same], self._split[goes[same]], data)
            leaving.append(Leaving(int(label[first]), int(mode[first]), int(column[first]), *following))
        (tangled,) = np.nonzero(fate == TANGLED)
        if len(tangled):
            leaving.append(Leaving(NO_LABEL, 0, 0, *_following(part, tangled, np.zeros_like(tangled), data)))
        silent = ~self._accepts & (fate != TANGLED)
        still_open = silent & (fate == WHOLE)
        return SortedTokens(groups, tuple(leaving), part.tokens[silent], part.tokens[still_open], self._asks_context)


def _members_of(keys: NDArray[np.int64]) -> list[NDArray[np.intp]]:
    """The indices of equal keys, a list for each key."""
    if not len(keys):
        return []
    order = np.argsort(keys, kind="stable")
    cuts = np.flatnonzero(np.diff(keys[order])) + 1
    return np.split(order, cuts)


def _groups(
    tokens: NDArray[np.int32], inside: NDArray[np.int32], label: NDArray[np.int32], arena: Ints, n_words: int
) -> tuple[TokenGroup, ...]:
    """Tokens that are whole, by the labels that are possible where they end."""
    by_labels: dict[bytes, list[NDArray[np.int32]]] = {}
    for same in _members_of((inside.astype(np.int64) << 20) | (label + np.int64(1))):
        scan, ended = int(inside[same[0]]), int(label[same[0]])
        labels = np.zeros(2 * n_words, dtype=np.int32)
        if scan:
            row = int(arena[scan + TUPLE_MEMO])
            labels |= arena[row + ROW_LABELS : row + ROW_LABELS + 2 * n_words]
        if ended >= 0:
            labels[[ended >> 5, n_words + (ended >> 5)]] |= np.array(1 << (ended & 31), dtype=np.uint32).view(np.int32)
        by_labels.setdefault(labels.tobytes(), []).append(tokens[same])
    return tuple(
        TokenGroup(np.frombuffer(labels, dtype=np.int32), np.concatenate(members))
        for labels, members in by_labels.items()
    )


def _following(
    part: Part, members: NDArray[np.intp], split: NDArray[Any], token_data: NDArray[np.uint8]
) -> tuple[Part, NDArray[np.int32], NDArray[np.int32]]:
    """What follows the split in some texts of a part, as a part of its own and as a trie with payload (token, 0)."""
    begins = (part.begins[members] + split).astype(np.int32)
    ends = part.ends[members]
    order = suffix_order(token_data, begins, ends)
    rest = part_of(part.tokens[members][order], begins[order], ends[order])
    nodes = build_trie(token_data, rest.begins, rest.ends)
    payload = np.zeros((len(members), 2), dtype=np.int32)
    payload[:, 0] = rest.tokens
    return rest, nodes, payload
