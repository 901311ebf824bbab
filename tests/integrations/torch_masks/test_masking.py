"""Masks over logits in place: every way against loops over single bits, bit by bit."""

# ruff: noqa: E402  (what needs torch is imported after the check that it is there)

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

torch = pytest.importorskip("torch", reason="the extra `hf` is not installed")

from maskwright.errors import MatcherError
from maskwright.integrations.torch_masks import StepMasks, mask_logits, tensor_ops
from maskwright.integrations.torch_masks.arguments import for_device
from maskwright.integrations.torch_masks.row_kernels import NO_SCORE
from maskwright.integrations.torch_masks.scores import apply_bitmask, masked_scores
from tests.integrations.torch_masks.reference import INTEGERS, STRIDES, bits_of, random_case, random_masks

DTYPES = list(INTEGERS)


def by_tensor_ops(logits: Any, masks: Any, index: list[int] | None = None) -> None:
    tensor_ops.mask_rows(logits, *for_device(logits, torch.from_numpy(masks), index))


def by_tensors(logits: Any, masks: Any, index: list[int] | None = None) -> None:
    mask_logits(logits, torch.from_numpy(masks), None if index is None else torch.tensor(index, dtype=torch.int32))


def by_step_masks(logits: Any, masks: Any, index: list[int] | None = None) -> None:
    """The masks lie in another order in a larger table."""
    slots = np.random.default_rng(len(masks)).permutation(len(masks) + 3)[: len(masks)]
    table = torch.full((len(masks) + 3, masks.shape[1]), -1, dtype=torch.int32)
    table[torch.from_numpy(slots)] = torch.from_numpy(masks)
    mask_logits(logits, StepMasks(table, torch.from_numpy(slots).int(), slots), index)


@pytest.mark.parametrize("strides", STRIDES)
@pytest.mark.parametrize("dtype", DTYPES, ids=str)
@pytest.mark.parametrize("mask", [mask_logits, by_tensors, by_step_masks, by_tensor_ops])
def test_forbidden_columns_are_minus_infinity_and_all_other_memory_stays(mask: Any, dtype: Any, strides: str) -> None:
    rng = np.random.default_rng([DTYPES.index(dtype), STRIDES.index(strides)])
    for _ in range(20):
        case = random_case(rng, dtype, strides)
        mask(case.logits, case.masks, case.index)
        assert torch.equal(bits_of(case.base), case.expected)


@pytest.mark.parametrize("dtype", DTYPES, ids=str)
def test_a_large_vocabulary_is_masked_alike_by_kernel_and_torch(dtype: Any) -> None:
    rng = np.random.default_rng(1)
    logits = torch.randn(5, 128_256 + 77).to(dtype)
    masks = random_masks(rng, 5, 4008)
    by_kernel, by_torch = logits.clone(), logits.clone()
    mask_logits(by_kernel, masks)
    by_tensor_ops(by_torch, masks)
    assert torch.equal(by_kernel, by_torch)
    assert torch.isinf(by_kernel[:, 128_256:]).all()


@pytest.mark.no_jit
def test_two_masks_find_their_rows() -> None:
    logits = torch.arange(12.0).reshape(3, 4)
    mask_logits(logits, np.int32([[0b0101], [0b1000]]), [2, 0])
    inf = torch.inf
    assert logits.tolist() == [[-inf, -inf, -inf, 3.0], [4.0, 5.0, 6.0, 7.0], [8.0, -inf, 10.0, -inf]]


@pytest.mark.no_jit
def test_whole_words_are_masked_in_python_too() -> None:
    case = random_case(np.random.default_rng(3), torch.bfloat16, "sliced columns")
    mask_logits(case.logits, case.masks, case.index)
    assert torch.equal(bits_of(case.base), case.expected)


@pytest.mark.no_jit
def test_a_copy_is_masked_and_looked_at() -> None:
    scores = torch.tensor([[0.0, -torch.inf, torch.nan, 1.0], [2.0, 3.0, 4.0, 5.0]])
    masked, left = masked_scores(scores, np.int32([[0b0110], [0b1000]]))
    assert left is not None
    assert left.tolist() == [NO_SCORE, 0]
    assert masked[1].tolist() == [-torch.inf, -torch.inf, -torch.inf, 5.0]
    assert scores[1].tolist() == [2.0, 3.0, 4.0, 5.0]


def test_a_copy_says_where_nothing_is_left_as_the_loop_does() -> None:
    rng = np.random.default_rng(2)
    for dtype in DTYPES:
        for _ in range(30):
            case = random_case(rng, dtype, "contiguous")
            if case.index is not None:
                continue
            case.masks[:, 0] |= 1
            before = bits_of(case.base).clone()
            masked, left = masked_scores(case.logits, case.masks)
            in_place = case.logits.clone()
            mask_logits(in_place, case.masks)
            assert torch.equal(bits_of(masked), bits_of(in_place))
            assert torch.equal(bits_of(case.base), before)
            has_score = (masked > -torch.inf).any(dim=1).tolist()
            assert has_score == ([True] * len(masked) if left is None else (left != NO_SCORE).tolist())


def test_a_copy_without_an_allowed_column_is_an_error() -> None:
    with pytest.raises(MatcherError) as caught:
        apply_bitmask(torch.zeros(1, 4), np.int32([[0b10000]]))
    assert str(caught.value) == "No allowed token lies among the 4 scores: does the model fit the vocabulary."


def test_signs_that_torch_has_yet_to_change_are_not_missed() -> None:
    negative = torch.tensor([[1 + 2j, 3 + 4j]]).conj().imag
    assert negative.is_neg()
    assert apply_bitmask(negative, np.int32([[1]])).tolist() == [[-2.0, -torch.inf]]
    with pytest.raises(MatcherError, match="use resolve_neg"):
        mask_logits(negative, np.int32([[1]]))


