"""The pushdown machine on plain sets: the twin of the kernels `step` and `close_items`, without interning or sharing.

A configuration is a frozenset of (state, frame); a frame is a frozenset of (return state, frame) or a tuple
("counter", minimum, maximum, count, parent) or ("set", items seen, entries counted, parent). States are offsets into
the arena of a `TransitionNetwork`, whose words for states are only read here; every rule must have been built.
"""

from __future__ import annotations

from typing import Any

from maskwright.automata._layout import (
    ACCEPT_STATE,
    ACCEPTING,
    CALL,
    CLOSE_SET,
    COUNT,
    DEAD,
    EMPTY,
    ENTER,
    FINAL_STATE,
    IF_BELOW,
    IF_LEFT,
    IF_NEW,
    IF_REACHED,
    IF_ROOM,
    LEAVE,
    MARK,
    NONTERMINALS,
    OPEN_SET,
    STATE_SIZE,
    TALLY,
)
from maskwright.automata.transition_network import TransitionNetwork
from maskwright.grammar.byte_automaton import BEGINS_UNIT, CLOSES

Frame = Any
Configuration = tuple[frozenset[tuple[int, Frame]], bool]
END = frozenset([(FINAL_STATE, frozenset())])


class Machine:
    """The machine of one network."""

    def __init__(self, network: TransitionNetwork) -> None:
        network.build_ahead(1 << 30)
        self.words = network.arena.tolist()

    def start(self) -> Configuration:
        return self.close({(self.words[self.words[NONTERMINALS]], END)})

    def byte_edges(self, state: int) -> list[tuple[int, int, int, int]]:
        """(low, high, unit, target) of every edge of the state, then those of its bases."""
        edges = []
        while state:
            for e in range(self.words[state + 3]):
                at = state + STATE_SIZE + 2 * e
                packed, target = self.words[at : at + 2]
                edges.append((packed & 255, packed >> 8 & 255, packed >> 16, target))
            state = self.words[state + 1]
        return edges

    def successor(self, state: int, frame: Frame, byte: int) -> tuple[int, Frame] | None:
        for low, high, unit, target in self.byte_edges(state):
            if low <= byte <= high:
                if target == DEAD:
                    return None
                unit, reserve = unit & 3, unit >> 2
                if isinstance(frame, tuple) and frame[0] == "counter":
                    _, minimum, maximum, count, parent = frame
                    if unit == CLOSES and count < minimum:
                        return None
                    if unit != CLOSES and 0 <= maximum < count + unit + reserve:
                        return None
                    if unit == BEGINS_UNIT:
                        frame = ("counter", minimum, maximum, counted(minimum, maximum, count), parent)
                return target, frame
        return None

    def step(self, configuration: Configuration, byte: int) -> Configuration:
        found = {self.successor(state, frame, byte) for state, frame in configuration[0]}
        return self.close({item for item in found if item is not None})

    def readable(self, configuration: Configuration) -> set[int]:
        return {byte for byte in range(256) for item in configuration[0] if self.successor(*item, byte) is not None}

    def close(self, items: set[tuple[int, Frame]]) -> Configuration:
        reached, todo = set(items), list(items)
        accepting = False
        while todo:
            for state, frame in self.free_moves(*todo.pop()):
                if state == FINAL_STATE:
                    accepting = True
                elif (state, frame) not in reached:
                    reached.add((state, frame))
                    todo.append((state, frame))
        return frozenset(reached), accepting

    def free_moves(self, state: int, frame: Frame) -> list[tuple[int, Frame]]:
        words = self.words
        moves: list[tuple[int, Frame]] = []
        if words[state] & ACCEPTING:
            below = frame
            while isinstance(below, tuple) and below[3] >= below[1]:
                below = below[4]
            if not isinstance(below, tuple):
                moves += below
        edge = state + STATE_SIZE + 2 * words[state + 3]
        for kind, operand, target in zip(*[iter(words[edge : edge + 3 * words[state + 4]])] * 3, strict=True):
            if kind == EMPTY:
                moves.append((target, frame))
            elif kind == CALL:
                row = words[NONTERMINALS] + 4 * operand
                entry, has_counter, minimum, maximum = words[row : row + 4]
                below = frame if target == ACCEPT_STATE else frozenset([(target, frame)])
                moves.append((entry, ("counter", minimum, maximum, 0, below) if has_counter else below))
            elif kind == ENTER:
                moves.append((target, ("counter", words[operand], words[operand + 1], 0, frame)))
            elif kind == COUNT and not 0 <= frame[2] <= frame[3]:
                moves.append((target, (*frame[:3], counted(*frame[1:4]), frame[4])))
            elif kind == LEAVE and frame[3] >= frame[1]:
                moves.append((target, frame[4]))
            elif kind == OPEN_SET:
                moves.append((target, ("set", frozenset(), 0, frame)))
            elif kind == MARK:
                moves.append((target, ("set", frame[1] | {operand}, *frame[2:])))
            elif kind == TALLY:
                moves.append((target, ("set", frame[1], min(frame[2] + 1, max(frame[2], operand)), frame[3])))
            elif (kind == IF_BELOW and frame[2] < operand) or (kind == IF_REACHED and frame[2] >= operand):
                moves.append((target, frame))
            elif kind == IF_ROOM:
                if frame[2] + 1 + len(missing_items(words, operand, frame[1])) <= words[operand - 1]:
                    moves.append((target, frame))
            elif (kind == IF_NEW and operand not in frame[1]) or (kind == IF_LEFT and set(range(operand)) - frame[1]):
                moves.append((target, frame))
            elif kind == CLOSE_SET and not missing_items(words, operand, frame[1]):
                moves.append((target, frame[3]))
        return moves


def missing_items(words: list[int], offset: int, seen: frozenset[int]) -> list[int]:
    """The items not seen whose bits are set in the words at `offset`.  (At most 32 items in tests: one word.)"""
    return [item for item in range(32) if words[offset] >> item & 1 and item not in seen]


def counted(minimum: int, maximum: int, count: int) -> int:
    """One more; without a maximum counting stops at the minimum."""
    return count if maximum < 0 and count >= minimum else count + 1
