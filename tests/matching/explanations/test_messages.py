"""Whole messages for tokens and texts, from the files beside this one: what was refused, what was expected, where."""

from __future__ import annotations

from functools import cache
from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.matching.explanations.reading import Cases

FILES = sorted(Path(__file__).parent.glob("*.yaml"))
GROUPS = [(path.stem, number, group) for path in FILES for number, group in enumerate(yaml.safe_load(path.read_text()))]
TOKENS = [(name, number, case) for name, number, group in GROUPS for case in group["cases"] if "token" in case]
TEXTS = [(name, number, case) for name, number, group in GROUPS for case in group["cases"] if "text" in case]


def test_there_are_enough_cases_of_every_kind() -> None:
    assert len(TOKENS) >= 50
    assert len(TEXTS) >= 15
    kinds = {kind for _, _, group in GROUPS for kind in group["grammar"]}
    assert kinds >= {"json_schema", "regex", "gbnf", "ebnf", "lark", "behaviour", "tools", "structural_tag", "parts"}


@cache
def cases_of(name: str, number: int) -> Cases:
    group = next(group for stem, place, group in GROUPS if (stem, place) == (name, number))
    return Cases(group["grammar"], group["cases"])


@pytest.mark.parametrize(
    ("name", "number", "case"),
    TOKENS,
    ids=[f"{name}-{case['after']!r:.40}-{case['token']!r:.20}" for name, _, case in TOKENS],
)
def test_a_token_is_explained_in_these_words(name: str, number: int, case: dict[str, Any]) -> None:
    cases = cases_of(name, number)
    assert cases.says(case) == case["says"]


@pytest.mark.parametrize(("name", "number", "case"), TOKENS[::7], ids=range(len(TOKENS[::7])))
def test_explaining_a_token_agrees_with_the_matcher_and_changes_nothing(
    name: str, number: int, case: dict[str, Any]
) -> None:
    cases = cases_of(name, number)
    reached = cases.reached(case)
    for token in range(cases.vocabulary.size):
        assert reached.explain(token).is_allowed == reached.allows(token), token


@pytest.mark.parametrize(
    ("name", "number", "case"), TEXTS, ids=[f"{name}-{case['text']!r:.40}" for name, _, case in TEXTS]
)
def test_a_text_is_explained_in_these_words(name: str, number: int, case: dict[str, Any]) -> None:
    assert cases_of(name, number).told(case["text"]) == case["says"]
