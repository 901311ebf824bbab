"""A JSON document from MLX-LM:  python examples/mlx_json.py [folder or hub id]

Without a name it is the bundled model.
"""

from __future__ import annotations

import importlib.util
import json
import sys
from pathlib import Path

import maskwright as mw

SCHEMA = {
    "type": "object",
    "properties": {
        "name": {"type": "string", "maxLength": 30},
        "age": {"type": "integer", "minimum": 0, "maximum": 120},
    },
    "required": ["name", "age"],
    "additionalProperties": False,
}


def main(name: str | None = None) -> None:
    if not importlib.util.find_spec("mlx_lm"):
        print("This example needs MLX-LM: pip install mlx-lm (on Linux: 'mlx[cpu]' mlx-lm)")
        return
    from mlx_lm import generate, load

    from maskwright.integrations.mlx import GrammarLogitsProcessor, vocabulary_of

    model, tokenizer, *_ = load(name or str(Path(mw.__file__).parent / "assets" / "tiny-lm"))
    grammar = mw.Compiler(vocabulary_of(model, tokenizer)).compile_json_schema(SCHEMA)
    processor = GrammarLogitsProcessor(grammar)
    text = generate(model, tokenizer, "A person as JSON:", max_tokens=200, logits_processors=[processor])
    print(json.dumps(json.loads(text), ensure_ascii=False))


if __name__ == "__main__":
    main(*sys.argv[1:])
