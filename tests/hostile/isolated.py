"""Hostile cases tried one by one, each in a process of its own, with its time and memory.

    python -m tests.hostile.isolated [--tokenizer FOLDER] [FILE ...]

prints a line of JSON for each case: what came of it, processor seconds, and by how many megabytes it made the process
grow at its highest. One process loads everything and makes the tables of the vocabulary; each case is tried in a fork
of it, which begins with all of that and may do what it likes: hang (it is ended after HANG_SECONDS), crash, or eat the
memory (it may reserve ADDRESSES more, no more). Nothing is kept on disk between cases, so each pays for all it makes.
"""

from __future__ import annotations

import argparse
import contextlib
import gc
import json
import math
import os
import resource
import signal
import sys
import time
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Final

import maskwright as mw
from maskwright.disk_cache import CACHE_DIR_VARIABLE
from tests.hostile.attempts import attempt, small_vocabulary
from tests.hostile.records import FOLDER, NO_ERROR, HostileCase, hostile_cases

HANG_SECONDS: Final = 60
ADDRESSES: Final = 4 << 30
"""Beyond what the process has reserved when a case begins; an arena reserves addresses that it never touches."""
SHOWN: Final = 100_000


@dataclass(frozen=True, slots=True)
class Outcome:
    """What came of a case. `error` is the name of a class, NO_ERROR, or "crash" or "hang"; `is_ours` says whether that
    class is one of the package. `megabytes` is NaN where the system does not tell."""

    name: str
    error: str
    is_ours: bool
    message: str
    seconds: float
    megabytes: float


def outcomes(cases: Sequence[HostileCase], compiler: mw.Compiler) -> Iterator[Outcome]:
    """Try all cases, in order; forks, so no thread may run."""
    os.environ[CACHE_DIR_VARIABLE] = ""
    gc.collect()
    gc.freeze()
    for case in cases:
        reading, writing = os.pipe()
        child = os.fork()
        if child == 0:
            os.close(reading)
            _try_and_tell(case, compiler, writing)
        os.close(writing)
        with os.fdopen(reading, "rb") as told:
            content = told.read()
        _, status = os.waitpid(child, 0)
        yield Outcome(**json.loads(content)) if content else _without_words(case, status)


def _without_words(case: HostileCase, status: int) -> Outcome:
    """The outcome of a case whose process ended before it could say anything."""
    number = os.WTERMSIG(status) if os.WIFSIGNALED(status) else 0
    error = "hang" if number == signal.SIGALRM else "crash"
    return Outcome(case.name, error, False, f"ended by signal {number}", float("nan"), float("nan"))


def _try_and_tell(case: HostileCase, compiler: mw.Compiler, writing: int) -> None:
    """Try a case in this process, which is ended by that."""
    signal.alarm(HANG_SECONDS)
    _bound_addresses()
    before, begin = _reset_peak(), time.process_time()
    error: BaseException | None = None
    try:
        attempt(case, compiler)
    except BaseException as caught:  # noqa: BLE001  whatever it is, it is told
        error = caught
    seconds, peak = time.process_time() - begin, _status("VmHWM")
    message = "" if error is None else str(error)
    outcome = Outcome(
        case.name,
        NO_ERROR if error is None else type(error).__name__,
        isinstance(error, mw.MaskwrightError),
        message[:SHOWN],
        seconds,
        (peak - before) / 2**20,
    )
    with os.fdopen(writing, "wb") as told:
        told.write(json.dumps(asdict(outcome)).encode())
    os._exit(0)


def _bound_addresses() -> None:
    reserved = _status("VmSize")
    if not math.isnan(reserved):
        with contextlib.suppress(ValueError, OSError):
            resource.setrlimit(resource.RLIMIT_AS, (int(reserved) + ADDRESSES, resource.RLIM_INFINITY))


def _reset_peak() -> float:
    """Let the highest memory of this process be what it has now, in bytes."""
    with contextlib.suppress(OSError):
        Path("/proc/self/clear_refs").write_text("5")
    return _status("VmRSS")


def _status(name: str) -> float:
    """A figure of `/proc/self/status` in bytes; NaN on systems without."""
    with contextlib.suppress(OSError):
        for line in Path("/proc/self/status").read_text(encoding="utf-8").splitlines():
            if line.startswith(f"{name}:"):
                return 1024.0 * int(line.split()[1])
    return float("nan")


def ready_compiler(folder: Path | None) -> mw.Compiler:
    """A compiler for which everything is loaded; for the tokenizer of a folder, or the small vocabulary."""
    if folder is None:
        vocabulary = small_vocabulary()
    else:
        import tokenizers

        loaded = tokenizers.Tokenizer.from_file(str(folder / "tokenizer.json"))
        vocabulary = mw.Vocabulary.from_huggingface(loaded, eos_token_ids=[loaded.get_vocab_size() - 1])
    compiler = mw.Compiler(vocabulary)
    compiler.warm_up()
    return compiler


def main() -> None:
    """Try the cases of some files, or all."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--tokenizer", type=Path, help="a folder with tokenizer.json (default: a small vocabulary)")
    parser.add_argument("--cases", type=Path, default=FOLDER, help="the folder of the cases")
    parser.add_argument("names", nargs="*", help="only these cases")
    asked = parser.parse_args()
    cases = [case for case in hostile_cases(asked.cases) if not asked.names or case.name in asked.names]
    for outcome in outcomes(cases, ready_compiler(asked.tokenizer)):
        sys.stdout.write(json.dumps(asdict(outcome)) + "\n")
        sys.stdout.flush()


if __name__ == "__main__":
    main()
