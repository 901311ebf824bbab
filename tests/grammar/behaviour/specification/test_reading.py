import json
from pathlib import Path
from typing import Any

import pytest

from maskwright.errors import GrammarSyntaxError, LimitExceeded, SpecError
from maskwright.grammar.behaviour.logic.parser import parse_formula
from maskwright.grammar.behaviour.specification.flow import parse_flow
from maskwright.grammar.behaviour.specification.spec import (
    Budget,
    Environment,
    Escape,
    Free,
    Level,
    OneOf,
    Optional,
    Parts,
    Reference,
    Regex,
    Segment,
    Spec,
    ToolCall,
    Writer,
)
from maskwright.grammar.behaviour.specification.tools import tool_names

EXAMPLES = Path(__file__).parent / "examples"


def read(text: str) -> Spec:
    return Spec.from_yaml(text, "x.yaml")


def test_react_is_read_as_it_is_written() -> None:
    spec = Spec.load(EXAMPLES / "react.yaml")
    assert spec.name == "react"
    assert spec.segments == (
        Segment("question", "[Question] ", writer=Writer.USER),
        Segment("thought", "\n[Thought] ", text=Regex(r"[^\n]{1,300}")),
        Segment("action", "\n[Action] ", text=OneOf(("search", "lookup"))),
        Segment("input", "\n[Action Input] ", text=Regex(r"[^\n]{1,80}")),
        Segment("observation", "\n[Observation] ", writer=Writer.ENVIRONMENT, max_tokens=200),
        Segment("final", "\n[Final Thought] ", text=Regex(r"[^\n]{1,300}")),
        Segment("answer", "\n[Answer] ", text=Regex(r"[^\n]{1,60}")),
    )
    assert spec.flow == parse_flow("question (thought action input observation){0,5} final answer")
    [rule] = spec.rules
    assert rule.formula == parse_formula('G(action == "lookup" -> O action == "search")')
    assert (rule.id, rule.why, rule.level) == ("only_after", "lookup reads the last page", Level.HARD)
    assert rule.words == """only_after: {do: 'action == "lookup"', need: 'action == "search"'}""".replace("'", "")
    assert spec.budget == Budget(generated_tokens=600)
    assert spec.environment is Environment.ADVERSARIAL
    assert spec.examples == ("react_examples.txt",)


def test_rewoo_binds_labels_and_refers_to_them() -> None:
    spec = Spec.load(EXAMPLES / "rewoo.yaml")
    assert spec.segment("label").bind == "L"
    parts = Parts((Regex(r"[^#\n]{0,60}"), Optional(Reference("L")), Regex(r"[^#\n]{0,40}")))
    assert spec.segment("input").text == parts
    assert [str(rule.id) for rule in spec.rules] == ["never_repeat", "ltlf"]
    assert spec.rules[0].formula == parse_formula("G(label == $text -> Z H !(label == $text))")


def test_reflexion_has_openers_made_of_names() -> None:
    spec = Spec.load(EXAMPLES / "reflexion.yaml")
    assert [segment.open for segment in spec.segments][:3] == ["[Question] ", "\n[Thought] ", "\n[Action] "]
    assert spec.segment("thought").text == Free()
    assert spec.rules[0].formula == parse_formula('G(evaluation == "wrong" -> X reflection)')
    assert spec.rules[2].level is Level.WARN


def test_function_calling_resolves_calls_to_the_segment_that_makes_them() -> None:
    spec = Spec.load(EXAMPLES / "function_calling.yaml")
    rules = {rule.id: rule for rule in spec.rules}
    call = spec.segment("call").text
    assert isinstance(call, ToolCall)
    assert tool_names(call.functions) == ("search", "login", "read_order", "confirm", "delete")
    assert (rules["cap"].of, rules["cap"].minimum, rules["cap"].maximum) == (parse_formula("call.call(search)"), 0, 3)
    assert rules["reply"].formula == parse_formula("G(call.call(search) -> F answer)")
    assert rules["calm"].formula == parse_formula('G(result.contains("ERROR") -> N N !call.call(delete))')
    assert rules["auth"].formula == parse_formula(
        'G(call.call(read_order) -> O(Y call.call(login) & result.contains("ok")))'
    )
    assert spec.budget == Budget(context_tokens=4096)


def test_lexical_rules_restrict_the_segment_that_they_speak_of() -> None:
    spec = Spec.load(EXAMPLES / "lexical.yaml")
    assert [rule.id for rule in spec.lexical] == ["mention", "mention-2", "leak", "order"]
    assert [found.rule for found in spec.segments[0].restrictions] == ["mention", "mention-2", "leak", "order"]
    assert not spec.rules


def test_a_specification_needs_little() -> None:
    spec = Spec.from_yaml("segments: {a: {}}\nflow: a", "folder/some_name.yaml")
    assert spec == Spec("some_name", (Segment("a", ""),), parse_flow("a"))


