"""What segments cost in tokens, and so what the end costs from every position: upper bounds, each with a text.

A segment costs the tokens of its opener, of a shortest text with the letter wanted, and of its closer, each spelled by
itself; what others write costs what the budget counts of it. The rest is `policy.costs`.
"""

from __future__ import annotations

from maskwright.errors import SpecError
from maskwright.grammar.behaviour.policy import Policy, Position
from maskwright.grammar.behaviour.policy.costs import Costs
from maskwright.grammar.behaviour.policy.game import WON, Option
from maskwright.grammar.behaviour.specification.spec import Budget, Writer
from maskwright.matching.behaviour.spellings import Spellings

NO_WAY = 1 << 30
"""More than any budget."""

END_COST = 1
"""The end token."""

ENDLESS = 1 << 20
"""Stands for a text without greatest length, where no budget asks."""


class Prices:
    """Of one policy, vocabulary and kind of budget.

    Raises SpecError where a segment's `max_tokens` is less than its shortest text takes, or is needed and missing.
    """

    def __init__(self, policy: Policy, spellings: Spellings, budget: Budget) -> None:
        self._policy = policy
        self._spellings = spellings
        self._has_budget = budget != Budget()
        self._counts_others = budget.context_tokens is not None
        self._openers = {one.name: spellings.of(one.open.encode()) for one in policy.spec.segments}
        self._rests = [self._rest(letter) for letter in range(len(policy.letters))]
        self._costs = Costs(policy.game, self._cost_of_move, END_COST)

    def at(self, position: Position) -> int:
        """The tokens to the end from between two segments, in the worst case over others."""
        return self._costs.of(position.node)

    def inside(self, position: Position, segment: str) -> int:
        """The same from behind the opener of a segment that comes next."""
        return min([cost for cost, _ in self._ways_inside(position, segment)], default=NO_WAY)

    def of_fallback(self, segment: str) -> int:
        """The tokens of the fallback segment, whatever its letter, and the end."""
        rests = [len(self._rests[letter]) for letter in self._policy.bodies.letters_of(segment)]
        return len(self._openers[segment]) + min(rests) + END_COST

    def plan_at(self, position: Position) -> tuple[int, ...]:
        """The tokens of the next segment that keep that cost, of others only the opener; () if the end keeps it."""
        game = self._policy.game
        options = [o for o in game.expand(position.node) if all(game.status[s] == WON for s in o.successors)]
        best = min(options, key=self._costs.of_option)
        if not best.moves:
            return ()
        move = self._best_move(best)
        letter = self._policy.moves[move].letter
        return (*self._openers[self._policy.letters[letter].segment], *self._rests[letter])

    def plan_inside(self, position: Position, segment: str) -> tuple[int, ...]:
        """The tokens of the segment behind its opener that keep the cost."""
        _, letter = min(self._ways_inside(position, segment))
        return self._rests[letter]

    def _best_move(self, option: Option) -> int:
        return min(
            zip(option.moves, option.successors, strict=True),
            key=lambda one: self._cost_of_move(one[0]) + self._costs.of(one[1]),
        )[0]

    def _ways_inside(self, position: Position, segment: str) -> list[tuple[int, int]]:
        """(cost, letter) for each option that goes on with the segment: the worst letter where others write it."""
        policy = self._policy
        found = []
        for option in policy.game.expand(position.node):
            if any(policy.game.status[successor] != WON for successor in option.successors):
                continue
            costs = []
            for move, successor in zip(option.moves, option.successors, strict=True):
                letter = policy.moves[move].letter
                if policy.letters[letter].segment == segment:
                    opener = len(self._openers[segment])
                    costs.append((self._cost_of_move(move) - opener + self._costs.of(successor), letter))
            if costs:
                found.append(min(costs) if option.is_model else max(costs))
        return found

    def _rest(self, letter: int) -> tuple[int, ...]:
        """The tokens of a segment behind its opener: a shortest text with the letter, and the closer."""
        policy, of = self._policy, self._spellings.of
        segment = policy.spec.segment(policy.letters[letter].segment)
        if segment.writer is not Writer.MODEL:
            return ()
        rest = (*of(policy.bodies.shortest(letter).encode()), *of(segment.close.encode()))
        if segment.max_tokens is not None:
            needed = len(rest) + self._of_values(letter, segment.name) + self._of_references(segment.name)
            if needed > segment.max_tokens:
                wanted = "more than any number" if needed >= ENDLESS else f"at least {needed}"
                raise SpecError(
                    f"max_tokens must be {wanted}: a text that the rules may ask for can take so many",
                    f"segment '{segment.name}'",
                )
        return rest

    def _of_values(self, letter: int, segment: str) -> int:
        """What values that have not been used may cost beyond the shortest ones; a token a byte at most."""
        policy = self._policy
        spares = [policy.bodies.domain(hole, letter).spare for hole in policy.holes_of(letter)]
        if None not in spares:
            return sum(spare for spare in spares if spare is not None)
        if not self._has_budget:
            return ENDLESS
        raise SpecError(
            "rules want new values in it, and it is not known how long these must be, so no budget can be kept; give "
            "them a pattern with more than a few texts of each length, or a list",
            f"segment '{segment}'",
        )

    def _of_references(self, segment: str) -> int:
        """What it may cost to repeat earlier texts, which need not be the shortest ones; a token a byte at most."""
        policy = self._policy
        n_bytes = policy.bodies.reference_bytes(segment) if policy.refers_to_earlier(segment) else 0
        if n_bytes is None:
            if not self._has_budget:
                return ENDLESS
            raise SpecError(
                "what it repeats may be of any length, so no budget can be kept; give those texts a greatest length",
                f"segment '{segment}'",
            )
        return n_bytes

    def _cost_of_move(self, move: int) -> int:
        """The tokens of a segment, delimiters included, as far as the budget counts them."""
        policy = self._policy
        letter = policy.moves[move].letter
        segment = policy.spec.segment(policy.letters[letter].segment)
        opener = len(self._openers[segment.name])
        if segment.writer is Writer.MODEL:
            spare = self._of_values(letter, segment.name)
            return opener + len(self._rests[letter]) + spare + self._of_references(segment.name)
        if not self._counts_others:
            return opener
        if segment.max_tokens is None:
            raise SpecError(
                "a budget of context tokens needs max_tokens for every segment that is not the model's",
                f"segment '{segment.name}'",
            )
        return opener + segment.max_tokens + len(self._spellings.of(segment.close.encode()))
