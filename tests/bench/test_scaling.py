from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import jsonschema
import numpy as np
import pytest

from bench.measure import CaseRecord, InstanceRecord
from bench.scaling import figures_of
from bench.workloads.larger_tokenizer import frequent_pairs, write_larger_tokenizer
from bench.workloads.sizes import series

ROOT = Path(__file__).resolve().parents[2]
TOKENIZER = ROOT / "maskwright" / "assets" / "tiny-lm"


def instance(*mask_us, refused_at=None):
    times = np.array(mask_us) * 1000
    return InstanceRecord(True, refused_at, times, np.zeros_like(times))


def test_the_second_half_of_the_texts_is_the_second_pass():
    record = CaseRecord("x", compile_ns=2000, instances=(instance(5), instance(3, refused_at=0), instance(1)))
    whole = CaseRecord("x", instances=(instance(5), instance(7), instance(1), instance(1)), grammar_bytes=10)
    figures = figures_of("s", "1", "e", 1.0, [whole, CaseRecord("y", refusal="no")])
    assert (figures.first_pass.mean, figures.second_pass.mean, figures.refused) == (6.0, 1.0, 1)
    assert figures.grammar_bytes == 10
    assert figures_of("s", "1", "e", 1.0, [record]).refused == 0
    assert figures_of("s", "1", "e", 1.0, []).first_pass.count == 0


def test_series_grow_and_their_texts_are_valid():
    for name, members in series().items():
        sizes = [size for size, _ in members]
        assert sizes == sorted(set(sizes))
        for _, case in members[: 1 if "depth" in name else 3]:  # jsonschema recurses
            validator = jsonschema.Draft202012Validator(json.loads(case.schema))
            assert case.instances and all(validator.is_valid(json.loads(one.text)) for one in case.instances), name


def test_a_larger_tokenizer_has_its_old_tokens_and_the_most_frequent_pairs(tmp_path):
    tokenizers = pytest.importorskip("tokenizers", reason="reads and writes tokenizers")
    pairs = frequent_pairs(TOKENIZER, ['{"kind": "kind", "kind": "kind"}'] * 3 + ["once"])
    write_larger_tokenizer(TOKENIZER, tmp_path / "larger", 4096 + 3, pairs)
    smaller = tokenizers.Tokenizer.from_file(str(TOKENIZER / "tokenizer.json"))
    larger = tokenizers.Tokenizer.from_file(str(tmp_path / "larger" / "tokenizer.json"))
    added = {text: token for text, token in larger.get_vocab().items() if text not in smaller.get_vocab()}
    assert sorted(added.values()) == [4096, 4097, 4098]
    assert set(added) <= {"".join(pair) for pair in pairs}
    assert smaller.get_vocab().items() <= larger.get_vocab().items()
    with pytest.raises(ValueError, match="are too few for a tokenizer of 9,000 tokens"):
        write_larger_tokenizer(TOKENIZER, tmp_path / "none", 9000, pairs)


def test_the_command_prints_a_table_and_writes_its_figures(tmp_path, monkeypatch):
    pytest.importorskip("transformers", reason="the bench reads tokenizers with transformers")
    monkeypatch.setenv("MASKWRIGHT_DATA", str(tmp_path))  # no data: the workloads and the bundled tokenizer
    chosen = ["--only", "vocabulary", "text depth", "--sample", "2", "--engines", "maskwright"]
    run = subprocess.run(
        [sys.executable, "-m", "bench.scaling", *chosen, "--output", str(tmp_path)],
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=300,
        check=False,
    )
    assert run.returncode == 0, run.stderr
    assert "text depth: mask + commit, mean / p99" in run.stdout
    (written,) = tmp_path.glob("*-scaling.json")
    figures = json.loads(written.read_text(encoding="utf-8"))["figures"]
    assert [one["label"] for one in figures] == ["tiny-lm, 4,096", "10", "100", "400"]
    assert all(one["refused"] == 0 and one["shared_bytes"] > 0 for one in figures)
