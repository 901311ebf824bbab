"""ASAp: every draw is a text of the language, and their law comes closer to the target the more were drawn.

    sample = asap(key, target, n=1000)

Adaptive sampling with approximate expected futures (Park et al., "Grammar-Aligned Decoding", NeurIPS 2024, section 4):
tokens are drawn by p(a | u) ĉ(ua), and after each text the bounds ĉ on its way are set anew. Nothing is ever rejected,
so the texts of finitely many draws are not distributed as π, and later ones depend on earlier ones.

The original gives no weights. They cost nothing: with ĉ frozen during a draw, visited prefixes contribute nothing and
new ones their kept mass, so log w = log ĉ(ε) + Σ log Z over the new ones. With these weights a
sample is properly weighted from the first draw on, and as the trie learns all weights become Z.

A text that does not end within the budget counts as not in the language, else the bounds would describe another one.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace

import numpy as np

from maskwright.errors import InvalidOption
from maskwright.sampling.descents import Descents, descend
from maskwright.sampling.prefix_trie import PrefixTrie
from maskwright.sampling.random_key import RandomKey
from maskwright.sampling.soft_targets import SoftTarget
from maskwright.sampling.target import Target
from maskwright.sampling.weighted_texts import Effort, WeightedTexts, log_mean_exp


@dataclass(frozen=True, slots=True)
class ASApState:
    """What stays between batches; `trie` is learnt into."""

    target: Target
    trie: PrefixTrie
    batch: int
    soft: SoftTarget | None
    n_drawn: int = 0


def init(target: Target, batch: int = 1, trie: PrefixTrie | None = None, soft: SoftTarget | None = None) -> ASApState:
    """The state before the first draw; `batch` texts are drawn by one frozen trie, side by side.

    Raises `InvalidOption` for a trie of another target.
    """
    if batch < 1:
        raise InvalidOption("batch", batch, "at least 1")
    trie = PrefixTrie() if trie is None else trie
    trie.use_for(target, soft)
    return ASApState(target, trie, batch, soft)


def step(key: RandomKey, state: ASApState) -> tuple[ASApState, Descents]:
    """One batch of texts, and what the trie learns of it."""
    keys = [key.child(state.n_drawn + i) for i in range(state.batch)]
    done = descend(keys, state.target, state.trie, state.soft, stopped_go_on=True)
    state.trie.learn(done.lessons)
    return replace(state, n_drawn=state.n_drawn + state.batch), done


def asap(
    key: RandomKey,
    target: Target,
    n: int,
    batch: int = 1,
    trie: PrefixTrie | None = None,
    soft: SoftTarget | None = None,
    on_progress: Callable[[int], object] = lambda _: None,
) -> WeightedTexts:
    """n texts (n rounded up to whole batches) with exact importance weights; their mean is an unbiased estimate of Z.

    Drop the weights for the original method. `on_progress` hears how many were drawn after each batch.
    Raises `InvalidOption`, `BadLogits`, and `EnvelopeExceeded` if the soft target's envelope rises.
    """
    if n < 1:
        raise InvalidOption("n", n, "at least 1")
    state = init(target, batch, trie, soft)
    batches: list[Descents] = []
    while state.n_drawn < n:
        state, done = step(key, state)
        batches.append(done)
        on_progress(state.n_drawn)
    texts = tuple(text.as_text(text.log_weight) for done in batches for text in done.texts)
    effort = Effort(n_rows=sum(done.n_rows for done in batches), n_attempts=len(texts))
    return WeightedTexts(target, texts, log_mean_exp(np.array([text.log_weight for text in texts])), effort)
