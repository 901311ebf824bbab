"""JSON documents from SGLang's offline engine:  python examples/sglang_json.py MODEL      (needs a GPU)"""

from __future__ import annotations

import importlib.util
import json
import sys

SCHEMA = {
    "type": "object",
    "properties": {
        "name": {"type": "string", "maxLength": 30},
        "age": {"type": "integer", "minimum": 0, "maximum": 120},
    },
    "required": ["name", "age"],
    "additionalProperties": False,
}


def main(model: str | None = None) -> None:
    if model is None or not importlib.util.find_spec("sglang"):
        print("This example needs SGLang (pip install sglang), a GPU, and the name of a model")
        return
    import sglang

    engine = sglang.Engine(model_path=model, grammar_backend="maskwright")
    parameters = {"max_new_tokens": 200, "json_schema": json.dumps(SCHEMA)}
    for answer in engine.generate(["A person as JSON:", "Another one:"], parameters):
        print(json.dumps(json.loads(answer["text"]), ensure_ascii=False))
    engine.shutdown()


if __name__ == "__main__":
    main(*sys.argv[1:])
