"""Plots are files with a picture in them; what they look like is for people to judge."""

from __future__ import annotations

import numpy as np
import pytest

from bench.measure import CaseRecord, InstanceRecord
from bench.plot import write_batch_plot, write_plot

pytest.importorskip("matplotlib", reason="plots are drawn with matplotlib")

PNG = b"\x89PNG\r\n\x1a\n"


def test_percentiles_of_many_masks_few_masks_and_none(tmp_path):
    def record(n):
        instance = InstanceRecord(True, None, np.arange(1000, 1000 + n), np.zeros(n, dtype=np.int64))
        return CaseRecord("x", first_mask_ns=5000, instances=(instance,))

    records_of = {
        "maskwright": [record(20_000)],
        "llguidance": [record(3)],
        "xgrammar": [CaseRecord("x", refusal="no")],
    }
    write_plot(tmp_path / "plot.png", "title", records_of)
    assert (tmp_path / "plot.png").read_bytes().startswith(PNG)


def test_batches_with_an_engine_that_sat_out(tmp_path):
    def figure(engine, workload, n_threads):
        times = {"percentiles": (5.0, 6.0, 7.0, 2e3, 2e4)}
        return {"engine": engine, "workload": workload, "n_threads": n_threads, "steady": times, "steady_cpu": times}

    figures = [figure("maskwright", "1", 1), figure("maskwright", "32 x same", 2), figure("xgrammar", "32 x same", 2)]
    for times in ("steady", "steady_cpu"):
        write_batch_plot(tmp_path / f"{times}.png", figures, times)
        assert (tmp_path / f"{times}.png").read_bytes().startswith(PNG)
