"""One batch, a grammar for each row: prompts of different lengths, padded on the left, sampled with one processor."""

from __future__ import annotations

import torch
from transformers import AutoModelForCausalLM, AutoTokenizer, LogitsProcessorList

import maskwright as mw
from maskwright.integrations.generation import BUNDLED_MODEL
from maskwright.integrations.huggingface import GrammarLogitsProcessor, vocabulary_of


def main() -> None:
    model = AutoModelForCausalLM.from_pretrained(BUNDLED_MODEL)
    tokenizer = AutoTokenizer.from_pretrained(BUNDLED_MODEL)
    compiler = mw.Compiler(vocabulary_of(tokenizer, model.config, model.generation_config))
    tasks = {
        "A weather report as JSON:": compiler.compile_json_schema(
            {
                "type": "object",
                "properties": {"city": {"type": "string", "maxLength": 20}, "conditions": {"enum": ["sunny", "rain"]}},
                "required": ["city", "conditions"],
                "additionalProperties": False,
            }
        ),
        "An ISO date:": compiler.compile_regex(r"20\d\d-(0[1-9]|1[0-2])-(0[1-9]|1\d|2[0-8])"),
        "Answer yes or no:": compiler.compile_regex("yes|no"),
        "English:": None,
    }
    processor = GrammarLogitsProcessor(list(tasks.values()))
    inputs = tokenizer(list(tasks), return_tensors="pt", padding=True, padding_side="left", return_token_type_ids=False)
    torch.manual_seed(0)
    output = model.generate(
        **inputs, do_sample=True, max_new_tokens=60, logits_processor=LogitsProcessorList([processor])
    )
    answers = tokenizer.batch_decode(output[:, inputs["input_ids"].shape[1] :], skip_special_tokens=True)
    for prompt, answer in zip(tasks, answers, strict=True):
        print(f"{prompt:36}{' '.join(answer.split())}")


if __name__ == "__main__":
    main()
