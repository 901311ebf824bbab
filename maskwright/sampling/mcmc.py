"""Markov chains over complete texts: cut one somewhere, write its end anew, and keep the better of the two by chance.

    chains = mcmc(key, target, MCMCOptions(n_chains=8, n_steps=40, cut=priority))
    chains.texts.probabilities(), chains.acceptance_rate

From a text y a step draws a position i by ρ_y, keeps y_{<i}, and draws the rest by masked decoding, q. The same y' is
reached from every cut inside the common prefix of both, so

    q(y' | y) = Σ_{i <= lcp(y, y')} ρ_y(i) Π_{j >= i} q(y'_j | y'_{<j})
    accept with probability min(1, p(y') q(y | y') / (p(y) q(y' | y)))

and leaving out all but the cut that was drawn breaks detailed balance. ρ is uniform, or proportional to exp(H_i) − 1
for the entropy H_i of the masked row (cuts where there was something to choose), or always 0 (restart).

Source: "Constrained sampling for language models should be easy: an MCMC perspective", arXiv 2506.05754, NeurIPS 2025;
Metropolis and Hastings: Robert and Casella, "Monte Carlo Statistical Methods", 2004, section 7.3.

What was computed on the way is kept, (log p, log Z, ρ's weight) for each token, so no text is ever scored again; the
published codes score each with passes of the model. For restarts the ratio is w(y') / w(y), w = Π Z_t.
A proposal that ends dead is rejected. A chain whose first text is dead restarts until it finds a living one.
All chains go in lockstep and share the model's calls. Cost of a step: a row for each token written anew.
No stopping rule is known: where weights w have a long tail chains stay long where they are, and the acceptance rate is
the sign of it. Exact samplers and SMC say how good they are; prefer them where they can afford the target.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

import numpy as np

from maskwright.errors import InvalidOption
from maskwright.sampling.inversion import chosen_place
from maskwright.sampling.proposal import masked_proposal
from maskwright.sampling.random_key import RandomKey
from maskwright.sampling.rows import Floats, MaskedRow
from maskwright.sampling.target import Draft, Ending, Target
from maskwright.sampling.weighted_texts import Effort, SampledText, WeightedTexts

CUTTING, WRITING, ACCEPTING = 0, 1, 2
"""What the children of a chain's key are for."""


Cut = Callable[[MaskedRow, int], float]
"""How much a text is to be cut before a token, given its row and position: a weight of at least 0, up to a factor."""


def uniform(_row: MaskedRow, _position: int) -> float:
    """Every position alike."""
    return 1.0


def priority(row: MaskedRow, _position: int) -> float:
    """exp(H) − 1 for the entropy H of the masked row in nats: about how many other tokens there were to choose."""
    log_q = row.log_probabilities(row.allowed()) - row.log_mass
    return math.expm1(max(0.0, -float(np.exp(log_q) @ log_q)))


def restart(_row: MaskedRow, position: int) -> float:
    """Always before the first token."""
    return float(position == 0)


@dataclass(frozen=True, slots=True)
class Written:
    """A text with what masked decoding knew when it wrote it.

    steps: float64[n, 3], for each token log p, log Z of its row, and the weight of a cut before it.
    """

    token_ids: tuple[int, ...]
    steps: Floats
    ending: Ending

    @property
    def is_alive(self) -> bool:
        """It is a text of the language."""
        return self.ending is Ending.FINISHED

    @property
    def log_probabilities(self) -> Floats:
        """float64[n]: log p of each token."""
        return self.steps[:, 0]

    @property
    def log_tails(self) -> Floats:
        """float64[n]: for each cut, log of the probability with which masked decoding writes the rest."""
        return np.cumsum((self.steps[:, 0] - self.steps[:, 1])[::-1])[::-1]

    @property
    def cut_probabilities(self) -> Floats:
        """float64[n]: ρ, where the text is cut; uniform where no cut has any weight, as nowhere was a choice."""
        weights = self.steps[:, 2]
        total = weights.sum()
        return weights / total if total > 0 else np.full(len(weights), 1 / len(weights))


