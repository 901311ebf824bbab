import json
from pathlib import Path

import pytest

from maskwright.errors import GrammarSyntaxError, LimitExceeded
from maskwright.grammar.behaviour.letters import Letter
from maskwright.grammar.behaviour.logic.construction import ltlf_to_dfa
from maskwright.grammar.behaviour.logic.parser import parse_formula
from maskwright.grammar.behaviour.specification.components import component_of
from maskwright.grammar.behaviour.specification.rule_words import MAX_STEPS, WORDS
from maskwright.grammar.behaviour.specification.spec import (
    Mention,
    Ordered,
    Restriction,
    Rule,
    Spec,
    Without,
)

BEGIN = """
tools: {search: {query: string}, stop: {}}
segments: {a: , b: , c: , t: {text: {tools: tools}}, e: {writer: env}}
flow: (a | b | c | t | e)*
rules:
  - """


def rule_of(written: str) -> Rule:
    [rule] = Spec.from_yaml(BEGIN + written).rules
    return rule


_LEAK = "G !(" + " | ".join(f'{name}.contains("x") | {name}.matches(/y+/)' for name in "abct") + ")"
LETTERS = tuple(map(Letter, "abcte"))


@pytest.mark.parametrize(
    ("written", "formula"),
    [
        ("never: a", "G !a"),
        ("must: a", "F a"),
        ("only_after: {do: b, need: a}", "G(b -> O a)"),
        ("only_after: {do: b, need: a, each: false}", "G(b -> O a)"),
        ("only_after: {do: b, need: a, each: true}", "G(b -> Y(!b S a))"),
        ("only_after: {do: c, need: a & X b}", "G(c -> O(b & Y a))"),
        ("only_after: {do: c, need: a & X(b & X b) | e}", "G(c -> O(b & Y b & Y Y a) | O e)"),
        ("followed_by: {when: a, then: b}", "G(a -> F b)"),
        ("next_is: {when: a, then: b}", "G(a -> X b)"),
        ("not_next: {when: a, then: b}", "G(a -> N !b)"),
        ("within: {when: a, then: b, steps: 1}", "G(a -> b | X b)"),
        ("within: {when: a, then: b, steps: 3}", "G(a -> b | X(b | X(b | X b)))"),
        ("between: {from: a, to: b, never: c}", "G(a -> X(!c U b) | N G !b)"),
        ("between: {from: a, to: b, must: c}", "G(a & F b -> X(!b U c))"),
        ("order: [a, b, c]", "G(b -> O a) & G(c -> O b)"),
        ("exclusive: [a, b]", "!(F a & F b)"),
        ("exclusive: [a, b, c]", "!(F a & F b) & !(F b & F c) & !(F a & F c)"),
        ("ltlf: G(a -> X b)", "G(a -> X b)"),
        ("ltlf: output U e", "(a | b | c | t) U e"),
    ],
)
def test_words_mean_the_formulas_of_the_specification(written: str, formula: str) -> None:
    dfa = ltlf_to_dfa(rule_of(written).formula, LETTERS)
    expected = ltlf_to_dfa(parse_formula(formula), LETTERS)
    assert dfa.transitions.tolist() == expected.transitions.tolist()
    assert dfa.accepting.tolist() == expected.accepting.tolist()


@pytest.mark.parametrize(
    ("word", "n", "allowed"),
    [
        ("at_most", 0, [0]),
        ("at_most", 2, [0, 1, 2]),
        ("at_least", 2, [2, 3, 4]),
        ("exactly", 3, [3]),
        ("exactly", 0, [0]),
    ],
)
def test_counts_count(word: str, n: int, allowed: list[int]) -> None:
    component = component_of(rule_of(f"{word}: {{n: {n}, of: a | b}}"), LETTERS)
    for count in range(5):
        word_of_letters = [2, *([0, 1] * 3)[:count], 2]
        assert component.dfa.accepts(component.columns[word_of_letters].tolist()) == (count in allowed)


