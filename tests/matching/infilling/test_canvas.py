"""A canvas in progress: choices, slots opened again, copies, suggestions, ends; and what it refuses, word for word."""

from __future__ import annotations

import random
import re
from collections.abc import Callable

import pytest

import maskwright as mw
from maskwright.errors import CanvasNotCompletable, InvalidCanvas
from maskwright.matching.infilling.canvas import Canvas
from maskwright.matching.infilling.slots import BLANK, MASK, OPEN, Gap, Slot, Soft
from maskwright.matching.vocabulary import Vocabulary
from tests.matching.infilling.cutting import cut_at
from tests.matching.infilling.judging import check_state, masks_of, random_slots
from tests.matching.infilling.test_context_free_languages import random_case
from tests.naive.canvas import fillings

TOKENS = b"( ) [ ] () (( ))".split()
OPENS, CLOSES, SQUARE, SQUARED, PAIR, TWO, OUT = range(7)
END = len(TOKENS)
VOCABULARY = Vocabulary([*TOKENS, b""], eos_token_ids=[END])
GRAMMAR = mw.Compiler(VOCABULARY).compile_gbnf('root ::= ("(" root ")" | "[" root "]")*')


def canvas(*slots: Slot, ends: bool = False) -> Canvas:
    return GRAMMAR.canvas(slots, [END] if ends else [])


def test_choices_are_made_by_confidence_and_the_rest_stays_open() -> None:
    made = canvas(MASK, MASK)
    assert made.commit({0: OPENS, 1: SQUARED}, {0: 0.1, 1: 0.9}) == {1: SQUARED}
    assert made.tokens.tolist() == [OPEN, SQUARED]
    assert masks_of(made) == [{SQUARE}, {SQUARED}]
    assert made.forced() == {0: SQUARE}


def test_without_confidence_the_order_of_the_choices_counts() -> None:
    assert canvas(MASK, MASK).commit({1: SQUARED, 0: OPENS}) == {1: SQUARED}
    assert canvas(MASK, MASK).commit({0: OPENS, 1: SQUARED}) == {0: OPENS}


def test_choices_without_a_confidence_come_last() -> None:
    assert canvas(MASK, MASK).commit({0: OPENS, 1: SQUARED}, {1: 1e-9}) == {1: SQUARED}
    assert canvas(MASK, MASK).commit({0: OPENS, 1: SQUARED}, {}) == {0: OPENS}


def test_choices_that_each_stand_may_not_stand_together() -> None:
    made = canvas(MASK, MASK, MASK, MASK)
    choices = {0: TWO, 1: TWO, 2: OUT, 3: PAIR}
    assert all(token in mask for token, mask in zip(choices.values(), masks_of(made), strict=True))
    assert made.commit(choices) == {0: TWO, 1: TWO, 2: OUT}
    assert made.forced() == {3: OUT}


def test_what_is_no_choice_at_all_is_left_out() -> None:
    made = canvas(MASK, MASK)
    assert made.commit({0: CLOSES}) == made.commit({0: END}) == made.commit({0: BLANK}) == {}
    assert made.commit({}) == {}
    assert made.tokens.tolist() == [OPEN, OPEN]


def test_slots_that_are_opened_again_are_as_before() -> None:
    made = canvas(MASK, PAIR, MASK, MASK)
    before = masks_of(made)
    assert made.commit({0: TWO, 3: CLOSES}) == {0: TWO, 3: CLOSES}
    assert masks_of(made) != before
    made.unset([0, 3])
    assert masks_of(made) == before
    assert made.tokens.tolist() == [OPEN, PAIR, OPEN, OPEN]


def test_slots_that_were_fixed_can_be_opened_too() -> None:
    made = canvas(OPENS, MASK)
    made.unset(iter([0]))
    assert masks_of(made) == masks_of(canvas(MASK, MASK))
    assert made.commit({0: SQUARE}) == {0: SQUARE}


