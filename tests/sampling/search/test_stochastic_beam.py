"""Samples without replacement: their law, their inclusion probabilities and their weights, against enumeration.

Statistical tests have fixed seeds; under normality their false-alarm rates are 6e-5 for each figure at 4 standard
errors, and below 1e-3 for a whole table at 4.5.
"""

from __future__ import annotations

import math
from collections import Counter
from itertools import permutations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from maskwright.errors import BadLogits, InvalidOption, LimitExceeded
from maskwright.sampling.enumeration import exact
from maskwright.sampling.random_key import RandomKey
from maskwright.sampling.search.stochastic_beam import Law, StochasticBeam, stochastic_beam_search
from maskwright.sampling.target import Ending, Target
from tests.sampling.search.toys import log_p, random_target
from tests.sampling.toys import ListedLanguage, Text, toy

KEY = RandomKey.from_seed(20)
SIX_TEXTS = frozenset({(0,), (1, 1), (1, 2), (2,), (2, 0, 0), ()})


def six() -> Target:
    """Six texts, most of the mass outside the language, two end tokens, and a text that the budget cuts off."""
    rng = np.random.default_rng(5)
    table = rng.normal(size=(7, 6))

    def model(prefixes: list[tuple[int, ...]]) -> np.ndarray:
        return np.array([table[sum(t + 2 * n for n, t in enumerate(prefix)) % 7] for prefix in prefixes])

    eos = frozenset({3, 5})
    return Target(model, (), ListedLanguage(SIX_TEXTS | {(2, 0, 1, 1)}, eos), 4, eos)


def rates(target: Target, law: Law) -> dict[Text, float]:
    truth = exact(target)
    log_masses = truth.log_masses if law is Law.MASKED else 0.0
    return dict(zip(truth.texts, np.exp(truth.log_probabilities - log_masses).tolist(), strict=True))


@pytest.mark.parametrize("law", list(Law))
def test_texts_come_in_order_without_replacement(law: Law) -> None:
    target, n = six(), 2500
    rate = rates(target, law)
    assert set(rate) == SIX_TEXTS
    total = sum(rate.values())
    if law is Law.MODEL:
        assert total < 0.5
    counts: Counter[tuple[Text, Text]] = Counter()
    for run in range(n):
        first, second = stochastic_beam_search(target, KEY.child(run), k=2, law=law).texts
        counts[target.without_end(first.token_ids), target.without_end(second.token_ids)] += 1
    for one, other in permutations(rate, 2):
        p = rate[one] / total * rate[other] / (total - rate[one])
        assert abs(counts[one, other] - n * p) <= 4.5 * math.sqrt(n * p * (1 - p)) + 1
    assert sum(counts.values()) == n


@pytest.mark.parametrize("law", list(Law))
def test_inclusion_probabilities_are_exact(law: Law) -> None:
    # 1 / ι counts each text once in expectation, whether or not it is likely to be in.
    target, n = six(), 3000
    sums = {text: np.zeros(n) for text in SIX_TEXTS}
    for run in range(n):
        sample = stochastic_beam_search(target, KEY.child(1, run), k=2, law=law)
        for text, log_inclusion in zip(sample.texts, sample.log_inclusions, strict=True):
            sums[target.without_end(text.token_ids)][run] = math.exp(-log_inclusion)
    for values in sums.values():
        assert abs(values.mean() - 1) <= 4 * values.std() / math.sqrt(n)


@pytest.mark.parametrize(("law", "n", "worst"), [(Law.MODEL, 400, 0.02), (Law.MASKED, 1500, 0.1)])
def test_weights_estimate_sums_over_the_language_without_bias(law: Law, n: int, worst: float) -> None:
    target = toy()
    known = log_p(exact(target))
    for key, of_interest in ((2, lambda text: 1.0), (3, lambda text: float(len(text) > 3))):
        wanted = sum(math.exp(value) * of_interest(text) for text, value in known.items())
        estimates = np.zeros(n)
        for run in range(n):
            sample = stochastic_beam_search(target, KEY.child(key, run), k=5, law=law)
            shares = zip(sample.texts, np.exp(sample.log_weights), strict=True)
            estimates[run] = sum(weight * of_interest(text.token_ids[:-1]) for text, weight in shares)
        error = estimates.std() / math.sqrt(n)
        assert abs(estimates.mean() - wanted) <= 4 * error
        if key == 2:
            assert error / wanted <= worst


@settings(max_examples=40, deadline=None)
@given(st.integers(0, 10_000), st.sampled_from(list(Law)))
def test_a_sample_of_everything_is_enumeration(seed: int, law: Law) -> None:
    target = random_target(seed)
    truth = exact(target)
    sample = stochastic_beam_search(target, KEY.child(seed), k=len(truth.texts), law=law)
    assert sample.log_threshold == -math.inf
    assert (sample.log_inclusions == 0).all()
    found = {target.without_end(text.token_ids): text.log_probability for text in sample.texts}
    assert found == pytest.approx(log_p(truth))
    weighted = sample.weighted()
    assert weighted.log_evidence == pytest.approx(truth.log_z)
    assert truth.total_variation(weighted.probabilities()) < 1e-9
    assert sample.n_rows <= truth.n_rows + 60


