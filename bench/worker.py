"""A child process per engine: pinned to one core, limited in time and memory per case, replaced when it dies.

Engines written in C++ or Rust may crash, allocate without end or compute for hours on some schemas; in a process of
their own that costs one case. Parent and child exchange one question and one record at a time over a pipe. The parent
sleeps meanwhile, so it does not compete for the core.

Before the first question a child compiles and runs one small schema with the usual keywords, so that just-in-time
compilation and lazy imports are counted as set-up and not as somebody's first case.
"""

from __future__ import annotations

import contextlib
import gc
import importlib
import multiprocessing
import os
import resource
import sys
import time
from dataclasses import dataclass, replace
from multiprocessing.connection import Connection
from multiprocessing.context import SpawnProcess
from pathlib import Path

from bench.measure import CaseRecord, Question, describe, judge_case, measure_case
from bench.tokenizer import load_tokenizer

# Loading a tokenizer, building an engine's tables and compiling kernels for the first time, on a slow machine.
SET_UP_SECONDS = 600
WARM_UP_SCHEMA = """{
  "type": "object",
  "properties": {
    "a": {"type": "string"},
    "b": {"type": "string", "maxLength": 20},
    "c": {"type": "string", "pattern": "^[a-z]+$"},
    "d": {"type": "integer", "minimum": -20, "maximum": 300},
    "e": {"type": "array", "items": {"enum": ["x", "yz"]}}
  },
  "required": ["a", "b", "c", "d", "e"],
  "additionalProperties": false
}"""
WARM_UP_TEXT = '{"a": "some text", "b": "more", "c": "word", "d": -12, "e": ["x", "yz"]}'


@dataclass(frozen=True, slots=True)
class WorkerOptions:
    """What a child needs to know.

    `engine_module` has `create`, see `engines.protocol`. `core` None means not pinned. `log` receives what the engine
    prints.
    """

    engine_module: str
    tokenizer_folder: Path
    core: int | None
    memory_bytes: int
    seconds_per_case: float
    verdicts_only: bool
    cpu_time: bool
    log: Path


@dataclass(frozen=True, slots=True)
class SetUp:
    """What a child reports when it is ready; `problem` is "" if it is."""

    problem: str
    version: str = ""
    settings: str = ""
    seconds: float = 0.0
    rss_bytes: int = 0


class EngineWorker:
    """The parent's end. `ask` always returns a record; `set_up.problem` says whether asking makes sense at all."""

    def __init__(self, options: WorkerOptions) -> None:
        self.options = options
        self.n_restarts = -1
        self.process: SpawnProcess
        self.connection: Connection
        self.set_up = self._start()

    def ask(self, question: Question) -> CaseRecord:
        """Have the child run a case; a child that crashes or takes too long is replaced."""
        if self.set_up.problem:
            return CaseRecord(question.name, refusal=f"set-up failed: {self.set_up.problem}")
        try:
            self.connection.send(question)
            if self.connection.poll(self.options.seconds_per_case):
                record = self.connection.recv()
                assert isinstance(record, CaseRecord)
                return record
            reason = f"time-out: more than {self.options.seconds_per_case:g} s for one case"
        except (EOFError, OSError):
            self.process.join(5)
            reason = f"crash: the process ended with exit code {self.process.exitcode}"
        self.close()
        self.set_up = self._start()
        return CaseRecord(question.name, refusal=reason)

    def close(self) -> None:
        """End the child."""
        self.connection.close()
        self.process.kill()
        self.process.join()

    def _start(self) -> SetUp:
        self.n_restarts += 1
        context = multiprocessing.get_context("spawn")  # a forked child would inherit the parent's threads and memory
        self.connection, theirs = context.Pipe()
        self.process = context.Process(target=_serve, args=(theirs, self.options), daemon=True)
        self.process.start()
        theirs.close()
        try:
            if self.connection.poll(SET_UP_SECONDS):
                set_up = self.connection.recv()
                assert isinstance(set_up, SetUp)
                return set_up
            return SetUp(f"not ready after {SET_UP_SECONDS} s")
        except (EOFError, OSError):
            self.process.join(5)
            return SetUp(f"the process ended with exit code {self.process.exitcode}; see {self.options.log}")


def _serve(connection: Connection, options: WorkerOptions) -> None:
    """The child's main function."""
    redirect_output(options.log)
    if options.core is not None:
        os.sched_setaffinity(0, {options.core})
    for name in ("OMP_NUM_THREADS", "RAYON_NUM_THREADS", "TOKENIZERS_PARALLELISM"):
        os.environ[name] = "false" if name.startswith("TOKENIZERS") else "1"
    begin = time.perf_counter()
    try:
        module = importlib.import_module(options.engine_module)
        tokenizer = load_tokenizer(options.tokenizer_folder)
        engine = module.create(tokenizer)
        warm_up = Question("warm-up", WARM_UP_SCHEMA, ((tuple(tokenizer.encode(WARM_UP_TEXT)), True),))
        record = measure_case(engine, warm_up, tokenizer.eos_token_id)
    except ImportError as error:
        connection.send(SetUp(f"not installed ({error})"))
        return
    except Exception as error:  # noqa: BLE001 - whatever it is, it goes to the parent, who prints it
        connection.send(SetUp(describe(error)))
        return
    if record.refusal:
        connection.send(SetUp(f"the warm-up schema was refused: {record.refusal}"))
        return
    gc.collect()
    # The limit counts from here, because set-up sizes differ.
    resident = rss_bytes()
    resource.setrlimit(resource.RLIMIT_DATA, (_data_bytes() + options.memory_bytes, resource.RLIM_INFINITY))
    seconds = time.perf_counter() - begin
    connection.send(SetUp("", engine.version, engine.settings, seconds, resident))
    clock = time.process_time_ns if options.cpu_time else time.perf_counter_ns
    run = judge_case if options.verdicts_only else measure_case
    with contextlib.suppress(EOFError, KeyboardInterrupt):  # the parent has closed its end
        while True:
            question = connection.recv()
            before = _preemptions()
            _forget_peak()
            record = run(engine, question, tokenizer.eos_token_id, clock)
            preemptions, peak = _preemptions() - before, _status_kib("VmHWM") * 1024
            connection.send(replace(record, rss_bytes=rss_bytes(), preemptions=preemptions, peak_rss_bytes=peak))


def _preemptions() -> int:
    return resource.getrusage(resource.RUSAGE_SELF).ru_nivcsw


def rss_bytes() -> int:
    """The resident memory of this process."""
    return _status_kib("VmRSS") * 1024


def _data_bytes() -> int:
    return _status_kib("VmData") * 1024


def _forget_peak() -> None:
    """Have the system measure the peak of resident memory anew; where it cannot, earlier cases count too."""
    with contextlib.suppress(OSError):
        Path("/proc/self/clear_refs").write_text("5", encoding="ascii")


def _status_kib(key: str) -> int:
    for line in Path("/proc/self/status").read_text(encoding="ascii", errors="replace").splitlines():
        if line.startswith(key + ":"):
            return int(line.split()[1])
    return 0


def redirect_output(log: Path) -> None:
    """Engines print from native code; it must not tear the progress bar."""
    descriptor = os.open(log, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o644)
    os.dup2(descriptor, 1)
    os.dup2(descriptor, 2)
    os.close(descriptor)
    sys.stdout.flush()
