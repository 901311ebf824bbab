"""Packed masks over logits on CUDA, in Triton: −inf in place, and log-softmax with the mass that a mask keeps.

`mask_rows` writes −inf where a bit is 0 and reads nothing but masks: a program has BLOCK columns of a row, the 32 lanes
of a warp ask for one word, and a store under a mask leaves the rest of the row alone. Bytes for a row of V logits of b
bytes: V / 8 read, b written for each forbidden column.

`log_sums` is one pass over the logits for both sums, of all tokens and of the allowed ones: programs of SPLIT columns
each leave their highest logit and Σ exp(logit − highest), twice, 16 bytes; a second kernel adds these up. So a batch of
one keeps 32 processors busy at 128k, where a program a row would have it on one. The log-probabilities take a third
kernel, which finds the logits in the cache of the device where they fit. Bytes a row: V (b + 1 / 8) read; for the
log-probabilities the same again and 4 V written.

Arithmetic is float32, float64 for float64 logits. Nothing is looked at by the host, so bad logits cannot be refused
here: a row with a NaN or +inf has NaN for its sums.

What of this was run where is said in docs/performance.md, "Masks on devices".

Rejected: the word loaded once for 32 columns and reshaped (XGrammar, vLLM). The loads of a warp are one transaction
either way, and the reshape may go through shared memory.
"""

# Triton has no types, and takes no annotations but its own.
# mypy: disable-error-code="import-untyped,import-not-found,untyped-decorator,no-untyped-def,no-untyped-call"

from __future__ import annotations

from typing import Any

import torch
import triton
import triton.language as tl

BLOCK: int = 1024
"""Columns of a program that writes."""
SPLIT: int = 4096
"""Columns of a program that adds up."""


@triton.jit
def is_forbidden(words, n_words, columns):
    """bool[BLOCK]: is the bit of a column 0, or is there none?  words: pointer to one row, int32[n_words]."""
    at = columns >> 5
    bits = tl.load(words + at, mask=at < n_words, other=0)
    return ((bits >> (columns & 31)) & 1) == 0


@triton.jit
def entry(numbers, i):
    """numbers[i], or i if there are none, as int64: rows times strides do not fit into 32 bits."""
    if numbers is None:
        return i.to(tl.int64)
    else:  # noqa: RET505  (Triton compiles the branch that is taken, and both must return)
        return tl.load(numbers + i).to(tl.int64)


@triton.jit
def mask_kernel(
    logits,
    words,
    numbers,
    index,
    n_columns,
    n_words,
    row_stride,
    column_stride,
    BLOCK: tl.constexpr,
):
    """Program (i, b): the b-th BLOCK of columns of row index[i], by mask numbers[i]."""
    i = tl.program_id(0)
    columns = tl.program_id(1) * BLOCK + tl.arange(0, BLOCK)
    row = logits + entry(index, i) * row_stride
    forbidden = is_forbidden(words + entry(numbers, i) * n_words, n_words, columns)
    tl.store(row + columns.to(tl.int64) * column_stride, -float("inf"), mask=forbidden & (columns < n_columns))


@triton.jit
def sums_kernel(
    logits,
    words,
    numbers,
    index,
    parts,
    n_columns,
    n_words,
    row_stride,
    column_stride,
    SPLIT: tl.constexpr,
):
    """Program (i, s): parts[i, s] = top, Σ exp(x − top), then both of the allowed columns, for the s-th SPLIT."""
    i = tl.program_id(0)
    columns = tl.program_id(1) * SPLIT + tl.arange(0, SPLIT)
    row = logits + entry(index, i) * row_stride
    x = tl.load(row + columns.to(tl.int64) * column_stride, mask=columns < n_columns, other=-float("inf"))
    x = x.to(parts.dtype.element_ty)
    forbidden = is_forbidden(words + entry(numbers, i) * n_words, n_words, columns)
    top, total = top_and_sum(x)
    kept_top, kept = top_and_sum(tl.where(forbidden, -float("inf"), x))
    part = parts + (i.to(tl.int64) * tl.num_programs(1) + tl.program_id(1)) * 4
    tl.store(part, top)
    tl.store(part + 1, total)
    tl.store(part + 2, kept_top)
    tl.store(part + 3, kept)


@triton.jit
def top_and_sum(x):
    """The highest of some numbers, 0 if all are −inf, and Σ exp(x − top); the sum is NaN if some x is, or is +inf."""
    top = tl.max(x, 0)
    top = tl.where(top == -float("inf"), 0.0, top)
    return top, tl.sum(tl.exp(x - top), 0)


