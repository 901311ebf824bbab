"""lark's own LALR table as arrays: the same states and actions, in the same order in every process."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from lark.parsers.lalr_analysis import Shift

from maskwright.errors import GrammarSyntaxError
from maskwright.grammar.lark.parse_table import ParseTable, parse_table
from maskwright.grammar.lark.source import read_source
from tests.naive.lark_itself import ShippedGrammar, shipped_grammars

GRAMMARS = shipped_grammars()


def table_of(text: str, start: str = "start", kept: frozenset[str] = frozenset()) -> ParseTable:
    source = read_source(text)
    terminals, rules, _ = source.grammar.compile([start], set(kept))
    declared = [name for name, (tree, _) in source.grammar.term_defs if tree is None]
    return parse_table(rules, start, [terminal.name for terminal in terminals] + declared)


def row_of(table: ParseTable, state: int) -> dict[str, tuple[str, Any]]:
    """The actions of a state by the names of the symbols: ("to", state) or ("by", (left, symbols on the right))."""
    row: dict[str, tuple[str, Any]] = {}
    for symbol, action in table.table[table.table_start[state] : table.table_start[state + 1]].tolist():
        if action & 1:
            rule = action >> 1
            n, left = table.rules[rule].tolist()
            right = table.rule_symbols[table.rule_start[rule] : table.rule_start[rule + 1]].tolist()
            assert n == len(right)
            row[table.names[symbol]] = ("by", (table.names[left], tuple(table.names[s] for s in right)))
        else:
            row[table.names[symbol]] = ("to", action >> 1)
    return row


@pytest.mark.parametrize("grammar", GRAMMARS, ids=lambda grammar: grammar.name)
def test_states_and_actions_are_those_of_larks_parser(grammar: ShippedGrammar) -> None:
    parser = grammar.parser()
    kept = frozenset([grammar.indenter["line_break"]]) if grammar.indenter else frozenset[str]()
    table = table_of(grammar.text, grammar.start, kept)
    theirs: Any = parser.parser.parser._parse_table  # type: ignore[attr-defined]
    ours_of = {theirs.start_states[grammar.start]: table.start_state}
    todo = list(ours_of)
    for state in todo:  # grows while it is read
        ours = row_of(table, ours_of[state])
        assert set(ours) == set(theirs.states[state])
        for name, (action, argument) in theirs.states[state].items():
            kind, value = ours[name]
            if action is Shift:
                assert kind == "to" and ours_of.setdefault(argument, value) == value
                if argument not in todo:
                    todo.append(argument)
            else:
                assert (kind, value) == ("by", (argument.origin.name, tuple(s.name for s in argument.expansion)))
    assert ours_of[theirs.end_states[grammar.start]] == table.end_state
    assert len(set(ours_of.values())) == len(ours_of) == len(table.table_start) - 1
    for state, number in ours_of.items():
        terminals = {name for name in theirs.states[state] if name in table.names[1 : table.rules[:, 1].min()]}
        assert table.accepted[number] == terminals


def test_the_table_is_the_same_in_every_process() -> None:
    program = (
        "from tests.grammar.lark.test_parse_table import *\n"
        "for name in ('templates', 'keywords', 'sql'):\n"
        "    text = next(g.text for g in GRAMMARS if g.name == name)\n"
        "    print(table_of(text).table.tolist())\n"
    )
    root = Path(__file__).parents[3]
    runs = [
        subprocess.run([sys.executable, "-c", program], cwd=root, check=True, capture_output=True).stdout
        for _ in range(2)
    ]
    assert runs[0] == runs[1] != b""


def test_where_a_shift_is_preferred_is_told() -> None:
    table = table_of('start: "if" start | "if" start "else" start | "x"')
    assert table.conflicts == (("ELSE", "<start : IF start>"),)
    assert table_of('start: "(" start ")" | "x"').conflicts == ()


def test_where_a_rule_is_preferred_by_priority_is_told() -> None:
    table = table_of('start: a | b "."\na.2: "x" | "x" "y"\nb: "x"')
    assert table.conflicts == ()  # each is followed by something else
    table = table_of('start: a "." | b "."\na.2: "x"\nb: "x"')
    assert table.conflicts == (("DOT", "<b : X>"),)


def test_reductions_between_which_nothing_decides_are_refused() -> None:
    with pytest.raises(GrammarSyntaxError) as caught:
        table_of('start: a "." | b "." | a ";" | b ";"\na: "x"\nb: "x"')
    assert caught.value.message == (
        "'a' (X) and 'b' (X) can both end before DOT, SEMICOLON: a parser with one symbol of lookahead cannot decide; "
        "read the grammar character by character with lexer='dynamic_complete', or give one rule a priority"
    )


@pytest.mark.parametrize(
    ("text", "rule", "where"),
    [
        ('start: a\na.2: a | "x"', "a", "at the end of the text"),
        ('start: (A | r*) | A\nr.2: A?\nA: "a"', "r", "at the end of the text"),
        ('start: t "."\nt: r\nr.2: r | "x"', "r", "before DOT"),
    ],
)
def test_a_parser_that_would_reduce_for_ever_is_refused(text: str, rule: str, where: str) -> None:
    with pytest.raises(GrammarSyntaxError) as caught:
        table_of(text)
    assert caught.value.message == (
        f"lark's parser would reduce for ever in the rule '{rule}' {where}: a rule derives itself, or repeats what may "
        "be empty"
    )


def test_a_preferred_reduction_that_ends_is_kept() -> None:
    table = table_of('start: a "."\na.2: a | "x"')
    assert table.conflicts == (("DOT", "<a : a>"),)


def test_a_rule_that_derives_only_itself_is_never_reduced() -> None:
    assert table_of('start: "x" | "y" s\ns.2: s').conflicts == (("$END", "<start : Y s>"),)
