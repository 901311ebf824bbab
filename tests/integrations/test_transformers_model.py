"""Kept keys and values against none: every pattern of calls gives the rows of an uncached pass, with less work.

The models are random and small, one for each way in which attention reads the past: rotary and learned positions,
ALiBi, sliding windows alone and among full layers, mixtures of experts. Logits are scaled up so that rounding is far
below a real difference.
"""

from __future__ import annotations

import copy
import functools
from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

torch = pytest.importorskip("torch", reason="the extra [hf] is not installed")
transformers = pytest.importorskip("transformers", reason="the extra [hf] is not installed")

from maskwright.errors import InvalidPrefix, UnsupportedModel  # noqa: E402
from maskwright.integrations.causal_model import RecomputingModel  # noqa: E402
from maskwright.integrations.transformers_model import TransformersModel  # noqa: E402
from maskwright.sampling.row_cache import CachedModel  # noqa: E402

N_TOKENS = 40
LLAMA = {
    "vocab_size": N_TOKENS,
    "hidden_size": 32,
    "intermediate_size": 48,
    "num_hidden_layers": 2,
    "num_attention_heads": 4,
    "num_key_value_heads": 2,
    "head_dim": 8,
    "max_position_embeddings": 64,
    "pad_token_id": 0,
    "bos_token_id": 1,
    "eos_token_id": 2,
}
BYTES_PER_TOKEN = 2 * 2 * 2 * 8 * 4  # keys and values, layers, heads, size, float32


def llama() -> Any:
    return transformers.LlamaForCausalLM(transformers.LlamaConfig(**LLAMA))


def gpt2() -> Any:
    sizes = {"n_embd": 32, "n_layer": 2, "n_head": 4, "n_positions": 64, "bos_token_id": 1, "eos_token_id": 2}
    return transformers.GPT2LMHeadModel(transformers.GPT2Config(vocab_size=N_TOKENS, **sizes))


def mistral() -> Any:
    return transformers.MistralForCausalLM(transformers.MistralConfig(**LLAMA, sliding_window=4))


def gemma3() -> Any:
    kinds = ["sliding_attention", "full_attention"]
    config = transformers.Gemma3TextConfig(**LLAMA, sliding_window=4, layer_types=kinds)
    return transformers.Gemma3ForCausalLM(config)


def opt() -> Any:
    sizes = {"ffn_dim": 48, "word_embed_proj_dim": 32, "max_position_embeddings": 64, "num_attention_heads": 4}
    config = transformers.OPTConfig(vocab_size=N_TOKENS, hidden_size=32, num_hidden_layers=2, **sizes)
    return transformers.OPTForCausalLM(config)


def bloom() -> Any:
    return transformers.BloomForCausalLM(
        transformers.BloomConfig(vocab_size=N_TOKENS, hidden_size=32, n_layer=2, n_head=4)
    )


def mixtral() -> Any:
    return transformers.MixtralForCausalLM(transformers.MixtralConfig(**LLAMA, num_local_experts=4))


def phi3_with_long_positions() -> Any:
    factors = {"short_factor": [1.0, 1.0, 1.0, 1.0], "long_factor": [4.0, 3.0, 2.0, 1.0]}
    rope = {"rope_type": "longrope", "rope_theta": 10000.0, "original_max_position_embeddings": 16, **factors}
    config = transformers.Phi3Config(**LLAMA, rope_parameters=rope, original_max_position_embeddings=16)
    return transformers.Phi3ForCausalLM(config)


SUPPORTED = [llama, gpt2, mistral, gemma3, opt, bloom, mixtral, phi3_with_long_positions]


@pytest.fixture(autouse=True)
def one_thread() -> Iterator[None]:
    """Several threads only wait for each other in models as small as these."""
    n_threads = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(n_threads)


@functools.cache
def random_model(make: Callable[[], Any]) -> Any:
    """A model with random weights large enough that a text's beginning matters to its end."""
    with torch.random.fork_rng():
        torch.manual_seed(1)
        model = make().eval()
        with torch.no_grad():
            for parameter in model.parameters():
                if parameter.ndim > 1:
                    parameter.normal_(0, 0.15)
    return model


@functools.cache
def reference(make: Callable[[], Any]) -> CachedModel:
    return CachedModel(RecomputingModel(random_model(make)))


def assert_same_rows(found: np.ndarray, expected: np.ndarray) -> None:
    assert found.dtype == np.float32
    np.testing.assert_allclose(found, expected, rtol=0, atol=2e-4 * float(expected.std()) + 1e-6)


