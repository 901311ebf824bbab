"""Languages over characters spelled in bytes: plain UTF-8 and JSON strings.

Every state of the character automaton becomes a body state and the inner nodes of its tree (`encoding.Tree`). What the
tree does not tell apart is shared: the rest of a character after which only one body state can follow, by phase and that
state; and everything once any text may follow, which is the automaton of all strings itself (by links).
A state from which most characters lead to "any text may follow" is spelled by difference: its base is the state of the
automaton of all strings in the same phase, and only the other characters have edges.

Units: the edge that begins a character, in whatever spelling, BEGINS_UNIT; a surrogate pair in escapes is one character
because only its first backslash leaves a body state. The closing quote CLOSES.
Cost: some 20 states a character state that knows all characters, one or two for ASCII ones.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import lru_cache

from maskwright.grammar.byte_automaton import CLOSES, REFUSED, ByteAutomaton, automaton_of
from maskwright.grammar.characters.automaton import CharacterAutomaton
from maskwright.grammar.characters.character_set import MAX_CODE_POINT
from maskwright.grammar.characters.encoding import (
    BODY,
    DEAD,
    JSON_ENCODINGS,
    PLAIN,
    UNIVERSAL,
    Child,
    Edge,
    Encoding,
    Escapes,
    Phase,
    Tree,
)

QUOTE = 0x22
Row = tuple[int, int, int, int]
"""An edge of a byte automaton: low, high, target, unit."""


@dataclass(frozen=True, slots=True)
class AnyText:
    """The automaton of all texts in one encoding, and its state in each phase of a character."""

    automaton: ByteAutomaton
    state_of: dict[Phase, int]


@lru_cache(maxsize=8)
def any_text(encoding: Encoding) -> AnyText:
    """Every text: for JSON state 0 opens the quotes, 1 is the body and 2 the end; for plain UTF-8 state 0 is the body."""
    is_quoted = encoding.has_escapes
    tree = Tree(encoding, [(0, 0)])
    state_of: dict[Phase, int] = {BODY: 1 if is_quoted else 0}
    todo: list[tuple[Phase, list[Edge]]] = [(BODY, tree.body())]
    rows: list[list[Row]] = [[(QUOTE, QUOTE, 1, 0)], [], []] if is_quoted else [[]]
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
        rows[1] = sorted([*rows[1], (QUOTE, QUOTE, 2, CLOSES)])
    accepting = [state == (2 if is_quoted else 0) for state in range(len(rows))]
    return AnyText(automaton_of(rows, accepting, is_shared=True), state_of)


@dataclass(slots=True)
class _Assembly:
    """The byte automaton under construction."""

    encoding: Encoding
    everything: AnyText
    rows: list[list[Row]] = field(default_factory=list)
    bases: list[int] = field(default_factory=list)
    links: dict[int, int] = field(default_factory=dict)
    uniform: dict[tuple[int, Phase], int] = field(default_factory=dict)
    by_content: dict[tuple[int, tuple[Row, ...]], int] = field(default_factory=dict)

    def add(self, rows: list[Row], base: int = -1) -> int:
        """Add a state, or find the one with this content."""
        key = (base, tuple(rows))
        if key not in self.by_content:
            self.by_content[key] = len(self.rows)
            self.rows.append(rows)
            self.bases.append(base)
        return self.by_content[key]

    def link(self, state: int) -> int:
        """The target that stands for a state of the automaton of all texts."""
        return -1 - self.links.setdefault(state, len(self.links))

    def target(self, child: Child, targets: list[int], nodes: list[int]) -> int | None:
        """The target of an edge; None where nothing may follow.  targets: the body state of each slot."""
        if child.node >= 0:
            return nodes[child.node] if nodes[child.node] != REFUSED else None
        if child.slot == DEAD:
            return None
        if child.slot == UNIVERSAL:
            return self.link(self.everything.state_of[child.phase or BODY])
        return targets[child.slot] if child.phase is None else self.behind(targets[child.slot], child.phase)

    def behind(self, body: int, phase: Phase) -> int:
        """The state in a phase after which only one body state can follow."""
        known = self.uniform.get((body, phase))
        if known is None:
            rows = []
            for low, high, child, unit in _edges_of_phase(self.encoding, phase):
                rows.append((low, high, body if child.phase is None else self.behind(body, child.phase), unit))
            known = self.uniform[body, phase] = self.add(rows)
        return known

    def row(self, edges: list[Edge], targets: list[int], nodes: list[int], is_based: bool) -> list[Row]:
        """The edges of one state; by difference to its base if it has one."""
        rows = []
        for low, high, child, unit in edges:
            if is_based and child.slot == UNIVERSAL and child.node < 0:
                continue
            target = self.target(child, targets, nodes)
            if target is not None:
                rows.append((low, high, target, unit))
            elif is_based:
                rows.append((low, high, REFUSED, 0))
        return rows


@lru_cache(maxsize=512)
def _edges_of_phase(encoding: Encoding, phase: Phase) -> list[Edge]:
    return Tree(encoding, [(0, 0)]).inside(phase)


def _spelled(language: CharacterAutomaton, encoding: Encoding) -> ByteAutomaton:
    everything = any_text(encoding)
    if language.is_universal:
        return everything.automaton
    table = language.transitions.tolist()
    accepting = language.accepting.tolist()
    universal = _universal_state(table, accepting, language.alphabet.intervals)
    sizes = _class_sizes(language)
    is_quoted = encoding.has_escapes
    assembly = _Assembly(encoding, everything)
    assembly.rows = [[] for _ in range(len(table) + 2 * is_quoted)]
    assembly.bases = [-1] * len(assembly.rows)
    # quoted: 0 opens, 1 + s is the body of s, the last is the end; the universal state's body stays unused until trimmed
    end = len(table) + 1
    body_of = [s + is_quoted for s in range(len(table))]
    if universal >= 0:
        body_of[universal] = assembly.link(everything.state_of[BODY])
    if is_quoted:
        assembly.rows[0] = [(QUOTE, QUOTE, body_of[0], 0)]
    trees: dict[tuple[int, ...], tuple[Tree, list[Edge]]] = {}
    for state, transitions in enumerate(table):
        if state == universal:
            continue
        slot_of: dict[int, int] = {-1: DEAD, universal: UNIVERSAL} if universal >= 0 else {-1: DEAD}
        targets: list[int] = []
        slots = []
        for target in transitions:
            slot = slot_of.get(target)
            if slot is None:
                slot = slot_of[target] = len(targets)
                targets.append(body_of[target])
            slots.append(slot)
        pattern = tuple(slots)
        if pattern not in trees:
            tree = Tree(encoding, _slot_intervals(language.alphabet.intervals, pattern))
            trees[pattern] = (tree, tree.body())
        tree, body = trees[pattern]
        weight = sum(size for size, slot in zip(sizes, pattern, strict=True) if slot == UNIVERSAL)
        is_based = weight > MAX_CODE_POINT // 2
        nodes: list[int] = []
        for node in tree.nodes:
            rows = assembly.row(node.edges, targets, nodes, is_based)
            base = everything.state_of[node.phase] if is_based else -1
            nodes.append(assembly.add(rows, base) if rows or is_based else REFUSED)
        rows = assembly.row(body, targets, nodes, is_based)
        if is_quoted and accepting[state] != is_based:
            closing = (QUOTE, QUOTE, end, CLOSES) if accepting[state] else (QUOTE, QUOTE, REFUSED, 0)
            rows = sorted([*rows, closing])
        number = state + is_quoted
        assembly.rows[number] = rows
        assembly.bases[number] = everything.state_of[BODY] if is_based else -1
    accepts = [False] * len(assembly.rows)
    if is_quoted:
        accepts[end] = True
    else:
        accepts[: len(table)] = accepting
    return _trimmed(assembly, accepts)


def _trimmed(assembly: _Assembly, accepts: list[bool]) -> ByteAutomaton:
    """The automaton without states that nothing leads to; all states lead to an accepting one by construction."""
    number_of = {0: 0}
    order = [0]
    for state in order:
        for _, _, target, _ in assembly.rows[state]:
            if target >= 0 and target not in number_of:
                number_of[target] = len(order)
                order.append(target)
    rows = [
        [(low, high, number_of[t] if t >= 0 else t, unit) for low, high, t, unit in assembly.rows[state]]
        for state in order
    ]
    bases = [assembly.bases[state] for state in order]
    has_base = any(base >= 0 for base in bases)
    everything = assembly.everything.automaton
    return automaton_of(
        rows,
        [accepts[state] for state in order],
        links=tuple((everything, state) for state in assembly.links),
        base=bases if has_base else None,
        base_automaton=everything if has_base else None,
    )


def _universal_state(table: list[list[int]], accepting: list[bool], intervals: tuple[tuple[int, int], ...]) -> int:
    """The state after which any text may follow, or -1."""
    dead_size = sum(
        (intervals[i + 1][0] if i + 1 < len(intervals) else MAX_CODE_POINT + 1) - begin
        for i, (begin, cls) in enumerate(intervals)
        if cls < 0
    )
    if dead_size != 0x800:
        return -1
    for state, row in enumerate(table):
        if accepting[state] and all(target == state for target in row):
            return state
    return -1


def _class_sizes(language: CharacterAutomaton) -> list[int]:
    return [sum(high - low + 1 for low, high in ranges) for ranges in language.alphabet.ranges()]


def _slot_intervals(intervals: tuple[tuple[int, int], ...], slots: tuple[int, ...]) -> list[tuple[int, int]]:
    """The intervals by slot instead of class, neighbours joined."""
    result: list[tuple[int, int]] = []
    for begin, cls in intervals:
        slot = slots[cls] if cls >= 0 else DEAD
        if not result or result[-1][1] != slot:
            result.append((begin, slot))
    return result


@lru_cache(maxsize=512)
def utf8_automaton(language: CharacterAutomaton) -> ByteAutomaton:
    """The members of the language in UTF-8; the language must not be empty.

    Characters are the units, so `Automaton(utf8_automaton(a), 0, counter=(m, n))` bounds the number of characters.
    """
    assert not language.is_empty, "an empty language has no automaton without dead states"
    return _spelled(language, PLAIN)


@lru_cache(maxsize=512)
def json_string_automaton(language: CharacterAutomaton, escapes: Escapes = Escapes.CANONICAL) -> ByteAutomaton:
    """The JSON strings, both quotes included, whose value is a member; the language must not be empty."""
    assert not language.is_empty, "an empty language has no automaton without dead states"
    return _spelled(language, JSON_ENCODINGS[escapes])


def any_json_string(escapes: Escapes = Escapes.CANONICAL) -> ByteAutomaton:
    """Every JSON string with both quotes, is_shared: state 0 opens, 1 stands between characters, 2 is the end."""
    return any_text(JSON_ENCODINGS[escapes]).automaton


ANY_JSON_STRING = any_json_string()
"""Every JSON string in canonical escapes."""
