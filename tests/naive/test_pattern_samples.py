"""Samples match their pattern, and reach its parts."""

from __future__ import annotations

import random
import re

import pytest

from tests.naive.pattern_samples import samples

PATTERNS = [
    r"abc|d*e+?f{2,3}",
    r"[a-c]x[^a-z]y.",
    r"\d\D\w\W\s\S[\d_][^\s]",
    r"(?i:ab)(?>c|d)e*+",
    r'".*?(?<!\\)(\\\\)*?"',
    r"(?!if\b)[a-z]+",
    r"^a$|\bb\b",
]


@pytest.mark.parametrize("pattern", PATTERNS)
def test_samples_match(pattern: str) -> None:
    found = samples(pattern, 50, random.Random(1))
    assert found and all(re.fullmatch(pattern, text) for text in found)


def test_a_pattern_that_looks_ahead_at_its_end_is_matched_before_another_character() -> None:
    assert set(samples(r"[ab](?=:)", 50, random.Random(1))) == {"a", "b"}


def test_all_members_of_a_small_language_are_found() -> None:
    assert set(samples("a|[bc]d?", 50, random.Random(1))) == {"a", "b", "c", "bd", "cd"}


def test_both_cases_are_found_where_case_is_ignored() -> None:
    assert set(samples("a", 50, random.Random(1), re.IGNORECASE)) == {"a", "A"}
