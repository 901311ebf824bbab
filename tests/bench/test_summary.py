from __future__ import annotations

import numpy as np

from bench.measure import CaseRecord, InstanceRecord
from bench.summary import common_cases, group_reason, passes, spread, summarise


def instance(valid, accepted, masks=(), commits=()):
    refused_at = None if accepted else len(masks)
    return InstanceRecord(valid, refused_at, np.array(masks, dtype=np.int64), np.array(commits, dtype=np.int64))


def test_a_case_passes_if_every_verdict_is_right():
    assert passes(CaseRecord("a", instances=(instance(True, True), instance(False, False))))
    assert not passes(CaseRecord("a", instances=(instance(True, True), instance(False, True))))
    assert not passes(CaseRecord("a", refusal="ValueError: no"))


def test_figures_count_instances_and_add_mask_and_commit():
    records = [
        CaseRecord("right", "", 2000, 9000, (instance(True, True, (1000, 3000), (500, 0)),), rss_bytes=150),
        CaseRecord("wrong", "", 4000, 0, (instance(False, True), instance(True, False, (2000,), (0,))), rss_bytes=120),
        CaseRecord("refused", "ValueError: at '/a' 17"),
        CaseRecord("slow", "time-out: more than 5 s for one case"),
        CaseRecord("dead", "crash: the process ended with exit code -11"),
    ]
    summary = summarise(records, rss_after_set_up=100)
    assert (summary.n_cases, summary.n_compiled, summary.n_passed) == (5, 2, 1)
    assert (summary.n_wrong_accepts, summary.n_wrong_rejects) == (1, 1)
    assert (summary.n_time_outs, summary.n_crashes) == (1, 1)
    assert summary.mask.mean == 2.0
    assert summary.mask_and_commit.mean == 6.5 / 3
    assert summary.mask_and_commit.maximum == 3.0
    assert summary.compile.mean == 3.0
    assert summary.first_mask.count == 1
    assert summary.rss_growth_bytes == 50


def test_a_spread_of_nothing_is_all_zero():
    assert spread(np.zeros(0, dtype=np.int64)).maximum == 0.0


def test_common_cases_are_those_that_all_engines_compiled():
    one = [CaseRecord("a"), CaseRecord("b"), CaseRecord("c", "no")]
    other = [CaseRecord("a"), CaseRecord("b", "no"), CaseRecord("c")]
    assert common_cases({"one": one, "other": other}) == {"a"}


def test_reasons_that_differ_in_place_and_number_are_one_reason():
    first = group_reason("UnsupportedSchema: JSON Schema keyword 'not' at '/a/0' is not supported yet.")
    second = group_reason("UnsupportedSchema: JSON Schema keyword 'not' at '/b' is not supported yet.")
    assert first == second == "UnsupportedSchema: JSON Schema keyword 'not' at '...' is not supported yet."
    assert group_reason("names (http://a/b) or anchor 'x'") == group_reason("names (list) or anchor 'y'")
    assert group_reason("needs 12 states\nmore") == group_reason("needs 7 states")
    assert len(group_reason("x" * 1000)) == 140
