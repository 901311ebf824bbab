"""The kernels do the work that bench/guard_baseline.json says, and the guard would notice if they did more."""

from __future__ import annotations

import json
import os
import platform

import pytest

from bench import guard, instructions
from bench.guard import BASELINE, differences
from bench.workloads.guarded import guarded_workloads
from maskwright.matching.mask_tables import MaskTables

pytest.importorskip("tokenizers", reason="the guard reads the bundled tokenizer with tokenizers")

HINT = "if that is meant: python -m bench.guard --update, and say why in the commit"


def baseline():
    return json.loads(BASELINE.read_text(encoding="utf-8"))


@pytest.fixture(scope="module")
def counts():
    return guard.count_operations()


def test_operations_are_those_of_the_baseline(counts):
    assert differences(baseline()["operations"], counts) == [], HINT


def test_a_second_pass_only_looks_up(counts):
    for workload in guarded_workloads():
        assert counts[f"{workload.name}, first"]["n_steps"] > 0
        again = counts[f"{workload.name}, second"]
        assert [again[name] for name in ("n_steps", "n_nodes_walked", "n_configurations", "n_rows")] == [0] * 4


def test_counts_are_the_same_every_time_and_leave_the_environment_alone(counts, monkeypatch):
    monkeypatch.setenv("MASKWRIGHT_CACHE_DIR", "/somewhere")
    assert guard.count_operations() == counts
    assert os.environ["MASKWRIGHT_CACHE_DIR"] == "/somewhere"


def test_a_walk_that_skips_nothing_is_noticed(counts, monkeypatch):
    """A slowdown of the kind that the guard is there for: without shared rows every mask walks the whole trie."""
    monkeypatch.setattr(MaskTables, "states_of", lambda *_: None)
    (record,) = [workload for workload in guarded_workloads() if workload.name == "record"]
    monkeypatch.setattr(guard, "guarded_workloads", lambda: [record])
    slower = guard.count_operations()
    told = differences({name: baseline()["operations"][name] for name in slower}, slower)
    assert any(line.startswith("record, first: n_nodes_walked") for line in told)


def test_six_in_a_hundred_are_a_change_and_five_are_none():
    then = {"x, first": {"n_steps": 1000, "n_rows": 3, "n_walked": 0}}
    same = {"x, first": {"n_steps": 1050, "n_rows": 4, "n_walked": 0}}
    assert differences(then, same) == []
    more = {"x, first": {"n_steps": 1060, "n_rows": 3, "n_walked": 1}}
    assert differences(then, more) == [
        "x, first: n_steps 1,000 -> 1,060 (+6.0 %)",
        "x, first: n_walked 0 -> 1 (from nothing)",
    ]
    fewer = {"x, first": {"n_steps": 940, "n_rows": 3, "n_walked": 0}}
    assert differences(then, fewer) == ["x, first: n_steps 1,000 -> 940 (-6.0 %)"]


def test_what_is_only_on_one_side_is_a_change():
    assert differences({"x": {"a": 1, "b": 1}}, {"x": {"b": 1, "c": 1}, "y": {"a": 1}}) == [
        "x: a is only in the baseline",
        "x: c is not in the baseline",
        "y: not in the baseline",
    ]


@pytest.mark.skipif(platform.machine() != "x86_64", reason="the request is machine code of x86-64")
def test_a_request_to_valgrind_does_nothing_where_there_is_none():
    ask = instructions.client_request()
    for request in (instructions.START, instructions.STOP, instructions.DUMP):
        ask(request)
