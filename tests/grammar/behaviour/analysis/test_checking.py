"""Checks of traces: what is reported, where, and what should have come instead."""

from __future__ import annotations

import json

import pytest

from maskwright.errors import SpecError
from maskwright.grammar.behaviour.analysis.checking import Checker, check
from maskwright.grammar.behaviour.analysis.joint_words import EditKind
from maskwright.grammar.behaviour.analysis.report import Outcome
from maskwright.grammar.behaviour.specification.spec import Spec

REACT = """
behaviour: 1
name: react
tools: {search: {query: string}, lookup: {term: string}}
segments:
  question:    {open: "[Question] ", writer: user}
  thought:     {open: "\\n[Thought] ", text: {regex: "[^\\\\n]{1,300}"}}
  action:      {open: "\\n[Action] ", text: {choice: tools}}
  input:       {open: "\\n[Action Input] ", text: {regex: "[^\\\\n]{1,80}"}}
  observation: {open: "\\n[Observation] ", writer: env, max_tokens: 200, escape: true}
  final:       {open: "\\n[Final Thought] ", text: {regex: "[^\\\\n]{1,300}"}}
  answer:      {open: "\\n[Answer] ", text: {regex: "[^\\\\n]{1,60}"}}
flow: question (thought action input observation){0,5} final answer
rules:
  - {id: page, only_after: {do: 'action == "lookup"', need: 'action == "search"'}, why: lookup reads the last page}
  - {id: short, never: 'thought.length > 40', level: warn, why: thoughts should be short}
"""


def loop(action: str, thought: str = "hm") -> str:
    return f"\n[Thought] {thought}\n[Action] {action}\n[Action Input] x\n[Observation] y"


BEGIN = "[Question] why?"
END = "\n[Final Thought] so\n[Answer] because"


@pytest.fixture(scope="module")
def react() -> Checker:
    return Checker.of(Spec.from_yaml(REACT))


def test_a_legal_trace(react: Checker) -> None:
    report = react.check(BEGIN + loop("search") + loop("lookup") + END)
    assert str(report) == "ok"
    assert report.is_ok


def test_a_rule_that_is_broken_is_named_with_its_reason(react: Checker) -> None:
    report = react.check(BEGIN + loop("lookup") + END)
    assert str(report) == (
        "violation at line 3, column 10: segment 'action' may come here, but not with this text (page)\n"
        "  because: lookup reads the last page\n"
        '  expected: action & action.equals("search") ("\\n[Action] ")\n'
        "  nearest legal trace:\n"
        "      question\n"
        "      thought\n"
        '    ~ action -> action & action.equals("search")\n'
        "      input\n"
        "      observation\n"
        "      final\n"
        "      answer"
    )


def test_a_text_that_is_none_of_its_segment_says_what_its_body_demands(react: Checker) -> None:
    violation = react.check(BEGIN + loop("fly") + END).violation
    assert violation is not None
    assert (violation.place.line, violation.place.column, violation.segment) == (3, 10, "action")
    assert "'search'" in violation.message
    assert violation.rules == ()


def test_a_segment_too_many_is_the_flow_s_fault(react: Checker) -> None:
    report = react.check(BEGIN + loop("search") * 6 + END)
    assert report.violation is not None
    assert report.violation.rules == ("flow",)
    assert (report.violation.place.line, report.violation.place.column) == (22, 1)
    assert [str(one) for one in report.violation.expected] == ['final ("\\n[Final Thought] ")']
    assert sum(change.kind is not EditKind.KEEP for change in report.changes) == 4


def test_a_beginning_can_go_on(react: Checker) -> None:
    assert str(react.check(BEGIN)) == "incomplete\n  could go on: final, answer"
    assert react.check("").ending == ("question", "final", "answer")


def test_a_text_that_is_cut_off_can_go_on(react: Checker) -> None:
    report = react.check(BEGIN + "\n[Thought] a\n[Action] sea")
    assert report.outcome is Outcome.INCOMPLETE
    assert report.ending == ('the rest of action & action.equals("search")', "input", "observation", "final", "answer")


