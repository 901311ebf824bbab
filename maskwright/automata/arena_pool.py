"""Arenas of grammars that are gone, kept for grammars to come.

A new array of some megabytes is nothing but addresses: the system supplies each page when it is first touched. That
takes a quarter of a microsecond, and on virtual machines, where the host has to find the memory too, up to ten: more
than to make what is written there. An arena that was in use before has its pages. So a server that compiles a grammar
for each request does not pay for memory again and again, and a grammar's first masks are as fast as its later ones. Of
the first arena FIRST_BYTES are touched at once.

Pages are small ones, by advice to the system: numpy asks for pages of two megabytes, each of which is cleared when it
is first touched, in the middle of one mask (5 ms on such a machine, 0.2 ms elsewhere).

At most MAX_ARENAS are kept; those of which more than MAX_BYTES were in use go back to the system, and so do all pages
of the others beyond KEPT_BYTES. Else an arena that serves one grammar after another would keep the pages of the largest
of them for ever, and a cache full of small grammars would take ten times what they weigh.
"""

from __future__ import annotations

import contextlib
import mmap
import platform
import sys
from collections import deque
from typing import Final

import numpy as np

from maskwright.automata._frames import Ints
from maskwright.automata._layout import FREE

MAX_ARENAS: Final = 2
MAX_BYTES: Final = 6 << 20
FIRST_BYTES: Final = 4 << 20
KEPT_BYTES: Final = 2 << 20
"""Most grammars use half a megabyte."""
_LARGE_WORDS: Final = 1 << 20
"""From this size on memory comes from the system, and its pages when they are touched."""


_IS_LINUX_PC = sys.platform == "linux" and platform.machine() == "x86_64"
_NO_RESERVE = getattr(mmap, "MAP_NORESERVE", 0x4000 if _IS_LINUX_PC else 0)
"""Addresses are not memory: else a process with many grammars might not fork, as a child could touch all of it."""


def reserved(n_words: int) -> Ints:
    """int32[n_words] with any content, in small pages where the system can be told so."""
    if n_words < _LARGE_WORDS or not hasattr(mmap, "MADV_NOHUGEPAGE"):
        return np.empty(n_words, dtype=np.int32)
    try:
        memory = mmap.mmap(-1, 4 * n_words, flags=mmap.MAP_PRIVATE | mmap.MAP_ANONYMOUS | _NO_RESERVE)
    except OSError as error:
        raise MemoryError(f"The system has no {4 * n_words} bytes of addresses left") from error
    memory.madvise(mmap.MADV_NOHUGEPAGE)
    return np.frombuffer(memory, dtype=np.int32)


class ArenaPool:
    """Nobody may use an array that was given back. Any thread may call, and the garbage collector in the midst of a
    call, when a grammar is gone: so there is no lock, only the ends of queues, which Python moves in one step.
    """

    def __init__(self) -> None:
        self._is_first = True
        self._arenas: deque[Ints] = deque(maxlen=MAX_ARENAS)
        self._scratches: deque[Ints] = deque(maxlen=MAX_ARENAS)

    @property
    def size_bytes(self) -> int:
        """Bytes that were in use in the arenas that nobody has now, and in scratch arrays."""
        return sum(4 * int(arena[FREE]) for arena in [*self._arenas]) + sum(one.nbytes for one in [*self._scratches])

    def arena(self, n_words: int) -> Ints:
        """int32[n_words] with any content."""
        known = _taken(self._arenas, n_words)
        if known is not None:
            return known
        is_first, self._is_first = self._is_first, False
        arena = reserved(n_words)
        if is_first:
            arena[: FIRST_BYTES // 4] = 0
        return arena

    def scratch(self, n_words: int) -> Ints:
        """int32[n_words] of working memory for the kernels: zeros, or what kernels left there."""
        known = _taken(self._scratches, n_words)
        return np.zeros(n_words, dtype=np.int32) if known is None else known

    def give_back(self, arena: Ints, scratch: Ints) -> None:
        """Take the arrays of a grammar that is gone."""
        if 4 * int(arena[FREE]) <= MAX_BYTES:
            _let_go_of_pages(arena)
            self._arenas.append(arena)
        self._scratches.append(scratch)


def _let_go_of_pages(arena: Ints) -> None:
    """Give those beyond KEPT_BYTES back to the system."""
    memory = arena.base.obj if isinstance(arena.base, memoryview) else None
    if isinstance(memory, mmap.mmap) and hasattr(mmap, "MADV_DONTNEED"):
        memory.madvise(mmap.MADV_DONTNEED, KEPT_BYTES, len(memory) - KEPT_BYTES)


def _taken(queue: deque[Ints], n_words: int) -> Ints | None:
    """The array in a queue that was last put there, of those with a size, which it leaves; None if there is none."""
    with contextlib.suppress(IndexError):  # somebody else was quicker
        for _ in range(len(queue)):
            array = queue.pop()
            if array.size == n_words:
                return array
            queue.appendleft(array)
    return None
