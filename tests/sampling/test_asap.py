"""ASAp: always texts of the language, weighted exactly, and closer to the target the more were drawn."""

from __future__ import annotations

import math

import numpy as np
import pytest

from maskwright.sampling.asap import asap
from maskwright.sampling.enumeration import exact
from maskwright.sampling.prefix_trie import PrefixTrie
from maskwright.sampling.random_key import RandomKey
from tests.sampling.statistics import shares
from tests.sampling.toys import toy


@pytest.mark.parametrize("batch", [1, 16])
def test_the_law_of_late_draws_is_the_target(batch: int) -> None:
    target = toy()
    truth = exact(toy())
    sample = asap(RandomKey.from_seed(2), target, 20_000, batch)
    drawn = [target.without_end(text.token_ids) for text in sample.texts]
    assert set(drawn) <= set(truth.texts)
    late = drawn[10_000:]
    assert truth.total_variation(shares(late)) <= 1.5 * truth.noise_floor(len(late))
    # The first ones follow masked decoding, not the target.
    assert truth.total_variation(shares(drawn[:100])) > 2 * truth.noise_floor(100) or batch == 1


def test_the_mean_weight_is_the_mass_of_the_language_from_the_first_draw_on() -> None:
    """|z| <= 4 over 2,400 runs of 8 draws, false alarm one in 15,000; the spread is that of importance sampling."""
    log_z = exact(toy()).log_z
    estimates = []
    for seed in range(2400):
        sample = asap(RandomKey.from_seed(seed), toy(), 8, batch=8)
        estimates.append(math.exp(sample.log_evidence - log_z))
    z = (np.mean(estimates) - 1) / (np.std(estimates) / math.sqrt(len(estimates)))
    assert abs(z) <= 4
    assert np.std(estimates) / math.sqrt(len(estimates)) < 0.04


def test_weights_become_equal_as_the_trie_learns() -> None:
    trie = PrefixTrie()
    log_z = exact(toy()).log_z
    asap(RandomKey.from_seed(3), toy(), 3000, 10, trie)
    sample = asap(RandomKey.from_seed(4), toy(), 50, 10, trie)
    assert np.exp(sample.log_weights - log_z) == pytest.approx(np.ones(50), rel=0.05)
    assert sample.effective_sample_size > 49.9
