"""Where blocks end, and that proposals stay inside them."""

from __future__ import annotations

import numpy as np
import pytest

from maskwright.errors import InvalidOption
from maskwright.matching.infilling.slots import OPEN
from maskwright.sampling.infilling.schedulers import AdaBlock, Delimiters, StepView
from maskwright.sampling.infilling.schedulers.ada_block import Block
from tests.sampling.infilling.schedulers.toys import chosen, sure, view

COMMA, NEWLINE, TEXT, OPENING, CLOSING = 0, 1, 2, 3, 4
DELIMITERS = Delimiters(frozenset({COMMA, NEWLINE}), {OPENING: 1, CLOSING: -1})
WIDE = AdaBlock(DELIMITERS, window_share=1.0, block_length=3)


def row(confidence: float, token: int = TEXT) -> list[float]:
    return sure(confidence, token, width=6)


def test_the_most_confident_delimiter_of_the_window_ends_the_block() -> None:
    seen = view([row(0.9), row(0.5, COMMA), row(0.9), row(0.8, NEWLINE), row(0.9)])
    assert WIDE.next_block(seen) == Block(0, 4)


def test_a_delimiter_below_the_threshold_ends_nothing() -> None:
    # 0.4 for the comma, and the newline has its share of the rest: 0.15.
    seen = view([row(0.9), row(0.9), row(0.9), row(0.9), row(0.4, COMMA)])
    assert WIDE.next_block(seen) == Block(0, 5)
    doubtful = AdaBlock(DELIMITERS, 0.6, window_share=1.0, block_length=3)
    assert doubtful.next_block(seen) == Block(0, 3)


def test_delimiters_count_together() -> None:
    # The comma alone has 0.25, comma and newline 0.5.
    together = view([row(0.9)] * 4 + [[0.25, 0.25, 0.2, 0.2, 0.1, 0.0]])
    assert AdaBlock(DELIMITERS, 0.45, window_share=1.0, block_length=3).next_block(together) == Block(0, 5)


def test_a_slot_whose_best_choice_is_no_delimiter_ends_nothing() -> None:
    seen = view([row(0.9), row(0.9), row(0.9), row(0.9), [0.3, 0.3, 0.4, 0.0, 0.0, 0.0]])
    assert WIDE.next_block(seen) == Block(0, 3)


def test_a_slot_that_can_hold_delimiters_only_ends_the_block_for_certain() -> None:
    seen = view([row(0.9), [0.5, 0.5, 0.0, 0.0, 0.0, 0.0], row(0.9), row(0.95, COMMA)])
    assert WIDE.next_block(seen) == Block(0, 2)


def test_a_decided_delimiter_ends_the_block() -> None:
    assert WIDE.next_block(view([row(0.9), row(0.9, COMMA), row(0.9), NEWLINE, row(0.9)])) == Block(0, 4)


def test_fewer_open_brackets_come_before_confidence() -> None:
    table = [row(0.9, OPENING), row(0.9, COMMA), row(0.9), row(0.9, CLOSING), row(0.5, COMMA), row(0.9)]
    assert WIDE.next_block(view(table)) == Block(0, 5)
    flat = AdaBlock(Delimiters(DELIMITERS.token_ids), window_share=1.0)
    assert flat.next_block(view(table)) == Block(0, 2)


def test_without_a_delimiter_the_block_has_its_length_or_what_is_left() -> None:
    seen = view([1, row(0.9), row(0.9), row(0.9), row(0.9)])
    assert AdaBlock(block_length=3).next_block(seen) == Block(1, 4)
    assert AdaBlock().next_block(seen) == Block(1, 5)


def test_the_window_is_a_share_of_the_canvas_from_the_first_open_slot() -> None:
    table = [TEXT, TEXT, row(0.9), row(0.9), row(0.9, COMMA), row(0.9), row(0.9), row(0.9)]
    assert AdaBlock(DELIMITERS, window_share=0.25, block_length=5).next_block(view(table)) == Block(2, 7)
    assert AdaBlock(DELIMITERS, window_share=0.375, block_length=5).next_block(view(table)) == Block(2, 5)


def test_only_slots_of_the_current_block_are_proposed() -> None:
    seen = view([row(0.7), row(0.92), row(0.99), row(0.99)])
    proposal, block = AdaBlock(block_length=2).step(seen, AdaBlock().init(4))
    assert chosen(proposal) == {1: TEXT}
    assert block == Block(0, 2)


def test_a_block_is_kept_until_none_of_its_slots_is_open() -> None:
    two = AdaBlock(block_length=2)
    state = two.init(4)
    proposal, state = two.step(view([row(0.7), TEXT, row(0.99), row(0.99)]), Block(0, 2))
    assert chosen(proposal) == {0: TEXT}
    proposal, state = two.step(view([TEXT, TEXT, row(0.99), row(0.5)]), state)
    assert chosen(proposal) == {2: TEXT}
    assert state == Block(2, 4)


def test_a_delimiter_seen_later_does_not_move_the_end_of_a_block() -> None:
    _, block = WIDE.step(view([row(0.9), row(0.9, COMMA), row(0.9), row(0.9)]), WIDE.init(4))
    assert block == Block(0, 2)
    _, block = WIDE.step(view([row(0.9), row(0.9), row(0.9), row(0.99, COMMA)]), block)
    assert block == Block(0, 2)


def test_blocks_go_from_left_to_right_to_the_end_of_the_canvas() -> None:
    tokens, state = np.full(10, OPEN), WIDE.init(10)
    rng = np.random.default_rng(3)
    starts = []
    while (tokens == OPEN).any():
        logits = rng.normal(size=(10, 6))
        rows = logits - np.logaddexp.reduce(logits, axis=1, keepdims=True)
        proposal, state = WIDE.step(StepView(len(starts), 10, tokens.copy(), rows, np.zeros(10, np.bool_)), state)
        assert ((proposal.slots >= state.start) & (proposal.slots < state.end)).all()
        assert (tokens[: state.start] != OPEN).all()
        starts.append(state.start)
        tokens[proposal.slots] = 0
    assert starts == sorted(starts)


@pytest.mark.parametrize(
    "options", [{"threshold": 2.0}, {"delimiter_confidence": -1.0}, {"window_share": 3.0}, {"block_length": 0}], ids=str
)
def test_options_that_mean_nothing_are_refused(options: dict) -> None:
    with pytest.raises(InvalidOption):
        AdaBlock(**options)
