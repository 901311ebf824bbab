"""What a mask costs inside vLLM: `make bench-vllm`, Maskwright, XGrammar and llguidance in the same engine.

One `vllm.LLM` on the CPU serves batches of requests, each with a schema of its own, first with one engine of grammars,
then with the next; the plug-in lets every request name its engine. Timed is what vLLM's scheduler does in each step:
`grammar_bitmask`, which fills the rows of the whole batch, and `accept_tokens` for each request; and within them what
the engine itself does for a row. Times are of the processor, in the scheduler's thread, as other threads compute the
model. That has random weights and the vocabulary of a real tokenizer, so texts wander through their grammars. Engines
take turns; the first round meets every schema anew and is told apart.

    python -m bench.vllm_masks --tokenizer llama3.tar.xz --requests 32 --tokens 96
"""

from __future__ import annotations

import argparse
import functools
import json
import os
import random
import shutil
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import numpy as np
from rich.console import Console
from rich.table import Table

from bench.cases import data_home, read_cases
from bench.tokenizer import tokenizer_folder

ENGINES = ("maskwright", "xgrammar", "guidance")
ENVIRONMENT = {
    "HF_HUB_OFFLINE": "1",
    "VLLM_CPU_KVCACHE_SPACE": "1",
    "VLLM_NO_USAGE_STATS": "1",
    "DO_NOT_TRACK": "1",
    "VLLM_ENABLE_V1_MULTIPROCESSING": "0",
    "VLLM_LOGGING_LEVEL": "ERROR",
    "MASKWRIGHT_VLLM": "default",
}
PROMPT = "A document as JSON:"


@dataclass(slots=True)
class Times:
    """Microseconds: of the host's two calls for each step, and of the engine's part in them for each row."""

    steps: list[float] = field(default_factory=list)
    fills: list[float] = field(default_factory=list)
    accepts: list[float] = field(default_factory=list)


def listen() -> Callable[[], Times]:
    """Time from now on; the function returned gives what was noted, and begins anew."""
    from vllm.v1.structured_output import StructuredOutputManager
    from vllm.v1.structured_output.backend_guidance import GuidanceGrammar
    from vllm.v1.structured_output.backend_xgrammar import XgrammarGrammar

    from maskwright.integrations.vllm.grammar import RequestGrammar

    noted = [Times()]

    def timed(owner: Any, method: str, note: Callable[[float], object]) -> None:
        original = getattr(owner, method)

        @functools.wraps(original)
        def call(*arguments: Any) -> Any:
            began = time.thread_time()
            result = original(*arguments)
            note(1e6 * (time.thread_time() - began))
            return result

        setattr(owner, method, call)

    def note_fill(microseconds: float) -> None:
        noted[0].fills.append(microseconds)

    def note_accept(microseconds: float) -> None:
        noted[0].accepts.append(microseconds)

    def begin_step(microseconds: float) -> None:
        noted[0].steps.append(microseconds)

    def add_to_step(microseconds: float) -> None:
        if noted[0].steps:
            noted[0].steps[-1] += microseconds

    for grammar in (RequestGrammar, XgrammarGrammar, GuidanceGrammar):
        timed(grammar, "fill_bitmask", note_fill)
        timed(grammar, "accept_tokens", note_accept)
    timed(StructuredOutputManager, "grammar_bitmask", begin_step)
    timed(StructuredOutputManager, "accept_tokens", add_to_step)

    def taken() -> Times:
        done, noted[0] = noted[0], Times()
        return done

    return taken


def model_folder(tokenizer: Path, folder: Path) -> Path:
    """A model with one small layer, and the vocabulary of the tokenizer; its weights are made up by vLLM."""
    for name in ("tokenizer.json", "tokenizer_config.json"):
        shutil.copy(tokenizer / name, folder / name)
    from transformers import AutoTokenizer, LlamaConfig

    loaded = AutoTokenizer.from_pretrained(str(tokenizer), local_files_only=True)
    config = LlamaConfig(
        vocab_size=max(loaded.get_vocab().values()) + 1,
        hidden_size=64,
        intermediate_size=64,
        num_hidden_layers=1,
        num_attention_heads=2,
        num_key_value_heads=2,
        max_position_embeddings=1024,
        eos_token_id=loaded.eos_token_id,
        bos_token_id=None,
        architectures=["LlamaForCausalLM"],
    )
    config.save_pretrained(folder)
    return folder


