"""Delimiters and brackets of a vocabulary."""

from __future__ import annotations

from maskwright.matching.vocabulary import Vocabulary
from maskwright.sampling.infilling.schedulers import delimiters_of

TOKENS = [b"a", b",", b"},", b", ", b";\n", b"\n  ", b" ", b"", b",a", b"[[", b"(a)", b"}", b"</s>", b"<pad>,"]
VOCABULARY = Vocabulary(TOKENS, eos_token_ids=[12], special_token_ids=[13], size=16)


def test_tokens_that_end_with_a_delimiter_are_found_blanks_aside() -> None:
    assert delimiters_of(VOCABULARY).token_ids == {1, 2, 3, 4, 5, 12}


def test_other_endings_may_be_given() -> None:
    assert delimiters_of(VOCABULARY, endings=b"}").token_ids == {11, 12}


def test_brackets_are_counted_for_each_token() -> None:
    assert delimiters_of(VOCABULARY).depth_changes == {2: -1, 9: 2, 11: -1}
