"""The one place where numba is switched on: `kernel` turns a function into a compiled one.

Every kernel is a plain function over arrays and ints, so `NUMBA_DISABLE_JIT=1` runs the same code as Python.
Settings, with reasons: `cache=True` (a cold compile takes 0.3 s, a cached load 2 ms), `nogil=True` (threads of the
caller scale), no `parallel` (one threading layer dies after fork, the other when two threads launch).
`cache=True` raises at decoration where no cache folder is writable, so there the kernel is compiled without a cache.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeVar

import numba

Function = TypeVar("Function", bound=Callable[..., object])


def kernel(function: Function) -> Function:
    """Compile `function` on first call: no GIL inside, machine code cached on disk where possible."""
    try:
        return numba.njit(cache=True, nogil=True)(function)  # type: ignore[no-any-return]
    except RuntimeError:  # numba: "cannot cache function: no locator available"
        return numba.njit(nogil=True)(function)  # type: ignore[no-any-return]


def inline_kernel(function: Function) -> Function:
    """Compile a small `function` that is called from kernels only; it is expanded into its callers by LLVM."""
    return kernel(function)
