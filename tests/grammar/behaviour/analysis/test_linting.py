"""Lint: each kind of finding on a specification that has it, and none on one that has not."""

from __future__ import annotations

from maskwright.grammar.behaviour.analysis.findings import Finding, Kind
from maskwright.grammar.behaviour.analysis.linting import lint
from maskwright.grammar.behaviour.specification.spec import Spec

REWOO = """
segments:
  question: {open: "[Question] ", writer: user}
  plan:   {open: "\\n[Plan] ", text: free}
  label:  {open: "\\n[Action Label] ", text: {regex: "#E[0-9]"}}
  action: {open: "\\n[Action] ", text: {choice: [search, lookup]}}
  input:  {open: "\\n[Action Input] ", text: {regex: "[^\\\\n]{0,40}"}}
  answer: {open: "\\n[Answer] ", writer: env}
flow: question (plan label action input){1,5} answer
rules:
"""

REFLEXION = """
segments: {question: {writer: user}, thought: {}, proposed: {},
  evaluation: {writer: env, text: {choice: [correct, wrong]}}, reflection: {}, answer: {}}
delimiters: {open: "\\n[{Name}] "}
flow: question (thought proposed evaluation reflection?){0,2} answer
rules:
  - {id: reflect, next_is: {when: 'evaluation == "wrong"', then: reflection}}
  - {id: done, next_is: {when: 'evaluation == "correct"', then: answer}}
  - {id: use-it, not_next: {when: reflection, then: answer}, level: warn}
"""


def found(text: str, *examples: str, **options: int) -> list[Finding]:
    return list(lint(Spec.from_yaml(text), examples, **options))


def only(findings: list[Finding], kind: Kind) -> Finding:
    (one,) = findings
    assert one.kind is kind
    return one


def test_nothing_is_said_of_a_specification_that_is_sound() -> None:
    assert found(REWOO + "  - {id: some, must: 'action == \"search\"'}") == []


def test_a_rule_that_the_flow_implies() -> None:
    one = only(found(REWOO + "  - {id: then, ltlf: 'G(label -> X X input)'}"), Kind.IMPLIED)
    said = "rule 'then' (ltlf: G(label -> X X input)) says nothing new: the flow implies it already"
    assert str(one) == f"warning: {said} [implied-rule]"


def test_a_rule_that_another_implies_is_named_with_the_other() -> None:
    findings = found(
        REWOO
        + "  - {id: two, at_most: {n: 2, of: 'action == \"search\"'}}\n"
        + "  - {id: three, at_most: {n: 3, of: 'action == \"search\"'}}"
    )
    assert only(findings, Kind.IMPLIED).rules == ("three", "two")


def test_a_rule_that_waits_for_what_never_happens() -> None:
    findings = found(REWOO + "  - {id: late, ltlf: 'G(plan & Y plan -> F answer)'}")
    assert only(findings, Kind.VACUOUS).rules == ("late",)


def test_a_rule_that_waits_for_what_no_text_is() -> None:
    findings = found(REWOO + "  - {id: nine, followed_by: {when: 'label.contains(\"E10\")', then: answer}}")
    assert only(findings, Kind.VACUOUS).rules == ("nine",)


def test_rules_that_conflict_with_the_smallest_set_of_them() -> None:
    one = only(
        found(
            REWOO
            + "  - {id: harmless, must: label}\n"
            + "  - {id: twice, at_least: {n: 2, of: 'action == \"search\"'}}\n"
            + "  - {id: once, at_most: {n: 1, of: plan}}\n"
            + "  - {id: also, must: 'action == \"lookup\"'}"
        ),
        Kind.UNSATISFIABLE,
    )
    assert one.rules in {("twice", "once"), ("once", "also")}
    assert all(f"without {rule}: " in one.witness for rule in one.rules)


def test_a_flow_that_goes_through_a_forbidden_segment() -> None:
    one = only(found("segments: {a: {}, b: {open: B}}\nflow: a b\nrules: [{id: no, never: b}]"), Kind.UNSATISFIABLE)
    assert one.rules == ("no",)
    assert one.witness == "without no: a / b"


def test_segments_that_no_trace_has() -> None:
    segments = "segments: {a: {open: A}, b: {open: B}, c: {open: C}, d: {open: D}}"
    findings = found(f"{segments}\nflow: a (b | c)\nrules: [{{id: no, never: b}}]")
    assert [(one.kind, one.segment, one.rules) for one in findings] == [
        (Kind.UNREACHABLE, "d", ()),
        (Kind.UNREACHABLE, "b", ("no",)),
    ]


def test_a_warning_that_the_hard_rules_can_leave_no_chance() -> None:
    one = only(found(REFLEXION), Kind.WARNING_CONTRADICTS)
    assert one.rules == ("use-it",)
    loop = 'thought / proposed / evaluation & evaluation.equals("wrong")'
    assert one.witness == f"question / {loop} / reflection / {loop}"


def test_a_warning_that_no_trace_heeds() -> None:
    findings = found(REWOO + "  - {id: no, never: plan, level: warn}")
    assert only(findings, Kind.WARNING_CONTRADICTS).message == "no legal trace heeds the warning 'no' (never: plan)"


def test_what_the_environment_can_make_impossible() -> None:
    one = only(found(REWOO + "  - {id: yes, must: 'answer == \"yes\"'}"), Kind.CANNOT_BE_FOLLOWED)
    assert one.rules == ("yes",)


def test_a_rule_that_no_example_triggers() -> None:
    text = REWOO + "  - {id: twice, at_most: {n: 2, of: 'action == \"search\"'}}"
    example = "[Question] q\n[Plan] p\n[Action Label] #E1\n[Action] {}\n[Action Input] x\n[Answer] b"
    assert only(found(text, example.format("lookup")), Kind.NEVER_TRIGGERED).rules == ("twice",)
    assert found(text, example.format("lookup"), example.format("search")) == []


def test_a_budget_that_is_too_small() -> None:
    text = "segments: {a: {}}\nflow: a\nbudget: {generated_tokens: 7}"
    assert found(text, least_tokens=7) == []
    assert "8 always suffice" in only(found(text, least_tokens=8), Kind.BUDGET_TOO_SMALL).message


def test_a_finding_is_a_json_object() -> None:
    one = only(found("segments: {a: {}, b: {open: B}}\nflow: a b\nrules: [{id: no, never: b}]"), Kind.UNSATISFIABLE)
    assert one.to_json() == {
        "kind": "unsatisfiable",
        "severity": "error",
        "message": "no trace satisfies the flow and no: change one of them, or the flow",
        "rules": ["no"],
        "segment": "",
        "witness": "without no: a / b",
    }
