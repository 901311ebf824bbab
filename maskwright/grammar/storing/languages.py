"""Lexed languages: their arrays as they are, under `lexed.<number>.<field>`, everything else in the JSON header.

Read back, whatever is used as an index is checked, and the key is computed anew (see `automata`). Whether a parse
table makes sense is not checked: that is its maker's word, which a checksum keeps.
"""

from __future__ import annotations

import dataclasses
from dataclasses import fields, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from maskwright.grammar.lexed_language import GO, NO_GUARD, VIOLATED, Indentation, LexedLanguage, digest_of
from maskwright.grammar.storing.automata import Arrays, check, check_edges, check_starts, typed

_ARRAYS: dict[str, tuple[type[np.generic], int]] = {
    "node_start": (np.int32, 0),
    "edges": (np.int32, 3),
    "node_labels": (np.uint32, -1),
    "sure_labels": (np.uint32, -1),
    "chain_start": (np.int32, 0),
    "chain_parts": (np.int32, 2),
    "guard_start": (np.int32, 0),
    "guard_edges": (np.int32, 3),
    "guard_at_end": (np.bool_, 0),
    "label_start": (np.int32, 0),
    "label_terminals": (np.int32, 0),
    "context_terminals": (np.bool_, -1),
    "context_start": (np.int32, 0),
    "context_nodes": (np.int32, 0),
    "state_context": (np.int32, 0),
    "table_start": (np.int32, 0),
    "table": (np.int32, 2),
    "rules": (np.int32, 2),
    "rule_start": (np.int32, 0),
    "rule_symbols": (np.int32, 0),
    "way_out": (np.int32, 2),
    "first_terminals": (np.int32, 0),
}
"""The type of each array and its number of columns; 0: it has one dimension, -1: as many columns as there are."""

_NUMBERS = ("start_state", "end_state")


def write_languages(languages: list[LexedLanguage]) -> tuple[list[dict[str, Any]], dict[str, NDArray[Any]]]:
    """What belongs into the header, and the arrays."""
    assert {field.name for field in fields(LexedLanguage)} - {"key"} == {
        *_ARRAYS, *_NUMBERS, "ignored", "indentation", "has_conflicts", "names",
    }, "a field that would be lost"  # fmt: skip
    headers, arrays = [], {}
    for number, language in enumerate(languages):
        arrays.update({f"lexed.{number}.{name}": getattr(language, name) for name in _ARRAYS})
        blocks = language.indentation
        headers.append(
            {
                **{name: int(getattr(language, name)) for name in _NUMBERS},
                "ignored": list(language.ignored),
                "indentation": None if blocks is None else dataclasses.asdict(blocks),
                "has_conflicts": language.has_conflicts,
                "names": list(language.names),
            }
        )
    return headers, arrays


def read_languages(headers: list[dict[str, Any]], arrays: Arrays) -> list[LexedLanguage]:
    """The languages of a file; raises ValueError, TypeError or KeyError where they are none."""
    return [_language(header, number, arrays) for number, header in enumerate(headers)]


def _language(header: dict[str, Any], number: int, arrays: Arrays) -> LexedLanguage:
    read: dict[str, Any] = {}
    for name, (dtype, width) in _ARRAYS.items():
        array = arrays[f"lexed.{number}.{name}"]
        columns = array.shape[1] if width < 0 and array.ndim == 2 else max(width, 0)
        read[name] = typed(arrays, f"lexed.{number}.{name}", dtype, columns).copy()
    blocks = header["indentation"]
    if blocks is not None:
        blocks = Indentation(**{**blocks, "opening": tuple(blocks["opening"]), "closing": tuple(blocks["closing"])})
    language = LexedLanguage(
        **read,
        start_state=header["start_state"],
        end_state=header["end_state"],
        ignored=tuple(header["ignored"]),
        indentation=blocks,
        has_conflicts=bool(header["has_conflicts"]),
        names=tuple(header["names"]),
    )
    _check_language(language)
    return replace(language, key=digest_of(language))


