"""A text that arrives in pieces is read as the whole text is."""

from __future__ import annotations

from itertools import pairwise

from hypothesis import given
from hypothesis import strategies as st

from maskwright.grammar.function_calls.source import Source, Waiting

MARKS = ("<ab>", "<b", "aa!")


def read(pieces: list[str], reading: Waiting[object], source: Source) -> object:
    """What a reader returns when the text arrives in these pieces."""
    try:
        next(reading)
        for piece in pieces:
            source.text += piece
            next(reading)
        source.is_complete = True
        next(reading)
    except StopIteration as found:
        return found.value
    raise AssertionError("the reader waits though the text is complete")


@given(st.text("<ab>! ", max_size=12), st.lists(st.integers(0, 12), max_size=4))
def test_text_goes_up_to_the_first_mark_however_it_is_cut(text: str, cuts: list[int]) -> None:
    places = sorted({0, len(text), *(cut for cut in cuts if cut < len(text))})
    pieces = [text[begin:end] for begin, end in pairwise(places)]
    source = Source()
    taken: list[str] = []
    mark = read(pieces, source.until(MARKS, taken.append), source)
    first = min((text.find(mark) for mark in MARKS if mark in text), default=len(text))
    assert "".join(taken) == text[:first]
    assert mark == next((one for one in MARKS if text.startswith(one, first)), "")


def test_what_cannot_begin_a_mark_is_told_at_once() -> None:
    source = Source()
    taken: list[str] = []
    reading = source.until(["<call>"], taken.append)
    source.text = "a <b <ca"
    next(reading)
    assert taken == ["a <b "]
    source.text += "t"
    next(reading)
    assert taken == ["a <b ", "<cat"]


def test_a_fixed_text_may_have_other_blanks() -> None:
    for text in ("{ \n'n' :", "{'n':", "{ 'n':"):
        source = Source()
        assert read([text], source.takes_loosely("{ 'n' :"), source) is True
        assert source.is_at_end
    source = Source()
    assert read(["{ 'm'"], source.takes_loosely("{ 'n'"), source) is False
    assert source.at == 0
