"""Why a canvas cannot be completed: what is missing or spare, and the fewest slots to blame, all by brute force."""

from __future__ import annotations

import random
from collections import Counter
from collections.abc import Sequence

import pytest

import maskwright as mw
from maskwright.errors import CanvasNotCompletable
from maskwright.matching.compiled_grammar import CompiledGrammar
from maskwright.matching.infilling.slots import MASK, Gap, Masked, Slot, Soft
from maskwright.matching.vocabulary import Vocabulary
from tests.matching.infilling.test_context_free_languages import random_case
from tests.naive.canvas import fillings, smallest_conflicts

MOST_MISSING = 3
"""More slots than these are not tried here, as there would be too many fillings."""


def has_filling(grammar: CompiledGrammar, slots: Sequence[Slot], eos_ids: Sequence[int]) -> bool:
    return next(fillings(grammar, slots, eos_ids), None) is not None


def runs_of_open(slots: Sequence[Slot]) -> list[tuple[int, int]]:
    """Where neighbouring open slots begin and end."""
    found: list[tuple[int, int]] = []
    for at, slot in enumerate(slots):
        if isinstance(slot, Masked | Soft):
            if found and found[-1][1] == at:
                found[-1] = (found[-1][0], at + 1)
            else:
                found.append((at, at + 1))
    return found


def naive_missing(grammar: CompiledGrammar, slots: Sequence[Slot], eos_ids: Sequence[int]) -> int | None:
    """How many tokens of text more, in one place behind open slots, would do; None if it is more than a few."""
    for n in range(1, MOST_MISSING + 1):
        for border in [end for _, end in runs_of_open(slots)] or [len(slots)]:
            for text in fillings(grammar, [*slots[:border], *[MASK] * n, *slots[border:]], eos_ids):
                if not any(token in eos_ids for token in text[border : border + n]):
                    return n
    return None


def naive_spare(grammar: CompiledGrammar, slots: Sequence[Slot], eos_ids: Sequence[int]) -> int | None:
    """How many slots at the end of one run of open ones would have to go."""
    enough = [
        n
        for begin, end in runs_of_open(slots)
        for n in range(1, end - begin + 1)
        if has_filling(grammar, [*slots[: end - n], *slots[end:]], eos_ids)
    ]
    return min(enough, default=None)


def test_reasons_are_those_of_brute_force() -> None:
    kinds: Counter[str] = Counter()
    for seed in range(700):
        rng = random.Random(f"why {seed}")
        _, grammar = random_case(rng)
        eos = grammar.vocabulary.eos_token_ids[0]
        eos_ids = [eos] if rng.random() < 0.3 else []
        slots: list[Slot] = [MASK if rng.random() < 0.3 else rng.randrange(eos) for _ in range(rng.randint(1, 5))]
        try:
            grammar.canvas(slots, eos_ids)
        except CanvasNotCompletable as error:
            kinds[check_reason(error, grammar, slots, eos_ids)] += 1
    assert min(kinds[kind] for kind in ("missing", "spare", "one", "two")) >= 5, kinds


def check_reason(
    error: CanvasNotCompletable, grammar: CompiledGrammar, slots: Sequence[Slot], eos_ids: Sequence[int]
) -> str:
    """The reason is the one that there is; which kind is it?"""
    case = (grammar.vocabulary.token_bytes, slots, eos_ids, error)
    assert not has_filling(grammar, slots, eos_ids), case
    missing = naive_missing(grammar, slots, eos_ids)
    if missing is not None:
        assert error == CanvasNotCompletable(n_missing=missing), case
        return "missing"
    if error.n_missing is not None:
        assert error.n_missing > MOST_MISSING, case
        return "many missing"
    spare = naive_spare(grammar, slots, eos_ids)
    if spare is not None:
        assert error == CanvasNotCompletable(n_spare=spare), case
        return "spare"
    assert error.n_spare is None, case
    conflicts = smallest_conflicts(grammar, slots, eos_ids)
    fewest = len(conflicts[0])
    if fewest <= 2:
        assert error.conflict in conflicts, (case, conflicts)
    else:  # then none of them can be left out, though others might be fewer
        assert len(error.conflict) >= fewest, (case, conflicts)
        for left_out in error.conflict:
            kept = set(error.conflict) - {left_out}
            opened = [slot if at in kept or not isinstance(slot, int) else MASK for at, slot in enumerate(slots)]
            assert has_filling(grammar, opened, eos_ids), case
    return {0: "none", 1: "one", 2: "two"}.get(fewest, "several")


