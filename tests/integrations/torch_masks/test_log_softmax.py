"""Log-softmax of masked logits and the mass that is kept, on the CPU and in torch's operations, against float64."""

# ruff: noqa: E402  (what needs torch is imported after the check that it is there)

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

torch = pytest.importorskip("torch", reason="the extra `hf` is not installed")

from maskwright.errors import BadLogits, MatcherError
from maskwright.integrations.torch_masks import StepMasks, kept_log_mass, masked_log_softmax, tensor_ops
from maskwright.matching.bitmask import unpack_bitmask
from tests.integrations.torch_masks.reference import INTEGERS, STRIDES, random_masks

DTYPES = list(INTEGERS)


def by_tensor_ops(logits: Any, masks: Any, index: Any) -> tuple[Any, Any]:
    rows = None if index is None else torch.tensor(index)
    logs = tensor_ops.log_sums(logits, torch.from_numpy(masks), None, rows)
    log_p = tensor_ops.log_probabilities(logits, torch.from_numpy(masks), logs, None, rows)
    return log_p, (logs[:, 1] - logs[:, 0]).clamp(max=0)


def in_float64(logits: Any, masks: Any, index: Any) -> tuple[Any, Any]:
    """The naive twin: log-softmax, then the mask, then what is left of it."""
    rows = logits.double() if index is None else logits.double()[index]
    log_p = torch.log_softmax(rows, dim=-1)
    log_p[torch.from_numpy(~unpack_bitmask(masks, logits.shape[1]))] = -torch.inf
    mass = torch.logsumexp(log_p, dim=-1)
    return torch.where(mass[:, None] == -torch.inf, -torch.inf, log_p - mass[:, None]), mass


@pytest.mark.parametrize("dtype", DTYPES, ids=str)
@pytest.mark.parametrize("way", [masked_log_softmax, by_tensor_ops])
def test_probabilities_and_mass_are_those_of_float64(way: Any, dtype: Any) -> None:
    rng = np.random.default_rng(DTYPES.index(dtype))
    tolerance = 1e-12 if dtype == torch.float64 else 2e-6
    for round_ in range(30):
        rows, size = int(rng.integers(1, 5)), int(rng.integers(1, 1500))
        logits = torch.from_numpy(rng.normal(size=(rows, size)) * 5).to(dtype)
        if STRIDES[round_ % len(STRIDES)] == "transposed":
            logits = logits.T.contiguous().T
        logits[0, rng.integers(size, size=size // 3)] = -torch.inf
        logits[:, 0] = 1.0
        index = rng.permutation(rows)[: rng.integers(1, rows + 1)].tolist() if round_ % 2 else None
        masks = random_masks(rng, rows if index is None else len(index), max(1, size // 32 + int(rng.integers(-1, 3))))
        before = logits.clone()
        log_p, mass = way(logits, masks, index)
        expected_log_p, expected_mass = in_float64(logits, masks, index)
        assert log_p.dtype == mass.dtype == (torch.float64 if dtype == torch.float64 else torch.float32)
        assert torch.equal(log_p == -torch.inf, expected_log_p == -torch.inf)
        torch.testing.assert_close(log_p.double(), expected_log_p, rtol=tolerance, atol=tolerance)
        torch.testing.assert_close(mass.double(), expected_mass, rtol=tolerance, atol=tolerance)
        assert (mass <= 0).all()
        assert torch.equal(logits, before)
        if way is masked_log_softmax:
            assert torch.equal(kept_log_mass(logits, masks, index), mass)


def test_a_mass_far_below_the_top_keeps_its_digits() -> None:
    logits = torch.zeros(1, 64, dtype=torch.float64)
    logits[0, 0] = 900.0
    log_p, mass = masked_log_softmax(logits, np.int32([[0b110, 0]]))
    assert mass.item() == pytest.approx(np.log(2) - 900, rel=1e-14)
    assert log_p[0, 1].item() == pytest.approx(-np.log(2), abs=1e-12)


def test_masks_on_a_device_are_found_by_their_numbers() -> None:
    rng = np.random.default_rng(5)
    logits, words = torch.randn(2, 70), random_masks(rng, 4, 3)
    words[:, 0] |= 1
    step = StepMasks(torch.from_numpy(words), torch.tensor([3, 1], dtype=torch.int32), np.array([3, 1]))
    for got, expected in zip(masked_log_softmax(logits, step), masked_log_softmax(logits, words[[3, 1]]), strict=True):
        assert torch.equal(got, expected)


def test_bad_logits_are_refused_with_their_row() -> None:
    logits = torch.zeros(3, 4)
    logits[2, 1] = torch.nan
    with pytest.raises(BadLogits) as caught:
        masked_log_softmax(logits, np.int32([[-1], [-1]]), [0, 2])
    assert str(caught.value) == "The logits of the model cannot be used: in row 2, that of token 1 is nan."
    with pytest.raises(MatcherError):
        kept_log_mass(torch.zeros(3, 4, requires_grad=True), np.int32([[-1]] * 3))


@pytest.mark.parametrize("backend", ["eager", "aot_eager"])
def test_a_graph_has_it_all_without_a_break(backend: str) -> None:
    def step(logits: Any, words: Any) -> Any:
        log_p, mass = masked_log_softmax(logits, words)
        return log_p.argmax(dim=-1), mass, kept_log_mass(logits, words)

    torch.compiler.reset()
    rng = np.random.default_rng(6)
    logits, words = torch.randn(3, 99), random_masks(rng, 3, 4)
    words[:, 0] |= 1
    tokens, mass, again = torch.compile(step, backend=backend, fullgraph=True)(logits, torch.from_numpy(words))
    log_p, expected = masked_log_softmax(logits, words)
    assert torch.equal(tokens, log_p.argmax(dim=-1))
    assert torch.equal(mass, again)
    torch.testing.assert_close(mass, expected)
