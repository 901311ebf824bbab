from __future__ import annotations

import json

import pytest

from bench.measure import Question
from bench.worker import EngineWorker, WorkerOptions

pytest.importorskip("transformers", reason="the bench reads tokenizers with transformers")


@pytest.fixture(scope="module")
def tokenizer_folder(tmp_path_factory):
    from tokenizers import Tokenizer, models, pre_tokenizers
    from transformers import PreTrainedTokenizerFast

    folder = tmp_path_factory.mktemp("tokenizer")
    alphabet = [*sorted(pre_tokenizers.ByteLevel.alphabet()), "<eos>"]
    model = Tokenizer(models.BPE(vocab={text: index for index, text in enumerate(alphabet)}, merges=[]))
    model.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    PreTrainedTokenizerFast(tokenizer_object=model, eos_token="<eos>").save_pretrained(folder)
    return folder


def options(tokenizer_folder, tmp_path, engine_module, seconds=60.0):
    return WorkerOptions(
        engine_module=engine_module,
        tokenizer_folder=tokenizer_folder,
        core=None,
        memory_bytes=2**30,
        seconds_per_case=seconds,
        verdicts_only=False,
        cpu_time=False,
        log=tmp_path / "engine.log",
    )


def test_a_child_that_crashes_or_hangs_costs_one_case(tokenizer_folder, tmp_path):
    worker = EngineWorker(options(tokenizer_folder, tmp_path, "tests.bench.scripted_engine", seconds=3.0))
    try:
        assert worker.set_up.problem == ""
        assert worker.set_up.rss_bytes > 0
        right = Question("right", json.dumps("a"), (((64,), True),))
        crash, hang = (Question(script, json.dumps(script), ()) for script in ("crash", "sleep"))
        records = [worker.ask(question) for question in (right, crash, right, hang, right)]
    finally:
        worker.close()
    assert [record.refusal.split(":")[0] for record in records] == ["", "crash", "", "time-out", ""]
    assert records[1].refusal.endswith("exit code 7")
    assert worker.n_restarts == 2
    assert records[0].instances[0].accepted
    assert records[0].rss_bytes > 0


def test_an_engine_that_is_not_installed_is_left_out(tokenizer_folder, tmp_path):
    worker = EngineWorker(options(tokenizer_folder, tmp_path, "bench.engines.does_not_exist"))
    worker.close()
    assert worker.set_up.problem.startswith("not installed (")