@st.composite
def populations(draw: st.DrawFn) -> list[list[list[int]]]:
    """Calls as samplers make them: some texts that are forked, cut back, permuted, dropped and continued."""
    token = st.integers(0, 5)
    texts = [draw(st.lists(token, min_size=1, max_size=5))]
    calls = []
    for _ in range(draw(st.integers(1, 8))):
        ancestors = draw(st.lists(st.integers(0, len(texts) - 1), min_size=1, max_size=5))
        texts = [
            [*texts[a][: max(1, len(texts[a]) - draw(st.integers(0, 3)))], *draw(st.lists(token, max_size=3))]
            for a in ancestors
        ]
        texts = [text[:14] for text in texts]
        calls.append(texts)
    return calls


@settings(max_examples=20)
@given(populations(), st.sampled_from([0, 5, 9, 16, 40, 10_000]), st.sampled_from([2, 4096]))
@pytest.mark.parametrize("make", [llama, gpt2, gemma3])
def test_rows_are_those_of_an_uncached_pass(
    make: Callable[[], Any], calls: list[list[list[int]]], n_slots: int, max_pass_tokens: int
) -> None:
    model = cached_model(make, n_slots, max_pass_tokens)
    for prefixes in calls:
        assert_same_rows(model(prefixes), reference(make)(prefixes))
        assert model.size_bytes <= n_slots * bytes_per_token(make)


def bytes_per_token(make: Callable[[], Any]) -> int:
    """GPT-2 has keys and values for all four heads."""
    return BYTES_PER_TOKEN * (2 if make is gpt2 else 1)


@functools.cache
def cached_model(make: Callable[[], Any], n_slots: int, max_pass_tokens: int) -> TransformersModel:
    """Shared by all examples, so that each begins with what the last ones left."""
    return TransformersModel(random_model(make), (n_slots + 1) * bytes_per_token(make), max_pass_tokens)


@pytest.mark.parametrize("make", SUPPORTED)
def test_forks_rollbacks_and_permutations_in_every_kind_of_attention(make: Callable[[], Any]) -> None:
    model = TransformersModel(random_model(make))
    rng = np.random.default_rng(0)
    texts = [[1, *rng.integers(3, N_TOKENS, 6).tolist()]]
    for _ in range(12):
        ancestors = rng.integers(0, len(texts), 5)
        cuts = rng.integers(0, 4, 5)
        texts = [
            [*texts[a][: max(2, len(texts[a]) - cut)], *rng.integers(3, N_TOKENS, rng.integers(0, 4)).tolist()][:16]
            for a, cut in zip(ancestors, cuts, strict=True)
        ]
        assert_same_rows(model(texts), reference(make)(texts))


def test_the_past_matters_to_the_random_models() -> None:
    for make in SUPPORTED:
        rows = reference(make)([[1, 4, 5, 6, 7], [1, 9, 5, 6, 7]])
        assert np.abs(rows[0] - rows[1]).max() > 0.02 * rows.std()


def test_a_step_of_all_texts_computes_one_token_each() -> None:
    model = TransformersModel(random_model(llama))
    prompt = [1, *range(3, 30)]
    texts = [[*prompt, token] for token in (5, 6, 7)]
    model(texts)
    assert model.n_tokens_computed == len(prompt) + 3
    model([[*text, 8] for text in texts])
    assert model.n_tokens_computed == len(prompt) + 3 + 3
    model([texts[2], texts[0], texts[2]])  # known, so only the last tokens, once each
    assert model.n_tokens_computed == len(prompt) + 3 + 3 + 2
    assert model.n_rows_asked == 9


def test_all_prefixes_of_a_text_cost_its_length() -> None:
    model = TransformersModel(random_model(llama))
    text = [1, *range(3, 20)]
    prefixes = [text[:n] for n in range(1, len(text) + 1)]
    assert_same_rows(model(prefixes), reference(llama)(prefixes))
    assert model.n_tokens_computed == len(text)


def test_a_population_costs_a_small_part_of_recomputing_it() -> None:
    kept, recomputed = TransformersModel(random_model(llama)), RecomputingModel(random_model(llama))
    rng = np.random.default_rng(4)
    texts = [[1, *range(3, 13)]] * 8
    for _ in range(20):
        texts = [[*texts[a], int(rng.integers(3, N_TOKENS))] for a in rng.integers(0, 8, 8)]
        assert_same_rows(kept(texts), recomputed(texts))
    assert kept.n_tokens_computed <= 11 + 20 * 8
    assert recomputed.n_tokens_computed > 15 * kept.n_tokens_computed