TOKENS = b"( ) [ ] x".split()
ROUND, ROUND_END, SQUARE, SQUARE_END, X = range(5)
GRAMMAR = mw.Compiler(Vocabulary([*TOKENS, b""], eos_token_ids=[5])).compile_gbnf(
    'root ::= "(" root ")" | "[" root "]" | "x"'
)
REASONS: list[tuple[list[Slot], CanvasNotCompletable, str]] = [
    ([], CanvasNotCompletable(n_missing=1), "it is too short, 1 more open slot is needed"),
    ([ROUND, SQUARE, MASK], CanvasNotCompletable(n_missing=2), "it is too short, 2 more open slots are needed"),
    ([MASK, MASK], CanvasNotCompletable(n_missing=1), "it is too short, 1 more open slot is needed"),
    ([ROUND, MASK, MASK, MASK, MASK, X, MASK, ROUND_END],
     CanvasNotCompletable(n_missing=3), "it is too short, 3 more open slots are needed"),
    ([X, MASK, MASK], CanvasNotCompletable(n_spare=2),
     "it is too long by 2 slots; leave these out, or allow an end token"),
    ([MASK, X, SQUARE_END, MASK], CanvasNotCompletable(n_missing=1), "it is too short, 1 more open slot is needed"),
    ([ROUND_END, MASK, MASK], CanvasNotCompletable(conflict=(0,)), "slot 0 holds what cannot stand there"),
    ([ROUND, X, SQUARE_END], CanvasNotCompletable(conflict=(0, 2)), "slots 0, 2 contradict each other"),
    ([MASK, X, MASK, X, MASK], CanvasNotCompletable(conflict=(1,)), "slot 1 holds what cannot stand there"),
]  # fmt: skip


@pytest.mark.parametrize(("slots", "error", "reason"), REASONS, ids=[f"{k}: {one[2]}" for k, one in enumerate(REASONS)])
def test_reasons_in_words(slots: list[Slot], error: CanvasNotCompletable, reason: str) -> None:
    with pytest.raises(CanvasNotCompletable) as caught:
        GRAMMAR.canvas(slots)
    assert caught.value == error
    assert str(caught.value) == f"No text of the grammar fits into the canvas: {reason}."


def test_a_soft_slot_is_one_that_may_be_missing_or_to_spare() -> None:
    pairs = mw.Compiler(Vocabulary([b"aa", b"a", b""], eos_token_ids=[2])).compile_regex("(aaaa)*")
    with pytest.raises(CanvasNotCompletable) as caught:
        pairs.canvas([Soft(0, (0,)), Gap(0, 0)])
    assert caught.value.n_missing == 1
    with pytest.raises(CanvasNotCompletable) as caught:
        GRAMMAR.canvas([Soft(ROUND_END, (SQUARE_END,)), X])
    assert caught.value == CanvasNotCompletable(n_spare=1)


@pytest.mark.deep
def test_a_conflict_far_apart_is_found_among_many_slots() -> None:
    """Of the hundred fixed slots between them none is to blame."""
    inside = [ROUND] * 30 + [SQUARE] * 30 + [X] + [SQUARE_END] * 30 + [ROUND_END] * 30
    with pytest.raises(CanvasNotCompletable) as caught:
        GRAMMAR.canvas([ROUND, *inside, SQUARE_END])
    assert len(caught.value.conflict) == 2
    assert set(caught.value.conflict) & {0, len(inside) + 1}


def test_ends_that_would_help_are_not_counted_as_missing() -> None:
    """With an end token the canvas may be too long, never too short by ends."""
    with pytest.raises(CanvasNotCompletable) as caught:
        GRAMMAR.canvas([5, MASK], [5])
    assert caught.value == CanvasNotCompletable(conflict=(0,))
