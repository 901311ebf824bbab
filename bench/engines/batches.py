"""The adapters again, for batches in step: the engine of the module beside this one, and its calls for many sequences.

A step reads one token for each sequence and then fills all masks, as a server does between two passes of its model.
Each engine takes the quickest way that its interface has; what that costs in Python is part of the step.
"""

from __future__ import annotations

import importlib
from collections.abc import Callable, Sequence
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from bench.tokenizer import Tokenizer


class Batch(Protocol):
    """Sequences in step. `mask`: int32[n, ceil(size / 32)], row i belongs to sequence i."""

    mask: NDArray[np.int32]

    def fill(self) -> None:
        """Write all masks."""

    def step(self, tokens: list[int]) -> None:
        """Read a token for each sequence, then write all masks; raises ValueError where one is refused."""

    def restart(self, index: int, read: Sequence[int]) -> None:
        """Begin one sequence anew and read some tokens; its row of the mask is left as it is. Not timed."""


class BatchEngine(Protocol):
    """An engine set up for one tokenizer."""

    version: str

    def compile(self, schema: str) -> Any:
        """As in `engines.protocol`."""

    def batch(self, compiled: Sequence[Any], n_threads: int) -> Batch:
        """A sequence for each of the compiled grammars, at its start."""


class MaskwrightBatch:
    """`step_matchers`; for a batch of one, `step`."""

    def __init__(self, compiled: Sequence[Any], size: int, n_threads: int) -> None:
        import maskwright as mw

        self.matchers = [grammar.matcher() for grammar in compiled]
        self.mask = mw.allocate_bitmask(len(compiled), size)
        self.n_threads = n_threads
        self.fill_all, self.step_all = mw.fill_bitmasks, mw.step_matchers

    def fill(self) -> None:
        self.fill_all(self.matchers, self.mask, n_threads=self.n_threads)

    def step(self, tokens: list[int]) -> None:
        if len(tokens) == 1:
            self.matchers[0].step(tokens[0], self.mask[0])
        else:
            self.step_all(self.matchers, tokens, self.mask, n_threads=self.n_threads)

    def restart(self, index: int, read: Sequence[int]) -> None:
        self.matchers[index].reset()
        self.matchers[index].accept_tokens(read)


class LLGuidanceBatch:
    """`LLExecutor` with two threads or more; with one, the calls for a single sequence in a loop, which are quicker."""

    def __init__(self, compiled: Sequence[Any], size: int, n_threads: int) -> None:
        import llguidance.numpy

        self.matchers = [matcher.deep_copy() for matcher in compiled]
        self.mask = llguidance.numpy.allocate_token_bitmask(len(compiled), size)
        self.executor = llguidance.LLExecutor(n_threads) if n_threads > 1 else None
        self.row_bytes = self.mask.strides[0]
        self.rows = [(matcher, index) for index, matcher in enumerate(self.matchers)]
        first = self.mask.ctypes.data
        self.pointers = [first + index * self.row_bytes for index in range(len(compiled))]

    def fill(self) -> None:
        if self.executor is not None:
            self.executor.unsafe_compute_mask_ptr(self.rows, self.pointers[0], self.row_bytes, len(self.rows))
            return
        for matcher, pointer in zip(self.matchers, self.pointers, strict=True):
            matcher.unsafe_compute_mask_ptr(pointer, self.row_bytes)

    def step(self, tokens: list[int]) -> None:
        if self.executor is not None:
            taken = self.executor.consume_token_par(list(zip(self.matchers, tokens, strict=True)))
        else:
            taken = [matcher.consume_token(token) for matcher, token in zip(self.matchers, tokens, strict=True)]
        _all_taken(taken)
        self.fill()

    def restart(self, index: int, read: Sequence[int]) -> None:
        self.matchers[index].reset()
        self.matchers[index].consume_tokens(list(read))


class XGrammarBatch:
    """`BatchGrammarMatcher`; for a batch of one, the calls for a single sequence."""

    def __init__(self, compiled: Sequence[Any], size: int, n_threads: int) -> None:
        import xgrammar

        self.matchers = [xgrammar.GrammarMatcher(grammar) for grammar in compiled]
        self.bitmask = xgrammar.allocate_token_bitmask(len(compiled), size)
        self.mask = self.bitmask.numpy()
        self.call = xgrammar.BatchGrammarMatcher(n_threads) if len(compiled) > 1 else None

    def fill(self) -> None:
        if self.call is None:
            self.matchers[0].fill_next_token_bitmask(self.bitmask)
        else:
            self.call.batch_fill_next_token_bitmask(self.matchers, self.bitmask)

    def step(self, tokens: list[int]) -> None:
        if self.call is None:
            taken = [self.matchers[0].accept_token(tokens[0])]
        else:
            taken = self.call.batch_accept_token(self.matchers, tokens)
        _all_taken(taken)
        self.fill()

    def restart(self, index: int, read: Sequence[int]) -> None:
        self.matchers[index].reset()
        for token in read:
            self.matchers[index].accept_token(token)


def _all_taken(taken: list[bool]) -> None:
    if not all(taken):
        raise ValueError(f"the token of sequence {taken.index(False)} is refused")


BATCHES: dict[str, Callable[[Sequence[Any], int, int], Batch]] = {
    "maskwright": MaskwrightBatch,
    "llguidance": LLGuidanceBatch,
    "xgrammar": XGrammarBatch,
}
"""Engines whose interface has a call for a batch."""


def create(name: str, tokenizer: Tokenizer) -> BatchEngine:
    """The engine of that name for this tokenizer; raises ImportError where it is not installed."""
    engine = importlib.import_module(f"bench.engines.{name}").create(tokenizer)
    engine.batch = lambda compiled, n_threads: BATCHES[name](compiled, tokenizer.size, n_threads)
    return engine  # type: ignore[no-any-return]
