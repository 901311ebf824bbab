"""The programs, small: every mode becomes a row, every engine a column, and both files are written."""

# ruff: noqa: E402  (what needs the engines is imported after the check that they are there)

from __future__ import annotations

import json
import os
from collections.abc import Iterator
from pathlib import Path

import pytest

torch = pytest.importorskip("torch", reason="the extra `hf` is not installed")
pytest.importorskip("xgrammar", reason="the extra `bench` is not installed")
pytest.importorskip("llguidance", reason="the extra `bench` is not installed")

from bench.transformers import modes, overhead


@pytest.fixture(autouse=True)
def as_before() -> Iterator[None]:
    """The cores and threads that the programs choose."""
    cores = os.sched_getaffinity(0) if hasattr(os, "sched_getaffinity") else None
    threads = torch.get_num_threads()
    yield
    torch.set_num_threads(threads)
    if cores is not None:
        os.sched_setaffinity(0, cores)


def written(folder: Path, subject: str) -> dict[str, object]:
    (path,) = folder.glob(f"*-{subject}.json")
    assert path.with_suffix(".md").is_file()
    sections = json.loads(path.read_text(encoding="utf-8"))["sections"]
    assert isinstance(sections, dict)
    return sections


def test_modes_are_valid_with_us_and_some_are_not_with_others(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert modes.main(["--schemas", "1", "--output", str(tmp_path)]) == 0
    found = written(tmp_path, "transformers-modes")["Modes of generation"]
    assert isinstance(found, dict)
    assert list(found) == list(modes.MODES)
    for mode, of in found.items():
        assert set(of["maskwright"]) == {"valid"}, mode
    for mode in ("beam search", "prompt lookup", "assisted", "continuous batching"):
        assert "valid" not in found[mode]["xgrammar"]
    assert "beam search, sampled" in capsys.readouterr().out


def test_overheads_are_measured_for_all_engines(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    arguments = "--rounds 1 --tokens 4 --batches 2 --schemas records --output".split()
    assert overhead.main([*arguments, str(tmp_path)]) == 0
    sections = written(tmp_path, "transformers-overhead")
    steps, jumps = sections.values()
    assert isinstance(steps, list)
    assert isinstance(jumps, list)
    assert [one["engine"] for one in steps] == ["no grammar", "maskwright", "xgrammar", "llguidance"]
    assert all(one["step_us"] > 0 for one in steps)
    skeleton = next(one for one in jumps if one["schema"] == "constants" and one["whitespace"] == "compact")
    assert skeleton["n_model_calls"] < skeleton["n_tokens"] / 4
    assert skeleton["share_forced"] > 0.8
    assert "times as fast as without" in capsys.readouterr().out.replace("\n", " ")
