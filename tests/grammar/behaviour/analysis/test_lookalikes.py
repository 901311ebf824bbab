"""Look-alikes of openers: found at the beginning of lines only, and only where openers have a shape."""

from __future__ import annotations

import pytest

from maskwright.grammar.behaviour.analysis.lookalikes import lookalike
from maskwright.grammar.behaviour.specification.spec import Spec

BRACKETS = Spec.from_yaml("segments: {a: {open: '[Question] '}, b: {open: '\\n[Final Thought] '}}\nflow: a b")
WORDS = Spec.from_yaml("segments: {a: {open: 'Question'}, b: {open: 'Thought'}}\nflow: a b")
TAGS = Spec.from_yaml("segments: {a: {open: '<a>', close: '</a>'}, b: {open: '<b>'}}\nflow: a b")


@pytest.mark.parametrize(
    ("spec", "text", "found"),
    [
        (BRACKETS, "why?\n[Plan] so\n[Action] x", "[Plan]"),
        (BRACKETS, "why?\n  [Action Input] so", "[Action Input]"),
        (BRACKETS, "could not find [Beautiful]", None),
        (WORDS, "Plan\nis a word", None),
        (TAGS, "x\n<plan>", "<plan>"),
    ],
)
def test_look_alikes(spec: Spec, text: str, found: str | None) -> None:
    assert lookalike(spec, text) == found
