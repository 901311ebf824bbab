"""The spans of a tokenised passage, as a constraint: what may be quoted when quotes are cut where tokens are.

A span is known by its tokens, wherever they stand: the matcher keeps the places after which the text so far may end, so
equal spans are one text and shared beginnings are asked of a model once.
Invariant: no dead ends. A place from which the shortest allowed span cannot be reached is never kept.

Cost: O(places) for a mask and for a token; the first mask looks at the whole passage.
Rejected: the suffix automaton. It makes later masks O(1), beside a model's row that takes milliseconds.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import final

import numpy as np
import numpy.typing as npt

from maskwright.errors import InvalidOption, TokenRejected
from maskwright.sampling.rows import Words

Places = npt.NDArray[np.int64]


@final
class TokenSpans:
    """A matcher of the spans of a passage, of at least `min_tokens` tokens before the end token (mutable).

    passage_ids: the passage without special tokens; end tokens in it are refused.
    """

    __slots__ = ("_ends", "_is_finished", "_n_read", "_passage", "_places", "min_tokens")

    def __init__(self, passage_ids: Sequence[int], eos_token_ids: frozenset[int], min_tokens: int = 1) -> None:
        if not 1 <= min_tokens <= len(passage_ids):
            raise InvalidOption("min_tokens", min_tokens, f"from 1 to {len(passage_ids)}, the length of the passage")
        if ends := eos_token_ids & set(passage_ids):
            raise InvalidOption("the passage", sorted(ends), "without end tokens")
        self.min_tokens = min_tokens
        self._passage = np.asarray(passage_ids, dtype=np.int64)
        self._ends = np.array(sorted(eos_token_ids), dtype=np.int64)
        self._places = np.arange(len(passage_ids) - min_tokens + 1)  # the next token of the text stands at each
        self._n_read = 0
        self._is_finished = False

    @property
    def starts(self) -> tuple[int, ...]:
        """Where the text so far begins in the passage."""
        return tuple((self._places - self._n_read).tolist())

    def fill_bitmask(self, row: Words) -> None:
        """Write the mask: tokens that follow in the passage, end tokens from `min_tokens` on."""
        row[:] = 0
        if self._is_finished:
            return
        tokens = self._passage[self._places[self._places < len(self._passage)]]
        if self._n_read >= self.min_tokens:
            tokens = np.concatenate((tokens, self._ends))
        tokens = tokens[tokens < 32 * len(row)]
        np.bitwise_or.at(row.view(np.uint32), tokens >> 5, np.uint32(1) << (tokens & 31).astype(np.uint32))

    def accept_token(self, token_id: int) -> None:
        """Go on by one token; raises `TokenRejected` and stays as it was."""
        if self._is_finished:
            raise TokenRejected(token_id, self._n_read, "the text is finished")
        if self._n_read >= self.min_tokens and token_id in self._ends:
            self._is_finished = True
            return
        inside = self._places[self._places < len(self._passage)]
        places = inside[self._passage[inside] == token_id] + 1
        if not len(places):
            raise TokenRejected(token_id, self._n_read, "no span of the passage goes on with it")
        self._places = places
        self._n_read += 1

    def is_finished(self) -> bool:
        """Was an end token taken?"""
        return self._is_finished

    def fork(self) -> TokenSpans:
        """A copy that goes its own way."""
        copy = object.__new__(TokenSpans)
        for name in TokenSpans.__slots__:
            setattr(copy, name, getattr(self, name))
        return copy
