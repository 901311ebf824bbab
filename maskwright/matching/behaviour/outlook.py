"""What lies ahead of a place in a text: is it an exit, how can its segment be ended, and what does the end cost?

From a place a breadth-first search over bytes finds the nearest exits of its segment (`ways`), the texts on the way are
spelled with the fewest tokens (`spellings`), and what comes behind an exit costs what `prices` says. So

    cost(place) = min over exits (tokens of the way + cost behind the exit)

is an upper bound of the fewest tokens to the end, in the worst case over others, and comes with a *plan*, the tokens
that keep it. A budget of r tokens is kept like this: a token is allowed if the place behind it costs at most r - 1, or
if it is the next one of the plan. Since the plan's first token is always allowed, there is always one.

Cost: some 100 us for a place that is new. Where r is larger than any place behind costs nothing is taken away, which is
remembered with the place.
Rejected: exact distances in tokens over all places (a walk over the vocabulary each): see `token_graph`, which does it
where they are few.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial

import numpy as np
from numpy.typing import NDArray

from maskwright.errors import LimitExceeded
from maskwright.grammar.behaviour.policy import Position
from maskwright.grammar.behaviour.taking_turns import alone
from maskwright.grammar.byte_automaton import ByteAutomaton
from maskwright.locks import Rank, shared_lock
from maskwright.matching.behaviour._ways import (
    N_EXITS,
    N_FOUND,
    N_PROGRESS,
    successors_of_tokens,
    ways_to_byte,
)
from maskwright.matching.behaviour.automaton_ways import ways_of
from maskwright.matching.behaviour.prices import END_COST, NO_WAY, Prices
from maskwright.matching.behaviour.spellings import Spellings
from maskwright.matching.behaviour.token_graph import TokenGraph
from maskwright.matching.behaviour.trace_rules import (
    Boundary,
    Exit,
    FallbackEnd,
    Opened,
    ToResolve,
    TraceRules,
    TurnEnd,
)
from maskwright.matching.compiled_grammar import CompiledGrammar
from maskwright.matching.place import Place, Trail

MOST_MET = (1 << 8, 1 << 12, 1 << 16, 1 << 20)
"""Configurations that the search for exits may meet, in a first try, a second, ...: room for them has to be made."""

MOST_EXITS = 8
MET_BEHIND_FIRST = 128
"""How much farther than the first exit is looked for others, which may be cheaper in the end."""

LONG_TEXT = 48
"""Longer ways are spelled byte by byte: finding the fewest tokens takes longer than all the rest."""

MOST_GROUPS = 1 << 14
"""Places that the tokens of one place may lead to."""

MOST_GROUPINGS = 32
"""Places of which it is kept where tokens lead: half a megabyte each for 128,000 tokens."""

MOST_KEPT = 1 << 15
"""Places of which something is kept."""

_EXIT_BYTES = 5


@dataclass(frozen=True, slots=True)
class Way:
    """A way to an exit: the tokens to write, and what everything behind it costs."""

    tokens: tuple[int, ...]
    exit: Exit
    behind: int

    @property
    def cost(self) -> int:
        """The tokens to the end of the trace."""
        return len(self.tokens) + self.behind

    def fits(self, limit: int) -> bool:
        """Is the segment in progress ended within so many tokens? (The opener of the next one is not counted.)"""
        return len(self.tokens) <= limit or isinstance(self.exit, Opened)


@dataclass(frozen=True, slots=True, eq=False)
class Groups:
    """Tokens by the place behind them. group_of: int32[tokens], -1 for none; places[g] with one of its tokens."""

    group_of: NDArray[np.int32]
    places: list[tuple[Place, int]]


@dataclass(slots=True)
class Facts:
    """What is known of a place (mutable: found when it is asked).

    `highest`: the most that any of them costs; `longest`: the most tokens that any of them needs for its segment.
    """

    exit: Exit | None
    ways: tuple[Way, ...] | None = None
    highest: int | None = None
    longest: int = 0


class Outlook:
    """Of one grammar of traces."""

    def __init__(self, grammar: CompiledGrammar, rules: TraceRules, spellings: Spellings, prices: Prices) -> None:
        self._grammar = grammar
        self._rules = rules
        self._spellings = spellings
        self._prices = prices
        self._facts: dict[Place, Facts] = {}
        self.lock = shared_lock(Rank.OUTLOOK)
        self._groups: dict[Place, Groups] = {}
        self._graph: TokenGraph | None = None
        self._n_restarts = 0
        self._costs: dict[Exit, int] = {}
        self._tails: dict[tuple[ByteAutomaton, int], int] = {}
        vocabulary = rules.vocabulary
        self._special = np.array(sorted(vocabulary.special_token_ids.difference(vocabulary.eos_token_ids)), np.int32)
        self._n_positions = self._n_exits = self._highest = 0
        spec = rules.policy.spec
        self._longest_delimiters = 2 * max([len((one.open + one.close).encode()) for one in spec.segments])

    @alone
    def make_exact(self) -> int | None:
        """Lay out all places, if they are few, so that costs are exact from now on: the cost of the start, or None."""
        graph = TokenGraph(self._grammar, self._rules, self._exit_at, self._places_behind)
        try:
            if not graph.build():
                return None
        except LimitExceeded:
            return None
        self._graph = graph
        self._n_restarts = self._grammar.memory.n_restarts
        return graph.cost_of_turn(self._rules.policy.begin())

    def _exit_at(self, trail: Trail) -> Exit | None:
        return self.facts(trail).exit

    def _places_behind(self, trail: Trail) -> list[tuple[Place, int]]:
        return self.behind_tokens(trail).places

    @alone
    def facts(self, trail: Trail) -> Facts:
        """What is known of the end of a trail; whether it is an exit is found at once."""
        place = trail.places[-1]
        known = self._facts.get(place)
        if known is None:
            if len(self._facts) >= MOST_KEPT:
                self._facts.clear()
            forced = b"" if place.is_accepting else self._grammar.forced_text(trail, _EXIT_BYTES)
            found = None
            if forced[:1] == bytes([self._rules.mark]) and len(forced) == _EXIT_BYTES:
                found = self._rules.exit_of(forced)
            known = self._facts[place] = Facts(found)
        return known

    @alone
    def ways(self, trail: Trail) -> tuple[Way, ...]:
        """The ways to the nearest exits."""
        facts = self.facts(trail)
        if facts.ways is None:
            texts = self._texts_to_exits(trail)
            facts.ways = tuple([way for text in texts for way in self._ways_by(trail, text)])
        return facts.ways

    def _ways_by(self, trail: Trail, text: bytes) -> list[Way]:
        """The ways whose text it is: behind an opener there are two where the segment may be empty."""
        spelled = self._spellings.of(text) if len(text) <= LONG_TEXT else self._spellings.by_bytes(text)
        return [Way(spelled, exit_, self.cost_behind(exit_)) for exit_ in self._exits_behind(trail, text)]

    def _texts_to_exits(self, trail: Trail, *, is_behind: bool = False) -> list[bytes]:
        """The bytes on the ways to the nearest exits; the search meets few configurations first, then more.

        is_behind: a long automaton has just been read to its end.
        """
        for number, most in enumerate(MOST_MET):
            room = partial(_room, self._rules.mark, most)
            texts = self._grammar.look_ahead(trail, ways_to_byte, room, _texts)
            if not texts and number == 1 and not is_behind:
                texts = self._texts_through_automata(trail)
            if texts:
                return texts
        raise LimitExceeded("The search for the end of a segment", MOST_MET[-1] + 1, MOST_MET[-1])

    def _texts_through_automata(self, trail: Trail) -> list[bytes]:
        """The same where a long automaton has to be read to its end first."""
        texts = []
        for automaton, state, units, below in self._grammar.automata_at(trail):
            text = ways_of(automaton).text(state, units)
            if text:
                there = trail.fork()
                if self._grammar.read(there, text):
                    rests = self._texts_to_exits(there, is_behind=True)
                    tails = [way.cost for rest in rests for way in self._ways_by(there, rest)]
                    self._tails[automaton, below] = min(tails)
                    texts += [text + rest for rest in rests]
        return texts

    def _exits_behind(self, trail: Trail, text: bytes) -> list[Exit]:
        """The exits that a text leads to."""
        there = trail.fork()
        is_read = self._grammar.read(there, text + bytes([self._rules.mark]))
        assert is_read, "ways are made of what can be read, and end where there is a mark"
        found: list[Exit] = []
        todo = [b""]
        while todo:
            number = todo.pop()
            here = there.fork()
            if number and not self._grammar.read(here, number):
                continue
            number += self._grammar.forced_text(here, _EXIT_BYTES - 1 - len(number))
            if len(number) == _EXIT_BYTES - 1:
                found.append(self._rules.exit_of(bytes([self._rules.mark]) + number))
            else:
                todo += [number + bytes([byte]) for byte in self._rules.next_bytes(number)]
        return found

    @alone
    def cost_behind(self, exit_: Exit) -> int:
        """What everything behind an exit costs, in the worst case over others."""
        known = self._costs.get(exit_)
        if known is None:
            known = self._costs[exit_] = self._cost_behind(exit_)
        return known

    def _cost_behind(self, exit_: Exit) -> int:
        policy, prices = self._rules.policy, self._prices
        match exit_:
            case Boundary(position):
                return prices.at(position)
            case FallbackEnd():
                return END_COST
            case Opened(position, segment):
                return prices.inside(position, segment)
            case TurnEnd(position, segments, is_opened):
                return prices.inside(position, segments[0]) if is_opened else prices.at(position)
            case ToResolve(position, letter, opened):
                allowed = policy.allowed_values(position, letter)
                assert allowed is not None
                found = []
                for values in policy.value_classes(position, letter, allowed):
                    following = policy.after_values(position, letter, policy.example_values(position, values))
                    if following is not None:
                        found.append(prices.at(following) if opened is None else prices.inside(following, opened))
                return max(found)
        raise AssertionError(exit_)

    @alone
    def cost(self, trail: Trail, limit: int = NO_WAY) -> int:
        """The fewest tokens to the end of the trace that are known of, at most `limit` of them in this segment."""
        exact = self._exactly(lambda graph: graph.cost(trail.places[-1]))
        if exact is not None:
            return exact
        if limit == NO_WAY and (quick := self._quick_cost(trail)) is not None:
            return quick
        return min([way.cost for way in self.ways(trail) if way.fits(limit)], default=NO_WAY)

    def _quick_cost(self, trail: Trail) -> int | None:
        """The same by what is known of a long automaton and of what comes behind it, which needs no search."""
        if not self._tails or self.facts(trail).ways is not None:
            return None
        costs = []
        for automaton, state, units, below in self._grammar.automata_at(trail):
            tail = self._tails.get((automaton, below))
            if tail is not None and (length := ways_of(automaton).length(state, units)) is not None:
                costs.append(length + tail)
        return min(costs, default=None)

    @alone
    def cost_at(self, position: Position) -> int:
        """The same from a position between two segments, whoever's turn it is."""
        exact = self._exactly(lambda graph: graph.cost_of_turn(position))
        return self._prices.at(position) if exact is None else exact

    def _exactly(self, ask: Callable[[TokenGraph], int | None]) -> int | None:
        """What the graph of all places says, laid out anew if memory has started over; None of what is not in it."""
        if self._graph is None:
            return None
        exact = ask(self._graph)
        if exact is None and self._grammar.memory.n_restarts != self._n_restarts:
            self.make_exact()
            exact = ask(self._graph)
        return exact

    @alone
    def to_exit(self, trail: Trail) -> int:
        """The fewest tokens to the end of the segment."""
        return min([0 if isinstance(way.exit, Opened) else len(way.tokens) for way in self.ways(trail)], default=NO_WAY)

    @alone
    def plan(self, trail: Trail, limit: int = NO_WAY) -> tuple[int, ...]:
        """Tokens that keep the cost, at least to the next exit; () if an end token does."""
        if self._exactly(lambda graph: graph.cost(trail.places[-1])) is not None:
            return ()  # a token that fits is the plan
        fitting = sorted([way for way in self.ways(trail) if way.fits(limit)], key=lambda way: way.cost)
        for way in fitting:
            tokens = way.tokens or self._plan_from(way.exit)
            if not tokens or self._can_take(trail, tokens):
                return tokens
        return ()

    def _plan_from(self, exit_: Exit) -> tuple[int, ...]:
        """The tokens of the next segment, or of the rest of one."""
        match exit_:
            case Boundary(position):
                return self._prices.plan_at(position)
            case Opened(position, segment):
                return self._prices.plan_inside(position, segment)
        return ()

    def _can_take(self, trail: Trail, tokens: tuple[int, ...]) -> bool:
        """Values and repetitions may stand against what is shortest."""
        there = trail.fork()
        for token in tokens:
            following = self._grammar.after_token(there, token)
            if following is None:
                return False
            there.go_on(following[0], token, following[1])
        return True

    @alone
    def openers_ahead(self, trail: Trail, left: int) -> tuple[tuple[int, ...], ...]:
        """The openers of segments that may follow here, as tokens, if the budget permits them."""
        ways = []
        for one in self._rules.policy.spec.segments:
            opener = one.open.encode()
            if not opener or not self._grammar.read(trail.fork(), opener + bytes([self._rules.mark])):
                continue
            tokens = self._spellings.of(opener)
            if any(
                _opens(exit_) and len(tokens) + self.cost_behind(exit_) <= left
                for exit_ in self._exits_behind(trail, opener)
            ):
                ways.append(tokens)
        return tuple(ways)

    @alone
    def ceiling(self) -> int:
        """More than any place that a token can lead to now costs; NO_WAY if there is no bound."""
        rules = self._rules
        if rules.longest_rest is None:
            return NO_WAY
        positions, exits = rules.positions(), rules.exits()
        for position in positions[self._n_positions :]:
            self._highest = max(self._highest, self._prices.at(position))
        for exit_ in exits[self._n_exits :]:
            self._highest = max(self._highest, self.cost_behind(exit_))
        self._n_positions, self._n_exits = len(positions), len(exits)
        return rules.longest_rest + self._longest_delimiters + self._highest

    @alone
    def ceiling_of_limited(self) -> int:
        """More tokens than any place in a segment with a limit is from its exit; NO_WAY if there is no bound."""
        rest = self._rules.longest_limited_rest
        return NO_WAY if rest is None else rest + self._longest_delimiters

    @alone
    def behind_tokens(self, trail: Trail) -> Groups:
        """Where tokens lead from here."""
        place = trail.places[-1]
        known = self._groups.pop(place, None)
        if known is None:
            known = self._grammar.look_ahead(trail, successors_of_tokens, self._room_for_tokens, _grouped)
        self._groups[place] = known  # the last one asked for
        if len(self._groups) > MOST_GROUPINGS:
            self._groups.pop(next(iter(self._groups)), None)
        return known

    def _room_for_tokens(self) -> tuple[object, ...]:
        vocabulary = self._rules.vocabulary
        return (
            vocabulary.trie.nodes,
            vocabulary.trie.tokens,
            self._special,
            np.zeros(N_PROGRESS, np.int64),
            np.empty((vocabulary.longest + 2, 3), np.int32),
            np.full(vocabulary.size, -1, np.int32),
            np.empty(MOST_GROUPS, np.int32),
            np.empty(MOST_GROUPS, np.int32),
            np.zeros(4 * MOST_GROUPS, np.int32),
        )


