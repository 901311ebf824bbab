"""Masked decoding: cut the next-token distribution to the allowed tokens, renormalise, draw, accept; repeat.

One step at prefix x with model p and allowed set A (a packed bitmask, bit t of word t // 32):

    Z = Σ_{t ∈ A} p(t | x)          the kept mass
    q(t | x) = p(t | x) / Z  for t ∈ A, else 0

Each step is exact, the whole is not p conditioned on the language: that needs the product of all Z as a correction,
which is why every step reports `log_kept_mass` and the state sums it up (Park et al., "Grammar-Aligned Decoding",
NeurIPS 2024, section 3). Greedy choice takes the most probable token of A, the least id among equals.

The style of this package: `init` and `step(rng, state, logits) -> (state, info)` are pure functions, randomness is an
argument, probabilities are in log space, a dead end is an error and never a NaN. Cost of a step: two passes over the
logits in float64, O(size of the vocabulary), and a gather over the allowed tokens.

Rejected: writing −inf into the logits and handing them on. It hides Z, which everything beyond plain sampling needs.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Protocol, Self

import numpy as np
import numpy.typing as npt

from maskwright.errors import MatcherError
from maskwright.matching.bitmask import allowed_tokens, n_mask_words

Words = npt.NDArray[np.int32]
Floats = npt.NDArray[np.float64]


class LanguageModel(Protocol):
    """All that decoding asks of a model: the logits of the token after `token_ids`, float[size of the vocabulary]."""

    def __call__(self, token_ids: Sequence[int], /) -> npt.NDArray[np.floating]:
        """One forward pass."""


class TokenMatcher(Protocol):
    """What decoding needs of a matcher; `maskwright.Matcher` has it, and toy languages in tests do."""

    def fill_bitmask(self, row: Words, /) -> None:
        """Write the mask of the next token into `row`."""

    def accept_token(self, token_id: int, /) -> None:
        """Go on by one allowed token."""

    def is_finished(self) -> bool:
        """Was an end-of-text token taken?"""

    def fork(self) -> Self:
        """A copy that goes its own way."""


def unpack_bitmask(bitmask: Words, size: int) -> npt.NDArray[np.bool_]:
    """The first `size` bits of each row: int32[..., words] -> bool[..., size]; missing words count as zeros.

    `unpack_bitmask(np.int32([5]), 4)` -> `[True, False, True, False]`
    """
    bits = np.unpackbits(np.ascontiguousarray(bitmask).view(np.uint8), axis=-1, bitorder="little", count=None)
    missing = size - bits.shape[-1]
    if missing > 0:
        bits = np.concatenate((bits, np.zeros((*bits.shape[:-1], missing), np.uint8)), axis=-1)
    return bits[..., :size].view(np.bool_)


@dataclass(frozen=True, slots=True)
class MaskedDistribution:
    """The next-token distribution over the allowed tokens.

    token_ids: int64[n], ascending.  log_probabilities: float64[n], normalised over the allowed tokens.
    log_kept_mass: log Z, at most 0.
    """

    token_ids: npt.NDArray[np.int64]
    log_probabilities: Floats
    log_kept_mass: float


def log_sum_exp(values: Floats) -> float:
    """log Σ exp(values) without overflow; −inf for no values."""
    top = float(values.max(initial=-np.inf))
    return top if np.isinf(top) else top + float(np.log(np.exp(values - top).sum()))


def masked_distribution(
    logits: npt.NDArray[np.floating], bitmask: Words, temperature: float = 1.0
) -> MaskedDistribution:
    """The distribution over the tokens whose bit is set, and the mass that they had before.

    logits: float[V]; bitmask: int32[words]. Logits without a bit are forbidden, bits without a logit are dropped.
    Raises `MatcherError` when no token is left, or when the model gives none of them any probability.
    """
    if not temperature > 0:
        raise MatcherError(f"the temperature must be above 0, not {temperature} (for no randomness choose greedily)")
    scaled = np.asarray(logits, dtype=np.float64) / temperature
    token_ids = allowed_tokens(bitmask, scaled.shape[-1])
    kept = scaled[token_ids]
    log_kept = log_sum_exp(kept)
    if not log_kept > -np.inf:
        reason = "the model gives no probability to any allowed token" if token_ids.size else "no token is allowed here"
        raise MatcherError(reason)
    return MaskedDistribution(token_ids, kept - log_kept, min(0.0, log_kept - log_sum_exp(scaled)))


def greedy(rng: np.random.Generator, distribution: MaskedDistribution) -> int:  # noqa: ARG001  (it is a Choice)
    """The position of the most probable allowed token; `rng` is not used."""
    return int(distribution.log_probabilities.argmax())


def draw(rng: np.random.Generator, distribution: MaskedDistribution) -> int:
    """The position of an allowed token drawn with its probability, by inversion of the cumulated sum."""
    cumulated = np.cumsum(np.exp(distribution.log_probabilities))
    position = int(np.searchsorted(cumulated, rng.random() * cumulated[-1], side="right"))
    return min(position, len(cumulated) - 1)


Choice = Callable[[np.random.Generator, MaskedDistribution], int]


@dataclass(frozen=True, slots=True)
class DecodingState:
    """A text in the making; `log_kept_mass` is Σ log Z over its steps. No step changes the matcher of a state."""

    token_ids: tuple[int, ...]
    matcher: TokenMatcher
    log_kept_mass: float

    @property
    def is_finished(self) -> bool:
        """The end-of-text token was taken."""
        return self.matcher.is_finished()


@dataclass(frozen=True, slots=True)
class StepInfo:
    """What one step did: the token, its log probability under q, log Z, and how many tokens were allowed."""

    token_id: int
    log_probability: float
    log_kept_mass: float
    allowed: int


def init(matcher: TokenMatcher) -> DecodingState:
    """The state before the first token; `matcher` itself is never advanced."""
    return DecodingState((), matcher, 0.0)


def step(
    rng: np.random.Generator,
    state: DecodingState,
    logits: npt.NDArray[np.floating],
    choice: Choice = draw,
    temperature: float = 1.0,
) -> tuple[DecodingState, StepInfo]:
    """Choose one allowed token by its masked probability and accept it."""
    bitmask = np.zeros(n_mask_words(logits.shape[-1]), dtype=np.int32)
    state.matcher.fill_bitmask(bitmask)
    distribution = masked_distribution(logits, bitmask, temperature)
    position = choice(rng, distribution)
    token_id = int(distribution.token_ids[position])
    matcher = state.matcher.fork()
    matcher.accept_token(token_id)
    log_probability = float(distribution.log_probabilities[position])
    info = StepInfo(token_id, log_probability, distribution.log_kept_mass, len(distribution.token_ids))
    return DecodingState((*state.token_ids, token_id), matcher, state.log_kept_mass + info.log_kept_mass), info


def decode(
    rng: np.random.Generator,
    model: LanguageModel,
    prompt_ids: Sequence[int],
    matcher: TokenMatcher,
    max_tokens: int,
    choice: Choice = draw,
    temperature: float = 1.0,
) -> tuple[DecodingState, tuple[StepInfo, ...]]:
    """Steps until the end-of-text token or `max_tokens`; the state and what each step did."""
    state = init(matcher)
    infos: list[StepInfo] = []
    while not state.is_finished and len(infos) < max_tokens:
        state, info = step(rng, state, model((*prompt_ids, *state.token_ids)), choice, temperature)
        infos.append(info)
    return state, tuple(infos)
