"""The fewest tokens that spell a text, against trying all ways."""

from __future__ import annotations

import re
from functools import cache

import pytest
from hypothesis import given
from hypothesis import strategies as st

import maskwright as mw
from maskwright.matching.behaviour.spellings import spellings_of

WORDS = [b"a", b"b", b"ab", b"ba", b"aab", b"bbb", b"abab"]
VOCABULARY = mw.Vocabulary([*WORDS, b"</s>", b"<x>"], eos_token_ids=[7], special_token_ids=[8])


@cache
def fewest(text: bytes) -> int:
    return min(
        (1 + fewest(text[len(word) :]) for word in WORDS if text.startswith(word)), default=0 if not text else 99
    )


@given(st.text("ab", max_size=14).map(str.encode))
def test_no_spelling_has_fewer_tokens(text: bytes) -> None:
    spellings = spellings_of(VOCABULARY)
    tokens = spellings.of(text)
    assert b"".join(WORDS[token] for token in tokens) == text
    assert len(tokens) == spellings.count(text) == fewest(text)
    assert b"".join(WORDS[token] for token in spellings.by_bytes(text)) == text


def test_what_cannot_be_spelled_is_named() -> None:
    with pytest.raises(mw.VocabularyGap) as raised:
        spellings_of(VOCABULARY).of(b"abc")
    assert raised.value.missing == b"c"


def counted(text: str) -> int:
    """The fewest tokens, where characters that no token spells count as one."""
    return sum(1 if piece == "x" else fewest(piece.encode()) for piece in re.split("(x)", text))


@given(st.text("abx", max_size=10), st.integers(0, 8))
def test_of_texts_of_others_as_much_is_counted_as_fits(text: str, most: int) -> None:
    spellings = spellings_of(VOCABULARY)
    assert spellings.fewest(text.encode()) == (counted(text), len(text))
    fits = max(end for end in range(len(text) + 1) if counted(text[:end]) <= most)
    assert spellings.fewest(text.encode(), most) == (counted(text[:fits]), fits)
