"""SMC against enumeration: the estimate of Z unbiased in every configuration, and what is promised besides."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Sequence
from dataclasses import replace

import numpy as np
import pytest

import maskwright as mw
from maskwright.errors import BadLogits, BadScore, InvalidOption, NoContinuation
from maskwright.sampling.enumeration import ExactDistribution, exact
from maskwright.sampling.proposal import Proposed, masked_proposal, stuck
from maskwright.sampling.random_key import RandomKey
from maskwright.sampling.resampling import multinomial, residual, stratified, systematic, without_replacement
from maskwright.sampling.row_cache import CachedModel
from maskwright.sampling.rows import MaskedRow
from maskwright.sampling.smc import SMCOptions, init, smc, step
from maskwright.sampling.target import Draft, Ending, Target
from maskwright.sampling.twists import of_tokens
from maskwright.sampling.weighted_texts import WeightedTexts, log_mean_exp
from tests.sampling.toys import ListedLanguage, MarkovModel, Text, remembered, toy, valid_texts

IMPORTANCE = SMCOptions(ess_threshold=0)
EVERY_STEP = SMCOptions(ess_threshold=0.9)
STEERING = SMCOptions(6, n_children=3, resampler=without_replacement)


def guess(tokens: Text, is_finished: bool) -> float:
    """A twist that is right about nothing in particular."""
    return 0.0 if is_finished else 0.9 * (sum(tokens) % 3) - 0.4 * len(tokens)


def taste(tokens: Text, is_finished: bool) -> float:
    """A critic: what it says of finished texts is its opinion, of others a forecast."""
    return 1.5 + 1.1 * tokens.count(2) - 0.5 * len(tokens) if is_finished else 0.8 * tokens.count(2)


CONFIGURATIONS = {
    "importance sampling": IMPORTANCE,
    **{
        f"{resampler.__name__} {threshold}": SMCOptions(ess_threshold=threshold, resampler=resampler)
        for resampler in (multinomial, stratified, systematic, residual)
        for threshold in (0.5, 0.9)
    },
    "steering": STEERING,
    "children and residual": replace(STEERING, resampler=residual, n_children=2),
    "twist": SMCOptions(twist=of_tokens(guess)),
    "boundaries": SMCOptions(ess_threshold=0.9, is_boundary=lambda draft: len(draft.token_ids) % 2 == 0),
}


def evidences(target: Target, options: SMCOptions, n_runs: int, seed: int) -> np.ndarray:
    key = RandomKey.from_seed(seed)
    return np.exp([smc(key.child(run), target, options).log_evidence for run in range(n_runs)])


def z_score(estimates: np.ndarray, truth: float) -> float:
    """How many standard errors the mean is away; the error itself is at most 4 % of the truth."""
    error = estimates.std() / math.sqrt(len(estimates))
    assert error / truth <= 0.04
    return float((estimates.mean() - truth) / error)


@pytest.mark.parametrize("name", CONFIGURATIONS)
def test_the_estimate_of_z_is_unbiased(name: str) -> None:
    """A false alarm once in 16,000 seeds each; the seeds are fixed."""
    target = remembered(toy())
    z = z_score(evidences(target, CONFIGURATIONS[name], 4000, seed=4), math.exp(exact(target).log_z))
    assert abs(z) <= 4
    sample = smc(RandomKey.from_seed(1), target, CONFIGURATIONS[name])
    assert log_mean_exp(sample.log_weights) == pytest.approx(sample.log_evidence)


@pytest.mark.parametrize("options", [IMPORTANCE, SMCOptions(), EVERY_STEP])
def test_at_the_budget_the_end_is_forced_and_weighed(options: SMCOptions) -> None:
    """Five tokens and their end become three and theirs; the estimate is of the shorter language."""
    target = remembered(toy(max_tokens=4))
    truth = exact(target)
    assert truth.log_z < exact(toy()).log_z - 0.1
    assert abs(z_score(evidences(target, options, 4000, seed=5), math.exp(truth.log_z))) <= 4
    sample = smc(RandomKey.from_seed(0), target, options)
    assert {target.without_end(text.token_ids) for text in sample.alive} <= set(truth.texts)
    assert all(text.ending is Ending.FINISHED for text in sample.alive)


def test_over_twenty_toys_the_errors_are_as_large_as_they_should_be() -> None:
    """Σ z² over 20 random models, chi-squared: a false alarm once in 1,000, the seeds are fixed."""
    squares = 0.0
    for seed in range(100, 120):
        target = remembered(toy(seed))
        estimates = evidences(target, SMCOptions(), 400, seed)
        error = estimates.std() / math.sqrt(len(estimates))
        squares += ((estimates.mean() - math.exp(exact(target).log_z)) / error) ** 2
    assert squares < 45.3


def test_a_critic_stays_and_a_twist_does_not() -> None:
    target = remembered(toy())
    truth = exact(target)
    tasted = truth.log_probabilities + [taste(text, True) for text in truth.texts]
    options = SMCOptions(critic=of_tokens(taste), twist=of_tokens(guess))
    estimates = evidences(target, options, 4000, seed=6)
    assert abs(z_score(estimates, float(np.exp(tasted).sum()))) <= 4
    assert abs(math.exp(truth.log_z) - estimates.mean()) > 10 * estimates.std() / math.sqrt(4000)
    assert smc(RandomKey.from_seed(0), target, options).declared == ("each text counts by the score of its critic",)
    assert smc(RandomKey.from_seed(0), target, SMCOptions(twist=of_tokens(guess))).declared == ()


class Foresight:
    """Expected futures by enumeration: the perfect twist, and the proposal that goes with it."""

    def __init__(self, truth: ExactDistribution) -> None:
        self.masses: Counter[Text] = Counter()
        for text, log_p in zip(truth.texts, truth.log_probabilities, strict=True):
            for n in range(len(text) + 1):
                self.masses[text[:n]] += math.exp(log_p)

    def twist(self, drafts: Sequence[Draft]) -> list[float]:
        return [math.log(self.masses[tuple(draft.token_ids)]) - draft.log_probability for draft in drafts]

    def propose(self, keys: Sequence[RandomKey], drafts: Sequence[Draft], rows: Sequence[MaskedRow]) -> list[Proposed]:
        proposed = []
        for key, draft, row in zip(keys, drafts, rows, strict=True):
            tokens = row.allowed().tolist()
            log_p = [row.log_probability(token) for token in tokens]
            future = [
                self.masses[(*draft.token_ids, token)] if token != 4 else math.exp(draft.log_probability + lp)
                for token, lp in zip(tokens, log_p, strict=True)
            ]
            sums = np.cumsum(future)
            i = int(np.searchsorted(sums, key.uniform() * sums[-1], side="right"))
            proposed.append(Proposed(tokens[i], log_p[i] - math.log(future[i] / sums[-1]), log_p[i]))
        return proposed


def test_with_the_perfect_twist_every_run_finds_z_itself() -> None:
    target = remembered(toy())
    truth = exact(target)
    foresight = Foresight(truth)
    for seed in range(20):
        options = SMCOptions(n_particles=4, ess_threshold=0.9, twist=foresight.twist, proposal=foresight.propose)
        sample = smc(RandomKey.from_seed(seed), target, options)
        assert sample.log_evidence == pytest.approx(truth.log_z, abs=1e-12)
        assert sample.log_weights == pytest.approx(np.full(4, truth.log_z), abs=1e-12)


def tokens_and_weights(sample: WeightedTexts) -> list[tuple[Text, float]]:
    return [(text.token_ids, text.log_weight) for text in sample.texts]


@pytest.mark.parametrize("options", [IMPORTANCE, EVERY_STEP, STEERING, SMCOptions(twist=of_tokens(guess))])
def test_the_seed_decides_and_neither_batches_nor_caches_nor_global_seeds(options: SMCOptions) -> None:
    options = replace(options, n_particles=30)
    cached = remembered(toy())
    for seed in range(5):
        key = RandomKey.from_seed(seed)
        np.random.seed(seed)  # noqa: NPY002
        first = smc(key, toy(), options)
        np.random.seed(99)  # noqa: NPY002
        for batch in (1, 8, 64):
            other = smc(key, toy(), replace(options, batch_rows=batch))
            assert tokens_and_weights(other) == tokens_and_weights(first)
            assert other.effort == first.effort
        for target in (cached, cached, replace(toy(), model=CachedModel(MarkovModel(), max_bytes=2000))):
            assert tokens_and_weights(smc(key, target, options)) == tokens_and_weights(first)
        assert tokens_and_weights(smc(key.child(1), toy(), options)) != tokens_and_weights(first)


def test_without_resampling_a_larger_population_begins_like_a_smaller_one() -> None:
    few, many = (smc(RandomKey.from_seed(3), toy(), replace(IMPORTANCE, n_particles=n)) for n in (6, 40))
    assert tokens_and_weights(many)[:6] == tokens_and_weights(few)


def test_a_step_leaves_the_state_alone_and_says_what_it_did() -> None:
    target, key = toy(), RandomKey.from_seed(1)
    state = init(target, EVERY_STEP)
    first, info = step(key.child(0), state, EVERY_STEP)
    assert all(draft.token_ids == [] for draft in state.drafts)
    assert not state.log_weights.any()
    assert (info.effective_sample_size, info.is_resampled, info.n_rows) == (pytest.approx(10), False, 1)
    n_resampled = 0
    while not first.is_done:
        before = [list(draft.token_ids) for draft in first.drafts]
        again = [step(key.child(1), first, EVERY_STEP)[1] for _ in range(2)]
        assert again[0] == again[1]
        assert [list(draft.token_ids) for draft in first.drafts] == before
        first, info = step(key.child(1), first, EVERY_STEP)
        assert info.n_rows <= len({tuple(draft.token_ids[:-1]) for draft in first.drafts})
        assert info.log_evidence == pytest.approx(np.logaddexp.reduce(first.log_weights) - math.log(10))
        n_resampled += info.is_resampled
    assert n_resampled > 0


def test_lost_particles_cost_no_row_and_copies_share_one() -> None:
    """With a weight that is all on one particle, the next step asks for one row."""
    model = MarkovModel()
    target = Target(model, (), ListedLanguage(valid_texts(), frozenset({4})), 6, frozenset({4}))
    options = SMCOptions(n_particles=20, twist=of_tokens(lambda tokens, _: 50.0 if tokens[0] == 3 else 0.0))
    state, _ = step(RandomKey.from_seed(0), init(target, options), options)
    assert len({tuple(draft.token_ids) for draft in state.drafts}) > 1
    model.prefixes.clear()
    _, info = step(RandomKey.from_seed(1), state, options)
    assert info.is_resampled
    assert (model.prefixes, info.n_rows) == ({(3,)}, 1)


def test_one_dead_particle_is_one_dead_particle() -> None:
    """A proposal that fails for the third particle, as a checker that found nothing would."""

    def failing(keys: Sequence[RandomKey], drafts: Sequence[Draft], rows: Sequence[MaskedRow]) -> list[Proposed]:
        proposed = masked_proposal(keys, drafts, rows)
        if not drafts[0].token_ids:
            proposed[2] = replace(stuck(Ending.CHECKER), n_checks=7)
        return proposed

    sample = smc(RandomKey.from_seed(0), toy(), replace(IMPORTANCE, proposal=failing))
    assert [text.ending for text in sample.texts].count(Ending.CHECKER) == 1
    assert sample.texts[2].log_weight == -math.inf
    assert len(sample.alive) == 9
    assert sample.log_evidence == pytest.approx(np.logaddexp.reduce(sample.log_weights) - math.log(10))
    assert sample.effort.n_checks == 7


@pytest.mark.parametrize("options", [IMPORTANCE, EVERY_STEP, STEERING])
def test_a_population_of_dead_particles_is_a_result(options: SMCOptions) -> None:
    eos = frozenset({4})
    impossible = np.array([0.0, -np.inf, -np.inf, -np.inf, -np.inf])
    for texts, max_tokens, ending in (
        (frozenset({(1, 2)}), 6, Ending.NO_MASS),
        (frozenset({(0, 0, 0)}), 2, Ending.BUDGET),
        (frozenset[Text](), 6, Ending.NO_TOKEN),
    ):
        model = lambda prefixes: np.tile(impossible, (len(prefixes), 1))  # noqa: E731
        sample = smc(RandomKey.from_seed(0), Target(model, (), ListedLanguage(texts, eos), max_tokens, eos), options)
        assert {text.ending for text in sample.texts} == {ending}
        assert sample.log_evidence == -math.inf
        assert (sample.alive, sample.probabilities(), sample.effective_sample_size) == ((), {}, 0)
        assert not np.isnan(sample.log_weights).any()
        with pytest.raises(NoContinuation, match=ending.value):
            sample.choose(RandomKey.from_seed(0))


def test_a_score_of_minus_infinity_kills_and_never_gives_a_nan() -> None:
    target = remembered(toy())
    truth = exact(target)
    wanted = sum(math.exp(p) for text, p in zip(truth.texts, truth.log_probabilities, strict=True) if 2 not in text)
    no_two = of_tokens(lambda tokens, _: -math.inf if 2 in tokens else 0.0)
    for options in (SMCOptions(25, critic=no_two), SMCOptions(25, ess_threshold=0, critic=no_two)):
        assert abs(z_score(evidences(target, options, 2000, seed=8), wanted)) <= 4
    sample = smc(RandomKey.from_seed(0), target, SMCOptions(critic=of_tokens(lambda *_: -math.inf)))
    assert {text.ending for text in sample.texts} == {Ending.REJECTED}
    assert sample.log_evidence == -math.inf
    sample = smc(RandomKey.from_seed(0), target, SMCOptions(twist=of_tokens(lambda *_: -math.inf)))
    assert {(len(text.token_ids), text.ending) for text in sample.texts} == {(1, Ending.REJECTED)}


def test_what_means_nothing_is_refused() -> None:
    with pytest.raises(InvalidOption, match="n_particles must be at least 1, not 0"):
        SMCOptions(n_particles=0)
    with pytest.raises(InvalidOption, match=r"ess_threshold must be between 0 and 1, not 1\.5"):
        SMCOptions(ess_threshold=1.5)
    nan = Target(lambda _: np.full((1, 5), np.nan), (), toy().matcher, 6, frozenset({4}))
    with pytest.raises(BadLogits, match=r"after 0 tokens cannot be used: that of token 0 is nan"):
        smc(RandomKey.from_seed(0), nan)
    with pytest.raises(BadScore, match=r"that of \[\d\] is nan"):
        smc(RandomKey.from_seed(0), toy(), SMCOptions(twist=of_tokens(lambda *_: math.nan)))


def test_a_grammar_with_two_end_tokens() -> None:
    """The real matcher: texts of a pattern, a model that depends on the last token, two ids that end a text."""
    vocabulary = mw.Vocabulary([b"a", b"b", b"ab", b"ba", b"bb", b"</s>", b"<end>"], eos_token_ids=[5, 6])
    grammar = mw.Compiler(vocabulary).compile_regex("(ab|bba)+b?")
    table = np.random.default_rng(2).normal(size=(8, 7)) * 1.5
    target = Target.of(lambda prefixes: table[[p[-1] if p else 7 for p in prefixes]], [], grammar.matcher(), 6)
    truth = exact(target)
    assert len(truth.texts) > 20
    estimates = evidences(remembered(target), SMCOptions(n_particles=5), 1500, seed=9)
    assert abs(z_score(estimates, math.exp(truth.log_z))) <= 4
    sample = smc(RandomKey.from_seed(1), target, SMCOptions(n_particles=3000))
    assert {text.token_ids[-1] for text in sample.alive} == {5, 6}
    assert truth.total_variation(sample.probabilities()) < 0.1
