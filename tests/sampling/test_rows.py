"""Masked rows against their naive twin, numpy in float64; draws against exact probabilities."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from maskwright.errors import BadLogits
from maskwright.sampling._rows import BLOCK, write_exponentials
from maskwright.sampling.random_key import RandomKey
from maskwright.sampling.rows import MaskedRow


def packed(flags: np.ndarray) -> np.ndarray:
    bits = np.packbits(flags, bitorder="little")
    return np.pad(bits, (0, -len(bits) % 4)).view(np.int32)


def naive_log_mass(logits: np.ndarray, flags: np.ndarray) -> float:
    x = logits.astype(np.float64)
    kept = x[flags]
    if not len(kept) or kept.max() == -np.inf:
        return -math.inf
    total = x.max() + math.log(np.exp(x - x.max()).sum())
    return min(0.0, kept.max() + math.log(np.exp(kept - kept.max()).sum()) - total)


@settings(max_examples=60)
@given(
    st.integers(1, 1200),
    st.integers(0, 2**32 - 1),
    st.sampled_from([np.float32, np.float64]),
    st.sampled_from([0.1, 3.0, 60.0, 900.0]),
    st.sampled_from([0.0, 0.02, 0.5, 1.0]),
)
def test_the_mass_is_that_of_numpy(size: int, seed: int, dtype: type, spread: float, share: float) -> None:
    rng = np.random.default_rng(seed)
    logits = (rng.normal(size=size) * spread).astype(dtype)
    logits[rng.random(size) < 0.1] = -np.inf
    logits[rng.integers(size)] = 0.5
    flags = rng.random(size) < share
    row = MaskedRow(logits, packed(flags))
    wanted = naive_log_mass(logits, flags)
    assert row.log_mass == pytest.approx(wanted, rel=1e-13, abs=1e-13) or row.log_mass == wanted
    assert set(row.allowed()) == set(np.flatnonzero(flags & (logits > -np.inf)))
    if wanted > -math.inf:
        for uniform in (0.0, *RandomKey.from_seed(seed).uniforms(4), 1 - 2**-53):
            token = row.draw(uniform)
            assert flags[token]
            assert logits[token] > -np.inf
    race = row.race()
    taken = []
    for uniform in RandomKey.from_seed(seed).uniforms(12):
        assert race.log_left == pytest.approx(naive_log_mass(logits, flags), rel=1e-12, abs=1e-12) or not flags.any()
        token = race.next(uniform)
        if token is None:
            break
        assert flags[token]
        flags[token] = False
        taken.append(token)
    assert len(set(taken)) == len(taken)
    if taken:
        assert row.without(taken).log_mass == pytest.approx(race.log_left, rel=1e-12, abs=1e-12)


@pytest.mark.no_jit
def test_the_exponential_is_exact_to_two_units_in_the_last_place() -> None:
    x = np.linspace(-699.9, 0, BLOCK)
    out = np.empty(BLOCK)
    write_exponentials(x, 0, BLOCK, 0.0, out)
    assert (np.abs(out - np.exp(x)) <= 2 * np.spacing(np.exp(x))).all()


def test_draws_follow_the_masked_probabilities() -> None:
    """Chi-squared over 1,500 tokens in groups; false alarm once in 10,000, the seed is fixed."""
    rng = np.random.default_rng(5)
    logits, flags = rng.normal(size=1500) * 2, rng.random(1500) < 0.3
    row = MaskedRow(logits, packed(flags))
    uniforms = RandomKey.from_seed(2).uniforms(5000)
    counts = np.bincount([row.draw(uniform) for uniform in uniforms], minlength=1500)
    p = np.where(flags, np.exp(logits), 0)
    p /= p.sum()
    groups = np.argsort(p).reshape(50, 30)
    expected = 5000 * p[groups].sum(1)
    large = expected > 5
    chi_squared = ((counts[groups].sum(1) - expected)[large] ** 2 / expected[large]).sum()
    assert large.sum() >= 8
    assert chi_squared < large.sum() + 4 * math.sqrt(2 * large.sum()) + 8


@pytest.mark.no_jit
def test_a_row_that_is_wider_or_narrower_than_its_mask() -> None:
    logits = np.log(np.arange(1.0, 101))
    assert MaskedRow(logits, np.int32([-1])).log_mass == pytest.approx(math.log(33 * 16 / 5050))
    assert MaskedRow(logits, np.full(9, -1, np.int32)).log_mass == pytest.approx(0, abs=1e-14)
    assert max(MaskedRow(logits, np.int32([-1])).draw(u / 50) for u in range(50)) == 31


@pytest.mark.parametrize(
    ("logits", "message"),
    [
        ([0.0, np.nan], "The logits of the model after 3 tokens cannot be used: that of token 1 is nan."),
        ([np.inf, 0.0], "The logits of the model after 3 tokens cannot be used: that of token 0 is inf."),
        ([-np.inf] * 2, "The logits of the model after 3 tokens cannot be used: every token is impossible."),
        (
            [[0.0]],
            (
                "The logits of the model after 3 tokens cannot be used: a row of numbers is needed, "
                "not an array float64[1, 1]."
            ),
        ),
    ],
)
def test_rows_that_are_no_distribution_are_refused(logits: list[float], message: str) -> None:
    with pytest.raises(BadLogits) as caught:
        MaskedRow(np.array(logits), np.int32([-1]), 3)
    assert str(caught.value) == message


def test_half_precision_rows_are_read_as_single_ones() -> None:
    logits = np.array([1.0, 2.0, 0.5], np.float16)
    assert MaskedRow(logits, np.int32([3])).log_mass == pytest.approx(naive_log_mass(logits, np.array([1, 1, 0]) > 0))


@pytest.mark.no_jit
def test_a_token_rounded_to_probability_one_hides_nothing_behind_it() -> None:
    """The top token is forbidden and 1 in single precision; what is left is drawn by its own proportions."""
    logits = np.array([0.0, -17.5, -18.5], np.float32)
    race = MaskedRow(logits, np.int32([-1])).race()
    race.take(0)
    assert race.log_left == pytest.approx(math.log(math.exp(-17.5) + math.exp(-18.5)), rel=1e-8)
    assert race.next(0.5) == 1
    far = MaskedRow(np.array([0.0, -2000.0, -2001.0]), np.int32([0b110]))
    assert far.log_mass == pytest.approx(-2000 + math.log(1 + math.exp(-1)))
    assert [far.draw(0.5), far.draw(0.9)] == [1, 2]


def test_a_thin_tail_over_a_large_vocabulary_is_drawn_as_often_as_it_should() -> None:
    """A mass of 1e-3 over 128,000 tokens, 20,000 draws: 20 are expected, 18 more or less are four sigma."""
    for dtype in (np.float32, np.float64):
        logits = np.full(128_001, math.log(1e-3 / 128_000), dtype)
        logits[77] = math.log(0.999)
        row = MaskedRow(logits, np.full(4001, -1, np.int32))
        hits = sum(row.draw(uniform) != 77 for uniform in RandomKey.from_seed(11).uniforms(20_000))
        assert abs(hits - 20) <= 18
        assert hits > 0
