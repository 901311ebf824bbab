"""The slow, obvious meaning of a grammar: what does a node match, and what might it still match?  The oracle of tests.

`Recogniser(grammar, text)` finds, for each rule and position, the set of positions where a match that begins there
may end, and `BEYOND` if some match runs on past the end of the text, that is, if what is left of the text is a proper
prefix of a member. Recursion is a least fixpoint: the sets of all (rule, begin) pairs grow until nothing changes, so
left recursion, cycles and nullable rules need no special care. Cost: cubic and worse; meant for short texts.
"""

from __future__ import annotations

import json
from decimal import Decimal

from maskwright.grammar.byte_automaton import BEGINS_UNIT, CLOSES, ByteAutomaton
from maskwright.grammar.ir import (
    Automaton,
    ByteClass,
    Call,
    Choice,
    Distinct,
    Document,
    Grammar,
    Literal,
    Network,
    Node,
    Permutation,
    Repeat,
    Sequence,
    TokenSet,
)
from tests.naive.json_schema_validator import canonical

BEYOND = -1
"""The "position" of a match that needs more bytes than the text has."""


class Recogniser:
    """Matches of the rules of one grammar in one text."""

    def __init__(self, grammar: Grammar, text: bytes) -> None:
        self.grammar = grammar
        self.text = text
        self.known: dict[tuple[str, int, int], set[int]] = {}
        self.changed = False
        self.visited: set[tuple[str, int, int]] = set()
        self.document = 0  # where the document in progress begins
        self.work = 0  # nodes looked at: what an answer cost, whatever the machine

    def accepts(self) -> bool:
        """Is the whole text a member?"""
        return len(self.text) in self.rule_ends(self.grammar.start, 0)

    def is_viable(self) -> bool:
        """Is the text a member or a prefix of one?"""
        ends = self.rule_ends(self.grammar.start, 0)
        return len(self.text) in ends or BEYOND in ends

    def rule_ends(self, name: str, begin: int) -> set[int]:
        """Iterate to the least fixpoint."""
        while True:
            self.changed = False
            self.visited = set()
            self._call(name, begin)
            if not self.changed:
                return self.known[name, begin, 0]

    def _call(self, name: str, begin: int) -> set[int]:
        key = (name, begin, self.document)
        if key not in self.known:
            self.known[key] = set()
            self.changed = True
        if key not in self.visited:
            self.visited.add(key)
            ends = self._ends(self.grammar.rules[name], begin)
            if not ends <= self.known[key]:
                self.known[key] |= ends
                self.changed = True
        return set(self.known[key])

    def _ends(self, node: Node, begin: int) -> set[int]:
        """From BEYOND nothing is compared any more: the answer is {BEYOND} if the node matches anything at all."""
        text = self.text
        self.work += 1
        match node:
            case Literal(literal_text):
                if begin == BEYOND or len(literal_text) > len(text) - begin:
                    is_prefix = begin == BEYOND or literal_text.startswith(text[begin:])
                    return {BEYOND} if is_prefix else set()
                return {begin + len(literal_text)} if text.startswith(literal_text, begin) else set()
            case ByteClass(mask):
                if begin in (BEYOND, len(text)):
                    return {BEYOND}
                return {begin + 1} if mask >> text[begin] & 1 else set()
            case Sequence(parts):
                ends = {begin}
                for part in parts:
                    ends = {end for middle in ends for end in self._ends(part, middle)}
                return ends
            case Choice(parts):
                return {end for part in parts for end in self._ends(part, begin)}
            case Call(name):
                return self._call(name, begin)
            case Repeat(body, minimum, maximum):
                return self._repeat_ends(body, minimum, maximum, begin)
            case Permutation():
                return self._permutation_ends(node, begin)
            case Network(n_states, edges):
                reached = {(0, begin)}
                todo = [(0, begin)]
                while todo:
                    state, position = todo.pop()
                    for source, label, target in edges:
                        if source == state:
                            for end in self._ends(label, position):
                                if (target, end) not in reached:
                                    reached.add((target, end))
                                    todo.append((target, end))
                return {position for state, position in reached if state == n_states - 1}
            case Automaton():
                return self._automaton_ends(node, begin)
            case Distinct(body):
                origin = self.document
                ends = self._ends(body, begin)
                return {
                    end
                    for end in ends
                    if BEYOND in (begin, end) or differs_from_siblings(text[origin:], begin - origin, end - origin)
                }
            case Document(body):
                around, self.document = self.document, begin
                ends = self._ends(body, begin)
                self.document = around
                return ends
            case TokenSet():
                return set()
        raise AssertionError(node)

    def _permutation_ends(self, node: Permutation, begin: int) -> set[int]:
        """Every way through: a place is what was seen, how many entries, the position, and whether one has just ended.

        Seen are items (numbers from 0 up) and obligations (from -1 down).
        """
        result: set[int] = set()
        start = (frozenset[int](), 0, begin, False)
        seen, todo = {start}, [start]
        needed = {*node.required, *(-1 - obligation for obligation in range(node.n_obligations))}
        repeats = [(node.repeatable, ()), *node.markers]
        while todo:
            items, count, position, after_entry = todo.pop()
            if after_entry:
                if items >= needed and count >= node.minimum:
                    result.add(position)
                following = [(items, count, end, False) for end in self._ends(node.separator, position)]
            elif count == node.maximum:
                following = []
            else:
                more = count + 1 if node.maximum is not None else min(count + 1, node.minimum)
                following = []
                for body, obligations in repeats:
                    fulfilled = items | {-1 - obligation for obligation in obligations}
                    following += [(fulfilled, more, end, True) for end in self._ends(body, position)]
                for item, (head, tail) in enumerate(node.items):
                    if item not in items:
                        for middle in self._ends(head, position):
                            following += [(items | {item}, more, end, True) for end in self._ends(tail, middle)]
            for place in following:
                if place not in seen:
                    seen.add(place)
                    todo.append(place)
        return result

    def _repeat_ends(self, body: Node, minimum: int, maximum: int | None, begin: int) -> set[int]:
        result: set[int] = set()
        current, count, seen = {begin}, 0, set()
        while current:
            if count >= minimum:
                result |= current
                if current <= seen and maximum is None:
                    break
                seen |= current
            if count == maximum or count > minimum + len(self.text) + 1:
                break
            current = {end for middle in current for end in self._ends(body, middle)}
            count += 1
        return result

    def _automaton_ends(self, node: Automaton, begin: int) -> set[int]:
        automaton, state, units, position = node.automaton, node.state, 0, begin
        minimum, maximum = node.counter or (0, None)
        if begin == BEYOND:
            return {BEYOND}
        ends: set[int] = set()
        while True:
            if automaton.accepting[state] and units >= minimum:
                ends.add(position)
            if position == len(self.text):
                steps = [automaton.successor(state, byte) for byte in range(256)]
                if any(step and _permits(step[2], units, minimum, maximum) for step in steps):
                    ends.add(BEYOND)
                return ends
            step = automaton.successor(state, self.text[position])
            if step is None or not _permits(step[2], units, minimum, maximum):
                return ends
            automaton, state, unit = step
            units += unit == BEGINS_UNIT
            position += 1


