"""vLLM for tests: its environment, engines of the bundled model, and schemas to keep it busy.

Everything runs on the CPU in one process, so a test process has one engine; `make test-vllm` gives each file its own.
"""

from __future__ import annotations

import json
import os
import shutil
from pathlib import Path
from typing import Any

import numpy as np

BUNDLED_MODEL = Path(__file__).resolve().parents[3] / "maskwright" / "assets" / "tiny-lm"

ENVIRONMENT = {
    "HF_HUB_OFFLINE": "1",
    "VLLM_CPU_KVCACHE_SPACE": "1",
    "VLLM_NO_USAGE_STATS": "1",
    "DO_NOT_TRACK": "1",
    "VLLM_ENABLE_V1_MULTIPROCESSING": "0",
    "VLLM_LOGGING_LEVEL": "ERROR",
}

#: The tokens that the bundled model lacks: a model for tests gets them with rows of zeros.
EXTRA_TOKENS = ("<think>", "</think>", "<tool_call>", "</tool_call>")

CHAT_TEMPLATE = (
    "{% for message in messages %}{{ message.content }}\n{% endfor %}"
    "{% if tools %}{% for tool in tools %}{{ tool | tojson }}\n{% endfor %}{% endif %}"
)


def engine(mode: str = "default", model: Path = BUNDLED_MODEL, **options: Any) -> Any:
    """A `vllm.LLM` with the plug-in switched to `mode`."""
    os.environ.update(ENVIRONMENT, MASKWRIGHT_VLLM=mode)
    from vllm import LLM

    settings = {"enforce_eager": True, "max_model_len": 640, "max_num_seqs": 16, "dtype": "float32"}
    return LLM(str(model), **{**settings, **options})


def wider_model(folder: Path) -> Path:
    """The bundled model with EXTRA_TOKENS, a chat template, and logits that are wider than its tokenizer."""
    from safetensors.numpy import load_file, save_file

    shutil.copytree(BUNDLED_MODEL, folder, dirs_exist_ok=True)
    config = json.loads((folder / "config.json").read_text())
    width = config["vocab_size"]
    config["vocab_size"] = width + 32
    (folder / "config.json").write_text(json.dumps(config))
    weights = load_file(folder / "model.safetensors")
    for name, matrix in weights.items():
        if matrix.shape[0] == width:
            weights[name] = np.concatenate([matrix, np.zeros((32, *matrix.shape[1:]), matrix.dtype)])
    save_file(weights, folder / "model.safetensors", metadata={"format": "pt"})
    tokenizer = json.loads((folder / "tokenizer.json").read_text())
    flags = {"single_word": False, "lstrip": False, "rstrip": False, "normalized": False, "special": False}
    tokenizer["added_tokens"] += [{"id": width + i, "content": text, **flags} for i, text in enumerate(EXTRA_TOKENS)]
    (folder / "tokenizer.json").write_text(json.dumps(tokenizer))
    settings = json.loads((folder / "tokenizer_config.json").read_text())
    settings["chat_template"] = CHAT_TEMPLATE
    (folder / "tokenizer_config.json").write_text(json.dumps(settings))
    return folder


#: Members that schemas are put together from; all of them are short.
MEMBERS: dict[str, dict[str, Any]] = {
    "name": {"type": "string", "maxLength": 12},
    "age": {"type": "integer", "minimum": 0, "maximum": 120},
    "city": {"enum": ["Oslo", "Rome", "Lima"]},
    "tags": {"type": "array", "items": {"type": "string", "maxLength": 6}, "maxItems": 3},
    "price": {"type": "number", "minimum": 0, "maximum": 1000, "multipleOf": 0.5},
    "date": {"type": "string", "format": "date"},
    "done": {"type": "boolean"},
    "code": {"type": "string", "pattern": "^[A-Z]{2}-[0-9]{3}$"},
    "note": {"anyOf": [{"type": "null"}, {"type": "string", "maxLength": 8}]},
    "at": {"type": "array", "prefixItems": [{"type": "integer", "maximum": 99, "minimum": 0}, {"type": "boolean"}]},
}
MEMBERS["at"] |= {"items": False, "minItems": 2}


def schema_of(number: int) -> dict[str, Any]:
    """One of 64 different schemas: objects with three to five members, some within another object.

    Few blanks are allowed at a gap, because the bundled model at times goes on with blanks as long as it may.
    """
    generator = np.random.default_rng(number)
    names = [str(name) for name in generator.permutation(list(MEMBERS))[: 3 + number % 3]]
    inner: dict[str, Any] = {
        "type": "object",
        "properties": {name: MEMBERS[name] for name in names},
        "required": names[: 2 + number % 2],
        "additionalProperties": False,
    }
    if number % 4 == 3:
        inner = {"type": "object", "properties": {"item": inner}, "required": ["item"], "additionalProperties": False}
    return {**inner, "x-maskwright": {"max_whitespace": 6}}
