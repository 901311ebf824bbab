"""Masked decoding against enumeration: toy languages given as a list of token sequences, toy models as tables."""

from __future__ import annotations

import math
from collections import Counter

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import maskwright as mw
from maskwright.errors import BadLogits, NoContinuation
from maskwright.matching.bitmask import unpack_bitmask
from maskwright.sampling.enumeration import exact
from maskwright.sampling.logits import Mirostat, Temperature, TopK, chain
from maskwright.sampling.masked_decoding import DecodingOptions, decode, greedy, init, step
from maskwright.sampling.random_key import RandomKey
from maskwright.sampling.target import Ending, Target
from tests.sampling.statistics import chi_squared, chi_squared_limit
from tests.sampling.toys import ListedLanguage, MarkovModel, toy

EOS = frozenset({0})
LANGUAGE = frozenset({(1, 2), (1, 3, 3), (4,)})
LOGITS = np.array([0.3, 1.0, -0.5, 2.0, 0.7, 3.0])


def fixed(logits: np.ndarray = LOGITS, max_tokens: int = 9, language: frozenset[tuple[int, ...]] = LANGUAGE) -> Target:
    return Target(lambda p: np.tile(logits, (len(p), 1)), (), ListedLanguage(language, EOS), max_tokens, EOS)


@given(st.sets(st.integers(0, 199)), st.integers(0, 230))
def test_a_bitmask_unpacks_to_the_bits_that_were_set(tokens: set[int], size: int) -> None:
    row = np.zeros(7, np.uint32)
    for token in tokens:
        row[token // 32] |= np.uint32(1 << token % 32)
    words = row.view(np.int32)
    assert set(np.flatnonzero(unpack_bitmask(words, size))) == {token for token in tokens if token < size}
    assert unpack_bitmask(np.stack([words, ~words]), size).shape == (2, size)


def test_drawn_texts_follow_the_product_of_masked_probabilities() -> None:
    """Chi-squared of 3,000 draws, false alarm one in 1,000."""
    target = toy()
    truth = exact(toy())
    drawn = []
    for seed in range(3000):
        decoded = decode(RandomKey.from_seed(seed), target)
        text = target.without_end(decoded.token_ids)
        drawn.append(text)
        place = truth.texts.index(text)
        assert decoded.ending is Ending.FINISHED
        assert decoded.log_probability == pytest.approx(truth.log_probabilities[place])
        assert decoded.log_weight == pytest.approx(truth.log_masses[place])
        assert decoded.distortion.nats == pytest.approx(-truth.log_masses[place])
    statistic, degrees = chi_squared(drawn, truth.masked_probabilities())
    assert statistic < chi_squared_limit(degrees)


def test_greedy_takes_the_most_probable_allowed_token_and_the_first_of_equals() -> None:
    decoded = decode(RandomKey.from_seed(0), fixed(), DecodingOptions(chooses=greedy))
    assert decoded.token_ids == (1, 3, 3, 0)
    assert decode(RandomKey.from_seed(0), fixed(np.zeros(6)), DecodingOptions(chooses=greedy)).token_ids == (1, 2, 0)


def test_every_end_token_is_drawn_by_its_own_probability() -> None:
    eos = frozenset({0, 3})
    language = ListedLanguage(frozenset({(1,)}), eos)
    target = Target(lambda p: np.tile(np.log([0.1, 0.5, 0.1, 0.3]), (len(p), 1)), (), language, 3, eos)
    ends = Counter(decode(RandomKey.from_seed(seed), target).token_ids[-1] for seed in range(2000))
    assert set(ends) == {0, 3}
    assert abs(ends[3] - 1500) < 4 * math.sqrt(2000 * 0.25 * 0.75)  # false alarm one in 15,000


def test_a_transform_after_the_mask_chooses_among_allowed_tokens_and_is_in_the_weight() -> None:
    options = DecodingOptions(after_mask=chain(TopK(1)))
    decoded = decode(RandomKey.from_seed(5), fixed(), options)
    assert decoded.token_ids == (1, 3, 3, 0)
    p = np.exp(LOGITS) / np.exp(LOGITS).sum()
    assert decoded.log_weight == pytest.approx(math.log(p[1] * p[3] * p[3] * p[0]))
    assert decoded.distortion.steps[0].log_kept_mass == pytest.approx(math.log(p[1] + p[4]))
    sharp = DecodingOptions(after_mask=Temperature(0.5))
    counts = Counter(decode(RandomKey.from_seed(seed), fixed(), sharp).token_ids[0] for seed in range(2000))
    wanted = p[1] ** 2 / (p[1] ** 2 + p[4] ** 2)
    assert abs(counts[1] / 2000 - wanted) < 4 * math.sqrt(wanted * (1 - wanted) / 2000)


def test_a_transform_before_the_mask_is_the_model() -> None:
    decoded = decode(RandomKey.from_seed(1), fixed(), DecodingOptions(before_mask=Temperature(0.5)))
    p = np.exp(2 * LOGITS) / np.exp(2 * LOGITS).sum()
    assert decoded.log_probability == pytest.approx(np.log(p[list(decoded.token_ids)]).sum())
    cut = decode(RandomKey.from_seed(1), fixed(), DecodingOptions(before_mask=TopK(1)))
    assert (cut.token_ids, cut.ending) == ((), Ending.NO_MASS)  # token 5 is never allowed


def test_a_transform_with_memory_runs_along() -> None:
    state = init(fixed(), DecodingOptions(before_mask=Mirostat(tau_bits=2.5)))
    after, _ = step(RandomKey.from_seed(0), state, LOGITS)
    assert state.draft.token_ids == []
    assert after.transform_state.length == 0
    further, _ = step(RandomKey.from_seed(1), after, LOGITS)
    assert further.transform_state.mu_bits != after.transform_state.mu_bits


def test_texts_that_cannot_go_on_say_why() -> None:
    impossible = LOGITS.copy()
    impossible[[1, 4]] = -np.inf
    assert decode(RandomKey.from_seed(0), fixed(impossible)).ending is Ending.NO_MASS
    assert decode(RandomKey.from_seed(0), fixed(language=frozenset())).ending is Ending.NO_TOKEN
    short = decode(RandomKey.from_seed(0), fixed(max_tokens=3, language=frozenset({(1, 3, 3)})))
    assert (short.token_ids, short.ending) == ((1, 3), Ending.BUDGET)
    with pytest.raises(NoContinuation) as caught:
        step(RandomKey.from_seed(0), init(fixed(impossible)), impossible)
    assert str(caught.value) == (
        "The text cannot go on after 0 tokens: the model gives no probability to any allowed token."
    )
    with pytest.raises(BadLogits, match="that of token 2 is nan"):
        decode(RandomKey.from_seed(0), fixed(np.where(np.arange(6) == 2, np.nan, LOGITS)))


def test_the_global_random_state_does_not_matter() -> None:
    one = decode(RandomKey.from_seed(3), toy())
    np.random.seed(7)  # noqa: NPY002  (that is the point)
    assert decode(RandomKey.from_seed(3), toy()) == one


def test_the_report_names_the_rules_in_which_mass_was_lost() -> None:
    vocabulary = mw.Vocabulary([bytes([byte]) for byte in range(256)] + [b"</s>"], eos_token_ids=[256])
    grammar = mw.Compiler(vocabulary).compile_gbnf('root ::= "<" number ">"\nnumber ::= [0-9] [0-9]')
    flat = np.zeros(257)
    target = Target.of(lambda prefixes: np.tile(flat, (len(prefixes), 1)), (), grammar.matcher(), 9)
    distortion = decode(RandomKey.from_seed(1), target).distortion
    assert distortion.nats == pytest.approx(3 * math.log(257) + 2 * math.log(25.7))
    assert distortion.by_rule() == pytest.approx({"root": 3 * math.log(257), "number": 2 * math.log(25.7)})
    assert [place for place, _ in distortion.worst(3)] == [0, 3, 4]
    assert str(distortion) == (
        "distortion 23.14 nats in 5 tokens, drawn 1.12e+10 times as often as the model would\n"
        "     16.65 nats in root\n"
        "      6.49 nats in number"
    )


def test_masked_decoding_of_the_toy_is_far_from_the_target() -> None:
    target = toy()
    assert isinstance(target.model, MarkovModel)
    truth = exact(target)
    assert truth.total_variation(truth.masked_probabilities()) == pytest.approx(0.812, abs=1e-3)
