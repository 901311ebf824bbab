"""What it takes to finish from a node, in the worst case over what others write: the least sum of costs.

    cost(node) = min over its options of   the cost of an end                         where the trace may end
                                           min over moves (cost of move) + cost(successor)        where the model writes
                                           max over moves (cost of move + cost(successor))        where others do

An option costs at least as much as each of its successors, so Knuth's generalisation of Dijkstra's algorithm (D. E.
Knuth, "A generalization of Dijkstra's algorithm", IPL 1977) settles nodes in ascending order. It runs over what a
game has explored. A node that is won later costs what its proof costs, which is enough to finish with.
"""

from __future__ import annotations

import heapq
from collections.abc import Callable

from maskwright.grammar.behaviour.policy.game import WON, Game, Option


class Costs:
    """Costs of the nodes of a game that are won (mutable: nodes are added as the game grows).

    cost_of_move(move): 0 or more. end_cost: of an end that the model has to write.
    """

    def __init__(self, game: Game, cost_of_move: Callable[[int], int], end_cost: int) -> None:
        self._game = game
        self._cost_of_move = cost_of_move
        self._end_cost = end_cost
        self._known: dict[int, int] = {}
        self._settle()

    def of(self, node: int) -> int:
        """The cost of a node, which must be won."""
        assert self._game.status[node] == WON
        todo = [node]
        while todo:
            here = todo[-1]
            proof = self._game.proofs[here]
            assert proof is not None
            missing = [s for s in proof.successors if s not in self._known]
            if here in self._known:
                todo.pop()
            elif missing:
                todo += missing  # proofs lead to nodes that were won before
            else:
                self._known[here] = self.of_option(proof)
                todo.pop()
        return self._known[node]

    def of_option(self, option: Option) -> int:
        """What it takes if this is what happens; all its successors must be won."""
        if not option.moves:
            return self._end_cost
        costs = [
            self._cost_of_move(move) + self.of(successor)
            for move, successor in zip(option.moves, option.successors, strict=True)
        ]
        return min(costs) if option.is_model else max(costs)

    def _settle(self) -> None:
        """Knuth's algorithm over all that has been explored."""
        game = self._game
        waiting: dict[int, list[Option]] = {}
        missing: dict[int, int] = {}
        heap: list[tuple[int, int]] = []
        for node, options in enumerate(game.options):
            for option in options or ():
                wanted = set(option.successors)
                if any(game.status[s] != WON for s in wanted):
                    continue
                missing[id(option)] = len(wanted)
                for successor in wanted:
                    waiting.setdefault(successor, []).append(option)
                if not wanted:
                    heapq.heappush(heap, (self._end_cost, node))
        while heap:
            cost, node = heapq.heappop(heap)
            if node in self._known:
                continue
            self._known[node] = cost
            for option in waiting.get(node, ()):
                missing[id(option)] -= 1
                if not missing[id(option)] and option.node not in self._known:
                    heapq.heappush(heap, (self.of_option(option), option.node))
