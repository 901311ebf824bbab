"""Masks for a whole batch of texts at once, as servers want them.

In the steady state every text is at a place whose mask is finished, whatever its grammar, so a batch is a list of rows
to copy: one call of a kernel, with the GIL released. The others are filled one by one, each under the lock of its
grammar. With several threads the rows are dealt out in runs; it pays where a batch has many rows that are not finished,
or where other threads want the GIL. No thread is started unless it is asked for; then it waits for the next batch.
"""

from __future__ import annotations

import functools
import itertools
import os
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor

import numpy as np
from numpy.typing import NDArray

from maskwright.errors import MatcherError
from maskwright.matching._row_copies import copy_rows
from maskwright.matching.bitmask import check_row
from maskwright.matching.matcher import Matcher, accept_each


def fill_bitmasks(matchers: Sequence[Matcher], mask: NDArray[np.int32], *, n_threads: int = 1) -> None:
    """Fill row i of int32[>= len(matchers), ceil(vocabulary size / 32)] with the mask of matcher i.

    The matchers may follow different grammars for the same vocabulary. Raises MatcherError if the mask does not fit
    them.

        fill_bitmasks([matcher, other], mask)   # mask[0] is that of matcher, mask[1] that of other
    """
    check_batch(matchers, mask)
    n = len(matchers)
    if n_threads <= 1 or n < 2 * n_threads:
        _fill(matchers, mask[:n])
        return
    cuts = [n * i // n_threads for i in range(n_threads + 1)]
    runs = [(matchers[begin:end], mask[begin:end]) for begin, end in itertools.pairwise(cuts)]
    futures = [_threads(n_threads - 1).submit(_fill, *run) for run in runs[1:]]
    _fill(*runs[0])
    for future in futures:
        future.result()


def step_matchers(
    matchers: Sequence[Matcher], token_ids: Sequence[int], mask: NDArray[np.int32], *, n_threads: int = 1
) -> None:
    """Have matcher i accept token i, then fill row i with its next mask: one step of a server.

    Raises TokenRejected for the first token that is refused, with the text of none of them changed.
    """
    check_batch(matchers, mask)
    if len(token_ids) != len(matchers):
        raise MatcherError(f"There are {len(token_ids)} tokens for {len(matchers)} matchers")
    accept_each(matchers, token_ids)
    fill_bitmasks(matchers, mask, n_threads=n_threads)


@functools.cache
def _threads(n: int) -> ThreadPoolExecutor:
    return ThreadPoolExecutor(n, thread_name_prefix="maskwright-batch")


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_threads.cache_clear)  # threads do not live on in a child


def check_batch(matchers: Sequence[Matcher], mask: NDArray[np.int32]) -> None:
    """Raise MatcherError unless the mask has a row for each matcher, and all rows are of the right kind."""
    if mask.ndim != 2 or len(mask) < len(matchers):
        raise MatcherError(f"The mask needs a row for each of the {len(matchers)} matchers")
    if not matchers:
        return
    check_row(mask[0], matchers[0].row_shape)
    shape = matchers[0].row_shape
    if any(matcher.row_shape != shape for matcher in matchers) or not mask.flags.c_contiguous:
        raise MatcherError("The matchers of a batch need a contiguous mask and vocabularies of one size")


def _fill(matchers: Sequence[Matcher], mask: NDArray[np.int32]) -> None:
    rows = [matcher.finished_row for matcher in matchers]
    # `rows` keeps the memory behind the addresses alive, whatever other threads do to the grammars.
    copy_rows(np.array([row.address if row else 0 for row in rows], dtype=np.int64), mask)
    if None in rows:
        for i, row in enumerate(rows):
            if row is None:
                matchers[i].fill_bitmask(mask[i])