def _check_language(one: LexedLanguage) -> None:
    """Everything that is used as an index lies where it must."""
    n_nodes, n_chains, n_guards = len(one.node_start) - 1, len(one.chain_start) - 1, len(one.guard_start) - 1
    n_labels, n_contexts, n_states = len(one.label_start) - 1, len(one.context_terminals), len(one.state_context)
    n_terminals, n_symbols, n_rules = one.n_terminals, len(one.names), len(one.rules)
    check(n_terminals <= n_symbols, "the number of terminals")
    for starts, n, items in (
        (one.node_start, n_nodes, one.edges),
        (one.chain_start, n_chains, one.chain_parts),
        (one.guard_start, n_guards, one.guard_edges),
        (one.label_start, n_labels, one.label_terminals),
        (one.context_start, n_contexts, one.context_nodes),
        (one.table_start, n_states, one.table),
        (one.rule_start, n_rules, one.rule_symbols),
    ):
        check_starts(starts, n, len(items))
    check(bool((one.label_start[1:] > one.label_start[:-1]).all()), "the number of a label's terminals")
    check_edges(one.node_start, one.edges[:, 0], one.edges[:, 1])
    check_edges(one.guard_start, one.guard_edges[:, 0], one.guard_edges[:, 1])
    check(len(one.node_labels) == len(one.sure_labels) == n_nodes, "the number of label sets")
    check(one.node_labels.shape[1] == one.sure_labels.shape[1] == max(1, (n_labels + 31) // 32), "the words of labels")
    check(len(one.guard_at_end) == n_guards and len(one.way_out) == n_states, "the length of an array")
    check(len(one.first_terminals) == n_symbols, "the length of an array")
    goes_on = one.chain_parts[:, 0] == GO
    shifts, reduces = one.table[one.table[:, 1] & 1 == 0, 1] >> 1, one.table[one.table[:, 1] & 1 == 1, 1] >> 1
    for what, values, lowest, end in (
        ("the target of an edge", one.edges[:, 2], -n_chains, n_nodes),
        ("the target of a guard", one.guard_edges[:, 2], VIOLATED, n_guards),
        ("a node of a chain", one.chain_parts[goes_on, 1], 0, n_nodes),
        ("a label", one.chain_parts[~goes_on, 0], 0, n_labels),
        ("a guard", one.chain_parts[~goes_on, 1], NO_GUARD, n_guards),
        ("a terminal", one.label_terminals, 0, n_terminals),
        ("a node", one.context_nodes, 0, n_nodes),
        ("a context", one.state_context, 0, n_contexts),
        ("a symbol", one.table[:, 0], 0, n_symbols),
        ("a parser's state", shifts, 0, n_states),
        ("a rule", reduces, 0, n_rules),
        ("the symbols of a rule", one.rules[:, 0], 0, len(one.rule_symbols) + 1),
        ("the head of a rule", one.rules[:, 1], 0, n_symbols),
        ("a symbol of a rule", one.rule_symbols, 0, n_symbols),
        ("a first terminal", one.first_terminals, -1, n_terminals),
        ("a way out", one.way_out[:, 0], -1, n_symbols),
        ("a way out", one.way_out[:, 1], -1, n_rules),
        ("a parser's state", np.array([one.start_state, one.end_state]), 0, n_states),
        ("an ignored terminal", np.array(one.ignored, dtype=np.int64), 0, n_terminals),
        ("a terminal of blocks", np.array(_of_blocks(one.indentation), dtype=np.int64), 0, n_terminals),
    ):
        check(bool(((values >= lowest) & (values < end)).all()), what)


def _of_blocks(blocks: Indentation | None) -> list[int]:
    if blocks is None:
        return []
    check(type(blocks.tab_length) is int and 0 <= blocks.tab_length < 1 << 20, "the width of a tab")
    return [blocks.line_break, blocks.indent, blocks.dedent, *blocks.opening, *blocks.closing]
