"""Sums and maxima over all ways through a canvas: kernels over the edges of `determinised.ClassEdges`.

The factorised prediction of a model gives each slot a weight for each class of tokens, and with it a Markov chain over
states: forward and backward weights give the sum over all texts, the share of each class in each slot, draws, and with
maxima in place of sums the best text.  Source: Rabiner 1989 (forward-backward, Viterbi); Dang and Ermon 2026
(arXiv 2607.07026) for their use in a denoising step.

Two classes stand behind those of tokens: the end of the text, and a blank. Weights are scaled slot by slot, so nothing
underflows; the logarithms of the scales add up to that of the sum.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from maskwright._numba import kernel

Floats = NDArray[np.float64]
Ints = NDArray[np.int32]


@kernel
def target_of_special(ends: Ints, blanks: Ints, state: int, n_classes: int, one: int) -> int:
    """The state behind an end token (class n_classes) or a blank (the next one); -1 for none."""
    return ends[state] if one == n_classes else blanks[state]


@kernel
def forward(
    first: Ints,
    classes: Ints,
    targets: Ints,
    ends: Ints,
    blanks: Ints,
    plain: Ints,
    begins: NDArray[np.bool_],
    weights: Floats,
    alpha: Floats,
    scales: Floats,
) -> None:
    """alpha[i, s] = scaled sum of the weights of all ways to state s before slot i.

    weights: float64[n, n_classes + 2]. alpha: float64[n + 1, n_states], written, its first row given. scales: float64
    [n], written: the factor that each row was divided by, 0 where there is no way.
    """
    n = weights.shape[0]
    n_classes = weights.shape[1] - 2
    for i in range(n):
        for s in range(alpha.shape[1]):
            alpha[i + 1, s] = 0.0
        total = 0.0
        for s in range(alpha.shape[1]):
            a = alpha[i, s]
            if a == 0.0:
                continue
            here = plain[s] if begins[i] else s
            if plain[here] == here:
                for e in range(first[here], first[here + 1]):
                    w = a * weights[i, classes[e]]
                    alpha[i + 1, targets[e]] += w
                    total += w
            for special in range(n_classes, n_classes + 2):
                to = target_of_special(ends, blanks, here, n_classes, special)
                w = a * weights[i, special]
                if to >= 0 and w > 0.0:
                    alpha[i + 1, to] += w
                    total += w
        scales[i] = total
        if total > 0.0:
            for s in range(alpha.shape[1]):
                alpha[i + 1, s] /= total


@kernel
def backward(
    first: Ints,
    classes: Ints,
    targets: Ints,
    ends: Ints,
    blanks: Ints,
    plain: Ints,
    begins: NDArray[np.bool_],
    weights: Floats,
    alpha: Floats,
    beta: Floats,
    shares: Floats,
) -> None:
    """beta[i, s] ~ sum of the weights of all ways from state s before slot i to the end, for the states of alpha.

    beta: float64[n + 1, n_states], its last row given, the others written, each scaled to a greatest value of 1.
    shares: float64[n, n_classes + 2], written: the share of each class in each slot among all ways, rows sum to 1.
    """
    n = weights.shape[0]
    n_classes = weights.shape[1] - 2
    for i in range(n - 1, -1, -1):
        greatest = 0.0
        for c in range(n_classes + 2):
            shares[i, c] = 0.0
        for s in range(beta.shape[1]):
            beta[i, s] = 0.0
            a = alpha[i, s]
            if a == 0.0:
                continue
            here = plain[s] if begins[i] else s
            total = 0.0
            if plain[here] == here:
                for e in range(first[here], first[here + 1]):
                    w = weights[i, classes[e]] * beta[i + 1, targets[e]]
                    shares[i, classes[e]] += a * w
                    total += w
            for special in range(n_classes, n_classes + 2):
                to = target_of_special(ends, blanks, here, n_classes, special)
                if to >= 0:
                    w = weights[i, special] * beta[i + 1, to]
                    shares[i, special] += a * w
                    total += w
            beta[i, s] = total
            greatest = max(greatest, total)
        if greatest > 0.0:
            for s in range(beta.shape[1]):
                beta[i, s] /= greatest
        total = 0.0
        for c in range(n_classes + 2):
            total += shares[i, c]
        if total > 0.0:
            for c in range(n_classes + 2):
                shares[i, c] /= total


@kernel
def best_way(
    first: Ints,
    classes: Ints,
    targets: Ints,
    ends: Ints,
    blanks: Ints,
    plain: Ints,
    begins: NDArray[np.bool_],
    log_weights: Floats,
    accepted: NDArray[np.bool_],
    start: int,
    best: Floats,
    came_from: Ints,
    came_by: Ints,
    out: Ints,
) -> float:
    """The logarithm of the weight of the best way, -inf if there is none; ties go to the lowest class.

    log_weights: float64[n, n_classes + 2], the best token of each class. accepted: bool[n_states]. best: float64
    [n + 1, n_states], came_from, came_by: int32[n + 1, n_states], written. out: int32[n], written: the class in each
    slot.
    """
    n = log_weights.shape[0]
    n_classes = log_weights.shape[1] - 2
    n_states = best.shape[1]
    for i in range(n + 1):
        for s in range(n_states):
            best[i, s] = -np.inf
    best[0, start] = 0.0
    for i in range(n):
        for s in range(n_states):
            a = best[i, s]
            if a == -np.inf:
                continue
            here = plain[s] if begins[i] else s
            if plain[here] == here:
                for e in range(first[here], first[here + 1]):
                    w = a + log_weights[i, classes[e]]
                    if w > best[i + 1, targets[e]]:
                        best[i + 1, targets[e]] = w
                        came_from[i + 1, targets[e]] = s
                        came_by[i + 1, targets[e]] = classes[e]
            for special in range(n_classes, n_classes + 2):
                to = target_of_special(ends, blanks, here, n_classes, special)
                if to >= 0:
                    w = a + log_weights[i, special]
                    if w > best[i + 1, to]:
                        best[i + 1, to] = w
                        came_from[i + 1, to] = s
                        came_by[i + 1, to] = special
    last = -1
    found = -np.inf
    for s in range(n_states):
        if accepted[s] and best[n, s] > found:
            found = best[n, s]
            last = s
    if last >= 0:
        for i in range(n, 0, -1):
            out[i - 1] = came_by[i, last]
            last = came_from[i, last]
    return found


@kernel
def draw_ways(
    first: Ints,
    classes: Ints,
    targets: Ints,
    ends: Ints,
    blanks: Ints,
    plain: Ints,
    begins: NDArray[np.bool_],
    weights: Floats,
    beta: Floats,
    start: int,
    numbers: Floats,
    out: Ints,
) -> None:
    """Draw ways through the canvas by their weight, left to right.

    numbers: float64[size, n], uniform in [0, 1). out: int32[size, n], written: the class in each slot.
    """
    n_classes = weights.shape[1] - 2
    for k in range(numbers.shape[0]):
        state = start
        for i in range(numbers.shape[1]):
            here = plain[state] if begins[i] else state
            total = 0.0
            if plain[here] == here:
                for e in range(first[here], first[here + 1]):
                    total += weights[i, classes[e]] * beta[i + 1, targets[e]]
            for special in range(n_classes, n_classes + 2):
                to = target_of_special(ends, blanks, here, n_classes, special)
                if to >= 0:
                    total += weights[i, special] * beta[i + 1, to]
            left = numbers[k, i] * total
            chosen = -1
            into = -1
            if plain[here] == here:
                for e in range(first[here], first[here + 1]):
                    w = weights[i, classes[e]] * beta[i + 1, targets[e]]
                    if w > 0.0:
                        chosen = classes[e]
                        into = targets[e]
                        left -= w
                        if left < 0.0:
                            break
            if left >= 0.0:
                for special in range(n_classes, n_classes + 2):
                    to = target_of_special(ends, blanks, here, n_classes, special)
                    if to >= 0:
                        w = weights[i, special] * beta[i + 1, to]
                        if w > 0.0:
                            chosen = special
                            into = to
                            left -= w
                            if left < 0.0:
                                break
            out[k, i] = chosen
            state = into
