"""Where a trace stands with each rule: settled, held so far, owed, or lost.

    standings(Judge.of(spec), [("question", "why"), ("thought", "...")])
    -> (Standing("flow", Verdict.NOT_YET, "answer"), Standing("cap", Verdict.SATISFIED_SO_FAR), ...)

Each rule is looked at by itself, in the order of the specification, the flow first, rules of level warn too. A rule
with a variable has the worst verdict of all values. Source and meaning of the four verdicts: `analysis.verdicts`.
Cost: a step of each automaton for each segment.
"""

from __future__ import annotations

from dataclasses import dataclass

from maskwright.grammar.behaviour.analysis.joint_words import first_states, stepped
from maskwright.grammar.behaviour.analysis.judge import Judge
from maskwright.grammar.behaviour.analysis.spelling import spelled_word
from maskwright.grammar.behaviour.analysis.traces import Pairs, read_trace
from maskwright.grammar.behaviour.analysis.verdicts import Verdict, rule_verdict


@dataclass(frozen=True, slots=True)
class Standing:
    """What can be said of a rule after a part of a trace. `owed`: the fewest segments that would satisfy it, or ""."""

    rule: str
    verdict: Verdict
    owed: str = ""

    def __str__(self) -> str:
        return f"{self.rule}: {self.verdict.value}" + (f" (owed: {self.owed})" if self.owed else "")


def standings(judge: Judge, trace: str | Pairs) -> tuple[Standing, ...]:
    """The standing of every rule after a trace, up to its first segment that is none. Raises LimitExceeded."""
    written = read_trace(judge, trace)
    alphabet = judge.alphabet(written.values, written.signs)
    found = []
    for number in range(len(judge.components)):
        machines = alphabet.machines_of([number])
        vector = first_states(machines)
        for segment in written.segments:
            if segment.sign is None:
                break
            vector = stepped(machines, vector, alphabet.place[segment.sign])
        said = rule_verdict(judge.name(number), machines, vector)
        owed = spelled_word(judge, alphabet, said.owed, machines) if said.owed else ""
        found.append(Standing(said.rule, said.verdict, owed))
    return tuple(found)
