"""Tokens that a tag names and the vocabulary does not have, or that may not stand there: what is said, and where."""

from __future__ import annotations

from typing import Any

import pytest

from maskwright.errors import InvalidStructuralTag
from maskwright.matching.compiler import Compiler
from tests.grammar.structural_tags.reading import ANY_TEXT, CALL, END, SPECIAL, sequence, tag

NO_NAME = "the vocabulary has no special token '<nope>'"
NO_ID = "token 259 lies outside the vocabulary of 259 ids"
ENDS = "the token 256 ends the text, so nothing in a tag may name it"
NONE_LEFT = "no token of the vocabulary is left besides the excluded ones"
ALL = [*range(256), CALL, END]


def token(which: int | str) -> dict[str, Any]:
    return {"type": "token", "token": which}


FAULTS: list[tuple[dict[str, Any], str, str]] = [
    (sequence(ANY_TEXT, token("<nope>")), "/elements/1/token", NO_NAME),
    (token(259), "/token", NO_ID),
    (token(256), "/token", ENDS),
    (tag("a", ANY_TEXT, token(256)), "/end/token", ENDS),
    (tag(token("<nope>"), ANY_TEXT, "a"), "/begin/token", NO_NAME),
    ({"type": "exclude_token", "exclude_tokens": [1, "<nope>"]}, "/exclude_tokens/1", NO_NAME),
    ({"type": "exclude_token", "exclude_tokens": ALL}, "/exclude_tokens", NONE_LEFT),
    (tag("a", {"type": "any_tokens", "exclude_tokens": ALL[1:]}, token(0)), "/content/exclude_tokens", NONE_LEFT),
    ({"type": "token_dispatch", "rules": [[CALL, ANY_TEXT], [259, ANY_TEXT]]}, "/rules/1/0", NO_ID),
    ({"type": "token_dispatch", "rules": [[CALL, ANY_TEXT]], "exclude_tokens": [*range(256), END]}, "", NONE_LEFT),
    (
        {"type": "token_triggered_tags", "trigger_tokens": [256], "tags": [tag(token(256), ANY_TEXT, "a")]},
        "/trigger_tokens/0",
        ENDS,
    ),
]


@pytest.mark.parametrize(("given", "pointer", "message"), FAULTS)
def test_a_token_that_cannot_stand_there_is_a_fault_of_the_tag_at_its_place(
    given: dict[str, Any], pointer: str, message: str
) -> None:
    with pytest.raises(InvalidStructuralTag) as caught:
        Compiler(SPECIAL).compile_structural_tag({"format": given})
    assert caught.value == InvalidStructuralTag(f"/format{pointer}", message)


def test_tokens_that_end_the_text_may_be_excluded() -> None:
    Compiler(SPECIAL).compile_structural_tag({"format": {"type": "exclude_token", "exclude_tokens": [256]}})
