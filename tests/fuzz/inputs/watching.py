"""A worker watched: ended and begun again where it hangs, eats memory or crashes, and that is noted as a failure.

Time is processor time, so that a busy machine makes nothing slow. An input hangs when its process has used
HANG_SECONDS since it began; its stack is then written to `stacks.txt`.
"""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from tests.fuzz.inputs.record import Record
from tests.fuzz.inputs.target import Failure
from tests.fuzz.inputs.trial import keep_failure

POLL_SECONDS: Final = 0.5
HANG_SECONDS: Final = 8.0
START_SECONDS: Final = 240.0
"""For loading and compiling machine code, before the first input."""
MAX_RESIDENT: Final = 2 << 30
RENEW_RESIDENT: Final = 1 << 30
"""More than this between inputs is no failure of one of them: the worker is begun anew."""


@dataclass(frozen=True, slots=True)
class Counts:
    """Inputs of a run."""

    begun: int
    read: int
    refused: int
    failed: int
    seconds: float
    restarts: int


def run_target(name: str, engine: str, folder: Path, count: int, seed: int, max_seconds: float) -> Counts:
    """Try `count` inputs, however many workers that takes, or as many as there is time for."""
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / "record"
    path.unlink(missing_ok=True)
    record = Record.at(path)
    begin, restarts = time.monotonic(), -1
    while record.look() < count and time.monotonic() - begin < max_seconds:
        restarts += 1
        before = record.begun
        end = begin + max_seconds
        _run_worker(name, engine, folder, count - record.begun, seed + 1_000_003 * restarts, record, end)
        if record.look() == before:
            break
    seconds = time.monotonic() - begin
    return Counts(record.begun, record.read, record.refused, record.failed, seconds, max(restarts, 0))


def _run_worker(name: str, engine: str, folder: Path, count: int, seed: int, record: Record, end: float) -> None:
    arguments = [name, engine, str(folder), "--seed", str(seed), "--count", str(count)]
    with (folder / "output.txt").open("ab") as output:
        worker = subprocess.Popen(
            [sys.executable, "-m", "tests.fuzz.inputs.worker", *arguments], stdout=output, stderr=output
        )
        try:
            failure = _watched(worker, record, end)
        finally:
            worker.kill()
            worker.wait()
    if failure is not None:
        record.look()
        record.failed += 1
        record.end()
        keep_failure(folder, name, record.content, failure)


def _watched(worker: subprocess.Popen[bytes], record: Record, end: float) -> Failure | None:
    """Wait for the end of a worker, or bring it about; what its last input is to blame for."""
    first = record.look()
    last, used_before = first, 0.0
    begin = time.monotonic()
    while worker.poll() is None:
        time.sleep(POLL_SECONDS)
        begun, used, resident = record.look(), _seconds_used(worker.pid), _resident_bytes(worker.pid)
        if begun != last:
            last, used_before = begun, used
        if begun == first:
            if time.monotonic() - begin > START_SECONDS:
                worker.kill()
            continue
        is_stuck = used - used_before > HANG_SECONDS
        if is_stuck or resident > MAX_RESIDENT:
            worker.send_signal(signal.SIGUSR1)  # it writes where it is
            time.sleep(POLL_SECONDS)
            kind = "hang" if is_stuck else "memory"
            return Failure(kind, "?", f"{used - used_before:.1f} s, {resident / 2**20:.0f} MB")
        if time.monotonic() > end or resident > RENEW_RESIDENT:
            return None
    is_in_progress = record.look() > record.read + record.refused + record.failed
    if worker.returncode and is_in_progress and record.begun > first:
        return Failure("crash", "?", f"the process ended with {worker.returncode}")
    return None


def _seconds_used(pid: int) -> float:
    try:
        fields = Path(f"/proc/{pid}/stat").read_text("ascii").rsplit(")", 1)[1].split()
    except OSError:
        return 0.0
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def _resident_bytes(pid: int) -> int:
    try:
        return int(Path(f"/proc/{pid}/statm").read_text("ascii").split()[1]) * os.sysconf("SC_PAGE_SIZE")
    except (OSError, IndexError):
        return 0
