"""Maskwright's methods as quality is measured on them.

Each gives texts as its user would take them: all texts where each is a draw (masked decoding, ASAp, CARS and the other
rejections, chains), one of each run by weight where a run is a population (SMC, stochastic beams).
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass, replace

from bench.sampling.method import Draws, Method, Sampler, Setting
from bench.sampling.ours import ENGINE, anything_in, grammar_checker, no_bytes
from maskwright.sampling.asap import asap
from maskwright.sampling.awrs.estimate import Estimator
from maskwright.sampling.awrs.geometric import geometric
from maskwright.sampling.awrs.proposal import CheckedProposal
from maskwright.sampling.awrs.recursive import recursive
from maskwright.sampling.cars import CARSOptions, Learning, cars
from maskwright.sampling.masked_decoding import decode
from maskwright.sampling.mcmc import Cut, MCMCOptions, independence_mh, mcmc, priority, restart, uniform
from maskwright.sampling.prefix_trie import PrefixTrie
from maskwright.sampling.random_key import RandomKey
from maskwright.sampling.search.stochastic_beam import stochastic_beam_search
from maskwright.sampling.smc import SMCOptions, smc
from maskwright.sampling.target import Ending
from maskwright.sampling.twisted_smc import TrieGuide
from maskwright.sampling.weighted_texts import WeightedTexts

ATTEMPTS_PER_TEXT = 100
"""What methods that reject may spend; where this is too little they are starved, and the table says so."""

MCMC_STEPS = 20
CHAINS_AT_ONCE = 50


def quality_methods(n_particles: int) -> list[Method]:
    """Every method that samples from a target."""
    n = n_particles
    return [
        Method("masked decoding", ENGINE, _Masked),
        Method("rejection", ENGINE, lambda setting: _cars(setting, Learning.NOTHING)),
        Method("ARS", ENGINE, lambda setting: _cars(setting, Learning.FAILURES)),
        Method("RSFT", ENGINE, lambda setting: _cars(setting, Learning.FIRST_TOKEN)),
        Method("CARS", ENGINE, lambda setting: _cars(setting, Learning.CONES)),
        Method("ASAp", ENGINE, _asap),
        Method(f"SIS, N={n}", ENGINE, lambda setting: _smc(setting, SMCOptions(n, 0.0))),
        Method(f"SMC, N={n}, τ=0.5", ENGINE, lambda setting: _smc(setting, SMCOptions(n, 0.5))),
        Method(f"SMC, N={n}, τ=0.9", ENGINE, lambda setting: _smc(setting, SMCOptions(n, 0.9))),
        Method(f"SMC, trie twist, N={n}, τ=0.5", ENGINE, lambda setting: _twisted_smc(setting, SMCOptions(n, 0.5))),
        Method(f"SMC, AWRS geometric, N={n}, τ=0.5", ENGINE, lambda setting: _checked_smc(setting, n, geometric)),
        Method(f"SMC, AWRS recursive, N={n}, τ=0.5", ENGINE, lambda setting: _checked_smc(setting, n, recursive)),
        Method(f"MCMC, uniform, {MCMC_STEPS} steps", ENGINE, lambda setting: _mcmc(setting, uniform)),
        Method(f"MCMC, priority, {MCMC_STEPS} steps", ENGINE, lambda setting: _mcmc(setting, priority)),
        Method(f"MCMC, restart, {MCMC_STEPS} steps", ENGINE, lambda setting: _mcmc(setting, restart)),
        Method(f"independence MH, N={n}", ENGINE, lambda setting: _independence(setting, SMCOptions(n, 0.0))),
        Method(f"stochastic beam, k={n}", ENGINE, lambda setting: _stochastic_beam(setting, n)),
    ]


@dataclass(frozen=True, slots=True)
class AllTexts:
    """A sampler each of whose texts is a draw: `sample(key, n)` gives n of them."""

    sample: Callable[[RandomKey, int], WeightedTexts]

    def draw(self, n: int, seed: int, /) -> Draws:
        """n texts, and their weights unless these are equal."""
        sample = self.sample(RandomKey.from_seed(seed), n)
        draws = Draws([sample.target.without_end(text.token_ids) for text in sample.alive])
        draws.n_failed = n - len(draws.texts)
        if not sample.is_exact:
            _keep_weights(draws, sample)
        return draws


@dataclass(frozen=True, slots=True)
class OneOfEachRun:
    """A sampler whose runs give a population, of which one text is taken by weight."""

    run: Callable[[RandomKey], WeightedTexts]

    def draw(self, n: int, seed: int, /) -> Draws:
        """A text of each of n runs."""
        draws = Draws()
        for number in range(n):
            key = RandomKey.from_seed(seed).child(number)
            sample = self.run(key.child(0))
            _keep_weights(draws, sample)
            if sample.alive:
                draws.texts.append(sample.target.without_end(sample.choose(key.child(1)).token_ids))
            else:
                draws.n_failed += 1
        return draws


def _keep_weights(draws: Draws, sample: WeightedTexts) -> None:
    if sample.log_evidence is not None:
        draws.log_z.append(sample.log_evidence)
        for text in sample.alive:
            draws.weights[sample.target.without_end(text.token_ids)] += math.exp(text.log_weight)


@dataclass(frozen=True, slots=True)
class _Masked:
    """Masked decoding: each text with the weight that would correct it."""

    setting: Setting

    def draw(self, n: int, seed: int, /) -> Draws:
        """n texts."""
        draws, target = Draws(), self.setting.target
        for number in range(n):
            decoded = decode(RandomKey.from_seed(seed).child(number), target)
            if decoded.ending is not Ending.FINISHED:
                draws.n_failed += 1
                draws.log_z.append(-math.inf)
                continue
            text = target.without_end(decoded.token_ids)
            draws.texts.append(text)
            draws.weights[text] += math.exp(decoded.log_weight)
            draws.log_z.append(decoded.log_weight)
        return draws


def _cars(setting: Setting, learning: Learning) -> Sampler:
    trie = PrefixTrie()

    def sample(key: RandomKey, n: int) -> WeightedTexts:
        options = CARSOptions(max_attempts=ATTEMPTS_PER_TEXT * n, learning=learning, goes_on_after=None)
        return cars(key, setting.target, n, options, trie)

    return AllTexts(sample)


def _asap(setting: Setting) -> Sampler:
    trie = PrefixTrie()
    return AllTexts(lambda key, n: asap(key, setting.target, n, trie=trie))


def _smc(setting: Setting, options: SMCOptions) -> Sampler:
    return OneOfEachRun(lambda key: smc(key, setting.target, options))


def _twisted_smc(setting: Setting, options: SMCOptions) -> Sampler:
    guide = TrieGuide(PrefixTrie())
    guided = replace(options, proposal=guide.propose, twist=guide.twist)

    def run(key: RandomKey) -> WeightedTexts:
        texts = smc(key, setting.target, guided)
        guide.learn()
        return texts

    return OneOfEachRun(run)


def _checked_smc(setting: Setting, n_particles: int, estimator: Estimator) -> Sampler:
    """The grammar is only asked token by token, as the peer's AWRS asks it."""
    target, ends = setting.target, setting.target.eos_token_ids
    proposal = CheckedProposal(grammar_checker(target.matcher, ends), no_bytes, estimator=estimator)
    options = SMCOptions(n_particles, 0.5, proposal=proposal)
    unmasked = replace(target, matcher=anything_in(setting.alphabet, setting.loaded.vocabulary))
    return OneOfEachRun(lambda key: smc(key, unmasked, options))


def _mcmc(setting: Setting, cut: Cut) -> Sampler:
    """The last text of each chain."""

    def sample(key: RandomKey, n: int) -> WeightedTexts:
        parts = [
            mcmc(
                key.child(begin),
                setting.target,
                MCMCOptions(min(CHAINS_AT_ONCE, n - begin), MCMC_STEPS, MCMC_STEPS - 1, cut=cut),
            ).texts
            for begin in range(0, n, CHAINS_AT_ONCE)
        ]
        return replace(parts[0], texts=tuple(text for part in parts for text in part.texts))

    return AllTexts(sample)


def _independence(setting: Setting, options: SMCOptions) -> Sampler:
    """The last text of the chain."""

    def run(key: RandomKey) -> WeightedTexts:
        chain = independence_mh(key.child(1), smc(key.child(0), setting.target, options))
        return replace(chain, texts=chain.texts[-1:], log_evidence=None)

    return OneOfEachRun(run)


def _stochastic_beam(setting: Setting, k: int) -> Sampler:
    return OneOfEachRun(lambda key: stochastic_beam_search(setting.target, key, k=k).weighted())
