"""A lexed language as words of an arena: the *program* of `_lexed_layout`.

Also found here, once for each language: which nodes of the lexer have to do with line breaks.
Cost: some milliseconds for the largest grammars; everything is written whole arrays at a time where it is large.
"""

from __future__ import annotations

from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

from maskwright.automata._lexed_layout import (
    COUNTS_COLUMN,
    IS_SEALED,
    LABEL_IS_IGNORED,
    LABEL_SIZE,
    NODE_EDGES,
    PARSER_STATE_SIZE,
    PROGRAM_CLOSING,
    PROGRAM_CONTEXT_STARTS,
    PROGRAM_CONTEXT_WORDS,
    PROGRAM_CONTEXTS,
    PROGRAM_DEDENT,
    PROGRAM_END,
    PROGRAM_FIRST_TERMINALS,
    PROGRAM_INDENT,
    PROGRAM_LABEL_WORDS,
    PROGRAM_LABELS,
    PROGRAM_LINE_BREAK,
    PROGRAM_N_CONTEXTS,
    PROGRAM_N_TERMINALS,
    PROGRAM_OPENING,
    PROGRAM_RULES,
    PROGRAM_SIZE,
    PROGRAM_START,
    PROGRAM_STATES,
    PROGRAM_TAB,
    PROGRAM_WAY_OUT,
    REACHES_LINE_END,
)
from maskwright.grammar.lexed_language import GO, Ints, LexedLanguage


@lru_cache(maxsize=16)
def cached_program_words(language: LexedLanguage, origin: int) -> NDArray[np.int32]:
    """The same, kept: an arena that starts over writes it to the same place as before."""
    return program_words(language, origin)


def program_words(language: LexedLanguage, origin: int) -> NDArray[np.int32]:
    """The words of the program, to lie at `origin`; the first PROGRAM_SIZE of them are its head."""
    block = _Block(origin)
    head = np.zeros(PROGRAM_SIZE, dtype=np.int32)
    block.add(head)
    n_words = (language.n_terminals + 31) // 32
    n_label_words = language.node_labels.shape[1]
    labels = block.add(np.hstack([language.node_labels, language.sure_labels]).view(np.int32))
    guards = _guards(block, language)
    nodes = _nodes(block, language, labels, guards)
    _chains(block, language, nodes, guards)
    head[PROGRAM_LABELS] = _labels(block, language)
    head[PROGRAM_CONTEXTS] = block.add(_bits(language.context_terminals, n_words))
    head[PROGRAM_CONTEXT_WORDS] = n_words
    head[PROGRAM_N_CONTEXTS] = len(language.context_terminals)
    first_nodes = block.add(nodes[language.context_nodes])
    head[PROGRAM_CONTEXT_STARTS] = _starts(block, language.context_start, first_nodes, 1)
    head[PROGRAM_LABEL_WORDS] = n_label_words
    head[PROGRAM_N_TERMINALS] = language.n_terminals
    head[PROGRAM_RULES] = block.add(language.rules)
    head[PROGRAM_START], head[PROGRAM_END] = language.start_state, language.end_state
    states = np.zeros((len(language.state_context), PARSER_STATE_SIZE), dtype=np.int32)
    states[:, 0] = block.add(language.table) + 2 * language.table_start[:-1]
    states[:, 1] = np.diff(language.table_start)
    states[:, 2] = language.state_context
    head[PROGRAM_STATES] = block.add(states)
    head[PROGRAM_WAY_OUT] = block.add(language.way_out)
    head[PROGRAM_FIRST_TERMINALS] = block.add(language.first_terminals)
    layout = language.indentation
    head[PROGRAM_LINE_BREAK : PROGRAM_DEDENT + 1] = -1
    if layout is not None:
        head[PROGRAM_LINE_BREAK], head[PROGRAM_INDENT] = layout.line_break, layout.indent
        head[PROGRAM_DEDENT], head[PROGRAM_TAB] = layout.dedent, layout.tab_length
        head[PROGRAM_OPENING] = block.add(_set(layout.opening, n_words))
        head[PROGRAM_CLOSING] = block.add(_set(layout.closing, n_words))
    return block.words()


