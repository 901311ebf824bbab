"""Machine instructions of the guarded workloads, counted by callgrind: `count_instructions()`.

A child process under valgrind sets everything up without being watched, which makes it slow but bearable. Then it asks
valgrind to watch, runs a pass, and asks it to stop and to write down what it saw. A program asks valgrind by *client
requests*: an instruction sequence that does nothing on a processor (four rotations that cancel out and an exchange of a
register with itself) and that valgrind looks for, see its manual, section "The Client Request mechanism". Here it is
eight instructions of x86-64 in a page of their own, called by ctypes.

Kernels are compiled for a plain x86-64 (`NUMBA_CPU_NAME=generic`): valgrind does not know every instruction of new
processors, and counts that depended on the processor could not be compared. The child runs once without valgrind
first, which fills numba's cache. The garbage collector is off in between, as it runs when it likes.

Rejected: `callgrind_control`, whose own start and end are counted too; `--toggle-collect` of a function of libc that
calls back into Python, since callgrind loses track of the call inside compiled kernels.
"""

from __future__ import annotations

import ctypes
import gc
import mmap
import os
import platform
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path

from bench.guard import Counts, prepare
from bench.workloads.guarded import guarded_workloads
from maskwright.disk_cache import CACHE_DIR_VARIABLE

PASSES = ("first", "second")
MINUTES = 30

# Requests, from callgrind.h; the upper half says which tool is asked.
CALLGRIND = ord("C") << 24 | ord("T") << 16
DUMP, START, STOP = CALLGRIND, CALLGRIND + 4, CALLGRIND + 5

REQUEST_CODE = bytes.fromhex(
    "4889f8"  # mov rax, rdi     the address of the request and its arguments
    "31d2"  # xor edx, edx       the answer of a processor without valgrind
    "48c1c703 48c1c70d 48c1c73d 48c1c733"  # rol rdi by 3, 13, 61, 51: by 128 in all
    "4887db"  # xchg rbx, rbx
    "4889d0"  # mov rax, rdx
    "c3"  # ret
)


def count_instructions() -> Counts:
    """Instructions per pass of each workload. Raises FileNotFoundError where valgrind cannot be used."""
    valgrind = shutil.which("valgrind")
    if valgrind is None or platform.machine() != "x86_64":
        raise FileNotFoundError("instructions are counted by valgrind on x86-64, and it is not installed")
    environment = os.environ | {"NUMBA_CPU_NAME": "generic", "PYTHONHASHSEED": "0", CACHE_DIR_VARIABLE: ""}
    child = [sys.executable, "-W", "ignore", "-m", "bench.instructions"]
    subprocess.run(child, env=environment, check=True, timeout=60 * MINUTES)
    with tempfile.TemporaryDirectory() as folder:
        target = Path(folder) / "counts"
        command = [valgrind, "--tool=callgrind", "-q", "--instr-atstart=no", f"--callgrind-out-file={target}", *child]
        subprocess.run(command, env=environment, check=True, timeout=60 * MINUTES)
        passes = [f"{workload.name}, {name}" for workload in guarded_workloads() for name in PASSES]
        dumps = {name: target.with_name(f"counts.{number}") for number, name in enumerate(passes, start=1)}
        return {name: {"instructions": _total(dump)} for name, dump in dumps.items()}


def versions() -> str:
    """What instruction counts depend on, besides the code."""
    import numba
    import numpy as np

    told = {"Python": platform.python_version(), "numpy": np.__version__, "numba": numba.__version__}
    return ", ".join(f"{name} {version}" for name, version in told.items()) + f", {platform.machine()}"


def _total(dump: Path) -> int:
    for line in dump.read_text(encoding="utf-8").splitlines():
        if line.startswith("totals:"):
            return int(line.split()[1])
    raise ValueError(f"callgrind wrote no total to {dump.name}")


def _child() -> None:
    """Run every pass, once to load all kernels, and once watched."""
    ask = client_request()
    for workload in guarded_workloads():
        _, _, run = prepare(workload)
        run()
    gc.disable()
    for workload in guarded_workloads():
        _, _, run = prepare(workload)
        for _ in PASSES:
            ask(START)
            run()
            ask(STOP)
            ask(DUMP)


def client_request() -> Callable[[int], None]:
    """A function that makes a client request without arguments."""
    page = mmap.mmap(-1, mmap.PAGESIZE, prot=mmap.PROT_READ | mmap.PROT_WRITE | mmap.PROT_EXEC)
    page.write(REQUEST_CODE)
    entry = ctypes.c_char.from_buffer(page)
    kind = ctypes.CFUNCTYPE(ctypes.c_uint64, ctypes.c_void_p)

    def ask(request: int) -> None:
        arguments = (ctypes.c_uint64 * 6)(request)
        kind(ctypes.addressof(entry))(ctypes.addressof(arguments))

    return ask


if __name__ == "__main__":
    _child()
