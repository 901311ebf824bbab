"""A JSON document from ONNX Runtime GenAI:  python examples/onnx_genai_json.py [folder]

Without a folder it is the bundled model, which the library's model builder exports first.
"""

from __future__ import annotations

import importlib.util
import json
import subprocess
import sys
import tempfile
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


def write(folder: str) -> None:
    import onnxruntime_genai as og

    from maskwright.integrations.onnx_genai import ConstrainedGenerator, vocabulary_of

    vocabulary = vocabulary_of(folder)
    grammar = mw.Compiler(vocabulary).compile_json_schema(SCHEMA)

    model = og.Model(folder)
    parameters = og.GeneratorParams(model)
    parameters.set_search_options(max_length=300, do_sample=False)
    generator = og.Generator(model, parameters)
    generator.append_tokens(og.Tokenizer(model).encode("A person as JSON:"))
    text = ConstrainedGenerator(generator, grammar)
    token_ids = text.write(max_new_tokens=200)
    print(json.dumps(json.loads(vocabulary.decode(token_ids)), ensure_ascii=False))
    print(f"{text.n_jumped} of {len(token_ids)} tokens needed no choice")


def main(folder: str | None = None) -> None:
    needed = ("onnxruntime_genai",) if folder else ("onnxruntime_genai", "onnx_ir", "torch", "transformers")
    if not all(map(importlib.util.find_spec, needed)):
        print("This example needs ONNX Runtime: pip install onnxruntime-genai onnxruntime onnx_ir torch transformers")
        return
    with tempfile.TemporaryDirectory() as made:
        if folder is None:
            folder = made
            bundled = Path(mw.__file__).parent / "assets" / "tiny-lm"
            options = ["-i", bundled, "-o", made, "-c", f"{made}/cache", "-p", "fp32", "-e", "cpu"]
            builder = [sys.executable, "-m", "onnxruntime_genai.models.builder", *options]
            subprocess.run(builder, check=True, capture_output=True)
        write(folder)


if __name__ == "__main__":
    main(*sys.argv[1:])