NOTHING = Written((), np.empty((0, 3)), Ending.REJECTED)
"""Before the first text."""


@dataclass(frozen=True, slots=True)
class MCMCOptions:
    """How chains run: each n_steps steps, of which those after `burn_in` are kept, one in `thin`.

    n_chains: side by side, independent of each other.  cut: where a text is cut: `priority`, `uniform`, `restart`, or a
    function of your own.  batch_rows: the most rows in one call of the model, None for no limit.
    Raises `InvalidOption`.
    """

    n_chains: int = 1
    n_steps: int = 20
    burn_in: int = 0
    thin: int = 1
    cut: Cut = priority
    batch_rows: int | None = None

    def __post_init__(self) -> None:
        for name in ("n_chains", "n_steps", "thin", "batch_rows"):
            value = getattr(self, name)
            if value is not None and value < 1:
                raise InvalidOption(name, value, "at least 1")
        if not 0 <= self.burn_in < self.n_steps:
            raise InvalidOption("burn_in", self.burn_in, f"from 0 to {self.n_steps - 1}")


@dataclass(frozen=True, slots=True)
class MCMCState:
    """Where each chain is."""

    texts: tuple[Written, ...]
    n_rows: int = 0


@dataclass(frozen=True, slots=True)
class MCMCInfo:
    """What a step did.  cuts: where each text was cut.  accepted: which proposals were taken; the same text is one."""

    cuts: tuple[int, ...]
    accepted: tuple[bool, ...]


@dataclass(frozen=True, slots=True)
class Chains:
    """The kept texts, of equal weight, chain after chain at each kept step; and how many proposals were accepted."""

    texts: WeightedTexts
    acceptance_rate: float


def mcmc(key: RandomKey, target: Target, options: MCMCOptions = MCMCOptions()) -> Chains:
    """A sample from chains that began at masked decoding; texts of one chain depend on each other."""
    state = init(key.child(0), target, options)
    kept: list[Written] = []
    n_accepted = 0
    for t in range(1, options.n_steps + 1):
        state, info = step(key.child(t), target, state, options)
        n_accepted += sum(info.accepted)
        if t > options.burn_in and (t - options.burn_in) % options.thin == 0:
            kept += state.texts
    n_proposals = options.n_chains * options.n_steps
    texts = tuple(
        SampledText(
            text.token_ids, text.ending, float(text.log_probabilities.sum()), 0.0 if text.is_alive else -math.inf
        )
        for text in kept
    )
    effort = Effort(state.n_rows, n_proposals + options.n_chains)
    return Chains(WeightedTexts(target, texts, None, effort), n_accepted / n_proposals)


def init(key: RandomKey, target: Target, options: MCMCOptions) -> MCMCState:
    """Chains at texts that masked decoding wrote."""
    keys = [key.child(i, WRITING) for i in range(options.n_chains)]
    texts, n_rows = rewrite(keys, target, [(NOTHING, 0)] * options.n_chains, options)
    return MCMCState(tuple(texts), n_rows)


def step(key: RandomKey, target: Target, state: MCMCState, options: MCMCOptions) -> tuple[MCMCState, MCMCInfo]:
    """One proposal for each chain, accepted or not."""
    keys = [key.child(i) for i in range(len(state.texts))]
    cuts = [
        chosen_place(text.cut_probabilities, chain.child(CUTTING).uniform()) if text.is_alive else 0
        for chain, text in zip(keys, state.texts, strict=True)
    ]
    proposals, n_rows = rewrite(
        [chain.child(WRITING) for chain in keys],
        target,
        list(zip(state.texts, cuts, strict=True)),
        options,
    )
    accepted = tuple(
        chain.child(ACCEPTING).uniform() < math.exp(log_acceptance(text, proposal))
        for chain, text, proposal in zip(keys, state.texts, proposals, strict=True)
    )
    texts = tuple(
        proposal if is_accepted else text
        for text, proposal, is_accepted in zip(state.texts, proposals, accepted, strict=True)
    )
    return MCMCState(texts, state.n_rows + n_rows), MCMCInfo(tuple(cuts), accepted)


