"""A language that a lexer cuts into terminals and an LR parser reads: the leaf of a grammar written for such a pair.

A lexer takes at each place the *preferred* terminal (first by priority, then usually the longest), whatever would suit
the parser better, so the language is not that of the grammar read character by character: `"if" NAME` does not read
`iffy`. This module holds the two automata as arrays; `automata._lexing` and `automata._parsing` run them side by side.

The lexer, after `characters.scanner`. A *node* reads bytes; an edge leads to a node or to a *chain*, an ordered list of
nodes that read on and of ends (first = preferred; nothing stands behind an end without a guard). An end carries a
*label*: the terminals that such a match can be, of which the first one counts that the parser can use in its state (a
keyword before the identifier). In each *context*, which terminals the parser's state accepts, the lexer begins with an
ordered list of nodes. A *guard* reads what follows a match: an edge leads to a guard node or to VIOLATED; where there
is no edge it is satisfied.

The parser is a table: state and symbol -> shift or goto (2 * state), or reduce (2 * rule + 1).
Symbols are numbered: terminals first, END_OF_TEXT is the symbol 0, nonterminals after the terminals.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, fields

import numpy as np
from numpy.typing import NDArray

Ints = NDArray[np.int32]

END_OF_TEXT = 0
VIOLATED = -1
NO_GUARD = -1
GO = -1
"""The first word of a part of a chain that reads on; an end has its label there."""


@dataclass(frozen=True, slots=True)
class Indentation:
    """Blocks by indentation, as lark's `Indenter` makes them; all but `tab_length` are symbols.

    After each terminal `line_break`, unless a parenthesis is open, the column (blanks, and `tab_length` for a tab,
    after the last line end of its text, which it must have) is compared with the open blocks: deeper gives `indent`,
    less deep a `dedent` for each block that it closes, and must fit one of them. At the end all blocks close.
    """

    line_break: int
    indent: int
    dedent: int
    opening: tuple[int, ...]
    closing: tuple[int, ...]
    tab_length: int


@dataclass(frozen=True, slots=True, eq=False)
class LexedLanguage:
    """See the module. Equality and hashing use `key`, a digest of everything but names.

    node_start: int32[n_nodes + 1], edges: int32[n_edges, 3] rows (low, high, target), sorted within a node; a target
        -1 - k is chain k. node_labels: uint32[n_nodes, ceil(n_labels / 32)], the labels that a node can still lead to;
        sure_labels: those of them that it can lead to without a guard.
    chain_start: int32[n_chains + 1], chain_parts: int32[n, 2] rows (GO, node) or (label, guard or NO_GUARD).
    guard_start, guard_edges: the same for guards; guard_at_end: bool[n_guards], is it satisfied where the text ends?
    label_start: int32[n_labels + 1], label_terminals: int32[n], the symbols of a label in the order of preference.
    context_terminals: bool[n_contexts, n_terminals]. context_start: int32[n_contexts + 1], context_nodes: int32[n].
    state_context: int32[n_states]. table_start: int32[n_states + 1], table: int32[n, 2] rows (symbol, action), sorted.
    rules: int32[n_rules, 2], rows (symbols on the right, symbol on the left); rule_start: int32[n_rules + 1],
        rule_symbols: int32[n], the symbols on the right.
    start_state, end_state: the text is complete when a reduction leads to the end state.
    ignored: the symbols of terminals that are dropped. names: of all symbols, for messages.
    has_conflicts: does the table prefer one action to another anywhere, so that the parser knows less than its grammar?
    way_out: int32[n_states, 2], the symbol that leads from a state to the end, or 0 and the rule to reduce by; -1 if
        nothing does.
        first_terminals: int32[n_symbols], the terminal with which the shortest text of a symbol begins, or 0.
    """

    node_start: Ints
    edges: Ints
    node_labels: NDArray[np.uint32]
    sure_labels: NDArray[np.uint32]
    chain_start: Ints
    chain_parts: Ints
    guard_start: Ints
    guard_edges: Ints
    guard_at_end: NDArray[np.bool_]
    label_start: Ints
    label_terminals: Ints
    context_terminals: NDArray[np.bool_]
    context_start: Ints
    context_nodes: Ints
    state_context: Ints
    table_start: Ints
    table: Ints
    rules: Ints
    rule_start: Ints
    rule_symbols: Ints
    start_state: int
    end_state: int
    ignored: tuple[int, ...]
    indentation: Indentation | None
    has_conflicts: bool
    way_out: Ints
    first_terminals: Ints
    names: tuple[str, ...]
    key: bytes = b""

    @property
    def n_terminals(self) -> int:
        """How many symbols are terminals, END_OF_TEXT included."""
        return int(self.context_terminals.shape[1])

    def __eq__(self, other: object) -> bool:
        return isinstance(other, LexedLanguage) and self.key == other.key

    def __hash__(self) -> int:
        return hash(self.key)


def digest_of(language: LexedLanguage) -> bytes:
    """The key of a language: a digest of its automata."""
    digest = hashlib.blake2b(digest_size=16)
    for field in fields(language):
        if field.name in ("names", "key"):
            continue
        value = getattr(language, field.name)
        digest.update(field.name.encode())
        digest.update(value.tobytes() if isinstance(value, np.ndarray) else repr(value).encode())
    return digest.digest()
