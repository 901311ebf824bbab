"""Continuous batching: requests that come and go share their steps, each inside a grammar of its own."""

from __future__ import annotations

from transformers import AutoModelForCausalLM, AutoTokenizer, ContinuousBatchingConfig, GenerationConfig

import maskwright as mw
from maskwright.integrations.generation import BUNDLED_MODEL
from maskwright.integrations.huggingface import generate_batch, vocabulary_of


def main() -> None:
    model = AutoModelForCausalLM.from_pretrained(BUNDLED_MODEL)
    tokenizer = AutoTokenizer.from_pretrained(BUNDLED_MODEL)
    compiler = mw.Compiler(vocabulary_of(tokenizer, model.config, model.generation_config))
    tasks = {
        "A city as JSON:": compiler.compile_json_schema({"enum": ["Oslo", "Rome", "Lima"]}),
        "An ISO date:": compiler.compile_regex(r"20\d\d-(0[1-9]|1[0-2])-(0[1-9]|1\d|2[0-8])"),
        "Answer yes or no:": compiler.compile_regex("yes|no"),
        "English:": None,
    }
    outputs = generate_batch(
        model,
        [tokenizer(prompt)["input_ids"] for prompt in tasks],
        list(tasks.values()),
        generation_config=GenerationConfig(max_new_tokens=40, eos_token_id=tokenizer.eos_token_id),
        continuous_batching_config=ContinuousBatchingConfig(num_blocks=64, page_size=32, max_batch_tokens=64),
    )
    for prompt, output in zip(tasks, outputs, strict=True):
        print(f"{prompt:20}{tokenizer.decode(output.generated_tokens, skip_special_tokens=True).strip()}")


if __name__ == "__main__":
    main()
