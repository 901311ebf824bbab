"""Finite sets of JSON strings, and all strings but those: object keys, enumerations, names that are taken.

Both are trees over the spellings of the names, built in one pass over their characters, without the automata of
`automaton` and `spelling`: objects with hundreds of properties need them in a millisecond.
"All but these" has as base, in each place, the state of "any JSON string" in the same phase; its only edges follow a
name, and the closing quote is refused where a name is complete. So one name of n ASCII characters costs n + 1 small
states. Where all names are of printable ASCII and spelled canonically, which nearly all are, a kernel makes the tree.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from functools import lru_cache
from itertools import accumulate, pairwise

import numpy as np
from numpy.typing import NDArray

from maskwright.grammar.byte_automaton import (
    BEGINS_UNIT,
    CLOSES,
    NO_UNIT,
    REFUSED,
    ByteAutomaton,
    automaton_of,
    automaton_of_table,
)
from maskwright.grammar.characters._names import name_tree
from maskwright.grammar.characters.any_text import QUOTE, any_json_string
from maskwright.grammar.characters.encoding import JSON_ENCODINGS, Escapes
from maskwright.grammar.ir import NOTHING, Automaton, Literal, Node

_OPEN, _BODY, _END = 0, 1, 2
"""States of `any_json_string`, and of the trees here (where the end comes last)."""

_PLAIN = re.compile(r"[ !#-\[\]-~]*")
"""Characters that canonical escapes leave as they are: one spelling each, of one byte."""


@lru_cache(maxsize=8192)
def spellings(character: str, escapes: Escapes) -> tuple[bytes, ...]:
    r"""The ways to write a character within quotes; letters of hexadecimal digits in lower case only.

    `spellings("\n", Escapes.CANONICAL)` -> (b"\\n", b"\\u000a").
    """
    code = ord(character)
    encoding = JSON_ENCODINGS[escapes]
    found = []
    if code > 0x7F or any(low <= code <= high for low, high in encoding.raw):
        found.append(character.encode())
    found += [bytes((0x5C, byte)) for byte, escaped in encoding.short_escapes if escaped == code]
    low, high = encoding.not_in_hexadecimal
    if not low <= code <= high:
        units = character.encode("utf-16-be").hex()
        found.append(b"".join(b"\\u" + units[i : i + 4].encode() for i in range(0, len(units), 4)))
    return tuple(found)


@lru_cache(maxsize=2)
def _step_table(escapes: Escapes) -> list[dict[int, int]]:
    """For each state of any JSON string, its successor by byte."""
    automaton = any_json_string(escapes)
    starts = automaton.edge_start.tolist()
    edges = automaton.edges.tolist()
    return [
        {byte: target for low, high, target in edges[begin:end] for byte in range(low, high + 1)}
        for begin, end in pairwise(starts)
    ]


def _are_plain(names: Sequence[str], escapes: Escapes) -> bool:
    return escapes is Escapes.CANONICAL and _PLAIN.fullmatch("".join(names)) is not None


def _plain_tree(
    names: Iterable[str], closing_target: int, closing_unit: int
) -> tuple[NDArray[np.int32], NDArray[np.int32]]:
    """The tree over names that have one spelling each: see `name_tree`."""
    ordered = sorted(set(names))
    start = np.fromiter(accumulate(map(len, ordered), initial=0), dtype=np.int32, count=len(ordered) + 1)
    return name_tree(
        np.array(bytearray("".join(ordered), "ascii"), dtype=np.uint8), start, closing_target, closing_unit
    )


def _tree(names: Iterable[str], escapes: Escapes) -> tuple[list[dict[int, int]], list[int], set[int]]:
    """The tree over all spellings of the names.

    Returns the edges of each node by byte (lower-case hexadecimal letters only), the state of any JSON string that it
    corresponds to, and the nodes where a name is complete. Node 0 is the place behind the opening quote.
    """
    nodes: list[dict[int, int]] = [{}]
    phases = [_BODY]
    complete: set[int] = set()
    step = _step_table(escapes)
    for name in names:
        node = 0
        for character in name:
            edges = nodes[node]
            if " " <= character <= "~" and character not in '"\\' and escapes is Escapes.CANONICAL:
                target = edges.get(ord(character), -1)
                if target < 0:
                    target = edges[ord(character)] = len(nodes)
                    nodes.append({})
                    phases.append(_BODY)
            else:
                target = -1
                for spelling in spellings(character, escapes):
                    target = _insert(nodes, phases, node, spelling, target, step)
            node = target
        complete.add(node)
    return nodes, phases, complete


def _insert(
    nodes: list[dict[int, int]], phases: list[int], node: int, spelling: bytes, target: int, step: list[dict[int, int]]
) -> int:
    """Lead from the node along the spelling to `target` (-1: to a new node, or the one that is there)."""
    for byte in spelling[:-1]:
        following = nodes[node].get(byte)
        if following is None:
            following = nodes[node][byte] = len(nodes)
            nodes.append({})
            phases.append(step[phases[node]][byte])
        node = following
    last = spelling[-1]
    if last in nodes[node]:
        return nodes[node][last]
    if target < 0:
        target = len(nodes)
        nodes.append({})
        phases.append(_BODY)
    nodes[node][last] = target
    return target


def _rows(edges: dict[int, int], is_hexadecimal: bool, is_body: bool) -> list[tuple[int, int, int, int]]:
    """The edges as rows, hexadecimal letters in both cases; nodes are shifted by one behind the opening quote."""
    unit = BEGINS_UNIT if is_body else NO_UNIT
    rows = [(byte, byte, target + 1, unit) for byte, target in edges.items()]
    if is_hexadecimal:
        rows += [(byte - 32, byte - 32, target + 1, unit) for byte, target in edges.items() if 0x61 <= byte <= 0x66]
    rows.sort()
    return rows


def _is_spelled(name: str) -> bool:
    """A lone surrogate has no spelling in UTF-8 text."""
    return name.isascii() or not any("\ud800" <= character <= "\udfff" for character in name)


@lru_cache(maxsize=2)
def _hexadecimal_states(escapes: Escapes) -> frozenset[int]:
    """The states of any JSON string in which a hexadecimal digit comes next."""
    return frozenset(state for state, row in enumerate(_step_table(escapes)) if _reads_hexadecimal(row))


def _reads_hexadecimal(row: dict[int, int]) -> bool:
    return bool(row) and all(chr(byte) in "0123456789abcdefABCDEF" for byte in row)


def json_string_except(names: Sequence[str], escapes: Escapes = Escapes.CANONICAL) -> ByteAutomaton:
    """Every JSON string, quotes included, whose value is none of the names in whatever spelling."""
    anything = any_json_string(escapes)
    if names and _are_plain(names, escapes):
        edge_start, table = _plain_tree(names, REFUSED, NO_UNIT)
        n_states = len(edge_start) - 1
        base = np.full(n_states, _BODY, dtype=np.int32)
        base[_OPEN] = -1
        accepting = np.zeros(n_states, dtype=np.bool_)
        return automaton_of_table(edge_start, table, accepting, base=base, base_automaton=anything)
    nodes, phases, complete = _tree(filter(_is_spelled, names), escapes)
    hexadecimal = _hexadecimal_states(escapes)
    states: list[list[tuple[int, int, int, int]]] = [[(QUOTE, QUOTE, 1, NO_UNIT)]]
    closed = (QUOTE, QUOTE, REFUSED, NO_UNIT)
    only_closed = [closed]
    for node, (edges, phase) in enumerate(zip(nodes, phases, strict=True)):
        if not edges:
            states.append(only_closed)
            continue
        rows = _rows(edges, phase in hexadecimal, phase == _BODY)
        if node in complete:
            rows.append(closed)
            rows.sort()
        states.append(rows)
    if not complete:
        return anything
    return automaton_of(states, [False] * len(states), base=[-1, *phases], base_automaton=anything)


def json_string_words(names: Sequence[str], escapes: Escapes = Escapes.CANONICAL) -> Node:
    """The JSON strings, quotes included, whose value is one of the names, in every spelling.

    A `Literal` if there is only one such string, `NOTHING` if there is none.
    """
    if names and _are_plain(names, escapes):
        if len(set(names)) == 1:
            return Literal(f'"{names[0]}"'.encode())
        edge_start, table = _plain_tree(names, -1, CLOSES)
        edge_start = np.append(edge_start, edge_start[-1])
        accepting = np.zeros(len(edge_start) - 1, dtype=np.bool_)
        accepting[-1] = True
        return Automaton(automaton_of_table(edge_start, table, accepting))
    spelled = list(filter(_is_spelled, names))
    if not spelled:
        return NOTHING
    nodes, phases, complete = _tree(spelled, escapes)
    hexadecimal = _hexadecimal_states(escapes)
    if len(complete) == 1 and all(len(edges) <= 1 for edges in nodes):
        text = bytearray(b'"')
        node = 0
        while nodes[node]:
            ((byte, following),) = nodes[node].items()
            if phases[node] in hexadecimal and byte >= 0x61:
                break
            text.append(byte)
            node = following
        else:
            return Literal(bytes(text) + b'"')
    end = len(nodes) + 1
    states: list[list[tuple[int, int, int, int]]] = [[(QUOTE, QUOTE, 1, NO_UNIT)]]
    for node, (edges, phase) in enumerate(zip(nodes, phases, strict=True)):
        rows = _rows(edges, phase in hexadecimal, phase == _BODY)
        if node in complete:
            rows.append((QUOTE, QUOTE, end, CLOSES))
            rows.sort()
        states.append(rows)
    states.append([])
    return Automaton(automaton_of(states, [state == end for state in range(len(states))]))


def json_spelling(text: str, escapes: Escapes = Escapes.CANONICAL) -> Node:
    r"""All spellings of one string as JSON with quotes: `json_spelling("ab")` -> `Literal(b'"ab"')`."""
    return json_string_words((text,), escapes)