class _Block:
    """Arrays one behind the other; the head is written when all are known."""

    def __init__(self, origin: int) -> None:
        self._end = origin
        self._parts: list[NDArray[np.int32]] = []

    def add(self, words: NDArray[np.int32]) -> int:
        """Put words at the end: their offset."""
        offset = self._end
        self._parts.append(words)
        self._end += words.size
        return offset

    def words(self) -> NDArray[np.int32]:
        """All that was added."""
        return np.concatenate([part.ravel() for part in self._parts]).astype(np.int32)


def _starts(block: _Block, starts: Ints, origin: int, size: int) -> int:
    """[offset, how many] for each row of a list of lists whose rows lie at `origin`."""
    table = np.stack([origin + size * starts[:-1], np.diff(starts)], axis=1).astype(np.int32)
    return block.add(table)


def _bits(members: NDArray[np.bool_], n_words: int) -> NDArray[np.int32]:
    padded = np.zeros((len(members), 32 * n_words), dtype=np.uint8)
    padded[:, : members.shape[1]] = members
    return np.packbits(padded, axis=1, bitorder="little").view(np.int32)


def _set(symbols: tuple[int, ...], n_words: int) -> NDArray[np.int32]:
    members = np.zeros((1, 32 * n_words), dtype=np.bool_)
    members[0, list(symbols)] = True
    return _bits(members, n_words)


def _records(starts: Ints, n_head: int, n_each: int) -> tuple[Ints, int]:
    """Where records of a head and `n_each` words for each row begin, relative to the first, and their size in all."""
    sizes = n_head + n_each * np.diff(starts)
    ends = np.cumsum(sizes)
    return (ends - sizes).astype(np.int32), int(ends[-1]) if len(ends) else 0


def _labels(block: _Block, language: LexedLanguage) -> int:
    """The labels' records.  A match is dropped if the terminal that was looked for, the last one, is ignored."""
    starts = language.label_start
    table = np.zeros((len(starts), LABEL_SIZE), dtype=np.int32)
    table, nothing = table[:-1], table  # the last one stands for nothing read yet
    table[:, 0] = block.add(language.label_terminals) + starts[:-1]
    table[:, 1] = np.diff(starts)
    table[:, LABEL_IS_IGNORED] = np.isin(language.label_terminals[starts[1:] - 1], language.ignored)
    return block.add(nothing)


def _guards(block: _Block, language: LexedLanguage) -> Ints:
    """The guards' records: their offsets."""
    at, size = _records(language.guard_start, 2, 2)
    words = np.zeros(size, dtype=np.int32)
    offset = block.add(words)
    for guard, begin in enumerate(at.tolist()):
        rows = language.guard_edges[language.guard_start[guard] : language.guard_start[guard + 1]]
        words[begin : begin + 2] = len(rows), language.guard_at_end[guard]
        for k, (low, high, target) in enumerate(rows.tolist()):
            words[begin + 2 + 2 * k] = low | high << 8
            words[begin + 3 + 2 * k] = offset + at[target] if target >= 0 else 0
    return at + offset


def _nodes(block: _Block, language: LexedLanguage, labels: int, guards: Ints) -> Ints:
    """The nodes' records, whose edges are completed by `_chains`: their offsets."""
    del guards
    at, size = _records(language.node_start, NODE_EDGES, 2)
    words = np.zeros(size, dtype=np.int32)
    offset = block.add(words)
    n_chains = len(language.chain_start) - 1
    chain_at, _ = _records(language.chain_start, 1, 2)
    words[at] = np.diff(language.node_start)
    words[at + 1] = labels + 2 * language.node_labels.shape[1] * np.arange(len(at))
    words[at + 2] = line_break_flags(language)
    low, high, target = language.edges.T
    count = np.diff(language.node_start)
    edge_at = 2 * np.arange(len(low)) + np.repeat(at + NODE_EDGES - 2 * language.node_start[:-1], count)
    words[edge_at] = low | high << 8
    is_chain = target < 0
    chain_offset = offset + size + (chain_at if n_chains else np.zeros(1, np.int32))
    words[edge_at + 1] = np.where(
        is_chain, -chain_offset[np.where(is_chain, -1 - target, 0)], offset + at[np.where(is_chain, 0, target)]
    )
    return at + offset


