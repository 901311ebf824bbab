"""A text that grows inside a grammar, by tokens that a model chooses and by bytes that the grammar forces.

Where a grammar leaves no choice (`{"name": "`), asking a model is a waste of a forward pass, and forced bytes can be
appended at once. But a model chooses tokens, and the tokens of a text depend on what follows: with the last `"` of the
skeleton fixed as a token, the model can no longer choose `"A`, which is how the tokenizer writes what comes next. And
tokens that were chosen under a mask need not be those that the tokenizer makes of the text, which is what models are
trained on. So forced bytes are not appended as some tokens that spell them; the text is cut into tokens anew.

**The jump, exactly.** Let T be the bytes since the prompt (or since the last special token, which no tokenizer writes
for text), and F the forced bytes behind them, without a last character that is not whole.

1. *Open end.* If the grammar allows a token behind T that spells all of F and more, nothing is done: the model may take
   that token. (Whatever it takes begins with F or is a beginning of F, so nothing is lost.)
2. Let C be the tokenizer's own tokens of T + F (retokenizing.py). If there are none that spell it, nothing is done.
3. *What is replaced* (`Retokenize`). TEXT: all tokens of T. SEAM: only those behind the last place within T where a
   token ends both in C and in the tokens so far, so what the model chose before it stays.
4. *Closed beginning.* The tokens of C are taken in order. One that ends within F, with R left of F, is the last if
   the grammar allows a token behind it that spells all of R and more, as in 1. Tokens that reach over the end of T are
   always taken, so T never shrinks and every jump appends at least one byte.

With TEXT, when the text ends (or a special token follows) its tokens are replaced by C as well, so a complete text is
exactly what the tokenizer makes of it. A text that is cut has its last tokens as they were chosen.

*Where tokens count.* A grammar may name tokens whole and not by their bytes (`TokenSet`, the token formats of
structural tags): "any four tokens" is another place after other tokens of the same text. So new tokens replace old ones
only if they lead to the same place in the grammar (`Matcher.is_at_place_of`); else the old ones stay, and forced bytes
are left to the model, one token after the other. In a grammar of bytes the place is always the same.

A mask with a single token needs no model either; that token is taken. This is how a sole end token gets there.

Cost: for each run of forced bytes one call of the tokenizer for T + F, and a mask for each place in the last
`vocabulary.longest` bytes of F behind which the vocabulary has a token that goes beyond. Replaced tokens cost the
model: it reads again from the first one on (prefix_reader.py).

Rejected: to refuse grammars that name ordinary tokens. Most have text beside these that jumps serve as well, and rules
that are made on demand do not say what they will hold. Rejected: to ask only whether the next token stays allowed. It
may be, as another part of the grammar, and forced bytes would then be taken for free ones.

Rejected: tokens that spell the forced bytes as they are (longest first): no retokenising and no cropping, but texts
that no tokenizer writes, and `"` alone before every string. Rejected: to back up by one token always (token healing):
it also gives up tokens that nothing could extend, each of which costs a forward pass.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Callable
from enum import Enum
from itertools import accumulate, pairwise
from typing import Final, final

import numpy as np
from numpy.typing import NDArray

from maskwright import Matcher, Vocabulary
from maskwright.errors import TokenRejected
from maskwright.matching.bitmask import n_mask_words
from maskwright.matching.text_pieces import n_shared, whole_characters

Encode = Callable[[bytes], list[int] | None]


class Retokenize(Enum):
    """Which tokens of a text a jump may replace by the tokenizer's own."""

    TEXT = "all since the prompt"
    SEAM = "those next to the forced bytes"


@final
class TokensBeyond:
    """Which tokens of a vocabulary begin with given bytes and go on; the ordinary tokens, sorted by their bytes."""

    def __init__(self, vocabulary: Vocabulary) -> None:
        self._ids = vocabulary.trie.tokens
        self._texts = [vocabulary.token_bytes[token] for token in self._ids.tolist()]

    def any_allowed(self, matcher: Matcher, beginning: bytes) -> bool:
        """Does the matcher allow a token that spells all of `beginning` and more?"""
        first = bisect_right(self._texts, beginning)
        end = bisect_right(self._texts, beginning, lo=first, key=lambda text: text[: len(beginning)])
        if first == end:
            return False
        row = np.zeros(n_mask_words(matcher.vocabulary.size), dtype=np.int32)
        matcher.fill_bitmask(row)
        ids = self._ids[first:end]
        return bool((row[ids >> 5] >> (ids & 31) & 1).any())


