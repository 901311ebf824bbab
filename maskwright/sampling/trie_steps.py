"""Steps by a prefix trie: tokens drawn by p(a | u) ĉ(ua), what that does to a weight, and what there was to learn.

All drafts of a step are in the trie as it is now (the freeze rule), and equal prefixes are treated together, so that
the mass of the tokens that are no child is computed once for all children that the step adds. At a prefix that was
seen before the weight does not change, as the bounds add up; at a new one the draw is a masked one, with the weight Z.

    step.log_weights[i] = log Σ_a m(a) p(a | u) ĉ(ua) − log ĉ(u)            0 at a prefix that was seen

Cost: a look-up for each token of a prefix, and 3 µs for a child that is taken out of the row, 80 µs if there are many.
"""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from maskwright.errors import BadLogits
from maskwright.sampling.prefix_trie import Child, Lesson, Node, PrefixTrie, Text
from maskwright.sampling.proposal import Proposed, stuck
from maskwright.sampling.random_key import RandomKey
from maskwright.sampling.rows import MaskedRow, Race
from maskwright.sampling.soft_targets import Factors
from maskwright.sampling.target import Draft, Ending


@dataclass(frozen=True, slots=True)
class TrieStep:
    """One step of some drafts.

    proposed: the tokens, with a proper weight (see `proposal`).  log_weights: what a weight that counts ĉ changes by.
    log_factors: of a soft target, for tokens whose factor was not in the trie yet; 0 otherwise.
    """

    proposed: list[Proposed]
    log_weights: list[float]
    log_factors: list[float]
    lessons: list[Lesson]


def trie_step(
    trie: PrefixTrie,
    keys: Sequence[RandomKey],
    drafts: Sequence[Draft],
    rows: Sequence[MaskedRow],
    soft: Factors | None = None,
) -> TrieStep:
    """Draw a token for each draft by the bounds of `trie`, which is only read."""
    step = TrieStep([stuck(Ending.NO_TOKEN)] * len(drafts), [-math.inf] * len(drafts), [0.0] * len(drafts), [])
    groups: defaultdict[Text, list[int]] = defaultdict(list)
    for i, draft in enumerate(drafts):
        groups[tuple(draft.token_ids)].append(i)
    for prefix, members in groups.items():
        node = trie.find(prefix)
        lesson = _step_together(trie, node, prefix, members, keys, drafts, rows, soft, step)
        if lesson is not None:
            step.lessons.append(lesson)
    return step


def _step_together(
    trie: PrefixTrie,
    node: Node | None,
    prefix: Text,
    members: list[int],
    keys: Sequence[RandomKey],
    drafts: Sequence[Draft],
    rows: Sequence[MaskedRow],
    soft: Factors | None,
    step: TrieStep,
) -> Lesson | None:
    """The drafts of one prefix; writes their places of `step`."""
    row, known = rows[members[0]], node.children if node else {}
    choices = _Choices(trie, known, row)
    is_seen = node is not None and node.is_seen
    new: dict[int, Child] = {}
    for i in members:
        draft = drafts[i]
        if choices.log_total == -math.inf:
            step.proposed[i] = stuck(draft.why_stuck(row) or Ending.KNOWN_DEAD)
            continue
        token, log_future = choices.draw(keys[i])
        log_p = row.log_probability(token)
        step.log_weights[i] = 0.0 if is_seen else row.log_mass
        is_end = token in draft.target.eos_token_ids
        if token not in known and soft is not None:
            factor = new[token].log_factor if token in new else soft.log_factor(prefix, None if is_end else token)
            step.log_factors[i] = factor
            new[token] = Child(log_p, factor)
        elif token not in known and not is_end:
            new[token] = Child(log_p)
        step.proposed[i] = Proposed(token, choices.log_total - log_future, log_p)
    if is_seen and not new:
        return None
    for token in new:
        choices.race.take(token)
    return Lesson(prefix, new, choices.race.log_left, len(known))


class _Choices:
    """The tokens after one prefix: known children by their bounds, and all others by the row."""

    def __init__(self, trie: PrefixTrie, known: dict[int, int], row: MaskedRow) -> None:
        if known and max(known) >= len(row.logits):
            raise BadLogits(f"there are {len(row.logits)}, and the trie knows of token {max(known)}")
        self.tokens = list(known)
        self.futures = [trie.nodes[place].log_future for place in known.values()]
        self.race: Race = row.race(known)
        shares = [row.log_probability(token) + future for token, future in zip(known, self.futures, strict=True)]
        shares.append(self.race.log_left)
        top = max(shares)
        if top == -math.inf:
            self.log_total = top
            return
        self.sums = np.cumsum(np.exp(np.array(shares) - top))
        self.log_total = top + math.log(self.sums[-1])

    def draw(self, key: RandomKey) -> tuple[int, float]:
        """A token by p(a | u) ĉ(ua), and log ĉ(ua)."""
        which, uniform = key.uniforms(2).tolist()
        place = int(np.searchsorted(self.sums, which * self.sums[-1], side="right"))
        if place == len(self.sums):  # rounding
            place = int(np.searchsorted(self.sums, self.sums[-1]))
        if place < len(self.tokens):
            return self.tokens[place], self.futures[place]
        return self.race.peek(uniform), 0.0
