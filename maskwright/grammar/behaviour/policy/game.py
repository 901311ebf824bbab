"""Which positions of a game can be finished, whatever the others write: a graph that is explored as it is asked about.

The product of flow and rules is a game between the model and those who write the other segments. A position (a *node*)
is *won* if a trace can be finished from it. What may happen there is a list of *options*, and it is won as soon as all
successors of one option are:

    the trace may end                      an option that asks for nothing (nobody has to write any more)
    the model writes a segment             one option for each successor: the model chooses
    the model hands over, naming a segment one option for each segment: all letters that may come of it
    only others can write                  one option: all letters of all their segments, for they choose

This is an AND/OR graph, and being won is its least fixpoint, so a strategy that follows the ranks ends. It is kept
incrementally: a node that is won tells the options that wait for it. Nodes are expanded best first, towards
acceptance (the sum of the distances that each automaton sees by itself), and only until the question is settled: a
node is lost when everything that it leads to has been expanded and it was not won. So n rules that are independent of
each other are settled in some n steps, where their product has 2**n states.

Rejected: the product in full before the first answer (25 rules of two states are 33 million nodes, of which a run meets
400); liveness of each rule by itself (with a flow of three calls, two rules that each want two are both alive).
Cost: an expansion takes some microseconds for each letter and rule.
"""

from __future__ import annotations

import heapq
from dataclasses import dataclass

DEAD = -1
"""A successor from which the automaton cannot accept any more."""

UNKNOWN, WON, LOST = 0, 1, 2


@dataclass(frozen=True, slots=True)
class Table:
    """An automaton of the product: rows[state][move] is its successor or DEAD; to_accept[state]: letters, at least."""

    rows: tuple[tuple[int, ...], ...]
    accepting: tuple[bool, ...]
    to_accept: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class Rules:
    """Of a game. Moves are numbered; `segment_of[move]` is one of the segments, `is_model[segment]` says who writes it.

    tables: the flow first. `assumption`: the table of what may be expected of others, or None; it need not accept.
    `is_cooperative`: the others choose what suits the model.
    """

    tables: tuple[Table, ...]
    segment_of: tuple[int, ...]
    is_model: tuple[bool, ...]
    assumption: int | None = None
    is_cooperative: bool = False


@dataclass(frozen=True, slots=True)
class Option:
    """moves[i] leads to successors[i], all of which must be won; an end has neither. `is_model`: is it the model's?"""

    node: int
    moves: tuple[int, ...]
    successors: tuple[int, ...]
    is_model: bool


