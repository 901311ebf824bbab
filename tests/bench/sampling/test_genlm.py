"""The peer, where it is installed (`pip install "maskwright[bench]"`): its adapters work, claims of speed hold."""

from __future__ import annotations

import pytest

pytest.importorskip("genlm.control", reason="the extra `bench` is not installed")

import maskwright as mw
from bench.sampling import genlm, quality, random_gpt2, table_lm
from bench.sampling.method import Setting
from bench.sampling.runs import Knows, how_many_times_faster, take_turns
from bench.sampling.tasks import read_task
from maskwright.integrations.generation import load_model


@pytest.fixture(autouse=True)
def one_thread():
    import torch

    n_threads = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(n_threads)


def test_runs_of_the_peer_are_counted_and_near_the_truth():
    table = table_lm.Table.random(300)
    figures = take_turns(genlm.table_engines(table, 50), 10)
    assert {one.owner for one in figures} == {genlm.ENGINE}
    for one in figures:
        assert one.tokens_per_run >= 50
        assert abs(one.log_mean_z - table.log_z) < 0.5
        assert (one.checks_per_token > 1) == (one.knows is Knows.CHECKER)


def test_texts_of_the_peer_are_texts_of_the_task():
    loaded = load_model()
    setting = Setting.of(read_task("binary_skew"), loaded, mw.Compiler(loaded.vocabulary))
    for one in quality.measure(setting, genlm.quality_methods(4, (0.5,)), 3, 1):
        assert one.texts + one.failed == 3
        assert one.kl is not None
        assert one.kl < float("inf")


@pytest.mark.deep
@pytest.mark.parametrize(("size", "factor"), [(32_000, 3.0), (128_000, 4.0)])
def test_sampling_costs_a_fraction_of_the_peers(size, factor):
    figures = take_turns(table_lm.engines(table_lm.Table.random(size)), 15)
    for knows in Knows:
        found = how_many_times_faster(figures, "maskwright", knows)
        assert found is not None
        assert found >= factor


@pytest.mark.deep
def test_a_run_with_a_model_takes_half_the_time_of_the_peers_and_its_estimate_is_no_lower():
    """The means of 100 runs differ by 0.6 in one standard deviation; 1 is allowed besides two of them."""
    figures = random_gpt2.measure(100)
    found = how_many_times_faster(figures, "maskwright", Knows.MASK)
    assert found is not None
    assert found >= 2.0
    (ours,) = (one for one in figures if one.owner == "maskwright" and one.knows is Knows.MASK)
    theirs = max(one.mean_log_z for one in figures if one.owner != "maskwright" and one.knows is Knows.MASK)
    assert ours.mean_log_z >= theirs - 1 - 2 * 0.6
