from __future__ import annotations

import math

import pytest

from bench.sampling.runs import Engine, Knows, Run, how_many_times_faster, take_turns


def _engine(owner: str, knows: Knows, calls: list[tuple[str, int]], *log_z: float) -> Engine:
    def run(seed: int) -> Run:
        calls.append((owner, seed))
        return Run(10, 30, log_z[seed], 4.0)

    return Engine(owner, "scripted", knows, run)


def test_engines_take_turns_and_the_first_run_does_not_count():
    calls: list[tuple[str, int]] = []
    engines = [_engine("a", Knows.MASK, calls, 5.0, -1.0, -2.0), _engine("b", Knows.MASK, calls, 5.0, -math.inf, -3.0)]
    first, second = take_turns(engines, 2)
    assert calls == [("a", 0), ("b", 0), ("a", 1), ("b", 1), ("a", 2), ("b", 2)]
    assert (first.runs, first.dead, first.mean_log_z, first.checks_per_token) == (2, 0, -1.5, 3.0)
    assert first.log_mean_z == pytest.approx(math.log((math.exp(-1) + math.exp(-2)) / 2))
    assert (second.dead, second.mean_log_z) == (1, -3.0)
    assert second.log_mean_z == pytest.approx(-3 - math.log(2))


def test_only_engines_that_know_the_same_are_compared():
    calls: list[tuple[str, int]] = []
    engines = [
        _engine("ours", Knows.MASK, calls, -1.0, -1.0),
        _engine("theirs", Knows.MASK, calls, -1.0, -1.0),
        _engine("theirs", Knows.CHECKER, calls, -1.0, -1.0),
    ]
    figures = take_turns(engines, 1)
    ratio = figures[1].processor_ms_per_token / figures[0].processor_ms_per_token
    assert how_many_times_faster(figures, "ours", Knows.MASK) == pytest.approx(ratio)
    assert how_many_times_faster(figures, "ours", Knows.CHECKER) is None
