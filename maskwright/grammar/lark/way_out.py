"""For each state of a parser the way that seems shortest to the end: what to read next, or which rule to reduce.

Where a table prefers shifts to reductions, it must be shown for a text in progress that it can still be completed
(`automata._parsing.finishing`). That is nearly always so, and quickly shown by a guide that knows the grammar: of the
items in a state take the one that costs the fewest terminals, together with what a text costs at least after its rule,

    m(X) = least number of terminals of a symbol,  E(A) = least number of terminals after an A,  E(start) = 0
    item A -> a . b       costs m(b) + E(A)

both by Knuth's generalisation of Dijkstra's algorithm. Only a guide: E knows no context, so what it says is checked.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
from lark.grammar import Rule

from maskwright.grammar.lexed_language import Ints

FAR = 1 << 20
"""The cost of what derives no text, and of what never ends."""


def first_terminals(rules: Sequence[Rule], symbol_of: Mapping[str, int], least: Mapping[str, int]) -> Ints:
    """For each symbol the terminal with which its shortest text begins; 0 where that is the empty one."""
    shortest: dict[str, Rule] = {}
    for rule in sorted(rules, key=lambda rule: sum(least[symbol.name] for symbol in rule.expansion)):
        shortest.setdefault(rule.origin.name, rule)
    first = np.zeros(len(symbol_of), dtype=np.int32)
    for name, symbol in symbol_of.items():
        here: str | None = name
        todo: list[str] = []
        for _ in range(len(symbol_of) * 4):  # a shortest derivation that goes round in circles is not followed
            if here is None:
                break
            if here not in shortest:
                first[symbol] = symbol_of[here]
                break
            todo = [s.name for s in shortest[here].expansion if least[s.name]] + todo
            here = todo.pop(0) if todo else None
    return first


def least_terminals(rules: Sequence[Rule], terminals: Sequence[str]) -> dict[str, int]:
    """The least number of terminals of each symbol."""
    least = dict.fromkeys(terminals, 1)
    for rule in rules:
        least.setdefault(rule.origin.name, FAR)
    changed = True
    while changed:
        changed = False
        for rule in rules:
            cost = min(FAR, sum(least[symbol.name] for symbol in rule.expansion))
            if cost < least[rule.origin.name]:
                least[rule.origin.name] = cost
                changed = True
    return least


def least_behind(rules: Sequence[Rule], start: str, least: Mapping[str, int]) -> dict[str, int]:
    """The least number of terminals after each nonterminal."""
    behind = {rule.origin.name: FAR for rule in rules}
    behind[start] = 0
    changed = True
    while changed:
        changed = False
        for rule in rules:
            cost = behind[rule.origin.name]
            for symbol in reversed(rule.expansion):
                if symbol.name in behind and cost < behind[symbol.name]:
                    behind[symbol.name] = cost
                    changed = True
                cost = min(FAR, cost + least[symbol.name])
    return behind


def way_out(
    kernel: Sequence[tuple[Rule, int]],
    rule_of: Mapping[Rule, int],
    symbol_of: Mapping[str, int],
    least: Mapping[str, int],
    behind: Mapping[str, int],
) -> tuple[int, int]:
    """(the symbol to go on with, or 0; the rule to reduce by) in a state with these items: (rule, place of the dot)."""
    best = (FAR + 1, 0, 0)
    for rule, dot in kernel:
        rest = rule.expansion[dot:]
        cost = sum(least[symbol.name] for symbol in rest) + behind.get(rule.origin.name, 0)
        choice = (cost, symbol_of[rest[0].name] if rest else 0, rule_of.get(rule, 0))
        best = min(best, choice)
    return best[1:]
