"""A matcher: one text in progress under a compiled grammar.

All questions end in one step function: the mask has the bits of exactly the tokens that `accept_token` would take.
State is a `Place` in an immutable tree of what was read, so a failed call changes nothing, `rollback` goes to an
earlier place, and `fork` copies three references. A matcher belongs to one thread at a time; its grammar to any number.

    matcher = grammar.matcher()
    matcher.fill_bitmask(row)          # which tokens may come next
    matcher.accept_token(token_id)     # raises TokenRejected if that one may not
"""

from __future__ import annotations

import operator
from collections.abc import Iterable, Sequence

import numpy as np
from numpy.typing import NDArray

from maskwright.errors import MatcherError, TokenRejected
from maskwright.matching.bitmask import check_row, n_mask_words
from maskwright.matching.compiled_grammar import CompiledGrammar
from maskwright.matching.place import EndPlace, Place

MAX_FORCED_BYTES = 4096
"""How far `forced_bytes` looks: enough for any skeleton of keys, and bounded where a grammar forces without end."""


class Matcher:
    """One text in progress; see the module for what it promises."""

    __slots__ = ("_end_tokens", "_grammar", "_places", "_shape", "_size")

    def __init__(self, grammar: CompiledGrammar) -> None:
        self._grammar = grammar
        self._size = grammar.vocabulary.size
        self._shape = (n_mask_words(self._size),)
        self._end_tokens = frozenset(grammar.vocabulary.eos_token_ids)
        # The path: one place per accepted token, or per run of bytes; an end token repeats its place.
        self._places: list[Place] = [grammar.start()]

    @property
    def grammar(self) -> CompiledGrammar:
        """The grammar that the text follows."""
        return self._grammar

    @property
    def n_accepted(self) -> int:
        """How many accepts can be rolled back: one a token, one for each `accept_bytes`."""
        return len(self._places) - 1

    def fill_bitmask(self, row: NDArray[np.int32]) -> None:
        """Write the allowed tokens into int32[ceil(vocabulary size / 32)]; the end tokens iff the text is complete.

        After an end token was taken nothing is allowed but the end tokens themselves, so that a padded row of a
        batch can go on.
        """
        check_row(row, self._shape)
        place = self._places[-1]
        if place.is_end:
            self._fill_end(row)
        else:
            self._grammar.fill_row(place, row)

    def _fill_end(self, row: NDArray[np.int32]) -> None:
        row[:] = 0
        for token in self._end_tokens:
            row[token >> 5] |= np.array(1 << (token & 31), dtype=np.uint32).view(np.int32)

    def allows(self, token_id: int) -> bool:
        """Would `accept_token` take this token?"""
        return self._after(token_id) is not None

    def _after(self, token_id: int) -> Place | None:
        """The place after a token, or None: the one decision that accepting, allowing and validating share."""
        try:
            token = operator.index(token_id)
        except TypeError as error:
            raise MatcherError(f"Token ids must be integers, not {token_id!r}") from error
        place = self._places[-1]
        if token in self._end_tokens:
            return EndPlace(place) if place.is_end or self._grammar.is_accepting(place) else None
        if place.is_end or not 0 <= token < self._size:
            return None
        return self._grammar.after_token(place, token)

    def accept_token(self, token_id: int) -> None:
        """Read one token; raises TokenRejected, and changes nothing, if the grammar does not allow it here."""
        place = self._after(token_id)
        if place is None:
            raise TokenRejected(int(token_id), self.n_accepted, self._why_rejected(int(token_id)))
        self._places.append(place)

    def _why_rejected(self, token_id: int) -> str:
        vocabulary = self._grammar.vocabulary
        if not 0 <= token_id < vocabulary.size:
            return f"the vocabulary has ids from 0 to {vocabulary.size - 1}"
        if self.is_finished():
            return "the text has ended"
        if token_id in self._end_tokens:
            return "the text is not complete"
        if token_id in vocabulary.special_token_ids:
            return "it is a special token, which the grammar does not name here"
        text = vocabulary.text_of(token_id)
        if not text:
            return "it has no text"
        return f"its text {text!r} does not fit"

    def accept_tokens(self, token_ids: Iterable[int]) -> int:
        """Read tokens until one is refused; how many were read (those stay)."""
        count = 0
        for token in token_ids:
            place = self._after(token)
            if place is None:
                break
            self._places.append(place)
            count += 1
        return count

    def validate_tokens(self, token_ids: Sequence[int]) -> int:
        """How many of the tokens `accept_tokens` would read; changes nothing."""
        probe = self.fork()
        return probe.accept_tokens(token_ids)

    def accept_bytes(self, text: bytes) -> None:
        """Read bytes, as one step for `rollback`; raises TokenRejected, and changes nothing, if they do not fit."""
        place = None if self.is_finished() else self._grammar.after_text(self._places[-1], text)
        if place is None:
            raise TokenRejected(-1, self.n_accepted, f"the bytes {text!r} do not fit")
        self._places.append(place)

    def rollback(self, n: int) -> None:
        """Take back the last n accepts, an end token too; raises MatcherError if there were fewer."""
        if not 0 <= n <= self.n_accepted:
            raise MatcherError(f"Cannot roll back {n} of {self.n_accepted} accepts")
        if n:
            del self._places[-n:]

    def fork(self) -> Matcher:
        """A matcher at the same place that goes its own way."""
        other = Matcher.__new__(Matcher)
        other._grammar = self._grammar
        other._size = self._size
        other._shape = self._shape
        other._end_tokens = self._end_tokens
        other._places = self._places.copy()
        return other

    def reset(self) -> None:
        """Begin the text anew."""
        del self._places[1:]

    def is_accepting(self) -> bool:
        """May the text end here (or has it)?"""
        return self.is_finished() or self._grammar.is_accepting(self._places[-1])

    def is_finished(self) -> bool:
        """Was an end token taken?"""
        return self._places[-1].is_end

    def forced_bytes(self) -> bytes:
        """The bytes that must come next because there is no other way (at most MAX_FORCED_BYTES)."""
        return b"" if self.is_finished() else self._grammar.forced_text(self._places[-1], MAX_FORCED_BYTES)

    def forced_tokens(self) -> list[int]:
        """Tokens that spell forced bytes, longest first, and stop where a longer token could straddle their end.

        They spell what any continuation must spell; another tokenisation of the same bytes may exist.
        """
        text = self.forced_bytes()
        trie = self._grammar.vocabulary.trie
        nodes, tokens = trie.nodes, trie.tokens
        forced: list[int] = []
        end = self._grammar.after_text(self._places[-1], text)
        assert end is not None
        begin = 0
        while begin < len(text):
            node, longest, position = 0, None, begin
            while position < len(text):
                children = nodes[nodes[node, 1] : nodes[node, 2], 0]
                child = int(np.searchsorted(children, text[position]))
                if child == len(children) or children[child] != text[position]:
                    break
                node = int(nodes[node, 1]) + child
                position += 1
                if nodes[node, 3] < nodes[node, 4]:
                    longest = (int(tokens[nodes[node, 3]]), position)
            else:
                children = nodes[nodes[node, 1] : nodes[node, 2], 0]
                if any(self._grammar.after_text(end, bytes([byte])) for byte in children.tolist()):
                    return forced  # the forced bytes end inside a token that may go on
            if longest is None:
                return forced
            forced.append(longest[0])
            begin = longest[1]
        return forced


def fill_bitmasks(matchers: Sequence[Matcher], mask: NDArray[np.int32]) -> None:
    """Fill row i of int32[len(matchers), ceil(vocabulary size / 32)] with the mask of matcher i."""
    if mask.ndim != 2 or len(mask) < len(matchers):
        raise MatcherError(f"The mask needs a row for each of the {len(matchers)} matchers")
    for matcher, row in zip(matchers, mask, strict=False):
        matcher.fill_bitmask(row)
