"""Texts with gaps: what is written, what is meant, and where a mistake is."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from maskwright.integrations.command_line.gap_text import parsed
from maskwright.integrations.command_line.messages import UserMistakeError
from maskwright.matching.infilling.slots import Gap

HOW = "write ⟦8⟧, ⟦<=8⟧, ⟦2..8⟧ or ⟦*⟧ for a gap, and ⟦⟦ for the character ⟦ itself."


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("", []),
        ("plain", ["plain"]),
        ("⟦8⟧", [Gap.exactly(8)]),
        ("⟦<=8⟧", [Gap.at_most(8)]),
        ("⟦2..8⟧", [Gap(2, 8)]),
        ("⟦*⟧", [Gap.any()]),
        ("a ⟦8⟧ b⟦ * ⟧c", ["a ", Gap.exactly(8), " b", Gap.any(), "c"]),
        ("⟦0⟧⟦<= 3⟧", [Gap.exactly(0), Gap.at_most(3)]),
        ("⟦⟦8⟧", ["⟦8⟧"]),
        ("a⟧⟦⟦⟦1⟧", ["a⟧⟦", Gap.exactly(1)]),
        ("⟦ 1 .. 2 ⟧\n", [Gap(1, 2), "\n"]),
    ],
)
def test_texts_and_gaps_come_out_in_order(text: str, expected: list[str | Gap]) -> None:
    assert parsed(text) == expected


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("ab ⟦8", f"--text, column 4: this gap is not closed: {HOW}"),
        ("⟦8 ⟦2⟧", f"--text, column 1: this gap is not closed: {HOW}"),
        ("a⟦x⟧", f"--text, column 2: ⟦x⟧ is no gap: {HOW}"),
        ("a⟦⟧", f"--text, column 2: ⟦⟧ is no gap: {HOW}"),
        ("⟦1⟧⟦-1⟧", f"--text, column 4: ⟦-1⟧ is no gap: {HOW}"),
        ("⟦12345678⟧", f"--text, column 1: ⟦12345678⟧ is no gap: {HOW}"),
        (
            "one\ntwo ⟦8..2⟧",
            "--text, line 2, column 5: no number of tokens lies between 8 and 2: write ⟦2..8⟧.",
        ),
    ],
)
def test_a_mistake_is_told_with_its_place(text: str, message: str) -> None:
    with pytest.raises(UserMistakeError) as caught:
        parsed(text)
    assert str(caught.value) == message


@given(st.lists(st.text("ab⟦⟧ \n", min_size=1) | st.builds(Gap, st.integers(0, 3), st.integers(3, 9)), max_size=6))
def test_what_is_written_reads_back(pieces: list[str | Gap]) -> None:
    written = "".join(
        piece.replace("⟦", "⟦⟦") if isinstance(piece, str) else f"⟦{piece.minimum}..{piece.maximum}⟧"
        for piece in pieces
    )
    merged: list[str | Gap] = []
    for piece in pieces:
        if isinstance(piece, str) and merged and isinstance(merged[-1], str):
            merged[-1] += piece
        else:
            merged.append(piece)
    assert parsed(written) == merged
