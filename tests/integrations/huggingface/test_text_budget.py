"""Budgets in every mode of generation: with `max_new_tokens` as large no text is cut, whatever the model prefers."""

# ruff: noqa: E402  (what needs torch is imported after the check that it is there)

from __future__ import annotations

import json
from copy import deepcopy
from typing import Any

import jsonschema
import numpy as np
import pytest

torch = pytest.importorskip("torch", reason="the extra `hf` is not installed")
transformers = pytest.importorskip("transformers", reason="the extra `hf` is not installed")

import maskwright as mw
from maskwright.behaviour import Spec
from maskwright.errors import BudgetTooSmall, InvalidOption, UnsupportedBudget
from maskwright.integrations.generation import LoadedModel
from maskwright.integrations.huggingface import (
    GrammarLogitsProcessor,
    JumpForward,
    continuous_batching,
    generate_batch,
)
from maskwright.integrations.huggingface.text_budget import TextBudget, landed
from maskwright.matching.bitmask import unpack_bitmask
from maskwright.matching.completion.budgeted import BudgetedMatcher

NOTE = {
    "type": "object",
    "properties": {
        "name": {"type": "string"},
        "tags": {"type": "array", "items": {"type": "string"}},
        "note": {"anyOf": [{"type": "string"}, {"$ref": "#"}]},
    },
    "required": ["name", "note"],
    "additionalProperties": False,
}
PROMPTS = ["A note as JSON:", "Weather:", "Make up a person with many tags and print it as JSON:\n"]
SLACKS = (0, 1, 7)
MODES: dict[str, dict[str, Any]] = {
    "greedy": {},
    "sampling": {"do_sample": True, "temperature": 1.5},
    "beams": {"num_beams": 3, "num_return_sequences": 2},
    "sampled beams": {"num_beams": 3, "do_sample": True},
    "prompt lookup": {"prompt_lookup_num_tokens": 4},
}


@pytest.fixture(scope="module")
def note(compiler: mw.Compiler) -> mw.CompiledGrammar:
    return compiler.compile_json_schema(NOTE)


def generated(loaded: LoadedModel, processor: Any, prompts: list[str], n: int, **options: Any) -> list[list[int]]:
    inputs = loaded.tokenizer(prompts, return_tensors="pt", padding=True, return_token_type_ids=False)
    torch.manual_seed(0)
    processors = transformers.LogitsProcessorList([processor])
    output = loaded.model.generate(**inputs, max_new_tokens=n, logits_processor=processors, **options)
    rows: list[list[int]] = output[:, inputs["input_ids"].shape[1] :].tolist()
    return rows


def text_of(loaded: LoadedModel, row: list[int]) -> str:
    ends = [place for place, token in enumerate(row) if token in loaded.vocabulary.eos_token_ids]
    assert ends, "the text was cut"
    return loaded.vocabulary.decode(row[: ends[0]]).decode()


def assert_note(loaded: LoadedModel, row: list[int]) -> None:
    jsonschema.validate(json.loads(text_of(loaded, row)), NOTE)


@pytest.mark.parametrize("mode", MODES)
def test_every_text_ends_whole_within_its_tokens(loaded: LoadedModel, note: mw.CompiledGrammar, mode: str) -> None:
    prompts = PROMPTS[:1] if mode == "prompt lookup" else PROMPTS
    for slack in SLACKS:
        n = note.least_tokens() + slack
        rows = generated(loaded, GrammarLogitsProcessor(note, max_tokens=n), prompts, n, **MODES[mode])
        assert len(rows) == len(prompts) * MODES[mode].get("num_return_sequences", 1)
        for row in rows:
            assert_note(loaded, row)


def test_without_the_budget_such_texts_are_cut(loaded: LoadedModel, note: mw.CompiledGrammar) -> None:
    n = note.least_tokens() + 7
    (row,) = generated(loaded, GrammarLogitsProcessor(note), PROMPTS[:1], n)
    assert not set(row) & set(loaded.vocabulary.eos_token_ids)


def test_one_processor_serves_many_calls_grammars_and_free_rows(
    loaded: LoadedModel, compiler: mw.Compiler, note: mw.CompiledGrammar
) -> None:
    letters = compiler.compile_regex("[a-z]+")
    n = note.least_tokens() + 3
    processor = GrammarLogitsProcessor([note, None, letters], max_tokens=n)
    for _ in range(2):
        first, _, last = generated(loaded, processor, PROMPTS, n, do_sample=True)
        assert_note(loaded, first)
        assert text_of(loaded, last).isalpha()


def test_a_budget_that_is_too_small_is_refused_before_the_model_is_asked(note: mw.CompiledGrammar) -> None:
    least = note.least_tokens()
    with pytest.raises(BudgetTooSmall) as caught:
        GrammarLogitsProcessor(note, max_tokens=least - 1)
    assert str(caught.value) == (
        f"A budget of {least - 1} tokens is too small: the shortest text takes {least}, the end token included."
    )


def test_grammars_without_a_known_end_are_refused(compiler: mw.Compiler) -> None:
    lexed = compiler.compile_lark('start: ("a" | NAME)+\nNAME: /[a-z]+/\n%ignore " "')
    with pytest.raises(UnsupportedBudget):
        GrammarLogitsProcessor(lexed, max_tokens=50)
    spec = Spec.from_yaml("segments: {a: {open: A, text: {regex: '[ab]{1,4}'}}}\nflow: a\n")
    turn = compiler.compile_behaviour(spec).start().turn()
    with pytest.raises(InvalidOption, match="max_tokens must be None for the turn of a session, whose"):
        GrammarLogitsProcessor(turn, max_tokens=50)


