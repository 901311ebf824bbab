"""GRAD: favour the transitions between tokens that a small trusted corpus contains.

Source: Nguyen et al., "GRAD: Graph-Retrieved Adaptive Decoding for Hallucination Mitigation" (arXiv 2511.03900): one
forward pass over a corpus gives a sparse graph of token transitions, edge u → v weighted by the model's confidence in v
summed up over its occurrences after u; while decoding, the edges of the last token, divided by the greatest of them,
are added to the logits with an adaptive weight.

Only the abstract and a summary of the paper were at hand, and so two things are ours. The paper sums up raw logits;
these have no zero (a constant added to a row changes no probability, but would change the graph), so we sum up
probabilities. And our weight is α·H(p)/log V, the entropy of the row between 0 and 1 and a strength α in nats: the
corpus speaks as far as the model is unsure, and no token gains more than α over another. A last token without edges
changes nothing.

Cost: one row per token of the corpus, once; then one pass and the edges of a token.
"""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from maskwright.errors import BadLogits, InvalidOption
from maskwright.sampling.language_model import LanguageModel
from maskwright.sampling.logits.distributions import Floats, entropy_nats, log_probabilities, rows_along
from maskwright.sampling.logits.transform import Context, StatelessTransform


@dataclass(frozen=True, slots=True)
class Edges:
    """Where a token leads: next tokens, int64[n] ascending, and their weights, float64[n], the greatest 1."""

    token_ids: npt.NDArray[np.int64]
    weights: Floats


@dataclass(frozen=True, slots=True, eq=False)
class TransitionGraph:
    """The transitions of a corpus; only tokens that something follows are in it."""

    edges: Mapping[int, Edges]

    @classmethod
    def of_corpus(cls, model: LanguageModel, texts: Iterable[Sequence[int]]) -> TransitionGraph:
        """The graph of `texts`, each a sequence of token ids; a transition weighs Σ p(v | all before it).

        Transitions that the model holds impossible have no weight and are left out.
        """
        sums: defaultdict[int, defaultdict[int, float]] = defaultdict(lambda: defaultdict(float))
        for text in texts:
            for place, row in rows_along(model, text):
                sums[text[place - 1]][text[place]] += math.exp(log_probabilities(row)[text[place]])
        return cls({token: edges for token, after in sums.items() if (edges := _edges(after)).token_ids.size})


def _edges(sums: Mapping[int, float]) -> Edges:
    possible = sorted((token, weight) for token, weight in sums.items() if weight > 0)
    weights = np.array([weight for _, weight in possible])
    return Edges(np.array([token for token, _ in possible], dtype=np.int64), weights / weights.max(initial=0.0))


@dataclass(frozen=True, slots=True)
class GRAD(StatelessTransform):
    """Adds α·(H(p)/log V)·weight to the logit of each token that follows the last one in `graph`."""

    graph: TransitionGraph
    alpha_nats: float = 1.0

    def __post_init__(self) -> None:
        if not 0 <= self.alpha_nats < math.inf:
            raise InvalidOption("the strength alpha", self.alpha_nats, "at least 0 and finite")

    def change(self, context: Context, row: Floats) -> Floats:
        """See `StatelessTransform`."""
        last = context.token_ids[-1] if context.token_ids else None
        edges = None if last is None else self.graph.edges.get(last)
        if edges is None or row.size == 1:
            return row
        if edges.token_ids[-1] >= row.size:
            reason = f"the graph leads to token {edges.token_ids[-1]}, but there are only {row.size}"
            raise BadLogits(reason, len(context.token_ids))
        unsure = entropy_nats(log_probabilities(row)) / math.log(row.size)
        changed = row.copy()
        changed[edges.token_ids] += self.alpha_nats * unsure * edges.weights
        return changed