def _permits(unit: int, units: int, minimum: int, maximum: int | None) -> bool:
    if unit == BEGINS_UNIT:
        return maximum is None or units < maximum
    return unit != CLOSES or units >= minimum


DECODER = json.JSONDecoder(parse_float=Decimal, parse_int=Decimal)


def differs_from_siblings(text: bytes, begin: int, end: int) -> bool:
    """Is the JSON value, or name, at a place unequal to all before it in the same array or object?

    Each open container keeps its entries before the place; an entry begins with its item or its name.
    """
    open_containers: list[list[bytes]] = []
    entry_begins: list[int] = []
    position = 0
    while position < begin:
        match text[position : position + 1]:
            case b'"':
                position += 1
                while text[position : position + 1] != b'"':
                    position += 2 if text[position : position + 1] == b"\\" else 1
            case b"[" | b"{":
                open_containers.append([])
                entry_begins.append(position + 1)
            case b"]" | b"}":
                open_containers.pop()
                entry_begins.pop()
            case b",":
                open_containers[-1].append(text[entry_begins[-1] : position])
                entry_begins[-1] = position + 1
        position += 1
    earlier = open_containers[-1] if open_containers else []
    return _first_value(text[begin:end]) not in map(_first_value, earlier)


def _first_value(text: bytes) -> object:
    return canonical(DECODER.raw_decode(text.decode().lstrip())[0])


def automaton_step(automaton: ByteAutomaton, state: int, byte: int) -> tuple[ByteAutomaton, int, int] | None:
    """The automaton, state and unit that follow one byte, or None where it is refused."""
    return automaton.successor(state, byte)


def accepts(grammar: Grammar, text: bytes) -> bool:
    """Is the whole text a member of the grammar's language?"""
    return Recogniser(grammar, text).accepts()


def is_viable(grammar: Grammar, text: bytes) -> bool:
    """Is the text a member of the grammar's language or a prefix of one?"""
    return Recogniser(grammar, text).is_viable()