def parameters(schema: str, engine: str, tokens: int, seed: int) -> Any:
    """A request for a document of the schema by the named engine."""
    from vllm import SamplingParams
    from vllm.sampling_params import StructuredOutputsParams

    return SamplingParams(
        max_tokens=tokens,
        temperature=1.0,
        seed=seed,
        detokenize=False,
        structured_outputs=StructuredOutputsParams(json=schema),
        extra_args={"maskwright": engine},
    )


def common_schemas(llm: Any, count: int, seed: int) -> list[str]:
    """Schemas of the development cases that all three engines take."""
    cases = read_cases(data_home() / "maskbench-dev.tar.xz")
    random.Random(seed).shuffle(cases)
    found: list[str] = []
    for case in cases:
        try:
            for engine in ENGINES:
                llm.generate([PROMPT], parameters(case.schema, engine, 1, 0), use_tqdm=False)
        except Exception:  # noqa: BLE001  (whatever an engine says, it does not take the schema)
            continue
        found.append(case.schema)
        if len(found) == count:
            return found
    raise SystemExit(f"only {len(found)} of the schemas are taken by all engines")


def show(runs: dict[tuple[str, str], list[Times]], requests: int) -> list[dict[str, Any]]:
    """Print a row for each engine and kind of round; the same as values."""
    table = Table(title=f"vLLM, {requests} requests with a schema each: µs of processor time")
    values = []
    for (kind, engine), parts in runs.items():
        value: dict[str, Any] = {"round": kind, "engine": engine}
        for name in ("step", "fill", "accept"):
            times = [us for part in parts for us in getattr(part, f"{name}s")]
            value |= {f"{name} mean": float(np.mean(times)), f"{name} p50": float(np.median(times))}
            value |= {f"{name} p99": float(np.percentile(times, 99))}
        values.append(value)
    for column in values[0]:
        table.add_column(column, justify="right")
    for value in values:
        table.add_row(*(f"{cell:,.1f}" if isinstance(cell, float) else str(cell) for cell in value.values()))
    Console(width=160).print(table)
    return values


def main() -> None:
    """Run, print and save."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--tokenizer", type=Path, required=True, help="a folder or archive with tokenizer.json")
    parser.add_argument("--requests", type=int, default=32)
    parser.add_argument("--tokens", type=int, default=96)
    parser.add_argument("--rounds", type=int, default=4)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--json", type=Path, help="write the figures here")
    chosen = parser.parse_args()
    os.environ.update(ENVIRONMENT)
    with TemporaryDirectory() as scratch, tokenizer_folder(chosen.tokenizer) as tokenizer:
        from vllm import LLM

        taken = listen()
        folder = str(model_folder(tokenizer, Path(scratch)))
        options = {"load_format": "dummy", "enforce_eager": True, "max_model_len": 512, "dtype": "float32"}
        llm = LLM(folder, max_num_seqs=chosen.requests, disable_log_stats=True, **options)
        schemas = common_schemas(llm, chosen.requests, chosen.seed)
        runs: dict[tuple[str, str], list[Times]] = {}
        for number in range(chosen.rounds):
            for engine in random.Random(number).sample(ENGINES, len(ENGINES)):
                asked = [parameters(s, engine, chosen.tokens, 1000 * number + i) for i, s in enumerate(schemas)]
                taken()
                llm.generate([PROMPT] * len(asked), asked, use_tqdm=False)
                runs.setdefault(("first" if number == 0 else "later", engine), []).append(taken())
        values = show(dict(sorted(runs.items())), chosen.requests)
    if chosen.json is not None:
        chosen.json.write_text(json.dumps(values, indent=2) + "\n")


if __name__ == "__main__":
    main()
