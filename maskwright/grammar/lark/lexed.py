"""A Lark grammar with lark's lexer semantics: terminals, parse table and contexts put together as a `LexedLanguage`.

A *context* is the set of terminals that a parser state accepts, with those that are ignored and the line breaks of an
indenter; lark makes one lexer for each. Such a lexer tries its terminals in lark's order: by priority, then by the
greatest length that they can have, then by the length of their pattern, then by name; keywords are left out (see
`terminals`). With the *basic* lexer all states share one context of all terminals.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from itertools import chain, pairwise

import numpy as np
from lark.lexer import PatternRE, TerminalDef
from lark.utils import get_regexp_width

from maskwright.errors import GrammarSyntaxError, LimitExceeded
from maskwright.grammar.characters.automaton import CharacterAutomaton
from maskwright.grammar.characters.utf8_edges import Edges
from maskwright.grammar.lark.indentation import Indenter
from maskwright.grammar.lark.parse_table import ParseTable
from maskwright.grammar.lark.terminals import EVERY_TERMINAL_IS_A_PATTERN, Lexer, check_pattern, keywords_of
from maskwright.grammar.lexed_language import Indentation, Ints, LexedLanguage, digest_of
from maskwright.grammar.lexer_labels import labels_ahead

LARK_MAXIMUM: int = get_regexp_width("a*")[1]
"""What lark takes for the greatest length of a pattern that has none."""

MAX_NODES = 400_000
"""Nodes of all terminals together."""


def lexed_language(
    terminals: Sequence[TerminalDef],
    ignored: Sequence[str],
    table: ParseTable,
    indenter: Indenter | None,
    *,
    is_contextual: bool,
    languages: Mapping[str, CharacterAutomaton] = EVERY_TERMINAL_IS_A_PATTERN,
) -> LexedLanguage:
    """Put the parts together; `table` numbers the symbols, `languages` are terminals that are no patterns."""
    for terminal in terminals:
        if isinstance(terminal.pattern, PatternRE) and terminal.name not in languages:
            check_pattern(terminal)
    ordered = sorted(terminals, key=lambda terminal: lark_order(terminal, languages.get(terminal.name)))
    symbol_of = {name: symbol for symbol, name in enumerate(table.names)}
    definition = {terminal.name: terminal for terminal in ordered}
    keywords = keywords_of(ordered, languages)
    lexer = Lexer()
    node_of = {
        terminal.name: lexer.add(
            terminal,
            symbol_of[terminal.name],
            [(symbol_of[name], definition[name]) for name in keywords.of.get(terminal.name, ())],
            languages.get(terminal.name),
        )
        for terminal in ordered
    }
    if len(lexer.nodes) > MAX_NODES:
        raise LimitExceeded("The terminals of a Lark grammar", len(lexer.nodes), MAX_NODES)
    always = frozenset(ignored) | (frozenset((indenter.line_break,)) if indenter else frozenset())
    accepted = table.accepted if is_contextual else (frozenset(definition),) * len(table.accepted)
    contexts: dict[frozenset[str], int] = {}
    state_context = []
    for names in accepted:
        context = (names | always) & frozenset(definition)
        state_context.append(contexts.setdefault(context, len(contexts)))
    n_terminals = 1 + _n_terminals(table)
    members = np.zeros((len(contexts), n_terminals), dtype=np.bool_)
    beginnings: list[list[int]] = []
    for context, number in contexts.items():
        members[number, [symbol_of[name] for name in context]] = True
        embedded = frozenset(chain.from_iterable(keywords.embedded.get(name, ()) for name in context))
        beginnings.append([node_of[t.name] for t in ordered if t.name in context and t.name not in embedded])
    node_start, edges = _edge_arrays(lexer.nodes)
    chain_start = _starts(lexer.chains)
    chain_parts = np.array([part for parts in lexer.chains for part in parts], dtype=np.int32).reshape(-1, 2)
    graph = (node_start, edges, chain_start, chain_parts)
    guard_start, guard_edges = _edge_arrays(lexer.guards)
    language = LexedLanguage(
        node_start=node_start,
        edges=edges,
        node_labels=labels_ahead(*graph, len(lexer.labels), with_guards=True),
        sure_labels=labels_ahead(*graph, len(lexer.labels), with_guards=False),
        chain_start=chain_start,
        chain_parts=chain_parts,
        guard_start=guard_start,
        guard_edges=guard_edges,
        guard_at_end=np.array(lexer.guards_at_end, dtype=np.bool_),
        label_start=_starts(list(lexer.labels)),
        label_terminals=np.array([symbol for label in lexer.labels for symbol in label], dtype=np.int32),
        context_terminals=members,
        context_start=_starts(beginnings),
        context_nodes=np.array([node for nodes in beginnings for node in nodes], dtype=np.int32),
        state_context=np.array(state_context, dtype=np.int32),
        table_start=table.table_start,
        table=table.table,
        rules=table.rules,
        rule_start=table.rule_start,
        rule_symbols=table.rule_symbols,
        start_state=table.start_state,
        end_state=table.end_state,
        ignored=tuple(sorted({symbol_of[name] for name in ignored})),
        indentation=_indentation(indenter, symbol_of),
        has_conflicts=bool(table.conflicts),
        way_out=table.way_out,
        first_terminals=table.first_terminals,
        names=table.names,
    )
    return replace(language, key=digest_of(language))


def lark_order(terminal: TerminalDef, language: CharacterAutomaton | None) -> tuple[int, int, int, str]:
    """The order in which `lark.lexer.BasicLexer` tries terminals; a combined one has the length of its language."""
    pattern = terminal.pattern
    greatest = pattern.max_width
    if language is not None and not language.is_empty:
        bound = language.length_bounds()[1]
        greatest = LARK_MAXIMUM if bound is None else bound
    return (-terminal.priority, -greatest, -len(pattern.value), terminal.name)


def _n_terminals(table: ParseTable) -> int:
    """Terminals come first among the symbols; nonterminals are what rules define."""
    return int(table.rules[:, 1].min()) - 1 if len(table.rules) else len(table.names) - 1


def _indentation(indenter: Indenter | None, symbol_of: dict[str, int]) -> Indentation | None:
    if indenter is None:
        return None
    for name in (indenter.line_break, indenter.indent, indenter.dedent):
        if name not in symbol_of:
            raise GrammarSyntaxError(f"the indenter's terminal '{name}' is not used in the grammar", "", 0)
    return Indentation(
        symbol_of[indenter.line_break],
        symbol_of[indenter.indent],
        symbol_of[indenter.dedent],
        tuple(symbol_of[name] for name in indenter.opening if name in symbol_of),
        tuple(symbol_of[name] for name in indenter.closing if name in symbol_of),
        indenter.tab_length,
    )


def _edge_arrays(nodes: Sequence[Edges]) -> tuple[Ints, Ints]:
    assert all(one[1] < other[0] for edges in nodes for one, other in pairwise(edges)), "edges are sorted and disjoint"
    return _starts(nodes), np.array([edge for edges in nodes for edge in edges], dtype=np.int32).reshape(-1, 3)


def _starts(rows: Sequence[Sequence[object]]) -> Ints:
    return np.cumsum([0, *map(len, rows)]).astype(np.int32)