def test_a_text_that_is_cut_off_after_something_wrong_is_wrong(react: Checker) -> None:
    report = react.check(BEGIN + "\n[Thought] a\n[Action] lo")
    assert report.violation is not None
    assert report.violation.place.segment == 2


def test_what_stands_before_the_first_opener_is_wrong(react: Checker) -> None:
    report = react.check("hello " + BEGIN + END)
    assert report.violation is not None
    assert report.violation.message == "no segment begins here"
    assert [str(change) for change in report.changes] == ["- ?", "  question", "  final", "  answer"]


def test_segments_can_be_given_with_their_texts(react: Checker) -> None:
    assert react.check([("question", "a"), ("final", "b"), ("answer", "c")]).is_ok
    forged = react.check([("question", "a"), ("final", "b\n[Answer] c"), ("answer", "c")])
    assert forged.violation is not None
    assert forged.violation.segment == "final"
    unknown = react.check([("question", "a"), ("finale", "b")])
    assert unknown.violation is not None
    assert unknown.violation.message == "there is no segment 'finale'"


def test_a_warning_is_reported_and_changes_nothing(react: Checker) -> None:
    report = react.check(BEGIN + loop("search", "x" * 50) + END)
    assert report.is_ok
    assert str(report) == "ok\n  warning at line 2, column 1: rule 'short' does not hold: thoughts should be short"


def spec_of(flow: str, *rules: str, **segments: str) -> Spec:
    names = {"a": "", "b": "", "c": "", **segments}
    lines = [f"  {name}: {{open: '<{name}>'{more}}}" for name, more in names.items()]
    listed = ["rules:", *(f"  - {rule}" for rule in rules)] if rules else []
    return Spec.from_yaml("\n".join(["segments:", *lines, f"flow: {flow}", *listed]))


def test_a_trace_is_wrong_as_soon_as_no_ending_is_left() -> None:
    spec = spec_of(
        "(a | b | c)*", "{id: no-b, never: b}", "{id: answered, followed_by: {when: a, then: b}}", "{id: end, must: c}"
    )
    violation = check(spec, "<c>x<a>y<c>z").violation
    assert violation is not None
    assert violation.place.segment == 1
    assert violation.rules == ("no-b", "answered")
    assert violation.message == "after segment 'a' no ending satisfies all of these"
    assert violation.may_end


def test_a_specification_that_nothing_satisfies_makes_every_trace_wrong() -> None:
    spec = spec_of("a b", "{id: no-b, never: b}", "{id: no-c, never: c}")
    for text in ("", "<a>x", "<a>x<b>y"):
        report = check(spec, text)
        assert report.violation is not None
        assert report.violation.message == "no trace at all satisfies this specification"
        assert report.violation.rules == ("flow", "no-b")
        assert report.changes == ()


def test_the_environment_is_taken_at_its_word_but_what_a_policy_avoids_is_told() -> None:
    spec = spec_of("a (b | c)", "{id: right, never: 'b == \"no\"'}", b=", writer: env, text: {choice: ['yes', 'no']}")
    assert check(spec, "<a>x<c>y").avoided is None
    report = check(spec, "<a>x<b>yes")
    assert report.is_ok
    assert report.avoided is not None
    assert report.avoided.segment == 1
    assert "legal, but at line 1, column 5 it depends on others whether it can be finished" in str(report)
    assert check(spec, "<a>x<b>no").outcome is Outcome.VIOLATION


def test_values_that_must_differ() -> None:
    spec = spec_of("a{1,4}", "{id: once, never_repeat: a}", a=", text: {regex: '[0-9]'}")
    assert check(spec, "<a>1<a>2<a>3").is_ok
    report = check(spec, "<a>1<a>2<a>1")
    assert report.violation is not None
    assert report.violation.place.segment == 2
    assert report.violation.rules == ("once",)
    assert [str(change) for change in report.changes] == ["  a", "  a", "~ a -> a"]


def test_values_that_an_earlier_segment_must_have() -> None:
    spec = spec_of("(a | b)*", "{id: paired, only_after: {do: 'b == $x', need: 'a == $x', each: true}}")
    assert check(spec, "<a>1<a>2<b>2<b>1").is_ok
    report = check(spec, "<a>1<b>1<b>1")
    assert report.violation is not None
    assert report.violation.place.segment == 2
    assert len([change for change in report.changes if change.kind is not EditKind.KEEP]) == 1