def _room(mark: int, most: int) -> tuple[object, ...]:
    """The arguments of a search that meets so many configurations."""
    met = [np.empty(most, np.int32) for _ in range(3)]
    return (
        mark,
        MET_BEHIND_FIRST,
        np.zeros(N_PROGRESS, np.int64),
        *met,
        np.empty(2 * most, np.int32),
        np.empty(MOST_EXITS, np.int32),
        np.zeros(4 * most, np.int32),
    )


def _opens(exit_: Exit) -> bool:
    match exit_:
        case Opened():
            return True
        case TurnEnd(_, _, is_opened):
            return is_opened
        case ToResolve(_, _, opened):
            return opened is not None
    return False


def _texts(arrays: tuple[object, ...], _: Callable[[int], Place]) -> list[bytes]:
    """The bytes on each way."""
    progress, _found, came_from, byte_read, _order, exits = arrays[2:8]
    assert isinstance(progress, np.ndarray)
    assert isinstance(came_from, np.ndarray)
    assert isinstance(byte_read, np.ndarray)
    assert isinstance(exits, np.ndarray)
    before, read = came_from[: progress[N_FOUND]].tolist(), byte_read[: progress[N_FOUND]].tolist()
    texts = []
    for number in exits[: progress[N_EXITS]].tolist():
        text = bytearray()
        while before[number] >= 0:
            text.append(read[number])
            number = before[number]
        texts.append(bytes(reversed(text)))
    return texts


def _grouped(arrays: tuple[object, ...], place_of: Callable[[int], Place]) -> Groups:
    progress, _stack, group_of, found, example = arrays[3:8]
    assert isinstance(progress, np.ndarray)
    assert isinstance(group_of, np.ndarray)
    assert isinstance(found, np.ndarray)
    assert isinstance(example, np.ndarray)
    n_groups = int(progress[N_FOUND])
    if n_groups == MOST_GROUPS:  # nothing is known of what costs what, so only a plan is followed
        return Groups(np.full_like(group_of, -1), [])
    places = [(place_of(int(found[group])), int(example[group])) for group in range(n_groups)]
    return Groups(group_of, places)