def log_acceptance(current: Written, proposal: Written) -> float:
    """log of the probability of going from one text to the other once that one is proposed."""
    if not proposal.is_alive:
        return -math.inf
    if not current.is_alive or current.token_ids == proposal.token_ids:
        return 0.0
    # Neither text is the beginning of the other, since both end with an end token: n_common is below both lengths.
    pairs = zip(current.token_ids, proposal.token_ids, strict=False)
    n_common = next(n for n, (a, b) in enumerate(pairs) if a != b)
    log_p = proposal.log_probabilities[n_common:].sum() - current.log_probabilities[n_common:].sum()
    there, back = _log_proposal(current, proposal, n_common), _log_proposal(proposal, current, n_common)
    return min(0.0, float(log_p) + back - there)


def _log_proposal(start: Written, end: Written, n_common: int) -> float:
    """log q(end | start): the sum over all cuts from which `end` can be written."""
    tails = np.exp(end.log_tails[: n_common + 1] - end.log_tails[n_common])  # the last of them is the largest
    share = float(start.cut_probabilities[: n_common + 1] @ tails)
    return float(end.log_tails[n_common]) + (math.log(share) if share > 0 else -math.inf)


def rewrite(
    keys: Sequence[RandomKey], target: Target, texts: Sequence[tuple[Written, int]], options: MCMCOptions
) -> tuple[list[Written], int]:
    """Each text cut at its position and ended anew by masked decoding, all in lockstep; and the rows that it took."""
    drafts: list[Draft] = []
    steps: list[list[tuple[float, ...]]] = []
    for text, cut in texts:
        draft = target.start()
        for token, log_p in zip(text.token_ids[:cut], text.log_probabilities[:cut].tolist(), strict=True):
            draft.read(token, log_p)
        drafts.append(draft)
        steps.append([tuple(step) for step in text.steps[:cut].tolist()])
    endings: list[Ending | None] = [None] * len(texts)
    n_rows = 0
    while active := [i for i, ending in enumerate(endings) if ending is None]:
        now = [drafts[i] for i in active]
        rows = target.rows(now, options.batch_rows)
        n_rows += len(set(rows))
        proposals = masked_proposal([keys[i].child(len(drafts[i].token_ids)) for i in active], now, rows)
        for i, draft, row, proposed in zip(active, now, rows, proposals, strict=True):
            if proposed.token_id is None:
                endings[i] = proposed.ending
                continue
            weight = options.cut(row, len(draft.token_ids))
            steps[i].append((proposed.log_probability, row.log_mass, weight))
            draft.read(proposed.token_id, proposed.log_probability)
            if draft.is_finished:
                endings[i] = Ending.FINISHED
    written = [
        Written(tuple(draft.token_ids), np.array(of_text).reshape(-1, 3), ending)
        for draft, of_text, ending in zip(drafts, steps, endings, strict=True)
        if ending is not None
    ]
    return written, n_rows


def independence_mh(key: RandomKey, draws: WeightedTexts) -> WeightedTexts:
    """The same draws as a chain: each is a proposal, taken with probability min(1, w' / w), or the last one stays.

    Meant for independent draws with weights, such as importance sampling gives; after resampling they are not quite
    independent. Equal weights come out, so it is an alternative to resampling; it needs no more rows.
    """
    current: SampledText | None = None
    chain: list[SampledText] = []
    for n, draw in enumerate(draws.texts):
        if draw.log_weight > -math.inf:
            gain = draw.log_weight - current.log_weight if current else math.inf
            if gain >= 0 or key.child(n).uniform() < math.exp(gain):
                current = draw
        chain.append(current or draw)
    texts = tuple(replace(text, log_weight=0.0) if text.log_weight > -math.inf else text for text in chain)
    return replace(draws, texts=texts, is_exact=False)
