"""A matcher that bounds the blanks of a JSON document: `grammar.matcher(max_blanks=n)`.

`max_whitespace` bounds each gap, and a document has many. Here a token that consists of blanks alone is refused where
more than n blanks would then stand outside the strings of the text, as long as any other token is allowed. So:

* a text has at most n blanks outside strings, besides those of tokens that write something else too (`,\\n  "`), which
  bring the text on, and count; once n is reached each token does;
* there is never a dead end, since the last tokens are never taken away. Where a gap may be empty (all kinds of blanks
  but `Indented`) and the vocabulary has a token for each byte, others are always allowed, so there is no exception;
* an indented text has the blanks that it must have, and no more anyway.

It wraps another matcher, perhaps one with a budget of tokens, and shares its trail. How many blanks there were is kept
for each step, so a rollback gives back what it takes back. Cost: a look at the bytes of each token, and a few
microseconds for each mask once there is room for the longest token of blanks no more (Llama 3 has one of 128).

Rejected: a count in the grammar (each state would be there n times); a bound that mixed tokens keep too (where the only
token that closes a gap is a mixed one, nothing would be left); a budget for each gap alone, which `max_whitespace` is.
"""

from __future__ import annotations

from dataclasses import replace
from functools import lru_cache
from typing import TYPE_CHECKING, Final

import numpy as np
from numpy.typing import NDArray

from maskwright.errors import InvalidOption, TokenRejected
from maskwright.matching.bitmask import is_allowed, packed_row
from maskwright.matching.explaining import Reason, TokenExplanation
from maskwright.matching.matcher import Matcher

if TYPE_CHECKING:
    from collections.abc import Sequence

    from maskwright.matching.finished_rows import FinishedRow
    from maskwright.matching.place import Note, Place
    from maskwright.matching.vocabulary import Vocabulary

BLANKS: Final = b" \t\n\r"
QUOTE, BACKSLASH = b'"\\'
OUTSIDE, IN_STRING, BEHIND_BACKSLASH = range(3)

Tally = tuple[int, int]
"""How many blanks stand outside the strings of a text, and where it is: outside, in a string, behind a backslash."""


