"""lark's LALR analysis as the judge of ours, on compiled rules; states go by their kernels: sets of (rule, dot).

A rule is its number in the list, and the rule behind the last one is lark's `$root_start`.
"""

from __future__ import annotations

import random
import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from lark.common import ParserConf
from lark.exceptions import GrammarError
from lark.grammar import NonTerminal, Rule, RuleOptions, Terminal
from lark.parsers.lalr_analysis import LALR_Analyzer, Reduce

Kernel = frozenset[tuple[int, int]]


@dataclass(frozen=True, slots=True)
class LarkState:
    """A state: what it leads to by the names of symbols, and (terminal, rule) for each rule that may end in it."""

    transitions: dict[str, Kernel]
    lookaheads: frozenset[tuple[str, int]]


@dataclass(frozen=True, slots=True)
class LarkAnalysis:
    """lark's states; its table by kernels, or its message where nothing decides between two rules.

    An action is ("to", kernel) or ("by", rule). is_settled: whether the lookaheads do not depend on the order in which
    lark meets its states (no two transitions read each other).
    """

    states: dict[Kernel, LarkState]
    start: Kernel
    table: dict[Kernel, dict[str, tuple[str, Any]]] | None
    message: str
    is_settled: bool


def lark_analysis(rules: Sequence[Rule], start: str = "start") -> LarkAnalysis:
    """Let lark analyse the rules."""
    analyzer = LALR_Analyzer(ParserConf(list(rules), {}, [start]))
    message = ""
    try:
        analyzer.compute_lalr()  # type: ignore[no-untyped-call]
    except GrammarError as error:
        message = str(error)
    number_of = {rule: number for number, rule in enumerate(rules)}

    def kernel(itemset: Any) -> Kernel:
        return frozenset((number_of.get(item.rule, len(rules)), item.index) for item in itemset.kernel)

    states = {
        kernel(itemset): LarkState(
            {symbol.name: kernel(target) for symbol, target in itemset.transitions.items()},
            frozenset((s.name, number_of[rule]) for s, ended in itemset.lookaheads.items() for rule in ended),
        )
        for itemset in analyzer.lr0_itemsets
    }
    table = None
    if not message:
        theirs: Any = analyzer.parse_table
        # lark numbers the states in the order of this set (`IntParseTable.from_ParseTable`)
        kernel_of = dict(enumerate(map(kernel, analyzer.lr0_itemsets)))
        table = {
            kernel_of[state]: {
                name: ("by", number_of[argument]) if action is Reduce else ("to", kernel_of[argument])
                for name, (action, argument) in row.items()
            }
            for state, row in theirs.states.items()
        }
    return LarkAnalysis(states, frozenset({(len(rules), 0)}), table, message, _is_settled(analyzer))


def _is_settled(analyzer: Any) -> bool:
    for pair in analyzer.nonterminal_transitions:
        reached = set(analyzer.reads[pair])
        todo = list(reached)
        for other in todo:  # grows while it is read
            new = set(analyzer.reads.get(other, ())) - reached
            reached |= new
            todo += new
        if any(other != pair and pair in analyzer.reads.get(other, ()) for other in reached):
            return False
    return True


def undecided_rules(message: str) -> dict[tuple[str, ...], set[str]]:
    """lark's report of conflicting reductions: the terminals by the rules, as "left : right"."""
    places: dict[tuple[str, ...], set[str]] = {}
    for terminal, listed in re.findall(r"collision in Terminal\('(.+?)'\) [^\n]*((?:\s+- <.*>)+)", message):
        places.setdefault(tuple(sorted(re.findall(r"- <(.*)>", listed))), set()).add(terminal)
    return places


def reduces_for_ever(analysis: LarkAnalysis, rules: Sequence[Rule]) -> bool:
    """Is there a stack of two states from which the parser reduces 10,000 times without reading?  All are tried.

    At the end of the text lark stops where it has read the start symbol, (the rule behind the last one, 1).
    """
    assert analysis.table is not None
    productive = {symbol.name for rule in rules for symbol in rule.expansion if symbol.is_term}
    for _ in rules:
        productive |= {rule.origin.name for rule in rules if productive.issuperset(s.name for s in rule.expansion)}
    for below, row in analysis.table.items():
        for name, (kind, above) in row.items():
            if kind == "to" and name in productive:
                for lookahead in analysis.table[above]:
                    if _goes_on(analysis.table, rules, [below, above], lookahead):
                        return True
    return False


def _goes_on(table: Any, rules: Sequence[Rule], stack: list[Kernel], lookahead: str) -> bool:
    for _ in range(10_000):
        if lookahead == "$END" and (len(rules), 1) in stack[-1]:
            return False
        kind, rule = table[stack[-1]].get(lookahead, ("", None))
        if kind != "by" or len(rules[rule].expansion) >= len(stack):
            return False
        del stack[len(stack) - len(rules[rule].expansion) :]
        _, following = table[stack[-1]].get(rules[rule].origin.name, ("", None))
        if following is None:
            return False
        stack.append(following)
    return True


def random_rules(rng: random.Random, *, with_priorities: bool = True) -> list[Rule]:
    """Up to twelve short rules over up to four nonterminals and three terminals, many of them nullable or recursive."""
    nonterminals = ["start", "p", "q", "r"][: rng.randint(1, 4)]
    terminals = ["A", "B", "C"][: rng.randint(1, 3)]
    rules = []
    for left in nonterminals:
        sides = {
            tuple(rng.choice(nonterminals + terminals) for _ in range(rng.choice((0, 1, 1, 2, 2, 3))))
            for _ in range(rng.randint(1, 3))
        }
        priority = rng.choice((None, None, 1, 2)) if with_priorities else None
        for order, right in enumerate(sorted(sides)):
            symbols = [Terminal(name) if name.isupper() else NonTerminal(name) for name in right]
            rules.append(Rule(NonTerminal(left), symbols, order, None, RuleOptions(priority=priority)))
    return rules
