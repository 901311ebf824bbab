"""Results that are kept up to a number and up to a number of bytes: counted, whatever the order of the calls."""

from __future__ import annotations

import random
import threading

import pytest

from maskwright.bounded_cache import _ENTRY_BYTES, BoundedCache, bounded_cache


def cached(calls: list[int], max_entries: int = 100, max_bytes: int = 10_000) -> BoundedCache[[int], bytes]:
    @bounded_cache(len, max_entries=max_entries, max_bytes=max_bytes)
    def made(size: int) -> bytes:
        calls.append(size)
        return bytes(size)

    return made


def test_results_stay_within_their_bytes_and_their_number_whatever_is_asked() -> None:
    calls: list[int] = []
    made = cached(calls, max_entries=5, max_bytes=12_000)
    chance = random.Random(0)
    for _ in range(2000):
        size = chance.randrange(6000)
        assert len(made(size)) == size
        assert len(made) <= 5
        assert made.size_bytes <= 12_000
    assert made.size_bytes == sum(weight for _, weight in made._results.values())


def test_those_that_were_not_used_for_the_longest_time_go_first() -> None:
    calls: list[int] = []
    made = cached(calls, max_bytes=3 * (_ENTRY_BYTES + 100))
    for size in (100, 99, 98, 100, 97):  # 99 has waited longest when 97 comes
        made(size)
    for size in (100, 98, 97):
        made(size)
    assert calls == [100, 99, 98, 97]
    made(99)
    assert calls[-1] == 99


def test_the_newest_stays_however_large_it_is() -> None:
    calls: list[int] = []
    made = cached(calls, max_bytes=100)
    for _ in range(3):
        made(5000)
    assert calls == [5000]
    made(1)
    made(5000)
    assert calls == [5000, 1, 5000]


def test_errors_are_not_kept_and_none_is_a_result() -> None:
    calls: list[int] = []

    @bounded_cache(lambda _: 0, max_entries=10)
    def divided(by: int, whole: int = 6) -> int | None:
        calls.append(by)
        return None if whole // by == 3 else by

    for _ in range(2):
        with pytest.raises(ZeroDivisionError):
            divided(0)
        assert divided(2) is None
        assert divided(by=3, whole=12) == 3
    assert calls == [0, 2, 3, 0]
    divided.cache_clear()
    assert (len(divided), divided.size_bytes) == (0, 0)
    assert divided(2) is None
    assert calls[-1] == 2


def test_threads_keep_count_together() -> None:
    made = cached([], max_entries=20, max_bytes=40_000)

    def ask(seed: int) -> None:
        chance = random.Random(seed)
        for _ in range(500):
            made(chance.randrange(3000))

    threads = [threading.Thread(target=ask, args=(seed,)) for seed in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert made.size_bytes == sum(weight for _, weight in made._results.values()) <= 40_000
