"""The one place where numba is switched on: `kernel` turns a function into a compiled one, `allocating_kernel` too.

Every kernel is a plain function over arrays and ints, so `NUMBA_DISABLE_JIT=1` runs the same code as Python.
Settings, with reasons: `cache=True` (a cold compile takes 0.3 s, a cached load 2 ms), `nogil=True` (threads of the
caller scale), no `parallel` (one threading layer dies after fork, the other when two threads launch).
`cache=True` raises at decoration where no cache folder is writable, so there the kernel is compiled without a cache.

Stale machine code. numba's cache looks at the file of the outermost kernel only, but the machine code holds all
kernels that it calls and the constants of other files. After an upgrade that changes just those, numba would go on
with the old code, silently. So the names of cache files are extended by a digest of all files of kernels (`_*.py`, by
convention the only ones that kernels call or take constants from, with `byte_automaton.py` and `lexed_language.py`);
those of the folders in `LEAVES` are left out for all kernels but their own, as no others call them.
In the name and not in the stamp inside, because two versions that share a cache folder would overwrite each other's
machine code.
"""

from __future__ import annotations

import contextlib
import functools
import hashlib
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TypeVar

import numba
from numba.core import event
from numba.core.caching import IndexDataCacheFile

LEAVES = ("sampling", "matching/behaviour", "matching/completion", "matching/infilling", "automata/infilling")
"""Folders whose kernels are called by no kernels of other folders."""

Function = TypeVar("Function", bound=Callable[..., object])


def kernel(function: Function) -> Function:
    """Compile `function` on first call: no GIL inside, machine code cached on disk where possible.

    It makes no arrays. numba counts references to every array that a function is given, by atomic operations at each
    call that is not inlined: 25 ns for an inner call with two arrays that does nothing else. Without arrays of its own
    a kernel needs no counts; the caller's arrays live longer than the call.
    """
    return _compiled(function, _nrt=False)


def allocating_kernel(function: Function) -> Function:
    """The same for a function that makes arrays."""
    return _compiled(function)


def _compiled(function: Function, **options: bool) -> Function:
    if numba.config.DISABLE_JIT:
        return function
    try:
        dispatcher = numba.njit(cache=True, nogil=True, **options)(function)
        # Private in numba, and checked: where it is not what we know, caching is left out rather than left unsafe.
        cache = dispatcher._cache
        cache._cache_file = IndexDataCacheFile(
            cache_path=cache._cache_path,
            filename_base=f"{cache._impl.filename_base}-{_digest_of_kernels(_leaf_of(function))}",
            source_stamp=cache._cache_file._source_stamp,
        )
    except (RuntimeError, AttributeError, TypeError):  # RuntimeError: "cannot cache function: no locator available"
        return numba.njit(nogil=True, **options)(function)  # type: ignore[no-any-return]
    return dispatcher  # type: ignore[no-any-return]


@contextlib.contextmanager
def heard_compiling(tell: Callable[[], object]) -> Iterator[None]:
    """Call `tell` whenever a kernel begins to be compiled in this process, and not only loaded from disk."""

    class Listener(event.Listener):  # type: ignore[misc,unused-ignore]
        def on_start(self, _: event.Event) -> None:
            tell()

        def on_end(self, _: event.Event) -> None:
            pass

    with event.install_listener("numba:compile", Listener()):
        yield


def is_ready(function: Callable[..., object]) -> bool:
    """Does a call of this kernel find machine code, here or on disk?  True as well where Python runs it."""
    if numba.config.DISABLE_JIT or getattr(function, "signatures", None):
        return True
    try:
        return bool(function._cache._cache_file._load_index())  # type: ignore[attr-defined]
    except AttributeError:  # it has no cache
        return False


def _leaf_of(function: Callable[..., object]) -> str | None:
    """The folder in LEAVES that a kernel belongs to, or None."""
    folder = function.__module__.removeprefix("maskwright.").replace(".", "/")
    return next((leaf for leaf in LEAVES if folder.startswith(f"{leaf}/")), None)


@functools.cache
def _digest_of_kernels(leaf: str | None) -> str:
    package = Path(__file__).parent
    digest = hashlib.blake2b(digest_size=8)
    constants = [package / "grammar" / name for name in ("byte_automaton.py", "lexed_language.py")]
    others = [package / other for other in LEAVES if other != leaf]
    for path in sorted([*package.rglob("_[!_]*.py"), *constants]):
        if not any(other in path.parents for other in others):
            digest.update(path.name.encode() + path.read_bytes())
    return digest.hexdigest()
