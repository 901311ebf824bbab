"""CARS: exact, independent draws from the target by rejection that learns. And what it is when it learns less.

    sample = cars(key, target, n=100)         # 100 independent texts, distributed as π exactly
    sample.is_exact                           # False if the attempts ran out before

Idea. An attempt goes down from the empty text by p(a | u) ĉ(ua) / ĉ(u), the bounds of the prefix trie. At a prefix
whose mask is seen for the first time a coin falls on "go on" with the probability Z that the mask keeps, and the token
is drawn from what is kept: the same as drawing from the whole row and giving up at a forbidden token, but the coin
tells what the weight would have been. An attempt that ends is a text with probability p(y) / ĉ(ε) for each y, so what
is accepted is distributed as π, whatever the trie knew; acceptance is Z / ĉ(ε) and never falls.

Freeze rule: what an attempt learns must not alter that attempt. Attempts run in batches by one frozen trie, and the
trie learns from all of them afterwards, which keeps texts independent (arXiv 2510.01902, section 3; the batches and the
coin are ours). The root is known before the first attempt, so it is no exception.

When rejection starves (Z is far below what the trie can learn within the attempts), attempts that a coin has stopped
can go on instead, weighted by ĉ(ε) Π Z over the new prefixes: particles of importance sampling, properly weighted,
from the same model calls. So a budget of attempts always ends in texts and says what they are worth. Attempts that did
not go on are properly weighted too, by ĉ(ε) if they were accepted and 0 if not, and have to count: going on stops when
texts are accepted, so a mean over those that went on would be one that stops when it likes what it sees.

`Learning` gives the ablations: NOTHING is plain rejection, FIRST_TOKEN masks the first token only (RSFT), FAILURES
forgets all forbidden tokens but the one that was drawn (ARS), CONES is CARS. Cost: 1 / acceptance attempts for a text.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass, replace
from enum import Enum

import numpy as np

from maskwright.errors import InvalidOption
from maskwright.sampling.descents import Descents, descend
from maskwright.sampling.prefix_trie import Lesson, PrefixTrie
from maskwright.sampling.random_key import RandomKey
from maskwright.sampling.soft_targets import SoftTarget
from maskwright.sampling.target import Target
from maskwright.sampling.weighted_texts import Effort, WeightedTexts, effective_sample_size, log_mean_exp


class Learning(Enum):
    """What an attempt leaves in the trie."""

    NOTHING = "nothing"
    FIRST_TOKEN = "the mask of the first token"
    FAILURES = "the forbidden tokens that were drawn"
    CONES = "all forbidden tokens after every prefix that was visited"


@dataclass(frozen=True, slots=True)
class CARSOptions:
    """How attempts are made.

    max_attempts: until n texts are accepted; they should nearly always suffice, because among runs that just made it
    texts that teach much are too frequent.  batch: attempts by one frozen trie, side by side.
    learning: what an attempt teaches the trie.
    goes_on_after: as long as fewer than one attempt in so many was accepted, attempts that a coin has stopped go on
    with a weight, so that there is something to return if the attempts run out; None for never, 0 from the first on.
    Raises `InvalidOption`.
    """

    max_attempts: int = 10_000
    batch: int = 1
    learning: Learning = Learning.CONES
    goes_on_after: int | None = 100

    def __post_init__(self) -> None:
        for name, least in (("max_attempts", 1), ("batch", 1), ("goes_on_after", 0)):
            value = getattr(self, name)
            if value is not None and value < least:
                raise InvalidOption(name, value, f"at least {least}")


@dataclass(frozen=True, slots=True)
class CARSState:
    """What stays between batches; `trie` is learnt into."""

    target: Target
    trie: PrefixTrie
    options: CARSOptions
    soft: SoftTarget | None
    n_attempts: int = 0
    n_accepted: int = 0


def init(
    target: Target, options: CARSOptions | None = None, trie: PrefixTrie | None = None, soft: SoftTarget | None = None
) -> CARSState:
    """The state before the first attempt; `trie` is what is known already, of this target and this soft target.

    Raises `InvalidOption` for a trie of another target, and for one of `FAILURES` where masks are learnt or the other
    way round: one counts forbidden tokens as a part of the rest, the other does not.
    """
    options, trie = options or CARSOptions(), PrefixTrie() if trie is None else trie
    trie.use_for(target, soft, knows_masks=options.learning is not Learning.FAILURES)
    if not trie.nodes[0].is_seen and options.learning in {Learning.CONES, Learning.FIRST_TOKEN}:
        (root,) = target.rows([target.start()])
        trie.learn([Lesson((), {}, root.log_mass, 0)])
    return CARSState(target, trie, options, soft)


def step(key: RandomKey, state: CARSState) -> tuple[CARSState, Descents]:
    """One batch of attempts, and what the trie learns of it."""
    options = state.options
    starves = options.goes_on_after is not None and state.n_attempts >= options.goes_on_after * (state.n_accepted + 1)
    batch = min(options.batch, options.max_attempts - state.n_attempts)
    done = descend(
        [key.child(state.n_attempts + i) for i in range(batch)],
        state.target,
        state.trie,
        state.soft,
        stopped_go_on=starves,
        draws_forbidden_tokens=options.learning is Learning.FAILURES,
    )
    if options.learning in {Learning.CONES, Learning.FAILURES}:
        state.trie.learn(done.lessons)
    accepted = sum(text.is_accepted for text in done.texts)
    return replace(state, n_attempts=state.n_attempts + batch, n_accepted=state.n_accepted + accepted), done


def cars(
    key: RandomKey,
    target: Target,
    n: int,
    options: CARSOptions | None = None,
    trie: PrefixTrie | None = None,
    soft: SoftTarget | None = None,
    on_progress: Callable[[int], object] = lambda _: None,
) -> WeightedTexts:
    """n independent draws from the target, or what the attempts allowed.

    If fewer than n are accepted, either those are returned or, where they are worth more, all attempts with their
    weights, and `is_exact` is False. `on_progress` hears how many texts there are after each batch.
    `log_evidence` is from the weights of all attempts: unbiased if the attempts run out, else high by about 1 / n, as
    they end with a success.
    Once all texts are known to be dead no more attempts are made.
    Raises `InvalidOption`, `BadLogits`, and `EnvelopeExceeded` if the soft target's envelope rises.
    """
    if n < 1:
        raise InvalidOption("n", n, "at least 1")
    state = init(target, options, trie, soft)
    batches: list[Descents] = []
    while state.n_accepted < n and state.n_attempts < state.options.max_attempts:
        state, done = step(key, state)
        batches.append(done)
        on_progress(min(n, state.n_accepted))
        if state.trie.log_root == -math.inf:
            break
    effort = Effort(n_rows=sum(done.n_rows for done in batches), n_attempts=state.n_attempts)
    texts = [text for done in batches for text in done.texts]
    log_weights = np.array([log_weight for done in batches for log_weight in done.log_weights])
    log_z = log_mean_exp(log_weights)
    returned = [text.as_text(log_z) for text in texts if text.is_accepted][:n]
    if len(returned) == n:
        return WeightedTexts(target, tuple(returned), log_z, effort, is_exact=True)
    went_on = any(done.are_finished for done in batches)
    if (went_on or not returned) and effective_sample_size(log_weights) >= len(returned):
        returned = [text.as_text(log_weight) for text, log_weight in zip(texts, log_weights.tolist(), strict=True)]
    short = f"only {state.n_accepted} of {n} texts were accepted in {state.n_attempts} attempts"
    return WeightedTexts(target, tuple(returned), log_z, effort, declared=(short,))
