"""Masked language models of transformers as the denoising loop asks them: widths, prompts, blanks, batches."""

from __future__ import annotations

import json
from typing import Any

import numpy as np
import pytest

pytest.importorskip("torch", reason="the extra `hf` is not installed")

import torch
import transformers

import maskwright as mw
from maskwright.errors import InvalidOption, InvalidPrefix, UnsupportedModel
from maskwright.integrations.infilling.masked_lm import LoadedMaskedModel, MaskedLM, load_masked_model
from maskwright.matching.infilling.slots import BLANK, MASK, OPEN, Gap
from maskwright.sampling.infilling.denoising import Plan, denoise, denoise_batch
from maskwright.sampling.infilling.free_canvas import denoise_freely
from maskwright.sampling.infilling.schedulers import AdaBlock, TopK

SCHEMA = {
    "title": "person",
    "type": "object",
    "properties": {"name": {"type": "string", "maxLength": 20}, "age": {"type": "integer", "maximum": 120}},
    "required": ["name", "age"],
    "additionalProperties": False,
    "x-maskwright": {"property_order": "declared", "whitespace": "compact"},
}


@pytest.fixture(scope="module")
def loaded() -> LoadedMaskedModel:
    return load_masked_model()


@pytest.fixture(scope="module")
def small() -> Any:
    """A random BERT over 20 tokens, the last of which is the mask."""
    torch.manual_seed(0)
    config = transformers.BertConfig(
        vocab_size=20,
        hidden_size=16,
        num_hidden_layers=1,
        num_attention_heads=2,
        intermediate_size=16,
        max_position_embeddings=12,
        initializer_range=1.0,
    )
    return transformers.BertForMaskedLM(config).eval()


def direct(model: Any, text: list[int]) -> np.ndarray:
    with torch.no_grad():
        return model(input_ids=torch.tensor([text])).logits[0].numpy()


def test_a_row_is_what_the_model_says_of_its_slot(small: Any) -> None:
    reader = MaskedLM(small, 19, prompt_ids=[1, 2], suffix_ids=[3])
    rows = reader.logits(np.array([7, OPEN, 8]))
    assert rows.dtype == np.float32
    np.testing.assert_allclose(rows, direct(small, [1, 2, 7, 19, 8, 3])[2:5], atol=1e-5)


def test_a_shifted_model_answers_one_position_before_the_slot(small: Any) -> None:
    rows = MaskedLM(small, 19, prompt_ids=[1, 2], shift=1).logits(np.array([7, OPEN]))
    np.testing.assert_allclose(rows, direct(small, [1, 2, 7, 19])[1:3], atol=1e-5)
    with pytest.raises(InvalidOption, match="the shift must be 0, or 1 with at least one token of a prompt"):
        MaskedLM(small, 19, shift=1)


def test_blank_slots_are_left_out_of_what_is_read(small: Any) -> None:
    rows = MaskedLM(small, 19, prompt_ids=[1]).logits(np.array([7, BLANK, OPEN, BLANK]))
    np.testing.assert_allclose(rows[[0, 2]], direct(small, [1, 7, 19])[1:], atol=1e-5)
    assert np.isfinite(rows).all()


def test_rows_are_cut_or_filled_up_to_the_width_of_the_vocabulary(small: Any) -> None:
    narrow = MaskedLM(small, 19, vocabulary_size=5).logits(np.array([7, OPEN]))
    wide = MaskedLM(small, 19, vocabulary_size=24).logits(np.array([7, OPEN]))
    assert narrow.shape == (2, 5)
    assert wide.shape == (2, 24)
    assert (wide[:, 20:] == -np.inf).all()
    np.testing.assert_array_equal(wide[:, :5], narrow)


