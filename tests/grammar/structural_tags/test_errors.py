"""What is wrong with a tag, word by word, and where."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from maskwright.errors import (
    InvalidStructuralTag,
    LimitExceeded,
    MaskwrightError,
    SpecificationError,
    UnsupportedStructuralTag,
)
from maskwright.grammar.structural_tags import structural_tag_grammar
from maskwright.matching.compiler import Compiler
from tests.grammar.structural_tags.reading import SPECIAL, const

CASES = json.loads((Path(__file__).parents[3] / "schemas" / "structural_tags" / "errors.json").read_text("utf-8"))


@pytest.mark.parametrize("case", CASES, ids=lambda case: case["name"])
def test_the_error_says_what_and_where(case: dict[str, Any]) -> None:
    with pytest.raises(MaskwrightError) as caught:
        structural_tag_grammar(case["tag"])
    assert str(caught.value) == case["error"]


def test_there_are_errors_of_all_kinds() -> None:
    assert len(CASES) >= 40
    begun = [case["error"] for case in CASES]
    for beginning in ("The structural tag is wrong", "The structural tag cannot be enforced", "No text can satisfy"):
        assert any(error.startswith(beginning) for error in begun)


def test_formats_in_one_another_are_bounded() -> None:
    value = const("a")
    for _ in range(100):
        value = {"type": "star", "content": value}
    with pytest.raises(MaskwrightError) as caught:
        structural_tag_grammar({"format": value})
    assert str(caught.value) == (
        f"nesting of formats in a structural tag at '/format{'/content' * 64}' needs 65, more than the 64 allowed: "
        "simplify that part or raise the limit."
    )


def test_a_deeply_nested_text_is_no_crash() -> None:
    with pytest.raises(MaskwrightError) as caught:
        structural_tag_grammar('{"format":' * 100_000)
    assert str(caught.value) == (
        "Nesting of the text of a structural tag needs 1001, more than the 1000 allowed: simplify that part or raise "
        "the limit."
    )


@pytest.mark.parametrize("value", [10**5000, -(10**5000)], ids=["large", "small"])
def test_an_integer_that_python_cannot_write_is_a_fault_like_any_other(value: int) -> None:
    for given, field in (
        ({"type": "repeat", "min": value, "max": 1, "content": const("a")}, "min"),
        ({"type": "any_text", "max_chars": value}, "max_chars"),
        ({"type": "token", "token": value}, "token"),
        ({"type": value}, "type"),
    ):
        with pytest.raises(InvalidStructuralTag) as caught:
            structural_tag_grammar({"format": given})
        assert caught.value.pointer == f"/format/{field}"
        assert len(str(caught.value)) < 600


def test_a_tag_of_1500_levels_is_no_crash_when_the_cache_looks_for_it() -> None:
    value = const("a")
    for _ in range(1500):
        value = {"type": "star", "content": value}
    with pytest.raises(LimitExceeded):
        Compiler(SPECIAL).compile_structural_tag({"format": value})


def test_a_field_whose_name_is_no_string_is_a_fault() -> None:
    named: dict[Any, Any] = {"type": "const_string", "value": "a", 10**5000: 1}
    with pytest.raises(InvalidStructuralTag) as caught:
        structural_tag_grammar({"format": named})
    assert str(caught.value) == (
        "The structural tag is wrong at '/format': the name of a field must be a string, not a number."
    )


def test_errors_of_both_kinds_are_faults_of_the_specification() -> None:
    for kind in (InvalidStructuralTag, UnsupportedStructuralTag):
        assert issubclass(kind, SpecificationError)
        assert kind("/a", "b") == kind("/a", "b") != kind("/a", "c")
