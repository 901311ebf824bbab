"""Jump-forward: what a schema leaves no choice about is written without asking the model for each token."""

from __future__ import annotations

from transformers import AutoModelForCausalLM, AutoTokenizer

import maskwright as mw
from maskwright.grammar.json_schema.options import JSONSchemaOptions, Whitespace
from maskwright.integrations.generation import BUNDLED_MODEL
from maskwright.integrations.huggingface import JumpForward, vocabulary_of

SCHEMA = {
    "type": "object",
    "properties": {
        "identification_number": {"type": "integer", "minimum": 1000, "maximum": 9999},
        "is_currently_available": {"type": "boolean"},
        "preferred_delivery_weekday": {"enum": ["Monday", "Tuesday", "Friday"]},
    },
    "required": ["identification_number", "is_currently_available", "preferred_delivery_weekday"],
    "additionalProperties": False,
}


def main() -> None:
    model = AutoModelForCausalLM.from_pretrained(BUNDLED_MODEL)
    tokenizer = AutoTokenizer.from_pretrained(BUNDLED_MODEL)
    compiler = mw.Compiler(vocabulary_of(tokenizer, model.config, model.generation_config))
    # Where blanks may stand is a choice too; without it more is forced.
    grammar = compiler.compile_json_schema(SCHEMA, options=JSONSchemaOptions(whitespace=Whitespace.COMPACT))

    inputs = tokenizer("An order as JSON:", return_tensors="pt", return_token_type_ids=False)
    output = model.generate(
        **inputs,
        custom_generate=JumpForward(tokenizer),
        grammar=grammar,
        max_new_tokens=200,
        return_dict_in_generate=True,
    )
    print(tokenizer.decode(output.sequences[0, inputs["input_ids"].shape[1] :], skip_special_tokens=True))
    found = output.statistics
    print(f"{found.n_new_tokens} tokens, {found.share_forced:.0%} forced, {found.n_model_calls} calls of the model")


if __name__ == "__main__":
    main()
