"""The bench of masks over logits runs, and its figures of traffic are those of the formula."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

pytest.importorskip("torch", reason="the extra `hf` is not installed")
pytest.importorskip("transformers", reason="the extra `hf` is not installed")

import torch

from bench import device_masks
from bench.cases import WORKLOADS

TOKENIZER = Path(__file__).resolve().parents[2] / "maskwright" / "assets" / "tiny-lm"


@pytest.fixture(autouse=True)
def torch_stays_as_it_was() -> object:
    threads = torch.get_num_threads()
    yield
    torch.set_num_threads(threads)
    torch.set_grad_enabled(True)


def test_the_bench_prints_and_writes_its_tables(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    few = "--engines maskwright --sizes 100 --batches 1 3 --seconds 0.001 --traffic-batches 4".split()
    paths = ["--tokenizer", str(TOKENIZER), "--cases", str(WORKLOADS), "--output", str(tmp_path)]
    assert device_masks.main([*few, *paths]) == 0
    printed = capsys.readouterr().out
    assert "3 x 100" in printed
    document = json.loads(next(tmp_path.glob("*.json")).read_text())
    assert len(document["masks"]) == 2 * 3 * (1 + torch.cuda.is_available())
    assert all(figure["us"] > 0 for figure in [*document["masks"], *document["fused"]])
    for one in document["traffic"]:
        rows = one["n_finished"] + one["n_unfinished"]
        n = one["n_sequences"] * one["n_steps"]
        assert one["bytes_per_sequence"] == pytest.approx(4 + rows * one["bitmask_bytes"] / n)
    assert document["traffic"][-1]["bytes_per_sequence"] < document["traffic"][0]["bytes_per_sequence"]
