"""What a token costs under a specification: its mask and its acceptance, first met and met again.

Cold is a new program on its first traces, which are what a server meets in its first minutes; warm are the same traces
again. A specification in which values matter has a grammar for each trace, so nothing of it is ever warm but what its
automata share. With 25 more rules: the same traces, token for token.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

import numpy as np

import maskwright as mw
from bench.behaviour.examples import read_example, with_more_rules
from bench.behaviour.traces import Encode, Script, Times, follow, scripts
from maskwright.grammar.behaviour.specification.spec import Budget, Spec
from maskwright.matching.behaviour.program import Program


@dataclass(frozen=True, slots=True)
class Spread:
    """Microseconds: median, 99th percentile and the highest, of so many."""

    n: int
    median: float
    p99: float
    highest: float
    mean: float

    @staticmethod
    def of(nanoseconds: Sequence[int]) -> Spread:
        """The figures of some times; zeros for none."""
        us = np.array(nanoseconds or [0]) / 1e3
        return Spread(
            len(nanoseconds), float(np.median(us)), float(np.percentile(us, 99)), float(us.max()), float(us.mean())
        )


@dataclass(frozen=True, slots=True)
class MaskFigures:
    """One specification, with or without its budget. problem: why it could not be measured, then nothing else is."""

    name: str
    has_budget: bool
    problem: str = ""
    n_scripts: int = 0
    n_refused: int = 0
    cold_mask: Spread | None = None
    warm_mask: Spread | None = None
    cold_accept: Spread | None = None
    warm_accept: Spread | None = None
    observe: Spread | None = None


@dataclass(frozen=True, slots=True)
class RuleCost:
    """What 25 more rules cost: means and medians of a token (mask and acceptance), in microseconds, warm.

    Each is the lowest of several passes; ratio is that of the means.
    """

    n_tokens: int
    n_letters: tuple[int, int]
    mean: tuple[float, float]
    median: tuple[float, float]

    @property
    def ratio(self) -> float:
        """How much a token costs with the rules, without them 1."""
        return self.mean[1] / self.mean[0]


def measure(
    compiler: mw.Compiler, encode: Encode, eos_token_id: int, names: Sequence[str], n_scripts: int
) -> Iterator[MaskFigures]:
    """All examples, each without a budget and with its own."""
    for name in names:
        spec = read_example(name)
        for budget in [Budget()] if spec.budget == Budget() else [Budget(), spec.budget]:
            try:
                yield _measured(compiler, encode, eos_token_id, spec, budget, n_scripts)
            except mw.MaskwrightError as error:
                yield MaskFigures(name, budget != Budget(), f"{type(error).__name__}: {error}")


def _measured(
    compiler: mw.Compiler, encode: Encode, eos_token_id: int, spec: Spec, budget: Budget, n_scripts: int
) -> MaskFigures:
    program = compiler.compile_behaviour(spec, budget=budget)
    made = scripts(program.policy, encode, eos_token_id, n_scripts)
    cold, warm = played(program, made), played(program, made)
    return MaskFigures(
        spec.name,
        budget != Budget(),
        "",
        len(made),
        cold.n_refused,
        Spread.of(cold.mask),
        Spread.of(warm.mask),
        Spread.of(cold.accept),
        Spread.of(warm.accept),
        Spread.of(cold.observe),
    )


def played(program: Program, made: Sequence[Script]) -> Times:
    """The times of some scripts, one after the other."""
    times = Times()
    for script in made:
        follow(program, script, times)
    return times


def cost_of_rules(compiler: mw.Compiler, encode: Encode, eos_token_id: int, n_scripts: int, passes: int) -> RuleCost:
    """The example "react" without and with 25 more rules, in turns, on traces that keep them all."""
    base = replace(read_example("react"), budget=Budget())
    programs = [compiler.compile_behaviour(spec) for spec in (base, with_more_rules(base))]
    made = scripts(programs[1].policy, encode, eos_token_id, n_scripts)
    for program in programs:
        played(program, made)
    found: list[list[list[int]]] = [[], []]
    for _ in range(passes):
        for times, program in zip(found, programs, strict=True):
            times.append(played(program, made).token)
    mean = [min(float(np.mean(one)) for one in times) / 1e3 for times in found]
    median = [min(float(np.median(one)) for one in times) / 1e3 for times in found]
    n_letters = [len(program.policy.letters) for program in programs]
    return RuleCost(len(found[0][0]), (n_letters[0], n_letters[1]), (mean[0], mean[1]), (median[0], median[1]))
