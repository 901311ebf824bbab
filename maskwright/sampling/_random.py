"""Philox 4x64-10, a counter-based random number generator, as kernels.

Source: Salmon, Moraes, Dror, Shaw, "Parallel Random Numbers: As Easy as 1, 2, 3", SC 2011, section 3.3. A keyed
bijection of 256-bit counters: two 64-bit words of key, four of counter, four of output, ten rounds. There is no state:
the same key and counter give the same numbers on every machine, in whatever order they are asked for.

The fourth word of the counter says what for, so draws and children of a key never share a block.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from maskwright._numba import kernel

ROUNDS = 10
MULTIPLIER_0 = np.uint64(0xD2E7470EE14C6C93)
MULTIPLIER_1 = np.uint64(0xCA5A826395121157)
WEYL_0 = np.uint64(0x9E3779B97F4A7C15)
WEYL_1 = np.uint64(0xBB67AE8584CAA73B)
LOW_HALF = np.uint64(0xFFFFFFFF)
HALF = np.uint64(32)
SPARE_BITS = np.uint64(11)
TO_UNIT = 2.0**-53

DRAWS = np.uint64(1)
CHILDREN = np.uint64(2)


@kernel
def high_product(a: np.uint64, b: np.uint64) -> np.uint64:
    """The upper 64 bits of the product of two words."""
    a_low, a_high = a & LOW_HALF, a >> HALF
    b_low, b_high = b & LOW_HALF, b >> HALF
    middle = a_high * b_low + ((a_low * b_low) >> HALF)
    return a_high * b_high + (middle >> HALF) + (((middle & LOW_HALF) + a_low * b_high) >> HALF)


@kernel
def philox(key: NDArray[np.uint64], c0: np.uint64, purpose: np.uint64, out: NDArray[np.uint64]) -> None:
    """The four words of block (c0, 0, 0, purpose) under a key.  key: uint64[2].  out: uint64[4], written."""
    k0, k1 = key[0], key[1]
    x0, x1, x2, x3 = c0, np.uint64(0), np.uint64(0), purpose
    for _ in range(ROUNDS):
        high_0, low_0 = high_product(MULTIPLIER_0, x0), MULTIPLIER_0 * x0
        high_1, low_1 = high_product(MULTIPLIER_1, x2), MULTIPLIER_1 * x2
        x0, x1, x2, x3 = high_1 ^ x1 ^ k0, low_1, high_0 ^ x3 ^ k1, low_0
        k0 += WEYL_0
        k1 += WEYL_1
    out[0], out[1], out[2], out[3] = x0, x1, x2, x3


@kernel
def child_key(key: NDArray[np.uint64], number: int, out: NDArray[np.uint64]) -> None:
    """The key of child `number`.  out: uint64[4], of which the first two are the key."""
    philox(key, np.uint64(number), CHILDREN, out)


@kernel
def fill_uniforms(key: NDArray[np.uint64], block: NDArray[np.uint64], out: NDArray[np.float64]) -> None:
    """Numbers in [0, 1) with 53 random bits.  block: uint64[4], scratch.  out: float64[n], written."""
    for i in range(len(out)):
        if i % 4 == 0:
            philox(key, np.uint64(i // 4), DRAWS, block)
        out[i] = np.float64(block[i % 4] >> SPARE_BITS) * TO_UNIT
