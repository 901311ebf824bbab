"""Descents: texts drawn side by side by one frozen trie, with the coins that decide which of them are exact draws.

At a prefix that is new to the trie a coin falls on "go on" with the probability Z that the mask keeps; a soft target
tosses another one for each factor that is new. A text that no coin has stopped is distributed as p(y) / ĉ(ε). A text
that goes on all the same has the weight ĉ(ε) Π Z Π factors, whatever the coins said. So CARS and ASAp are one
procedure, read in two ways. All descents are at the same depth at any time, so equal prefixes share a row of the model.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from maskwright.matching.bitmask import is_allowed
from maskwright.sampling.prefix_trie import Lesson, PrefixTrie, Text
from maskwright.sampling.random_key import RandomKey
from maskwright.sampling.rows import MaskedRow
from maskwright.sampling.soft_targets import Factors
from maskwright.sampling.target import Draft, Ending, Target
from maskwright.sampling.trie_steps import TrieStep, trie_step
from maskwright.sampling.weighted_texts import SampledText

TOKEN: Final = 0
COINS: Final = 1
"""What the key of a step is for."""


@dataclass(slots=True)
class Descent:
    """One text on its way.

    log_weight: log of ĉ(ε) Π Z Π factors.  is_stopped: by a coin, or because nothing can follow.
    """

    draft: Draft
    log_weight: float
    ending: Ending | None = None
    is_stopped: bool = False

    @property
    def is_accepted(self) -> bool:
        """Is it a whole text that no coin has stopped?"""
        return self.ending is Ending.FINISHED and not self.is_stopped

    def as_text(self, log_weight: float) -> SampledText:
        """What is returned of it."""
        draft, ending = self.draft, self.ending or Ending.REJECTED
        return SampledText(tuple(draft.token_ids), ending, draft.log_probability, log_weight)


@dataclass(frozen=True, slots=True)
class Descents:
    """A batch of them.

    log_root: log ĉ(ε) by which they were drawn.  n_rows: rows asked of the model.  are_finished: also those that a coin
    has stopped.
    """

    texts: tuple[Descent, ...]
    lessons: tuple[Lesson, ...]
    log_root: float
    n_rows: int
    are_finished: bool

    @property
    def log_weights(self) -> list[float]:
        """Proper weights: those of the texts, or if stopped ones were left unfinished ĉ(ε) for the accepted ones."""
        if self.are_finished:
            return [text.log_weight for text in self.texts]
        return [self.log_root if text.is_accepted else -math.inf for text in self.texts]


def descend(
    keys: Sequence[RandomKey],
    target: Target,
    trie: PrefixTrie,
    soft: Factors | None,
    *,
    stopped_go_on: bool,
    draws_forbidden_tokens: bool = False,
) -> Descents:
    """One text for each key, by the bounds of `trie`, which is only read.

    stopped_go_on: texts that a coin has stopped are finished for their weight.  draws_forbidden_tokens: tokens are
    drawn from the whole row, and a forbidden one ends a text and is all that is learnt (ARS).
    """
    texts = [Descent(target.start(), trie.log_root) for _ in keys]
    lessons: list[Lesson] = []
    n_rows = depth = 0
    live = [*range(len(texts))]
    while live:
        drafts = [texts[i].draft for i in live]
        rows = target.rows(drafts)
        n_rows += len({tuple(draft.token_ids) for draft in drafts})
        here = [keys[i].child(depth) for i in live]
        tokens = [key.child(TOKEN) for key in here]
        if draws_forbidden_tokens:
            allowed = _AllowedTokens(dict(zip(map(_prefix_of, drafts), rows, strict=True)), target, soft)
            step = trie_step(trie, tokens, drafts, [row.unmasked() for row in rows], allowed)
        else:
            step = trie_step(trie, tokens, drafts, rows, soft)
        lessons += step.lessons
        for place, i in enumerate(live):
            _go_on(texts[i], step, place, here[place].child(COINS))
        live = [i for i in live if texts[i].ending is None and (stopped_go_on or not texts[i].is_stopped)]
        depth += 1
    return Descents(tuple(texts), tuple(lessons), trie.log_root, n_rows, stopped_go_on)


def _go_on(text: Descent, step: TrieStep, place: int, key: RandomKey) -> None:
    """Toss the coins of one step for one text, and read its token."""
    proposed, log_mass, log_factor = step.proposed[place], step.log_weights[place], step.log_factors[place]
    text.log_weight += log_mass + log_factor
    if proposed.token_id is None or text.log_weight == -math.inf:
        text.ending, text.is_stopped = proposed.ending or Ending.REJECTED, True
        return
    if log_mass < 0.0 or log_factor < 0.0:
        for_mass, for_factor = key.uniforms(2).tolist()
        if for_mass >= math.exp(log_mass) or for_factor >= math.exp(log_factor):
            text.is_stopped = True
    text.draft.read(proposed.token_id, proposed.log_probability)
    if text.draft.is_finished:
        text.ending = Ending.FINISHED


def _prefix_of(draft: Draft) -> Text:
    return tuple(draft.token_ids)


class _AllowedTokens:
    """The mask as factors of the tokens that are drawn: 1 for an allowed one, 0 for a forbidden one."""

    def __init__(self, rows: dict[Text, MaskedRow], target: Target, soft: Factors | None) -> None:
        self._rows, self._target, self._soft = rows, target, soft

    def log_factor(self, prefix: Text, token_id: int | None) -> float:
        words = self._rows[prefix].words
        # End tokens are allowed together; those that are too large for the model's rows have no bit.
        ends = (token for token in self._target.eos_token_ids if token < 32 * len(words))
        if not any(is_allowed(words, token) for token in (ends if token_id is None else (token_id,))):
            return -math.inf
        return 0.0 if self._soft is None else self._soft.log_factor(prefix, token_id)
