"""A JSON document from llama.cpp:  python examples/llama_cpp_json.py [model.gguf]

Without a file it is the bundled model, which is converted first.
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


def write(path: str) -> None:
    from llama_cpp import Llama

    from maskwright.integrations.llama_cpp import constrained_by, vocabulary_of

    llama = Llama(path, n_ctx=512, verbose=False)
    grammar = mw.Compiler(vocabulary_of(llama)).compile_json_schema(SCHEMA)
    with constrained_by(grammar, llama) as processors:
        answer = llama.create_completion("A person as JSON:", max_tokens=200, logits_processor=processors)
    print(json.dumps(json.loads(answer["choices"][0]["text"]), ensure_ascii=False))


def main(path: str | None = None) -> None:
    if not (importlib.util.find_spec("llama_cpp") and (path or importlib.util.find_spec("gguf"))):
        print("This example needs llama.cpp: pip install llama-cpp-python gguf")
        return
    with tempfile.TemporaryDirectory() as folder:
        if path is None:
            path = f"{folder}/tiny-lm.gguf"
            script = Path(__file__).resolve().parent.parent / "scripts" / "bundled_model_as_gguf.py"
            subprocess.run([sys.executable, script, path], check=True)
        write(path)


if __name__ == "__main__":
    main(*sys.argv[1:])
