"""The protocol: one engine, one case.

    compile the schema
    for each instance:
        start a sequence
        for each token of the instance:
            fill the mask                        timed as `mask`
            stop if the bit of the token is 0: the instance is refused
            accept the token                     timed as `commit`
        fill the mask: the instance is accepted if the bit of EOS is 1

"Mask + commit" is the sum of both per token; the closing mask has no commit. The time to the first mask is compile,
start and the first fill. Verdicts alone (`judge_only`) need only `accept` and the closing mask.
The garbage collector stays on, as in a server. A reading of the wall clock costs about 50 ns, one of the processor time
about 300 ns, and is part of the figures.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from time import perf_counter_ns

import numpy as np
from numpy.typing import NDArray

from bench.engines.protocol import Engine, Session

Clock = Callable[[], int]
"""Nanoseconds since some moment: `time.perf_counter_ns`, or `time.process_time_ns` where other programs interfere."""


def _no_times() -> NDArray[np.int64]:
    return np.zeros(0, dtype=np.int64)


@dataclass(frozen=True, slots=True)
class Question:
    """A case as an engine sees it: the schema, and for each instance its tokens and the verdict it deserves."""

    name: str
    schema: str
    instances: tuple[tuple[tuple[int, ...], bool], ...]


@dataclass(frozen=True, slots=True)
class InstanceRecord:
    """What became of an instance. `mask_ns`, `commit_ns`: int64[n_masks], in token order; a refusal has no commit.

    `refused_at` is the position of the first refused token, the number of tokens if only EOS was refused, or None.
    `disagrees`: `accept` contradicted the mask. `failure`: the engine gave up, in its own words.
    """

    valid: bool
    refused_at: int | None
    mask_ns: NDArray[np.int64] = field(default_factory=_no_times)
    commit_ns: NDArray[np.int64] = field(default_factory=_no_times)
    disagrees: bool = False
    failure: str = ""

    @property
    def accepted(self) -> bool:
        """Whether the engine would have let a model write this instance and stop."""
        return self.refused_at is None


@dataclass(frozen=True, slots=True)
class CaseRecord:
    """What became of a case. `refusal` is "" if the schema compiled; `rss_bytes` is the process's memory afterwards.

    `peak_rss_bytes` is the most that it was meanwhile, 0 where the system does not tell. `preemptions` counts how often
    the machine took the core away meanwhile: many of them make the tails worthless. `grammar_bytes` are held by what
    was compiled, `shared_bytes` by what the engine shares between schemas, after the instances, as the engine says.
    """

    name: str
    refusal: str = ""
    compile_ns: int = 0
    first_mask_ns: int = 0
    instances: tuple[InstanceRecord, ...] = ()
    rss_bytes: int = 0
    preemptions: int = 0
    peak_rss_bytes: int = 0
    grammar_bytes: int = 0
    shared_bytes: int = 0


def measure_case(engine: Engine, question: Question, eos_token_id: int, clock: Clock = perf_counter_ns) -> CaseRecord:
    """Run the whole protocol."""
    begin = clock()
    try:
        compiled = engine.compile(question.schema)
    except Exception as error:  # noqa: BLE001 - engines raise what they like, and every kind is a refusal
        return CaseRecord(question.name, refusal=describe(error), compile_ns=clock() - begin)
    compile_ns = clock() - begin
    first_mask_ns = 0
    instances = []
    for tokens, valid in question.instances:
        begin = clock()
        session = engine.start(compiled)
        start_ns = clock() - begin
        instance = _measure_instance(engine, session, tokens, valid, eos_token_id, clock)
        if not instances and instance.mask_ns.size:
            first_mask_ns = compile_ns + start_ns + int(instance.mask_ns[0])
        instances.append(instance)
    grammar_bytes, shared_bytes = engine.sizes(compiled)
    return CaseRecord(
        question.name,
        compile_ns=compile_ns,
        first_mask_ns=first_mask_ns,
        instances=tuple(instances),
        grammar_bytes=grammar_bytes,
        shared_bytes=shared_bytes,
    )


def judge_case(engine: Engine, question: Question, eos_token_id: int, clock: Clock = perf_counter_ns) -> CaseRecord:
    """Find the verdicts without filling a mask for every token."""
    begin = clock()
    try:
        compiled = engine.compile(question.schema)
    except Exception as error:  # noqa: BLE001 - as above
        return CaseRecord(question.name, refusal=describe(error), compile_ns=clock() - begin)
    compile_ns = clock() - begin
    instances = tuple(
        _judge_instance(engine, engine.start(compiled), tokens, valid, eos_token_id)
        for tokens, valid in question.instances
    )
    return CaseRecord(question.name, "", compile_ns, 0, instances)


def describe(error: BaseException) -> str:
    """`ValueError: its text`; the type alone where there is no text."""
    text = str(error).strip()
    return f"{type(error).__name__}: {text}" if text else type(error).__name__


def _measure_instance(
    engine: Engine, session: Session, tokens: tuple[int, ...], valid: bool, eos_token_id: int, clock: Clock
) -> InstanceRecord:
    row = engine.row
    fill, accept = session.fill, session.accept
    mask_ns = np.zeros(len(tokens) + 1, dtype=np.int64)
    commit_ns = np.zeros(len(tokens) + 1, dtype=np.int64)
    n_masks = 0
    refused_at: int | None = None
    disagrees = False
    failure = ""
    try:
        for position, token in enumerate(tokens):
            begin = clock()
            fill()
            mask_ns[position] = clock() - begin
            n_masks += 1
            if not is_set(row, token):
                refused_at = position
                break
            begin = clock()
            accepted = accept(token)
            commit_ns[position] = clock() - begin
            if not accepted:
                refused_at = position
                disagrees = True
                break
        else:
            begin = clock()
            fill()
            mask_ns[n_masks] = clock() - begin
            n_masks += 1
            if not is_set(row, eos_token_id):
                refused_at = len(tokens)
        failure = session.failure()
        disagrees = disagrees and not failure  # an engine that gave up between mask and commit said so
    except Exception as error:  # noqa: BLE001 - as above; the figures so far still count
        failure = describe(error)
        refused_at = n_masks
    return InstanceRecord(valid, refused_at, mask_ns[:n_masks], commit_ns[:n_masks], disagrees, failure)


def _judge_instance(
    engine: Engine, session: Session, tokens: tuple[int, ...], valid: bool, eos_token_id: int
) -> InstanceRecord:
    refused_at: int | None = None
    try:
        for position, token in enumerate(tokens):
            if not session.accept(token):
                refused_at = position
                break
        else:
            session.fill()
            if not is_set(engine.row, eos_token_id):
                refused_at = len(tokens)
        # A refused token puts some engines into an error state of their own; only an error before it is a failure.
        failure = session.failure() if refused_at is None else ""
    except Exception as error:  # noqa: BLE001 - as above
        return InstanceRecord(valid, 0, failure=describe(error))
    return InstanceRecord(valid, refused_at, failure=failure)


def is_set(row: NDArray[np.int32], token: int) -> bool:
    """Bit `token % 32` of word `token // 32`."""
    return bool(int(row[token >> 5]) >> (token & 31) & 1)
