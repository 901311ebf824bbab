"""Automata put together from automata, against the patterns that say the same."""

from __future__ import annotations

import itertools

import pytest
from hypothesis import given
from hypothesis import strategies as st

from maskwright.errors import LimitExceeded
from maskwright.grammar.characters import ANY_TEXT, match_language, words
from maskwright.grammar.characters.subsets import Joined, common_alphabet, concatenated, repeated, subset_table

PATTERNS = ["a|bc", "c*b", "", "[ab]{2}", "a*", "x|[^a-y]", "é?b"]
patterns = st.sampled_from(PATTERNS)


@given(st.lists(patterns, max_size=3))
def test_sequences_of_languages_are_sequences_of_patterns(parts: list[str]) -> None:
    assert concatenated(map(match_language, parts)) == match_language("".join(f"(?:{part})" for part in parts))


@given(patterns, st.integers(0, 3), st.one_of(st.none(), st.integers(0, 3)))
def test_repetition_of_a_language_is_that_of_its_pattern(pattern: str, minimum: int, more: int | None) -> None:
    maximum = None if more is None else minimum + more
    counts = f"{{{minimum},{'' if maximum is None else maximum}}}"
    assert repeated(match_language(pattern), minimum, maximum) == match_language(f"(?:{pattern}){counts}")


def test_a_graph_has_the_texts_of_all_its_ways() -> None:
    joined = Joined()
    start, middle, end = joined.state(), joined.state(), joined.state()
    joined.insert(start, words(["a", "ab"]), middle)
    joined.insert(middle, words(["b", "c"]), start)
    joined.arrow(middle, end)
    assert joined.language(start, end) == match_language("(?:(?:a|ab)(?:b|c))*(?:a|ab)")
    assert joined.language(end, start).is_empty


def test_a_common_alphabet_tells_apart_what_any_of_its_parts_does() -> None:
    languages = [match_language("[a-m]"), match_language("[h-z]"), ANY_TEXT]
    alphabet = common_alphabet([language.alphabet.intervals for language in languages])
    seen = set()
    for classes in alphabet.classes_of:
        seen.add(classes)
        assert any(own >= 0 for own in classes)
    assert len(seen) == 4  # a-g, h-m, n-z, others


def test_a_construction_that_explodes_is_an_error() -> None:
    def step(thread: int, cls: int) -> tuple[int, ...]:
        return (0, 1) if thread == 0 and cls else (thread + 1,) if 0 < thread < 25 else (0,) if thread == 0 else ()

    with pytest.raises(LimitExceeded, match="A test"):
        subset_table([0], 2, step, "A test")


def test_members_of_a_sequence_are_concatenations() -> None:
    one, other = words(["a", "ab"]), words(["", "b", "bc"])
    expected = {x + y for x, y in itertools.product(["a", "ab"], ["", "b", "bc"])}
    assert set(concatenated([one, other]).members(100) or ()) == expected
