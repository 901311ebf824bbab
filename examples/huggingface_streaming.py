"""A JSON document as typed events while a model writes it: each value as soon as it is complete."""

from __future__ import annotations

from transformers import AutoModelForCausalLM, AutoTokenizer, LogitsProcessorList

import maskwright as mw
from maskwright.integrations.generation import BUNDLED_MODEL
from maskwright.integrations.huggingface import (
    EventStreamer,
    GrammarLogitsProcessor,
    TextEnded,
    TextPiece,
    stream_events,
    vocabulary_of,
)
from maskwright.matching.json_events import JSONReader, ValueCompleted

SCHEMA = {
    "type": "object",
    "properties": {
        "city": {"type": "string", "maxLength": 20},
        "temperatures": {"type": "array", "items": {"type": "integer", "minimum": -20, "maximum": 40}, "minItems": 3},
    },
    "required": ["city", "temperatures"],
    "additionalProperties": False,
}


def main() -> None:
    model = AutoModelForCausalLM.from_pretrained(BUNDLED_MODEL)
    tokenizer = AutoTokenizer.from_pretrained(BUNDLED_MODEL)
    vocabulary = vocabulary_of(tokenizer, model.config, model.generation_config)
    processor = GrammarLogitsProcessor(mw.Compiler(vocabulary).compile_json_schema(SCHEMA))

    inputs = tokenizer("Weather as JSON:", return_tensors="pt", return_token_type_ids=False)
    processors = LogitsProcessorList([processor])
    streamer = EventStreamer(vocabulary, JSONReader())
    text = ""
    for event in stream_events(model, inputs, streamer, logits_processor=processors, max_new_tokens=80):
        match event:
            case TextPiece(piece):
                text += piece
            case ValueCompleted(_, value):
                print(f"{event.pointer:20}{value!r:12} after {len(text)} characters")
            case TextEnded(is_complete):
                print("complete:" if is_complete else "cut:", text)


if __name__ == "__main__":
    main()
