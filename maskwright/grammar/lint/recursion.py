"""Checks: rules that lead back to themselves without reading anything, loops over what may be empty, left recursion.

A rule derives itself (A =>+ A) if there is a cycle of steps A -> x B y in which x and y may both be empty. Every text
of such a rule has infinitely many derivations. A repetition without end whose body may be empty is the same thing
inside one rule. Left recursion (A =>+ A y, what stands before may be empty) is harmless here; it is told where the
grammar's usual engine refuses it.
"""

from __future__ import annotations

from collections.abc import Iterator

from maskwright.grammar.lint.components import components, shortest_cycle
from maskwright.grammar.lint.facts import Facts, is_nullable_leaf
from maskwright.grammar.lint.finding import Finding, Kind, Severity
from maskwright.grammar.lint.subject import Notation, Symbol


def unit_steps(facts: Facts) -> dict[str, dict[str, None]]:
    """For each nonterminal, those that it may turn into with nothing around them; a loop's step to itself is none."""
    steps: dict[str, dict[str, None]] = {name: {} for name in facts.subject.productions}
    for head, bodies in facts.subject.productions.items():
        for body in bodies:
            solid = [place for place, symbol in enumerate(body) if not _may_vanish(symbol, facts)]
            if len(solid) > 1:
                continue
            for place, symbol in enumerate(body):
                if isinstance(symbol, str) and solid in ([], [place]):
                    if symbol == head and head in facts.subject.loops:
                        continue
                    steps[head][symbol] = None
    return steps


def cycles(facts: Facts) -> Iterator[Finding]:
    """A finding for each group of rules that derive themselves."""
    for found in _cycles_of(unit_steps(facts), facts):
        names = _rules_on(found, facts)
        chain = " -> ".join((*names, names[0]))
        message = (
            f"rule '{names[0]}' can derive itself without reading anything ({chain}), so each of its texts has "
            "infinitely many derivations; remove the alternative that leads back"
        )
        yield facts.subject.finding(Kind.CYCLE, Severity.WARNING, names[0], message)


def nullable_loops(facts: Facts) -> Iterator[Finding]:
    """A finding for each rule with a repetition without end of something that may be empty."""
    subject = facts.subject
    told: set[str] = set()
    for loop, bodies in subject.loops.items():
        if all(any(not _may_vanish(symbol, facts) for symbol in body) for body in bodies):
            continue
        owner = subject.owner(loop)
        if owner in told:
            continue
        told.add(owner)
        message = (
            f"rule '{owner}' repeats something that may be empty, as in (x?)*, so each of its texts has infinitely "
            "many derivations; let the repetition alone allow the empty text, as in x*"
        )
        yield subject.finding(Kind.NULLABLE_LOOP, Severity.WARNING, owner, message)


def left_recursion(facts: Facts) -> Iterator[Finding]:
    """In GBNF, which llama.cpp reads without left recursion, a finding for each group of rules that have it."""
    if facts.subject.notation is not Notation.GBNF:
        return
    steps: dict[str, dict[str, None]] = {name: {} for name in facts.subject.productions}
    for head, bodies in facts.subject.productions.items():
        for body in bodies:
            for symbol in body:
                if isinstance(symbol, str):
                    steps[head][symbol] = None
                if not _may_vanish(symbol, facts):
                    break
    for found in _cycles_of(steps, facts):
        names = _rules_on(found, facts)
        if names == [facts.subject.owner(found[0])] and all(name in facts.subject.owners for name in found):
            continue  # a loop over what may be empty, which is told as such
        chain = " -> ".join((*names, names[0]))
        message = f"rule '{names[0]}' is left-recursive ({chain}): fine here, but llama.cpp refuses it"
        yield facts.subject.finding(Kind.LEFT_RECURSION, Severity.INFORMATION, names[0], message)


def _may_vanish(symbol: Symbol, facts: Facts) -> bool:
    return symbol in facts.nullable if isinstance(symbol, str) else is_nullable_leaf(symbol)


def _cycles_of(steps: dict[str, dict[str, None]], facts: Facts) -> Iterator[list[str]]:
    """A shortest cycle in each strongly connected part that has one, from its first written rule on."""
    place_of = {name: place for place, name in enumerate(facts.subject.productions)}
    groups = [sorted(group, key=place_of.__getitem__) for group in components(steps)]
    for group in sorted(groups, key=lambda group: place_of[group[0]]):
        begin = next((name for name in group if name not in facts.subject.owners), group[0])
        found = shortest_cycle(begin, steps) if len(group) > 1 or begin in steps[begin] else None
        if found is not None:
            yield found[:-1]


def _rules_on(nonterminals: list[str], facts: Facts) -> list[str]:
    """The rules on a cycle, each once in a row."""
    names: list[str] = []
    for name in nonterminals:
        owner = facts.subject.owner(name)
        if not names or names[-1] != owner:
            names.append(owner)
    return names[:-1] if len(names) > 1 and names[-1] == names[0] else names
