"""Checks of a Lark grammar that its LALR parser decides: conflicts, and which terminals it accepts where.

lark computes the states and lookaheads (DeRemer and Pennello 1982); its own report is one log line a conflict. Here
each conflict is told with its rules, and with symbols that lead into the state: a shift/reduce conflict is decided
for the shift, a reduce/reduce conflict without priorities is an error, as in lark.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from lark.common import ParserConf
from lark.grammar import Rule, Symbol
from lark.parsers.grammar_analysis import LR0ItemSet, RulePtr
from lark.parsers.lalr_analysis import LALR_Analyzer

from maskwright.errors import LimitExceeded
from maskwright.grammar.lint.finding import Finding, Kind, Severity
from maskwright.grammar.lint.from_lark import LarkParts

MAX_RULES = 20_000
"""lark's analysis takes a recursion for each rule on a chain, and some milliseconds a rule beyond that."""

MAX_LISTED = 6
"""Lookaheads and symbols of the way that a message lists."""


@dataclass(frozen=True, slots=True)
class Conflict:
    """Rules between which a terminal of lookahead does not decide.

    rule: the name of the rule that is told. lookaheads: the terminals after which it is so. reduced: the productions
    that would end here. shifted: items that would read on; none for reduce/reduce. before: symbols that lead here.
    """

    rule: str
    lookaheads: tuple[str, ...]
    reduced: tuple[str, ...]
    shifted: tuple[str, ...]
    before: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Parser:
    """What lint wants of the parser. accepted: the sets of terminals that its states accept, each once."""

    accepted: tuple[frozenset[str], ...]
    conflicts: tuple[Conflict, ...]


def parser_of(parts: LarkParts) -> Parser:
    """Run lark's analysis, without its decision, and look at every state."""
    start = parts.subject.start
    if len(parts.rules) > MAX_RULES:
        raise LimitExceeded("The LALR analysis of a Lark grammar", len(parts.rules), MAX_RULES)
    analyzer = LALR_Analyzer(ParserConf(list(parts.rules), {}, [start]))
    try:
        analyzer.compute_lr0_states()
        analyzer.compute_reads_relations()  # type: ignore[no-untyped-call]
        analyzer.compute_includes_lookback()  # type: ignore[no-untyped-call]
        analyzer.compute_lookaheads()  # type: ignore[no-untyped-call]
    except RecursionError as error:
        raise LimitExceeded("The LALR analysis of a Lark grammar", len(parts.rules), MAX_RULES) from error
    ways = _ways(analyzer.lr0_start_states[start])
    accepted: dict[frozenset[str], None] = {}
    found: dict[tuple[str, tuple[str, ...], tuple[str, ...]], Conflict] = {}
    for state, way in ways.items():
        symbols = [*state.transitions, *state.lookaheads]
        accepted[frozenset(str(symbol.name) for symbol in symbols if symbol.is_term)] = None
        for conflict in _conflicts(state, way, parts):
            key = (conflict.rule, conflict.reduced, conflict.shifted)
            known = found.setdefault(key, conflict)
            if known is not conflict:
                lookaheads = tuple(dict.fromkeys((*known.lookaheads, *conflict.lookaheads)))
                found[key] = Conflict(*key[:1], lookaheads, *key[1:], known.before)
    return Parser(tuple(accepted), tuple(found.values()))


def conflict_findings(parser: Parser, parts: LarkParts) -> Iterator[Finding]:
    """A finding for each conflict."""
    for conflict in parser.conflicts:
        where = f"after {' '.join(conflict.before[-MAX_LISTED:]) or 'nothing'}, before {_listed(conflict.lookaheads)}"
        reduced = " or ".join(f"`{rule}`" for rule in conflict.reduced)
        if conflict.shifted:
            message = (
                f"shift/reduce conflict {where}: {reduced} could end, but the parser reads on with "
                f"{' or '.join(f'`{item}`' for item in conflict.shifted)}; texts that need the other way are refused; "
                "rewrite the rules so that one terminal decides, if that is not meant"
            )
            severity = Severity.WARNING
        else:
            message = (
                f"reduce/reduce conflict {where}: either of {reduced} could end, and lark refuses the grammar; give "
                "one of the rules a priority (`name.2: ...`), or let them differ in the next terminal"
            )
            severity = Severity.ERROR
        yield parts.subject.finding(Kind.CONFLICT, severity, conflict.rule, message)


def _conflicts(state: LR0ItemSet, way: tuple[Symbol, ...], parts: LarkParts) -> Iterator[Conflict]:
    """Where lark decides for a shift, or cannot decide between reductions of equal priority."""
    shown = {terminal.name: terminal.shown for terminal in parts.terminals}
    owner = parts.subject.owner

    def spelled(symbols: Iterable[Symbol]) -> list[str]:
        return [
            shown.get(name) or (f"({owner(name)} ...)" if name in parts.subject.owners else name)
            for name in (str(symbol.name) for symbol in symbols)
        ]

    def item(pointer: RulePtr) -> str:
        parts_of_item = spelled(pointer.rule.expansion)
        parts_of_item.insert(pointer.index, "•")
        return f"{owner(str(pointer.rule.origin.name))}: {' '.join(parts_of_item)}"

    before = tuple(spelled(way))
    for symbol in sorted(state.lookaheads, key=lambda symbol: str(symbol.name)):
        rules = _best(state.lookaheads[symbol])
        names = tuple(sorted(item(RulePtr(rule, len(rule.expansion))) for rule in rules))
        first = min(rules, key=lambda rule: (str(rule.origin.name), rule.order))
        lookahead = ("the end of the text" if symbol.name == "$END" else shown.get(symbol.name, str(symbol.name)),)
        if len(rules) > 1:
            yield Conflict(owner(str(first.origin.name)), lookahead, names, (), before)
        elif symbol in state.transitions:
            going_on = [pointer for pointer in state.closure if not pointer.is_satisfied and pointer.next == symbol]
            shifted = tuple(sorted({item(pointer) for pointer in going_on}))
            yield Conflict(owner(str(first.origin.name)), lookahead, names, shifted, before)


def _best(rules: set[Rule]) -> list[Rule]:
    """Of reductions after the same lookahead the one with the greatest priority; all of them if two share it."""
    ranked = sorted(rules, key=lambda rule: -(rule.options.priority or 0))
    if len(ranked) > 1 and (ranked[0].options.priority or 0) > (ranked[1].options.priority or 0):
        return ranked[:1]
    return ranked


def _ways(start: LR0ItemSet) -> dict[LR0ItemSet, tuple[Symbol, ...]]:
    """The states in breadth-first order, each with a shortest sequence of symbols that leads to it."""
    ways: dict[LR0ItemSet, tuple[Symbol, ...]] = {start: ()}
    todo = [start]
    for state in todo:
        for symbol in sorted(state.transitions, key=lambda symbol: str(symbol.name)):
            following = state.transitions[symbol]
            if following not in ways:
                ways[following] = (*ways[state], symbol)[-MAX_LISTED:]
                todo.append(following)
    return ways


def _listed(names: tuple[str, ...]) -> str:
    more = f" and {len(names) - MAX_LISTED} more" if len(names) > MAX_LISTED else ""
    return ", ".join(names[:MAX_LISTED]) + more
