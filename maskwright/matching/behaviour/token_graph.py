"""The exact number of tokens to the end, from every place that a trace can come to: for small automata.

All places are laid out as a graph: an edge is a token, an end token where the trace may end, or, where others are to
write, whatever they may. The fewest tokens to the end, in the worst case over others, are found from the ends backwards
(Knuth's generalisation of Dijkstra's algorithm, as in `policy.costs`). Tokens that run across delimiters count as they
are, so this is less than the sum over segments that `outlook` falls back to.

Cost: a walk over the vocabulary for each place, so it is done while places times tokens stay below MAX_STEPS, and only
for budgets of generated tokens, without limits of single segments, where no text matters.
"""

from __future__ import annotations

import heapq
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field

from maskwright.grammar.behaviour.policy import Position
from maskwright.matching.behaviour.trace_rules import TraceRules, TurnEnd
from maskwright.matching.compiled_grammar import CompiledGrammar
from maskwright.matching.place import Place, Trail

MAX_STEPS = 4_000_000
"""Places times tokens of the vocabulary: a second of work."""

MIN_PLACES = 50
"""Not worth trying with fewer."""

MAX_PLACES = 1_500
"""Half a second of work, however small the vocabulary is."""

Turn = tuple[Position, str | None]
"""Where the model's turn begins: a position, and the segment whose opener has been written."""


@dataclass(slots=True)
class _Node:
    """A place, or a wait for others: choices[i] is (cost, the nodes that must all be finished from)."""

    choices: list[tuple[int, tuple[int, ...]]] = field(default_factory=list)


class TokenGraph:
    """`cost(place)`: the fewest tokens to the end; of a place it does not know, None."""

    def __init__(
        self,
        grammar: CompiledGrammar,
        rules: TraceRules,
        exit_at: Callable[[Trail], object],
        behind: Callable[[Trail], Iterable[tuple[Place, int]]],
    ) -> None:
        self._grammar = grammar
        self._rules = rules
        self._exit_at = exit_at
        self._behind = behind
        self._nodes: list[_Node] = []
        self._number_of: dict[Place | Turn, int] = {}
        self._costs: dict[int, int] = {}

    def build(self) -> bool:
        """Lay it out; False if it is too large."""
        most = min(MAX_PLACES, MAX_STEPS // max(1, self._rules.vocabulary.size))
        if most < MIN_PLACES:
            return False
        todo: list[tuple[int, Trail | Turn]] = []

        def node(key: Place | Turn, what: Trail | Turn) -> int:
            number = self._number_of.get(key)
            if number is None:
                number = self._number_of[key] = len(self._nodes)
                self._nodes.append(_Node())
                todo.append((number, what))
            return number

        def turn(position: Position, inside: str | None) -> int:
            """The place in which a turn begins, or the wait of others who are to write."""
            if inside is None and not self._rules.policy.letters_of_model(position):
                return node((position, None), (position, None))
            trail = self._grammar.start(self._rules.start_rule(position, inside))
            return node(trail.places[0], trail)

        turn(self._rules.policy.begin(), None)
        while todo:
            if len(self._nodes) > most:
                return False
            number, what = todo.pop()
            choices = self._nodes[number].choices
            if isinstance(what, Trail):
                exit_ = self._exit_at(what)
                if isinstance(exit_, TurnEnd):
                    choices += self._waits(exit_.position, exit_.segments if exit_.is_opened else None, turn)
                    continue
                if what.places[-1].is_accepting:
                    choices.append((1, ()))
                for place, token in self._behind(what):
                    if token in self._rules.mark_tokens:
                        continue
                    following = what.fork()
                    following.go_on(place, token)
                    choices.append((1, (node(place, following),)))
            else:
                choices += self._waits(what[0], None, turn)
        self._settle()
        return True

    def _waits(
        self, position: Position, segments: tuple[str, ...] | None, turn: Callable[[Position, str | None], int]
    ) -> list[tuple[int, tuple[int, ...]]]:
        """What may happen while others are to write: one of these segments, if its opener has been written."""
        policy = self._rules.policy
        choices: list[tuple[int, tuple[int, ...]]] = []
        if segments is None and policy.is_accepting(position):  # others may leave it at that, or else the model ends it
            choices.append((0 if policy.segments_of_others(position) else 1, ()))
        for option in policy.game.expand(position.node):
            if option.is_model or not policy.is_open(option):
                continue
            letters = [policy.moves[move].letter for move in option.moves]
            if segments is not None:
                letters = [letter for letter in letters if policy.letters[letter].segment in segments]
                if not letters:
                    continue
            following = []
            for letter in letters:
                after = policy.after_values(position, letter, {})
                assert after is not None
                following.append(turn(after, None))
            choices.append((0, tuple(dict.fromkeys(following))))
        return choices

    def _settle(self) -> None:
        waiting: dict[int, list[tuple[int, int]]] = {}
        missing: dict[tuple[int, int], int] = {}
        heap: list[tuple[int, int]] = []
        for number, one in enumerate(self._nodes):
            for which, (cost, wanted) in enumerate(one.choices):
                missing[number, which] = len(wanted)
                for other in wanted:
                    waiting.setdefault(other, []).append((number, which))
                if not wanted:
                    heapq.heappush(heap, (cost, number))
        while heap:
            cost, number = heapq.heappop(heap)
            if number in self._costs:
                continue
            self._costs[number] = cost
            for other, which in waiting.get(number, ()):
                missing[other, which] -= 1
                if not missing[other, which] and other not in self._costs:
                    # the last one to be settled is the worst
                    heapq.heappush(heap, (self._nodes[other].choices[which][0] + cost, other))

    def cost(self, place: Place) -> int | None:
        """The fewest tokens to the end from a place."""
        number = self._number_of.get(place)
        return None if number is None else self._costs.get(number)

    def cost_of_turn(self, position: Position) -> int | None:
        """The same from a position, whoever's turn it is."""
        if self._rules.policy.letters_of_model(position):
            return self.cost(self._grammar.start(self._rules.start_rule(position)).places[0])
        number = self._number_of.get((position, None))
        return None if number is None else self._costs.get(number)
