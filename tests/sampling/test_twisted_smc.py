"""SMC guided by a prefix trie that learns from run to run, on the toy T; its unguided figures are in brackets."""

from __future__ import annotations

import math

import numpy as np

from maskwright.sampling.enumeration import exact
from maskwright.sampling.prefix_trie import PrefixTrie
from maskwright.sampling.random_key import RandomKey
from maskwright.sampling.smc import SMCOptions, smc
from maskwright.sampling.target import Target
from maskwright.sampling.twisted_smc import TrieGuide, twisted_smc
from maskwright.sampling.weighted_texts import WeightedTexts
from tests.sampling.statistics import shares
from tests.sampling.toys import remembered, toy


def guided_runs(key: RandomKey, target: Target, n_runs: int, n_particles: int = 10) -> list[WeightedTexts]:
    """Runs that share a trie, in their order; each is guided by what those before it have learnt."""
    guide = TrieGuide(PrefixTrie())
    options = SMCOptions(n_particles, proposal=guide.propose, twist=guide.twist)
    runs = []
    for run in range(n_runs):
        runs.append(smc(key.child(run), target, options))
        guide.learn()
    return runs


def test_by_the_fiftieth_run_the_estimate_hardly_varies() -> None:
    """sd(Ẑ) / Z over 100 tries is at most a tenth (1.4), and the mean of all 50 runs of each try is unbiased."""
    target = remembered(toy())
    z = math.exp(exact(target).log_z)
    estimates = np.exp(
        [
            [run.log_evidence for run in guided_runs(RandomKey.from_seed(2).child(repeat), target, 50)]
            for repeat in range(100)
        ]
    )
    assert estimates[:, 49].std() / z <= 0.1
    # The runs of one try share a trie, so tries are the independent ones.
    tries = estimates.mean(1)
    error = tries.std() / 10
    assert error / z <= 0.04
    assert abs(tries.mean() - z) <= 4 * error


def test_texts_drawn_one_from_each_run_are_close_to_the_target() -> None:
    """TV of 2,000 runs at most twice the noise floor (.38, which is ten times as much)."""
    target = remembered(toy())
    truth = exact(target)
    key = RandomKey.from_seed(5)
    drawn = [
        target.without_end(run.choose(key.child(n, 1)).token_ids)
        for n, run in enumerate(guided_runs(key.child(0), target, 2000))
    ]
    assert truth.total_variation(shares(drawn)) <= 2 * truth.noise_floor(2000)


def test_runs_are_independent_where_nothing_is_learnt() -> None:
    """One key for all of them would give one population again and again, which looks like certainty."""
    sample = twisted_smc(RandomKey.from_seed(3), toy(), 3, SMCOptions(10, ess_threshold=0.0), PrefixTrie(max_nodes=1))
    runs = {sample.texts[begin : begin + 10] for begin in (0, 10, 20)}
    assert len(runs) == 3
    assert sample.effort.n_attempts == 30
