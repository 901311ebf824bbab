"""One row: the model's next-token distribution, cut by a mask, with the exact mass that the mask keeps.

    row = MaskedRow(logits, words)
    row.log_mass                    # log Z, Z = Σ p(t) over the allowed tokens
    token = row.draw(key.uniform()) # by p(t) / Z
    row.log_probability(token)      # log p(t), of the model itself

`Race` draws the allowed tokens without replacement, in the order in which they would arrive if each came at an
exponential rate p(t): the order of Plackett and Luce, and the same as sorting by Gumbel noise, but only the tokens that
are looked at cost anything. The arrival times give inclusion probabilities (see `awrs/priority.py`).

Source of Z and its use: Park et al., "Grammar-Aligned Decoding", NeurIPS 2024, section 3; exponential races: Maddison,
"A Poisson process model for Monte Carlo", 2016, section 2. Cost and arithmetic are described in `_rows.py`.

Rejected: −inf written into the logits. It hides Z, which everything beyond plain sampling needs. Gumbel noise for every
token: 32,000 random numbers to look at four tokens.
"""

from __future__ import annotations

import math
from collections.abc import Collection
from typing import final

import numpy as np
import numpy.typing as npt

from maskwright.errors import BadLogits
from maskwright.matching.bitmask import allowed_tokens, n_mask_words
from maskwright.sampling import _rows

FEW = 24
"""Up to so many tokens it is quicker to take them away one by one than to add everything up again."""

Words = npt.NDArray[np.int32]
Floats = npt.NDArray[np.float64]


def _log(x: float) -> float:
    return math.log(x) if x > 0 else -math.inf


@final
class MaskedRow:
    """A row of logits and the mask that cuts it; immutable, and so must be the arrays that it was made of.

    logits: float32 or float64[V], finite or −inf.  words: int32[any], bit t % 32 of word t // 32; a logit without a bit
    is forbidden, a bit without a logit is dropped.  `position` is for error messages.  Raises `BadLogits`.
    `MaskedRow(np.log([0.2, 0.3, 0.5]), np.int32([0b101])).log_mass` -> `log 0.7`
    """

    __slots__ = ("_blocks", "_sums", "log_mass", "log_total", "logits", "words")

    def __init__(self, logits: npt.NDArray[np.floating], words: Words, position: int = -1) -> None:
        self.logits = logits = _contiguous(logits, position)
        self.words = words
        self._blocks = np.empty(-(-len(logits) // _rows.BLOCK))
        self._sums = np.empty(4)
        code = _rows.measure(logits, words, np.empty(_rows.BLOCK), self._blocks, self._sums)
        if code == _rows.NOT_A_NUMBER:
            token = int(self._sums[_rows.TOP])
            raise BadLogits(f"that of token {token} is {logits[token]}", position)
        if code == _rows.ALL_IMPOSSIBLE:
            raise BadLogits("every token is impossible", position)
        top, total, reference, kept = self._sums.tolist()
        self.log_total = top + math.log(total)
        """log Σ exp(logit) over all tokens."""
        self.log_mass = min(0.0, reference + _log(kept) - self.log_total)
        """log Z: what the model gives to the allowed tokens, at most 0; −inf if that is nothing."""

    def draw(self, uniform: float) -> int:
        """An allowed token, with probability p(t) / Z for a uniform number in [0, 1); only if Z > 0."""
        values = np.empty(_rows.BLOCK)
        return int(_rows.draw(self.logits, self.words, values, self._blocks, self._sums, uniform))

    def log_probability(self, token_id: int) -> float:
        """log p(t) of any token, allowed or not."""
        return float(self.logits[token_id]) - self.log_total

    def allowed(self) -> npt.NDArray[np.int64]:
        """The tokens that are allowed and possible, ascending."""
        tokens = allowed_tokens(self.words, len(self.logits))
        return tokens[self.logits[tokens] > -np.inf]

    def log_probabilities(self, tokens: npt.NDArray[np.int64]) -> Floats:
        """float64[n]: log p(t) of some tokens."""
        return self.logits[tokens].astype(np.float64) - self.log_total

    def without(self, tokens: Collection[int]) -> MaskedRow:
        """The row with some more tokens forbidden; its mass is computed from those that are left."""
        words = self.words.copy()
        for token in tokens:
            words[token >> 5] &= ~(np.int32(1) << np.int32(token & 31))
        return MaskedRow(self.logits, words)

    def unmasked(self) -> MaskedRow:
        """The same row with every token allowed."""
        return MaskedRow(self.logits, np.full(n_mask_words(len(self.logits)), -1, np.int32))

    def race(self, taken: Collection[int] = ()) -> Race:
        """The allowed tokens, to be drawn one after the other without replacement; some are taken out beforehand."""
        if len(taken) > FEW:
            return self.without(taken).race()
        race = Race(self.logits, self.words.copy(), self._blocks.copy(), self._sums.copy(), self.log_total)
        for token in taken:
            race.take(token)
        return race


@final
class Race:
    """Allowed tokens drawn without replacement, by the probabilities of those that are left; changes as it is drawn.

    log_left: log of the model's mass of the tokens not drawn yet, computed from them, never by subtraction.
    """

    __slots__ = ("_blocks", "_log_total", "_logits", "_sums", "_values", "_words", "log_left")

    def __init__(
        self, logits: npt.NDArray[np.floating], words: Words, blocks: Floats, sums: Floats, log_total: float
    ) -> None:
        self._logits = logits
        self._words = words
        self._blocks = blocks
        self._sums = sums
        self._log_total = log_total
        self._values = np.empty(_rows.BLOCK)
        self._set_left()

    def _set_left(self) -> None:
        left = float(self._sums[_rows.REFERENCE]) + _log(float(self._sums[_rows.KEPT])) - self._log_total
        self.log_left = min(0.0, left)

    def log_probability(self, token_id: int) -> float:
        """log p(t) of the model."""
        return float(self._logits[token_id]) - self._log_total

    def next(self, uniform: float) -> int | None:
        """The next token, or None when no token with any mass is left."""
        if self.log_left == -math.inf:
            return None
        token = self.peek(uniform)
        self.take(token)
        return token

    def peek(self, uniform: float) -> int:
        """The token that `next` would draw, which stays; only while there is some mass left."""
        return int(_rows.draw(self._logits, self._words, self._values, self._blocks, self._sums, uniform))

    def take(self, token_id: int) -> None:
        """Take one allowed token out as if it had been drawn."""
        _rows.take_away(self._logits, self._words, self._values, self._blocks, self._sums, token_id)
        self._set_left()


def _contiguous(logits: npt.NDArray[np.floating], position: int) -> npt.NDArray[np.floating]:
    row = np.asarray(logits)
    if row.ndim != 1 or row.dtype.kind not in "fiu":
        raise BadLogits(f"a row of numbers is needed, not an array {row.dtype}{list(row.shape)}", position)
    if row.dtype not in (np.float32, np.float64):
        row = row.astype(np.float32 if row.dtype.kind == "f" and row.dtype.itemsize < 4 else np.float64)
    return np.ascontiguousarray(row)
