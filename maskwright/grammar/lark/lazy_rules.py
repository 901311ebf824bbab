"""Rules that are taken as one terminal: lazy ones, and those that a suffix or a stop ends.

For the texts L of the body, read without what is ignored, and the texts X of a suffix or stop:

    lazy        the members of L no proper beginning of which is a member
    suffix=X    the same of L X: the text up to where X ends for the first time behind a member of L
    stop=X      what stands before X there: the members t of L for which some t x is such a text

So `t[lazy]: /.*/ "</a>"`, `t[suffix="</a>"]: /.*/`, and `t[stop="</a>"]: /.*/` followed by `"</a>"`, are the same: any
line up to and including the first `</a>`. All three are regular where L is, and L must be: a rule whose recursion is
only at the beginning of its alternatives, or only at their end, is read as a graph.
Cost: that of automata; limited.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

import numpy as np
from lark.grammar import Rule, Symbol

from maskwright.errors import LimitExceeded
from maskwright.grammar.characters.automaton import CharacterAutomaton, automaton_from
from maskwright.grammar.characters.subsets import Joined, common_alphabet, concatenated

MAX_DEPTH = 100
"""Rules that use rules inside each other: they are written into their users by recursion."""

MAX_STATES = 200_000
"""States of everything written out."""

MAX_PAIRS = 2_000_000


class NotRegularError(Exception):
    """A rule recurs in its middle; `rule` is its name."""

    def __init__(self, rule: str) -> None:
        super().__init__(rule)
        self.rule = rule


def shortest(language: CharacterAutomaton) -> CharacterAutomaton:
    """The members that have no other member as a beginning."""
    table = language.transitions.copy()
    table[language.accepting] = -1
    return automaton_from(language.alphabet.intervals, table, language.accepting)


def with_suffix(body: CharacterAutomaton, suffix: CharacterAutomaton) -> CharacterAutomaton:
    """A text of the body and the suffix, up to where this occurs first."""
    return shortest(concatenated([body, suffix]))


def with_stop(body: CharacterAutomaton, stop: CharacterAutomaton) -> CharacterAutomaton:
    """The texts of the body that stand before a first stop: `with_suffix` without the suffix."""
    return _before(with_suffix(body, stop), stop) & body


def _before(language: CharacterAutomaton, ending: CharacterAutomaton) -> CharacterAutomaton:
    """The texts t for which some t x is a member, x being one of `ending` (the quotient)."""
    n_pairs = language.n_states * ending.n_states
    if n_pairs > MAX_PAIRS:
        raise LimitExceeded("A rule with a stop", n_pairs, MAX_PAIRS)
    alphabet = common_alphabet([language.alphabet.intervals, ending.alphabet.intervals])
    columns = [(own, other) for own, other in alphabet.classes_of if own >= 0 and other >= 0]
    came_from: dict[tuple[int, int], list[tuple[int, int]]] = {}
    for state, row in enumerate(language.transitions.tolist()):
        for place, behind in enumerate(ending.transitions.tolist()):
            for own, other in columns:
                if row[own] >= 0 and behind[other] >= 0:
                    came_from.setdefault((row[own], behind[other]), []).append((state, place))
    found = {(int(q), int(x)) for q in np.flatnonzero(language.accepting) for x in np.flatnonzero(ending.accepting)}
    todo = list(found)
    while todo:
        for pair in came_from.get(todo.pop(), ()):
            if pair not in found:
                found.add(pair)
                todo.append(pair)
    accepting = np.array([(state, 0) in found for state in range(language.n_states)], dtype=np.bool_)
    return automaton_from(language.alphabet.intervals, language.transitions, accepting)


def rule_language(
    name: str, rules: Mapping[str, Sequence[Rule]], terminal: Callable[[str], CharacterAutomaton]
) -> CharacterAutomaton:
    """The texts of a rule with nothing ignored in them; raises NotRegularError."""
    reached = _reached(name, rules)
    group_of = {head: frozenset(m for m in below if head in reached[m]) for head, below in reached.items()}
    joined = Joined()

    def write(symbols: Sequence[Symbol], source: int, target: int, depth: int) -> None:
        """A way on which the symbols are read."""
        for symbol in symbols:
            following = joined.state()
            if symbol.is_term:
                joined.insert(source, terminal(str(symbol.name)), following)
            else:
                write_rule(str(symbol.name), source, following, depth + 1)
            source = following
        joined.arrow(source, target)
        if joined.n_states > MAX_STATES:
            raise LimitExceeded("A rule that is taken as one terminal", joined.n_states, MAX_STATES, name)

    def write_rule(head: str, source: int, target: int, depth: int) -> None:
        if depth > MAX_DEPTH:
            raise LimitExceeded("The nesting of rules in one that is taken as a terminal", depth, MAX_DEPTH, name)
        group = group_of[head]
        if not group:
            for rule in rules[head]:
                write(rule.expansion, source, target, depth)
            return
        places = {member: joined.state() for member in group}
        bodies = [(str(rule.origin.name), rule.expansion) for member in group for rule in rules[member]]
        if all(not _mentions(symbols[1:], group) for _, symbols in bodies):
            # a place: a text of that member has just been read
            for member, symbols in bodies:
                begins = bool(symbols) and _mentions(symbols[:1], group)
                begin = places[str(symbols[0].name)] if begins else source
                write(symbols[1:] if begins else symbols, begin, places[member], depth)
            joined.arrow(places[head], target)
        elif all(not _mentions(symbols[:-1], group) for _, symbols in bodies):
            # a place: a text of that member is to be read now
            for member, symbols in bodies:
                ends = bool(symbols) and _mentions(symbols[-1:], group)
                end = places[str(symbols[-1].name)] if ends else target
                write(symbols[:-1] if ends else symbols, places[member], end, depth)
            joined.arrow(source, places[head])
        else:
            raise NotRegularError(head)

    start, end = joined.state(), joined.state()
    write_rule(name, start, end, 0)
    return joined.language(start, end)


def _reached(start: str, rules: Mapping[str, Sequence[Rule]]) -> dict[str, set[str]]:
    """For each rule that the start leads to, the rules that it leads to."""
    calls = {
        head: {str(symbol.name) for rule in bodies for symbol in rule.expansion if not symbol.is_term}
        for head, bodies in rules.items()
    }

    def below(head: str) -> set[str]:
        found: set[str] = set()
        todo = [head]
        while todo:
            for callee in calls[todo.pop()]:
                if callee not in found:
                    found.add(callee)
                    todo.append(callee)
        return found

    return {head: below(head) for head in (start, *below(start))}


def _mentions(symbols: Sequence[Symbol], group: frozenset[str]) -> bool:
    return any(not symbol.is_term and str(symbol.name) in group for symbol in symbols)
