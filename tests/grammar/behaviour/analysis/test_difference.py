"""Differences between two specifications: in their parts, and in the traces that they accept."""

from __future__ import annotations

from maskwright.grammar.behaviour.analysis.difference import diff
from maskwright.grammar.behaviour.specification.spec import Spec

SEGMENTS = "segments: {a: {open: A}, b: {open: B, text: {regex: '[a-z]{1,9}'}}, c: {open: C}}\n"


def spec(flow: str, *rules: str, segments: str = SEGMENTS) -> Spec:
    listed = "".join(f"\n  - {rule}" for rule in rules)
    return Spec.from_yaml(f"{segments}flow: {flow}" + (f"\nrules:{listed}" if rules else ""))


def test_a_specification_is_the_same_as_itself() -> None:
    one = spec("a (b | c)*", "{followed_by: {when: a, then: b}}")
    found = diff(one, one)
    assert found.is_same
    assert found.is_proved
    assert str(found) == "the same traces"


def test_the_same_traces_said_in_another_way() -> None:
    found = diff(spec("a b* c", "{at_most: {n: 2, of: b}}"), spec("a b{0,2} c"))
    assert found.is_same


def test_the_shortest_trace_of_one_that_the_other_refuses() -> None:
    found = diff(spec("a b* c", "{at_most: {n: 2, of: b}}"), spec("a b+ c"))
    assert found.only_old == "a / c"
    assert found.only_new == "a / b / b / b / c"
    assert str(found) == "only old: a / c\nonly new: a / b / b / b / c"


def test_a_rule_about_texts_that_is_new() -> None:
    found = diff(spec("a b"), spec("a b", "{never: 'b == \"no\"'}"))
    assert found.only_old == 'a / b & b.equals("no")'
    assert found.only_new is None


def test_parts_that_differ() -> None:
    other = "segments: {a: {open: A, close: Z}, b: {open: B, text: {regex: '[a-y]{1,9}'}}, d: {open: D}}\n"
    found = diff(spec("a b c"), spec("a b d", segments=other))
    assert found.parts == (
        "segment 'c' is only in the old one",
        "segment 'd' is only in the new one",
        "segment 'a': the closer was '', now 'Z'",
        "segment 'b': only the old one has the text 'z'",
    )
    assert (found.only_old, found.only_new) == ("a / b / c", "a / b / d")


def test_texts_are_compared_with_their_lengths() -> None:
    old = "segments: {a: {max_chars: 10, text: {regex: 'x*'}}}\n"
    new = "segments: {a: {max_chars: 9, text: {regex: 'x+|'}}}\n"
    found = diff(spec("a", segments=old), spec("a", segments=new))
    assert found.parts == ("segment 'a': only the old one has the text 'xxxxxxxxxx'",)
    assert not found.is_same


def test_rules_about_values_are_compared_and_nothing_is_claimed_to_be_proved() -> None:
    old = spec("(b | c)*", "{only_after: {do: 'c == $x', need: 'b == $x'}}")
    new = spec("(b | c)*", "{only_after: {do: 'c == $x', need: 'b == $x', each: true}}")
    found = diff(old, new)
    assert found.only_old == "b / c / c"
    assert found.only_new is None
    again = diff(old, old)
    assert again.is_same
    assert not again.is_proved
