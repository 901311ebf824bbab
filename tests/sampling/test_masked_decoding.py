"""Masked decoding against enumeration: toy languages given as a list of token sequences, toy models as tables."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from maskwright.errors import MatcherError
from maskwright.sampling.masked_decoding import (
    decode,
    draw,
    greedy,
    init,
    masked_distribution,
    step,
    unpack_bitmask,
)

EOS = 0
WORDS = ((1, 2), (1, 3, 3), (4,))


class ListedLanguage:
    """A matcher of the sentences in WORDS, by looking at all of them; token 0 ends a text."""

    def __init__(self, taken: tuple[int, ...] = ()) -> None:
        self.taken = taken

    def allowed(self) -> set[int]:
        if self.is_finished():
            return set()
        n = len(self.taken)
        return {word[n] if len(word) > n else EOS for word in WORDS if word[:n] == self.taken}

    def fill_bitmask(self, row: np.ndarray) -> None:
        row[:] = packed(self.allowed(), len(row))

    def accept_token(self, token_id: int) -> None:
        assert token_id in self.allowed()
        self.taken += (token_id,)

    def is_finished(self) -> bool:
        return self.taken[-1:] == (EOS,)

    def fork(self) -> ListedLanguage:
        return ListedLanguage(self.taken)


def packed(tokens: set[int], words: int) -> np.ndarray:
    bits = np.zeros(words, dtype=np.uint32)
    for token in tokens:
        bits[token // 32] |= np.uint32(1 << token % 32)
    return bits.view(np.int32)


def fixed_model(token_ids: Sequence[int]) -> np.ndarray:
    """Logits that depend on the length of the text alone."""
    return np.array([0.3, 1.0, -0.5, 2.0, 0.7, 3.0]) * (1 + len(token_ids) % 2)


@given(st.sets(st.integers(0, 199)), st.integers(0, 230))
def test_a_bitmask_unpacks_to_the_bits_that_were_set(tokens: set[int], size: int) -> None:
    row = packed(tokens, 7)
    assert set(np.flatnonzero(unpack_bitmask(row, size))) == {token for token in tokens if token < size}
    assert unpack_bitmask(np.stack([row, ~row]), size).shape == (2, size)


@given(
    st.sets(st.integers(0, 39), min_size=1),
    st.lists(st.floats(-30, 30), min_size=40, max_size=40),
    st.sampled_from([0.3, 1.0, 2.0]),
)
def test_probabilities_are_those_of_the_model_cut_and_renormalised(
    tokens: set[int], logits: list[float], temperature: float
) -> None:
    distribution = masked_distribution(np.array(logits), packed(tokens, 2), temperature)
    full = np.exp(np.array(logits) / temperature - max(logits) / temperature)
    full /= full.sum()
    ids = sorted(tokens)
    assert distribution.token_ids.tolist() == ids
    assert np.exp(distribution.log_kept_mass) == pytest.approx(full[ids].sum(), rel=1e-9)
    assert np.exp(distribution.log_probabilities) == pytest.approx(full[ids] / full[ids].sum(), rel=1e-9)
    chosen = distribution.token_ids[greedy(np.random.default_rng(0), distribution)]
    assert logits[chosen] == pytest.approx(max(logits[token] for token in ids))


def test_draws_have_the_stated_frequencies() -> None:
    distribution = masked_distribution(np.array([0.0, 1.0, 2.0, 9.0]), packed({0, 1, 2}, 1))
    rng = np.random.default_rng(1)
    n = 20_000
    counts = np.bincount([draw(rng, distribution) for _ in range(n)], minlength=3)
    expected = n * np.exp(distribution.log_probabilities)
    chi_square = float(((counts - expected) ** 2 / expected).sum())
    assert chi_square < 18.4  # two degrees of freedom: a false alarm once in 10,000 seeds


def test_a_step_changes_neither_the_state_nor_its_matcher() -> None:
    state = init(ListedLanguage())
    first, info = step(np.random.default_rng(0), state, fixed_model(()), greedy)
    assert state.token_ids == ()
    assert state.matcher.taken == ()
    assert first.token_ids == (info.token_id,)
    assert info.allowed == 2
    assert first.log_kept_mass == pytest.approx(info.log_kept_mass)


def test_decoding_ends_with_a_word_of_the_language_and_its_end() -> None:
    for seed in range(30):
        state, infos = decode(np.random.default_rng(seed), fixed_model, (5,), ListedLanguage(), max_tokens=9)
        assert state.is_finished
        assert state.token_ids[:-1] in WORDS
        assert state.log_kept_mass == pytest.approx(sum(info.log_kept_mass for info in infos))
        assert np.isfinite(state.log_kept_mass)


def test_the_probability_of_a_text_is_the_product_of_its_steps() -> None:
    """p(text) = Π q · Π Z, summed up over all drawn texts against the model's own probabilities."""
    state, infos = decode(np.random.default_rng(3), fixed_model, (), ListedLanguage(), max_tokens=9)
    by_model = 0.0
    for place, token in enumerate(state.token_ids):
        logits = fixed_model(state.token_ids[:place])
        by_model += logits[token] - np.log(np.exp(logits).sum())
    assert sum(info.log_probability for info in infos) + state.log_kept_mass == pytest.approx(by_model)


def test_equal_seeds_give_equal_texts_and_the_limit_holds() -> None:
    runs = [decode(np.random.default_rng(5), fixed_model, (), ListedLanguage(), max_tokens=1)[0] for _ in range(2)]
    assert runs[0].token_ids == runs[1].token_ids
    assert len(runs[0].token_ids) == 1
    assert not runs[0].is_finished


@pytest.mark.parametrize(
    ("logits", "tokens", "temperature", "message"),
    [
        ([0.0, 1.0], set(), 1.0, "no token is allowed here."),
        ([0.0, -np.inf], {1}, 1.0, "the model gives no probability to any allowed token."),
        ([0.0, 1.0], {1}, 0.0, "the temperature must be above 0, not 0.0 (for no randomness choose greedily)."),
        ([0.0, np.nan], {1}, 1.0, "the model gives no probability to any allowed token."),
    ],
)
def test_what_has_no_distribution_is_an_error_and_never_a_nan(
    logits: list[float], tokens: set[int], temperature: float, message: str
) -> None:
    with pytest.raises(MatcherError) as caught:
        masked_distribution(np.array(logits), packed(tokens, 1), temperature)
    assert str(caught.value) == message