def test_slots_opened_at_random_leave_what_is_left_of_all_fillings() -> None:
    n_opened = 0
    for seed in range(60):
        rng = random.Random(f"unset {seed}")
        _, grammar = random_case(rng)
        eos = grammar.vocabulary.eos_token_ids[0]
        slots = [slot for slot in random_slots(rng, eos, eos, 5) if not isinstance(slot, Soft)]
        opened = [MASK if isinstance(slot, int) else slot for slot in slots]
        every = list(fillings(grammar, opened, [eos]))
        with cut_at(rng.choice([None, 0, 2])):
            try:
                made = grammar.canvas(slots, [eos])
            except mw.errors.CanvasNotCompletable:
                continue
            for _ in range(3):
                masks = masks_of(made)
                made.commit({slot: rng.choice(sorted(masks[slot])) for slot in made.forced() or masks_open(made)})
                decided = [slot for slot in range(made.n_slots) if not made.is_open[slot]]
                made.unset(rng.sample(decided, rng.randint(0, len(decided))))
                tokens = made.tokens.tolist()
                left = [
                    text
                    for text in every
                    if all(token in {OPEN, other} for token, other in zip(tokens, text, strict=True))
                ]
                check_state(made, left, (grammar.vocabulary.token_bytes, slots, tokens))
                n_opened += len(decided)
    assert n_opened > 200


def masks_open(made: Canvas) -> list[int]:
    return [slot for slot in range(made.n_slots) if made.is_open[slot]]


def test_a_copy_goes_its_own_way() -> None:
    made = canvas(MASK, MASK, MASK, MASK)
    rows = made.allow().copy()
    copy = made.fork()
    assert copy.commit({0: SQUARE, 3: SQUARED}) == {0: SQUARE, 3: SQUARED}
    copy.allow()
    assert (made.allow() == rows).all()
    assert made.tokens.tolist() == [OPEN] * 4
    other = copy.fork()
    copy.unset([0])
    assert other.tokens.tolist() == [SQUARE, OPEN, OPEN, SQUARED]
    assert masks_of(other) == masks_of(canvas(SQUARE, MASK, MASK, SQUARED))
    assert made.commit({0: PAIR}) == {0: PAIR}
    assert copy.tokens.tolist() == [OPEN, OPEN, OPEN, SQUARED]


def test_a_mask_that_was_read_out_is_overwritten_only_by_the_canvas_itself() -> None:
    made, other = canvas(MASK, MASK), canvas(MASK, MASK)
    rows = made.allow()
    other.commit({0: SQUARE})
    other.allow()
    assert (rows == canvas(MASK, MASK).allow()).all()
    assert made.allow() is rows


def test_a_suggestion_may_be_kept_or_changed_to_a_proposal() -> None:
    made = canvas(Soft(OPENS, (SQUARE,)), MASK)
    assert made.tokens.tolist() == [OPENS, OPEN]
    assert masks_of(made) == [{OPENS, SQUARE}, {CLOSES, SQUARED}]
    assert made.commit({0: PAIR}) == {}
    assert made.commit({0: SQUARE}) == {0: SQUARE}
    assert made.tokens.tolist() == [SQUARE, OPEN]
    assert made.forced() == {1: SQUARED}


def test_a_suggestion_without_proposals_may_be_changed_to_anything() -> None:
    made = canvas(Soft(CLOSES), CLOSES)
    assert masks_of(made) == [{OPENS}, {CLOSES}]
    assert made.forced() == {0: OPENS}
    assert made.tokens.tolist() == [CLOSES, CLOSES]


def test_a_suggestion_may_be_the_end() -> None:
    made = canvas(PAIR, Soft(END, (PAIR,)), MASK, ends=True)
    assert masks_of(made) == [{PAIR}, {END, PAIR}, {END, PAIR}]
    assert made.commit({2: PAIR}) == {2: PAIR}
    assert made.forced() == {1: PAIR}


def test_end_tokens_fill_the_rest() -> None:
    made = canvas(OPENS, MASK, MASK, MASK, MASK, ends=True)
    assert masks_of(made)[1:3] == [
        {OPENS, CLOSES, SQUARE, PAIR, TWO, OUT} - {OUT},
        {OPENS, CLOSES, SQUARE, SQUARED, PAIR, OUT, TWO, END},
    ]
    assert made.commit({2: END}) == {2: END}
    assert made.forced() == {1: CLOSES, 3: END, 4: END}
    assert made.complete().tolist() == [OPENS, CLOSES, END, END, END]
    assert canvas(END, MASK, ends=True).forced() == {1: END}