@pytest.mark.parametrize(("max_tokens", "soft_landing"), [(None, 1.0), (9, -1.0), (9, float("nan")), (9, float("inf"))])
def test_a_landing_is_a_finite_strength_and_needs_a_budget(max_tokens: int | None, soft_landing: float) -> None:
    with pytest.raises(InvalidOption, match="soft_landing must be"):
        TextBudget(max_tokens, soft_landing)


@pytest.mark.parametrize("dtype", [torch.float32, torch.float16, torch.bfloat16, torch.float64])
def test_the_landing_is_added_before_the_mask_in_the_type_of_the_scores(
    loaded: LoadedModel, note: mw.CompiledGrammar, dtype: Any
) -> None:
    n = note.least_tokens() + 4
    width = loaded.vocabulary.size
    scores = torch.randn(2, width, generator=torch.Generator().manual_seed(1)).to(dtype)
    before = scores.clone()
    found = GrammarLogitsProcessor(note, max_tokens=n, soft_landing=2.0)(torch.zeros(2, 3, dtype=torch.int64), scores)
    matcher = note.matcher(max_tokens=n)
    assert isinstance(matcher, BudgetedMatcher)
    bias = matcher.landing_bias(2.0)
    row = mw.allocate_bitmask(1, width)[0]
    matcher.fill_bitmask(row)
    allowed = torch.from_numpy(unpack_bitmask(row, width))
    assert bias is not None
    expected = before + torch.from_numpy(bias).to(dtype)
    assert found.dtype == dtype and torch.equal(scores, before)
    assert torch.equal(found[:, allowed], expected[:, allowed]) and (found[:, ~allowed] == -torch.inf).all()
    assert (expected[:, allowed] < before[:, allowed]).any()


def test_scores_that_need_no_landing_are_left_alone_and_may_be_narrower() -> None:
    scores = torch.zeros(3, 4)
    assert landed(scores, [None, None, None]) is scores
    bias = np.array([0, -1, 0, 0, -9, -9], np.float32)
    assert landed(scores, [None, bias, None]).tolist() == [[0] * 4, [0, -1, 0, 0], [0] * 4]
    assert not scores.any()


def test_a_strong_landing_ends_texts_earlier(loaded: LoadedModel, note: mw.CompiledGrammar) -> None:
    n = note.least_tokens() + 30
    hard, soft = (
        generated(loaded, GrammarLogitsProcessor(note, max_tokens=n, soft_landing=strength), PROMPTS, n)
        for strength in (0.0, 8.0)
    )
    for row in [*hard, *soft]:
        assert_note(loaded, row)
    assert sum(len(text_of(loaded, row)) for row in soft) < sum(len(text_of(loaded, row)) for row in hard)


@pytest.mark.parametrize("slack", SLACKS)
def test_jumps_keep_to_the_budget(loaded: LoadedModel, note: mw.CompiledGrammar, slack: int) -> None:
    n = note.least_tokens() + slack
    for options in ({}, {"do_sample": True, "soft_landing": 1.0}):
        inputs = loaded.tokenizer([PROMPTS[0]], return_tensors="pt", return_token_type_ids=False)
        output = loaded.model.generate(
            **inputs,
            custom_generate=JumpForward(loaded.tokenizer),
            grammar=note,
            max_tokens=n,
            max_new_tokens=n,
            **options,
        )
        row = output[0, inputs["input_ids"].shape[1] :].tolist()
        assert len(row) <= n
        assert_note(loaded, row)


def test_continuous_batches_keep_to_the_budget(loaded: LoadedModel, note: mw.CompiledGrammar) -> None:
    n = note.least_tokens() + 2
    outputs = generate_batch(
        loaded.model,
        [loaded.tokenizer(prompt)["input_ids"] for prompt in PROMPTS],
        [note, None, note],
        generation_config=transformers.GenerationConfig(
            eos_token_id=2, pad_token_id=0, do_sample=True, num_return_sequences=2
        ),
        continuous_batching_config=transformers.ContinuousBatchingConfig(
            num_blocks=64, page_size=32, max_batch_tokens=64
        ),
        max_new_tokens=n,
        max_tokens=n,
        soft_landing=1.0,
    )
    for output in [*outputs[:2], *outputs[4:]]:
        assert_note(loaded, output.generated_tokens)


def test_a_request_that_is_copied_or_put_back_keeps_its_budget(note: mw.CompiledGrammar) -> None:
    n = note.least_tokens() + 1
    request = continuous_batching.RequestGrammar(note, TextBudget(n))
    rows = mw.allocate_bitmask(3, note.vocabulary.size)
    request.fill_bitmask([], rows[0])
    first = mw.allowed_tokens(rows[0], note.vocabulary.size).tolist()
    request.fill_bitmask(first[:1], rows[0])
    deepcopy(request).fill_bitmask(first[:1], rows[1])
    request.fill_bitmask([], rows[2])
    request.fill_bitmask(first[:1], rows[2])
    expected = mw.allocate_bitmask(1, note.vocabulary.size)[0]
    matcher = note.matcher(max_tokens=n)
    matcher.step(first[0], expected)
    assert (rows == expected).all()