def test_without_room_for_a_text_it_is_computed_without_keeping() -> None:
    model = TransformersModel(random_model(llama), max_bytes=4 * BYTES_PER_TOKEN)
    texts = [[1, 2, 3, 4, 5], [1, 2], [1, 2, 3]]
    assert_same_rows(model(texts), reference(llama)(texts))
    assert model.size_bytes == 3 * BYTES_PER_TOKEN


def test_no_prefixes_give_no_rows() -> None:
    assert TransformersModel(random_model(llama))([]).shape == (0, N_TOKENS)
    assert RecomputingModel(random_model(llama))([]).shape == (0, N_TOKENS)


def test_numpy_prefixes_are_prefixes() -> None:
    model = TransformersModel(random_model(llama))
    assert_same_rows(model(np.array([[1, 2, 3]])), reference(llama)([[1, 2, 3]]))  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("prefix", "message"),
    [
        ([], "it is empty; begin with the token that the model's texts begin with"),
        ([1, N_TOKENS], f"token {N_TOKENS} is none of the {N_TOKENS} that the model reads"),
        ([-1], f"token -1 is none of the {N_TOKENS} that the model reads"),
        ([1] * 65, "it has 65 tokens and the model reads 64"),
        ([1.0], "token ids are integers"),
    ],
)
@pytest.mark.parametrize("kind", [TransformersModel, RecomputingModel])
def test_what_the_model_cannot_read_is_refused(kind: Any, prefix: list[int], message: str) -> None:
    model = kind(random_model(llama))
    with pytest.raises(InvalidPrefix) as info:
        model([[1], prefix])
    assert str(info.value) == f"The model cannot continue this prefix: {message}."
    assert model.n_tokens_computed == 0


def test_positions_that_change_with_the_length_are_refused() -> None:
    model = TransformersModel(random_model(phi3_with_long_positions))
    model([[1] * 16])
    with pytest.raises(InvalidPrefix):
        model([[1] * 17])
    assert RecomputingModel(random_model(phi3_with_long_positions))([[1] * 17]).shape == (1, N_TOKENS)


def mamba() -> Any:
    sizes = {"hidden_size": 32, "num_hidden_layers": 2, "state_size": 4}
    return transformers.MambaForCausalLM(transformers.MambaConfig(vocab_size=N_TOKENS, **sizes))


def qwen3_next() -> Any:
    kinds = ["linear_attention", "full_attention"]
    return transformers.Qwen3NextForCausalLM(transformers.Qwen3NextConfig(**LLAMA, layer_types=kinds))


def xlnet() -> Any:
    sizes = {"d_model": 32, "n_layer": 2, "n_head": 4, "d_inner": 64}
    return transformers.XLNetLMHeadModel(transformers.XLNetConfig(vocab_size=N_TOKENS, **sizes))


def t5() -> Any:
    return transformers.T5ForConditionalGeneration(transformers.T5Config(vocab_size=N_TOKENS, d_model=32, num_layers=1))


def chunked() -> Any:
    return transformers.LlamaForCausalLM(transformers.LlamaConfig(**LLAMA, attention_chunk_size=8))


@pytest.mark.parametrize(
    ("make", "reason"),
    [
        (chunked, "its attention is chunked by position in the batch, not in the text"),
        (mamba, "layer 0 keeps a LinearAttentionLayer, not keys and values of single tokens"),
        (qwen3_next, "layer 0 keeps a LinearAttentionLayer, not keys and values of single tokens"),
        (xlnet, "its forward pass takes no cache"),
        (t5, "it has an encoder, and prefixes are no input for one"),
    ],
)
def test_what_keeps_something_else_is_refused(make: Callable[[], Any], reason: str) -> None:
    with pytest.raises(UnsupportedModel) as info:
        TransformersModel(make().eval())
    assert str(info.value) == f"This model cannot be used here: {reason}."


def test_a_recurrent_model_is_recomputed() -> None:
    network = random_model(mamba)
    texts = [[1, 4, 5, 6], [1, 4], [1, 9, 5, 6], [1, 4]]
    rows = RecomputingModel(network)(texts)
    for text, row in zip(texts, rows, strict=True):
        with torch.inference_mode():
            expected = network(torch.tensor([text])).logits[0, -1].numpy()
        assert_same_rows(row, expected)


