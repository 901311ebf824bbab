"""Grammars that lark would compile for ever, or nearly so, are refused before it is asked to."""

from __future__ import annotations

import pytest
from hypothesis import given, reject
from hypothesis import strategies as st
from lark.exceptions import GrammarError

from maskwright.errors import LimitExceeded
from maskwright.grammar.lark import growth
from maskwright.grammar.lark.source import read_source
from tests.naive.lark_itself import ShippedGrammar, shipped_grammars

CALLS_ITSELF = "use a template that does not call itself with new arguments."
IS_WRITTEN_OUT = "give its parts rules of their own, so that not every combination is written out."
DOUBLED = "start: t0{A}\n" + "".join(f"t{n}{{x}}: t{n + 1}{{u{{x, x}}}}\n" for n in range(40))


@pytest.mark.parametrize(
    ("text", "message"),
    [
        (
            't{x}: t{u{x}}\nstart: t{"a"}\nu{x}: x x',
            f"Rules made of templates at 't' needs 2001, more than the 2000 allowed: {CALLS_ITSELF}",
        ),
        (
            "start: t{A, B}\nt{x, y}: t{y, u{x, y}}\nu{x, y}: x | y\nA: /a/\nB: /b/",
            f"The arguments of a template at 't' needs 20901, more than the 20000 allowed: {CALLS_ITSELF}",
        ),
        (
            DOUBLED + "t40{x}: x\nu{x, y}: x y\nA: /a/",
            f"The arguments of a template at 'u' needs 20476, more than the 20000 allowed: {CALLS_ITSELF}",
        ),
        (
            "start: h{t}\nh{x}: x{A}\nt{x}: t{u{x}}\nu{x}: x\nA: /a/",
            f"Rules made of templates at 'u' needs 2001, more than the 2000 allowed: {CALLS_ITSELF}",
        ),
        (
            'start: "x"\nunused: t{"a"}\nt{x}: t{u{x}}\nu{x}: x x',
            f"Rules made of templates at 't' needs 2001, more than the 2000 allowed: {CALLS_ITSELF}",
        ),
        (
            "start: " + " ".join(f'"{letter}"?' for letter in "abcdefghijklmnopqrstuvwxyz"),
            f"The alternatives of a rule at 'start' needs 65536, more than the 50000 allowed: {IS_WRITTEN_OUT}",
        ),
        (
            'start: ("a" | "b")~3..40',
            f"The alternatives of a rule at 'start' needs 65528, more than the 50000 allowed: {IS_WRITTEN_OUT}",
        ),
        (
            'start: [' + " | ".join(f'"{n}"' for n in range(10)) + "]~60",
            f"The alternatives of a rule at 'start' needs 161051, more than the 50000 allowed: {IS_WRITTEN_OUT}",
        ),
    ],
    ids=["grows", "grows twice", "doubles", "by a parameter", "unused", "optional", "counted", "counted in parts"],
)  # fmt: skip
def test_what_lark_would_not_finish_is_refused(text: str, message: str) -> None:
    with pytest.raises(LimitExceeded) as caught:
        read_source(text)
    assert str(caught.value) == message


@pytest.mark.parametrize("grammar", shipped_grammars(), ids=lambda grammar: grammar.name)
def test_real_grammars_are_far_from_the_limits(grammar: ShippedGrammar, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(growth, "MAX_INSTANCES", 50)
    monkeypatch.setattr(growth, "MAX_NAME_LENGTH", 200)
    monkeypatch.setattr(growth, "MAX_ALTERNATIVES", 1_000)
    read_source(grammar.text)


def test_a_template_that_comes_back_to_its_arguments_is_read() -> None:
    text = 'start: t{"a", "b"}\nt{x, y}: x t{y, x} | y'
    _, rules, _ = read_source(text).grammar.compile(["start"], set())
    assert {str(rule.origin.name) for rule in rules} == {"start", "t{A,B}", "t{B,A}"}


PARTS = st.recursive(
    st.sampled_from("ABCDEFG"),
    lambda parts: st.one_of(
        st.lists(parts, min_size=2, max_size=3).map(lambda found: f"({' | '.join(found)})"),
        st.lists(parts, min_size=2, max_size=3).map(lambda found: f"({' '.join(found)})"),
        st.tuples(parts, st.sampled_from(["?", "*", "+", "~2", "~1..3"])).map(lambda found: f"({found[0]}){found[1]}"),
        parts.map(lambda part: f"[{part}]"),
    ),
    max_leaves=6,
)


@given(PARTS)
def test_a_rule_has_no_more_alternatives_than_counted(part: str) -> None:
    text = f"start: {part} X\nX: /x/\n" + "".join(f"{name}: /{name}/\n" for name in "ABCDEFG")
    source = read_source(text)
    counted = growth.alternatives("start", source.grammar.rule_defs[0][2])
    try:
        _, rules, _ = source.grammar.compile(["start"], set())
    except GrammarError:  # two alternatives are the same
        reject()
    assert sum(str(rule.origin.name) == "start" for rule in rules) <= counted
