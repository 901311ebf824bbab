"""DiffusionGemma's own `generate`, with a tiny model or random logits: always members of the grammar."""

from __future__ import annotations

import re
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest

pytest.importorskip("torch", reason="the extra `hf` is not installed")
pytest.importorskip("transformers", reason="the extra `hf` is not installed")

import torch
import transformers

from maskwright.errors import InvalidCanvas
from maskwright.integrations.infilling.diffusion_gemma import DiffusionGemmaProcessor, emitting_best
from maskwright.matching.infilling.slots import MASK
from tests.sampling.infilling.toys import END, NEVER, TOKENS, everything, is_list, lists, regular, text_of

LENGTH = 8


@pytest.fixture(scope="module")
def model() -> Any:
    if not hasattr(transformers, "DiffusionGemmaForBlockDiffusion"):
        pytest.skip("this version of transformers has no DiffusionGemma")
    sizes = {"hidden_size": 16, "intermediate_size": 16, "num_attention_heads": 2, "num_key_value_heads": 1}
    text = {
        "vocab_size": len(TOKENS),
        "num_hidden_layers": 2,
        "head_dim": 8,
        "global_head_dim": 8,
        "num_global_key_value_heads": 1,
        "sliding_window": 8,
        "num_experts": 2,
        "top_k_experts": 1,
        "moe_intermediate_size": 8,
        "pad_token_id": NEVER,
        "eos_token_id": END,
        "bos_token_id": 3,
        "layer_types": ["sliding_attention", "full_attention"],
    }
    vision = sizes | {"model_type": "gemma4_vision", "num_hidden_layers": 1, "head_dim": 8}
    images = dict.fromkeys(("boi_token_id", "eoi_token_id", "image_token_id"), NEVER)
    config = transformers.DiffusionGemmaConfig(
        text_config=sizes | text, vision_config=vision, canvas_length=LENGTH, **images
    )
    torch.manual_seed(0)
    return transformers.DiffusionGemmaForBlockDiffusion(config).eval()


class Randomly:
    """In place of the model's forward pass: logits drawn anew in each call."""

    def __init__(self, seed: int, spread: float) -> None:
        self.seed, self.spread, self.n_calls = seed, spread, 0

    def __call__(self, decoder_input_ids: torch.Tensor, **kwargs: object) -> SimpleNamespace:
        rng = np.random.default_rng((self.seed, self.n_calls))
        self.n_calls += 1
        logits = self.spread * rng.normal(size=(*decoder_input_ids.shape, len(TOKENS)))
        return SimpleNamespace(logits=torch.from_numpy(logits.astype(np.float32)))


def generate(model: Any, prompts: list[list[int]], processor: object, seed: int, **options: object) -> np.ndarray:
    """The new tokens, int64[B, n]."""
    torch.manual_seed(seed)
    output = model.generate(
        torch.tensor(prompts),
        logits_processor=transformers.LogitsProcessorList([processor]),
        eos_token_id=END,
        pad_token_id=NEVER,
        **{"max_new_tokens": 24, "max_denoising_steps": 4, **options},
    )
    return output.sequences[:, len(prompts[0]) :].numpy()


def text_before_end(tokens: np.ndarray) -> str:
    ends = np.flatnonzero(tokens == END)
    assert len(ends) == 0 or (tokens[ends[0] + 1 :] == NEVER).all()  # the host's padding
    return text_of(tokens[: ends[0]] if len(ends) else tokens)


@pytest.mark.parametrize("stability_threshold", [0, 1, 3])
def test_the_tiny_model_writes_members_over_several_canvases(model: Any, stability_threshold: int) -> None:
    for seed in range(4):
        processor = DiffusionGemmaProcessor(lists(), [END], max_new_tokens=24)
        rows = generate(model, [[3, 4], [5, 6]], processor, seed, stability_threshold=stability_threshold)
        for row in rows:
            assert is_list(text_before_end(row))


@pytest.mark.parametrize(("spread", "confidence"), [(1.0, 9.0), (4.0, 0.005), (30.0, 0.5)])
def test_whatever_step_is_the_last_the_text_is_a_member(
    model: Any, spread: float, confidence: float, monkeypatch: pytest.MonkeyPatch
) -> None:
    several = 0
    for seed in range(12):
        monkeypatch.setattr(model, "forward", Randomly(seed, spread))
        processor = DiffusionGemmaProcessor([lists(), regular()], [END], max_new_tokens=24)
        rows = generate(model, [[3, 4], [5, 6]], processor, seed, confidence_threshold=confidence)
        assert is_list(text_before_end(rows[0]))
        assert re.fullmatch(r'\[("a?b*"|1)(,1)*\]', text_before_end(rows[1]))
        several += rows.shape[1] > LENGTH
    assert several > 0


def test_where_all_texts_fit_it_is_generate_itself_bit_for_bit(model: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    def without_specials(input_ids: torch.Tensor, scores: torch.Tensor, cur_step: object = None) -> torch.Tensor:
        scores = scores.clone()
        scores[..., [NEVER, END]] = -1e30
        return scores

    for seed in range(12):
        answers = []
        for processor in (DiffusionGemmaProcessor(everything(), max_new_tokens=24), without_specials):
            monkeypatch.setattr(model, "forward", Randomly(seed, 4.0))
            answers.append(generate(model, [[3, 4]], processor, seed).tolist())
        assert answers[0] == answers[1]
        assert len(answers[0][0]) == 24


def test_the_best_text_is_above_everything_and_nothing_is_infinite() -> None:
    canvas = lists().canvas([MASK] * 6, [END])
    for seed in range(30):
        logits = np.random.default_rng(seed).normal(size=(6, len(TOKENS))).astype(np.float32)
        rows = emitting_best(canvas, logits)
        assert np.isfinite(rows).all()
        best = canvas.posterior(logits).best
        for temperature in (0.4, 0.55, 0.8):
            assert (torch.from_numpy(rows) / temperature).argmax(dim=-1).tolist() == best.tolist()
        assert np.sort(rows, axis=1)[:, -1].min() > np.sort(rows, axis=1)[:, -2].min() + 5e-4


def test_another_prompt_or_the_same_length_begins_anew() -> None:
    processor = DiffusionGemmaProcessor(lists(), [END], max_new_tokens=2 * LENGTH)
    scores = torch.zeros(1, LENGTH, len(TOKENS))
    first = processor(torch.tensor([[3, 4]]), scores, cur_step=2)
    filled = first.argmax(dim=-1)
    later = processor(torch.cat([torch.tensor([[3, 4]]), filled], dim=1), scores, cur_step=2)
    assert torch.equal(processor(torch.tensor([[5, 6]]), scores, cur_step=2), first)
    assert later.shape == first.shape


def test_a_canvas_that_another_processor_has_spoilt_is_told() -> None:
    processor = DiffusionGemmaProcessor(lists(), [END], max_new_tokens=2 * LENGTH)
    scores = torch.zeros(1, LENGTH, len(TOKENS))
    processor(torch.tensor([[3, 4]]), scores)
    with pytest.raises(InvalidCanvas, match="the host has emitted a text outside the grammar"):
        processor(torch.tensor([[3, 4, *[1] * LENGTH]]), scores)
