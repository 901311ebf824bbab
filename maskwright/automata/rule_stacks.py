"""Which rules of the grammar a text is in, from the outermost to the innermost: the stacks of a configuration, by name.

A frame is a call: the state that it returns to was written from the rule that called. So a way down the frames of an
item, read backwards, names the rules that are open. What called last before its own end is not among them: a tail call
hands its frame on. Counters and sets lie on the stack too, but belong to the rule that put them there.

For a lexed language there are the terminals too that the lexer may be in the midst of, or may begin, and that the
parser could read. Cost: the frames below a configuration, for at most MOST_STACKS ways down.
"""

from __future__ import annotations

from typing import Final

import numpy as np
from numpy.typing import NDArray

from maskwright.automata._configurations import items_of
from maskwright.automata._layout import (
    COUNTER_PARENT,
    END_FRAME,
    FIRST_FREE,
    FRAME_PAIRS,
    FRAME_SIZE,
    IS_COUNTER,
    IS_SET,
    LEXES,
    N_ITEMS,
    SET_PARENT,
)
from maskwright.automata._lexed_layout import (
    LIST_GROUPS,
    LIST_PROGRAM,
    LIST_STATE_TUPLE,
    ROW_LABELS,
    SESSION_STACK,
    STACK,
    STACK_BELOW,
    STACK_STATE,
    TUPLE_SIZE,
    TUPLE_WORDS,
)
from maskwright.automata._lexing import scan_row
from maskwright.automata.transition_network import ArenaFull, TransitionNetwork
from maskwright.grammar.lexed_language import LexedLanguage

MOST_STACKS: Final = 16
"""A text that can be read in many ways is in as many stacks; so many are told apart."""
MOST_REDUCTIONS: Final = 10_000
"""Before one terminal; a table with conflicts might go on for ever."""


def rule_stacks(network: TransitionNetwork, configuration: int) -> tuple[tuple[str, ...], ...]:
    """The stacks of rules that a configuration may be in, outer rules first; at most MOST_STACKS different ones."""
    arena = network.arena
    begin = int(items_of(arena, configuration))
    items = arena[begin : begin + 2 * int(arena[configuration + N_ITEMS])].reshape(-1, 2).tolist()
    found: dict[tuple[str, ...], None] = {}
    for state, frame in items:
        ways: list[tuple[int, int, tuple[str, ...]]] = [(state, frame, ())]
        seen: set[tuple[int, int, tuple[str, ...]]] = set()
        while ways and len(found) < MOST_STACKS:
            state, frame, inner = ways.pop()
            name = network.rule_of_state(state)
            inner = inner if name is None else (name, *inner)
            while (kind := int(arena[frame + FRAME_SIZE])) in {IS_COUNTER, IS_SET}:
                frame = int(arena[frame + (COUNTER_PARENT if kind == IS_COUNTER else SET_PARENT)])
            if frame in {END_FRAME, 0}:  # below the whole text there is nothing
                found[inner or (network.grammar.start,)] = None
                continue
            pairs = arena[frame + FRAME_PAIRS : frame + FRAME_PAIRS + 2 * kind].reshape(-1, 2).tolist()
            for below, parent in reversed(pairs):
                if below < FIRST_FREE:
                    found[inner or (network.grammar.start,)] = None
                elif (way := (below, parent, inner)) not in seen:
                    seen.add(way)
                    ways.append(way)
    return tuple(found) or ((network.grammar.start,),)


def terminals_at(network: TransitionNetwork, configuration: int) -> tuple[str, ...]:
    """The terminals of lexed languages that a text may be in, or may begin, by name; those that are ignored are not."""
    arena = network.arena
    begin = int(items_of(arena, configuration))
    states = arena[begin : begin + 2 * int(arena[configuration + N_ITEMS]) : 2].tolist()
    found: dict[str, None] = {}
    for state in states:
        if not arena[state] & LEXES:
            continue
        groups = int(arena[state + LIST_STATE_TUPLE])
        language = network.language_of(int(arena[groups + LIST_PROGRAM]))
        for at in range(groups + LIST_GROUPS, groups + TUPLE_WORDS + int(arena[groups + TUPLE_SIZE]), 3):
            scan, session = arena[at : at + 2].tolist()
            if session == 0:
                continue
            try:
                row = network.intern(scan_row, scan)
            except ArenaFull:  # names only; whoever needs the memory will start over
                return ()
            arena = network.arena
            stack = session if arena[session + TUPLE_WORDS] == STACK else int(arena[session + SESSION_STACK])
            states = []
            while stack:
                states.append(int(arena[stack + STACK_STATE]))
                stack = int(arena[stack + STACK_BELOW])
            labels = arena[row + ROW_LABELS : row + ROW_LABELS + language.node_labels.shape[1]].copy()
            found.update(dict.fromkeys(_terminals(language, labels, states[::-1])))
    return tuple(found)


def _terminals(language: LexedLanguage, labels: NDArray[np.int32], states: list[int]) -> list[str]:
    """The names of the terminals that a set of labels can be, behind a stack of parser states."""
    members = language.context_terminals[language.state_context[states[-1]]]
    names = []
    for label in np.flatnonzero(np.unpackbits(labels.view(np.uint8), bitorder="little")).tolist():
        symbols = language.label_terminals[language.label_start[label] : language.label_start[label + 1]].tolist()
        symbol = next((one for one in symbols if members[one]), 0)
        if symbol and symbol not in language.ignored and _is_shifted(language, states, symbol):
            names.append(language.names[symbol])
    return names


def _is_shifted(language: LexedLanguage, states: list[int], symbol: int) -> bool:
    """Does the parser come to shift a terminal, and not only to reduce before it (LALR merges lookaheads)?"""
    states = states.copy()
    for _ in range(MOST_REDUCTIONS):
        action = _action(language, states[-1], symbol)
        if action is None or not action & 1:
            return action is not None
        length, head = language.rules[action >> 1].tolist()
        del states[len(states) - length :]
        following = _action(language, states[-1], head)
        if following is None:
            return False
        states.append(following >> 1)
    return True


def _action(language: LexedLanguage, state: int, symbol: int) -> int | None:
    """The entry of the parse table, None where it has none."""
    row = language.table[language.table_start[state] : language.table_start[state + 1]]
    place = int(np.searchsorted(row[:, 0], symbol))
    return int(row[place, 1]) if place < len(row) and row[place, 0] == symbol else None
