"""Verdicts on a trace that may go on: what is settled, what holds so far, what is still owed.

Four values, read off a minimal automaton by reachability (its states before any are cut away): only accepting states
ahead, accepting now, not accepting now, none ahead. A rule of which it is settled needs no more watching; one that is
violated for good will never be mended. The whole is judged in the same way: it is settled when every rule is, and
lost when no ending keeps all of them, which can be before any single rule is lost.

Source: Bauer, Leucker, Schallhart, "The good, the bad, and the ugly, but how ugly is ugly?" (RV 2007): RV-LTL. LTL3
merges the two in the middle. Cost: a lookup for a rule; a search (`joint_words`) for the whole, and for what is owed.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from enum import Enum

from maskwright.grammar.behaviour.analysis.joint_words import (
    Machine,
    Vector,
    can_be_accepted,
    is_accepted,
    shortest_word,
)


class Verdict(Enum):
    """What can be said of a rule after a part of a trace, from best to worst."""

    SATISFIED_FOR_GOOD = "satisfied for good"
    SATISFIED_SO_FAR = "satisfied so far"
    NOT_YET = "not yet satisfied"
    VIOLATED_FOR_GOOD = "violated for good"


_PLACE = {verdict: place for place, verdict in enumerate(Verdict)}


@dataclass(frozen=True, slots=True)
class RuleVerdict:
    """What is said of one rule. `owed`: the fewest letters that would satisfy it; () if it is satisfied or lost."""

    rule: str
    verdict: Verdict
    owed: tuple[int, ...] = ()


def verdict_of(machine: Machine, state: int) -> Verdict:
    """The verdict of one automaton in a state."""
    dfa = machine.dfa
    if dfa.accepting[state]:
        return Verdict.SATISFIED_FOR_GOOD if dfa.always[state] else Verdict.SATISFIED_SO_FAR
    return Verdict.NOT_YET if dfa.live[state] else Verdict.VIOLATED_FOR_GOOD


def worst(verdicts: Sequence[Verdict]) -> Verdict:
    """The verdict on a rule that is watched for several values, or on several rules each by itself."""
    return max(verdicts, key=_PLACE.__getitem__, default=Verdict.SATISFIED_FOR_GOOD)


def joint_verdict(machines: Sequence[Machine], vector: Vector) -> Verdict:
    """The verdict on all automata together. Raises LimitExceeded."""
    if is_accepted(machines, vector):
        each = [verdict_of(machine, state) for machine, state in zip(machines, vector, strict=True)]
        return worst(each)
    return Verdict.NOT_YET if can_be_accepted(machines, vector) else Verdict.VIOLATED_FOR_GOOD


def rule_verdict(rule: str, machines: Sequence[Machine], vector: Vector) -> RuleVerdict:
    """The verdict on one rule, which is watched by one automaton, or by one for each value that was seen."""
    each = [verdict_of(machine, state) for machine, state in zip(machines, vector, strict=True)]
    found = worst(each)
    owed = shortest_word(machines, vector) if found is Verdict.NOT_YET else None
    return RuleVerdict(rule, found, owed or ())
