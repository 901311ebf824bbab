"""lark's own LALR(1) table, computed by lark, as arrays.

Taking lark's table rather than making one of ours is what makes verdicts equal: which lookaheads a state has, and that
a shift is preferred to a reduction, are part of the language that lark accepts.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from lark.common import ParserConf
from lark.exceptions import GrammarError
from lark.grammar import Rule
from lark.parsers.lalr_analysis import IntParseTable, LALR_Analyzer, Reduce

from maskwright.errors import GrammarSyntaxError
from maskwright.grammar.lexed_language import END_OF_TEXT, Ints


MAX_REDUCTIONS = 10_000
"""Without reading; what needs more never ends. The longest of the grammars tried needs 30."""


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
        analyzer.compute_lalr()
    except GrammarError as error:
        raise _conflict(error) from error
    lark_table = analyzer.parse_table
    assert isinstance(lark_table, IntParseTable)
    names = ["$END", *terminals]
    symbol_of = {name: symbol for symbol, name in enumerate(names)}
    for rule in rules:
        if rule.origin.name not in symbol_of:
            symbol_of[rule.origin.name] = len(names)
            names.append(rule.origin.name)
    rule_of = {rule: number for number, rule in enumerate(rules)}
    n_states = len(lark_table.states)
    rows: list[tuple[int, int]] = []
    table_start = [0]
    accepted = []
    n_terminals = len(terminals)
    for state in range(n_states):
        entries = []
        for name, (action, argument) in lark_table.states[state].items():
            is_reduction = action is Reduce
            entries.append((symbol_of[name], 2 * rule_of[argument] + 1 if is_reduction else 2 * argument))
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
        _check_that_reductions_end(lark_table, rules)
    return ParseTable(
        np.array(table_start, dtype=np.int32),
        np.array(rows, dtype=np.int32).reshape(-1, 2),
        np.array([(len(rule.expansion), symbol_of[rule.origin.name]) for rule in rules], dtype=np.int32).reshape(-1, 2),
        np.cumsum([0, *(len(rule.expansion) for rule in rules)]).astype(np.int32),
        np.array([symbol_of[symbol.name] for rule in rules for symbol in rule.expansion], dtype=np.int32),
        lark_table.start_states[start],
        lark_table.end_states[start],
        tuple(accepted),
        tuple(names),
        tuple(conflicts),
    )


def _check_that_reductions_end(table: IntParseTable, rules: Sequence[Rule]) -> None:
    """Raise GrammarSyntaxError where the parser would reduce for ever without reading, as lark then does.

    Without conflicts no parser does. Such a sequence has a place behind which it never again goes below a certain
    height; from there only the state at that height and the one above it matter, so all such pairs are tried.
    """
    origins = {rule: rule.origin.name for rule in rules}
    for below, row in table.states.items():
        followers = {argument for action, argument in row.values() if action is not Reduce}
        for above in followers:
            for lookahead, (action, rule) in table.states[above].items():
                if action is Reduce and len(rule.expansion) <= 1 and _is_endless(table, [below, above], lookahead):
                    message = (
                        f"the parser would reduce for ever by '{origins[rule]}' where "
                        f"{'the text ends' if lookahead == '$END' else lookahead + ' follows'}: some rule derives "
                        "itself, or repeats what may be empty"
                    )
                    raise GrammarSyntaxError(message, "", 0, "Lark grammar")


def _is_endless(table: IntParseTable, stack: list[int], lookahead: str) -> bool:
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
    """lark's report of conflicting reductions, with what to do."""
    first = " ".join(str(error).split("\n\n", maxsplit=1)[0].split())
    advice = "a parser with one symbol of lookahead cannot read this grammar; read it character by character with"
    return GrammarSyntaxError(
        f"{first}: {advice} lexer='dynamic_complete', or give one rule a priority", "", 0, "Lark grammar"
    )
