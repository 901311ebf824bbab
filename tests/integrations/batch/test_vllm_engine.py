"""Batches in vLLM with the bundled model and the plug-in, the engine in a process of its own as by default."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import jsonschema
import pytest

from maskwright.integrations.batch import (
    Asking,
    Constraint,
    Fields,
    HostFailed,
    Kind,
    OnVLLM,
    RowError,
    Sampling,
    Tally,
    Written,
    run,
    run_here,
)
from maskwright.integrations.batch.vllm_engine import VLLMEngine, asked_of
from maskwright.integrations.batch.work import Request, answered
from tests.integrations.batch.scribe import read_answers
from tests.integrations.batch.test_running import job_of

SCHEMA = {
    "type": "object",
    "properties": {"city": {"enum": ["Oslo", "Rome"]}, "days": {"type": "integer", "minimum": 1, "maximum": 9}},
    "required": ["city"],
    "additionalProperties": False,
}
SETTINGS = {"enforce_eager": True, "max_model_len": 640, "max_num_seqs": 16, "dtype": "float32"}
GRAMMARS = Path(__file__).parents[3] / "schemas" / "lark"
WORDS = Constraint(Kind.REGEX, "[a-z]{4,9}")


@pytest.mark.parametrize(
    ("constraint", "asked"),
    [
        (WORDS, {"regex": "[a-z]{4,9}"}),
        (Constraint(Kind.JSON, "{}"), {"json": "{}"}),
        (
            Constraint(Kind.JSON, "{}", options='{"whitespace": "compact"}'),
            {"json": "{}", "json_options": {"whitespace": "compact"}},
        ),
        (Constraint(Kind.GBNF, "x", start="y"), {"grammar": "x", "notation": "gbnf", "start": "y"}),
        (Constraint(Kind.LARK, "x", folder="here"), {"grammar": "x", "notation": "lark"}),
    ],
)
def test_a_constraint_is_said_as_requests_have_it(constraint: Constraint, asked: object) -> None:
    assert asked_of(constraint) == asked


@pytest.mark.parametrize(
    "constraint",
    [
        Constraint(Kind.LARK, "x", lexer="basic"),
        Constraint(Kind.LARK, "x", has_python_blocks=True),
        Constraint(Kind.LARK, "%import .csv.FIELD", folder=str(GRAMMARS)),
    ],
)
def test_what_requests_cannot_say_is_refused(constraint: Constraint) -> None:
    with pytest.raises(HostFailed, match="use transformers"):
        asked_of(constraint)


@pytest.fixture(scope="module")
def engine(tmp_path_factory: pytest.TempPathFactory) -> Iterator[VLLMEngine]:
    pytest.importorskip("vllm", reason="vLLM is not installed; `make test-vllm` runs these tests")
    with pytest.MonkeyPatch.context() as patch:
        for name, value in {"VLLM_CPU_KVCACHE_SPACE": "1", "VLLM_NO_USAGE_STATS": "1", "HF_HUB_OFFLINE": "1"}.items():
            patch.setenv(name, value)
        started = VLLMEngine(None, Sampling(40), SETTINGS)
        yield started
        started.close()


def test_texts_satisfy_their_constraints_and_depend_on_their_seeds_alone(engine: VLLMEngine) -> None:
    schema = Constraint(Kind.JSON, json.dumps(SCHEMA), options='{"whitespace": "compact"}')
    lark = Constraint(Kind.LARK, 'start: "x" start | "y"')
    requests = [Request("An answer:", (WORDS, schema, lark)[number % 3], number) for number in range(12)]
    answers = engine(requests)
    assert engine(requests[::-1])[::-1] == answers
    for request, answer in zip(requests, answers, strict=True):
        assert isinstance(answer, Written)
        if answer.is_complete and request.constraint is schema:
            jsonschema.validate(json.loads(answer.text), SCHEMA)
    assert len({answer.text for answer in answers[::3] if isinstance(answer, Written)}) > 1


def test_a_request_that_vllm_refuses_is_the_error_of_its_row(engine: VLLMEngine) -> None:
    bad = Constraint(Kind.REGEX, "(")
    fine, refused, long = answered(
        engine, [Request("x", WORDS, 1), Request("x", bad, 1), Request("word " * 700, WORDS, 1)]
    )
    assert isinstance(fine, Written)
    assert isinstance(refused, RowError)
    assert refused.kind == "RequestRefused"
    assert refused.message.startswith("vLLM refuses the request: pattern, line 1, column 1: this '(' is never closed")
    assert isinstance(long, RowError)
    assert "the model reads 640 tokens" in long.message


def test_a_run_on_vllm(engine: VLLMEngine, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(OnVLLM, "engine", lambda *_: engine)
    monkeypatch.setattr(VLLMEngine, "close", lambda _: None)
    given = [{"prompt": f"Word {number}:", **({"schema": SCHEMA} if number % 2 else {})} for number in range(20)]
    job = job_of(tmp_path, given, asking=Asking(WORDS), fields=Fields(schema="schema"), batch_size=256)
    done = run(job, OnVLLM(None, Sampling(40), json.dumps(SETTINGS)), run_here)
    assert done.tally == Tally(20, 0, done.tally.n_cut)
    for answer in read_answers(job.output):
        if "value" in answer:
            jsonschema.validate(answer["value"], SCHEMA)
