"""Kernels over one row: the mass of all tokens and of those that a packed mask allows, and draws by it.

Idea. One pass computes exp(logit − top) for a block of 512 tokens at a time and adds it up twice, over all tokens and
over those with a bit; only the sums of the blocks are kept. A draw finds its block by these sums and computes the 512
exponentials of that block again. So nothing of the size of the vocabulary is written, and taking a token away changes
the sum of one block, which is computed anew from what is left, never by subtraction.

Arithmetic is float64 whatever the logits are. Where the allowed tokens lie so far below the top that their
exponentials lose digits, their sums are taken relative to the highest allowed one instead (`reference`).

Cost, V = 32,000: 70 µs for the pass, 2 µs for a draw. `exp` is a polynomial because the one that numba calls is not
vectorised (twice as slow). Sums run in four lanes that are added in a fixed order, so that they are the same
wherever they are computed.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from maskwright._numba import kernel

BLOCK = 512
WORDS_PER_BLOCK = BLOCK // 32
SMALLEST = -700.0
"""Below it exp(x) is taken for 0; it is 1e-304, next to the least normal number."""
TRUSTED = 1e-150
"""Sums above it, relative to the top, have lost nothing to that: 2**17 terms of 1e-304 are far below its last digit."""

ROUNDING = 6755399441055744.0  # 1.5 * 2**52: adding it rounds to an integer, in the lowest bits
LOG2_E = 1.4426950408889634
LN2_HIGH = 0.6931471803691238
LN2_LOW = 1.9082149292705877e-10

OK = 0
NOT_A_NUMBER = 1
ALL_IMPOSSIBLE = 2

TOP, TOTAL, REFERENCE, KEPT = 0, 1, 2, 3


@kernel
def write_exponentials(logits: NDArray[np.floating], begin: int, n: int, top: float, out: NDArray[np.float64]) -> None:
    """out[i] = exp(logits[begin + i] − top) for i < n, 0 up to BLOCK; 1 for forbidden tokens above the top.

    exp(y) = 2**k · exp(r) with |r| <= ln 2 / 2, and Taylor's polynomial of degree 13 for exp(r): within 2 ulp.
    """
    for i in range(n):
        x = np.float64(logits[begin + i]) - top
        y = min(0.0, max(SMALLEST, x))
        shifted = y * LOG2_E + ROUNDING
        k = shifted - ROUNDING
        r = (y - k * LN2_HIGH) - k * LN2_LOW
        p = 1.6059043836821613e-10
        p = p * r + 2.08767569878681e-09
        p = p * r + 2.505210838544172e-08
        p = p * r + 2.755731922398589e-07
        p = p * r + 2.7557319223985893e-06
        p = p * r + 2.48015873015873e-05
        p = p * r + 0.0001984126984126984
        p = p * r + 0.001388888888888889
        p = p * r + 0.008333333333333333
        p = p * r + 0.041666666666666664
        p = p * r + 0.16666666666666666
        p = p * r + 0.5
        p = p * r + 1.0
        p = p * r + 1.0
        power = np.int64((np.float64(shifted).view(np.int64) + 1023) << 52).view(np.float64)
        out[i] = p * power if x > SMALLEST else 0.0
    for i in range(n, BLOCK):
        out[i] = 0.0


@kernel
def allowed_sum(words: NDArray[np.int32], block: int, values: NDArray[np.float64]) -> float:
    """Σ of the values of one block whose bit is set; missing words count as zeros.  values: float64[BLOCK]."""
    kept = 0.0
    begin = block * WORDS_PER_BLOCK
    for w in range(max(0, min(WORDS_PER_BLOCK, len(words) - begin))):
        word = words[begin + w]
        if word != 0:
            s0, s1, s2, s3 = 0.0, 0.0, 0.0, 0.0
            for j in range(0, 32, 4):
                i = w * 32 + j
                s0 += values[i] * ((word >> j) & 1)
                s1 += values[i + 1] * ((word >> (j + 1)) & 1)
                s2 += values[i + 2] * ((word >> (j + 2)) & 1)
                s3 += values[i + 3] * ((word >> (j + 3)) & 1)
            kept += (s0 + s1) + (s2 + s3)
    return kept


@kernel
def highest(logits: NDArray[np.floating], words: NDArray[np.int32]) -> float:
    """The highest logit whose bit is set; −inf if there is none."""
    top = -np.inf
    for w in range(min(len(words), (len(logits) + 31) // 32)):
        word = words[w]
        if word != 0:
            for j in range(min(32, len(logits) - w * 32)):
                if (word >> j) & 1 and logits[w * 32 + j] > top:
                    top = np.float64(logits[w * 32 + j])
    return top


@kernel
def sum_blocks(
    logits: NDArray[np.floating],
    words: NDArray[np.int32],
    reference: float,
    values: NDArray[np.float64],
    blocks: NDArray[np.float64],
) -> tuple[float, float]:
    """Σ exp(logit − reference) over all tokens and over the allowed ones.

    values: float64[BLOCK], scratch.  blocks: float64[n_blocks], written: the sums over the allowed tokens of each.
    """
    total, kept = 0.0, 0.0
    for block in range(len(blocks)):
        begin = block * BLOCK
        write_exponentials(logits, begin, min(BLOCK, len(logits) - begin), reference, values)
        s0, s1, s2, s3 = 0.0, 0.0, 0.0, 0.0
        for i in range(0, BLOCK, 4):
            s0 += values[i]
            s1 += values[i + 1]
            s2 += values[i + 2]
            s3 += values[i + 3]
        total += (s0 + s1) + (s2 + s3)
        blocks[block] = allowed_sum(words, block, values)
        kept += blocks[block]
    return total, kept


@kernel
def measure(
    logits: NDArray[np.floating],
    words: NDArray[np.int32],
    values: NDArray[np.float64],
    blocks: NDArray[np.float64],
    out: NDArray[np.float64],
) -> int:
    """Everything about a row: OK, NOT_A_NUMBER (a NaN or +inf; its token in out[0]) or ALL_IMPOSSIBLE.

    logits: float[V].  words: int32[any].  values: float64[BLOCK], scratch.  blocks: float64[ceil(V / BLOCK)], written.
    out: float64[4], written: the top logit, Σ exp(logit − top), the reference of the blocks, their sum.
    """
    top = -np.inf
    n_bad = 0
    for i in range(len(logits)):
        x = np.float64(logits[i])
        n_bad += 0 if x < np.inf else 1
        top = max(x, top)
    if n_bad > 0:
        for i in range(len(logits)):
            if not logits[i] < np.inf:
                out[TOP] = i
                break
        return NOT_A_NUMBER
    if top == -np.inf:
        return ALL_IMPOSSIBLE
    out[TOP] = top
    out[REFERENCE] = top
    out[TOTAL], out[KEPT] = sum_blocks(logits, words, top, values, blocks)
    if out[KEPT] < TRUSTED:
        measure_allowed(logits, words, values, blocks, out)
    return OK


@kernel
def measure_allowed(
    logits: NDArray[np.floating],
    words: NDArray[np.int32],
    values: NDArray[np.float64],
    blocks: NDArray[np.float64],
    out: NDArray[np.float64],
) -> None:
    """The sums over the allowed tokens, relative to the highest of them; arguments as in `measure`."""
    reference = highest(logits, words)
    out[KEPT] = 0.0
    if reference > -np.inf:
        out[REFERENCE] = reference
        _, out[KEPT] = sum_blocks(logits, words, reference, values, blocks)


@kernel
def draw(
    logits: NDArray[np.floating],
    words: NDArray[np.int32],
    values: NDArray[np.float64],
    blocks: NDArray[np.float64],
    out: NDArray[np.float64],
    uniform: float,
) -> int:
    """The allowed token at which the running sum passes uniform · kept; arguments as `measure` left them.

    Rounding may let the sum end a little before; then it is the last token that has any mass.
    """
    remaining = uniform * out[KEPT]
    chosen, last = -1, -1
    for block in range(len(blocks)):
        if blocks[block] > 0.0:
            last = block
            if remaining < blocks[block]:
                chosen = block
                break
            remaining -= blocks[block]
    if chosen < 0:
        chosen, remaining = last, np.inf
    begin = chosen * BLOCK
    n = min(BLOCK, len(logits) - begin)
    write_exponentials(logits, begin, n, out[REFERENCE], values)
    token = -1
    for place in range(begin, min(begin + n, 32 * len(words))):
        value = values[place - begin]
        if (words[place >> 5] >> (place & 31)) & 1 and value > 0.0:
            token = place
            if remaining < value:
                break
            remaining -= value
    return token


@kernel
def take_away(
    logits: NDArray[np.floating],
    words: NDArray[np.int32],
    values: NDArray[np.float64],
    blocks: NDArray[np.float64],
    out: NDArray[np.float64],
    token: int,
) -> None:
    """Forbid one token; arguments as `measure` left them, all of which follow."""
    words[token >> 5] &= ~(np.int32(1) << np.int32(token & 31))
    block = token // BLOCK
    begin = block * BLOCK
    write_exponentials(logits, begin, min(BLOCK, len(logits) - begin), out[REFERENCE], values)
    blocks[block] = allowed_sum(words, block, values)
    kept = 0.0
    for b in range(len(blocks)):
        kept += blocks[b]
    out[KEPT] = kept
    if kept < TRUSTED:
        measure_allowed(logits, words, values, blocks, out)
