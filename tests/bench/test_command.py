"""The bench from its command line to its files, with our own engine on one small workload."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

pytest.importorskip("transformers", reason="the bench reads tokenizers with transformers")

ROOT = Path(__file__).resolve().parents[2]
TOKENIZER = ROOT / "maskwright" / "assets" / "tiny-lm"


def bench(*arguments):
    return subprocess.run(
        [sys.executable, "-m", "bench", *map(str, arguments)],
        cwd=ROOT,
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=300,
        check=False,
    )


def test_a_run_prints_a_table_and_writes_its_figures(tmp_path):
    chosen = ("--workloads", "--filter", "tree", "--engines", "maskwright", "--tokenizer", TOKENIZER)
    run = bench(*chosen, "--slowest", 3, "--output", tmp_path)
    assert run.returncode == 0, run.stderr
    assert "mask + commit, p99.9" in run.stdout
    assert "Slowest masks of maskwright" in run.stdout
    assert "Mask + commit by case" in run.stdout
    (written,) = tmp_path.glob("*.json")
    figures = json.loads(written.read_text(encoding="utf-8"))["engines"]["maskwright"]
    assert figures["all_cases"]["n_passed"] == figures["all_cases"]["n_cases"] == 1
    assert figures["all_cases"]["mask_and_commit"]["count"] == sum(i["masks"] for i in figures["cases"][0]["instances"])
    assert not list(tmp_path.glob("*.log"))


def test_a_missing_tokenizer_is_one_sentence(tmp_path):
    run = bench("--workloads", "--tokenizer", tmp_path, "--output", tmp_path)
    assert run.returncode == 2
    assert run.stderr.strip() == f"bench: no tokenizer.json in {tmp_path}"


def test_a_pattern_that_selects_nothing_is_one_sentence(tmp_path):
    run = bench("--workloads", "--filter", "nothing*", "--output", tmp_path)
    assert run.returncode == 2
    assert run.stderr.strip() == "bench: no case is called 'nothing*'"