def test_a_model_in_training_mode_is_refused() -> None:
    with pytest.raises(UnsupportedModel) as info:
        TransformersModel(llama().train())
    assert str(info.value) == "This model cannot be used here: it is in training mode, call its eval() first."


def test_a_model_that_ignores_positions_it_is_given_is_found_out() -> None:
    class Shifted(transformers.LlamaForCausalLM):
        def forward(self, input_ids: Any, position_ids: Any = None, **others: Any) -> Any:
            moved = None if position_ids is None else position_ids * 2
            return super().forward(input_ids=input_ids, position_ids=moved, **others)

    model = Shifted(transformers.LlamaConfig(**LLAMA)).eval()
    model.load_state_dict(random_model(llama).state_dict())
    with pytest.raises(UnsupportedModel):
        TransformersModel(model)


def test_a_pass_that_fails_leaves_nothing_that_is_found_again() -> None:
    network = random_model(llama)
    model = TransformersModel(network)
    model([[1, 2, 3]])
    broken = network.lm_head.register_forward_hook(lambda *_: 1 / 0)
    try:
        with pytest.raises(ZeroDivisionError):
            model([[1, 2, 3, 4, 5]])
    finally:
        broken.remove()
    assert model.size_bytes == 0
    texts = [[1, 2, 3, 4, 5, 6], [1, 2]]
    assert_same_rows(model(texts), reference(llama)(texts))


def test_nan_logits_pass_through_and_stay_in_their_row() -> None:
    network = llama().eval()
    network.load_state_dict(random_model(llama).state_dict())
    with torch.no_grad():
        network.model.embed_tokens.weight[7] = float("nan")
    model = TransformersModel(network)
    rows = model([[1, 7, 3], [1, 2, 3], [1, 2, 3, 4, 5]])
    assert np.isnan(rows[0]).all()
    assert_same_rows(rows[1:], RecomputingModel(network)([[1, 2, 3], [1, 2, 3, 4, 5]]))
    assert np.isfinite(model([[1, 2, 3, 4]])).all()


@pytest.mark.parametrize("attention", ["eager", "sdpa"])
def test_half_precision_and_every_attention_give_single_precision_rows(attention: str) -> None:
    network = transformers.LlamaForCausalLM(transformers.LlamaConfig(**LLAMA, attn_implementation=attention))
    network.load_state_dict(random_model(llama).state_dict())
    network = network.to(torch.bfloat16).eval()
    texts = [[1, 2, 3], [1, 2, 4, 5, 6], [1]]
    rows = TransformersModel(network)(texts)
    assert rows.dtype == np.float32
    expected = RecomputingModel(network)(texts)
    np.testing.assert_allclose(rows, expected, atol=0.1 * float(expected.std()))


def test_changed_weights_need_clear() -> None:
    network = llama().eval()
    network.load_state_dict(random_model(llama).state_dict())
    model = TransformersModel(network)
    model([[1, 2, 3]])
    with torch.no_grad():
        network.model.embed_tokens.weight[1] += 1
    model.clear()
    assert_same_rows(model([[1, 2, 3, 4]]), RecomputingModel(network)([[1, 2, 3, 4]]))


def test_memory_grows_with_what_is_kept() -> None:
    model = TransformersModel(random_model(llama), max_bytes=1000 * BYTES_PER_TOKEN)
    model([[1, 2, 3]])
    assert model.size_bytes == 3 * BYTES_PER_TOKEN
    assert [layer.keys.shape[0] for layer in model._pool.layers] == [64, 64]
    model([[1, *[token] * 59] for token in (3, 4, 5)])
    assert [layer.keys.shape[0] for layer in model._pool.layers] == [256, 256]


@pytest.mark.gpu
@pytest.mark.skipif(not torch.cuda.is_available(), reason="there is no CUDA device")
@pytest.mark.parametrize("precision", ["float32", "bfloat16"])
def test_on_a_device_as_on_the_host(precision: str) -> None:
    network = copy.deepcopy(random_model(llama)).to("cuda", getattr(torch, precision))
    model = TransformersModel(network)
    texts = [[1, 4, 5, 6], [1, 4], [1, 4, 5, 7, 8]]
    model(texts)
    texts = [[1, 4, 5, 9], [1, 4, 5, 6, 7], [1, 4, 5, 9]]
    rows, expected = model(texts), reference(llama)(texts)
    tolerance = 1e-2 if precision == "float32" else 0.2  # a device may use tf32 for the first
    np.testing.assert_allclose(rows, expected, rtol=0, atol=tolerance * float(expected.std()))
    assert model.n_tokens_computed == 6 + 2
