"""Budgets: whatever tokens are chosen and whatever the others write, the trace ends in its budget."""

from __future__ import annotations

import random

import numpy as np
import pytest

import maskwright as mw
from maskwright.errors import BudgetTooSmall, SpecError
from maskwright.grammar.behaviour.specification.spec import Budget, Spec
from tests.matching.behaviour.playing import CHOOSERS, check_run, play
from tests.matching.behaviour.test_sampled_traces import EXAMPLES, SLOW, program_of_example
from tests.naive.random_behaviours import random_document, random_vocabulary, spec_of

SPARE = (0, 1, 2, 5, 12, 40)
N_SPECIFICATIONS = 10


def random_case(seed: int) -> tuple[mw.Compiler, Spec, int]:
    """The first specification from a seed on that can be followed, and its least budget."""
    rng = random.Random(seed)
    while True:
        try:
            spec = spec_of(random_document(rng, kinds="all" if seed % 2 else "regular"))
            compiler = mw.Compiler(random_vocabulary(rng, spec))
            return compiler, spec, compiler.compile_behaviour(spec, budget=Budget()).least_budget
        except SpecError:
            continue


def example_case(name: str) -> tuple[mw.Compiler, Spec, int]:
    program = program_of_example(name)
    return mw.Compiler(program.vocabulary), program.spec, program.least_budget


def check_budgets(compiler: mw.Compiler, spec: Spec, least: int, spares: tuple[int, ...], n_runs: int) -> None:
    for spare in spares:
        program = compiler.compile_behaviour(spec, budget=Budget(generated_tokens=least + spare))
        assert program.least_budget == least
        for number, choose in enumerate(CHOOSERS.values()):
            for run in range(n_runs):
                check_run(program, play(program, np.random.default_rng((spare, number, run)), choose))


def check_one_less(compiler: mw.Compiler, spec: Spec, least: int) -> None:
    with pytest.raises(BudgetTooSmall) as caught:
        compiler.compile_behaviour(spec, budget=Budget(generated_tokens=least - 1))
    assert str(least) in str(caught.value)


@pytest.mark.parametrize("name", EXAMPLES)
def test_traces_of_the_worked_examples_end_in_every_budget(name: str) -> None:
    compiler, spec, least = example_case(name)
    check_budgets(compiler, spec, least, (0,) if name == "lexical" else SPARE[::2], 1)
    check_one_less(compiler, spec, least)


@pytest.mark.parametrize("seed", range(N_SPECIFICATIONS))
def test_traces_of_random_specifications_end_in_every_budget(seed: int) -> None:
    compiler, spec, least = random_case(3_000 + seed)
    check_budgets(compiler, spec, least, SPARE, 2)
    if least > 1:
        check_one_less(compiler, spec, least)


@pytest.mark.deep
@pytest.mark.parametrize("name", EXAMPLES)
def test_many_traces_of_the_worked_examples_end_in_every_budget(name: str) -> None:
    check_budgets(*example_case(name), tuple(range(41)), max(1, 100 // SLOW.get(name, 1)))


@pytest.mark.deep
@pytest.mark.parametrize("seed", range(100))
def test_traces_of_many_random_specifications_end_in_every_budget(seed: int) -> None:
    check_budgets(*random_case(4_000 + seed), tuple(range(41)), 3)
