"""Traces that are sampled through the masks: every one satisfies its specification by the judge, in its budget.

The judge (`tests.naive.behaviour`) shares no code with policy, automata and masks. Tokens are chosen at random; the
others write texts of all letters, so every turn of the environment that can be tried is tried some time.
"""

from __future__ import annotations

import random
from functools import cache
from pathlib import Path

import numpy as np
import pytest

import maskwright as mw
from maskwright.grammar.behaviour.specification.spec import Spec
from maskwright.matching.behaviour.program import Program
from tests.matching.behaviour.playing import check_run, play, random_program, with_budget

SHIPPED = Path(__file__).parents[3] / "schemas" / "behaviour"
EXAMPLES = ("react", "rewoo", "reflexion", "function_calling", "lexical")
N_RANDOM = 20
N_RUNS = 25
N_RUNS_DEEP = 10_000
SLOW = {"rewoo": 30, "function_calling": 15, "lexical": 300}
"""How many times as long a run of these takes, about: some tenths of a second, or seconds."""


@cache
def program_of_example(name: str) -> Program:
    """An example with a vocabulary of bytes and pieces of traces, and a budget a little above the least."""
    spec = Spec.load(SHIPPED / f"{name}.yaml")
    traces = (SHIPPED / f"{name}.accepted.txt").read_text().encode()
    rng = random.Random(name)
    pieces: set[bytes] = set()
    while len(pieces) < 500:
        begin = rng.randrange(len(traces))
        pieces.add(traces[begin : begin + rng.randint(2, 12)])
    delimiters = {text.encode() for one in spec.segments for text in (one.open, one.close) if text}
    tokens = [*(bytes([byte]) for byte in range(256)), *sorted(delimiters), *sorted(pieces - delimiters), b""]
    tokens = list(dict.fromkeys(tokens))
    return with_budget(mw.Compiler(mw.Vocabulary(tokens, eos_token_ids=[len(tokens) - 1])), spec, 60)


@cache
def program_of_seed(seed: int) -> Program:
    return random_program(seed, kinds="all" if seed % 2 else "regular")


def check_runs(program: Program, seed: int, n_runs: int) -> None:
    traces = set()
    for number in range(n_runs):
        run = play(program, np.random.default_rng((seed, number)))
        check_run(program, run)
        traces.add(run.session.text)
    assert traces


@pytest.mark.parametrize("name", EXAMPLES)
def test_traces_of_the_worked_examples_satisfy_them(name: str) -> None:
    check_runs(program_of_example(name), 1, max(3, min(N_RUNS, 300 // SLOW.get(name, 1))))


@pytest.mark.parametrize("seed", range(N_RANDOM))
def test_traces_of_random_specifications_satisfy_them(seed: int) -> None:
    check_runs(program_of_seed(seed), seed, N_RUNS)


@pytest.mark.deep
@pytest.mark.parametrize("name", EXAMPLES)
def test_many_traces_of_the_worked_examples_satisfy_them(name: str) -> None:
    check_runs(program_of_example(name), 2, N_RUNS_DEEP // SLOW.get(name, 1))


@pytest.mark.deep
@pytest.mark.parametrize("seed", range(N_RANDOM))
def test_many_traces_of_random_specifications_satisfy_them(seed: int) -> None:
    check_runs(program_of_seed(seed), 100 + seed, N_RUNS_DEEP)


@pytest.mark.deep
@pytest.mark.parametrize("block", range(20))
def test_traces_of_many_random_specifications_satisfy_them(block: int) -> None:
    for seed in range(1_000 + 20 * block, 1_020 + 20 * block):
        check_runs(random_program(seed, kinds="all" if seed % 2 else "regular"), seed, 10)
