from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from bench.batch import common_questions, workload_of
from bench.batch_measure import Positions, Workload, measure_batch
from bench.measure import Question

ROOT = Path(__file__).resolve().parents[2]
TOKENIZER = ROOT / "maskwright" / "assets" / "tiny-lm"


class ScriptedBatch:
    """Each grammar is its texts; a mask has the bit of the token that comes next in any of them, unless `lies`."""

    def __init__(self, grammars, lies):
        self.grammars = grammars
        self.mask = np.zeros((len(grammars), 1), dtype=np.int32)
        self.read = [() for _ in grammars]
        self.lies = lies

    def fill(self):
        for index, (grammar, read) in enumerate(zip(self.grammars, self.read, strict=True)):
            following = {text[len(read)] for text in grammar if text[: len(read)] == read and len(text) > len(read)}
            self.mask[index] = 0 if self.lies else sum(1 << token for token in following)

    def step(self, tokens):
        self.read = [(*read, token) for read, token in zip(self.read, tokens, strict=True)]
        self.fill()

    def restart(self, index, read):
        self.read[index] = tuple(read)


class ScriptedEngine:
    version = "1"

    def __init__(self, lies=False):
        self.lies = lies

    def compile(self, schema):
        return [tuple(text) for text in json.loads(schema)]

    def batch(self, compiled, n_threads):
        return ScriptedBatch(compiled, self.lies)


def two_schemas():
    texts = (((1, 2, 3), (1, 4)), ((5, 6),))
    return Workload("x", tuple(json.dumps(one) for one in texts), texts, (0, 1, 0))


def test_sequences_read_their_texts_in_turns():
    positions = Positions(two_schemas())
    assert positions.next_tokens() == [1, 5, 1]
    read = []
    for _ in range(4):
        read.append(positions.next_tokens())
        positions.advance()
    assert list(zip(*read, strict=True)) == [(1, 2, 3, 1), (5, 6, 5, 6), (1, 2, 3, 1)]
    assert positions.text_before(0) == (1,)


def test_every_step_is_timed_and_every_mask_is_looked_at():
    record = measure_batch(ScriptedEngine(), two_schemas(), 1, 7)
    assert record.first_pass_ns.size == 1 + 5  # the first masks, and the tokens of the longer schema
    assert record.steady_ns.size == record.steady_cpu_ns.size == 7
    with pytest.raises(ValueError, match="the mask of sequence 0 lacks its next token"):
        measure_batch(ScriptedEngine(lies=True), two_schemas(), 1, 7)


def test_an_engine_that_looked_at_too_few_cases_sits_out():
    questions = [Question(name, name, ()) for name in "abcd"]
    verdicts = {"quick": [True, False, True, True], "slow": [True, True]}
    names = {count: common_questions(verdicts, questions, count) for count in (1, 2, 4)}
    assert [question.name for question in names[1][1]] == ["a"] and names[1][0] == ["quick", "slow"]
    assert [question.name for question in names[2][1]] == ["a", "c"] and names[2][0] == ["quick"]
    assert names[4] == ([], [])


def test_grammars_take_turns():
    questions = [Question(name, name, (((1, 2), True),)) for name in "ab"]
    assert workload_of("mixed", 5, questions).schema_of == (0, 1, 0, 1, 0)


def test_the_command_prints_a_table_and_writes_its_figures(tmp_path):
    pytest.importorskip("transformers", reason="the bench reads tokenizers with transformers")
    chosen = ["--engines", "maskwright", "--batches", "1", "4", "--kinds", "same", "--threads", "1", "--steps", "5"]
    places = ["--cases", "bench/workloads", "--tokenizer", str(TOKENIZER), "--output", str(tmp_path)]
    run = subprocess.run(
        [sys.executable, "-m", "bench.batch", *chosen, *places],
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=300,
        check=False,
    )
    assert run.returncode == 0, run.stderr
    assert "Steady state" in run.stdout
    (written,) = tmp_path.glob("*-batch.json")
    figures = json.loads(written.read_text(encoding="utf-8"))["figures"]
    assert [one["workload"] for one in figures] == ["1", "4 x same"]
    assert all(one["steady"]["count"] == 5 and not one["problem"] for one in figures)
