"""Every analysis on the specifications of `schemas/behaviour/`, with the naive judge of traces as the other opinion."""

from __future__ import annotations

import json
from functools import cache
from pathlib import Path

import numpy as np
import pytest

from maskwright.grammar.behaviour.analysis.checking import Checker
from maskwright.grammar.behaviour.analysis.difference import diff
from maskwright.grammar.behaviour.analysis.drawing import to_dot
from maskwright.grammar.behaviour.analysis.findings import Kind
from maskwright.grammar.behaviour.analysis.linting import lint
from maskwright.grammar.behaviour.analysis.report import Outcome
from maskwright.grammar.behaviour.analysis.sampling import legal_traces
from maskwright.grammar.behaviour.analysis.traces import read_trace
from maskwright.grammar.behaviour.policy import Policy
from maskwright.grammar.behaviour.specification.spec import Spec
from tests.naive.behaviour_judge import judged

FOLDER = Path(__file__).parents[4] / "schemas" / "behaviour"
NAMES = sorted(path.stem for path in FOLDER.glob("*.yaml"))


@cache
def checker_of(name: str) -> Checker:
    return Checker.of(Spec.load(FOLDER / f"{name}.yaml"))


def policy_of(name: str) -> Policy:
    policy = checker_of(name).policy
    assert policy is not None
    return policy


def accepted(spec: Spec) -> list[str]:
    return [trace for name in spec.examples for trace in (FOLDER / name).read_text("utf-8")[:-1].split("\n---\n")]


@pytest.mark.parametrize("name", NAMES)
def test_its_examples_are_legal_and_a_policy_avoids_none(name: str) -> None:
    checker = checker_of(name)
    for trace in accepted(checker.judge.spec):
        report = checker.check(trace)
        assert report.is_ok
        assert report.avoided is None


@pytest.mark.parametrize("name", NAMES)
def test_what_it_rejects_is_rejected_for_that_reason(name: str) -> None:
    checker = checker_of(name)
    for case in json.loads((FOLDER / f"{name}.rejected.json").read_text("utf-8")):
        report = checker.check(case["trace"])
        assert not report.is_ok
        if report.outcome is Outcome.INCOMPLETE:
            assert report.ending
            continue
        assert report.violation is not None
        reasons = report.violation.rules or ("text",)
        assert case["because"] in reasons, (case, str(report))
        assert report.changes


@pytest.mark.parametrize("name", NAMES)
def test_random_traces_are_legal_in_the_naive_judge_s_opinion(name: str) -> None:
    policy = policy_of(name)
    judge = checker_of(name).judge
    for trace in legal_traces(policy, 15, np.random.default_rng(4), mean_length=6):
        assert judged(judge.spec, read_trace(judge, trace).text) == ""


@pytest.mark.parametrize("name", NAMES)
def test_lint_finds_nothing_worse_than_what_is_known(name: str) -> None:
    spec = checker_of(name).judge.spec
    findings = lint(spec, accepted(spec))
    known = {
        "function_calling": {(Kind.IMPLIED, ("reply",))},
        "chat": {(Kind.WARNING_CONTRADICTS, ("effort",))},
    }
    assert {(one.kind, one.rules) for one in findings} - known.get(name, set()) == set()


@pytest.mark.parametrize("name", NAMES)
def test_it_is_the_same_as_what_is_read_from_what_it_writes(name: str) -> None:
    spec = checker_of(name).judge.spec
    assert diff(spec, Spec.from_yaml(spec.to_yaml())).is_same


@pytest.mark.parametrize("name", NAMES)
def test_it_is_drawn(name: str) -> None:
    assert to_dot(policy_of(name)).startswith(f'digraph "{name}" {{')