@settings(max_examples=40, deadline=None)
@given(st.integers(0, 10_000), st.sampled_from(list(Law)), st.integers(1, 6))
def test_a_smaller_sample_is_the_head_of_a_larger_one(seed: int, law: Law, k: int) -> None:
    target = random_target(seed)
    small = stochastic_beam_search(target, KEY.child(seed), k=k, law=law)
    large = stochastic_beam_search(target, KEY.child(seed), k=k + 3, law=law)
    assert small.texts == large.texts[:k]
    assert small == stochastic_beam_search(target, KEY.child(seed), k=k, law=law)
    if len(large.texts) > k:
        assert small.log_threshold == large.texts[k].score


@pytest.mark.parametrize("law", list(Law))
def test_children_beyond_a_chunk_come_when_the_row_is_asked_for_again(
    law: Law, monkeypatch: pytest.MonkeyPatch
) -> None:
    def samples() -> list[StochasticBeam]:
        return [stochastic_beam_search(random_target(s), KEY.child(s), k=1 + s % 7, law=law) for s in range(40)]

    whole = samples()
    monkeypatch.setattr("maskwright.sampling.search.stochastic_beam.CHILDREN_PER_ROW", 1)
    one_by_one = samples()
    assert sum(sample.n_rows for sample in one_by_one) > sum(sample.n_rows for sample in whole)
    for before, after in zip(whole, one_by_one, strict=True):
        assert [text.token_ids for text in before.texts] == [text.token_ids for text in after.texts]
        assert [text.score for text in before.texts] == pytest.approx([text.score for text in after.texts])


def test_masked_decoding_needs_few_rows() -> None:
    for run in range(50):
        sample = stochastic_beam_search(toy(), KEY.child(5, run), k=5, law=Law.MASKED)
        assert sample.n_rows <= (5 + 1) * 6


@pytest.mark.parametrize("log_mass", [-2.0, -12.0, -300.0, -900.0])
def test_a_language_of_hardly_any_mass_is_sampled_all_the_same(log_mass: float) -> None:
    eos = frozenset({3})
    rows = np.array([log_mass, log_mass + 1, 0.0, 0.0])
    target = Target(
        lambda prefixes: np.tile(rows, (len(prefixes), 1)), (), ListedLanguage(frozenset({(0,), (1,)}), eos), 2, eos
    )
    known = log_p(exact(target))
    for run in range(20):
        sample = stochastic_beam_search(target, KEY.child(6, run), k=1)
        (text,) = sample.texts
        assert text.log_probability == pytest.approx(known[text.token_ids[:-1]])
        assert 0 >= sample.log_inclusions[0] > -math.inf
        assert sample.weighted().log_evidence == pytest.approx(sample.log_weights[0])


def test_end_tokens_come_in_proportion_and_count_as_one() -> None:
    eos = frozenset({1, 2})
    rows = np.log([0.2, 0.6, 0.2])
    target = Target(lambda p: np.tile(rows, (len(p), 1)), (), ListedLanguage(frozenset({()}), eos), 2, eos)
    n = 2000
    drawn: Counter[int] = Counter()
    for run in range(n):
        (text,) = stochastic_beam_search(target, KEY.child(7, run), k=1).texts
        assert math.exp(text.log_probability) == pytest.approx(0.8)
        drawn[text.token_ids[0]] += 1
    assert abs(drawn[1] - 0.75 * n) <= 4 * math.sqrt(n * 0.75 * 0.25)


def test_no_text_is_a_result() -> None:
    for law in Law:
        sample = stochastic_beam_search(toy(max_tokens=1), KEY, k=3, law=law)
        assert sample.texts == ()
        assert sample.endings == {Ending.BUDGET}
        assert sample.weighted().log_evidence == -math.inf


def test_limits_and_bad_input_are_refused() -> None:
    with pytest.raises(LimitExceeded, match=r"A sample without replacement needs \d+, more than the 10 allowed: raise"):
        stochastic_beam_search(toy(), KEY, k=5, max_rows=10)
    with pytest.raises(InvalidOption, match="k must be at least 1, not 0"):
        stochastic_beam_search(toy(), KEY, k=0)
    eos = frozenset({2})
    language = ListedLanguage(frozenset({(1,)}), eos)
    with pytest.raises(BadLogits, match="every token is impossible"):
        stochastic_beam_search(Target(lambda p: np.full((len(p), 3), -np.inf), (), language, 3, eos), KEY, k=1)
