"""How long specifications take to become policies and programs, and how large the automata are.

A policy is flow and rules without a vocabulary: decided, and explored as far as it goes ahead. A program is a policy
for a vocabulary; tables that a vocabulary keeps for automata are made the first time, so it is asked twice.
Sizes: `explored` positions are those of the product that the policy has met; `minimal` is the minimal automaton of flow
and rules together, the sink and what cannot be finished included, and only where no rule speaks of values.
"""

from __future__ import annotations

import operator
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from statistics import median
from typing import TypeVar

import numpy as np

import maskwright as mw
from bench.behaviour.examples import EXAMPLES, read_example
from maskwright.grammar.behaviour.grounding.bodies import Bodies
from maskwright.grammar.behaviour.logic.dfa import DFA, minimised, product
from maskwright.grammar.behaviour.policy import Policy
from maskwright.grammar.behaviour.policy.value_rules import variables_of
from maskwright.grammar.behaviour.specification.builder import SpecBuilder
from maskwright.grammar.behaviour.specification.components import spec_atoms
from maskwright.grammar.behaviour.specification.rules import at_most, followed_by, ltlf, only_after
from maskwright.grammar.behaviour.specification.spec import Spec
from maskwright.matching.behaviour.program import Program

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class CompileFigures:
    """One specification. ms: of the texts' automata, of the policy, of a first and a second program."""

    name: str
    problem: str = ""
    bodies_ms: float = 0.0
    policy_ms: float = 0.0
    first_program_ms: float = 0.0
    program_ms: float = 0.0
    first_mask_ms: float = 0.0
    n_letters: int = 0
    n_explored: int = 0
    n_flow: int = 0
    n_minimal: int | None = None
    shortest: int = 0


def specifications() -> dict[str, Callable[[], Spec]]:
    """What is compiled: the examples, and the rules of function calling on segments whose texts are short."""
    made: dict[str, Callable[[], Spec]] = {name: (lambda name=name: read_example(name)) for name in EXAMPLES}  # type: ignore[misc]
    made["calls: flow and rules"] = lambda: calls("(say? call result){0,12} answer")
    made["calls: unbounded loop"] = lambda: calls("(say? call result)* answer")
    return made


def calls(flow: str) -> Spec:
    """Example 4 at the level of segments: a call is the name of a tool, a result is ok or an error, no values."""
    tools = ["search", "delete", "confirm", "login", "read_order", "other"]
    return (
        SpecBuilder("calls")
        .segment("say", open="<say>", close="</say>", text={"choice": ["well"]})
        .segment("call", open="<call>", close="</call>", text={"choice": tools})
        .segment("result", open="<result>", close="</result>", writer="env", text={"choice": ["ok", "ERROR", "else"]})
        .segment("answer", open="<answer>", close="</answer>", text={"choice": ["done"]})
        .flow(flow)
        .rule(
            only_after('call == "delete"', need='call == "confirm"', each=True),
            at_most(3, 'call == "search"'),
            followed_by('call == "search"', "answer"),
            ltlf('G(result == "ERROR" -> N N !(call == "delete"))'),
            only_after('call == "read_order"', need='call == "login" & X result == "ok"'),
        )
        .build()
    )


def measure(compiler: mw.Compiler, repetitions: int) -> Iterator[CompileFigures]:
    """All of them; times are medians, but those of what is only done once."""
    for name, read in specifications().items():
        try:
            yield _measured(compiler, name, read(), repetitions)
        except mw.MaskwrightError as error:
            yield CompileFigures(name, f"{type(error).__name__}: {error}")


def _measured(compiler: mw.Compiler, name: str, spec: Spec, repetitions: int) -> CompileFigures:
    bodies_ms = _median_ms(lambda: Bodies.of(spec, spec_atoms(spec)), repetitions)
    policy_ms = _median_ms(lambda: Policy.of(spec), repetitions)
    policy = Policy.of(spec)
    first, program = _ms(lambda: compiler.compile_behaviour(spec))
    second = _median_ms(lambda: compiler.compile_behaviour(spec), repetitions)
    first_mask, _ = _ms(lambda: _first_mask(program))
    joint = None if any(one.rule is not None and variables_of(one.rule) for one in policy.components) else whole(policy)
    return CompileFigures(
        name,
        "",
        bodies_ms,
        policy_ms,
        first,
        second,
        first_mask,
        len(policy.letters),
        len(policy.game.vectors),
        policy.components[0].dfa.n_states,
        None if joint is None else joint.n_states,
        policy.distance(policy.begin()),
    )


def whole(policy: Policy) -> DFA:
    """The minimal automaton of flow and hard rules over the letters of a policy."""
    parts = [one.dfa.with_letters(policy.letters, one.columns) for one in policy.components]
    joint = parts[0]
    for part in parts[1:]:
        joint = minimised(product(joint, part, operator.and_))
    return joint


def _first_mask(program: Program) -> None:
    session = program.start()
    session.fill_bitmask(np.zeros(session.row_shape, np.int32))


def _ms(work: Callable[[], T]) -> tuple[float, T]:
    begin = time.perf_counter()
    made = work()
    return 1e3 * (time.perf_counter() - begin), made


def _median_ms(work: Callable[[], object], repetitions: int) -> float:
    return median(_ms(work)[0] for _ in range(repetitions))