@triton.jit
def log_of_parts(parts, at, is_part):
    """log Σ sumᵢ · exp(topᵢ) over the parts of a row; parts: a pointer to a top, with its sum behind it."""
    top = tl.load(parts + at * 4, mask=is_part, other=-float("inf"))
    total = tl.load(parts + at * 4 + 1, mask=is_part, other=0.0)
    highest = tl.max(tl.where(total == 0.0, -float("inf"), top), 0)
    highest = tl.where(highest == -float("inf"), 0.0, highest)
    # A part of nothing has the top 0, which may lie far above the others: 0 times the exp of that is no number.
    scaled = tl.where(total == 0.0, 0.0, total * tl.exp(top - highest))
    return highest + tl.log(tl.sum(scaled, 0))


@triton.jit
def logs_kernel(parts, logs, n_parts, PARTS: tl.constexpr):
    """Program i: logs[i] = log Σ exp(x) over all columns of row i, and over the allowed ones."""
    i = tl.program_id(0).to(tl.int64)
    at = tl.arange(0, PARTS)
    row = parts + i * n_parts * 4
    tl.store(logs + i * 2, log_of_parts(row, at, at < n_parts))
    tl.store(logs + i * 2 + 1, log_of_parts(row + 2, at, at < n_parts))


@triton.jit
def log_probabilities_kernel(
    logits,
    words,
    numbers,
    index,
    logs,
    out,
    n_columns,
    n_words,
    row_stride,
    column_stride,
    BLOCK: tl.constexpr,
):
    """Program (i, b): out[i, c] = x − logs[i, 1] where column c is allowed, else −inf, in the b-th BLOCK."""
    i = tl.program_id(0)
    columns = tl.program_id(1) * BLOCK + tl.arange(0, BLOCK)
    is_column = columns < n_columns
    row = logits + entry(index, i) * row_stride
    forbidden = is_forbidden(words + entry(numbers, i) * n_words, n_words, columns)
    x = tl.load(row + columns.to(tl.int64) * column_stride, mask=is_column, other=0.0).to(out.dtype.element_ty)
    log_kept = tl.load(logs + i * 2 + 1)
    log_kept = tl.where(log_kept == -float("inf"), float("inf"), log_kept)  # nothing is left, so all become −inf
    log_p = tl.where(forbidden, -float("inf"), x - log_kept)
    tl.store(out + i.to(tl.int64) * n_columns + columns, log_p, mask=is_column)


def mask_rows(logits: Any, words: Any, numbers: Any = None, index: Any = None) -> None:
    """logits[index[i], c] = −inf unless bit c of words[numbers[i]] is 1, in place; as `tensor_ops.mask_rows`."""
    n, n_columns = _n_masks(words, numbers), logits.shape[1]
    grid = (n, triton.cdiv(n_columns, BLOCK))
    with _on(logits):
        mask_kernel[grid](logits, words, numbers, index, n_columns, words.shape[1], *logits.stride(), BLOCK=BLOCK)


def log_sums(logits: Any, words: Any, numbers: Any = None, index: Any = None) -> Any:
    """float[n, 2]: log Σ exp(logit) over all tokens and over the allowed ones; as `tensor_ops.log_sums`."""
    n, n_columns = _n_masks(words, numbers), logits.shape[1]
    dtype = torch.float64 if logits.dtype == torch.float64 else torch.float32
    n_parts = triton.cdiv(n_columns, SPLIT)
    parts = torch.empty((n, n_parts, 4), dtype=dtype, device=logits.device)
    logs = torch.empty((n, 2), dtype=dtype, device=logits.device)
    with _on(logits):
        sums_kernel[n, n_parts](
            logits, words, numbers, index, parts, n_columns, words.shape[1], *logits.stride(), SPLIT=SPLIT, num_warps=8
        )
        logs_kernel[n,](parts, logs, n_parts, PARTS=triton.next_power_of_2(n_parts))
    return logs


def log_probabilities(logits: Any, words: Any, logs: Any, numbers: Any = None, index: Any = None) -> Any:
    """float[n, V]: logit − log Σ exp over the allowed tokens, −inf for the others; logs as `log_sums` leaves them."""
    n, n_columns = len(logs), logits.shape[1]
    out = torch.empty((n, n_columns), dtype=logs.dtype, device=logits.device)
    grid = (n, triton.cdiv(n_columns, BLOCK))
    with _on(logits):
        log_probabilities_kernel[grid](
            logits, words, numbers, index, logs, out, n_columns, words.shape[1], *logits.stride(), BLOCK=BLOCK
        )
    return out


def _n_masks(words: Any, numbers: Any) -> int:
    return len(words) if numbers is None else len(numbers)


def _on(logits: Any) -> Any:
    """Kernels are launched on the device that is current, which need not be that of the logits."""
    return torch.cuda.device(logits.device if logits.is_cuda else -1)
