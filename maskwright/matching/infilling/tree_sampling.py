"""Ways through a canvas drawn by halves: the state in the middle first, then within either half.

    M_i[s, s'] = Σ of the weights of the classes that lead from s to s' in slot i

The products of neighbouring matrices form a balanced tree. Given the states at the ends of a stretch, the one in its
middle has the weight left[s, m] · right[m, s'], and both halves are then independent. A way is log2(n) draws deep,
where drawing from left to right is n deep: made for hardware that multiplies matrices. The law is the same.
Source: Dang and Ermon 2026 (arXiv 2607.07026). Cost: n products of matrices of all states.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from maskwright.matching.infilling.determinised import ClassEdges

Floats = NDArray[np.float64]


def _edges_of(edges: ClassEdges, begins: bool) -> tuple[NDArray[np.int64], NDArray[np.int64], NDArray[np.int64]]:
    """All edges in a slot: from which state, by which class, to which state."""
    n_states = len(edges.ends)
    here = edges.plain.astype(np.int64) if begins else np.arange(n_states)
    known = np.flatnonzero(here >= 0)
    here = here[known]
    is_plain = edges.plain[here] == here
    counts = np.where(is_plain, edges.first[here + 1] - edges.first[here], 0)
    sources = np.repeat(known, counts)
    begin = np.repeat(edges.first[here] - np.concatenate([[0], np.cumsum(counts)[:-1]]), counts)
    at = begin + np.arange(len(sources))
    parts = [(sources, edges.classes[at].astype(np.int64), edges.targets[at].astype(np.int64))]
    for special, targets in ((edges.n_classes, edges.ends), (edges.n_classes + 1, edges.blanks)):
        to = targets[here]
        read = np.flatnonzero(to >= 0)
        parts.append((known[read], np.full(len(read), special, dtype=np.int64), to[read].astype(np.int64)))
    return (
        np.concatenate([part[0] for part in parts]),
        np.concatenate([part[1] for part in parts]),
        np.concatenate([part[2] for part in parts]),
    )


def _matrix(edges: ClassEdges, begins: bool, weights: Floats) -> Floats:
    sources, classes, targets = _edges_of(edges, begins)
    n_states = len(edges.ends)
    flat = np.bincount(sources * n_states + targets, weights=weights[classes], minlength=n_states * n_states)
    return flat.astype(np.float64).reshape(n_states, n_states)


def _scaled(matrix: Floats) -> Floats:
    """The same up to a factor, which does not matter to draws, so that products stay within range."""
    greatest = float(matrix.max(initial=0.0))
    return matrix / greatest if greatest > 0 else matrix


def draw_by_tree(
    edges: ClassEdges,
    begins: NDArray[np.bool_],
    weights: Floats,
    accepted: NDArray[np.bool_],
    start: int,
    rng: np.random.Generator,
    out: NDArray[np.int32],
) -> None:
    """Draw ways through the canvas; out: int32[size, n], written: the class in each slot."""
    size, n = out.shape
    if n == 0:
        return
    # levels[k][j]: the product of the matrices of the slots from j * 2**k on, 2**k of them or as many as there are
    levels = [[_scaled(_matrix(edges, bool(begins[i]), weights[i])) for i in range(n)]]
    while len(levels[-1]) > 1:
        below = levels[-1]
        levels.append(
            [_scaled(below[j] @ below[j + 1]) if j + 1 < len(below) else below[j] for j in range(0, len(below), 2)]
        )
    states = np.full((size, n + 1), -1, dtype=np.int64)
    states[:, 0] = start
    states[:, n] = _drawn_rows(rng, levels[-1][0][start][None, :].repeat(size, axis=0) * accepted)
    for level in range(len(levels) - 1, 0, -1):
        below = levels[level - 1]
        for j in range(len(levels[level])):
            if 2 * j + 1 < len(below):
                begin, end = j << level, min((j + 1) << level, n)
                middle = (2 * j + 1) << (level - 1)
                both = below[2 * j][states[:, begin]] * below[2 * j + 1][:, states[:, end]].T
                states[:, middle] = _drawn_rows(rng, both)
    for i in range(n):
        sources, classes, targets = _edges_of(edges, bool(begins[i]))
        for one, other in {*zip(states[:, i].tolist(), states[:, i + 1].tolist(), strict=True)}:
            among = classes[(sources == one) & (targets == other)]
            w = weights[i, among]
            drawn = np.flatnonzero((states[:, i] == one) & (states[:, i + 1] == other))
            out[drawn, i] = among[rng.choice(len(among), size=len(drawn), p=w / w.sum())]


def _drawn_rows(rng: np.random.Generator, weights: Floats) -> NDArray[np.int64]:
    """A column for each row of weights, by weight."""
    sums = np.cumsum(weights, axis=1)
    return (sums > rng.random((len(weights), 1)) * sums[:, -1:]).argmax(axis=1)
