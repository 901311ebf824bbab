"""A tree of drafts judged in one call: the mask behind every node, the longest legal path, and what is forced after it.

    judged = judge_draft_tree(matcher, parents=[-1, 0, 0, 1], token_ids=[5, 9, 7, 2], mask=mask)
    judged.longest      # the nodes of the longest legal path
    mask[1 + node]      # which tokens may follow the node; mask[0]: where the text is now

Speculative decoding verifies several drafts at once: a chain, or a tree in which node i stands for the text up to its
parent and one more token. The text goes down the tree depth first, one token at each node, and is cut back on the way
up, so a node costs one accept and one mask, whatever the shape; the text ends where it began. Draft models know nothing
of grammars, so an illegal draft is no error: its row, and those of all nodes below it, is that of its nearest legal
ancestor, from where something else is sampled. Nothing stands behind an end token, so nodes there are illegal too.

A text that begins with reasoning is given as `AfterReasoning`; drafts may run over the end of the reasoning.

Rejected: a copy of the text for each node, which costs its length. Rejected: rows of zeros for illegal nodes, because a
host that takes the softmax of such a row gets NaN in a batch that is otherwise fine.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from maskwright.errors import MatcherError

ROOT = -1
"""The parent of a node that follows the text itself."""


class DraftedText(Protocol):
    """What is asked of a text: a `Matcher`, a `Session` of a behaviour specification, or `AfterReasoning`."""

    @property
    def n_accepted(self) -> int:
        """How many accepts can be rolled back."""

    def fill_bitmask(self, row: NDArray[np.int32]) -> None:
        """Write the allowed tokens."""

    def accept_tokens(self, token_ids: Sequence[int]) -> int:
        """Read tokens until one is refused."""

    def rollback(self, n: int) -> None:
        """Take the last n accepts back."""

    def is_finished(self) -> bool:
        """Was an end token taken?"""

    def forced_tokens(self) -> list[int]:
        """Tokens that must come next."""


@dataclass(frozen=True, slots=True)
class JudgedTree:
    """What `judge_draft_tree` found.

    is_legal      bool[n]: may the text go on as the path to the node says?
    longest       the nodes of the longest path of legal ones, in order; of several the one with the smallest last node
    forced        the tokens that must follow after it, as `Matcher.forced_tokens` has them
    """

    is_legal: NDArray[np.bool_]
    longest: tuple[int, ...]
    forced: tuple[int, ...]


def judge_draft_tree(
    text: DraftedText, parents: Sequence[int], token_ids: Sequence[int], mask: NDArray[np.int32]
) -> JudgedTree:
    """Judge the n nodes of a tree and fill int32[>= n + 1, ceil(vocabulary size / 32)]; the text stays where it is.

    parents[i]: the parent of node i, which comes before it, or ROOT. token_ids[i]: the token of node i.
    Row 0 is the mask of the text itself, row 1 + i that behind node i.
    Raises MatcherError for what is no tree, or a mask that is too small; a draft that is illegal is no error.

        judge_draft_tree(matcher, [-1, 0], [token, token], mask)   # a chain of two drafts
    """
    n = len(token_ids)
    children = _children(parents, n)
    if mask.ndim != 2 or len(mask) < n + 1:
        raise MatcherError(f"The mask needs a row for the text and one for each of the {n} drafts")
    n_before = text.n_accepted
    is_legal = np.zeros(n, np.bool_)
    depths = [0] * (n + 1)  # of the text itself at n, which is also where ROOT = -1 leads
    text.fill_bitmask(mask[0])
    waiting = children[ROOT][::-1]
    depth = deepest = 0
    last = ROOT
    try:
        while waiting:
            node = waiting.pop()
            parent = parents[node]
            if depth > depths[parent]:
                text.rollback(depth - depths[parent])
                depth = depths[parent]
            if text.is_finished() or text.accept_tokens((token_ids[node],)) == 0:
                continue
            depth = depths[node] = depth + 1
            is_legal[node] = True
            text.fill_bitmask(mask[1 + node])
            waiting += children[node][::-1]
            if depth > deepest or (depth == deepest and node < last):
                deepest, last = depth, node
    finally:
        text.rollback(text.n_accepted - n_before)
    for node in np.flatnonzero(~is_legal).tolist():  # ancestors come first
        mask[1 + node] = mask[1 + parents[node]]
    longest = _path(parents, last)
    return JudgedTree(is_legal, longest, _forced_after(text, [token_ids[node] for node in longest]))


def parents_of(first_child: Sequence[int], next_sibling: Sequence[int]) -> list[int]:
    """Parents from the links that EAGLE's trees are written with; -1 is no node, and node 0 the root.

    `parents_of([1, -1, -1], [-1, 2, -1])` -> `[-1, 0, 0]`. Raises MatcherError for links that make no tree.
    """
    n = len(first_child)
    parents = [ROOT] * n
    waiting = [0] if n else []
    n_seen = len(waiting)
    while waiting:
        node = waiting.pop()
        child = first_child[node]
        while child != -1:
            n_seen += 1
            if not 0 < child < n or n_seen > n:
                raise MatcherError(f"The links of a draft tree of {n} nodes lead to node {child}, or in a circle")
            parents[child] = node
            waiting.append(child)
            child = next_sibling[child]
    return parents


def _children(parents: Sequence[int], n: int) -> list[list[int]]:
    """The children of each node in order, and last, at ROOT = -1, those of the text itself."""
    if len(parents) != n:
        raise MatcherError(f"There are {len(parents)} parents for {n} drafts")
    children: list[list[int]] = [[] for _ in range(n + 1)]
    for node, parent in enumerate(parents):
        if not ROOT <= parent < node:
            raise MatcherError(f"The parent of draft {node} must be {ROOT} or a draft before it, not {parent}")
        children[parent].append(node)
    return children


def _path(parents: Sequence[int], last: int) -> tuple[int, ...]:
    path = []
    while last != ROOT:
        path.append(int(last))
        last = parents[last]
    return tuple(reversed(path))


def _forced_after(text: DraftedText, token_ids: Sequence[int]) -> tuple[int, ...]:
    n_before = text.n_accepted
    try:
        text.accept_tokens(token_ids)
        return () if text.is_finished() else tuple(text.forced_tokens())
    finally:
        text.rollback(text.n_accepted - n_before)
