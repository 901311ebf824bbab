"""lark's own LALR(1) table, computed by lark, as arrays.

Taking lark's table rather than making one of ours is what makes verdicts equal: which lookaheads a state has, and that
a shift is preferred to a reduction, are part of the language that lark accepts.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from lark.common import ParserConf
from lark.exceptions import GrammarError
from lark.grammar import Rule
from lark.parsers.lalr_analysis import LALR_Analyzer, Reduce

from maskwright.errors import GrammarSyntaxError, LimitExceeded
from maskwright.grammar.lexed_language import END_OF_TEXT, Ints

MAX_REDUCTIONS = 10_000
"""On one terminal; what needs more never ends."""


MAX_RULES_IN_A_ROW = 200
"""Up to this many rules that begin with one another are never too many: lark goes from one to the next by recursion."""


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


def parse_table(rules: Sequence[Rule], start: str, terminals: Sequence[str]) -> ParseTable:
    """The table of compiled rules; `terminals` are the names of all terminals, declared ones too, in any order.

    Symbols: 0 is the end of the text, then the terminals in the given order, then the nonterminals.
    Raises GrammarSyntaxError where two reductions conflict.
    """
    analyzer = LALR_Analyzer(ParserConf(list(rules), {}, [start]))
    try:
        analyzer.compute_lalr()  # type: ignore[no-untyped-call]
    except GrammarError as error:
        raise _conflict(error) from error
    except RecursionError as error:
        remedy = "let fewer rules begin with one another"
        raise LimitExceeded(
            "The LALR table of a Lark grammar", len(rules), MAX_RULES_IN_A_ROW, remedy=remedy
        ) from error
    lark_table: Any = analyzer.parse_table  # its states are numbers, which lark's types do not say
    names = ["$END", *terminals]
    symbol_of = {name: symbol for symbol, name in enumerate(names)}
    for rule in rules:
        if rule.origin.name not in symbol_of:
            symbol_of[rule.origin.name] = len(names)
            names.append(rule.origin.name)
    rule_of = {rule: number for number, rule in enumerate(rules)}
    order = _states_in_order(lark_table, start)
    number_of = {state: number for number, state in enumerate(order)}
    rows: list[tuple[int, int]] = []
    table_start = [0]
    accepted = []
    n_terminals = len(terminals)
    for state in order:
        entries = []
        for name, (action, argument) in lark_table.states[state].items():
            is_reduction = action is Reduce
            entries.append((symbol_of[name], 2 * rule_of[argument] + 1 if is_reduction else 2 * number_of[argument]))
        entries.sort()
        rows += entries
        table_start.append(len(rows))
        accepted.append(frozenset(names[s] for s, _ in entries if END_OF_TEXT < s <= n_terminals))
    conflicts = sorted(
        (symbol.name, str(rule))
        for state, itemset in enumerate(analyzer.lr0_itemsets)
        for symbol, reducible in itemset.lookaheads.items()
        if symbol in itemset.transitions or len(reducible) > 1
        for rule in reducible
        if lark_table.states[state].get(symbol.name) != (Reduce, rule)
    )
    if conflicts:
        _check_that_reductions_end(lark_table, order, _productive(rules))
    return ParseTable(
        np.array(table_start, dtype=np.int32),
        np.array(rows, dtype=np.int32).reshape(-1, 2),
        np.array([(len(rule.expansion), symbol_of[rule.origin.name]) for rule in rules], dtype=np.int32).reshape(-1, 2),
        np.cumsum([0, *(len(rule.expansion) for rule in rules)]).astype(np.int32),
        np.array([symbol_of[symbol.name] for rule in rules for symbol in rule.expansion], dtype=np.int32),
        number_of[lark_table.start_states[start]],
        number_of[lark_table.end_states[start]],
        tuple(accepted),
        tuple(names),
        tuple(conflicts),
    )


def _states_in_order(table: Any, start: str) -> list[int]:
    """All states, breadth first: lark numbers them differently in every process."""
    order = {table.start_states[start]: None}
    todo = list(order)
    for state in todo:
        for _, (action, argument) in sorted(table.states[state].items()):
            if action is not Reduce and argument not in order:
                order[argument] = None
                todo.append(argument)
    return todo


def _productive(rules: Sequence[Rule]) -> set[str]:
    """The terminals, and the nonterminals that derive texts."""
    productive = {symbol.name for rule in rules for symbol in rule.expansion if symbol.is_term}
    size = -1
    while size != len(productive):
        size = len(productive)
        productive |= {rule.origin.name for rule in rules if productive.issuperset(s.name for s in rule.expansion)}
    return productive


def _check_that_reductions_end(table: Any, order: Sequence[int], productive: set[str]) -> None:
    """Raise GrammarSyntaxError where the parser would reduce for ever without reading, as lark then does.

    Without conflicts no parser does. Such a sequence has a place behind which it never again goes below a certain
    height; from there only the state at that height and the one above it matter, so all such pairs are tried. States
    behind a nonterminal that no text has are never reached.
    """
    for below in order:
        followers = [
            argument
            for name, (action, argument) in sorted(table.states[below].items())
            if action is not Reduce and name in productive
        ]
        for above in dict.fromkeys(followers):
            for lookahead, (action, rule) in sorted(table.states[above].items()):
                if action is Reduce and len(rule.expansion) <= 1 and _is_endless(table, [below, above], lookahead):
                    name = _written_name(rule.origin.name)
                    where = "at the end of the text" if lookahead == "$END" else f"before {lookahead}"
                    message = (
                        f"lark's parser would reduce for ever in the rule '{name}' {where}: a rule derives itself, or "
                        "repeats what may be empty"
                    )
                    raise GrammarSyntaxError(message, "", 0, "Lark grammar")


def _is_endless(table: Any, stack: list[int], lookahead: str) -> bool:
    """Does the parser go on reducing, without ever taking away the state at the bottom of the stack?"""
    for _ in range(MAX_REDUCTIONS):
        action, rule = table.states[stack[-1]].get(lookahead, (None, None))
        if action is not Reduce or len(rule.expansion) >= len(stack):
            return False
        del stack[len(stack) - len(rule.expansion) :]
        _, following = table.states[stack[-1]].get(rule.origin.name, (None, None))
        if following is None:  # from another left context; the parser does not come here
            return False
        stack.append(following)
    return True


def _conflict(error: GrammarError) -> GrammarSyntaxError:
    """lark's report of conflicting reductions, which names them in any order, with what to do."""
    places: dict[tuple[str, ...], list[str]] = {}
    for terminal, listed in re.findall(r"collision in Terminal\('(.+?)'\) [^\n]*((?:\s+- <.*>)+)", str(error)):
        rules = tuple(sorted(re.findall(r"- <(.*)>", listed)))
        places.setdefault(rules, []).append("the end of the text" if terminal == "$END" else terminal)
    rules, before = min((rules, sorted(terminals)) for rules, terminals in places.items())
    named = [f"'{_written_name(name)}' ({right or 'nothing'})" for name, right in (rule.split(" : ") for rule in rules)]
    message = (
        f"{' and '.join(named)} can both end before {', '.join(before)}: a parser with one symbol of lookahead cannot "
        "decide; read the grammar character by character with lexer='dynamic_complete', or give one rule a priority"
    )
    return GrammarSyntaxError(message, "", 0, "Lark grammar")


def _written_name(rule: str) -> str:
    """The rule in which a repetition is written for which lark has made this rule."""
    return re.sub(r"^__(.+)_(star|plus)_\d+$", r"\1", rule)