@final
class GrowingText:
    """The tokens since a prompt, what they spell, and which bytes were forced.

    `text.jump()` appends what is forced, `text.append(token, chosen=True)` takes a token of the model. `token_ids` is
    replaced by these, never written to.
    """

    def __init__(
        self, matcher: Matcher, encode: Encode, beyond: TokensBeyond, retokenize: Retokenize = Retokenize.TEXT
    ) -> None:
        self.matcher: Final = matcher
        self.token_ids: tuple[int, ...] = ()
        self._vocabulary = matcher.vocabulary
        self._encode = encode
        self._beyond = beyond
        self._retokenize = retokenize
        self._segment_begin = 0  # the place of the first token behind the last special one
        self._is_forced = bytearray()  # for each byte of the segment
        self._n_forced_before = 0  # forced tokens of earlier segments, special ones included

    @property
    def n_forced(self) -> int:
        """How many tokens no model chose: all of whose bytes were forced, or that had no alternative."""
        ends = [0, *accumulate(len(self._vocabulary.text_of(token)) for token in self._segment)]
        return self._n_forced_before + sum(all(self._is_forced[begin:end]) for begin, end in pairwise(ends))

    @property
    def _segment(self) -> tuple[int, ...]:
        return self.token_ids[self._segment_begin :]

    def jump(self) -> bool:
        """Append what the grammar forces, cut into tokens as the module says; False if that is nothing."""
        forced = whole_characters(self.matcher.forced_bytes())
        if not forced or self._beyond.any_allowed(self.matcher, forced):
            return False
        text = self._vocabulary.decode(self._segment)
        tokens = self._encode(text + forced)
        if tokens is None:
            return False
        if self._retokenize is Retokenize.SEAM:
            tokens = _joined(self._segment, tokens, self._vocabulary, len(text))
        before, old = self.token_ids, self.matcher.without_budget()
        n_taken = self._take(tokens, text, forced)
        if n_taken:
            old.accept_bytes(forced[:n_taken])
        if not n_taken or not self.matcher.is_at_place_of(old):
            self._restore(before)
            return False
        self._is_forced += b"\1" * (len(self._vocabulary.decode(self._segment)) - len(text))
        return True

    def _take(self, tokens: list[int], text: bytes, forced: bytes) -> int:
        """Step 4: the tokens of `text + forced`, up to one behind which a token may go beyond.

        How many of the forced bytes they spell; 0 if the grammar refuses one of them.
        """
        self._cut_back(self._segment_begin + n_shared(self._segment, tokens))
        end = len(self._vocabulary.decode(self._segment)) - len(text)  # counted from where the forced bytes begin
        for token in tokens[len(self._segment) :]:
            if end > 0 and self._beyond.any_allowed(self.matcher, forced[end:]):
                break
            try:
                self.matcher.accept_token(token)
            except TokenRejected:
                return 0
            self.token_ids += (token,)
            end += len(self._vocabulary.text_of(token))
        return end

    def append(self, token_id: int, *, chosen: bool) -> None:
        """Take a token that a model chose, or one without alternative; raises `TokenRejected` if it is not allowed."""
        self.matcher.accept_token(token_id)
        self.token_ids += (token_id,)
        spelt = self._vocabulary.text_of(token_id)
        if spelt:
            self._is_forced += (b"\0" if chosen else b"\1") * len(spelt)
            return
        self._n_forced_before = self.n_forced - (1 if chosen else 0)
        self._segment_begin = len(self.token_ids)
        self._is_forced.clear()

    def retokenized(self) -> tuple[int, ...] | None:
        """With TEXT, the tokens as they have to be if the text ends here; None if they are so, or have to stay."""
        segment = self._segment
        if self._retokenize is Retokenize.SEAM or not segment:
            return None
        tokens = self._encode(self._vocabulary.decode(segment))
        return None if tokens is None or tuple(tokens) == segment else (*self._kept, *tokens)

    @property
    def _kept(self) -> tuple[int, ...]:
        return self.token_ids[: self._segment_begin]

    def replace(self, token_ids: tuple[int, ...]) -> bool:
        """Spell the same text by other tokens; False, and nothing is changed, unless they lead to the same place."""
        before, old = self.token_ids, self.matcher.fork()
        try:
            self._restore(token_ids)
            is_same = self.matcher.is_at_place_of(old)
        except TokenRejected:
            is_same = False
        if not is_same:
            self._restore(before)
        return is_same

    def shorten(self, n_tokens: int) -> None:
        """Keep only the first tokens; used where generation was stopped within a jump."""
        self._cut_back(n_tokens)
        self._segment_begin = min(self._segment_begin, n_tokens)
        del self._is_forced[len(self._vocabulary.decode(self._segment)) :]

    def _cut_back(self, n_tokens: int) -> None:
        self.matcher.rollback(len(self.token_ids) - n_tokens)
        self.token_ids = self.token_ids[:n_tokens]

    def _restore(self, token_ids: tuple[int, ...]) -> None:
        self._cut_back(n_shared(self.token_ids, token_ids))
        for token in token_ids[len(self.token_ids) :]:
            self.matcher.accept_token(token)
            self.token_ids += (token,)


def sole_token(row: NDArray[np.int32]) -> int | None:
    """The only token of a mask: `sole_token(np.array([0, 4], np.int32)) -> 34`; None if there are more, or none."""
    words = np.flatnonzero(row)
    if len(words) != 1:
        return None
    word = int(row[words[0]]) & 0xFFFFFFFF
    return None if word & (word - 1) else 32 * int(words[0]) + word.bit_length() - 1


def _joined(segment: tuple[int, ...], tokens: list[int], vocabulary: Vocabulary, n_bytes: int) -> list[int]:
    """Step 3, SEAM: `segment` up to the last place within `n_bytes` where tokens of both end, `tokens` from there."""
    ends = [0, *accumulate(len(vocabulary.text_of(token)) for token in segment)]
    place_of = {end: place for place, end in enumerate(ends)}
    own_ends = [0, *accumulate(len(vocabulary.text_of(token)) for token in tokens)]
    place = max(place for place, end in enumerate(own_ends) if end <= n_bytes and end in place_of)
    return [*segment[: place_of[own_ends[place]]], *tokens[place:]]
