"""The distribution of a canvas given a model's prediction and the grammar, exact where that can be had.

A masked model predicts each slot by itself: p(x) = Π p_i(x_i). What is wanted is that law among the texts that fit,

    p(x | canvas, L) ∝ Π p_i(x_i) · 1[x fits the canvas and is in L],

its logarithmic normaliser, the share of each token in each slot, draws, and the best text. Over the grammar
determinised over tokens these are sums and maxima along a chain (`_weights`). It is exact for one prediction; the law
of a whole denoising run is another one.

Exact sums need the states between slots to be few (`determinised.MOST_IN_LAYER`): so they are for everything that is
regular after compilation, and for short canvases of anything. Otherwise `is_exact` is False, and what is given is

    log_marginals   p_i on the exact mask of slot i, as if slots did not know of each other
    best            the best text if A* finds it within its limit (`best_is_exact`), else one that fits, chosen greedily
    sample          texts that fit, drawn slot by slot from p_i on the mask that is left: not the exact law
    log_z           NaN

A sum over ways to derive a text (inside-outside) would be cheaper for context-free grammars, and wrong for ambiguous
ones; over sets of stacks each text counts once whatever the grammar.

Blanks. A model without a blank token says nothing of how long a gap is: a blank then weighs 1. With a last column more
in `scores` it has its own weight.
"""

from __future__ import annotations

import functools
from typing import TYPE_CHECKING, final

import numpy as np
from numpy.typing import NDArray

from maskwright.errors import BadLogits, InvalidCanvas
from maskwright.matching.infilling._weights import backward, best_way, draw_ways, forward
from maskwright.matching.infilling.best_text import best_text
from maskwright.matching.infilling.chain import Link
from maskwright.matching.infilling.determinised import ClassEdges
from maskwright.matching.infilling.slots import BLANK
from maskwright.matching.infilling.tree_sampling import draw_by_tree

if TYPE_CHECKING:
    from maskwright.matching.infilling.canvas import Canvas

LONGEST_TREE = 512
"""States up to which matrices over pairs of them are multiplied for drawing by halves."""

Ints = NDArray[np.int32]


def log_predictions(scores: NDArray[np.floating], canvas: Canvas) -> NDArray[np.float32]:
    """float32[n_slots, size + 1]: log p_i of each token, the last column being the blank; raises BadLogits.

    Decided slots are certain of what they hold, soft ones with proposals only of these.
    """
    size, n = canvas.vocabulary_size, canvas.n_slots
    scores = np.asarray(scores)
    if scores.shape not in {(n, size), (n, size + 1)}:
        raise InvalidCanvas(f"the scores have the shape {scores.shape}, not {(n, size)} or {(n, size + 1)}")
    found = np.full((n, size + 1), -np.inf, dtype=np.float32)
    open_slots = np.flatnonzero(canvas.is_open)
    given = scores[open_slots].astype(np.float32, copy=False)
    if np.isnan(given).any() or (given == np.inf).any():
        raise BadLogits("a score is not a number or +inf")
    with np.errstate(divide="ignore", invalid="ignore"):
        greatest = given.max(axis=1, keepdims=True)
        if not np.isfinite(greatest).all():
            raise BadLogits("all scores of a slot are -inf")
        normaliser = greatest + np.log(np.exp(given - greatest).sum(axis=1, keepdims=True, dtype=np.float64))
        found[open_slots, : given.shape[1]] = given - normaliser
    if given.shape[1] == size:
        found[open_slots, size] = 0.0
    for slot, tokens in canvas.only_tokens().items():
        kept = found[slot, list(tokens)].copy() if canvas.is_open[slot] else np.zeros(len(tokens), dtype=np.float32)
        found[slot] = -np.inf
        found[slot, list(tokens)] = kept
    return found


