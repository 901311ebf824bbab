"""Masks, budgets and refusals against trying everything: specifications with finitely many traces, tiny vocabularies.

For each specification: it is refused exactly if there is no strategy against the others, its least budget is the
fewest tokens of a shortest strategy, and at every configuration of random runs a token is allowed exactly if some
completion exists behind it, within what is left of the budget. Rules with variables are strict on purpose: there the
mask may be smaller, but is never empty.
"""

from __future__ import annotations

import random
from collections import Counter

import numpy as np
import pytest

import maskwright as mw
from maskwright.errors import BudgetTooSmall, SpecError
from maskwright.grammar.behaviour.specification.spec import Budget, Spec
from maskwright.matching.behaviour.events import Done, Handover
from maskwright.matching.behaviour.program import Program
from tests.matching.behaviour.tiny_specifications import tiny_specification, tiny_vocabulary
from tests.naive.behaviour_completions import IMPOSSIBLE, Completions

N_BLOCKS = 6
N_SPECIFICATIONS = 20
N_SPECIFICATIONS_DEEP = 500
BORDERS = "has no opener and may follow"
"""Specifications in which nobody could tell two segments apart are refused for that, whatever else holds of them."""
KINDS_DIFFER = "its variable stands for values of different kinds"


def compare(seed: int, *, has_values: bool) -> Counter[str]:
    """Compare one specification with brute force; what was compared."""
    rng = random.Random(seed)
    spec, everything, document = tiny_specification(rng, has_values=has_values)
    vocabulary = tiny_vocabulary(rng, spec)
    compiler = mw.Compiler(vocabulary)
    is_won = everything.is_won(())
    counts: Counter[str] = Counter()
    program, refusal = _compiled(compiler, spec)
    if refusal is not None:
        if BORDERS in refusal.message or KINDS_DIFFER in refusal.message:
            return counts
        assert has_values or not is_won, (refusal, document)
        assert refusal.rules or refusal.witness or "no trace satisfies the flow" in refusal.message, document
        counts["refused"] += 1
        return counts
    assert program is not None
    assert is_won, document
    counts["followed"] += 1
    least = everything.least((), b"", vocabulary)
    assert program.least_budget >= least, document
    if program.is_exact:
        assert program.least_budget == least, document
        counts["exact"] += 1
    compare_masks(program, everything, rng, counts, document, is_exact=not has_values)
    for spare in (0, rng.randint(1, 6)):
        budget = Budget(generated_tokens=program.least_budget + spare)
        bounded = compiler.compile_behaviour(spec, budget=budget)
        compare_masks(bounded, everything, rng, counts, document, is_exact=program.is_exact and not has_values)
    return counts


def _compiled(compiler: mw.Compiler, spec: Spec) -> tuple[Program | None, SpecError | None]:
    try:
        return compiler.compile_behaviour(spec), None
    except SpecError as refusal:
        return None, refusal


def compare_masks(
    program: Program,
    everything: Completions,
    rng: random.Random,
    counts: Counter[str],
    document: object,
    *,
    is_exact: bool,
) -> None:
    """Compare the masks of a random run."""
    vocabulary = program.vocabulary
    session = program.start()
    row = np.zeros(session.row_shape, np.int32)
    trace: tuple[tuple[str, str], ...] = ()
    written = b""
    while not isinstance(session.event, Done):
        event = session.event
        if isinstance(event, Handover):
            if event.may_end and rng.random() < 0.3:
                return
            name = rng.choice(event.segments)
            text = rng.choice(everything.texts[name])
            before = tuple((piece.segment, piece.text) for piece in session.pieces)
            try:
                session.observe(text, name)
            except BudgetTooSmall:
                assert event.may_end, (document, session.text)
                return
            trace, written = (*before, (name, text)), b""
            continue
        session.fill_bitmask(row)
        got = set(mw.allowed_tokens(row, vocabulary.size).tolist())
        left = session.remaining()
        wanted = everything.allowed(trace, written, vocabulary, IMPOSSIBLE if left is None else left)
        where = (document, session.text, left, [vocabulary.token_bytes[token] for token in got ^ wanted])
        assert got == wanted if is_exact else got and got <= wanted, where
        counts["masks"] += 1
        token = rng.choice(sorted(got))
        session.accept_token(token)
        written += vocabulary.text_of(token)


def compare_all(seeds: range, *, has_values: bool = False) -> Counter[str]:
    counts: Counter[str] = Counter()
    for seed in seeds:
        counts += compare(seed, has_values=has_values)
    return counts


@pytest.mark.parametrize("block", range(N_BLOCKS))
def test_masks_budgets_and_refusals_are_those_of_brute_force(block: int) -> None:
    counts = compare_all(range(block * N_SPECIFICATIONS, (block + 1) * N_SPECIFICATIONS))
    assert counts["masks"] > 5 * N_SPECIFICATIONS
    assert counts["refused"] > 0
    assert counts["exact"] > N_SPECIFICATIONS // 4


@pytest.mark.parametrize("block", range(2))
def test_masks_of_rules_with_variables_are_parts_of_those_of_brute_force(block: int) -> None:
    counts = compare_all(range(block * N_SPECIFICATIONS, (block + 1) * N_SPECIFICATIONS), has_values=True)
    assert counts["masks"] > 2 * N_SPECIFICATIONS


@pytest.mark.deep
@pytest.mark.parametrize("block", range(N_BLOCKS))
def test_many_masks_budgets_and_refusals_are_those_of_brute_force(block: int) -> None:
    begin = 10_000 + block * N_SPECIFICATIONS_DEEP
    compare_all(range(begin, begin + N_SPECIFICATIONS_DEEP))


@pytest.mark.deep
@pytest.mark.parametrize("block", range(2))
def test_many_masks_of_rules_with_variables_are_parts_of_those_of_brute_force(block: int) -> None:
    begin = 20_000 + block * N_SPECIFICATIONS_DEEP
    compare_all(range(begin, begin + N_SPECIFICATIONS_DEEP), has_values=True)
