"""MLX-LM: with numpy's arrays everywhere, and with MLX-LM and the bundled model where it is installed.

pip install "mlx[cpu]" mlx-lm==0.32.2        # also runs on Linux, without a GPU
"""

from __future__ import annotations

import importlib.util
import json
from pathlib import Path
from typing import Any

import jsonschema
import numpy as np
import pytest

import maskwright
from maskwright import Compiler, MatcherError, TokenRejected, Vocabulary
from maskwright.integrations.mlx import GrammarLogitsProcessor, vocabulary_of

HAS_HOST = all(importlib.util.find_spec(name) for name in ("mlx", "mlx_lm"))
needs_host = pytest.mark.skipif(not HAS_HOST, reason="mlx-lm is not installed")
FOLDER = Path(maskwright.__file__).parent / "assets" / "tiny-lm"

A, B, EOS = range(3)
COMPILER = Compiler(Vocabulary([b"a", b"b", b"</s>"], eos_token_ids=[EOS], size=5))


def allowed(processor: Any, *tokens: int, dtype: type = np.float32) -> list[int]:
    logits = np.ones((1, 5), dtype)
    masked = processor(np.array(tokens, np.uint32), logits)
    assert masked.shape == (1, 5)
    assert masked.dtype == dtype
    assert (logits == 1).all()
    return np.flatnonzero(np.isfinite(masked[0])).tolist()


@pytest.mark.parametrize("dtype", [np.float32, np.float16])
def test_texts_begin_behind_their_prompt_and_may_go_back(dtype: type) -> None:
    processor = GrammarLogitsProcessor(COMPILER.compile_regex("ab|b"))
    assert allowed(processor, B, B, dtype=dtype) == [A, B]
    assert allowed(processor, B, B, A, dtype=dtype) == [B]
    assert allowed(processor, B, B, B, dtype=dtype) == [EOS]
    assert allowed(processor, B, B, A, B, dtype=dtype) == [EOS]
    assert allowed(processor, B, B, A, B, EOS, dtype=dtype) == [EOS]
    assert allowed(processor, B, B, dtype=dtype) == [A, B]
    with pytest.raises(TokenRejected):
        processor(np.array([B, B, A, A]), np.ones((1, 5)))
    processor.reset()
    assert allowed(processor, B, B, A, A, dtype=dtype) == [A, B]


def test_logits_without_an_allowed_token_are_refused() -> None:
    processor = GrammarLogitsProcessor(COMPILER.compile_regex("b"))
    with pytest.raises(MatcherError, match="No allowed token lies among the 1 logits"):
        processor(np.array([A]), np.ones((1, 1), np.float32))


# MLX-LM itself.

SCHEMA = {
    "type": "object",
    "properties": {
        "name": {"type": "string", "maxLength": 20},
        "born": {"type": "integer", "minimum": 1000, "maximum": 2030},
    },
    "required": ["name", "born"],
    "additionalProperties": False,
}
PROMPT = "A person as JSON:"


@pytest.fixture(scope="module")
def loaded() -> tuple[Any, Any]:
    from mlx_lm import load

    model, tokenizer, *_ = load(str(FOLDER))
    return model, tokenizer


@pytest.fixture(scope="module")
def grammar(loaded: tuple[Any, Any]) -> Any:
    return Compiler(vocabulary_of(*loaded)).compile_json_schema(SCHEMA)


@needs_host
def test_the_vocabulary_is_that_of_the_model(loaded: tuple[Any, Any]) -> None:
    from transformers import AutoTokenizer

    expected = Vocabulary.from_huggingface(AutoTokenizer.from_pretrained(FOLDER), size=4096)
    assert vocabulary_of(*loaded) == expected


@needs_host
@pytest.mark.parametrize("dtype", ["float32", "float16", "bfloat16"])
def test_scores_of_any_type_are_masked_where_they_are(dtype: str) -> None:
    import mlx.core as mx

    processor = GrammarLogitsProcessor(COMPILER.compile_regex("[ab]"))
    logits = mx.array([[1.0, 2.0, 3.0, 4.0, 5.0]], dtype=getattr(mx, dtype))
    masked = processor(mx.array([7]), logits)
    assert masked.dtype == logits.dtype
    assert masked.tolist() == [[1, 2, -np.inf, -np.inf, -np.inf]]
    assert logits.tolist() == [[1, 2, 3, 4, 5]]


@needs_host
@pytest.mark.parametrize("temperature", [0.0, 1.0, 2.0])
@pytest.mark.parametrize("n_drafts", [0, 3])
def test_texts_are_instances(loaded: tuple[Any, Any], grammar: Any, temperature: float, n_drafts: int) -> None:
    import mlx.core as mx
    from mlx_lm import generate
    from mlx_lm.sample_utils import make_sampler

    model, tokenizer = loaded
    mx.random.seed(1)
    drafts = {"draft_model": model, "num_draft_tokens": n_drafts} if n_drafts else {}
    processor = GrammarLogitsProcessor(grammar)
    for prompt in (PROMPT, PROMPT, "Another one:"):
        text = generate(
            model,
            tokenizer,
            prompt,
            max_tokens=200,
            sampler=make_sampler(temperature),
            logits_processors=[processor],
            **drafts,
        )
        jsonschema.validate(json.loads(text), SCHEMA)


@needs_host
@pytest.mark.parametrize("is_shared", [True, False])
def test_a_batch_has_instances_only(loaded: tuple[Any, Any], grammar: Any, is_shared: bool) -> None:
    from mlx_lm.generate import BatchGenerator
    from mlx_lm.sample_utils import make_sampler

    model, tokenizer = loaded
    prompts = [tokenizer.encode(prompt) for prompt in (PROMPT, PROMPT, "Another:", "A city as JSON, please:")]
    shared = GrammarLogitsProcessor(grammar)
    processors = [[shared if is_shared else GrammarLogitsProcessor(grammar)] for _ in prompts]
    batch = BatchGenerator(model, stop_tokens=[[end] for end in tokenizer.eos_token_ids], sampler=make_sampler(1.0))
    texts: dict[int, list[int]] = {uid: [] for uid in batch.insert(prompts, [200] * 4, logits_processors=processors)}
    reasons = {}
    while len(reasons) < 4:
        for response in batch.next_generated():
            texts[response.uid].append(response.token)
            if response.finish_reason:
                reasons[response.uid] = response.finish_reason
    assert set(reasons.values()) == {"stop"}
    for tokens in texts.values():
        jsonschema.validate(json.loads(grammar.vocabulary.decode(tokens)), SCHEMA)
