"""Specifications for the tests of grounding, and the texts of a grammar by the real matcher."""

from __future__ import annotations

from typing import Any

from maskwright.grammar.behaviour.grounding.bodies import Bodies
from maskwright.grammar.behaviour.specification.spec import Segment, Spec, Text
from maskwright.grammar.ir import Grammar
from tests.grammar.single_bytes import verdict

ANY_FLOW: Any = None
"""Grounding does not look at the flow."""


def spec_of(*segments: Segment) -> Spec:
    return Spec("test", segments, ANY_FLOW)


def one_segment(text: Text, **more: Any) -> Spec:
    """A segment `a` of that text, and another one `b` whose delimiters it must not contain."""
    return spec_of(Segment("a", "<a>", "</a>", text=text, **more), Segment("b", "<b>"))


def accepts(grammar: Grammar, text: str) -> bool:
    """Is the text a member, by the engine?"""
    return verdict(grammar, text) == "member"


def letters_agree(bodies: Bodies, segment: str, texts: list[str]) -> None:
    """`letter_of` and the grammars of single letters, of all, and of all but one are of one mind about texts."""
    numbers = bodies.letters_of(segment)
    everything = bodies.grammar(segment, numbers)
    assert everything is not None
    single = {number: bodies.grammar(segment, [number]) for number in numbers}
    for text in texts:
        found = bodies.letter_of(segment, text)
        assert accepts(everything, text) == (found is not None), text
        for number in numbers:
            grammar = single[number]
            assert grammar is not None, "every letter has a text"
            assert accepts(grammar, text) == (found == number), (text, str(bodies.letters[number]))
