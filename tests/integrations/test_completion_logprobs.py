"""The `logprobs` object of completions, as OpenAI and vLLM's server write it."""

from __future__ import annotations

from typing import Any

import pytest

from maskwright import Vocabulary
from maskwright.errors import ModelCallFailed
from maskwright.integrations.completion_logprobs import read_completion_logprobs, token_ids_by_text

ANSWER = {
    "tokens": [" world", "!"],
    "token_logprobs": [-0.2, -3.5],
    "top_logprobs": [{" world": -0.2, " there": -1.9}, {".": -0.1, "\n": -2.5}],
    "text_offset": [5, 11],
}


def test_a_position_lists_the_top_and_the_chosen_token() -> None:
    assert read_completion_logprobs(ANSWER) == {" world": -0.2, " there": -1.9}
    assert read_completion_logprobs(ANSWER, 1) == {".": -0.1, "\n": -2.5, "!": -3.5}


def test_tokens_named_by_id_are_ids() -> None:
    answer = {"tokens": ["token_id:7"], "token_logprobs": [-1], "top_logprobs": [{"token_id:3": -0.5}]}
    assert read_completion_logprobs(answer) == {7: -1.0, 3: -0.5}


@pytest.mark.parametrize(
    "answer",
    [
        {},
        {**ANSWER, "top_logprobs": None},
        {**ANSWER, "top_logprobs": []},
        {**ANSWER, "token_logprobs": [None, None]},
        {**ANSWER, "tokens": ["token_id:x"]},
        {**ANSWER, "tokens": [7]},
    ],
)
def test_an_object_of_another_form_is_refused(answer: dict[str, Any]) -> None:
    with pytest.raises(ModelCallFailed):
        read_completion_logprobs(answer)


def test_texts_that_name_one_token_are_its_id() -> None:
    tokens = [b"a", b"b", b"a", b"\xc3", "ü".encode(), b"", b"</s>"]
    vocabulary = Vocabulary(
        tokens, eos_token_ids=[5, 6], special_token_ids=[5], special_token_names={"<end>": 5, "</s>": 6}
    )
    assert token_ids_by_text(vocabulary) == {"b": 1, "ü": 4, "<end>": 5, "</s>": 6}
