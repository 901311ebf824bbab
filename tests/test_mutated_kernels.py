"""The judge of `make mutation`: that it is whole, and that a fault in a kernel is not hidden by machine code."""

from __future__ import annotations

import numba
import pytest

from scripts.mutation.judging import is_kernel_file
from scripts.mutation.kernels import replace


@numba.njit
def doubled(number: int) -> int:
    return number * 2


@numba.njit
def around(number: int) -> int:
    return doubled(number) + 1


@numba.njit
def further_around(number: int) -> int:
    return around(number) + 1


@pytest.mark.skipif(bool(numba.config.DISABLE_JIT), reason="numba is switched off: there is no machine code to replace")
def test_a_fault_in_a_kernel_reaches_those_that_call_it() -> None:
    assert further_around(10) == 22
    replace((__file__, doubled.py_func.__code__.co_firstlineno), (lambda number: number + 2).__code__)
    assert (doubled(10), around(10), further_around(10)) == (12, 13, 14)


def test_files_of_kernels_are_known_by_their_names() -> None:
    assert is_kernel_file("maskwright/matching/_masks.py")
    assert not is_kernel_file("maskwright/matching/matcher.py")