def _chains(block: _Block, language: LexedLanguage, nodes: Ints, guards: Ints) -> None:
    """The chains' records, directly behind the nodes."""
    at, size = _records(language.chain_start, 1, 2)
    words = np.zeros(size, dtype=np.int32)
    block.add(words)
    words[at] = np.diff(language.chain_start)
    for chain, begin in enumerate(at.tolist()):
        rows = language.chain_parts[language.chain_start[chain] : language.chain_start[chain + 1]].tolist()
        for k, (kind, argument) in enumerate(rows):
            words[begin + 1 + 2 * k] = kind
            words[begin + 2 + 2 * k] = nodes[argument] if kind == GO else (guards[argument] if argument >= 0 else 0)


def line_break_flags(language: LexedLanguage) -> Ints:
    """What each node of the lexer has to do with line breaks: COUNTS_COLUMN, REACHES_LINE_END, IS_SEALED."""
    flags = np.zeros(len(language.node_labels), dtype=np.int32)
    if language.indentation is None:
        return flags
    breaking = np.zeros(len(language.label_start) - 1, dtype=np.bool_)
    for label in range(len(breaking)):
        terminals = language.label_terminals[language.label_start[label] : language.label_start[label + 1]]
        breaking[label] = language.indentation.line_break in terminals
    counts = np.array(
        [any(breaking[label] for label in _members(labels)) for labels in language.node_labels.tolist()], dtype=np.bool_
    )
    flags[counts] = COUNTS_COLUMN
    counting = np.flatnonzero(counts).tolist()
    following = {node: _followers(language, node) for node in counting}
    reaches = {node for node in counting if any(low <= 10 <= high for low, high, *_ in following[node])}
    sealed = {node for node in counting if _reads_everything(following[node])}
    while True:
        more = {
            node
            for node in counting
            if node not in reaches and any(t in reaches for _, _, targets in following[node] for t in targets)
        }
        fewer = {
            node
            for node in sealed
            if any(
                not any(t in sealed for t in targets) for low, high, targets in following[node] if not low == high == 10
            )
        }
        if not more and not fewer:
            break
        reaches |= more
        sealed -= fewer
    flags[list(reaches)] |= REACHES_LINE_END
    flags[list(sealed)] |= IS_SEALED
    return flags


def _members(words: list[int]) -> list[int]:
    return [32 * i + bit for i, word in enumerate(words) for bit in range(32) if word >> bit & 1]


def _followers(language: LexedLanguage, node: int) -> list[tuple[int, int, tuple[int, ...]]]:
    """(low, high, nodes that read on) for each edge."""
    found: list[tuple[int, int, tuple[int, ...]]] = []
    for low, high, target in language.edges[language.node_start[node] : language.node_start[node + 1]].tolist():
        if target >= 0:
            found.append((low, high, (target,)))
        else:
            begin, end = language.chain_start[-1 - target], language.chain_start[-target]
            found.append((low, high, tuple(n for kind, n in language.chain_parts[begin:end].tolist() if kind == GO)))
    return found


def _reads_everything(edges: list[tuple[int, int, tuple[int, ...]]]) -> bool:
    """Does a node read every byte that may come: continuation bytes only, or every first byte of a character?"""
    read = {byte for low, high, _ in edges for byte in range(low, high + 1)}
    return read <= set(range(0x80, 0xC0)) or read >= {*range(0x80), *range(0xC2, 0xF5)}
