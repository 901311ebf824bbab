"""The LALR(1) table of lark's parser as arrays, and how it decides conflicts.

Which lookaheads a state has, and that a shift is preferred to a reduction, are part of the language that lark accepts:
the table is exactly lark's. `lalr` makes the automaton; the decisions are made here, as `lark.parsers.lalr_analysis`
does: a shift comes first, then the rule with the highest priority; rules of equal priority are an error.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from itertools import chain

import numpy as np
from lark.grammar import Rule

from maskwright.errors import GrammarSyntaxError
from maskwright.grammar.lark.endless_reductions import endless_reduction
from maskwright.grammar.lark.lalr import Automaton, Production, lalr_automaton
from maskwright.grammar.lark.relations import bits_of
from maskwright.grammar.lark.way_out import first_terminals, least_terminals, ways_out
from maskwright.grammar.lexed_language import END_OF_TEXT, Ints


@dataclass(frozen=True, slots=True)
class ParseTable:
    """The arrays of `LexedLanguage` that concern the parser, and the terminals that each state accepts, by name.

    `conflicts` says where the parser could have reduced by a rule and does not, because it shifts or because another
    rule has a higher priority: (terminal, the rule).
    """

    table_start: Ints
    table: Ints
    rules: Ints
    rule_start: Ints
    rule_symbols: Ints
    start_state: int
    end_state: int
    accepted: tuple[frozenset[str], ...]
    names: tuple[str, ...]
    conflicts: tuple[tuple[str, str], ...]
    way_out: Ints
    first_terminals: Ints


def parse_table(rules: Sequence[Rule], start: str, terminals: Sequence[str]) -> ParseTable:
    """The table of compiled rules; `terminals` are the names of all terminals, declared ones too, in any order.

    Symbols: 0 is the end of the text, then the terminals in the given order, then the nonterminals. States are numbered
    breadth first, by the names of the symbols that lead to them.
    Raises GrammarSyntaxError where two reductions conflict or would never end, LimitExceeded for too many states.
    """
    # lark's names are often tokens, which are slow to compare
    names = tuple(dict.fromkeys(["$END", *map(str, terminals), *(str(rule.origin.name) for rule in rules)]))
    symbol_of = {name: symbol for symbol, name in enumerate(names)}
    n_terminals = 1 + len(terminals)
    sides: list[Production] = [
        (symbol_of[str(rule.origin.name)], tuple([symbol_of[str(symbol.name)] for symbol in rule.expansion]))
        for rule in rules
    ]
    order = np.argsort(np.argsort(np.array(names, dtype=object), kind="stable"), kind="stable").tolist()
    automaton = lalr_automaton(sides, n_terminals, symbol_of[start], order)
    decided = _decisions(automaton, rules, names)
    table, conflicts = decided.table, decided.conflicts
    if conflicts and (found := endless_reduction(table, automaton.end_state, sides, n_terminals, order)):
        raise _endless(rules[found[0]], names[found[1]])
    least = least_terminals(sides, n_terminals, len(names))
    return ParseTable(
        _starts(table),
        _entries(table),
        np.array([(len(right), left) for left, right in sides], dtype=np.int32).reshape(-1, 2),
        _starts([right for _, right in sides]),
        np.array([symbol for _, right in sides for symbol in right], dtype=np.int32),
        0,
        automaton.end_state,
        _accepted(table, names, n_terminals),
        names,
        conflicts,
        ways_out(automaton.kernels, sides, n_terminals, symbol_of[start], least),
        first_terminals(sides, least),
    )


@dataclass(frozen=True, slots=True)
class _Decided:
    """For each state its actions by symbol, and the reductions that are not in the table."""

    table: list[dict[int, int]]
    conflicts: tuple[tuple[str, str], ...]


def _decisions(automaton: Automaton, rules: Sequence[Rule], names: Sequence[str]) -> _Decided:
    """Choose between the actions of each state, as lark does; raises GrammarSyntaxError."""
    symbols_in = cache(bits_of)
    table = []
    conflicts: list[tuple[str, str]] = []
    undecided: dict[tuple[str, ...], set[str]] = {}
    for row, lookaheads in zip(automaton.transitions, automaton.lookaheads, strict=True):
        actions = {symbol: 2 * target for symbol, target in row.items()}
        shifted = sum(1 << symbol for symbol in row)
        seen = several = 0
        for before in lookaheads.values():
            several |= seen & before
            seen |= before
        for rule, before in lookaheads.items():
            for symbol in symbols_in(before & ~several & ~shifted):
                actions[symbol] = 2 * rule + 1
            conflicts += [(names[symbol], str(rules[rule])) for symbol in symbols_in(before & ~several & shifted)]
        for symbol in symbols_in(several):
            ending = [rule for rule, before in lookaheads.items() if before >> symbol & 1]
            ending.sort(key=lambda rule: rules[rule].options.priority or 0, reverse=True)
            best, second = (rules[rule].options.priority or 0 for rule in ending[:2])
            if best == second:
                sides = sorted(str(rules[rule])[1:-1] for rule in ending)  # without the brackets
                undecided.setdefault(tuple(sides), set()).add(names[symbol])
                continue
            if symbol not in row:
                actions[symbol] = 2 * ending.pop(0) + 1
            conflicts += [(names[symbol], str(rules[rule])) for rule in ending]
        table.append(actions)
    if undecided:
        raise _undecided(undecided)
    return _Decided(table, tuple(sorted(conflicts)))


def _accepted(table: Sequence[Mapping[int, int]], names: Sequence[str], n_terminals: int) -> tuple[frozenset[str], ...]:
    """The terminals that have an action; states with the same ones share the set."""

    @cache
    def named(symbols: frozenset[int]) -> frozenset[str]:
        return frozenset(names[symbol] for symbol in symbols if END_OF_TEXT < symbol < n_terminals)

    return tuple(named(frozenset(row)) for row in table)


def _entries(table: Sequence[Mapping[int, int]]) -> Ints:
    """(symbol, action), row by row and sorted."""
    state = np.repeat(np.arange(len(table)), [len(row) for row in table])
    symbol = np.array(list(chain.from_iterable(table)), dtype=np.int32)
    action = np.array(list(chain.from_iterable(row.values() for row in table)), dtype=np.int32)
    order = np.lexsort((symbol, state))
    return np.stack([symbol[order], action[order]], axis=1)


def _starts(rows: Sequence[Sequence[int] | Mapping[int, int]]) -> Ints:
    return np.cumsum([0, *map(len, rows)]).astype(np.int32)


def _undecided(places: Mapping[tuple[str, ...], set[str]]) -> GrammarSyntaxError:
    """Reductions between which nothing decides, the first by name, with what to do; `places`: before which ones."""
    rules, before = min((rules, sorted(map(_place, symbols))) for rules, symbols in places.items())
    named = [f"'{_written_name(name)}' ({right or 'nothing'})" for name, right in (rule.split(" : ") for rule in rules)]
    message = (
        f"{' and '.join(named)} can both end before {', '.join(before)}: a parser with one symbol of lookahead cannot "
        "decide; read the grammar character by character with lexer='dynamic_complete', or give one rule a priority"
    )
    return GrammarSyntaxError(message, "", 0, "Lark grammar")


def _endless(rule: Rule, lookahead: str) -> GrammarSyntaxError:
    where = "at the end of the text" if lookahead == "$END" else f"before {lookahead}"
    message = (
        f"lark's parser would reduce for ever in the rule '{_written_name(rule.origin.name)}' {where}: a rule derives "
        "itself, or repeats what may be empty"
    )
    return GrammarSyntaxError(message, "", 0, "Lark grammar")


def _place(terminal: str) -> str:
    return "the end of the text" if terminal == "$END" else terminal


def _written_name(rule: str) -> str:
    """The rule in which a repetition is written for which lark has made this rule."""
    return re.sub(r"^__(.+)_(star|plus)_\d+$", r"\1", rule)