@pytest.mark.parametrize(
    ("written", "formula"),
    [
        ("never_repeat: a", "G(a == $text -> Z H !(a == $text))"),
        ("never_repeat: call(search, query=$q)", "G(t.call(search, query=$q) -> Z H !t.call(search, query=$q))"),
        ('never: output.contains("x")', 'G !(a.contains("x") | b.contains("x") | c.contains("x") | t.contains("x"))'),
        ("must: call(stop)", "F t.call(stop)"),
        ("{leak: [x, {regex: 'y+'}], level: warn}", _LEAK),
        ('never: t.arguments.query == "x"', 'G !(t.arguments.query == "x")'),
    ],
)
def test_atoms_speak_of_segments(written: str, formula: str) -> None:
    assert rule_of(written).formula == parse_formula(formula)


@pytest.mark.parametrize(
    ("written", "restrictions"),
    [
        ("mention: {all: [x, y], in: a}", {"a": Mention(("x", "y"))}),
        (
            "mention: {any: [x], in: b, fold: true, word: true}",
            {"b": Mention(("x",), any_of=True, fold=True, word=True)},
        ),
        ("leak: [x, {regex: '[0-9]{3}'}]", {name: Without(("x",), ("[0-9]{3}",)) for name in "abct"}),
        ("order: ['a.contains(\"x\")', 'a.contains(\"y\")']", {"a": Ordered(("x", "y"))}),
        ("order: ['a.mentions(\"x\")', 'a.mentions(\"y\")']", {"a": Ordered(("x", "y"), fold=True, word=True)}),
    ],
)
def test_rules_about_texts_restrict_segments(written: str, restrictions: dict[str, object]) -> None:
    spec = Spec.from_yaml(BEGIN + written)
    word = written.split(":", maxsplit=1)[0]
    for segment in spec.segments:
        expected = (Restriction(word, restrictions[segment.name]),) if segment.name in restrictions else ()
        assert segment.restrictions == expected
    assert [rule.id for rule in spec.lexical] == [word]
    assert spec.lexical[0].formula is None


def test_an_order_of_texts_of_several_segments_is_about_the_trace() -> None:
    rule = rule_of("order: ['a.contains(\"x\")', 'b.contains(\"y\")']")
    assert rule.formula == parse_formula('G(b.contains("y") -> O a.contains("x"))')


@pytest.mark.parametrize("case", json.loads((Path(__file__).parent / "refused_rules.json").read_text("utf-8")))
def test_rules_that_mean_nothing_are_refused(case: dict[str, str]) -> None:
    with pytest.raises(GrammarSyntaxError) as caught:
        Spec.from_yaml(BEGIN + case["written"])
    assert caught.value.message == case["message"]
    assert caught.value.line == 6


def test_a_text_that_is_none_of_the_choices_is_refused() -> None:
    text = "segments: {a: {text: {choice: [search, stop]}}}\nflow: a\nrules:\n  - never: 'a == \"serch\"'"
    with pytest.raises(GrammarSyntaxError) as caught:
        Spec.from_yaml(text)
    assert caught.value.message == "there is no text in 'a' 'serch'; did you mean 'search'?"
    assert (caught.value.line, caught.value.column) == (4, 19)


@pytest.mark.parametrize(
    "written", [f"within: {{when: a, then: b, steps: {MAX_STEPS + 1}}}", "exactly: {n: 10001, of: a}"]
)
def test_counts_beyond_measure_are_refused(written: str) -> None:
    with pytest.raises(LimitExceeded):
        Spec.from_yaml(BEGIN + written)


def test_the_greatest_number_of_steps_can_be_compiled() -> None:
    component = component_of(rule_of(f"within: {{when: a, then: b, steps: {MAX_STEPS}}}"), LETTERS)
    assert component.dfa.n_states == MAX_STEPS + 2


def test_every_word_is_tested_here() -> None:
    tested = Path(__file__).read_text("utf-8")
    assert all(f"{word}:" in tested or f'"{word}"' in tested for word in WORDS)
