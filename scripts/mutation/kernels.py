"""A fault in a compiled kernel: it and all kernels that call it, however far off, are compiled anew when next called.

numba puts the machine code of what a kernel calls into its own, so callers that were compiled, or lie on disk, do not
know of the fault. Their machine code is forgotten here, and no cache is asked or written for them any more in this
process, which is a fork that ends with the mutant.
"""

from __future__ import annotations

import gc
from collections.abc import Iterable
from types import CodeType

from numba.core.caching import NullCache
from numba.core.dispatcher import Dispatcher


def replace(place: tuple[str, int], code: CodeType) -> None:
    """Give the kernel at (full path, first line) other code."""
    kernels = [one for one in gc.get_objects() if isinstance(one, Dispatcher)]
    changed = [one for one in kernels if _place_of(one) == place]
    for kernel in changed:
        kernel.py_func.__code__ = code
    for kernel in _with_callers(changed, kernels):
        kernel._make_finalizer()()
        kernel._reset_overloads()
        kernel._cache = NullCache()


def _place_of(kernel: Dispatcher) -> tuple[str, int]:
    code = kernel.py_func.__code__
    return code.co_filename, code.co_firstlineno


def _with_callers(kernels: Iterable[Dispatcher], among: Iterable[Dispatcher]) -> list[Dispatcher]:
    """These kernels, those that call them, and so on."""
    callers: dict[int, list[Dispatcher]] = {}
    for one in among:
        for name in one.py_func.__code__.co_names:
            called = one.py_func.__globals__.get(name)
            if isinstance(called, Dispatcher):
                callers.setdefault(id(called), []).append(one)
    found = {id(one): one for one in kernels}
    todo = list(found.values())
    for one in todo:  # grows while it is read
        for caller in callers.get(id(one), ()):
            if id(caller) not in found:
                found[id(caller)] = caller
                todo.append(caller)
    return todo