class Game:
    """The graph (mutable: it grows). Nodes are numbers; node 0 is the start.

    vectors[node]: a state of each table; options[node]: None until it is expanded; status[node]: UNKNOWN, WON or LOST;
    proofs[node]: the option by which it is won.
    """

    def __init__(self, rules: Rules, start: tuple[int, ...] | None = None) -> None:
        self.rules = rules
        self.vectors: list[tuple[int, ...]] = []
        self.options: list[tuple[Option, ...] | None] = []
        self.status: list[int] = []
        self.proofs: list[Option | None] = []
        self.n_expanded = 0
        self._node_of: dict[tuple[int, ...], int] = {}
        self._waiting: list[list[int]] = []  # of each node, the options that wait for it
        self._missing: list[int] = []  # of each option, how many successors are not won
        self._option_of: list[Option] = []
        self._moves_of_model = [m for m, s in enumerate(rules.segment_of) if rules.is_model[s]]
        self._moves_of_others = [m for m, s in enumerate(rules.segment_of) if not rules.is_model[s]]
        self.node(start or (0,) * len(rules.tables))

    def node(self, vector: tuple[int, ...]) -> int:
        """The number of a position."""
        number = self._node_of.get(vector)
        if number is None:
            number = self._node_of[vector] = len(self.vectors)
            self.vectors.append(vector)
            self.options.append(None)
            self.status.append(UNKNOWN)
            self.proofs.append(None)
            self._waiting.append([])
        return number

    def is_accepting(self, node: int) -> bool:
        """Do all automata accept (an assumption need not)?"""
        return all(table.accepting[state] for table, state in zip(self.rules.tables, self.vectors[node], strict=True))

    def after(self, node: int, move: int) -> int | None:
        """The node that a move leads to; None where an automaton refuses it for good."""
        vector = tuple(
            [table.rows[state][move] for table, state in zip(self.rules.tables, self.vectors[node], strict=True)]
        )
        return None if DEAD in vector else self.node(vector)

    def successors(self, node: int) -> list[tuple[int, ...]]:
        """For each move, the states that it leads to."""
        return list(
            zip(
                *[table.rows[state] for table, state in zip(self.rules.tables, self.vectors[node], strict=True)],
                strict=True,
            )
        )

    def can_others_write(self, node: int) -> tuple[int, ...]:
        """The moves of others that the flow and what is assumed of them permit, whatever the rules say of them."""
        rules = self.rules
        vector = self.vectors[node]
        flow = rules.tables[0].rows[vector[0]]
        possible = [move for move in self._moves_of_others if flow[move] != DEAD]
        if rules.assumption is not None:
            assumed = rules.tables[rules.assumption].rows[vector[rules.assumption]]
            possible = [move for move in possible if assumed[move] != DEAD]
        return tuple(possible)

    def expand(self, node: int) -> tuple[Option, ...]:
        """What may happen at a node."""
        known = self.options[node]
        if known is not None:
            return known
        self.n_expanded += 1
        rules = self.rules
        successors = self.successors(node)
        options: list[Option] = []
        by_successor: dict[int, list[int]] = {}
        for move in self._moves_of_model:
            if DEAD not in successors[move]:
                by_successor.setdefault(self.node(successors[move]), []).append(move)
        for successor, moves in by_successor.items():
            options.append(Option(node, tuple(moves), (successor,) * len(moves), is_model=True))
        others = self.can_others_write(node)
        if rules.is_cooperative:
            options += [
                Option(node, (move,), (self.node(successors[move]),), is_model=False)
                for move in others
                if DEAD not in successors[move]
            ]
        elif others:
            groups: dict[int, list[int]] = {}
            for move in others:
                groups.setdefault(rules.segment_of[move] if by_successor else -1, []).append(move)
            for moves in groups.values():
                if not any(DEAD in successors[move] for move in moves):
                    targets = tuple([self.node(successors[move]) for move in moves])
                    options.append(Option(node, tuple(moves), targets, is_model=False))
        if self.is_accepting(node):
            options.append(Option(node, (), (), is_model=True))
        self.options[node] = tuple(options)
        for option in options:
            number = len(self._option_of)
            self._option_of.append(option)
            waits_for = [s for s in dict.fromkeys(option.successors) if self.status[s] != WON]
            self._missing.append(len(waits_for))
            for successor in waits_for:
                self._waiting[successor].append(number)
            if not waits_for:
                self._win(option)
        return self.options[node] or ()

    def _win(self, option: Option) -> None:
        """All successors of an option are won, and so is its node, and perhaps others."""
        todo = [option]
        while todo:
            option = todo.pop()
            node = option.node
            if self.status[node] == WON:
                continue
            self.status[node] = WON
            self.proofs[node] = option
            for number in self._waiting[node]:
                self._missing[number] -= 1
                if not self._missing[number]:
                    todo.append(self._option_of[number])
            self._waiting[node] = []

    def decide(self, node: int, limit: int) -> int:
        """Is the node won or lost? UNKNOWN if that takes more than `limit` expansions."""
        if self.status[node] != UNKNOWN:
            return self.status[node]
        seen = {node}
        heap = [(self._to_accept(node), node)]
        while heap and self.status[node] == UNKNOWN:
            _, here = heapq.heappop(heap)
            if self.options[here] is None:
                if limit <= 0:
                    return UNKNOWN
                limit -= 1
            for option in self.expand(here):
                for successor in option.successors:
                    if successor not in seen and self.status[successor] == UNKNOWN:
                        seen.add(successor)
                        heapq.heappush(heap, (self._to_accept(successor), successor))
        if self.status[node] == UNKNOWN:
            for one in seen:
                if self.status[one] == UNKNOWN:
                    self.status[one] = LOST
        return self.status[node]

    def _to_accept(self, node: int) -> int:
        """How far the automata are from accepting, each by itself, added up: a step towards any of them counts."""
        return sum([table.to_accept[state] for table, state in zip(self.rules.tables, self.vectors[node], strict=True)])

    def is_open(self, option: Option, limit: int) -> bool:
        """May the option be taken: are all its successors won?"""
        return all(self.decide(successor, limit) == WON for successor in option.successors)

    def explore(self, limit: int) -> bool:
        """Decide all nodes that the start leads to by options that may be taken; False if there are more than that."""
        if self.decide(0, limit) != WON:
            return False
        found = [0]
        seen = {0}
        for node in found:
            for option in self.expand(node):
                left = limit - self.n_expanded
                if left <= 0:
                    return False
                if self.is_open(option, left):
                    for successor in option.successors:
                        if successor not in seen:
                            seen.add(successor)
                            found.append(successor)
        return True
