"""Twists: scores of unfinished texts that say which of them deserve copies; critics: scores that stay.

    smc(key, target, SMCOptions(twist=my_twist))          # the target is unchanged, only the search is guided
    smc(key, target, SMCOptions(critic=my_critic))        # the target is p(y) · ψ(y)

A twist ψ(u) > 0 multiplies the weights that resampling sees and is divided out again before the next token, so that
the weights of finished texts know nothing of it. The best twist is the expected future of a prefix, the probability
that the model completes it to a text of the language: weights are then constant. A critic is a twist whose value at
the end of a text is not divided out.

Source: twisted targets: Whiteley and Lee, "Twisted particle filters", Annals of Statistics 2014; for language models
Zhao et al., ICML 2024; critics as in Loula et al., ICLR 2025. Scores are logarithms; −inf says that the
text cannot be completed at all, or for a critic that it is worthless: such a particle is dead. A twist that says so
of a text that could be completed takes it out of the target.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from typing import Protocol

import numpy as np

from maskwright.errors import BadScore
from maskwright.matching.vocabulary import Vocabulary
from maskwright.sampling.rows import Floats
from maskwright.sampling.target import Draft


class Twist(Protocol):
    """A score of texts in progress; a plain function is one. Critics are asked about finished texts too."""

    def __call__(self, drafts: Sequence[Draft], /) -> Sequence[float]:
        """log ψ of each draft: finite, or −inf for a text without a future."""


def of_tokens(score: Callable[[tuple[int, ...], bool], float]) -> Twist:
    """A twist from a function of the tokens (without the end token) and of whether the text is finished.

    `of_tokens(lambda tokens, is_finished: -0.1 * len(tokens))` prefers short texts.
    """
    return lambda drafts: [score(d.target.without_end(d.token_ids), d.is_finished) for d in drafts]


def of_bytes(vocabulary: Vocabulary, score: Callable[[bytes, bool], float]) -> Twist:
    """The same from a function of the bytes that the tokens spell."""
    return of_tokens(lambda tokens, is_finished: score(vocabulary.decode(tokens), is_finished))


def product(*twists: Twist) -> Twist:
    """The product of twists: the sum of their scores; −inf if one of them says so, whatever the others say."""
    return lambda drafts: np.sum([log_scores(twist, drafts) for twist in twists], axis=0).tolist()


def log_scores(twist: Twist, drafts: Sequence[Draft]) -> Floats:
    """float64[n]: the scores of the drafts; raises `BadScore` if one is no logarithm of a weight."""
    scores = np.asarray(twist(drafts), dtype=np.float64)
    if scores.shape != (len(drafts),):
        raise BadScore(f"{len(drafts)} were asked for, the answer has the shape {list(scores.shape)}")
    if not (scores < math.inf).all():
        place = int(np.flatnonzero(~(scores < math.inf))[0])
        raise BadScore(f"that of {drafts[place].token_ids} is {scores[place]}")
    return scores
