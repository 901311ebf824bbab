"""A JSON document from a transformers model: compile a schema, hand the processor to `model.generate`.

Any causal language model with a fast tokenizer can take the place of the bundled one.
"""

from __future__ import annotations

import json

from transformers import AutoModelForCausalLM, AutoTokenizer, LogitsProcessorList

import maskwright as mw
from maskwright.integrations.generation import BUNDLED_MODEL
from maskwright.integrations.huggingface import GrammarLogitsProcessor, vocabulary_of

SCHEMA = {
    "type": "object",
    "properties": {
        "name": {"type": "string", "maxLength": 30},
        "age": {"type": "integer", "minimum": 0, "maximum": 120},
        "email": {"type": "string", "format": "email"},
    },
    "required": ["name", "age", "email"],
    "additionalProperties": False,
}


def main() -> None:
    model = AutoModelForCausalLM.from_pretrained(BUNDLED_MODEL)
    tokenizer = AutoTokenizer.from_pretrained(BUNDLED_MODEL)
    compiler = mw.Compiler(vocabulary_of(tokenizer, model.config, model.generation_config))
    processor = GrammarLogitsProcessor(compiler.compile_json_schema(SCHEMA))

    inputs = tokenizer("A person as JSON:", return_tensors="pt", return_token_type_ids=False)
    output = model.generate(**inputs, max_new_tokens=200, logits_processor=LogitsProcessorList([processor]))
    text = tokenizer.decode(output[0, inputs["input_ids"].shape[1] :], skip_special_tokens=True)
    print(json.dumps(json.loads(text), indent=2, ensure_ascii=False))


if __name__ == "__main__":
    main()
