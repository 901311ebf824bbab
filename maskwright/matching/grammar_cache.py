"""Compiled grammars kept while they fit into a number of bytes; those not used for the longest time go first.

A key names a specification and its options *by content* (`content_key`), so equal requests meet, from whichever thread:
the first one compiles, the others wait for it. A grammar that failed is not kept: an error is cheap to find again, and
would otherwise stay when its reason (a registry, a limit) is gone. Threads that waited for it get the same error.

A grammar grows while texts are read, so what it weighs is asked again: on every hit, and on every miss of the
`WEIGHED_AT_ONCE` grammars that were weighed the longest time ago, which takes about 20 µs. The sum is therefore right
but for what others have learnt in the meantime; each is bounded by `max_bytes` of its compiler. What is dropped lives
on for as long as a matcher has it. Where memory cannot be had, all is dropped before an error is raised.
"""

from __future__ import annotations

import hashlib
import marshal
from collections import OrderedDict
from collections.abc import Callable
from concurrent.futures import CancelledError
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from maskwright.locks import Rank, shared_lock
from maskwright.matching.in_progress import InProgress

if TYPE_CHECKING:
    from maskwright.matching.compiled_grammar import CompiledGrammar

WEIGHED_AT_ONCE = 16

_MARSHAL_VERSION = 2
"""The newest one in which equal values have equal bytes: later ones note which objects are shared and interned."""


def content_key(*parts: Any) -> bytes | None:
    """A digest of plain data (texts, numbers, None, lists, dictionaries), None where something else is in it.

    Equal keys mean equal values of equal types: `{"a": 1}`, `{"a": True}` and `{"a": 1.0}` have three. The order of
    a dictionary counts, for members may have to stand in it.
    """
    try:
        content = marshal.dumps(parts, _MARSHAL_VERSION)
        if marshal.loads(content) != parts:  # some types of numpy are written as their bytes
            return None
    except (ValueError, RecursionError):  # of another type, or nested too deeply
        return None
    return hashlib.blake2b(content, digest_size=32).digest()


@dataclass(frozen=True, slots=True)
class CacheFigures:
    """What a cache has done and holds; `n_waited` counts the hits that had to wait for another thread's compilation."""

    n_hits: int
    n_misses: int
    n_waited: int
    n_dropped: int
    n_grammars: int
    size_bytes: int
    max_bytes: int


class GrammarCache:
    """Compiled grammars by key. Thread-safe; nothing is compiled or weighed while others are kept waiting."""

    def __init__(
        self,
        max_bytes: int,
        weigh: Callable[[CompiledGrammar], int],
        is_spoilt: Callable[[CompiledGrammar], bool] = lambda _: False,
    ) -> None:
        self._max_bytes = max_bytes
        self._weigh = weigh
        self._is_spoilt = is_spoilt
        self._lock = shared_lock(Rank.CACHE)
        self._grammars: OrderedDict[bytes, CompiledGrammar] = OrderedDict()  # the one used last is the last
        self._weights: OrderedDict[bytes, int] = OrderedDict()  # the one weighed last is the last
        self._in_progress: InProgress[CompiledGrammar] = InProgress()
        self._size = self._n_hits = self._n_misses = self._n_waited = self._n_dropped = 0

    @property
    def figures(self) -> CacheFigures:
        """How it does; asks no grammar for its weight."""
        with self._lock:
            return CacheFigures(
                n_hits=self._n_hits,
                n_misses=self._n_misses,
                n_waited=self._n_waited,
                n_dropped=self._n_dropped,
                n_grammars=len(self._grammars),
                size_bytes=self._size,
                max_bytes=self._max_bytes,
            )

    def clear(self) -> None:
        """Drop all grammars; those in progress are kept when they are done."""
        with self._lock:
            self._grammars.clear()
            self._weights.clear()
            self._size = 0

    def get(self, key: bytes | None, compiled: Callable[[], CompiledGrammar]) -> CompiledGrammar:
        """The grammar kept under a key, or else what `compiled` makes; without a key nothing is looked for or kept."""
        if key is None or self._max_bytes <= 0:
            return compiled()
        while True:
            with self._lock:
                known = self._grammars.get(key)
                if known is not None and self._is_spoilt(known):
                    del self._grammars[key]
                    self._size -= self._weights.pop(key)
                    known = None
                if known is not None:
                    self._n_hits += 1
                    self._grammars.move_to_end(key)
                    self._put_on_scales(key, known)
                    _dropped = self._drop_oldest()  # they go at the end, not under the lock: that takes some time
                    return known
                pending, claim = self._in_progress.claim((key,))
                self._n_misses += claim is not None
                self._n_waited += claim is None
            if claim is not None:
                return self._in_progress.carry_out((key,), claim, lambda: self._made(key, compiled))
            try:
                made = pending.result()
            except CancelledError:  # the thread that compiled it was interrupted: now it is for us to do
                continue
            with self._lock:
                self._n_hits += 1
            return made

    def _made(self, key: bytes, compiled: Callable[[], CompiledGrammar]) -> CompiledGrammar:
        """Compile it and keep it."""
        try:
            made = compiled()
        except MemoryError:
            # Each grammar reserves far more addresses than it uses memory (`TransitionNetwork`), and where a system
            # limits those (`ulimit -v`), the grammars kept here must not keep others from being made.
            self.clear()
            made = compiled()
        with self._lock:
            self._grammars[key] = made
            self._put_on_scales(key, made)
            for due in list(self._weights)[:WEIGHED_AT_ONCE]:
                self._put_on_scales(due, self._grammars[due])
            _dropped = self._drop_oldest()  # as above
        return made

    def _put_on_scales(self, key: bytes, grammar: CompiledGrammar) -> None:
        weight = self._weigh(grammar)
        self._size += weight - self._weights.get(key, 0)
        self._weights[key] = weight
        self._weights.move_to_end(key)

    def _drop_oldest(self) -> list[CompiledGrammar]:
        """What does not fit any more, for the caller to let go of."""
        dropped = []
        while self._size > self._max_bytes:
            key, grammar = self._grammars.popitem(last=False)
            dropped.append(grammar)
            self._size -= self._weights.pop(key)
            self._n_dropped += 1
        return dropped
