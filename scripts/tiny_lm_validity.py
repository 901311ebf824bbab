"""How often the bundled model writes valid JSON: on its own, and inside the grammar of the demo schema.

For each schema in `schemas/demo/` the model is prompted in every way its training text knows. Counted are the texts
that `json.loads` accepts, and those that also validate against the schema (judged by `jsonschema`). A text that does
not end within `MAX_NEW_TOKENS` counts as invalid. `python scripts/tiny_lm_validity.py [model folder]` prints the table.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import jsonschema
import torch
from tiny_lm_text import demo_prompts
from transformers import AutoModelForCausalLM, AutoTokenizer, LogitsProcessorList

ROOT = Path(__file__).resolve().parent.parent
MAX_NEW_TOKENS = 300
SAMPLES_PER_SCHEMA = 40

Processor = Callable[[dict[str, Any]], LogitsProcessorList]


def demo_schemas() -> dict[str, dict[str, Any]]:
    """The demo schemas by title."""
    schemas = [json.loads(path.read_text()) for path in sorted((ROOT / "schemas" / "demo").glob("*.json"))]
    return {schema["title"]: schema for schema in schemas}


def unconstrained(schema: dict[str, Any]) -> LogitsProcessorList:  # noqa: ARG001  (every Processor takes the schema)
    return LogitsProcessorList()


def inside_grammar(model: Any, tokenizer: Any) -> Processor:
    """The processor factory for constrained generation."""
    import maskwright as mw
    from maskwright.integrations.huggingface import GrammarLogitsProcessor, vocabulary_of

    compiler = mw.Compiler(vocabulary_of(tokenizer, model.config, model.generation_config))
    return lambda schema: LogitsProcessorList([GrammarLogitsProcessor(compiler.compile_json_schema(schema))])


def written(model: Any, tokenizer: Any, prompts: list[str], processors: LogitsProcessorList, sample: bool) -> list[str]:
    """What the model writes after each prompt; "" where it found no end."""
    inputs = tokenizer(prompts, return_tensors="pt", padding=True, padding_side="left", return_token_type_ids=False)
    torch.manual_seed(0)
    ids = model.generate(
        **inputs,
        max_new_tokens=MAX_NEW_TOKENS,
        do_sample=sample,
        temperature=1.0 if sample else None,
        top_k=0 if sample else None,
        logits_processor=processors,
    )[:, inputs["input_ids"].shape[1] :]
    ended = (ids == tokenizer.eos_token_id).any(dim=1).tolist()
    texts = tokenizer.batch_decode(ids, skip_special_tokens=True)
    return [text if end else "" for text, end in zip(texts, ended, strict=True)]


def verdict(text: str, schema: dict[str, Any]) -> tuple[bool, bool]:
    """Is it JSON, and does it validate?"""
    try:
        value = json.loads(text)
    except ValueError:
        return False, False
    return True, jsonschema.Draft202012Validator(schema).is_valid(value)


def report_validity(model: Any, tokenizer: Any, name: str, processor: Processor) -> None:
    """Print the share of JSON and of valid JSON over all demo schemas, sampled at temperature 1 and greedy."""
    schemas = demo_schemas()
    for mode, sample in (("temperature 1", True), ("greedy", False)):
        verdicts: list[tuple[bool, bool]] = []
        for title, prompts in demo_prompts().items():
            asked = (prompts * 2)[:SAMPLES_PER_SCHEMA] if sample else prompts
            texts = written(model, tokenizer, asked, processor(schemas[title]), sample)
            verdicts += [verdict(text, schemas[title]) for text in texts]
        n = len(verdicts)
        is_json, is_valid = (sum(column) for column in zip(*verdicts, strict=True))
        print(f"{name}, {mode}: {is_json}/{n} JSON ({is_json / n:.1%}), {is_valid}/{n} valid ({is_valid / n:.1%})")


def main() -> None:
    folder = sys.argv[1] if len(sys.argv) > 1 else str(ROOT / "maskwright" / "assets" / "tiny-lm")
    model, tokenizer = AutoModelForCausalLM.from_pretrained(folder), AutoTokenizer.from_pretrained(folder)
    report_validity(model, tokenizer, "unconstrained", unconstrained)
    report_validity(model, tokenizer, "inside the grammar", inside_grammar(model, tokenizer))


if __name__ == "__main__":
    main()
