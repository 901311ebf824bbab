"""The protocol for batches: sequences in step, each of which reads valid texts of its own grammar.

    compile the grammars                              timed together
    start the sequences, fill all masks               timed: the first step
    until every sequence has read its texts once:
        read a token for each, fill all masks         timed: the first pass, in which grammars learn
    move the sequences to different places in their texts, and for a number of steps:
        read a token for each, fill all masks         timed: the steady state

Between steps, and not timed: every mask must have the bit of the token that comes next, and a sequence at the end of a
text begins its next one, whose first token it reads in the next step. So every step has as many tokens and masks as
there are sequences. Times are of the whole batch. Both clocks are read: wall time is what a server waits for, the
processor time of all threads is what it costs.

All of it runs in a child process per engine, so that no engine's threads or memory are in another's way. No process is
pinned to a core, as threads need theirs.
"""

from __future__ import annotations

import gc
import os
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from bench.engines.batches import Batch, BatchEngine, create
from bench.measure import Question, describe, measure_case
from bench.tokenizer import load_tokenizer
from bench.worker import WARM_UP_SCHEMA, WARM_UP_TEXT, redirect_output

Texts = tuple[tuple[int, ...], ...]


@dataclass(frozen=True, slots=True)
class Workload:
    """Sequence i follows `schemas[schema_of[i]]` and reads the texts (token ids) of that schema, in turns."""

    name: str
    schemas: tuple[str, ...]
    texts: tuple[Texts, ...]
    schema_of: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class BatchRecord:
    """Times of one engine, one workload. `*_ns`: int64[n_steps], wall time; `steady_cpu_ns` of all threads."""

    compile_ns: int
    first_pass_ns: NDArray[np.int64]
    steady_ns: NDArray[np.int64]
    steady_cpu_ns: NDArray[np.int64]


class Positions:
    """Where the sequences of a workload are in their texts."""

    def __init__(self, workload: Workload) -> None:
        self.texts = [workload.texts[schema] for schema in workload.schema_of]
        # Neighbours with the same grammar begin with different texts.
        self.text = [index % len(texts) for index, texts in enumerate(self.texts)]
        self.read = [0] * len(self.texts)

    def next_tokens(self) -> list[int]:
        """The token that each sequence reads next."""
        turns = zip(self.texts, self.text, self.read, strict=True)
        return [texts[text][read] for texts, text, read in turns]

    def advance(self) -> list[int]:
        """Every sequence has read a token; those that have ended are moved to the start of their next text."""
        ended = []
        for index, texts in enumerate(self.texts):
            self.read[index] += 1
            if self.read[index] == len(texts[self.text[index]]):
                self.text[index] = (self.text[index] + 1) % len(texts)
                self.read[index] = 0
                ended.append(index)
        return ended

    def scatter(self) -> None:
        """Move each sequence to another place in its text, the same ones every time."""
        rng = np.random.default_rng(0)
        for index, texts in enumerate(self.texts):
            self.read[index] = int(rng.integers(len(texts[self.text[index]])))

    def text_before(self, index: int) -> tuple[int, ...]:
        """What a sequence has read of its text."""
        return self.texts[index][self.text[index]][: self.read[index]]


def measure_batch(engine: BatchEngine, workload: Workload, n_threads: int, n_steps: int) -> BatchRecord:
    """Run the whole protocol; raises ValueError where a mask lacks a token that it should have."""
    begin = time.perf_counter_ns()
    grammars = [engine.compile(schema) for schema in workload.schemas]
    compile_ns = time.perf_counter_ns() - begin
    batch = engine.batch([grammars[schema] for schema in workload.schema_of], n_threads)
    positions = Positions(workload)
    begin = time.perf_counter_ns()
    batch.fill()
    first_ns = time.perf_counter_ns() - begin
    n_first = max(sum(map(len, texts)) for texts in workload.texts)
    first_pass, _ = _run(batch, positions, n_first)
    positions.scatter()
    for index in range(len(workload.schema_of)):
        batch.restart(index, positions.text_before(index))
    steady, steady_cpu = _run(batch, positions, n_steps)
    return BatchRecord(compile_ns, np.concatenate([[first_ns], first_pass]), steady, steady_cpu)


def _run(batch: Batch, positions: Positions, n_steps: int) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Wall and processor time of each step."""
    wall = np.zeros(n_steps, dtype=np.int64)
    cpu = np.zeros(n_steps, dtype=np.int64)
    everyone = np.arange(len(batch.mask))
    for index in range(n_steps):
        tokens = positions.next_tokens()
        cpu_begin = time.process_time_ns()
        begin = time.perf_counter_ns()
        batch.step(tokens)
        wall[index] = time.perf_counter_ns() - begin
        cpu[index] = time.process_time_ns() - cpu_begin
        ended = positions.advance()
        for sequence in ended:
            batch.restart(sequence, ())
        following = np.array(positions.next_tokens())
        allowed = batch.mask[everyone, following >> 5] >> (following & 31) & 1
        allowed[ended] = 1  # their row is still that of the text before
        if not allowed.all():
            raise ValueError(f"the mask of sequence {int(allowed.argmin())} lacks its next token")
    return wall, cpu


# What runs in the child process: one engine, kept between calls.

_engine: BatchEngine


def set_up(name: str, tokenizer_folder: Path, log: Path) -> str:
    """Make the engine of this process and run a small schema; its version. Raises ImportError where there is none."""
    global _engine  # noqa: PLW0603 - the process is there for this engine
    redirect_output(log)
    os.environ["TOKENIZERS_PARALLELISM"] = "false"
    tokenizer = load_tokenizer(tokenizer_folder)
    _engine = create(name, tokenizer)
    tokens = tuple(tokenizer.encode(WARM_UP_TEXT))
    measure_batch(_engine, Workload("warm-up", (WARM_UP_SCHEMA,), ((tokens,),), (0, 0)), 2, 2)
    return _engine.version


def qualify(questions: Sequence[Question], seconds: float, eos_token_id: int) -> list[bool]:
    """Whether the engine compiles each schema and accepts its texts; only as many as it does in that time."""
    begin = time.perf_counter()
    verdicts: list[bool] = []
    for question in questions:
        if time.perf_counter() - begin > seconds:
            break
        record = measure_case(_engine, question, eos_token_id)  # type: ignore[arg-type]
        verdicts.append(not record.refusal and all(one.accepted and not one.failure for one in record.instances))
    return verdicts


def measure(workload: Workload, n_threads: int, n_steps: int) -> BatchRecord | str:
    """The record, or why there is none."""
    gc.collect()
    try:
        return measure_batch(_engine, workload, n_threads, n_steps)
    except Exception as error:  # noqa: BLE001 - engines raise what they like; it is printed in the table
        return describe(error)
