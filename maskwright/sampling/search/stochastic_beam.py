"""Stochastic beam search: k texts without replacement, each with its exact inclusion probability.

    sample = stochastic_beam_search(target, key, k=10)
    sample.weighted().log_evidence      # log of an unbiased estimate of Z
    sample.weighted().probabilities()

Let each text y arrive at a random time, independent of the others, at the rate r(y) > 0. The first k texts to arrive
are drawn without replacement, with probabilities in proportion to r; and if T is when the (k + 1)-th comes, then

    ι(y) = P(y arrives before T) = 1 − exp(−r(y) T),        Σ over the first k of f(y) p(y) / ι(y)

is an unbiased estimate of Σ p(y) f(y) over the language (priority sampling: Duffield, Lund and Thorup, J. ACM 2007).
With the score −log(time), times are Gumbel noise added to log r, and −log T is the threshold κ of Kool, van Hoof and
Welling, "Stochastic Beams and Where to Find Them", ICML 2019: ι = 1 − exp(−exp(log r − κ)).

From the top down. The first arrival below a prefix u is the first of its children's; which child it is is drawn in
proportion to their rates, and the next child arrives after a further exponential time at the rate of those that are
left. So children come in the order of their times, and only as many as are looked at (`MaskedRow.race`). Two laws:

MODEL: r(y) = p(y), the model restricted to the language. A prefix u has the rate p(u), but part of that mass never
becomes a text: forbidden tokens, dead ends. Kool's tree has no such part, and beams of k nodes a level, cut to the
living ones, lose texts without a trace: a prefix may owe its early arrival to a text outside the language. Here the
dead part stays in the race. The first arrival at u is dead with probability 1 − Z, a coin; then the first living
one comes after a further exponential time at the rate p(u) Z. So every text has its own rate exactly, ι is exact, and
nothing is renormalised. Instead of levels, prefixes are taken by their time, and a text is the next of the sample when
nothing that waits can come before it. The price is rows for prefixes that arrive early and turn out to be dead: all u
with p(u) T of order 1 and more, so about as many as there are where p(u) >= Z / k.

MASKED: r(y) = q(y) = Π p / Z, the law of masked decoding. Nothing is dead (where masks have no dead ends), each
prefix that is taken leads to a text of its own, and about k + 1 rows for each length suffice: Kool's beam.
The sample is then drawn by q, and weights p / ι correct it: unbiased as above, with the spread of p / q.

Weights: p / ι adds up to an estimate of Z; divided by their sum they estimate π (Kool's normalised estimator,
consistent, biased by O(1 / k)). If the language has at most k texts, ι = 1 and all of it is exact.

Rejected: stopping at a limit of rows with what arrived so far. Whether a text is in then depends on how many rows its
own path took, ι is no longer what it says, and so a limit is an error. Rejected: threshold of the k-th text itself
(biased: the text that sets it is always in).
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from enum import Enum
from typing import final

import numpy as np

from maskwright.errors import InvalidOption, LimitExceeded
from maskwright.sampling.random_key import RandomKey
from maskwright.sampling.rows import Floats, MaskedRow, Race
from maskwright.sampling.search.continuations import continuations
from maskwright.sampling.search.frontier import Children, Frontier, Prefix
from maskwright.sampling.search.result import Best
from maskwright.sampling.target import Ending, Target
from maskwright.sampling.weighted_texts import Effort, SampledText, WeightedTexts, log_sum_exp

MAX_ROWS = 100_000
CHILDREN_PER_ROW = 32
"""Drawn when a row is there; more need the row once more."""
FIRST, COIN, DEAD, CHILDREN = 0, 1, 2, 3
"""What the numbers of a prefix are for; from CHILDREN on two for each child: which one, and the wait after it."""


class Law(Enum):
    """By which law texts are drawn without replacement."""

    MODEL = "the model restricted to the language"
    MASKED = "masked decoding"


@dataclass(frozen=True, slots=True)
class ArrivedText:
    """A text of the sample.

    token_ids: with the end token that was drawn.  log_probability: log p under the model, all end tokens together.
    score: −log of the time of arrival, the perturbed log-probability.  log_rate: log r.
    """

    token_ids: tuple[int, ...]
    log_probability: float
    score: float
    log_rate: float


@dataclass(frozen=True, slots=True)
class StochasticBeam:
    """A sample without replacement, in the order of arrival.

    texts: fewer than were asked for if the language has fewer.  log_threshold: κ = −log T, −inf if nothing came after
    them.
    """

    target: Target
    law: Law
    texts: tuple[ArrivedText, ...]
    log_threshold: float
    n_rows: int
    endings: frozenset[Ending] = frozenset()

    @property
    def log_inclusions(self) -> Floats:
        """float64[n]: log ι of each text."""
        log_means = np.array([text.log_rate for text in self.texts], dtype=np.float64) - self.log_threshold
        with np.errstate(over="ignore"):
            exact = np.log(-np.expm1(-np.exp(np.maximum(log_means, SMALL))))
        return np.where(log_means < SMALL, log_means, exact)

    @property
    def log_weights(self) -> Floats:
        """float64[n]: log (p / ι); these weights add up to an unbiased estimate of Z."""
        return np.array([text.log_probability for text in self.texts], dtype=np.float64) - self.log_inclusions

    def weighted(self) -> WeightedTexts:
        """The sample for all that takes weighted texts: weights n p / ι, so that their mean estimates Z."""
        log_n = math.log(max(1, len(self.texts)))
        texts = tuple(
            SampledText(text.token_ids, Ending.FINISHED, text.log_probability, log_weight + log_n)
            for text, log_weight in zip(self.texts, self.log_weights.tolist(), strict=True)
        )
        return WeightedTexts(self.target, texts, log_sum_exp(self.log_weights), Effort(self.n_rows, len(texts)))


SMALL = -37.0
"""Below it log(1 − exp(−exp(x))) is x to the last digit."""


@final
class Arrivals:
    """A sample in progress (mutable): `step` it until `is_done`. Scores are −log(time): the earliest is the highest."""

    def __init__(self, target: Target, key: RandomKey, k: int, law: Law, max_rows: int) -> None:
        if k < 1:
            raise InvalidOption("k", k, "at least 1")
        self.target = target
        self.key = key
        self.law = law
        self.max_rows = max_rows
        self.best: Best[ArrivedText] = Best(k + 1)
        self.n_rows = 0
        self.endings: set[Ending] = set()
        self.frontier = Frontier(Prefix(target.start(), -_log_wait(key.uniform(), 0.0)))

    @property
    def is_done(self) -> bool:
        """Nothing that waits can come before the last of the k + 1 texts."""
        return self.frontier.top <= self.best.bar

    def step(self) -> None:
        """Take the earliest prefixes, as many as there is room for texts, and ask the model for their rows at once."""
        n_before = sum(text.score > self.frontier.top for text in self.best.texts)
        prefixes = self.frontier.take(self.best.n - n_before, self.best.bar)
        self.n_rows += len(prefixes)
        if self.n_rows > self.max_rows:
            remedy = "raise the limit, or draw by the law of masked decoding, which needs few rows"
            raise LimitExceeded("A sample without replacement", self.n_rows, self.max_rows, remedy=remedy)
        for prefix, row in zip(prefixes, self.target.rows([prefix.draft for prefix in prefixes]), strict=True):
            if (ending := prefix.draft.why_stuck(row)) is None:
                self._expand(prefix, row)
            else:
                self.endings.add(ending)

    def _expand(self, prefix: Prefix, row: MaskedRow) -> None:
        """Draw the next children of a prefix, in the order of their times."""
        draft = prefix.draft
        log_base = draft.log_probability  # log of the rate of a token a is log_base + log p(a)
        if self.law is Law.MASKED:
            log_base -= prefix.log_masses + row.log_mass
        n_drawn = len(prefix.done)
        most = n_drawn + CHILDREN_PER_ROW + len(self.target.eos_token_ids)
        numbers = self.key.child(*draft.token_ids).uniforms(CHILDREN + 2 * most).tolist()
        log_time = -prefix.score
        if self.law is Law.MODEL and not n_drawn and numbers[COIN] >= math.exp(row.log_mass):
            log_time = _later(log_time, numbers[DEAD], log_base + row.log_mass)
        done = list(prefix.done)
        race = row.race(done)
        tokens: list[int] = []
        scores: list[float] = []
        while log_time < math.inf and len(tokens) < CHILDREN_PER_ROW:
            place = CHILDREN + 2 * len(done)
            token = race.next(numbers[place])
            if token is None:
                log_time = math.inf
                break
            if token in self.target.eos_token_ids:
                done += self._arrive(prefix, row, race, token, -log_time, log_base)
            else:
                done.append(token)
                tokens.append(token)
                scores.append(-log_time)
            log_time = _later(log_time, numbers[place + 1], log_base + race.log_left)
        log_ps = [min(0.0, row.log_probability(token)) for token in tokens]
        self.frontier.put(Children(prefix, tokens, log_ps, scores, -log_time, tuple(done), row.log_mass))

    def _arrive(
        self, prefix: Prefix, row: MaskedRow, race: Race, token: int, score: float, log_base: float
    ) -> list[int]:
        """A text has come by one of its end tokens; all of them leave the race, and are returned."""
        following = continuations(self.target, row)
        draft = prefix.draft
        text = ArrivedText(
            (*draft.token_ids, token), draft.log_probability + following.log_end, score, log_base + following.log_end
        )
        self.best.add(text)
        for other in following.ends:
            if other != token:
                race.take(other)
        return list(following.ends)

    def result(self) -> StochasticBeam:
        """The sample; only when `is_done`."""
        k = self.best.n - 1
        texts = self.best.texts
        threshold = texts[k].score if len(texts) > k else -math.inf
        return StochasticBeam(self.target, self.law, tuple(texts[:k]), threshold, self.n_rows, frozenset(self.endings))


def _log_wait(uniform: float, log_rate: float) -> float:
    """log of an exponential time at a rate."""
    return (math.log(-math.log1p(-uniform)) if uniform > 0 else -math.inf) - log_rate


def _later(log_time: float, uniform: float, log_rate: float) -> float:
    """log of the time after a further exponential wait; inf if nothing comes any more."""
    return float(np.logaddexp(log_time, _log_wait(uniform, log_rate))) if log_rate > -math.inf else math.inf


def stochastic_beam_search(
    target: Target, key: RandomKey, *, k: int, law: Law = Law.MODEL, max_rows: int = MAX_ROWS
) -> StochasticBeam:
    """k texts without replacement, drawn by `law`; the same key gives the same texts.

    Raises `BadLogits`, `InvalidOption` for k below 1, and `LimitExceeded` when more than max_rows rows are needed.
    """
    arrivals = Arrivals(target, key, k, law, max_rows)
    while not arrivals.is_done:
        arrivals.step()
    return arrivals.result()
