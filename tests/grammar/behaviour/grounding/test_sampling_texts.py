"""Texts by chance: members with a length in the range, whatever the range, and not always the same."""

from __future__ import annotations

import numpy as np
import pytest

from maskwright.grammar.behaviour.grounding.sampling_texts import MAX_SURPLUS, sampled
from maskwright.grammar.characters import ANY_TEXT, match_language, words


@pytest.mark.parametrize(
    ("pattern", "minimum", "maximum", "least"),
    [
        ("[a-z]*", 0, None, 0),
        ("(ab)*", 3, None, 4),
        ("(ab)*c", 3, 4, 3),
        ("[^\\n]*", 700, 2000, 700),
        ("[^\\n]*", 0, 100_000, 0),
        ("a{5}|b{9}", 6, None, 9),
    ],
)
def test_texts_are_members_with_a_length_in_the_range(
    pattern: str, minimum: int, maximum: int | None, least: int
) -> None:
    language = match_language(pattern)
    rng = np.random.default_rng(2)
    for _ in range(30):
        text = sampled(language, minimum, maximum, rng)
        assert language.accepts(text)
        assert minimum <= len(text)
        assert maximum is None or len(text) <= maximum
        assert least <= len(text) <= least + MAX_SURPLUS


def test_all_lengths_and_all_words_come() -> None:
    rng = np.random.default_rng(2)
    few = words(["a", "bc", "bd", "efg"])
    assert {sampled(few, 0, None, rng) for _ in range(200)} == {"a", "bc", "bd", "efg"}
    assert {len(sampled(ANY_TEXT, 0, 3, rng)) for _ in range(200)} == {0, 1, 2, 3}
