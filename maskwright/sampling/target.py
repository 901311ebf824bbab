"""The target of sampling, and a text on its way to it.

    π(y) ∝ p(y | prompt) · 1[y is a text of the grammar, its end token included, of at most `max_tokens` tokens]

p is what the model says, token by token: who samples at a temperature, or from the model's top ten tokens, gives a
model that does so. Texts are sequences of tokens; two that spell the same bytes are two texts, and reports can merge
them (`WeightedTexts.by_bytes`). Several end tokens are several ids of one event: their probabilities add up wherever
texts are compared.

The budget is a part of the target, not a cut: where one token is left, only end tokens are allowed, and what the model
gives them counts. A text that cannot end there is dead, not truncated.

A `Draft` is one text in progress: the only mutable thing here, forked where texts part.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from enum import Enum
from typing import Any, Protocol, Self, final

import numpy as np

from maskwright.errors import BudgetTooSmall, InvalidOption
from maskwright.matching.bitmask import n_mask_words
from maskwright.matching.vocabulary import Vocabulary
from maskwright.sampling.language_model import LanguageModel, logits_of
from maskwright.sampling.rows import MaskedRow, Words


class TokenMatcher(Protocol):
    """What sampling needs of a matcher; `maskwright.Matcher` has it, monitors and toy languages too."""

    def fill_bitmask(self, row: Words, /) -> None:
        """Write the mask of the next token into `row`: end tokens exactly where the text is complete."""

    def accept_token(self, token_id: int, /) -> None:
        """Go on by one allowed token."""

    def is_finished(self) -> bool:
        """Was an end-of-text token taken?"""

    def fork(self) -> Self:
        """A copy that goes its own way."""


class VocabularyMatcher(TokenMatcher, Protocol):
    """One that knows its vocabulary: `maskwright.Matcher`, also with a monitor."""

    @property
    def vocabulary(self) -> Vocabulary:
        """The tokens that it reads."""


class Ending(Enum):
    """How a text ended, or why it did not."""

    FINISHED = "finished"
    NO_TOKEN = "no token is allowed"
    NO_MASS = "the model gives no probability to any allowed token"
    KNOWN_DEAD = "all that may follow is known to be dead"
    REJECTED = "rejected"
    CHECKER = "no token that was checked passes the checker"
    BUDGET = "no end fits into the budget"


@dataclass(frozen=True, slots=True)
class Target:
    """What to sample from; see the module for the formula.

    model: logits of the token after any prefix.  prompt_ids: the tokens before the text.  matcher: at the beginning of
    the text, never advanced.  max_tokens: of the text, its end token included.  eos_token_ids: the tokens that end a
    text.  Raises `BudgetTooSmall` for less than one token.
    `Target.of(model, prompt_ids, grammar.matcher(), max_tokens=100)`
    """

    model: LanguageModel
    prompt_ids: tuple[int, ...]
    matcher: TokenMatcher
    max_tokens: int
    eos_token_ids: frozenset[int]

    def __post_init__(self) -> None:
        if self.max_tokens < 1:
            raise BudgetTooSmall(self.max_tokens)

    @classmethod
    def of(cls, model: LanguageModel, prompt_ids: Sequence[int], matcher: VocabularyMatcher, max_tokens: int) -> Self:
        """The target of a matcher that knows its vocabulary, whose end tokens end a text."""
        return cls(model, tuple(prompt_ids), matcher, max_tokens, frozenset(matcher.vocabulary.eos_token_ids))

    def start(self) -> Draft:
        """The empty text."""
        return Draft(self, [], self.matcher.fork(), 0.0)

    def without_end(self, token_ids: Sequence[int]) -> tuple[int, ...]:
        """The tokens of a text before its end token: what is compared, as all end tokens mean the same."""
        ids = tuple(token_ids)
        return ids[:-1] if ids and ids[-1] in self.eos_token_ids else ids

    def rows(self, drafts: Sequence[Draft], batch: int | None = None) -> list[MaskedRow]:
        """What may come next after each draft; drafts with equal prefixes share a row.

        batch: the most prefixes in one call of the model, None for all of them in one.
        Raises `BadLogits` if the model's answer is no distribution.
        """
        if batch is not None and batch < 1:
            raise InvalidOption("batch", batch, "at least 1")
        prefixes = [draft.prefix() for draft in drafts]
        first = dict(zip(reversed(prefixes), reversed(drafts), strict=True))
        asked = list(first)
        size = batch or max(1, len(asked))
        rows: dict[tuple[int, ...], MaskedRow] = {}
        for part in (asked[begin : begin + size] for begin in range(0, len(asked), size)):
            logits = logits_of(self.model, part)
            rows |= {prefix: first[prefix].row(row) for prefix, row in zip(part, logits, strict=True)}
        return [rows[prefix] for prefix in prefixes]


@final
class Draft:
    """A text in progress.  log_probability: log p of its tokens under the model."""

    __slots__ = ("log_probability", "matcher", "target", "token_ids")

    def __init__(self, target: Target, token_ids: list[int], matcher: TokenMatcher, log_probability: float) -> None:
        self.target = target
        self.token_ids = token_ids
        self.matcher = matcher
        self.log_probability = log_probability

    def prefix(self) -> tuple[int, ...]:
        """The prompt and the text so far: what a model is asked about."""
        return (*self.target.prompt_ids, *self.token_ids)

    @property
    def is_finished(self) -> bool:
        """The end token was taken."""
        return self.matcher.is_finished()

    def mask(self, size: int) -> Words:
        """int32[ceil(size / 32)]: the tokens that the grammar and the budget allow."""
        words = np.zeros(n_mask_words(size), np.int32)
        self._fill(words)
        if len(self.token_ids) == self.target.max_tokens - 1:
            ends = np.zeros_like(words)
            for token in self.target.eos_token_ids:
                if token < size:
                    ends[token >> 5] |= np.int32(np.uint32(1 << (token & 31)).view(np.int32))
            words &= ends
        return words

    def _fill(self, words: Words) -> None:
        shape = getattr(self.matcher, "row_shape", words.shape)
        if shape == words.shape:
            self.matcher.fill_bitmask(words)
            return
        # The model is wider or narrower than the vocabulary: logits without a bit are forbidden.
        row = np.zeros(shape, np.int32)
        self.matcher.fill_bitmask(row)
        n = min(len(row), len(words))
        words[:n] = row[:n]

    def row(self, logits: np.ndarray[Any, np.dtype[np.floating[Any]]]) -> MaskedRow:
        """The model's logits after this text, cut to what is allowed."""
        return MaskedRow(logits, self.mask(len(logits)), len(self.token_ids))

    def why_stuck(self, row: MaskedRow) -> Ending | None:
        """Why no token can be taken, or None if one can."""
        if row.log_mass > -np.inf:
            return None
        if row.words.any():
            return Ending.NO_MASS
        is_last = len(self.token_ids) == self.target.max_tokens - 1
        return Ending.BUDGET if is_last else Ending.NO_TOKEN

    def read(self, token_id: int, log_probability: float) -> None:
        """Go on by an allowed token."""
        self.matcher.accept_token(token_id)
        self.token_ids.append(token_id)
        self.log_probability += log_probability

    def fork(self) -> Draft:
        """A copy that goes its own way."""
        return Draft(self.target, self.token_ids.copy(), self.matcher.fork(), self.log_probability)
