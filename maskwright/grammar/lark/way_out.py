"""For each state of a parser the way that seems shortest to the end: what to read next, or which rule to reduce.

Where a table prefers shifts to reductions, it must be shown for a text in progress that it can still be completed
(`automata._planning.is_proved`). That is nearly always so, and quickly shown by a guide that knows the grammar: of the
items in a state take the one that costs the fewest terminals, together with what a text costs at least after its rule,

    m(X) = least number of terminals of a symbol,  E(A) = least number of terminals after an A,  E(start) = 0
    item A -> a . b       costs m(b) + E(A)

both by Knuth's generalisation of Dijkstra's algorithm. Only a guide: E knows no context, so what it says is checked.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from maskwright.grammar.lark.lalr import Production
from maskwright.grammar.lexed_language import Ints

NOWHERE = -1

FAR = 1 << 20
"""The cost of what derives no text, and of what never ends."""


def first_terminals(rules: Sequence[Production], least: Sequence[int]) -> Ints:
    """For each symbol the terminal with which its shortest text begins; 0 where that is the empty one."""
    shortest: dict[int, tuple[int, ...]] = {}
    for left, right in sorted(rules, key=lambda rule: sum([least[symbol] for symbol in rule[1]])):
        shortest.setdefault(left, right)
    first = np.zeros(len(least), dtype=np.int32)
    known: dict[int, int] = {}
    for symbol in range(len(least)):
        path: dict[int, None] = {}
        here: int | None = symbol
        while here is not None and here in shortest and here not in known and here not in path:
            path[here] = None
            here = next((part for part in shortest[here] if least[part]), None)
        # a shortest derivation that goes round in circles is not followed
        end = 0 if here is None or here in path else known.get(here, here)
        known.update(dict.fromkeys(path, end))
        first[symbol] = end
    return first


def least_terminals(rules: Sequence[Production], n_terminals: int, n_symbols: int) -> list[int]:
    """The least number of terminals of each symbol."""
    least = [1] * n_terminals + [FAR] * (n_symbols - n_terminals)
    changed = True
    while changed:
        changed = False
        rules = rules[::-1]  # so that a chain of rules takes two rounds, whichever way it is written
        for left, right in rules:
            cost = min(FAR, sum([least[symbol] for symbol in right]))
            if cost < least[left]:
                least[left] = cost
                changed = True
    return least


def least_behind(rules: Sequence[Production], n_terminals: int, start: int, least: Sequence[int]) -> list[int]:
    """The least number of terminals after each nonterminal."""
    behind = [FAR] * len(least)
    behind[start] = 0
    changed = True
    while changed:
        changed = False
        rules = rules[::-1]
        for left, right in rules:
            cost = behind[left]
            for symbol in reversed(right):
                if symbol >= n_terminals and cost < behind[symbol]:
                    behind[symbol] = cost
                    changed = True
                cost = min(FAR, cost + least[symbol])
    return behind


def ways_out(
    kernels: Sequence[Sequence[tuple[int, int]]],
    rules: Sequence[Production],
    n_terminals: int,
    start: int,
    least: Sequence[int],
) -> Ints:
    """For states with these items (rule, place of the dot): the symbol to go on with, or 0; the rule to reduce by.

    The symbol is NOWHERE where no text leads to an end.

    The rule behind the last one is root -> start (`lalr`).
    """
    behind = least_behind(rules, n_terminals, start, least)
    choices: list[list[tuple[int, int, int]]] = []  # for each rule and place: cost, symbol, rule
    for rule, (left, right) in enumerate(rules):
        cost = behind[left]
        found = [(cost, 0, rule)]
        for symbol in reversed(right):
            cost += least[symbol]
            found.append((cost, symbol, rule))
        choices.append(found[::-1])
    choices.append([(least[start], start, 0), (0, 0, 0)])
    nowhere = (FAR, NOWHERE, 0)
    best = [min([nowhere, *(choices[rule][dot] for rule, dot in kernel)])[1:] for kernel in kernels]
    return np.array(best, dtype=np.int32).reshape(-1, 2)