class SparingMatcher(Matcher):
    """One JSON document in progress that has few blanks; see `Matcher` for what it can do."""

    __slots__ = ("_blank_tokens", "_inner", "_max_blanks", "_tallies")

    def __init__(self, inner: Matcher, max_blanks: int) -> None:
        super().__init__(inner.grammar, inner.trail)
        self._inner = inner
        self._max_blanks = max_blanks
        self._blank_tokens = blank_tokens(inner.vocabulary)
        self._tallies: list[Tally] = [(0, OUTSIDE)]

    @classmethod
    def begin(cls, inner: Matcher, max_blanks: int, *, is_document: bool) -> SparingMatcher:
        """A new text, if its blanks can be told from others: the whole text must be one JSON text."""
        if max_blanks < 0:
            raise InvalidOption("max_blanks", max_blanks, "at least 0")
        if not is_document:
            raise InvalidOption("max_blanks", max_blanks, "left out where the text is not one JSON text")
        return cls(inner, max_blanks)

    @property
    def n_blanks(self) -> int:
        """How many blanks stand outside the strings of the text."""
        return self._tally()[0]

    def _tally(self) -> Tally:
        """The count at the end of the text; what was counted before is kept."""
        tallies = self._tallies
        for read in self._reads[len(tallies) - 1 :]:
            text = read if isinstance(read, bytes) else self.vocabulary.text_of(read)
            tallies.append(counted(text, tallies[-1]))
        return tallies[-1]

    def _room(self) -> int:
        """The most blanks that a token of blanks alone may have here, as long as others are allowed."""
        n_blanks, state = self._tally()
        if state != OUTSIDE or self.is_finished():
            return self._blank_tokens.longest
        return max(0, self._max_blanks - n_blanks)

    @property
    def finished_row(self) -> FinishedRow | None:
        """None: what may come depends on the blanks before."""
        return None

    def fill_bitmask(self, row: NDArray[np.int32]) -> None:
        """Write the tokens that are allowed, without those of blanks alone that would be too many."""
        self._inner.fill_bitmask(row)
        room = self._room()
        if room < self._blank_tokens.longest:
            kept = row & self._blank_tokens.others(room)
            if kept.any():
                row[:] = kept

    def allows(self, token_id: int) -> bool:
        """Would `accept_token` take this token?"""
        return self._after(token_id) is not None

    def _after(self, token_id: int) -> tuple[Place, Note | None] | None:
        following = self._inner._after(token_id)
        return None if following is None or self._is_refused(token_id) else following

    def _is_refused(self, token_id: int) -> bool:
        """Is it a token of blanks alone too many, where other tokens are allowed?"""
        if self._blank_tokens.lengths.get(token_id, 0) <= self._room():
            return False
        row = np.zeros(self.row_shape, np.int32)
        self.fill_bitmask(row)
        return not is_allowed(row, token_id)

    def accept_token(self, token_id: int) -> None:
        """Read one token; raises TokenRejected, and changes nothing, if it is not allowed."""
        if self._inner.allows(token_id) and self._is_refused(token_id):
            raise TokenRejected(int(token_id), self.n_accepted, self._why_too_many())
        self._inner.accept_token(token_id)

    def _why_too_many(self) -> str:
        return f"the text has {self.n_blanks} blanks of at most {self._max_blanks}, and something else may come"

    def explain(self, token_id: int) -> TokenExplanation:
        """Why the token is allowed here or refused; where it is of blanks too many, how many there are."""
        told = self._inner.explain(token_id)
        if not told.is_allowed or self.allows(token_id):
            return told
        return replace(told, reason=Reason.OVER_BUDGET, accepted=b"", because=self._why_too_many())

    def accept_bytes(self, text: bytes) -> None:
        """Read bytes, whose blanks count; blanks alone are never refused here."""
        self._inner.accept_bytes(text)

    def validate_tokens(self, token_ids: Sequence[int]) -> int:
        """How many of the tokens `accept_tokens` would read; changes nothing."""
        n_read = super().validate_tokens(token_ids)
        del self._tallies[self.n_accepted + 1 :]
        return n_read

    def rollback(self, n: int) -> None:
        """Take back the last n accepts, and their blanks."""
        self._inner.rollback(n)
        del self._tallies[self.n_accepted + 1 :]

    def reset(self) -> None:
        """Begin the text anew, without blanks."""
        self._inner.reset()
        del self._tallies[1:]

    def fork(self) -> SparingMatcher:
        """A matcher at the same place with the same blanks that goes its own way."""
        copy = SparingMatcher(self._inner.fork(), self._max_blanks)
        copy._tallies = self._tallies.copy()
        return copy

    def forced_tokens(self) -> list[int]:
        """Tokens that spell forced bytes, as far as they are allowed."""
        tokens = self._inner.forced_tokens()
        return tokens[: self.validate_tokens(tokens)]


def counted(text: bytes, tally: Tally) -> Tally:
    """The tally after more of a JSON text: `counted(b'{ "a b', (0, OUTSIDE))` -> `(1, IN_STRING)`."""
    n_blanks, state = tally
    for byte in text:
        if state == OUTSIDE:
            n_blanks += byte in BLANKS
            state = IN_STRING if byte == QUOTE else OUTSIDE
        elif state == BEHIND_BACKSLASH or byte not in (QUOTE, BACKSLASH):
            state = IN_STRING
        else:
            state = OUTSIDE if byte == QUOTE else BEHIND_BACKSLASH
    return n_blanks, state


class BlankTokens:
    """The tokens of blanks alone of a vocabulary (mutable: rows of bits are kept, at most one for each length).

    lengths: how many blanks each has. longest: the most of them.
    """

    def __init__(self, vocabulary: Vocabulary) -> None:
        texts = ((token, vocabulary.text_of(token)) for token in range(vocabulary.size))
        self.lengths = {token: len(text) for token, text in texts if text and not text.strip(BLANKS)}
        self.longest = max(self.lengths.values(), default=0)
        self._size = vocabulary.size
        self._rows: dict[int, NDArray[np.int32]] = {}

    def others(self, room: int) -> NDArray[np.int32]:
        """A row of all tokens but those of more blanks."""
        row = self._rows.get(room)
        if row is None:
            allowed = np.ones(self._size, np.bool_)
            allowed[[token for token, length in self.lengths.items() if length > room]] = False
            row = self._rows[room] = packed_row(allowed)
        return row


@lru_cache(maxsize=8)
def blank_tokens(vocabulary: Vocabulary) -> BlankTokens:
    """Those of a vocabulary, which are kept: 20 ms for 128,000 tokens."""
    return BlankTokens(vocabulary)
