"""A traced generation: the file has the tokens that came out, and the exact mass that each mask kept of the model."""

# ruff: noqa: E402  (what needs torch is imported after the check that it is there)

from __future__ import annotations

from pathlib import Path

import pytest

torch = pytest.importorskip("torch", reason="the extra `hf` is not installed")
transformers = pytest.importorskip("transformers", reason="the extra `hf` is not installed")

import maskwright as mw
from maskwright.integrations.generation import GenerationOptions, LoadedModel, generate_text
from maskwright.integrations.huggingface import GrammarLogitsProcessor
from maskwright.integrations.tracing import TraceHeader, TraceRecorder, read_trace

PERSON = {"type": "object", "properties": {"age": {"type": "integer", "maximum": 9}}, "required": ["age"]}


@pytest.fixture(scope="module")
def grammar(compiler: mw.Compiler) -> mw.CompiledGrammar:
    return compiler.compile_json_schema({**PERSON, "additionalProperties": False})


def test_a_traced_text_is_the_text_with_its_masses(
    loaded: LoadedModel, grammar: mw.CompiledGrammar, tmp_path: Path
) -> None:
    options = GenerationOptions(max_new_tokens=40, temperature=1.0, seed=5)
    plain = generate_text(loaded, grammar, "An age as JSON:", options)
    header = TraceHeader(loaded.vocabulary.key, "json-schema", "age.json")
    with TraceRecorder(tmp_path / "run.jsonl", header, loaded.vocabulary) as trace:
        text = generate_text(loaded, grammar, "An age as JSON:", options, trace)
    assert text.token_ids == plain.token_ids
    (traced,) = read_trace(tmp_path / "run.jsonl").texts
    assert tuple(token.token_id for token in traced.tokens) == text.token_ids
    assert traced.is_complete is text.is_complete
    ids = loaded.tokenizer("An age as JSON:", return_tensors="pt")["input_ids"]
    matcher = grammar.matcher()
    row = mw.allocate_bitmask(1, loaded.vocabulary.size)[0]
    for token in traced.tokens:
        matcher.fill_bitmask(row)
        allowed = torch.as_tensor(mw.allowed_tokens(row, loaded.vocabulary.size))
        with torch.no_grad():
            probabilities = torch.softmax(loaded.model(ids).logits[0, -1].double(), dim=0)
        assert token.kept == pytest.approx(float(probabilities[allowed].sum()), rel=1e-3)
        assert token.allowed == len(allowed)
        matcher.accept_token(token.token_id)
        ids = torch.cat([ids, torch.tensor([[token.token_id]])], dim=1)


def test_rows_of_a_batch_are_texts(loaded: LoadedModel, grammar: mw.CompiledGrammar, tmp_path: Path) -> None:
    header = TraceHeader(loaded.vocabulary.key)
    encoded = loaded.tokenizer(["An age:", "An age:"], return_tensors="pt", return_token_type_ids=False)
    with TraceRecorder(tmp_path / "run.jsonl", header, loaded.vocabulary) as trace:
        processor = GrammarLogitsProcessor([None, grammar], trace=trace)
        for _ in range(2):
            processor.reset()
            output = loaded.model.generate(
                **encoded,
                max_new_tokens=12,
                do_sample=False,
                pad_token_id=loaded.vocabulary.eos_token_ids[0],
                logits_processor=transformers.LogitsProcessorList([processor]),
            )
            processor.end_trace(output)
    texts = read_trace(tmp_path / "run.jsonl").texts
    assert len(texts) == 2  # the free row of each generation has none
    for text in texts:
        written = [token.token_id for token in text.tokens]
        assert written == output[1, encoded["input_ids"].shape[1] :].tolist()[: len(written)]
        assert text.is_complete is (written[-1] in loaded.vocabulary.eos_token_ids)
