"""lark's own LALR table as arrays: the same states and actions, in the same order in every process."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path
from random import Random

import lark
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from maskwright.errors import GrammarSyntaxError
from maskwright.grammar.lark.parse_table import ParseTable, parse_table
from maskwright.grammar.lark.source import read_source
from tests.naive.lark_itself import ShippedGrammar, shipped_grammars
from tests.naive.lark_table import LarkAnalysis, lark_analysis, random_rules, reduces_for_ever, undecided_rules

GRAMMARS = shipped_grammars()


def table_of(text: str, start: str = "start", kept: frozenset[str] = frozenset()) -> ParseTable:
    source = read_source(text)
    terminals, rules, _ = source.grammar.compile([start], set(kept))
    declared = [name for name, (tree, _) in source.grammar.term_defs if tree is None]
    return parse_table(rules, start, [terminal.name for terminal in terminals] + declared)


def assert_equal(table: ParseTable, theirs: LarkAnalysis) -> None:
    """The same states and actions: walked side by side from the start."""
    assert theirs.table is not None
    n_terminals = table.rules[:, 1].min()
    ours_of = {theirs.start: table.start_state}
    todo = list(ours_of)
    for kernel in todo:  # grows while it is read
        state = ours_of[kernel]
        begin, end = table.table_start[state : state + 2].tolist()
        row = {table.names[symbol]: action for symbol, action in table.table[begin:end].tolist()}
        assert sorted(table.table[begin:end, 0]) == table.table[begin:end, 0].tolist()
        assert set(row) == set(theirs.table[kernel])
        for name, (kind, argument) in theirs.table[kernel].items():
            if kind == "by":
                assert row[name] == 2 * argument + 1
                continue
            assert row[name] == 2 * ours_of.setdefault(argument, row[name] >> 1)
            if argument not in todo:
                todo.append(argument)
        assert table.accepted[state] == set(row) & set(table.names[1:n_terminals])
    assert len(set(ours_of.values())) == len(ours_of) == len(table.table_start) - 1
    is_end = {kernel for kernel, state in ours_of.items() if state == table.end_state}
    assert [(len(table.rules), 1) in kernel for kernel in is_end] == [True]
    assert table.conflicts == conflicts_of(theirs, table)


def conflicts_of(theirs: LarkAnalysis, table: ParseTable) -> tuple[tuple[str, str], ...]:
    """What could have been reduced and is not, by lark's states."""
    assert theirs.table is not None
    found = []
    for kernel, state in theirs.states.items():
        for terminal, rule in state.lookaheads:
            if theirs.table[kernel][terminal] != ("by", rule):
                begin, end = table.rule_start[rule : rule + 2].tolist()
                right = " ".join(table.names[symbol] for symbol in table.rule_symbols[begin:end].tolist())
                found.append((terminal, f"<{table.names[table.rules[rule, 1]]} : {right}>"))
    return tuple(sorted(found))


@pytest.mark.parametrize("grammar", GRAMMARS, ids=lambda grammar: grammar.name)
def test_states_and_actions_are_those_of_larks_parser(grammar: ShippedGrammar) -> None:
    kept = frozenset([grammar.indenter["line_break"]]) if grammar.indenter else frozenset[str]()
    _, rules, _ = read_source(grammar.text).grammar.compile([grammar.start], set(kept))
    assert_equal(table_of(grammar.text, grammar.start, kept), lark_analysis(rules, grammar.start))


@pytest.mark.parametrize(("name", "start"), [("python", "file_input"), ("lark", "start")])
def test_larks_own_grammars_have_larks_table(name: str, start: str) -> None:
    text = (Path(lark.__file__).parent / "grammars" / f"{name}.lark").read_text(encoding="utf-8")
    _, rules, _ = read_source(text).grammar.compile([start], set())
    assert_equal(table_of(text, start), lark_analysis(rules, start))


@given(st.randoms(use_true_random=False))
@settings(max_examples=300, deadline=None)
def test_random_rules_have_larks_table_or_its_conflict(rng: Random) -> None:
    rules = random_rules(rng)
    theirs = lark_analysis(rules)
    assume(theirs.is_settled)
    terminals = sorted({symbol.name for rule in rules for symbol in rule.expansion if symbol.is_term})
    if theirs.table is not None and reduces_for_ever(theirs, rules):
        with pytest.raises(GrammarSyntaxError, match="would reduce for ever"):
            parse_table(rules, "start", terminals)
    elif theirs.table is not None:
        assert_equal(parse_table(rules, "start", terminals), theirs)
    else:
        names, places = min((names, sorted(places)) for names, places in undecided_rules(theirs.message).items())
        before = sorted("the end of the text" if place == "$END" else place for place in places)
        with pytest.raises(GrammarSyntaxError, match=f"can both end before {', '.join(before)}:") as caught:
            parse_table(rules, "start", terminals)
        for name, right in (rule.split(" : ") for rule in names):
            assert f"'{name}' ({right or 'nothing'})" in caught.value.message


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
