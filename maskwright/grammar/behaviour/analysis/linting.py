"""Faults of a specification that are no errors of its notation: rules that conflict, or that say nothing.

    lint(spec, examples)  ->  findings, the worst first

All are questions for words that some automata accept together (`joint_words`): a rule is implied if no trace keeps the
flow and the other rules and breaks it; a segment is unreachable if no legal trace has it; rules conflict if no trace
keeps them, and the set is cut down, rule by rule, to one from which none can be left out (deletion-based core,
Bakker et al., "Diagnosing and solving over-determined constraint satisfaction problems", IJCAI 1993).

Rules are judged as they are written, whoever writes the segments; what others can do to a trace is in one finding, that
of the policy. Rules with a variable are judged over three values and others (see `judge`).
Cost: a few searches for each rule and segment.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

from maskwright.errors import LimitExceeded, SpecError
from maskwright.grammar.behaviour.analysis.findings import Finding, Kind, in_order
from maskwright.grammar.behaviour.analysis.foreseeing import last_chance
from maskwright.grammar.behaviour.analysis.joint_words import shortest_word
from maskwright.grammar.behaviour.analysis.judge import QUESTION_VALUES, Alphabet, Judge
from maskwright.grammar.behaviour.analysis.machines import Machine, first_states, is_accepted, run
from maskwright.grammar.behaviour.analysis.spelling import spelled_word
from maskwright.grammar.behaviour.analysis.traces import Pairs, WrittenTrace, read_trace
from maskwright.grammar.behaviour.analysis.triggers import trigger
from maskwright.grammar.behaviour.logic.formula import Formula, eventually, holds
from maskwright.grammar.behaviour.policy import Policy
from maskwright.grammar.behaviour.specification.flow import segments_of
from maskwright.grammar.behaviour.specification.spec import Spec
from maskwright.grammar.lint.finding import Severity


def lint(spec: Spec, examples: Sequence[str | Pairs] = (), *, least_tokens: int | None = None) -> tuple[Finding, ...]:
    """What is doubtful in a specification.

    examples: traces as `check` takes them; without any, nothing is said of rules that they do not trigger.
    least_tokens: what a compiled program needs at least (`BudgetTooSmall` names it), to be compared with the budget.
    Raises what compiling the letters raises.
    """
    judge = Judge.of(spec)
    about = _Questions(judge, judge.alphabet(QUESTION_VALUES))
    found = [*_budget(spec, least_tokens)]
    conflict = _decided("whether the rules can be kept together", about.conflicts)
    found += conflict
    if not any(one.kind is Kind.UNSATISFIABLE for one in conflict):
        found += _policy(spec)
        for name, question in (
            ("which segments can be reached", about.unreachable),
            ("which rules the flow implies", about.redundant),
            ("whether warnings can always be heeded", about.contradicted),
        ):
            found += _decided(name, question)
        told = {one.segment for one in found if one.kind is Kind.UNREACHABLE and one.rules}
        found = [one for one in found if one.rules or one.kind is not Kind.UNREACHABLE or one.segment not in told]
    if examples:
        found += _never_triggered(judge, examples)
    return in_order(found)


def _decided(name: str, question: Callable[[], Iterator[Finding]]) -> list[Finding]:
    """The answers to a question, or that it could not be answered."""
    found: list[Finding] = []
    try:
        found.extend(question())
    except LimitExceeded as error:
        found.append(Finding(Kind.NOT_EXAMINED, Severity.INFORMATION, f"it is not known {name}: {error}"))
    return found


def _budget(spec: Spec, least_tokens: int | None) -> Iterator[Finding]:
    allowed = spec.budget.generated_tokens
    if least_tokens is not None and allowed is not None and least_tokens > allowed:
        message = f"the budget of {allowed} generated tokens is too small: {least_tokens} always suffice"
        yield Finding(Kind.BUDGET_TOO_SMALL, Severity.ERROR, message)


def _policy(spec: Spec) -> list[Finding]:
    """Whether a policy can finish against the declared environment."""
    try:
        policy = Policy.of(spec)
    except SpecError as error:
        message = f"{error.where}: {error.message}"
        return [Finding(Kind.CANNOT_BE_FOLLOWED, Severity.ERROR, message, error.rules, witness=error.witness)]
    except LimitExceeded as error:
        message = f"it is not known whether it can be followed against its environment: {error}"
        return [Finding(Kind.NOT_EXAMINED, Severity.INFORMATION, message)]
    if not policy.is_complete:
        return []
    allowed = policy.allowed_segments()
    return [
        Finding(
            Kind.UNREACHABLE,
            Severity.WARNING,
            f"segment '{name}' is never allowed: what others may write then could make it impossible to keep the "
            "rules; allow for it in the flow, or say what is assumed of them",
            segment=name,
        )
        for name in segments_of(spec.flow)
        if name not in allowed
    ]


@dataclass(frozen=True, slots=True)
class _Questions:
    """Questions about the rules of one specification."""

    judge: Judge
    alphabet: Alphabet

    def _witness(self, components: Sequence[int], *more: Machine) -> tuple[int, ...] | None:
        """A shortest trace that satisfies these components and what `more` says."""
        machines = [*self.alphabet.machines_of(components), self.alphabet.not_empty, *more]
        return shortest_word(machines, first_states(machines))

    def _spelled(self, word: Sequence[int], components: Sequence[int], *more: Machine) -> str:
        machines = [*self.alphabet.machines_of([0, *components]), *more]
        return spelled_word(self.judge, self.alphabet, word, machines)

    def conflicts(self) -> Iterator[Finding]:
        """Hard rules that cannot be kept together, no fewer of them; with what would go if one were left out."""
        kept = list(self.judge.hard)
        if self._witness(kept) is not None:
            return
        for component in self.judge.hard[1:]:
            fewer = [one for one in kept if one != component]
            if self._witness(fewer) is None:
                kept = fewer
        guilty = tuple(self.judge.name(component) for component in kept[1:])
        if not guilty:
            message = f"no trace satisfies the flow {self.judge.spec.flow}: it needs a segment that has no text"
            yield Finding(Kind.UNSATISFIABLE, Severity.ERROR, message)
            return
        shown = []
        for component in kept[1:]:
            fewer = [one for one in kept if one != component]
            word = self._witness(fewer)
            assert word is not None, "the core is minimal"
            shown.append(f"without {self.judge.name(component)}: {self._spelled(word, kept)}")
        message = f"no trace satisfies the flow and {_listed(guilty)}: change one of them, or the flow"
        yield Finding(Kind.UNSATISFIABLE, Severity.ERROR, message, guilty, witness="\n  ".join(shown))

    def unreachable(self) -> Iterator[Finding]:
        """Segments that no legal trace has."""
        named = segments_of(self.judge.spec.flow)
        for segment in self.judge.spec.segments:
            if segment.name not in named:
                message = f"segment '{segment.name}' is not in the flow: add it or delete it"
                yield Finding(Kind.UNREACHABLE, Severity.WARNING, message, segment=segment.name)
                continue
            if segment.name not in {letter.segment for letter in self.judge.letters}:
                guilty, reason = [], "it has no text"
            elif not self._possible(self.judge.hard, eventually(holds(segment.name))):
                guilty = self._against(eventually(holds(segment.name)))
                reason = f"{_listed(guilty)} forbids it" if guilty else "the flow has no way through it"
            else:
                continue
            message = f"segment '{segment.name}' is in no legal trace: {reason}"
            yield Finding(Kind.UNREACHABLE, Severity.WARNING, message, tuple(guilty), segment.name)

    def _possible(self, components: Sequence[int], formula: Formula) -> bool:
        """Does the formula hold of some trace that satisfies these components, for some value if it has a variable?"""
        machines = self.judge.machines_for(formula, self.alphabet)
        return any(self._witness(components, machine) is not None for machine in machines)

    def _against(self, formula: Formula) -> list[str]:
        """Rules, no fewer, that make a formula impossible which the flow allows; none if the flow does not."""
        kept = list(self.judge.hard)
        for component in self.judge.hard[1:]:
            fewer = [one for one in kept if one != component]
            if not self._possible(fewer, formula):
                kept = fewer
        return [self.judge.name(component) for component in kept[1:]]

    def redundant(self) -> Iterator[Finding]:
        """Rules whose trigger never happens, and rules that the flow and the others imply."""
        for number, component in enumerate(self.judge.components):
            if component.rule is None:
                continue
            others = [one for one in self.judge.hard if one != number]
            rule = component.rule
            waited_for = trigger(rule)
            if waited_for is not None and not self._possible(others, waited_for):
                message = f"rule '{rule.id}' ({rule.words}) says nothing: what it waits for never happens"
                yield Finding(Kind.VACUOUS, Severity.WARNING, message, (rule.id,))
                continue
            machines = self.alphabet.machines_of([number])
            if all(self._witness(others, machine.complement()) is None for machine in machines):
                needed = self._reasons(others, machines)
                by = _listed(["the flow", *(f"'{name}'" for name in needed)])
                message = f"rule '{rule.id}' ({rule.words}) says nothing new: {by} implies it already"
                yield Finding(Kind.IMPLIED, Severity.WARNING, message, (rule.id, *needed))

    def _reasons(self, others: Sequence[int], machines: Sequence[Machine]) -> list[str]:
        """Of the other rules those, no fewer, that with the flow imply a rule."""
        kept = list(others)
        for component in others[1:]:
            fewer = [one for one in kept if one != component]
            if all(self._witness(fewer, machine.complement()) is None for machine in machines):
                kept = fewer
        return [self.judge.name(component) for component in kept[1:]]

    def contradicted(self) -> Iterator[Finding]:
        """Warnings that cannot be heeded with the hard rules, at all or after some trace."""
        for number in self.judge.warn:
            rule = self.judge.components[number].rule
            assert rule is not None
            machines = self.alphabet.machines_of([number])
            if self._witness(self.judge.hard, *machines) is None:
                message = f"no legal trace heeds the warning '{rule.id}' ({rule.words})"
                yield Finding(Kind.WARNING_CONTRADICTS, Severity.WARNING, message, (rule.id,))
                continue
            hard = [*self.alphabet.machines_of(self.judge.hard), self.alphabet.not_empty]
            word = last_chance(hard, machines)
            if word is not None:
                message = f"after some traces every legal ending breaks the warning '{rule.id}' ({rule.words})"
                shown = self._spelled(word, [*self.judge.hard, number])
                yield Finding(Kind.WARNING_CONTRADICTS, Severity.INFORMATION, message, (rule.id,), witness=shown)


def _never_triggered(judge: Judge, examples: Sequence[str | Pairs]) -> Iterator[Finding]:
    """Rules that ask for nothing in any of the examples."""
    written = [read_trace(judge, example) for example in examples]
    for rule in judge.spec.rules:
        waited_for = trigger(rule)
        if waited_for is not None and not any(_has(judge, one, waited_for) for one in written):
            message = f"no example triggers rule '{rule.id}' ({rule.words}): add one that does, and one that breaks it"
            yield Finding(Kind.NEVER_TRIGGERED, Severity.INFORMATION, message, (rule.id,))


def _has(judge: Judge, trace: WrittenTrace, formula: Formula) -> bool:
    """Does a formula hold of a trace, read up to the first piece that is none of its segment's, for some value?"""
    alphabet = judge.alphabet(trace.values, trace.signs)
    word = [alphabet.place[sign] for sign in trace.readable]
    machines = judge.machines_for(formula, alphabet)
    return bool(word) and any(is_accepted([machine], run([machine], word)) for machine in machines)


def _listed(names: Sequence[str]) -> str:
    return " and ".join([", ".join(names[:-1]), names[-1]] if len(names) > 1 else names)
