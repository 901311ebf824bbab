"""Characters in pieces, and shared beginnings."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from maskwright.matching.text_pieces import n_shared, whole_characters


@given(st.text(), st.integers(0, 100))
def test_what_is_whole_is_the_longest_text_of_a_beginning(text: str, cut: int) -> None:
    beginning = text.encode("utf-8", "ignore")[:cut]
    whole = whole_characters(beginning)
    assert whole == beginning.decode("utf-8", "ignore").encode()
    assert beginning.startswith(whole)


@given(st.binary())
def test_bytes_that_are_no_text_are_left_alone(text: bytes) -> None:
    whole = whole_characters(text)
    assert text.startswith(whole)
    assert len(text) - len(whole) <= 3


def test_shared_beginnings() -> None:
    assert n_shared([1, 2, 3], [1, 2, 4]) == 2
    assert n_shared((1, 2), [1, 2, 3]) == 2
    assert n_shared([], [1]) == 0