@pytest.mark.parametrize("max_pass_tokens", [1, 7, 1000])
def test_canvases_of_many_lengths_answer_as_each_alone(small: Any, max_pass_tokens: int) -> None:
    reader = MaskedLM(small, 19, prompt_ids=[1], max_pass_tokens=max_pass_tokens)
    canvases = [np.array(tokens) for tokens in ([OPEN], [3, OPEN], [OPEN], [OPEN, 4], [3, BLANK], [])]
    canvases = [tokens.astype(np.int64) for tokens in canvases]
    for tokens, rows in zip(canvases, reader.batch_logits(canvases), strict=True):
        np.testing.assert_allclose(rows, reader.logits(tokens), atol=1e-5)
        assert len(rows) == len(tokens)


def test_what_cannot_be_read_is_refused(small: Any) -> None:
    with pytest.raises(InvalidPrefix, match="token 20 is none of the 20 that the model reads"):
        MaskedLM(small, 20)
    with pytest.raises(InvalidPrefix, match="token 31 is none of the 20 that the model reads"):
        MaskedLM(small, 19).logits(np.array([OPEN, 31]))
    with pytest.raises(InvalidPrefix, match="prompt and canvas have 13 tokens and the model reads 12"):
        MaskedLM(small, 19, prompt_ids=[1]).logits(np.full(12, OPEN))
    small.train()
    try:
        with pytest.raises(UnsupportedModel, match="it is in training mode"):
            MaskedLM(small, 19)
    finally:
        small.eval()


def reader_of(loaded: LoadedMaskedModel) -> MaskedLM:
    prompt = loaded.tokenizer("A person as JSON:\n")["input_ids"]
    size = loaded.vocabulary.size
    return MaskedLM(loaded.model, loaded.mask_token_id, vocabulary_size=size, prompt_ids=prompt)


def test_the_bundled_model_writes_documents_of_a_schema(loaded: LoadedMaskedModel) -> None:
    grammar = mw.Compiler(loaded.vocabulary).compile_json_schema(SCHEMA)
    reader = reader_of(loaded)
    for scheduler in (TopK(), AdaBlock()):
        canvas = grammar.canvas([MASK] * 24, loaded.vocabulary.eos_token_ids)
        done = denoise(canvas, reader, scheduler, 8)
        document = json.loads(loaded.vocabulary.decode(done.tokens.tolist()))
        assert list(document) == ["name", "age"]
        assert document["age"] <= 120
        assert loaded.mask_token_id not in done.tokens


def test_several_canvases_go_through_the_bundled_model_together(loaded: LoadedMaskedModel) -> None:
    grammar = mw.Compiler(loaded.vocabulary).compile_json_schema(SCHEMA)
    head = loaded.tokenizer('{"name":"', add_special_tokens=False)["input_ids"]
    tail = loaded.tokenizer('","age":', add_special_tokens=False)["input_ids"]
    end = loaded.tokenizer("}", add_special_tokens=False)["input_ids"]
    canvases = [grammar.canvas([*head, Gap(1, n), *tail, MASK, *end]) for n in (2, 3, 4)]
    plan = Plan(TopK(), 3)
    for done in denoise_batch(canvases, reader_of(loaded), plan):
        tokens = [token for token in done.tokens.tolist() if token != BLANK]
        assert list(json.loads(loaded.vocabulary.decode(tokens))) == ["name", "age"]


def test_without_a_grammar_the_loop_writes_what_it_likes(loaded: LoadedMaskedModel) -> None:
    size = loaded.vocabulary.size
    done = denoise_freely([MASK] * 24, reader_of(loaded), TopK(), 8, vocabulary_size=size, never=[loaded.mask_token_id])
    assert done.canvas.is_complete
    assert loaded.mask_token_id not in done.tokens
    assert done.n_rejected == 0


def test_a_model_without_a_mask_token_is_refused() -> None:
    from maskwright.integrations.generation import BUNDLED_MODEL

    with pytest.raises(UnsupportedModel, match="its tokenizer has no mask token"):
        load_masked_model(BUNDLED_MODEL)