def test_without_end_tokens_all_slots_hold_text() -> None:
    assert masks_of(canvas(PAIR, MASK)) == [{PAIR}, {PAIR}]
    assert masks_of(canvas(PAIR, MASK, ends=True)) == [{PAIR}, {PAIR, END}]


def test_several_end_tokens_mean_the_same() -> None:
    vocabulary = Vocabulary([b"a", b"", b""], eos_token_ids=[1, 2])
    grammar = mw.Compiler(vocabulary).compile_regex("a?")
    made = grammar.canvas([MASK, MASK, MASK], [1, 2])
    assert masks_of(made) == [{0, 1, 2}, {1, 2}, {1, 2}]
    assert made.commit({0: 2, 2: 1}) == {0: 2, 2: 1}
    assert masks_of(grammar.canvas([MASK, MASK], [1])) == [{0, 1}, {1}]


def test_a_token_of_text_may_be_the_end_token_of_a_canvas() -> None:
    """The pad token of a model, say: in this canvas it ends the text, whatever it spells."""
    made = GRAMMAR.canvas([MASK, MASK], [PAIR])
    assert PAIR in masks_of(made)[0] and made.commit({0: PAIR}) == {0: PAIR}
    assert masks_of(made) == [{PAIR}, {PAIR}]


def test_a_complete_canvas_has_only_its_tokens() -> None:
    made = canvas(TWO, OUT)
    assert made.is_complete and masks_of(made) == [{TWO}, {OUT}]
    assert made.complete().tolist() == [TWO, OUT]
    assert made.forced() == {}


def test_a_completion_has_ends_and_blanks_before_tokens_of_small_ids() -> None:
    assert canvas(MASK, MASK, ends=True).complete().tolist() == [END, END]
    assert canvas(Gap.at_most(2)).complete().tolist() == [BLANK, BLANK]
    assert canvas(PAIR, Gap(1, 3)).complete().tolist() == [PAIR, OPENS, OPENS, OUT]
    assert canvas(MASK, MASK).complete().tolist() == [OPENS, CLOSES]


REFUSED: list[tuple[Callable[[Canvas], object], str]] = [
    (lambda made: made.commit({4: PAIR}), "it has no slot 4"),
    (lambda made: made.commit({-1: PAIR}), "it has no slot -1"),
    (lambda made: made.commit({0: PAIR, 1: PAIR}), "slot 1 is decided; unset it first"),
    (lambda made: made.commit({0: PAIR, 2: 8}), "8 for slot 2 is no token id below 8"),
    (lambda made: made.commit({0: OPEN}), "-1 for slot 0 is no token id below 8"),
    (lambda made: made.unset([1, 4]), "it has no slot 4"),
    (lambda made: made.unset([1, -1]), "it has no slot -1"),
]


@pytest.mark.parametrize(("act", "reason"), REFUSED, ids=[f"{k}: {reason}" for k, (_, reason) in enumerate(REFUSED)])
def test_what_a_canvas_cannot_do_is_refused_and_nothing_happens(act: Callable[[Canvas], object], reason: str) -> None:
    made = canvas(MASK, PAIR, MASK, MASK)
    before = (made.tokens.tolist(), masks_of(made))
    with pytest.raises(InvalidCanvas, match=f"^{re.escape(f'The canvas cannot be used: {reason}.')}$"):
        act(made)
    assert (made.tokens.tolist(), masks_of(made)) == before


@pytest.mark.no_jit
def test_choices_are_made_without_machine_code_too() -> None:
    made = canvas(MASK, MASK, Gap.at_most(2), ends=True)
    assert made.commit({0: TWO, 1: SQUARED, 3: BLANK}) == {0: TWO, 3: BLANK}
    assert made.forced() == {1: OUT} or masks_of(made)[1] >= {OUT}


@pytest.mark.parametrize("end", [-1, 8])
def test_end_tokens_are_tokens(end: int) -> None:
    with pytest.raises(InvalidCanvas, match=f"the end token {end} is no token id below 8"):
        GRAMMAR.canvas([MASK], eos_ids=[end])


def test_the_first_token_may_be_the_end_token_of_a_canvas() -> None:
    with pytest.raises(CanvasNotCompletable):
        GRAMMAR.canvas([OPENS, OPENS])
    assert GRAMMAR.canvas([OPENS, OPENS], eos_ids=[OPENS]).tokens.tolist() == [OPENS, OPENS]