def test_no_rows_and_an_empty_list_change_nothing() -> None:
    logits = torch.zeros(2, 40)
    mask_logits(logits, np.zeros((0, 2), np.int32), [])
    mask_logits(logits[:0], np.zeros((0, 2), np.int32))
    mask_logits(logits[:, :0], np.zeros((2, 2), np.int32))
    assert not logits.any()


@pytest.mark.parametrize(
    ("index", "message"),
    [
        ([0, 0], "A row is in the list twice, and would be masked by two masks."),
        ([0, 3], "A list of rows must lie in 0 to 2, and goes from 0 to 3."),
        ([-1, 0], "A list of rows must lie in 0 to 2, and goes from -1 to 0."),
        ([0], "There are 2 masks and 1 rows to mask by them."),
        (None, "There are 2 masks for 3 rows of logits: say which by `index`."),
        ([0.0, 1.0], "A list of rows must be integers in one dimension, not float64[2]."),
    ],
)
def test_lists_that_mean_nothing_are_refused(index: Any, message: str) -> None:
    logits = torch.zeros(3, 40)
    with pytest.raises(MatcherError) as caught:
        mask_logits(logits, np.zeros((2, 2), np.int32), index)
    assert str(caught.value) == message
    assert not logits.any()


@pytest.mark.parametrize(
    ("logits", "message"),
    [
        (
            torch.zeros(1, 40).expand(2, 40),
            "Logits that share memory with each other cannot be masked in place; clone them first.",
        ),
        (
            torch.zeros(2, 1).expand(2, 40),
            "Logits that share memory with each other cannot be masked in place; clone them first.",
        ),
        (
            torch.zeros(80).as_strided((2, 40), (20, 1)),
            "Logits that share memory with each other cannot be masked in place; clone them first.",
        ),
        (
            torch.zeros(2, 40, dtype=torch.int32),
            "Logits must be rows of float16, bfloat16, float32 or float64, not torch.int32[2, 40].",
        ),
        (torch.zeros(80), "Logits must be rows of float16, bfloat16, float32 or float64, not torch.float32[80]."),
        (
            torch.zeros(2, 40, requires_grad=True),
            "Masks have no gradients: detach the logits, or mask under torch.no_grad.",
        ),
    ],
)
def test_logits_that_cannot_be_masked_in_place_are_refused(logits: Any, message: str) -> None:
    with pytest.raises(MatcherError) as caught:
        mask_logits(logits, np.zeros((2, 2), np.int32))
    assert str(caught.value) == message


@pytest.mark.parametrize("masks", [np.zeros((2, 2), np.int64), np.zeros(2, np.int32), torch.zeros(2, 2)])
def test_masks_of_another_kind_are_refused(masks: Any) -> None:
    with pytest.raises(MatcherError, match=r"Masks must be int32\[rows, words\], not "):
        mask_logits(torch.zeros(2, 40), masks)


def test_gradients_notice_that_saved_logits_were_masked() -> None:
    weight = torch.ones(1, 4, requires_grad=True)
    logits = torch.ones(1, 4)
    product = (weight * logits).sum()
    mask_logits(logits, np.int32([[1]]))
    with pytest.raises(RuntimeError, match="modified by an inplace operation"):
        product.backward()


@pytest.mark.parametrize("backend", ["eager", "aot_eager"])
@pytest.mark.parametrize("way", ["whole", "index", "list", "table"])
def test_a_graph_has_the_mask_in_it_without_a_break(backend: str, way: str) -> None:
    def step(logits: Any, words: Any, numbers: Any, index: Any) -> Any:
        scaled = logits * 2
        if way == "whole":
            mask_logits(scaled, words)
        elif way == "index":
            mask_logits(scaled, words, index)
        elif way == "list":
            mask_logits(scaled, words, [4, 0, 2])
        else:
            mask_logits(scaled, StepMasks(words, numbers, np.arange(0)), index)
        return scaled.argmax(dim=-1), scaled

    torch.compiler.reset()
    compiled = torch.compile(step, backend=backend, fullgraph=True)
    rng = np.random.default_rng(5)
    for _ in range(3):
        n, n_rows, size = 3, 3 if way == "whole" else 5, int(rng.integers(100, 200))
        logits = torch.randn(n_rows, size)
        words = random_masks(rng, n + (2 if way == "table" else 0), -(-size // 32))
        numbers = rng.permutation(len(words))[:n]
        index = np.array([4, 0, 2]) if way == "list" else rng.permutation(n_rows)[:n]
        expected = logits * 2
        chosen = words[numbers] if way == "table" else words
        mask_logits(expected, chosen, None if way == "whole" else index)
        _, masked = compiled(logits, torch.from_numpy(words), torch.from_numpy(numbers).int(), torch.from_numpy(index))
        assert torch.equal(masked, expected)


@pytest.mark.gpu
@pytest.mark.skipif(not torch.cuda.is_available(), reason="needs a CUDA device")
@pytest.mark.parametrize("strides", STRIDES)
@pytest.mark.parametrize("dtype", DTYPES, ids=str)
def test_a_device_masks_as_the_loop_does(dtype: Any, strides: str) -> None:
    rng = np.random.default_rng([DTYPES.index(dtype), STRIDES.index(strides)])
    for _ in range(20):
        case = random_case(rng, dtype, strides)
        base = case.base.cuda()
        logits = base.as_strided(case.logits.shape, case.logits.stride(), case.logits.storage_offset())
        mask_logits(logits, case.masks, case.index)
        assert torch.equal(bits_of(base).cpu(), case.expected)
