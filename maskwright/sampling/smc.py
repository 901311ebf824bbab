"""Sequential Monte Carlo: a population of texts that grow together; hopeless ones give their places to promising ones.

    texts = smc(key, target, SMCOptions(n_particles=10, ess_threshold=0.5))
    texts.log_evidence, texts.probabilities(), texts.effective_sample_size

Each of N particles is an unfinished text with a weight w. A step draws a token for each (`proposal.py`) and multiplies
w by the token's weight, for a mask the mass Z_t that it keeps. Where the effective sample size (Σ w)² / Σ w² has fallen
below τN, the next step begins by resampling (`resampling.py`). The mean weight is an unbiased estimate of Z for every
N, τ and resampler. τ = 0 never resamples and is importance sampling.

Source: Doucet and Johansen, "A tutorial on particle filtering and smoothing", 2009; Del Moral, "Feynman-Kac Formulae",
2004, section 7.4, for the unbiased mean; with grammars: Loula et al., ICLR 2025 (arXiv 2504.13139).

- Resampling comes before the model is asked, so particles that are lost cost no row, and copies share one row until
  they differ (`Target.rows`).
- Finished particles stay, may be copied or lost like others, and cost nothing. Dead ones have weight −inf and an
  `Ending` that says why; a population of only dead ones is a result with log evidence −inf.
- Twists and critics (`twists.py`) are kept beside the weights and never divided out of them, so −inf − −inf, the
  classical NaN, cannot arise.
- Texts of different lengths are hard to compare. `is_boundary` says where they can be: a step then goes on to the next
  boundary of each particle.
- With `n_children` = K > 1 each particle is drawn from K times, at weight w / K, from one row of the model, and
  resampling reduces N · K particles to N: with `without_replacement` this is SMC steering (Lew et al., 2023).

Randomness: slot i of step t draws from the key of (t, i) whatever the batches are.
Cost: N rows a step at most, the pass over each (`_rows.py`), and besides about 10 µs a token.
Rejected: resampling after the last step, which only adds noise to weights that can be reported as they are.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass, field

import numpy as np

from maskwright.errors import InvalidOption
from maskwright.sampling.proposal import Proposal, masked_proposal
from maskwright.sampling.random_key import RandomKey
from maskwright.sampling.resampling import Resampler, residual
from maskwright.sampling.rows import Floats
from maskwright.sampling.target import Draft, Ending, Target
from maskwright.sampling.twists import Twist, log_scores
from maskwright.sampling.weighted_texts import (
    Effort,
    SampledText,
    WeightedTexts,
    effective_sample_size,
    log_sum_exp,
)

RESAMPLING, DRAWING = 0, 1
"""What the children of a step's key are for."""


@dataclass(frozen=True, slots=True)
class SMCOptions:
    """How a population grows.

    n_particles: N.  ess_threshold: τ, from 0 (never resample) to 1 (whenever weights differ).  resampler: of
    `resampling.py`.  n_children: K, draws from each particle in a step.  proposal: what draws tokens, by masks alone or
    with a checker.  twist: which unfinished texts deserve copies; changes no target.  critic: a factor of the target.
    is_boundary: where particles may be compared, None for after every token.  batch_rows: the most rows in one call of
    the model, None for no limit.  Raises `InvalidOption`.
    """

    n_particles: int = 10
    ess_threshold: float = 0.5
    resampler: Resampler = residual
    n_children: int = 1
    proposal: Proposal = masked_proposal
    twist: Twist | None = None
    critic: Twist | None = None
    is_boundary: Callable[[Draft], bool] | None = None
    batch_rows: int | None = None

    def __post_init__(self) -> None:
        for name in ("n_particles", "n_children", "batch_rows"):
            value = getattr(self, name)
            if value is not None and value < 1:
                raise InvalidOption(name, value, "at least 1")
        if not 0 <= self.ess_threshold <= 1:
            raise InvalidOption("ess_threshold", self.ess_threshold, "between 0 and 1")


@dataclass(frozen=True, slots=True)
class SMCState:
    """A population; entry i of each belongs to particle i.

    log_weights: float64[m], −inf for the dead.  log_twists: float64[m], what multiplies them when resampling looks, 0
    for ended texts.  endings: None for a text in progress.  m is N, or up to N · K between steps if K > 1.
    """

    drafts: list[Draft]
    log_weights: Floats
    log_twists: Floats
    endings: list[Ending | None]
    effort: Effort = field(default_factory=Effort)

    @property
    def is_done(self) -> bool:
        """No text is in progress."""
        return None not in self.endings


@dataclass(frozen=True, slots=True)
class SMCInfo:
    """What a step did.

    effective_sample_size: before the step, twists included; where `is_resampled`, the reason for it.  n_rows: asked of
    the model.  n_active: texts still in progress.
    log_evidence: of the texts so far, log of the unbiased estimate of their mass.
    """

    effective_sample_size: float
    is_resampled: bool
    n_rows: int
    n_active: int
    log_evidence: float


def smc(key: RandomKey, target: Target, options: SMCOptions = SMCOptions()) -> WeightedTexts:
    """A weighted sample of N texts.

    Raises `BadLogits` and `BadScore` for answers of the model, twist or critic that mean nothing.
    """
    state = init(target, options)
    for t in range(target.max_tokens):
        if state.is_done:
            break
        state, _ = step(key.child(t), state, options)
    return weighted_texts(target, state, options)


def init(target: Target, options: SMCOptions) -> SMCState:
    """N empty texts of weight 1."""
    n = options.n_particles
    return SMCState([target.start()] * n, np.zeros(n), np.zeros(n), [None] * n, Effort(n_attempts=n))


