"""Logits behind texts that grow and are replaced at their ends: those of uncached passes."""

# ruff: noqa: E402  (what needs torch is imported after the check that it is there)

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

torch = pytest.importorskip("torch", reason="the extra `hf` is not installed")
transformers = pytest.importorskip("transformers", reason="the extra `hf` is not installed")

from maskwright.integrations.causal_model import CausalModel
from maskwright.integrations.generation import LoadedModel
from maskwright.integrations.huggingface.prefix_reader import PrefixReader
from maskwright.matching.text_pieces import n_shared


def assert_reads_exactly(model: Any, *, reads_again: bool) -> None:
    causal = CausalModel(model, 1 << 20)
    reader = PrefixReader(causal, use_cache=True)
    rng = np.random.default_rng(0)
    text = [1, 5, 9]
    n_new = 0
    for _ in range(40):
        before = text
        kept = int(rng.integers(max(1, len(text) - 4), len(text) + 1))
        text = [*text[:kept], *rng.integers(3, 40, rng.integers(1, 4)).tolist()]
        n_new += len(text) - min(n_shared(before, text), len(text) - 1)
        found = reader.logits(text)
        assert found.shape == (1, causal.n_tokens)
        assert not found.is_inference(), "processors may write into it"
        np.testing.assert_allclose(found.numpy(), causal.rows_without_cache([text]), atol=2e-4)
    assert reader.n_calls == 40
    if reads_again:
        assert reader.n_tokens_read > 3 * n_new
    else:
        assert reader.n_tokens_read <= n_new + 3


def test_only_what_is_new_is_read(loaded: LoadedModel) -> None:
    assert_reads_exactly(loaded.model, reads_again=False)


def test_a_model_whose_cache_forgets_is_read_again() -> None:
    config = transformers.MistralConfig(
        vocab_size=50,
        hidden_size=16,
        intermediate_size=16,
        num_hidden_layers=2,
        num_attention_heads=2,
        num_key_value_heads=1,
        sliding_window=6,
    )
    torch.manual_seed(0)
    assert_reads_exactly(transformers.MistralForCausalLM(config).eval(), reads_again=True)


def test_the_same_text_again_costs_its_last_token(loaded: LoadedModel) -> None:
    reader = PrefixReader(CausalModel(loaded.model, 1 << 20), use_cache=True)
    first = reader.logits([1, 2, 3])
    assert torch.allclose(reader.logits([1, 2, 3]), first, atol=1e-4)
    assert reader.n_tokens_read == 4
