"""Keys of random numbers: the generator against numpy's, and what keys promise."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from maskwright.errors import InvalidOption
from maskwright.sampling._random import high_product, philox
from maskwright.sampling.random_key import RandomKey

pytestmark = [pytest.mark.no_jit, pytest.mark.filterwarnings("ignore:overflow encountered:RuntimeWarning")]
WORD = st.integers(0, 2**64 - 1)


@given(WORD, WORD)
def test_the_high_half_of_a_product_is_that_of_python(a: int, b: int) -> None:
    assert int(high_product(np.uint64(a), np.uint64(b))) == a * b >> 64


@given(WORD, WORD, st.integers(1, 2**64 - 1), WORD)
def test_a_block_is_that_of_numpy(k0: int, k1: int, counter: int, purpose: int) -> None:
    key = np.array([k0, k1], np.uint64)
    out = np.empty(4, np.uint64)
    philox(key, np.uint64(counter), np.uint64(purpose), out)
    # numpy counts on before it makes a block
    judge = np.random.Philox(key=key, counter=np.array([counter - 1, 0, 0, purpose], np.uint64))
    assert out.tolist() == judge.random_raw(4).tolist()


def test_equal_keys_give_equal_numbers_in_any_order() -> None:
    key = RandomKey.from_seed(7)
    first = key.uniforms(9)
    assert key.child(1).uniform() != key.child(2).uniform()
    assert (RandomKey.from_seed(7).uniforms(9) == first).all()
    assert (key.uniforms(4) == first[:4]).all()
    assert key.uniform() == first[0]
    assert key.child(3, 4) == key.child(3).child(4)
    assert key.child(3, 4) != key.child(4, 3)
    assert hash(key.child(3)) == hash(RandomKey.from_seed(7).child(3))


def test_numbers_lie_in_the_unit_interval_and_are_uniform() -> None:
    keys = RandomKey.from_seed(1)
    numbers = np.concatenate([keys.child(i).uniforms(100) for i in range(200)])
    assert numbers.min() >= 0
    assert numbers.max() < 1
    counts = np.bincount((numbers * 50).astype(int), minlength=50)
    chi_squared = ((counts - 400) ** 2 / 400).sum()
    assert chi_squared < 94.6  # 49 degrees of freedom, false alarm once in 10,000; the seed is fixed


def test_a_negative_child_is_refused() -> None:
    with pytest.raises(InvalidOption, match="must be at least 0, not -1"):
        RandomKey.from_seed(0).child(2, -1)
