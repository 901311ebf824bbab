"""What a canvas is made of: how gaps are laid out, and what is refused, word for word."""

from __future__ import annotations

import re

import numpy as np
import pytest

import maskwright as mw
from maskwright.errors import InvalidCanvas
from maskwright.matching.infilling import slots as module
from maskwright.matching.infilling.canvas import Canvas
from maskwright.matching.infilling.slots import BLANK, MASK, OPEN, Gap, Masked, Slot, Soft, laid_out
from maskwright.matching.vocabulary import Vocabulary
from tests.matching.infilling.judging import masks_of

A, B, END = 0, 1, 2
VOCABULARY = Vocabulary([b"a", b"b", b""], eos_token_ids=[END])
GRAMMAR = mw.Compiler(VOCABULARY).compile_regex("[ab]*")


def canvas(*slots: Slot, eos_ids: tuple[int, ...] = (), budget: int | None = None) -> Canvas:
    return GRAMMAR.canvas(slots, eos_ids, budget)


def test_a_gap_is_as_many_slots_as_it_may_hold_and_those_above_its_least_may_be_blank() -> None:
    made = canvas(A, Gap(1, 3), MASK, Gap.exactly(2), Soft(B), Gap.at_most(1))
    assert made.n_slots == 9
    assert made.tokens.tolist() == [A, OPEN, OPEN, OPEN, OPEN, OPEN, OPEN, B, OPEN]
    assert made.allows_blank().tolist() == [False, False, True, True, False, False, False, False, True]
    assert made.is_open.tolist() == [False, True, True, True, True, True, True, True, True]
    assert not made.is_complete


def test_places_say_where_a_gap_begins() -> None:
    places = laid_out([A, Gap(0, 2), Gap(1, 2), MASK], None, VOCABULARY)
    assert [place.begins for place in places] == [True, True, False, True, False, True]
    assert [place.may_be_blank for place in places] == [False, True, True, False, True, False]


def test_two_gaps_side_by_side_are_two_gaps() -> None:
    """Blanks stand at the end of their own gap: the first may be empty while the second is not."""
    made = canvas(Gap(0, 2), Gap(0, 2))
    assert made.commit({1: BLANK, 2: A}) == {1: BLANK, 2: A}
    assert masks_of(made) == [{A, B, BLANK}, {BLANK}, {A}, {A, B, BLANK}]
    assert made.commit({0: BLANK, 3: BLANK}) == {0: BLANK, 3: BLANK}
    assert made.is_complete


def test_a_blank_is_followed_by_blanks_in_its_gap() -> None:
    made = canvas(Gap(0, 3), B)
    assert made.commit({1: BLANK}) == {1: BLANK}
    assert masks_of(made) == [{A, B, BLANK}, {BLANK}, {BLANK}, {B}]
    assert made.forced() == {2: BLANK}
    assert made.commit({2: A}) == {}


def test_gaps_of_any_length_hold_what_the_budget_leaves() -> None:
    assert canvas(A, Gap.any(), B, budget=6).n_slots == 6
    assert canvas(A, Gap(2, None), B, budget=6).n_slots == 6
    assert canvas(A, Gap.any(), B, budget=2).n_slots == 2
    assert canvas(Gap.any()).n_slots == module.DEFAULT_LONGEST_GAP
    assert canvas(Gap(3, None)).n_slots == 3 + module.DEFAULT_LONGEST_GAP


def test_an_empty_canvas_holds_the_empty_text() -> None:
    made = canvas()
    assert (made.n_slots, made.is_complete) == (0, True)
    assert made.tokens.shape == made.complete().shape == made.allows_blank().shape == (0,)
    assert made.allow().shape == (0, 1)
    assert made.forced() == made.commit({}) == {}


def test_arrays_have_the_promised_shapes_and_types() -> None:
    made = canvas(A, MASK, Gap.at_most(2), eos_ids=(END,))
    assert (made.tokens.dtype, made.tokens.shape) == (np.int64, (4,))
    assert (made.allow().dtype, made.allow().shape) == (np.int32, (4, 1))
    assert (made.allows_blank().dtype, made.is_open.dtype, made.complete().dtype) == (np.bool_, np.bool_, np.int64)
    assert (made.vocabulary_size, made.eos_ids) == (3, (END,))


def test_numbers_of_other_types_are_token_ids_too() -> None:
    made = canvas(np.int32(1), *np.array([0, 1], dtype=np.uint16), Soft(np.int64(1)))  # type: ignore[arg-type]
    assert made.tokens.tolist() == [1, 0, 1, 1]


REFUSED: list[tuple[list[object], dict[str, object], str]] = [
    ([A, 3], {}, "item 1 is 3, no token id below 3"),
    ([OPEN], {}, "item 0 is -1, no token id below 3"),
    (["a"], {}, "item 0 is 'a'; use token ids, MASK, Soft and Gap"),
    ([MASK, None], {}, "item 1 is None; use token ids, MASK, Soft and Gap"),
    ([1.0], {}, "item 0 is 1.0; use token ids, MASK, Soft and Gap"),
    ([Masked], {}, "item 0 is <class 'maskwright.matching.infilling.slots.Masked'>; use token ids, MASK, Soft and Gap"),
    ([MASK, Soft(9)], {}, "item 1 is 9, no token id below 3"),
    ([Soft(0, (1, 7))], {}, "item 0 is 7, no token id below 3"),
    ([A, Gap(3, 2)], {}, "the gap at item 1 has no length between 3 and 2"),
    ([Gap(-1, 2)], {}, "the gap at item 0 has no length between -1 and 2"),
    ([Gap.exactly(1 << 17)], {}, "it has more than 65536 slots; give it fewer, or gaps with a smaller maximum"),
    ([Gap.at_most(40_000)] * 2, {}, "it has more than 65536 slots; give it fewer, or gaps with a smaller maximum"),
    ([A], {"eos_ids": [3]}, "the end token 3 is no token id below 3"),
    ([A], {"eos_ids": [-1]}, "the end token -1 is no token id below 3"),
    ([A, MASK, Gap(1, 4)], {"budget": 2}, "it needs 3 tokens, more than its budget of 2; raise the budget"),
]


@pytest.mark.parametrize(("slots", "options", "reason"), REFUSED, ids=[reason for _, _, reason in REFUSED])
def test_what_means_nothing_is_refused(slots: list[object], options: dict[str, object], reason: str) -> None:
    with pytest.raises(InvalidCanvas, match=f"^{re.escape(f'The canvas cannot be used: {reason}.')}$"):
        GRAMMAR.canvas(slots, **options)  # type: ignore[arg-type]


def test_a_long_canvas_is_not_refused() -> None:
    assert canvas(*[MASK] * 3_000).n_slots == 3_000


@pytest.mark.parametrize("gaps", [(Gap.at_most(2), Gap.at_most(2)), (Gap.at_most(4),)], ids=str)
def test_gaps_that_may_hold_more_than_the_budget_are_refused(gaps: tuple[Gap, ...]) -> None:
    with pytest.raises(InvalidCanvas, match="may hold 4 tokens, more than its budget of 3"):
        canvas(*gaps, budget=3)


def test_gaps_of_any_length_share_what_the_budget_leaves() -> None:
    made = canvas(Gap.any(), Gap.any(), budget=3)
    assert sum(token != BLANK for token in made.commit(dict.fromkeys(range(made.n_slots), A)).values()) <= 3
