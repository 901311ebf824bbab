"""The automata of all texts, one for each encoding: what every other spelling shares its states with.

A state of them is a *phase*: a place within the spelling of a character. The tree of `encoding` names places by what is
still to be read; here they get numbers, by which `spelling` and `json_words` refer to them.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

from maskwright.grammar.byte_automaton import CLOSES, ByteAutomaton, automaton_of
from maskwright.grammar.characters.encoding import BODY, JSON_ENCODINGS, Edge, Encoding, Escapes, Phase, Tree

QUOTE = 0x22


@dataclass(frozen=True, slots=True)
class AnyText:
    """The automaton of all texts in one encoding.

    state_of: the state in each phase. body: the state between characters. end: the state behind the closing quote, -1
    for plain UTF-8, where the body accepts.
    inner: int64[n, 4], the edges (phase, low, high, phase behind) of the phases within a character.
    behind: bool[n_states, n_states], which phases within the character come after which, itself included.
    """

    automaton: ByteAutomaton
    state_of: dict[Phase, int]
    body: int
    end: int
    inner: NDArray[np.int64]
    behind: NDArray[np.bool_]


@lru_cache(maxsize=8)
def any_text(encoding: Encoding) -> AnyText:
    """Every text. JSON: state 0 opens the quotes, 1 is the body, 2 the end; plain UTF-8: state 0 is the body."""
    is_quoted = encoding.has_escapes
    body, end = (1, 2) if is_quoted else (0, -1)
    tree = Tree(encoding, [(0, 0)])
    state_of: dict[Phase, int] = {BODY: body}
    todo: list[tuple[Phase, list[Edge]]] = [(BODY, tree.body())]
    rows: list[list[tuple[int, int, int, int]]] = [[(QUOTE, QUOTE, 1, 0)], [], []] if is_quoted else [[]]
    for phase, edges in todo:
        row = rows[state_of[phase]]
        for low, high, child, unit in edges:
            reached = child.phase or BODY
            if reached not in state_of:
                state_of[reached] = len(rows)
                rows.append([])
                todo.append((reached, tree.inside(reached)))
            row.append((low, high, state_of[reached], unit))
    if is_quoted:
        rows[body] = sorted([*rows[body], (QUOTE, QUOTE, end, CLOSES)])
    accepting = [state == (end if is_quoted else body) for state in range(len(rows))]
    inner = [
        (phase, low, high, target)
        for phase in sorted(state_of.values())
        if phase != body
        for low, high, target, _ in rows[phase]
    ]
    behind = np.eye(len(rows), dtype=np.bool_)
    n_before = -1
    while n_before != (n_before := int(np.count_nonzero(behind))):  # a phase may lead to one with a smaller number
        for source, _, _, target in inner:
            if target != body:
                behind[source] |= behind[target]
    automaton = automaton_of(rows, accepting, is_shared=True)
    return AnyText(automaton, state_of, body, end, np.array(inner, dtype=np.int64), behind)


def any_json_string(escapes: Escapes = Escapes.CANONICAL) -> ByteAutomaton:
    """Every JSON string with both quotes, is_shared: state 0 opens, 1 stands between characters, 2 is the end."""
    return any_text(JSON_ENCODINGS[escapes]).automaton


ANY_JSON_STRING = any_json_string()
"""Every JSON string in canonical escapes."""
