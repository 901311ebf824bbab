"""AgentLTL (PyPI `agentltl`), evaluated after every step of a growing trace; imported only if it is installed.

It has no automaton: a rule is a formula that is evaluated on the whole history whenever it is asked. There are two ways
to ask, and both are timed: `verify_trace` with a partial trace after each call, and its `Enforcer`, which checks each
call before it runs and takes down that it has run.
"""

from __future__ import annotations

import importlib.metadata
import importlib.util
import logging
from collections.abc import Sequence
from typing import Any

VIOLATED, HELD = 0, 4
"""Of its five verdicts the two that nothing can change: violated, and holds."""


def is_installed() -> bool:
    """Can it be imported?"""
    return importlib.util.find_spec("agentltl") is not None


def version() -> str:
    """Which one was measured."""
    return importlib.metadata.version("agentltl")


def _package() -> Any:
    return importlib.import_module("agentltl")


def constraints(texts: Sequence[str]) -> list[Any]:
    """Its rules from their texts."""
    agentltl = _package()
    return [agentltl.Constraint(str(number), agentltl.parse(text)) for number, text in enumerate(texts)]


def verify_after_each_step(rules: Sequence[Any], tools: Sequence[str]) -> int:
    """Ask for the verdicts of all rules after every step; how many were violations."""
    verify_trace = _package().verify_trace
    calls: list[dict[str, str]] = []
    n_violated = 0
    for tool in tools:
        calls.append({"tool_name": tool})
        found = verify_trace({"tool_calls": calls}, rules, partial_trace=True)
        n_violated += sum(not one["passed"] for one in found["constraints"])
    return n_violated


def enforce_each_step(rules: Sequence[Any], tools: Sequence[str]) -> int:
    """Check every call before it runs, and run it whatever is said; how many were refused."""
    agentltl = _package()
    logging.getLogger("agentltl").setLevel(logging.CRITICAL)  # it logs each refusal, which is not what is timed
    enforcer = agentltl.Enforcer(rules, default_severity=agentltl.ConstraintSeverity.PERSISTENT_BLOCK)
    n_refused = 0
    for tool in tools:
        n_refused += not enforcer.check(tool, {}).allowed
        enforcer.record_completed(tool, {})
    return n_refused


def final_verdicts(rules: Sequence[Any], tools: Sequence[str]) -> list[bool]:
    """Does each rule hold of the trace as a whole, as if nothing followed?"""
    agentltl = _package()
    trace, evaluator = agentltl.Trace.from_names(list(tools)), agentltl.LTLEvaluator()
    return [bool(evaluator.evaluate(rule.formula, trace).passed) for rule in rules]


def open_verdicts(rules: Sequence[Any], tools: Sequence[str]) -> list[int]:
    """The five-valued verdict of each rule on a trace that may go on."""
    evaluator = importlib.import_module("agentltl._partial").PartialEvaluator()
    trace = _package().Trace.from_names(list(tools))
    return [int(evaluator.value(rule.formula, trace).value) for rule in rules]