def step(key: RandomKey, state: SMCState, options: SMCOptions) -> tuple[SMCState, SMCInfo]:
    """The population after one more token each, or up to the next boundary; `state` and its drafts are left alone."""
    seen = state.log_weights + state.log_twists
    size = effective_sample_size(seen)
    is_too_large = len(seen) > options.n_particles
    is_resampled = size > 0 and (is_too_large or size < options.ess_threshold * options.n_particles)
    if is_resampled:
        state = _resampled(key.child(RESAMPLING), state, seen, options)
    state = _branched(state, options.n_children)
    n_before = state.effort.n_rows
    state = _extended(key.child(DRAWING), state, options)
    log_evidence = log_sum_exp(state.log_weights) - math.log(options.n_particles)
    n_active = state.endings.count(None)
    return state, SMCInfo(size, is_resampled, state.effort.n_rows - n_before, n_active, log_evidence)


def weighted_texts(target: Target, state: SMCState, options: SMCOptions) -> WeightedTexts:
    """A population that is done as a sample; the mean of its weights is the estimate of Z, also where m is not N."""
    log_weights = state.log_weights + math.log(len(state.drafts) / options.n_particles)
    texts = tuple(
        SampledText(tuple(draft.token_ids), ending, draft.log_probability, log_weight)
        for draft, ending, log_weight in zip(state.drafts, state.endings, log_weights.tolist(), strict=True)
        if ending is not None
    )
    log_evidence = log_sum_exp(state.log_weights) - math.log(options.n_particles)
    by_critic = ("each text counts by the score of its critic",) if options.critic else ()
    declared = by_critic + state.effort.declared
    return WeightedTexts(target, texts, log_evidence, state.effort, declared=declared)


def _resampled(key: RandomKey, state: SMCState, seen: Floats, options: SMCOptions) -> SMCState:
    ancestors, log_weights = options.resampler(key, seen, options.n_particles)
    log_twists = state.log_twists[ancestors]
    places = ancestors.tolist()
    drafts = [state.drafts[i] for i in places]
    return SMCState(drafts, log_weights - log_twists, log_twists, [state.endings[i] for i in places], state.effort)


def _branched(state: SMCState, n_children: int) -> SMCState:
    """K particles of weight w / K for each text in progress."""
    if n_children == 1:
        return state
    copies = np.array([n_children if ending is None else 1 for ending in state.endings])
    places = np.repeat(np.arange(len(copies)), copies)
    log_weights = (state.log_weights - np.log(copies))[places]
    drafts = [state.drafts[i] for i in places.tolist()]
    endings = [state.endings[i] for i in places.tolist()]
    return SMCState(drafts, log_weights, state.log_twists[places], endings, state.effort)


def _extended(key: RandomKey, state: SMCState, options: SMCOptions) -> SMCState:
    """The texts in progress after a token, or the tokens up to a boundary, and their twists."""
    moving = [i for i, ending in enumerate(state.endings) if ending is None]
    drafts, endings = state.drafts.copy(), state.endings.copy()
    for i in moving:
        drafts[i] = drafts[i].fork()
    log_weights = state.log_weights.copy()
    effort = state.effort
    active = moving
    n_tokens = 0
    while active:
        token_key = key.child(n_tokens)
        now = [drafts[i] for i in active]
        rows = now[0].target.rows(now, options.batch_rows)
        proposals = options.proposal([token_key.child(i) for i in active], now, rows)
        effort += Effort(
            n_rows=len(set(rows)),
            n_checks=sum(proposed.n_checks for proposed in proposals),
            n_timeouts=sum(proposed.n_timeouts for proposed in proposals),
            n_failures=sum(proposed.n_failures for proposed in proposals),
        )
        for i, draft, proposed in zip(active, now, proposals, strict=True):
            log_weights[i] += proposed.log_weight
            if proposed.token_id is None or proposed.log_weight == -math.inf:
                endings[i] = proposed.ending or Ending.REJECTED
                continue
            draft.read(proposed.token_id, proposed.log_probability)
            if draft.is_finished:
                endings[i] = Ending.FINISHED
        active = [i for i in active if endings[i] is None and not _is_boundary(drafts[i], options)]
        n_tokens += 1
    moved = SMCState(drafts, log_weights, state.log_twists.copy(), endings, effort)
    _score(moved, moving, options)
    return moved


def _is_boundary(draft: Draft, options: SMCOptions) -> bool:
    return options.is_boundary is None or options.is_boundary(draft)


def _score(state: SMCState, moved: list[int], options: SMCOptions) -> None:
    """Ask twist and critic about the texts that moved; what a critic says of a finished text goes into its weight."""
    open_texts = [i for i in moved if state.endings[i] is None]
    finished = [i for i in moved if state.endings[i] is Ending.FINISHED]
    state.log_twists[moved] = 0.0
    if options.twist and open_texts:
        state.log_twists[open_texts] += log_scores(options.twist, [state.drafts[i] for i in open_texts])
    if options.critic and open_texts + finished:
        scores = log_scores(options.critic, [state.drafts[i] for i in open_texts + finished])
        state.log_twists[open_texts] += scores[: len(open_texts)]
        state.log_weights[finished] += scores[len(open_texts) :]
    for i in open_texts + finished:
        if state.log_twists[i] == -math.inf or state.log_weights[i] == -math.inf:
            state.endings[i] = Ending.REJECTED
            state.log_weights[i] = -math.inf
            state.log_twists[i] = 0.0
