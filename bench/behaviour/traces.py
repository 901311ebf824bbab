"""Scripts of traces as tokens, and a session that follows one while its masks are timed.

A script is a random legal trace: for each turn of the model the tokens of its text as the tokenizer has them, for each
turn of others a text. So tokens come as models write them, and cross delimiters where the tokenizer joins them. (Tokens
by chance would not do: in a vocabulary of 128,000 almost none ends a segment.)
Times are processor time, as the machine has other work; the clock itself takes some 0.5 µs of each.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

import numpy as np

from maskwright.grammar.behaviour.analysis.sampling import legal_traces
from maskwright.grammar.behaviour.policy import Policy
from maskwright.grammar.behaviour.specification.spec import Writer
from maskwright.matching.behaviour.events import Done, Handover
from maskwright.matching.behaviour.program import Program

Encode = Callable[[str], Sequence[int]]


@dataclass(frozen=True, slots=True)
class ModelTurn:
    """What the model writes between two turns of others."""

    tokens: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class OthersTurn:
    """A segment of somebody else."""

    segment: str
    text: str


Script = tuple[ModelTurn | OthersTurn, ...]


@dataclass(slots=True)
class Times:
    """Nanoseconds of each mask, accepted token and text of others. `n_refused`: scripts that left the masks."""

    mask: list[int] = field(default_factory=list)
    accept: list[int] = field(default_factory=list)
    observe: list[int] = field(default_factory=list)
    n_refused: int = 0

    @property
    def token(self) -> list[int]:
        """Of each token, its mask and its acceptance together."""
        return [mask + accept for mask, accept in zip(self.mask, self.accept, strict=True)]


def scripts(policy: Policy, encode: Encode, eos_token_id: int, n: int, seed: int = 0) -> list[Script]:
    """Random legal traces as scripts."""
    traces = legal_traces(policy, n, np.random.default_rng(seed))
    return [_script(policy, trace, encode, eos_token_id) for trace in traces]


def _script(policy: Policy, trace: Sequence[tuple[str, str]], encode: Encode, eos_token_id: int) -> Script:
    spec = policy.spec
    turns: list[ModelTurn | OthersTurn] = []
    stages = [""]
    is_open, previous = False, ""
    for name, body in trace:
        segment = spec.segment(name)
        is_ours = segment.writer is Writer.MODEL
        if is_ours or is_open:
            stages[-1] += segment.open
        if is_open and stages[-1].endswith(segment.open) and _is_looked_at(policy, previous):
            stages.append("")
        if not is_ours:
            if any(stages):
                turns.append(_turn(stages, encode))
            turns.append(OthersTurn(name, body))
            stages, is_open = [""], False
            continue
        stages[-1] += body + segment.close
        is_open, previous = not segment.close, name
        if segment.close and _is_looked_at(policy, name):
            stages.append("")
    turns.append(_turn(stages, encode, eos_token_id))
    return tuple(turns)


def _turn(stages: Sequence[str], encode: Encode, *last: int) -> ModelTurn:
    """No token goes from one stage to the next."""
    return ModelTurn((*(token for stage in stages for token in encode(stage)), *last))


def _is_looked_at(policy: Policy, segment: str) -> bool:
    """Does it depend on the text of such a segment what may follow? Then a stage ends with it."""
    return any(policy.is_about_values(letter) for letter in policy.bodies.letters_of(segment))


def follow(program: Program, script: Script, times: Times) -> None:
    """Play a script through a new session, and take its times down; where its masks refuse a token it stops there."""
    clock = time.thread_time_ns
    session = program.start()
    row = np.zeros(session.row_shape, np.int32)
    for turn in script:
        if isinstance(turn, OthersTurn):
            begin = clock()
            session.observe(turn.text, turn.segment)
            times.observe.append(clock() - begin)
            continue
        for token in turn.tokens:
            if session.event is not None:
                assert isinstance(session.event, Done | Handover)
                break
            begin = clock()
            session.fill_bitmask(row)
            filled = clock()
            if not row[token >> 5] >> (token & 31) & 1:
                times.n_refused += 1
                return
            accepting = clock()
            session.accept_token(token)
            accepted = clock()
            times.mask.append(filled - begin)
            times.accept.append(accepted - accepting)
