"""A reasoning parser in front: the grammar begins where the reasoning has ended."""

from __future__ import annotations

import json
import re
from typing import Any

import jsonschema
import pytest

pytest.importorskip("vllm", reason="vLLM is not installed; `make test-vllm` runs these tests")

from tests.integrations.vllm.engine import engine, schema_of, wider_model
from tests.integrations.vllm.test_offline import parameters

EAGER = 100.0  # a bias that makes a token certain where it is allowed


@pytest.fixture(scope="module")
def llm(tmp_path_factory: pytest.TempPathFactory) -> Any:
    model = wider_model(tmp_path_factory.mktemp("model"))
    return engine(model=model, structured_outputs_config={"reasoning_parser": "deepseek_r1"})


def test_reasoning_is_free_and_the_answer_is_not(llm: Any) -> None:
    end = llm.get_tokenizer().convert_tokens_to_ids("</think>")
    chosen = [
        parameters(
            number,
            constraint={"json": schema_of(number)},
            logit_bias={end: EAGER},
            min_tokens=0,
            skip_special_tokens=False,
        )
        for number in range(12)
    ]
    for number, output in enumerate(llm.generate(["A person as JSON:"] * 12, chosen, use_tqdm=False)):
        answer = output.outputs[0]
        assert answer.finish_reason == "stop"
        reasoning, _, rest = answer.text.partition("</think>")
        assert not reasoning and answer.token_ids[0] == end
        jsonschema.validate(json.loads(rest), schema_of(number))


def test_a_prompt_that_has_ended_the_reasoning_is_constrained_at_once(llm: Any) -> None:
    chosen = [parameters(seed, constraint={"regex": "[0-9]{3}"}) for seed in range(6)]
    for output in llm.generate(["<think>so</think>"] * 6, chosen, use_tqdm=False):
        assert re.fullmatch("[0-9]{3}", output.outputs[0].text)


def test_without_an_end_of_reasoning_nothing_is_constrained(llm: Any) -> None:
    end = llm.get_tokenizer().convert_tokens_to_ids("</think>")
    chosen = parameters(constraint={"regex": "[0-9]{3}"}, logit_bias={end: -EAGER}, max_tokens=20)
    output = llm.generate(["A person as JSON:"], chosen, use_tqdm=False)[0].outputs[0]
    assert not re.fullmatch("[0-9]{3}", output.text)
