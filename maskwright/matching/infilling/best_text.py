"""The most probable text that fits a canvas, by A*, where there are too many states for sums.

A node of the search is a number of slots that are filled and the set of stacks that the text so far leads to: texts
that lead to the same set are one node. What a text can still gain is at most the sum of the best scores in the masks of
the slots to come; these bounds only fall along a text (they are admissible and consistent), so the first node at the
end is the best text. Where that takes more than `MOST_EXPANSIONS` nodes, the text that goes farthest is completed
greedily: it fits all the same, and the result says that it need not be the best.
Source: Hart, Nilsson and Raphael 1968.
"""

from __future__ import annotations

import heapq
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from maskwright.automata.infilling._layout import BOTTOM, EMPTY
from maskwright.matching.infilling.chain import Link, ended, forwards
from maskwright.matching.infilling.effects import ALL
from maskwright.matching.infilling.slots import BLANK
from maskwright.matching.infilling.symbols import DONE, SKIPPED

if TYPE_CHECKING:
    from maskwright.matching.infilling.canvas import Canvas

MOST_EXPANSIONS = 200

Way = tuple[int, "Way | None"]
"""The last token of a text, and what was before it."""


def best_text(canvas: Canvas, log_p: NDArray[np.float32]) -> tuple[NDArray[np.int64], bool]:
    """int64[n_slots]: the best text by log_p, float32[n_slots, size + 1], the blank being last; is it proved?"""
    return canvas.with_room(lambda: _searched(canvas, np.maximum(log_p, np.float32(-1e30))))


def _searched(canvas: Canvas, log_p: NDArray[np.float32]) -> tuple[NDArray[np.int64], bool]:
    n = canvas.n_slots
    links, sets = canvas.chain
    bounds = np.array([_best_in_mask(canvas, slot, log_p[slot]) for slot in range(n)], dtype=np.float64)
    ahead = np.append(np.cumsum(bounds[::-1])[::-1], 0.0)
    start = canvas.start
    queue: list[tuple[float, int, int, int, float, Way | None]] = [(-ahead[0], 0, 0, start, 0.0, None)]
    reached: dict[tuple[int, int], float] = {(0, start): 0.0}
    farthest: tuple[int, int, float, Way | None] = (0, start, 0.0, None)
    n_made = 0
    for _ in range(MOST_EXPANSIONS):
        if not queue:
            break
        _, filled, _, node, score, way = heapq.heappop(queue)
        filled = -filled
        if filled == n:
            return _tokens(way, n), True
        if score < reached[filled, node]:
            continue
        if filled > farthest[0]:
            farthest = (filled, node, score, way)
        for token, value, into in _choices(
            canvas, node, links[filled], sets.leading[filled + 1], filled, log_p[filled]
        ):
            total = score + value
            key = (filled + 1, into)
            if total > reached.get(key, -np.inf):
                reached[key] = total
                n_made += 1
                # deeper ones first among equals
                heapq.heappush(queue, (-(total + ahead[filled + 1]), -(filled + 1), n_made, into, total, (token, way)))
    return _greedy(canvas, log_p, farthest), False


def _choices(
    canvas: Canvas, node: int, link: Link, target: int, slot: int, row: NDArray[np.float32]
) -> list[tuple[int, float, int]]:
    """For each set of stacks that a slot may lead to, its best token, the score of that, and the set."""
    stacks = canvas.stacks
    below = stacks.below(node, SKIPPED)
    is_skipped = below != EMPTY and not link.begins
    plain = below if below != EMPTY else node
    found: list[tuple[int, float, int]] = []
    if link.may_be_blank:
        into = node if is_skipped else stacks.push(SKIPPED, plain)
        if stacks.meets(into, target):
            found.append((BLANK, float(row[-1]), into))
    if is_skipped:
        return found
    only = canvas.only_tokens().get(slot)
    ends = [token for token in canvas.eos_ids if only is None or token in only]
    if link.may_end and ends and ended(stacks, plain) != EMPTY:
        into = stacks.push(DONE, BOTTOM)
        if stacks.meets(into, target):
            token = max(ends, key=lambda one: row[one])
            found.append((token, float(row[token]), into))
    if link.letter == ALL:
        edges = stacks.determinised.edges(plain)
        values = row[edges.tokens]
        for edge, into in enumerate(edges.targets):
            if stacks.meets(into, target):
                tokens = np.flatnonzero(edges.edge_of == edge)
                best = tokens[int(values[tokens].argmax())]
                found.append((int(edges.tokens[best]), float(values[best]), into))
    else:
        for token in sorted(set(only or ()).difference(canvas.eos_ids)):
            into = stacks.post(plain, stacks.token_effects.letter_of_tokens([token]))
            if stacks.meets(into, target):
                found.append((token, float(row[token]), into))
    return found


def _best_in_mask(canvas: Canvas, slot: int, row: NDArray[np.float32]) -> float:
    mask = canvas.mask_of(slot)
    allowed = np.unpackbits(mask.row.view(np.uint8), bitorder="little")[: len(row) - 1].astype(np.bool_)
    best = float(row[:-1][allowed].max(initial=-1e30))
    return max(best, float(row[-1])) if mask.blank else best


def _greedy(canvas: Canvas, log_p: NDArray[np.float32], begun: tuple[int, int, float, Way | None]) -> NDArray[np.int64]:
    """The beginning of a text completed slot by slot with the best token that is left."""
    filled, node, _, way = begun
    for slot in range(filled, canvas.n_slots):
        mask = canvas.mask_between(slot, node)
        allowed = np.unpackbits(mask.row.view(np.uint8), bitorder="little")[: log_p.shape[1] - 1].astype(np.bool_)
        tokens = np.flatnonzero(allowed)
        token = int(tokens[log_p[slot, tokens].argmax()]) if len(tokens) else BLANK
        if mask.blank and (not len(tokens) or log_p[slot, -1] >= log_p[slot, token]):
            token = BLANK
        link = canvas.link_of(slot, token)
        node = forwards(canvas.stacks, node, link)
        way = (token, way)
    return _tokens(way, canvas.n_slots)


def _tokens(way: Way | None, n: int) -> NDArray[np.int64]:
    found: list[int] = []
    while way is not None:
        found.append(way[0])
        way = way[1]
    assert len(found) == n
    return np.array(found[::-1], dtype=np.int64)
