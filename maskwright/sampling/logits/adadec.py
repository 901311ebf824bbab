"""AdaDec: where the model is unsure, look ahead and re-rank the best candidates.

Source: He et al., "AdaDec: Uncertainty-Guided Lookahead Decoding for Code Generation", FSE 2026 (arXiv 2506.08980), and
the authors' program (SYSUSELab/AdaDec), which pauses where the entropy of the row, in nats, is at or above a threshold.
Each of the K most probable tokens is then continued greedily for L tokens (3 and 5 there), and scored by the mean log
probability of the candidate and its continuation; the best score wins. A continuation ends early with an end token.

Ours: greedy choice is not assumed. The candidates' own logits are handed out again in the order of the scores, so that
the most probable candidate is the one that AdaDec takes, while the entropy and the mass of the candidates are as before
and drawing remains meaningful. And the candidates are exactly K, least ids first among equals: keeping all ties could
mean a lookahead for the whole vocabulary.

Continuations follow the model alone; no mask is known here. Given a masked row (see transform.py), the candidates are
allowed ones. Cost: nothing but the entropy below the threshold, else L calls of the model with up to K prefixes each.

The threshold belongs to a model: `learned_threshold` finds it on texts that should have been predicted. The paper fits
a logistic regression of "the true token is the first" on the entropy, and takes the cut with the best accuracy. A
logistic curve in one variable is monotone, so its cuts are the cuts of the entropy itself, and we search these.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from maskwright.errors import InvalidOption
from maskwright.sampling.language_model import LanguageModel, logits_of
from maskwright.sampling.logits.distributions import Floats, checked_row, entropy_nats, log_probabilities, rows_along
from maskwright.sampling.logits.transform import Context, StatelessTransform


@dataclass(frozen=True, slots=True)
class AdaDec(StatelessTransform):
    """Re-ranks the best `candidates` by `lookahead` greedy tokens each, where the entropy is at least the threshold.

    A threshold of 0 looks ahead at every token, an infinite one at none.
    """

    threshold_nats: float
    end_token_ids: tuple[int, ...]
    candidates: int = 3
    lookahead: int = 5

    def __post_init__(self) -> None:
        if not self.threshold_nats >= 0:
            raise InvalidOption("the threshold", self.threshold_nats, "an entropy of at least 0")
        if self.candidates < 1:
            raise InvalidOption("the number of candidates", self.candidates, "at least 1")
        if self.lookahead < 0:
            raise InvalidOption("the length of the lookahead", self.lookahead, "at least 0")

    def change(self, context: Context, row: Floats) -> Floats:
        """See `StatelessTransform`."""
        log_p = log_probabilities(row)
        if entropy_nats(log_p) < self.threshold_nats:
            return row
        best = _most_probable(row, self.candidates)
        scores = self._scores(context, best.tolist(), log_p[best])
        changed = row.copy()
        changed[best[np.argsort(-scores, kind="stable")]] = row[best]
        return changed

    def _scores(self, context: Context, tokens: Sequence[int], log_p: Floats) -> Floats:
        """Mean log probability of each candidate and its greedy continuation: float64[K]."""
        texts = [[*context.token_ids, token] for token in tokens]
        sums, lengths = log_p.copy(), np.ones(len(tokens))
        for _ in range(self.lookahead):
            going = [i for i, text in enumerate(texts) if text[-1] not in self.end_token_ids]
            if not going:
                break
            for i, logits in zip(going, logits_of(context.model, [texts[i] for i in going]), strict=True):
                row = checked_row(logits, len(texts[i]))
                texts[i].append(int(row.argmax()))
                sums[i] += log_probabilities(row)[texts[i][-1]]
                lengths[i] += 1
        return sums / lengths


def _most_probable(row: Floats, n: int) -> npt.NDArray[np.int64]:
    """The ids of the `n` greatest possible logits, greatest first, least ids first among equals."""
    cut = np.partition(row, -n)[-n] if n < row.size else -np.inf
    near = np.flatnonzero((row >= cut) & (row > -np.inf))
    return near[np.argsort(-row[near], kind="stable")][:n]


def learned_threshold(model: LanguageModel, texts: Iterable[Sequence[int]]) -> float:
    """The entropy in nats that best tells where the first choice of `model` is wrong in `texts`.

    Below it the first choice counts as right. Of equally good thresholds the greatest, which pauses least: infinite
    where pausing never helps; 0 where the first choice is always wrong.
    """
    entropies: list[float] = []
    is_right: list[bool] = []
    for text in texts:
        for place, row in rows_along(model, text):
            entropies.append(entropy_nats(log_probabilities(row)))
            is_right.append(int(row.argmax()) == text[place])
    return best_threshold(np.array(entropies), np.array(is_right, dtype=np.bool_))


def best_threshold(entropies: Floats, is_right: npt.NDArray[np.bool_]) -> float:
    """The greatest threshold for which "right exactly if the entropy is below" has the fewest exceptions.

    `best_threshold(np.array([0.1, 0.3, 2.0]), np.array([True, True, False]))` -> `1.15`
    """
    if not entropies.size:
        return math.inf
    order = np.argsort(entropies, kind="stable")
    ascending, right = entropies[order], is_right[order]
    # exceptions[j]: the j smallest entropies are below the threshold
    wrong_below = np.concatenate(([0], np.cumsum(~right)))
    right_above = right.sum() - np.concatenate(([0], np.cumsum(right)))
    exceptions = wrong_below + right_above
    splits_equals = np.concatenate(([False], ascending[1:] == ascending[:-1], [False]))
    exceptions[splits_equals] = entropies.size + 1
    j = entropies.size - int(exceptions[::-1].argmin())
    if j == entropies.size:
        return math.inf
    return float((ascending[j - 1] + ascending[j]) / 2) if j else 0.0
