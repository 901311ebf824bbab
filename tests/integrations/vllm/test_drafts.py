"""Speculative decoding: drafts found by n-grams of the prompt, all greedy."""

from __future__ import annotations

import json
from typing import Any

import jsonschema
import pytest

pytest.importorskip("vllm", reason="vLLM is not installed; `make test-vllm` runs these tests")

from tests.integrations.vllm.engine import engine, schema_of
from tests.integrations.vllm.test_offline import parameters

DOCUMENT = (
    '{"name": "Ada", "age": 36, "city": "Oslo", "tags": ["a", "b"], "done": true, "code": "AB-123", "note": null}'
)
GREEDY = {"temperature": 0.0, "max_tokens": 300}


@pytest.fixture(scope="module")
def llm() -> Any:
    drafts = {"method": "ngram", "num_speculative_tokens": 3, "prompt_lookup_max": 3, "prompt_lookup_min": 1}
    return engine(speculative_config=drafts, disable_log_stats=False)


def test_drafts_change_no_text_and_break_no_schema(llm: Any) -> None:
    chosen = [parameters(constraint={"json": schema_of(number)}, **GREEDY) for number in range(24)]
    prompts = [f"{DOCUMENT}\n{DOCUMENT}\nA person as JSON:"] * len(chosen)
    outputs = llm.generate(prompts, chosen, use_tqdm=False)
    for number, output in enumerate(outputs):
        assert output.outputs[0].finish_reason == "stop"
        jsonschema.validate(json.loads(output.outputs[0].text), schema_of(number))
    counters = {metric.name: getattr(metric, "value", None) for metric in llm.get_metrics()}
    assert counters["vllm:spec_decode_num_draft_tokens"] > 100
    assert counters["vllm:spec_decode_num_accepted_tokens"] > 10


def test_a_draft_that_goes_over_the_end_is_taken_back(llm: Any) -> None:
    prompts = ["abcabcabcabc<|eos|>abc", "aaaa" * 10]
    chosen = [parameters(constraint={"regex": pattern}, **GREEDY) for pattern in ("(abc){1,3}", "a{1,9}b?")]
    first, second = (output.outputs[0] for output in llm.generate(prompts, chosen, use_tqdm=False))
    assert first.text in {"abc", "abcabc", "abcabcabc"}
    assert set(second.text) <= {"a", "b"} and second.finish_reason == "stop"
