"""The samplers by their names: one call, one kind of result, whatever the method.

    sample = run(Method.CARS, key, target, n=100)

Each method's own module has its options and says what it is good for; here they have those that suit most targets.
`auto.choose` names one.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from enum import Enum

from maskwright.errors import InvalidOption
from maskwright.sampling.asap import asap
from maskwright.sampling.cars import CARSOptions, cars
from maskwright.sampling.mcmc import MCMCOptions, mcmc
from maskwright.sampling.prefix_trie import PrefixTrie
from maskwright.sampling.proposal import Proposal
from maskwright.sampling.random_key import RandomKey
from maskwright.sampling.search.beam import BeamOptions, beam_search
from maskwright.sampling.smc import SMCOptions, smc
from maskwright.sampling.target import Ending, Target
from maskwright.sampling.twisted_smc import twisted_smc
from maskwright.sampling.weighted_texts import Effort, SampledText, WeightedTexts, pooled

Progress = Callable[[int], object]
"""Hears how many texts there are."""

CHAINS_ENDED = "each text is where a chain was after {} steps from masked decoding; how near the target is not known"


class Method(Enum):
    """The samplers, by the names of the command line.

    MASKED: masked decoding, with its importance weights.  CARS: independent exact draws.  ASAP, SMC (guided by the
    trie): weighted texts that learn.  AWRS: SMC with a checker.  MCMC: ends of chains.  BEAM: the most probable texts.
    """

    MASKED = "masked"
    ASAP = "asap"
    CARS = "cars"
    AWRS = "awrs"
    SMC = "smc"
    MCMC = "mcmc"
    BEAM = "beam"


@dataclass(frozen=True, slots=True)
class MethodOptions:
    """What the methods are given.

    n_particles: texts of one run of SMC or AWRS.  batch: texts side by side in CARS and ASAp.  max_attempts: of CARS.
    n_steps: of each Markov chain.  proposal: what AWRS draws tokens by, a `CheckedProposal`.  trie: what is known of
    the target, and what CARS, ASAp and SMC learn into.  Raises `InvalidOption`.
    """

    n_particles: int = 32
    batch: int = 8
    max_attempts: int = 10_000
    n_steps: int = 20
    proposal: Proposal | None = None
    trie: PrefixTrie = field(default_factory=PrefixTrie)

    def __post_init__(self) -> None:
        for name in ("n_particles", "batch", "max_attempts", "n_steps"):
            if (value := getattr(self, name)) < 1:
                raise InvalidOption(name, value, "at least 1")


def run(
    method: Method,
    key: RandomKey,
    target: Target,
    n: int,
    options: MethodOptions | None = None,
    on_progress: Progress = lambda _: None,
) -> WeightedTexts:
    """About n texts by a method: rounded up to whole runs, fewer where there are no more.

    Raises `InvalidOption`, `BadLogits`.
    """
    if n < 1:
        raise InvalidOption("n", n, "at least 1")
    return _RUN[method](key, target, n, options or MethodOptions(), on_progress)


def _masked(key: RandomKey, target: Target, n: int, options: MethodOptions, on_progress: Progress) -> WeightedTexts:
    return _in_runs(key, target, n, SMCOptions(min(n, options.n_particles), ess_threshold=0.0), on_progress)


def _awrs(key: RandomKey, target: Target, n: int, options: MethodOptions, on_progress: Progress) -> WeightedTexts:
    if options.proposal is None:
        raise InvalidOption("proposal", None, "a CheckedProposal: AWRS is for checkers")
    population = SMCOptions(min(n, options.n_particles), proposal=options.proposal)
    return _in_runs(key, target, n, population, on_progress)


def _in_runs(key: RandomKey, target: Target, n: int, options: SMCOptions, on_progress: Progress) -> WeightedTexts:
    runs = []
    for number in range(-(-n // options.n_particles)):
        runs.append(smc(key.child(number), target, options))
        on_progress(min(n, (number + 1) * options.n_particles))
    return pooled(runs)


def _smc(key: RandomKey, target: Target, n: int, options: MethodOptions, on_progress: Progress) -> WeightedTexts:
    size = min(n, options.n_particles)
    return twisted_smc(
        key, target, -(-n // size), SMCOptions(size), options.trie, lambda done: on_progress(min(n, done * size))
    )


def _cars(key: RandomKey, target: Target, n: int, options: MethodOptions, on_progress: Progress) -> WeightedTexts:
    attempts = CARSOptions(options.max_attempts, options.batch)
    return cars(key, target, n, attempts, options.trie, on_progress=on_progress)


def _asap(key: RandomKey, target: Target, n: int, options: MethodOptions, on_progress: Progress) -> WeightedTexts:
    return asap(key, target, n, min(n, options.batch), options.trie, on_progress=on_progress)


def _mcmc(key: RandomKey, target: Target, n: int, options: MethodOptions, on_progress: Progress) -> WeightedTexts:
    """The last text of each of n chains, which are independent of each other."""
    runs = []
    for begin in range(0, n, options.n_particles):
        size = min(n - begin, options.n_particles)
        steps = MCMCOptions(size, options.n_steps, burn_in=options.n_steps - 1)
        runs.append(mcmc(key.child(begin), target, steps).texts)
        on_progress(begin + size)
    sample = pooled(runs)
    return replace(sample, declared=(CHAINS_ENDED.format(options.n_steps), *sample.declared))


def _beam(_: RandomKey, target: Target, n: int, _options: MethodOptions, on_progress: Progress) -> WeightedTexts:
    """The n best texts, as a sample whose weights are their probabilities; no estimate of Z."""
    found = beam_search(target, BeamOptions(width=max(16, 4 * n)), n=n)
    on_progress(len(found.texts))
    texts = tuple(
        SampledText(text.token_ids, Ending.FINISHED, text.log_probability, text.log_probability) for text in found.texts
    )
    declared = ("the most probable texts that a beam finds, and no sample", *found.declared)
    log_evidence = -math.inf if found.log_bound == -math.inf and not texts else None
    return WeightedTexts(target, texts, log_evidence, Effort(n_rows=found.n_rows), declared=declared)


_RUN = {
    Method.MASKED: _masked,
    Method.ASAP: _asap,
    Method.CARS: _cars,
    Method.AWRS: _awrs,
    Method.SMC: _smc,
    Method.MCMC: _mcmc,
    Method.BEAM: _beam,
}
