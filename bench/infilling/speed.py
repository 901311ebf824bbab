"""Masks of a canvas that is all open: the first time, the next time, and after each choice.

cold      grammar compiled anew, canvas made, all its masks found; kernels and the vocabulary's trie are there
full      a new canvas of the same grammar and all its masks: what it costs to begin once the grammar is known
update    a random token of a random open slot's mask is committed, and all masks are asked for again

Choices are drawn uniformly from the mask, so the end of the text is fixed early in most runs, and slots behind it are
then forced. How often the exact sets had to be made anew is counted from outside (`exact_sets_counted`).
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from unittest import mock

import numpy as np

import maskwright as mw
from bench.infilling.limited import Outcome, Tell, within
from bench.infilling.material import Words, compiled, tokens_in
from bench.infilling.timing import Spread, Taken, spread_of, timed
from maskwright.matching.compiled_grammar import CompiledGrammar
from maskwright.matching.infilling.canvas import Canvas
from maskwright.matching.infilling.chain import Between
from maskwright.matching.infilling.slots import MASK

FIRST = 10
"""Of the commits of a run, so many are told of apart: most slots are open, so most of the canvas changes."""


@dataclass(frozen=True, slots=True)
class Plan:
    """What to measure of one grammar: lengths of canvases, the length for updates, how often everything."""

    lengths: tuple[int, ...] = (64, 128, 256, 512)
    main_length: int = 256
    repetitions: int = 5
    runs: int = 5
    commits: int = 40
    seed: int = 1


@dataclass(frozen=True, slots=True)
class Updates:
    """Choices one by one. share_exact: of updates that had to make exact sets anew."""

    all: Spread
    first: Spread
    share_exact: float


@dataclass(frozen=True, slots=True)
class SpeedFigures:
    """One vocabulary and grammar. full_ms: by length; nodes and megabytes are of the sets of stacks."""

    vocabulary: str
    vocabulary_size: int
    grammar: str
    length: int
    compile: Taken | None = None
    cold: Taken | None = None
    nodes_per_slot: float = 0.0
    cold_mb: float = 0.0
    full: dict[int, Spread] = field(default_factory=dict)
    updates: Updates | None = None
    end_mb: float = 0.0
    problem: str = ""


def measure(words: Words, grammar: str, plan: Plan, limit_s: float) -> SpeedFigures:
    """The figures of one grammar, in a process of its own; what was not done within the limit is missing."""
    nothing = SpeedFigures(words.name, words.vocabulary.size, grammar, plan.main_length)

    def work(tell: Tell[SpeedFigures]) -> None:
        for found in _measured(words, nothing, plan):
            tell(found)

    outcome: Outcome[SpeedFigures] = within(limit_s, work)
    return replace(outcome.told[-1] if outcome.told else nothing, problem=outcome.problem)


def _measured(words: Words, found: SpeedFigures, plan: Plan) -> Iterator[SpeedFigures]:
    """The figures as they come to be known."""
    compiler = mw.Compiler(words.vocabulary)
    grammar, compiling = timed(lambda: compiled(compiler, found.grammar))
    found = replace(found, compile=compiling)
    yield found
    canvas, cold = timed(lambda: _masked(grammar, plan.main_length, words))
    stacks = canvas.stacks
    both = Taken(compiling.wall_ms + cold.wall_ms, compiling.cpu_ms + cold.cpu_ms)
    found = replace(found, cold=both, nodes_per_slot=stacks.n_nodes / plan.main_length, cold_mb=stacks.size_bytes / 1e6)
    yield found
    for length in sorted(plan.lengths, key=lambda one: (one != plan.main_length, one)):
        _masked(grammar, length, words)
        calls = [timed(lambda length=length: _masked(grammar, length, words))[1] for _ in range(plan.repetitions)]  # type: ignore[misc]
        found = replace(found, full={**found.full, length: spread_of(calls)})
        yield found
    yield replace(found, updates=_updates(grammar, words, plan), end_mb=stacks.size_bytes / 1e6)


def _masked(grammar: CompiledGrammar, length: int, words: Words) -> Canvas:
    canvas = grammar.canvas([MASK] * length, words.eos_ids, ignore_repetitions=True)
    canvas.allow()
    return canvas


def _updates(grammar: CompiledGrammar, words: Words, plan: Plan) -> Updates:
    rng = np.random.default_rng(plan.seed)
    calls: list[Taken] = []
    first: list[Taken] = []
    n_exact = 0
    for _ in range(plan.runs):
        canvas = _masked(grammar, plan.main_length, words)
        for number in range(min(plan.commits, plan.main_length)):
            slot = int(rng.choice(np.flatnonzero(canvas.is_open)))
            token = int(rng.choice(tokens_in(canvas.allow()[slot])))
            with exact_sets_counted() as counted:
                accepted, taken = timed(lambda: _commit_and_look(canvas, {slot: token}))  # noqa: B023  (called at once)
            assert accepted, "a token of a mask leaves the canvas completable"
            n_exact += bool(counted)
            calls.append(taken)
            if number < FIRST:
                first.append(taken)
    return Updates(spread_of(calls), spread_of(first), n_exact / len(calls))


def _commit_and_look(canvas: Canvas, choices: dict[int, int]) -> dict[int, int]:
    accepted = canvas.commit(choices)
    canvas.allow()
    return accepted


@contextmanager
def exact_sets_counted() -> Iterator[Sequence[bool]]:
    """A list that grows by one whenever a canvas has to bring its exact sets up to date."""
    counted: list[bool] = []
    exact = Canvas._exact

    def watched(canvas: Canvas) -> Between:
        before = canvas._sets
        after = exact(canvas)
        if after is not before:
            counted.append(True)
        return after

    with mock.patch.object(Canvas, "_exact", watched):
        yield counted
