"""Results of a function kept for the process, up to a number of them and up to a number of bytes.

`functools.lru_cache` only counts: an automaton may have a hundred bytes or ten megabytes, and what strangers send a
server is as large as they like. So results whose size depends on what was sent are weighed here; those that were not
used for the longest time go first, and the newest stays in any case, since whoever made it will soon ask again.

The function is called without the lock; two threads may both make a result that is missing, as with `lru_cache`.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable
from typing import Final, Generic, ParamSpec, TypeVar

from maskwright.locks import Rank, shared_lock

Arguments = ParamSpec("Arguments")
Result = TypeVar("Result")

DEFAULT_MAX_BYTES: Final = 16 << 20

_ENTRY_BYTES: Final = 1000
"""What an entry takes beside the result: arguments, their digests, the dictionary."""


class BoundedCache(Generic[Arguments, Result]):
    """The function, with memory. Arguments must be hashable."""

    def __init__(
        self, function: Callable[Arguments, Result], weigh: Callable[[Result], int], max_entries: int, max_bytes: int
    ) -> None:
        self.__doc__ = function.__doc__
        self.__wrapped__ = function
        self._weigh = weigh
        self._max_entries, self._max_bytes = max_entries, max_bytes
        self._lock = shared_lock(Rank.CACHE)
        self._results: OrderedDict[object, tuple[Result, int]] = OrderedDict()  # the one used last is the last
        self.size_bytes = 0

    def __call__(self, *args: Arguments.args, **kwargs: Arguments.kwargs) -> Result:
        """The result for these arguments."""
        key = (args, *sorted(kwargs.items())) if kwargs else args
        with self._lock:
            known = self._results.get(key)
            if known is not None:
                self._results.move_to_end(key)
                return known[0]
        result = self.__wrapped__(*args, **kwargs)
        weight = _ENTRY_BYTES + self._weigh(result)
        with self._lock:
            replaced = self._results.pop(key, None)
            self._results[key] = result, weight
            self.size_bytes += weight - (replaced[1] if replaced is not None else 0)
            dropped = []  # they go at the end, not under the lock
            while len(self._results) > self._max_entries or (
                self.size_bytes > self._max_bytes and len(self._results) > 1
            ):
                dropped.append(self._results.popitem(last=False)[1])
                self.size_bytes -= dropped[-1][1]
        return result

    def __len__(self) -> int:
        return len(self._results)

    def cache_clear(self) -> None:
        """Forget all results."""
        with self._lock:
            self._results.clear()
            self.size_bytes = 0


def bounded_cache(
    weigh: Callable[[Result], int], *, max_entries: int, max_bytes: int = DEFAULT_MAX_BYTES
) -> Callable[[Callable[Arguments, Result]], BoundedCache[Arguments, Result]]:
    """Keep the results of a function: `@bounded_cache(len, max_entries=512)`. `weigh`: the bytes of a result."""

    def cached(function: Callable[Arguments, Result]) -> BoundedCache[Arguments, Result]:
        return BoundedCache(function, weigh, max_entries, max_bytes)

    return cached
