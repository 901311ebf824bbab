"""The tokens with which a text may go on in a language over bytes that has all beginnings of its members.

Idea. The engine's own automaton and masks: the language is compiled like any grammar, and a row is the mask behind the
text. All its states accept. So the engine never looks for a way to the end, which a monitor does not promise, and does
not mind vocabularies that spell some bytes only within longer tokens.

Tokens without text (special ones) leave the text as it is and are in every row; whether it may end is for the caller.
Cost, for Llama 3's 128,256 tokens: 0.4 ms to compile a small automaton, 4 ms for one of 800 states. A row is found
once: 5 ms where nearly all tokens are allowed, which takes a walk through the whole trie, and much less where few are.

Rejected: a kernel that walks the trie with a table of 256 columns. It would be as fast, and a second way to do it.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import final

import numpy as np

from maskwright.grammar.byte_automaton import ByteAutomaton
from maskwright.grammar.ir import Automaton, Grammar
from maskwright.matching.bitmask import n_mask_words
from maskwright.matching.compiler import Compiler
from maskwright.matching.vocabulary import Vocabulary
from maskwright.sampling.monitors.protocol import Row

_MOST_ROWS = 512
"""Rows that a language keeps: 8 MB for a vocabulary of 128,256 tokens. Most texts come to a dozen places."""


def row_of(vocabulary: Vocabulary, token_ids: Iterable[int]) -> Row:
    """The row with the bits of these tokens."""
    bits = np.zeros(32 * n_mask_words(vocabulary.size), dtype=np.uint8)
    bits[list(token_ids)] = 1
    return np.packbits(bits, bitorder="little").view(np.int32)


def special_tokens(vocabulary: Vocabulary) -> Row:
    """The tokens that neither add to a text nor end it."""
    return row_of(vocabulary, vocabulary.special_token_ids.difference(vocabulary.eos_token_ids))


@final
class TokenRows:
    """The rows of one language (mutable only in what it remembers; any number of threads may ask)."""

    __slots__ = ("_ending", "_going_on", "_grammar", "_rows", "_words")

    def __init__(self, compiler: Compiler, automaton: ByteAutomaton, state: int = 0) -> None:
        """`automaton`: all states accept; the language begins in `state`."""
        vocabulary = compiler.vocabulary
        self._grammar = compiler.compile_grammar(Grammar("root", {"root": Automaton(automaton, state)}))
        self._words = n_mask_words(vocabulary.size)
        self._going_on = special_tokens(vocabulary)
        self._ending = self._going_on | row_of(vocabulary, vocabulary.eos_token_ids)
        self._rows: dict[tuple[bytes, bool], Row] = {}

    def after(self, text: bytes, *, may_end: bool) -> Row:
        """The tokens that lead from a text of the language to another; the end tokens if it `may_end`. Read only."""
        key = text, may_end
        row = self._rows.get(key)
        if row is None:
            matcher = self._grammar.matcher()
            matcher.accept_bytes(text)
            row = np.empty(self._words, dtype=np.int32)
            matcher.fill_bitmask(row)
            row &= ~self._ending  # that a state accepts means nothing here
            row |= self._ending if may_end else self._going_on
            if len(self._rows) >= _MOST_ROWS:
                self._rows.clear()
            self._rows[key] = row
        return row
