"""Random GBNF grammars through the whole machine, against the naive meaning of what was parsed."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from maskwright import Compiler, EmptyLanguage, TokenRejected, Vocabulary, allocate_bitmask, allowed_tokens
from maskwright.grammar.gbnf.front_end import read_gbnf
from maskwright.grammar.notation.lowering import plainly_lowered
from tests.grammar.gbnf.test_front_end import grammars
from tests.naive.recogniser import accepts

TOKENS = [*(bytes([byte]) for byte in range(256)), b"", b"<tok>", b"ab", "é".encode(), b"\xa9a", b"a\xc3"]
COMPILER = Compiler(
    Vocabulary(TOKENS, eos_token_ids=[256], special_token_ids=[257], special_token_names={"<tok>": 257})
)
sources = grammars.map(lambda source: source.replace("[a-b]", "[a-z]"))
texts = st.lists(st.text("abé<", max_size=6), min_size=1, max_size=8)


def check_texts(source: str, candidates: list[str]) -> None:
    plain = plainly_lowered(read_gbnf(source), "root")
    try:
        compiled = COMPILER.compile_gbnf(source)
    except EmptyLanguage:
        assert not any(accepts(plain, text.encode()) for text in candidates)
        return
    for text in candidates:
        matcher = compiled.matcher()
        try:
            matcher.accept_bytes(text.encode())
            is_member = matcher.is_accepting()
        except TokenRejected:
            is_member = False
        assert is_member == accepts(plain, text.encode()), text


def check_masks(source: str, text: str) -> None:
    """Along a text, byte by byte: the mask has exactly the tokens that would be accepted."""
    try:
        matcher = COMPILER.compile_gbnf(source).matcher()
    except EmptyLanguage:
        return
    row = allocate_bitmask(1, len(TOKENS))[0]
    for byte in text.encode():
        matcher.fill_bitmask(row)
        allowed = [token for token in range(len(TOKENS)) if matcher.allows(token)]
        assert np.array_equal(allowed_tokens(row, len(TOKENS)), allowed)
        if byte not in allowed:
            return
        matcher.accept_token(byte)


@settings(max_examples=50)
@given(sources, texts)
def test_the_machine_accepts_what_the_grammar_says(source: str, candidates: list[str]) -> None:
    check_texts(source, candidates)


@settings(max_examples=50)
@given(sources, st.text("abé", max_size=5))
def test_masks_have_exactly_the_tokens_that_are_accepted(source: str, text: str) -> None:
    check_masks(source, text)


@pytest.mark.deep
@given(sources, texts)
def test_the_machine_accepts_what_the_grammar_says_at_length(source: str, candidates: list[str]) -> None:
    check_texts(source, candidates)


@pytest.mark.deep
@given(sources, st.text("abé", max_size=5))
def test_masks_have_exactly_the_tokens_that_are_accepted_at_length(source: str, text: str) -> None:
    check_masks(source, text)
