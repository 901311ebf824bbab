"""The two other ways in: a scheduler class, and a custom logits processor; each with an engine of its own."""

from __future__ import annotations

import json
import re
from typing import Any

import jsonschema
import pytest

pytest.importorskip("vllm", reason="vLLM is not installed; `make test-vllm` runs these tests")

from tests.integrations.vllm.engine import engine, schema_of
from tests.integrations.vllm.test_offline import parameters

PROCESSOR = "maskwright.integrations.vllm.logits_processor:MaskwrightLogitsProcessor"


def test_scheduler_and_logits_processor_keep_what_is_asked() -> None:
    from vllm.exceptions import VLLMValidationError

    scheduler = "maskwright.integrations.vllm.scheduler.MaskwrightScheduler"
    llm = engine("off", scheduler_cls=scheduler, logits_processors=[PROCESSOR], max_num_seqs=6)
    assert type(llm.llm_engine.engine_core.engine_core.scheduler).__name__ == "MaskwrightScheduler"

    by_scheduler = [parameters(number, constraint={"json": schema_of(number)}) for number in (0, 1, 4, 5)]
    by_processor = [parameters(number, extra_args={"maskwright": {"json": schema_of(number)}}) for number in range(12)]
    free = [parameters(number, max_tokens=12) for number in range(4)]
    chosen = [*by_scheduler, *by_processor, *free]
    outputs = [
        output.outputs[0] for output in llm.generate(["A person as JSON:"] * len(chosen), chosen, use_tqdm=False)
    ]
    numbers = [0, 1, 4, 5, *range(12)]
    for number, output in zip(numbers, outputs, strict=False):
        assert output.finish_reason == "stop"
        jsonschema.validate(json.loads(output.text), schema_of(number))

    bad = [{"regex": "a("}, {"nothing": 1}, {"json": {"type": "nope"}}]
    for options in bad:
        with pytest.raises(VLLMValidationError):
            llm.generate(["X"], parameters(extra_args={"maskwright": options}), use_tqdm=False)
    assert re.fullmatch("[0-9]{2}", _one(llm, {"regex": "[0-9]{2}"}))

    # What only the model's vocabulary shows ends the text, not the engine.
    quotes = [token for token, text in enumerate(_texts(llm)) if text == '"']
    text = _one(llm, {"json": {"type": "string"}}, stop_token_ids=quotes)
    assert text in {"", '"'}
    assert _one(llm, {"structural_tag": {"format": {"type": "token", "token": "<|nothing|>"}}}) == ""
    assert re.fullmatch("[0-9]{2}", _one(llm, {"regex": "[0-9]{2}"}))


def _one(llm: Any, options: dict[str, Any], **more: Any) -> str:
    chosen = parameters(extra_args={"maskwright": options}, **more)
    return llm.generate(["X"], chosen, use_tqdm=False)[0].outputs[0].text


def _texts(llm: Any) -> list[str]:
    tokenizer = llm.get_tokenizer()
    return [tokenizer.decode([token]) for token in range(len(tokenizer))]
