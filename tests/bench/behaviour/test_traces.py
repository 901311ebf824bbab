"""Scripts of legal traces: a session follows them to the end, for specifications of every kind."""

from __future__ import annotations

import numpy as np
import pytest

import maskwright as mw
from bench.behaviour.examples import EXAMPLES, more_rules, read_example, with_more_rules
from bench.behaviour.masks import Spread, cost_of_rules, measure
from bench.behaviour.stepping import byte_vocabulary
from bench.behaviour.traces import ModelTurn, OthersTurn, Times, follow, scripts
from maskwright.grammar.behaviour.policy import Policy


@pytest.fixture(scope="module")
def compiler() -> mw.Compiler:
    return mw.Compiler(byte_vocabulary())


def encode(text: str) -> list[int]:
    return list(text.encode())


@pytest.mark.parametrize("name", [name for name in EXAMPLES if name != "lexical"])
def test_a_session_follows_a_script_to_its_end(compiler: mw.Compiler, name: str) -> None:
    program = compiler.compile_behaviour(read_example(name))
    made = scripts(program.policy, encode, 256, 3)
    times = Times()
    for script in made:
        follow(program, script, times)
    assert times.n_refused == 0
    n_tokens = sum(len(turn.tokens) for script in made for turn in script if isinstance(turn, ModelTurn))
    assert n_tokens - len(made) <= len(times.mask) == len(times.accept) <= n_tokens
    assert len(times.observe) == sum(isinstance(turn, OthersTurn) for script in made for turn in script)


def test_a_script_of_another_specification_is_refused(compiler: mw.Compiler) -> None:
    program = compiler.compile_behaviour(read_example("react"))
    times = Times()
    follow(program, (OthersTurn("question", "why"), ModelTurn(tuple(b"\n[Answer] so"))), times)
    assert times.n_refused == 1


def test_stages_end_where_values_are_looked_at() -> None:
    policy = Policy.of(read_example("rewoo"))
    asked: list[str] = []

    def remembered(text: str) -> list[int]:
        asked.append(text)
        return encode(text)

    scripts(policy, remembered, 256, 2)
    assert any(text.endswith("\n[Action] ") for text in asked)
    assert not any("\n[Action] " in text[:-10] for text in asked)


def test_the_25_rules_keep_the_traces_of_the_example() -> None:
    spec = with_more_rules(read_example("react"))
    assert len(more_rules()) == 25
    assert len(spec.rules) == len(read_example("react").rules) + 25
    policy = Policy.of(spec)
    assert policy.distance(policy.begin()) == 3


def test_examples_are_measured_with_and_without_their_budget(compiler: mw.Compiler) -> None:
    found = list(measure(compiler, encode, 256, ["react"], 2))
    assert [one.has_budget for one in found] == [False, True]
    for one in found:
        assert not one.problem
        assert one.warm_mask is not None
        assert one.warm_mask.n > 0


def test_more_rules_are_measured_on_the_same_tokens(compiler: mw.Compiler) -> None:
    cost = cost_of_rules(compiler, encode, 256, 2, 1)
    assert cost.n_tokens > 0
    assert cost.n_letters[0] < cost.n_letters[1]
    assert cost.ratio == pytest.approx(cost.mean[1] / cost.mean[0])


def test_a_spread_is_in_microseconds() -> None:
    spread = Spread.of([1_000, 2_000, 9_000])
    assert (spread.n, spread.median, spread.highest, spread.mean) == (3, 2.0, 9.0, 4.0)
    assert Spread.of([]).n == 0
    assert np.isfinite(spread.p99)