def test_values_that_must_be_answered() -> None:
    spec = spec_of("(a | b)*", "{id: answered, followed_by: {when: 'a == $x', then: 'b == $x'}}")
    report = check(spec, "<a>1<a>2<b>2")
    assert report.outcome is Outcome.INCOMPLETE
    assert report.ending == ('b ("1")',)


def test_references_must_name_earlier_texts() -> None:
    spec = spec_of(
        "(a b)*", a=", text: {regex: '#E[0-9]'}, bind: L", b=", text: {parts: ['[^#]{0,9}', {optional: {ref: L}}]}"
    )
    assert check(spec, "<a>#E1<b>see #E1").is_ok
    assert check(spec, "<a>#E1<b>see #E2").outcome is Outcome.VIOLATION


def test_an_unclosed_segment_is_wrong_in_the_middle_and_open_at_the_end() -> None:
    spec = spec_of("a b", a=", close: '</a>'", b=", close: '</b>'")
    assert check(spec, "<a>x</a><b>y</b>").is_ok
    assert check(spec, "<a>x</a><b>y").ending == ("the rest of b",)
    violation = check(spec, "<a>x<b>y</b>").violation
    assert violation is not None
    assert violation.message == "segment 'a' has to be ended by '</a>'"


def test_a_rule_about_two_values_at_once_is_refused() -> None:
    with pytest.raises(SpecError, match=r"a rule may speak of one variable, not of \$x and \$y"):
        check(spec_of("(a | b)*", "{ltlf: 'G(a == $x -> N !(b == $y))'}"), "<a>1")


CALLS = """
segments:
  call:
    open: <call>
    close: </call>
    text: {tools: {search: {query: string}, confirm: {id: integer}, delete: {id: integer}}}
  result: {open: <result>, close: </result>, writer: env}
  answer: {open: <answer>, close: </answer>}
flow: (call result)* answer
rules:
  - {id: confirmed, only_after: {do: 'call(delete, id=$id)', need: 'call(confirm, id=$id)', each: true}}
  - {id: cap, at_most: {n: 1, of: 'call(search)'}}
  - {id: calm, ltlf: 'G(result.contains("ERROR") -> N !call(delete))'}
"""


def call(name: str, **arguments: object) -> str:
    return f"<call>{json.dumps({'name': name, 'arguments': arguments})}</call><result>ok</result>"


def test_calls_and_the_values_of_their_arguments() -> None:
    checker = Checker.of(Spec.from_yaml(CALLS))
    end = "<answer>done</answer>"
    right = call("search", query="x") + call("confirm", id=7) + call("confirm", id=8) + call("delete", id=7)
    assert checker.check(right + end).is_ok
    report = checker.check(call("confirm", id=7) + call("delete", id=7) + call("delete", id=7) + end)
    assert report.violation is not None
    assert report.violation.place.segment == 4
    assert report.violation.rules == ("confirmed",)
    assert sum(change.kind is not EditKind.KEEP for change in report.changes) == 1
    twice = checker.check(call("search", query="x") * 2 + end)
    assert twice.violation is not None
    assert twice.violation.rules == ("cap",)


def test_a_long_trace_with_many_values_is_repaired_by_one_change() -> None:
    checker = Checker.of(Spec.from_yaml(CALLS))
    right = "".join(call("confirm", id=number) + call("delete", id=number) for number in range(60))
    report = checker.check(right + call("delete", id=3) + "<answer>done</answer>")
    assert report.violation is not None
    assert report.violation.place.segment == 240
    assert report.is_nearest
    assert sum(change.kind is not EditKind.KEEP for change in report.changes) == 1


def test_a_missing_confirmation_is_put_in_with_its_value() -> None:
    checker = Checker.of(Spec.from_yaml(CALLS + "  - {id: done, must: 'call(delete)'}\n"))
    report = checker.check(call("search", query="x") + call("delete", id=7) + "<answer>done</answer>")
    assert [str(change) for change in report.changes] == [
        "~ call -> call & call.call(confirm) (id=7)",
        "  result",
        "  call",
        "  result",
        "  answer",
    ]
