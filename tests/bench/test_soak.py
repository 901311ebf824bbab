"""The soak in small: eight threads, mixed traffic, nothing wrong; and that it would notice."""

from __future__ import annotations

import threading
import time
from typing import Any

import pytest

import maskwright as mw
from bench.soak import Sample, slope_percent, soak
from bench.watched_locks import Holds, watched
from bench.workloads import traffic as traffic_module
from bench.workloads.traffic import Traffic
from maskwright.locks import Rank, shared_lock
from maskwright.matching.matcher import Matcher

PIECES = [b'":', b'", "', b'{"', b'"}', b"true", b"name", b"\n", b"1234", b"  ", b"get_", "\u00fc".encode()]


@pytest.fixture(scope="module")
def vocabulary() -> mw.Vocabulary:
    return mw.Vocabulary([*(bytes([byte]) for byte in range(256)), *PIECES, b""], eos_token_ids=[256 + len(PIECES)])


@pytest.fixture
def traffic(vocabulary: mw.Vocabulary, monkeypatch: pytest.MonkeyPatch) -> Traffic:
    monkeypatch.setattr(traffic_module, "N_RECORDED", 40)
    monkeypatch.setattr(traffic_module, "BEHAVIOURS", ("cot",))
    return Traffic(vocabulary, lambda text: list(text.encode()), n_cases=0, seed=1)


def prepared(traffic: Traffic, vocabulary: mw.Vocabulary) -> mw.Compiler:
    compiler = mw.Compiler(vocabulary, max_bytes=8 << 20, cache_bytes=4 << 20)
    traffic.prepare(compiler)
    traffic.record(mw.Compiler(vocabulary))
    return compiler


def test_mixed_traffic_of_eight_threads_is_right(traffic: Traffic, vocabulary: mw.Vocabulary) -> None:
    compiler = prepared(traffic, vocabulary)
    run, samples = soak(traffic, compiler, n_requests=400, minutes=10, n_threads=8, n_in_progress=4)
    assert run.faults == []
    assert dict(run.errors) == {}
    assert run.n_done == run.kinds.total() == 400
    assert len(run.kinds) == 9  # all kinds, and some were cancelled
    assert samples[-1].cache_bytes <= 4 << 20


def test_a_wrong_mask_is_noticed(traffic: Traffic, vocabulary: mw.Vocabulary, monkeypatch: pytest.MonkeyPatch) -> None:
    compiler = prepared(traffic, vocabulary)
    fill = Matcher.fill_bitmask

    def wrong(self: Matcher, row: Any) -> None:
        fill(self, row)
        if self.n_accepted == 3:
            row[0] |= 1

    monkeypatch.setattr(Matcher, "fill_bitmask", wrong)
    run, _ = soak(traffic, compiler, n_requests=60, minutes=10, n_threads=2)
    assert any("another mask at token 3" in fault for fault in run.faults)


def test_locks_note_how_long_they_are_held() -> None:
    with watched() as watch:
        lock = shared_lock(Rank.TABLES)
    with lock:
        with lock:
            pass
        time.sleep(0.05)
    waiting = threading.Thread(target=lambda: lock.acquire(timeout=1) and lock.release())
    with lock:
        waiting.start()
        time.sleep(0.02)
    waiting.join()
    wall, processor = watch.by_rank()["tables"]
    assert wall.counts.total() == 3
    assert wall.longest_ns >= 50_000_000 > processor.longest_ns
    watch.forget()
    assert watch.by_rank() == {}


def test_quantiles_are_no_smaller_than_what_they_leave_below() -> None:
    holds = Holds()
    for ns in range(1_000, 2_001_000, 1_000):
        holds.note(ns)
    assert 1.0 <= holds.quantile_ms(0.5) <= 1.13
    assert 1.98 <= holds.quantile_ms(0.99) <= 2.23
    assert holds.longest_ns == 2_000_000


def test_the_slope_is_that_of_thirty_thousand_requests_after_the_warm_up() -> None:
    def sample(n: int, resident: float) -> Sample:
        return Sample(n / 50, n, int(resident), 0, 0, 0)

    samples = [sample(n, 5e8) for n in range(0, 20_000, 100)]
    samples += [sample(n, 1e9 * (1 + (n - 60_000) / 30_000 / 100)) for n in range(20_000, 100_001, 100)]
    assert slope_percent(samples) == pytest.approx(1.0, abs=0.01)