def test_delimiters_are_made_of_names() -> None:
    spec = read(
        "segments: {do_it: , b-c: {close: ''}}\nflow: do_it b-c\n"
        "delimiters: {open: \"\\n<{name}|{Name}>\", close: '</{name}>'}"
    )
    assert [(one.open, one.close) for one in spec.segments] == [("<do_it|Do It>", "</do_it>"), ("\n<b-c|B C>", "")]


def test_a_text_that_repeats_an_earlier_one_comes_after_it() -> None:
    spec = read("segments: {label: {bind: L}, use: {text: {parts: [a, {ref: L}]}}}\nflow: label use")
    [rule] = spec.rules
    assert (rule.id, rule.formula) == ("ref-use", parse_formula("G(use -> Y O label)"))
    assert rule.words == "the text of use repeats an earlier L"


def test_a_text_that_may_repeat_an_earlier_one_may_come_first() -> None:
    spec = read("segments: {label: {bind: L}, use: {text: {parts: [a, {optional: {ref: L}}]}}}\nflow: use label")
    assert not spec.rules


@pytest.mark.parametrize(
    ("written", "mode", "assumption", "fallback"),
    [
        ("adversarial", Environment.ADVERSARIAL, None, None),
        ("cooperative", Environment.COOPERATIVE, None, None),
        ("{assume: 'G !b'}", Environment.ASSUME, "G !b", None),
        ("{assume: {never: b}, fallback: a}", Environment.ASSUME, "G !b", "a"),
    ],
)
def test_environments(written: str, mode: Environment, assumption: str | None, fallback: str | None) -> None:
    spec = read(f"segments: {{a: , b: {{writer: env}}}}\nflow: a b?\nenvironment: {written}")
    assert (spec.environment, spec.fallback) == (mode, fallback)
    assert spec.assumption == (None if assumption is None else parse_formula(assumption))


def test_ids_are_made_of_words_and_counted() -> None:
    spec = read("segments: {a: }\nflow: a\nrules: [{never: a}, {never: a}, {id: mine, never: a}, {never: a}]")
    assert [rule.id for rule in spec.rules] == ["never", "never-2", "mine", "never-4"]


def test_a_lexical_rule_that_only_warns_is_a_rule_about_the_trace() -> None:
    spec = read(
        "segments: {a: , b: {writer: env}}\nflow: a\nrules:\n"
        "- {mention: {all: [x, y], in: a}, level: warn}\n"
        "- {mention: {any: [x, y], in: b, fold: true, word: true}, level: warn}\n"
        "- {leak: [x], level: warn}"
    )
    assert [rule.formula for rule in spec.rules] == [
        parse_formula('G(a -> a.contains("x") & a.contains("y"))'),
        parse_formula('G(b -> b.mentions("x") | b.mentions("y"))'),
        parse_formula('G !a.contains("x")'),
    ]
    assert all(rule.level is Level.WARN for rule in spec.rules)
    assert not spec.segments[0].restrictions


def test_escapes_are_read() -> None:
    spec = read("segments: {a: {escape: reject}, b: {escape: true}}\nflow: a b")
    assert [segment.escape for segment in spec.segments] == [Escape.REJECT, Escape.REPLACE]


BEGIN = "segments:\n  question: {writer: user}\n  answer: {text: {regex: '[a-z]+'}}\n"


@pytest.mark.parametrize("case", json.loads((Path(__file__).parent / "refused_documents.json").read_text("utf-8")))
def test_what_means_nothing_is_refused_at_its_place(case: dict[str, Any]) -> None:
    with pytest.raises(GrammarSyntaxError) as caught:
        read(case["text"])
    assert (caught.value.line, caught.value.column) == (case["line"], case["column"]), str(caught.value)
    assert caught.value.source_name == "x.yaml"
    assert caught.value.message == case["message"]


def test_a_file_is_named_in_errors(tmp_path: Path) -> None:
    path = tmp_path / "spec.yaml"
    path.write_text("segments: {a: }\nflow: b")
    with pytest.raises(GrammarSyntaxError, match=r"spec.yaml, line 2, column 7: there is no segment 'b'; there are: a"):
        Spec.load(path)


def test_a_file_that_is_not_there_is_an_error_of_ours(tmp_path: Path) -> None:
    with pytest.raises(SpecError, match="cannot be read"):
        Spec.load(tmp_path / "none.yaml")
    (tmp_path / "bytes.yaml").write_bytes(b"\xff\xfe")
    with pytest.raises(SpecError, match="cannot be read"):
        Spec.load(tmp_path / "bytes.yaml")


@pytest.mark.parametrize(
    "rest",
    [
        "flow: (question answer){0,1000000}",
        "flow: question answer\nrules: [{at_most: {n: 1000000, of: answer}}]",
        "flow: question answer\nrules: [{within: {when: answer, then: answer, steps: 1000000}}]",
    ],
)
def test_counts_beyond_measure_are_refused(rest: str) -> None:
    with pytest.raises(LimitExceeded):
        read(BEGIN + rest)
