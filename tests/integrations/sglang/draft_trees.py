"""Draft trees as SGLang's speculative decoding has them, and its walk over one.

Node 0 is the token that was accepted last; `next_token[i]` is the first child of node i, `next_sibling[i]` the next
child of its parent, −1 where there is none.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import torch


def random_tree(rng: np.random.Generator, n: int) -> tuple[torch.Tensor, torch.Tensor, list[int]]:
    """(next_token, next_sibling, parents): torch.int64[n] twice, and the parent of each node, −1 for the root."""
    parents = [-1] + [int(rng.integers(0, node)) for node in range(1, n)]
    next_token, next_sibling = torch.full((2, n), -1, dtype=torch.int64)
    for node in reversed(range(1, n)):
        next_sibling[node] = next_token[parents[node]]
        next_token[parents[node]] = node
    return next_token, next_sibling, parents


def traverse_tree(
    next_token: torch.Tensor,
    next_sibling: torch.Tensor,
    drafts: torch.Tensor,
    grammar: Any,
    mask: torch.Tensor,
    size: int,
) -> None:
    """As `sglang.srt.speculative.spec_utils.traverse_tree` of 0.5.23 does it, bits of the parent's words included."""

    def visit(node: int, parent: int) -> None:
        token = drafts[node]
        is_legal = node == 0 or (token < size and (mask[parent][token // 32] & (1 << (token % 32))) != 0)
        if is_legal:
            if node != 0:
                grammar.accept_token(int(token))
            if not grammar.is_terminated():
                grammar.fill_vocab_mask(mask, node)
                if next_token[node] != -1:
                    visit(int(next_token[node]), node)
            if node != 0:
                grammar.rollback(1)
        if next_sibling[node] != -1:
            visit(int(next_sibling[node]), parent)

    visit(0, -1)
