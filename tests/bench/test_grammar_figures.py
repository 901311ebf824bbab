from __future__ import annotations

from io import StringIO

import numpy as np
from rich.console import Console

from bench.grammar_figures import Answer, as_json, figures_of, print_compilation, print_times, ratios
from bench.measure import CaseRecord, InstanceRecord

MEBIBYTE = 2**20


def instance(*mask_us: int, refused_at: int | None = None, failure: str = "") -> InstanceRecord:
    times = np.array(mask_us, dtype=np.int64) * 1_000
    return InstanceRecord(True, refused_at, times, np.zeros_like(times), failure=failure)


def answer(*instances: InstanceRecord) -> Answer:
    record = CaseRecord("g", "", 3_000_000, 4_000_000, instances, rss_bytes=5 * MEBIBYTE, peak_rss_bytes=7 * MEBIBYTE)
    before = (CaseRecord("g", "", 9_000_000), CaseRecord("g", "", 1_000_000))
    return Answer(record, before, base_rss_bytes=4 * MEBIBYTE)


def test_the_first_half_of_the_instances_is_cold_and_the_second_warm() -> None:
    [one] = figures_of({"maskwright": answer(instance(8, 4), instance(6), instance(2, 2), instance(2))}, ["a", "b"])
    assert (one.cold.count, one.cold.mean, one.cold.maximum) == (3, 6.0, 8.0)
    assert (one.warm.count, one.warm.mean, one.warm.maximum) == (3, 2.0, 2.0)
    assert (one.n_texts, one.n_tokens) == (2, 1)  # the last mask of a text has no token
    assert (one.first_compile_ms, one.median_compile_ms, one.first_mask_ms) == (9.0, 3.0, 4.0)
    assert one.memory_growth_mib == 3.0


def test_a_text_that_one_engine_refuses_is_left_out_for_all() -> None:
    ours = answer(*(instance(us) for us in (1, 2, 1, 2)))
    theirs = answer(instance(9), instance(5, refused_at=0, failure="too many items"), instance(9), instance(5))
    one, other = figures_of({"maskwright": ours, "x": theirs}, ["kept", "left out"])
    assert (one.n_texts, one.cold.mean, other.cold.mean) == (1, 1.0, 9.0)
    assert one.refused == {}
    assert other.refused == {"left out": "token 0 too many items"}


def test_an_engine_that_refuses_the_grammar_has_no_times_and_a_reason() -> None:
    refused = Answer(CaseRecord("g", "ValueError: no"), (), 0)
    listed = figures_of({"maskwright": refused, "x": answer(instance(3), instance(3))}, ["a"])
    assert [one.cold.count for one in listed] == [0, 1]
    console = Console(width=170, record=True, file=StringIO())
    print_times(console, {"g": listed})
    print_compilation(console, {"g": listed})
    assert "maskwright refused the grammar g: ValueError: no" in console.export_text()
    assert as_json({"g": listed})["ratios"] == {"g": {"cold": {}, "warm": {}}}


def test_ratios_are_to_the_time_of_maskwright() -> None:
    assert ratios({"maskwright": [2.0, 4.0], "x": [3.0, 1.0]}) == {"x": [1.5, 0.25]}
    assert ratios({"x": [3.0]}) == {}
