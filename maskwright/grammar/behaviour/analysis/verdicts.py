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

from maskwright.grammar.behaviour.analysis.joint_words import Endings, shortest_word
from maskwright.grammar.behaviour.analysis.judge import Alphabet, Judge
from maskwright.grammar.behaviour.analysis.machines import Machine, Vector, is_accepted, run
from maskwright.grammar.behaviour.analysis.spelling import spelled_word
from maskwright.grammar.behaviour.analysis.traces import Pairs, read_trace


class Verdict(Enum):
    """What can be said of a rule after a part of a trace, from best to worst."""

    SATISFIED_FOR_GOOD = "satisfied for good"
    SATISFIED_SO_FAR = "satisfied so far"
    NOT_YET = "not yet satisfied"
    VIOLATED_FOR_GOOD = "violated for good"


_PLACE = {verdict: place for place, verdict in enumerate(Verdict)}


@dataclass(frozen=True, slots=True)
class RuleVerdict:
    """What is said of one rule, or of the flow. owed: the fewest segments that would satisfy it, if it is open."""

    rule: str
    verdict: Verdict
    owed: str = ""

    def __str__(self) -> str:
        return f"{self.rule}: {self.verdict.value}" + (f" (owed: {self.owed})" if self.owed else "")


@dataclass(frozen=True, slots=True)
class Verdicts:
    """What is said after a part of a trace.

    whole: of the flow and all hard rules together. owed: a short legal ending. rules: each by itself, the flow first.
    """

    whole: Verdict
    owed: str
    rules: tuple[RuleVerdict, ...]


def verdicts(judge: Judge, trace: str | Pairs) -> Verdicts:
    """The verdicts after the segments of a trace, up to the first piece that is no text of its segment.

    Before the first segment nothing holds yet, as a trace has one. Raises LimitExceeded.
    """
    written = read_trace(judge, trace)
    alphabet = judge.alphabet(written.values, written.signs)
    read = [alphabet.place[sign] for sign in written.readable]
    hard = [*alphabet.machines_of(judge.hard), alphabet.not_empty]
    end = run(hard, read)
    whole = joint_verdict(hard, end)
    return Verdicts(
        whole,
        _owed(judge, alphabet, hard, end) if whole is Verdict.NOT_YET else "",
        tuple(_rule_verdict(judge, alphabet, number, read) for number in range(len(judge.components))),
    )


def _rule_verdict(judge: Judge, alphabet: Alphabet, component: int, read: Sequence[int]) -> RuleVerdict:
    machines = alphabet.machines_of([component])
    end = run(machines, read)
    found = verdict_on(machines, end)
    owed = _owed(judge, alphabet, machines, end) if found is Verdict.NOT_YET else ""
    return RuleVerdict(judge.name(component), found, owed)


def _owed(judge: Judge, alphabet: Alphabet, machines: Sequence[Machine], vector: Vector) -> str:
    return spelled_word(judge, alphabet, shortest_word(machines, vector) or (), machines)


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
        return verdict_on(machines, vector)
    return Verdict.NOT_YET if Endings(machines).has(vector) else Verdict.VIOLATED_FOR_GOOD


def verdict_on(machines: Sequence[Machine], vector: Vector) -> Verdict:
    """The verdict on one rule, which is watched by one automaton, or by one for each value: the worst of these."""
    return worst([verdict_of(machine, state) for machine, state in zip(machines, vector, strict=True)])
