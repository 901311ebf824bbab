"""The kernels of Triton against loops and float64, without a device: Triton's interpreter runs them on the CPU.

Run as a program: whether Triton interprets is settled when it is imported, so the test starts a process for it.

    TRITON_INTERPRET=1 python -m tests.integrations.torch_masks.test_triton_kernels
"""

# ruff: noqa: E402  (what needs torch is imported after the check that it is there)

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

torch = pytest.importorskip("torch", reason="the extra `hf` is not installed")

from maskwright.integrations.torch_masks import tensor_ops
from tests.integrations.torch_masks.reference import INTEGERS, STRIDES, Case, bits_of, random_case, random_masks

DTYPES = list(INTEGERS)
CASES_EACH = 4


def main() -> None:
    """Every float type with all strides; raises AssertionError with the case."""
    from maskwright.integrations.torch_masks import triton_kernels

    rng = np.random.default_rng(7)
    n_cases = 0
    for dtype in DTYPES:
        for strides in STRIDES:
            for _ in range(CASES_EACH):
                case = random_case(rng, dtype, strides)
                arguments = tensors_of(rng, case)
                expected = tensor_ops.log_sums(case.logits, *arguments)
                logs = triton_kernels.log_sums(case.logits, *arguments)
                torch.testing.assert_close(logs, expected, equal_nan=True)
                words, numbers, index = arguments
                torch.testing.assert_close(
                    triton_kernels.log_probabilities(case.logits, words, logs, numbers, index),
                    tensor_ops.log_probabilities(case.logits, words, logs, numbers, index),
                    equal_nan=True,
                )
                triton_kernels.mask_rows(case.logits, *arguments)
                assert torch.equal(bits_of(case.base), case.expected), (dtype, strides, case)
                n_cases += 1
    several_parts(rng)
    sys.stdout.write(f"{n_cases} cases\n")


def several_parts(rng: np.random.Generator) -> None:
    """Rows of more columns than one program adds up, where the allowed ones lie far below the top, or in few parts."""
    from maskwright.integrations.torch_masks import triton_kernels

    size = 3 * triton_kernels.SPLIT + 77
    logits = torch.from_numpy(rng.normal(size=(6, size)) * 3)
    logits[1, 5] = 800.0
    logits[2] -= 500.0
    logits[3, 4096:8192] = -torch.inf
    masks = random_masks(rng, 6, -(-size // 32))
    masks[1, 0] = 0
    masks[2] = 0
    masks[2, 300] = 0b110
    masks[5] = 0
    words = torch.from_numpy(masks)
    for dtype, tolerance in ((torch.float64, 1e-12), (torch.float32, 1e-5)):
        logs = triton_kernels.log_sums(logits.to(dtype), words)
        expected = tensor_ops.log_sums(logits.to(dtype).double(), words)
        torch.testing.assert_close(logs.double(), expected, rtol=tolerance, atol=tolerance)
        assert logs[5, 1] == -torch.inf
        masked = triton_kernels.log_probabilities(logits.to(dtype), words, logs)
        assert torch.isinf(masked[5]).all()


def tensors_of(rng: np.random.Generator, case: Case) -> tuple[object, object, object]:
    """The masks of a case in another order in a larger table, which row is whose, and where they belong."""
    n = len(case.masks)
    slots = rng.permutation(n + 2)[:n].astype(np.int32)
    table = torch.full((n + 2, case.masks.shape[1]), -1, dtype=torch.int32)
    table[torch.from_numpy(slots).long()] = torch.from_numpy(case.masks)
    index = None if case.index is None else torch.tensor(case.index, dtype=torch.int32)
    return table, torch.from_numpy(slots), index


def test_the_kernels_agree_with_loops_in_the_interpreter() -> None:
    pytest.importorskip("triton", reason="Triton is not installed")
    run = subprocess.run(
        [sys.executable, "-W", "ignore", "-m", "tests.integrations.torch_masks.test_triton_kernels"],
        env={**os.environ, "TRITON_INTERPRET": "1"},
        cwd=Path(__file__).parents[3],
        capture_output=True,
        text=True,
        check=False,
        timeout=300,
    )
    assert run.returncode == 0, run.stderr
    assert run.stdout == f"{len(DTYPES) * len(STRIDES) * CASES_EACH} cases\n"


@pytest.mark.parametrize("dtype", ["fp16", "bf16", "fp32", "fp64"])
def test_the_kernels_compile_for_a_device_that_is_not_here(
    dtype: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """For sm_90, with and without lists of rows; what the interpreter runs is not always what Triton compiles."""
    pytest.importorskip("triton", reason="Triton is not installed")
    from triton import compile as compiled
    from triton.backends.compiler import GPUTarget
    from triton.compiler import ASTSource

    from maskwright.integrations.torch_masks import triton_kernels

    monkeypatch.setenv("TRITON_CACHE_DIR", str(tmp_path))
    sums = "fp64" if dtype == "fp64" else "fp32"
    lists = {"numbers": "*i32", "index": "*i32"}
    sizes = dict.fromkeys(["n_columns", "n_words", "row_stride", "column_stride"], "i32")
    rows = {"logits": f"*{dtype}", "words": "*i32", **lists, **sizes}
    results = {"logs": f"*{sums}", "out": f"*{sums}"}
    parts = {"parts": f"*{sums}"}
    kernels = [
        (triton_kernels.mask_kernel, rows, {"BLOCK": triton_kernels.BLOCK}),
        (triton_kernels.sums_kernel, {**rows, **parts}, {"SPLIT": triton_kernels.SPLIT}),
        (triton_kernels.logs_kernel, {**parts, "logs": f"*{sums}", "n_parts": "i32"}, {"PARTS": 32}),
        (triton_kernels.log_probabilities_kernel, {**rows, **results}, {"BLOCK": triton_kernels.BLOCK}),
    ]
    for kernel, types, constants in kernels:
        for none in ({}, {name: None for name in lists if name in types}):
            fixed = {**constants, **none}
            signature = {name: "constexpr" if name in fixed else types[name] for name in kernel.arg_names}
            source = ASTSource(fn=kernel, signature=signature, constexprs=fixed)
            assert "st.global" in compiled(source, target=GPUTarget("cuda", 90, 32)).asm["ptx"]


@pytest.mark.gpu
@pytest.mark.skipif(not torch.cuda.is_available(), reason="needs a CUDA device")
def test_a_device_sums_as_torch_does() -> None:
    triton_kernels = pytest.importorskip(
        "maskwright.integrations.torch_masks.triton_kernels", reason="Triton is not installed"
    )
    rng = np.random.default_rng(11)
    for dtype in DTYPES:
        logits = torch.randn(5, 128_256).to(dtype).cuda()
        words = torch.from_numpy(random_masks(rng, 5, 4008)).cuda()
        logs = triton_kernels.log_sums(logits, words)
        torch.testing.assert_close(logs, tensor_ops.log_sums(logits, words), rtol=1e-5, atol=1e-5)
        torch.testing.assert_close(
            triton_kernels.log_probabilities(logits, words, logs),
            tensor_ops.log_probabilities(logits, words, logs),
            rtol=1e-5,
            atol=1e-5,
        )


if __name__ == "__main__":
    main()
