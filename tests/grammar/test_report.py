"""Reports: one status for every node, in words and as JSON."""

from __future__ import annotations

import pytest

from maskwright.grammar.gbnf import gbnf_grammar
from maskwright.grammar.ir import Grammar
from maskwright.grammar.regex import regex_grammar
from maskwright.grammar.report import Deferred, Exactness, Finding, Report

NARROWED = Finding("/a", Exactness.RESTRICTED, "numbers", "fewer spellings")
NOTED = Finding("/a", Exactness.ANNOTATION, "format", "unknown")
ELSEWHERE = Finding("/b", Exactness.REFUSED, "pattern", "has a back-reference")


def test_a_node_has_the_worst_status_found_there() -> None:
    for findings in [(NARROWED, NOTED), (NOTED, NARROWED)]:
        report = Report(findings, ("", "/a"))
        assert report.statuses() == {"": Exactness.EXACT, "/a": Exactness.RESTRICTED}
    assert Report((ELSEWHERE,)).statuses() == {"/b": Exactness.REFUSED}


def test_a_report_in_words() -> None:
    assert str(Report((NARROWED, ELSEWHERE), ("", "/a", "/b", "/c"))) == (
        "4 nodes: 2 exact, 1 restricted, 1 refused\n"
        "restricted at '/a': numbers: fewer spellings\n"
        "refused at '/b': pattern: has a back-reference"
    )
    assert str(Report((), ("",))) == "1 node: 1 exact"
    assert str(Report()) == "exact"


def test_a_report_as_json() -> None:
    assert Report((NARROWED,), ("", "/a")).to_json() == {
        "nodes": {"": "exact", "/a": "restricted"},
        "findings": [{"pointer": "/a", "status": "restricted", "keyword": "numbers", "reason": "fewer spellings"}],
    }


def test_iterating_yields_the_findings() -> None:
    report = Report((NARROWED, NOTED))
    assert list(report) == [NARROWED, NOTED] and len(report) == 2


def test_a_deferred_sequence_is_computed_once_and_only_when_looked_at() -> None:
    calls = []

    def compute() -> list[int]:
        calls.append(1)
        return [3, 4]

    items = Deferred(compute)
    assert not calls
    assert list(items) == [3, 4] and items[1] == 4 and items[:1] == (3,) and len(items) == 2
    assert items == [3, 4] and items != [3] and hash(items) == hash((3, 4))
    assert len(calls) == 1


@pytest.mark.parametrize("grammar", [regex_grammar("a+"), gbnf_grammar('root ::= "a"')])
def test_notations_without_options_have_nothing_to_report(grammar: Grammar) -> None:
    assert grammar.report == Report()