@final
class Posterior:
    """Made by `Canvas.posterior`; what is asked for is found when it is first asked for.

    is_exact: do sums and draws follow the law above? Also `best`, which may be exact without (`best_is_exact`).
    """

    def __init__(self, canvas: Canvas, scores: NDArray[np.floating]) -> None:
        self._canvas = canvas.fork()
        self.log_p = log_predictions(scores, canvas)
        n, size = canvas.n_slots, canvas.vocabulary_size
        may_be_summed = canvas.may_be_summed()
        found = self._canvas.with_room(self._states) if may_be_summed else None
        canvas.note_summed(found is not None)
        self.is_exact = found is not None
        if found is None:
            return
        self._edges, self._start, last, links = found
        edges = self._edges
        n_states = len(edges.ends)
        self._accepted = np.zeros(n_states, dtype=np.bool_)
        self._accepted[list(last)] = True
        self._begins = np.array([link.begins for link in links], dtype=np.bool_)
        may_end = np.array([link.may_end for link in links], dtype=np.bool_)
        may_blank = np.array([link.may_be_blank for link in links], dtype=np.bool_)
        self._weights = np.zeros((n, edges.n_classes + 2))
        eos_ids = list(canvas.eos_ids)
        for slot in range(n):  # in double precision, a slot at a time
            p = np.exp(self.log_p[slot], dtype=np.float64)
            if edges.n_classes:
                self._weights[slot, :-2] = np.add.reduceat(p[edges.order], edges.bounds[:-1])
            self._weights[slot, -2] = p[eos_ids].sum() if may_end[slot] else 0.0
            self._weights[slot, -1] = p[size] if may_blank[slot] else 0.0
        self._alpha = np.zeros((n + 1, n_states))
        self._alpha[0, self._start] = 1.0
        self._scales = np.zeros(n)
        forward(*self._arrays, self._weights, self._alpha, self._scales)
        self._beta = np.zeros((n + 1, n_states))
        self._beta[n] = self._accepted
        self._shares = np.zeros_like(self._weights)
        backward(*self._arrays, self._weights, self._alpha, self._beta, self._shares)

    def _states(self) -> tuple[ClassEdges, int, tuple[int, ...], list[Link]] | None:
        """The grammar determinised, the first state, those that may be the last, and the slots; None if too many."""
        canvas, n = self._canvas, self._canvas.n_slots
        links, sets = canvas.chain
        determinised = canvas.stacks.determinised
        layers = determinised.layers(canvas.start, links[:n], sets.leading[: n + 1])
        return None if layers is None else (determinised.by_class(), layers[0][0], layers[n], list(links[:n]))

    @property
    def _arrays(self) -> tuple[Ints, Ints, Ints, Ints, Ints, Ints, NDArray[np.bool_]]:
        """What every kernel of `_weights` takes first."""
        edges = self._edges
        return edges.first, edges.classes, edges.targets, edges.ends, edges.blanks, edges.plain, self._begins

    @property
    def log_z(self) -> float:
        """The logarithm of the probability that an unconstrained draw fits; NaN where that is not known."""
        if not self.is_exact:
            return float("nan")
        with np.errstate(divide="ignore"):
            ends = float(self._alpha[-1] @ self._accepted)
            return float(np.log(self._scales).sum() + np.log(ends)) if ends > 0 else -np.inf

    @functools.cached_property
    def log_marginals(self) -> NDArray[np.float32]:
        """float32[n_slots, size + 1]: log p(x_i = t | canvas, L), -inf outside the masks; the blank is last."""
        found = self.log_p.copy()
        if not self.is_exact:
            return self._within_masks(found)
        edges = self._edges
        with np.errstate(divide="ignore", invalid="ignore"):
            shift = np.log(self._shares) - np.log(self._weights)
            shift[~(self._shares > 0)] = -np.inf
        shift = shift.astype(np.float32)
        size = self._canvas.vocabulary_size
        gathered = np.concatenate([edges.class_of, [edges.n_classes + 1]])
        gathered[list(self._canvas.eos_ids)] = edges.n_classes
        unread = np.flatnonzero(gathered < 0)
        gathered[unread] = 0
        found += shift[:, gathered]
        found[:, unread] = -np.inf
        assert found.shape[1] == size + 1
        return found

    def _within_masks(self, found: NDArray[np.float32]) -> NDArray[np.float32]:
        """p_i on the mask of each slot."""
        rows = self._canvas.allow()
        size = self._canvas.vocabulary_size
        allowed = np.unpackbits(rows.view(np.uint8), axis=1, bitorder="little")[:, :size].astype(np.bool_)
        found[:, :size][~allowed] = -np.inf
        found[~self._canvas.allows_blank(), size] = -np.inf
        with np.errstate(divide="ignore", invalid="ignore"):
            greatest = found.max(axis=1, keepdims=True)
            # where the model gives all that is allowed no probability at all, everything is alike
            lost = np.flatnonzero(~np.isfinite(greatest[:, 0]))
            found[lost, :size] = np.where(allowed[lost], 0.0, -np.inf)
            found[lost, size] = np.where(self._canvas.allows_blank()[lost], 0.0, -np.inf)
            greatest[lost] = 0.0
            found -= greatest + np.log(np.exp(found - greatest).sum(axis=1, keepdims=True))
        return found

    @functools.cached_property
    def best(self) -> NDArray[np.int64]:
        """int64[n_slots]: the most probable text that fits; see `best_is_exact`."""
        return self._best[0]

    @property
    def best_is_exact(self) -> bool:
        """Is no other text more probable?"""
        return self._best[1]

    @functools.cached_property
    def _best(self) -> tuple[NDArray[np.int64], bool]:
        if not self.is_exact or self.log_z == -np.inf:
            return best_text(self._canvas, self.log_p)
        edges, n = self._edges, self._canvas.n_slots
        size = self._canvas.vocabulary_size
        greatest = np.full(self._weights.shape, -np.inf)
        if edges.n_classes:
            greatest[:, :-2] = np.maximum.reduceat(self.log_p[:, edges.order], edges.bounds[:-1], axis=1)
        with np.errstate(divide="ignore"):
            ends = self.log_p[:, list(self._canvas.eos_ids)]
            allowed = self._weights[:, -2:] > 0
            if ends.shape[1]:
                greatest[:, -2] = np.where(allowed[:, 0], ends.max(axis=1), -np.inf)
            greatest[:, -1] = np.where(allowed[:, 1], self.log_p[:, size], -np.inf)
        n_states = len(edges.ends)
        best = np.zeros((n + 1, n_states))
        came_from, came_by = (np.zeros((n + 1, n_states), dtype=np.int32) for _ in range(2))
        ways = np.zeros(n, dtype=np.int32)
        best_way(*self._arrays, greatest, self._accepted, self._start, best, came_from, came_by, ways)
        found = np.empty(n, dtype=np.int64)
        for slot, one in enumerate(ways.tolist()):
            tokens = self._tokens_of_class(one)
            found[slot] = BLANK if tokens is None else tokens[int(self.log_p[slot, tokens].argmax())]
        return found, True

    def _tokens_of_class(self, one: int) -> NDArray[np.int64] | None:
        """The tokens of a class, of the end of a text; None for the blank."""
        edges = self._edges
        if one == edges.n_classes + 1:
            return None
        if one == edges.n_classes:
            return np.array(self._canvas.eos_ids, dtype=np.int64)
        return edges.order[edges.bounds[one] : edges.bounds[one + 1]].astype(np.int64)

    def sample(self, rng: np.random.Generator, size: int, *, by_halves: bool = False) -> NDArray[np.int64]:
        """int64[size, n_slots]: texts that fit, drawn by their probability where `is_exact`.

        `by_halves`: draw the state in the middle first, then those of both halves, with products of matrices, which
        takes log2(n) steps in a row instead of n (Dang and Ermon 2026); the law is the same. Raises InvalidCanvas where
        the model gives every text that fits the probability 0.
        """
        n = self._canvas.n_slots
        if not self.is_exact:
            return np.array([self._drawn_slot_by_slot(rng) for _ in range(size)]).reshape(size, n)
        if self.log_z == -np.inf:
            raise InvalidCanvas("the model gives every text that fits the probability 0")
        ways = np.zeros((size, n), dtype=np.int32)
        if by_halves and len(self._edges.ends) <= LONGEST_TREE:
            draw_by_tree(self._edges, self._begins, self._weights, self._accepted, self._start, rng, ways)
        else:
            draw_ways(*self._arrays, self._weights, self._beta, self._start, rng.random((size, n)), ways)
        found = np.empty((size, n), dtype=np.int64)
        for slot in range(n):
            for one in np.unique(ways[:, slot]).tolist():
                drawn = np.flatnonzero(ways[:, slot] == one)
                tokens = self._tokens_of_class(one)
                if tokens is None:
                    found[drawn, slot] = BLANK
                    continue
                p = np.exp(self.log_p[slot, tokens].astype(np.float64))
                found[drawn, slot] = tokens[rng.choice(len(tokens), size=len(drawn), p=p / p.sum())]
        return found

    def _drawn_slot_by_slot(self, rng: np.random.Generator) -> NDArray[np.int64]:
        canvas = self._canvas.fork()
        for slot in np.flatnonzero(canvas.is_open).tolist():
            row = np.exp(Posterior._within_masks_of(canvas, self.log_p, slot).astype(np.float64))
            drawn = int(rng.choice(len(row), p=row / row.sum()))
            canvas.commit({slot: BLANK if drawn == canvas.vocabulary_size else drawn})
        return canvas.tokens

    @staticmethod
    def _within_masks_of(canvas: Canvas, log_p: NDArray[np.float32], slot: int) -> NDArray[np.float32]:
        """log p_i on the mask of one slot."""
        mask = canvas.mask_of(slot)
        size = canvas.vocabulary_size
        allowed = np.append(np.unpackbits(mask.row.view(np.uint8), bitorder="little")[:size], mask.blank).astype(
            np.bool_
        )
        row = np.where(allowed, log_p[slot], -np.inf)
        return row if np.isfinite(row.max()) else np.where(allowed, np.float32(0.0), np.float32(-np.inf))
