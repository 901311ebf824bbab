"""Texts without others, and up to the first of others, against their definition on all short texts."""

from __future__ import annotations

from itertools import product

import pytest

from maskwright.errors import LimitExceeded
from maskwright.grammar.text_search import text_until, text_without

SEARCHED = [["aba"], ["ab", "b"], ["aab", "ab", "c"], ["a"], ["ab", "abc"], []]
TEXTS = ["".join(letters) for n in range(6) for letters in product("abcd", repeat=n)]


@pytest.mark.parametrize("searched", SEARCHED)
def test_a_text_without_others_contains_none(searched: list[str]) -> None:
    language = text_without(searched)
    for text in TEXTS:
        assert language.accepts(text) == (not any(one in text for one in searched)), text


@pytest.mark.parametrize("searched", SEARCHED)
def test_a_text_up_to_one_ends_where_the_first_of_all_occurs(searched: list[str]) -> None:
    for end in searched:
        language = text_until([end], [other for other in searched if other != end])
        for text in TEXTS:
            is_first = text.endswith(end) and not any(one in text[:-1] for one in searched)
            assert language.accepts(text) == is_first, (end, text)


def test_any_of_several_ends_counts() -> None:
    language = text_until(["x", "yz"])
    assert language.accepts("aayz")
    assert language.accepts("ax")
    assert not language.accepts("axyz")


def test_texts_to_search_for_are_limited() -> None:
    with pytest.raises(LimitExceeded, match="The texts to search for"):
        text_without(["a" * 20_001])
