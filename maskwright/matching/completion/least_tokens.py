"""The fewest tokens that complete a text, from every place of a grammar.

A configuration is a set of items (state, frame), and a frame a set of returns. From an item the rule in progress is
ended by one of the exits of its context (`_search`), behind which the returns below go on, in the middle of a token or
between two. So

    cost(item)    = min over exits (suffix, e) of its context:  e + behind(returns, suffix)
    behind(R, s)  = min over (state, frame) in R of the same from (state, s);  0 where the text ends between two tokens

Both are kept by frame and suffix: what lies below does not depend on what was above.

Exact on regular parts and through recursion, but for detours within a rule (`_search`). Other exceptions, whose costs
can be kept but need not be the least, are objects with members in any order, counted strings (far from their greatest
length, and where a token would end amid a character), patterns of very many states, and values that must differ from
their siblings. Languages with a lexer have no costs here, nor have arrays and objects that must differ: what makes one
differ has been written, and is not known, where the rest of it is asked about.

Memory: the store of the search and what is kept here is forgotten when it is full, and when the grammar's memory starts
over. Work is done in slices, so that no other matcher waits for long.
Rejected: breadth-first search over places (a schema with thirty optional members has a billion of them); bytes divided
by the longest token (five tokens of `"}]}` and one of 128 blanks say nothing of each other).
"""

from __future__ import annotations

import weakref
from collections.abc import Iterator
from typing import TYPE_CHECKING

import numpy as np

from maskwright.automata._configurations import items_of
from maskwright.automata._frames import intern_counter, intern_set
from maskwright.automata._layout import (
    CONFIGURATION_FLAGS,
    COUNTER_COUNT,
    COUNTER_MAXIMUM,
    COUNTER_MINIMUM,
    COUNTER_PARENT,
    END_FRAME,
    FINAL_STATE,
    FRAME_PAIRS,
    FRAME_SIZE,
    IS_ACCEPTING,
    IS_COUNTER,
    IS_SET,
    LEXES,
    N_ITEMS,
    SET_N_WORDS,
    SET_PARENT,
    SET_WORDS,
)
from maskwright.automata.arena_pool import reserved
from maskwright.errors import LimitExceeded, UnsupportedBudget
from maskwright.matching.completion._search import PAUSED, SETTLED, settle
from maskwright.matching.completion._store import (
    CLASS_MASK,
    EXIT_SIZE,
    EXITS,
    FIRST_RECORD,
    FREE,
    FULL,
    HAS_CHOSEN,
    LEVEL,
    LONGEST,
    MAX_COST,
    MAY_ASK,
    N_EDGES_LOOKED_AT,
    NO_WAY,
    SLACK,
    context_at,
)
from maskwright.matching.completion._strings import rounded_at
from maskwright.matching.completion._suffixes import BOUNDARY
from maskwright.matching.completion.followers import ANYTHING, MAY_BE_EMPTY, Followers, words_of
from maskwright.matching.completion.suffixes import suffixes_of

if TYPE_CHECKING:
    from maskwright.automata.transition_network import TransitionNetwork
    from maskwright.matching.compiled_grammar import CompiledGrammar
    from maskwright.matching.place import Trail

MOST_WORDS = 1 << 25
"""Of the store: 128 MiB of addresses, touched as they are needed."""
SLICE = 5_000
"""Edges that are settled before other matchers have their turn, of however many places: some milliseconds."""
MOST_EDGES = 1_500_000
"""After so many a place counts as one from which no end is known: some seconds, for patterns of very many states. Then
no text comes to it under a budget."""
EDGES_A_SEARCH = 100
"""To begin a search, or to go on with one, takes as long as so many edges. What is looked at again to come there does
not count: else a long way to a search would leave nothing of each turn for the search."""
BUILT_AT_ONCE = 2_000
"""States that are built before other matchers have their turn."""
BUILT_AHEAD = 200_000
"""Up to so many states are built before the first search: only when all are there is known what follows a rule."""
MOST_KEPT = 1 << 18
"""Costs that are kept."""
LARGE_WORDS = 1 << 22
"""A store of which so many words were in use is not used again: the system takes its pages back."""
_BYTES_FOR_ONE_KEPT = 150
"""What a cost or an exit takes, as Python keeps it."""
PADDING = 2
"""How much more than the cheapest an exit may cost in a grammar whose values must differ."""

Key = tuple[int, int]


class _NotYet(Exception):
    """The slice is over, or a kernel has asked for something: its code is the argument."""


class LeastTokens:
    """The costs of one compiled grammar; its lock is held while kernels run. `cost(trail)` -> tokens, or NO_WAY."""

    def __init__(self, grammar: CompiledGrammar) -> None:
        self._owner = weakref.ref(grammar)  # no cycle: memory is freed at once
        self._suffixes = suffixes_of(grammar.vocabulary)
        self._tables = (
            self._suffixes.savings,
            self._suffixes.ends,
            self._suffixes.inside.ravel(),
            self._suffixes.following.ravel(),
            self._suffixes.first,
            self._suffixes.edges.ravel(),
            self._suffixes.root,
        )
        self._store = reserved(MOST_WORDS)
        self._store[FREE] = 0
        self._epoch = -1
        self._may_ask = False
        self._has_chosen = self._has_asked = False
        self._given_up: set[tuple[int, ...]] = set()
        self._n_edges: dict[tuple[int, ...], int] = {}
        self._n_in_slice = 0
        self._begin(-1, may_ask=False)

    def _begin(self, epoch: int, *, may_ask: bool) -> None:
        """Forget everything but, while the grammar's memory is the same, where the search was given up."""
        if epoch != self._epoch:
            self._given_up = set()
        self._n_edges = {}
        self._epoch, self._may_ask = epoch, may_ask
        if self._store[FREE] > LARGE_WORDS:
            self._store = reserved(MOST_WORDS)
        store = self._store
        store[:FIRST_RECORD] = 0
        store[FREE] = FIRST_RECORD
        store[LEVEL] = MAX_COST + 1
        store[MAY_ASK] = may_ask
        store[LONGEST] = self._grammar.vocabulary.longest
        store[SLACK] = self._suffixes.greatest + (PADDING if may_ask else 0)
        self._settled: dict[int, list[Key]] = {}
        self._settled_last: dict[int, list[Key]] = {}
        self._n_exits = 0
        self._costs: dict[int, int] = {}
        self._behind: dict[Key, int] = {}
        self._parts: dict[int, Key] = {}
        self._followers: Followers | None = None
        self._wanted = np.zeros(0, dtype=np.int32)
        self._sets = np.concatenate([words_of(ANYTHING), words_of(ANYTHING | MAY_BE_EMPTY)])
        self._set_numbers = {(ANYTHING, ANYTHING | MAY_BE_EMPTY): 0}

    @property
    def _grammar(self) -> CompiledGrammar:
        grammar = self._owner()
        assert grammar is not None, "whoever asks holds the grammar"
        return grammar

    @property
    def is_exact(self) -> bool:
        """Are all costs found so far the least, and not only ones that can be kept?"""
        return not (self._has_chosen or self._has_asked or self._given_up)

    @property
    def size_bytes(self) -> int:
        """Bytes of the store that are in use, and of what is kept beside it, about; no lock is needed."""
        n_kept = len(self._costs) + len(self._behind) + len(self._parts) + self._n_exits
        return 4 * int(self._store[FREE]) + _BYTES_FOR_ONE_KEPT * n_kept

    def cost(self, trail: Trail) -> int:
        """The tokens from the end of a trail to the end of a text, end tokens not counted; NO_WAY if none is known."""
        if trail.places[-1].is_end:
            return 0
        while True:
            found = self._grammar.search_from(trail, self._search_one)
            if found is not None:
                return found

    def costs(self, trail: Trail, configurations: list[int], epoch: int) -> list[int] | None:
        """The same for configurations, if the grammar's memory is still in that epoch; else None."""
        found: list[int] = []

        def go_on(network: TransitionNetwork, _: int) -> tuple[int, bool]:
            if network.epoch != epoch:
                return 0, True
            self._n_in_slice = 0
            while len(found) < len(configurations):
                code, cost = self._attempt(network, configurations[len(found)])
                if cost is None:
                    return code, False
                found.append(cost)
                self._n_in_slice += EDGES_A_SEARCH
                if self._n_in_slice >= SLICE:
                    break
            return 0, len(found) == len(configurations)

        while not self._grammar.search_from(trail, go_on):
            pass
        return found if len(found) == len(configurations) else None

    def _search_one(self, network: TransitionNetwork, configuration: int) -> tuple[int, int | None]:
        self._n_in_slice = 0
        return self._attempt(network, configuration)

    def _attempt(self, network: TransitionNetwork, configuration: int) -> tuple[int, int | None]:
        """(code of a kernel or 0, the cost of a configuration or None)."""
        if network.epoch != self._epoch or (network.asks and not self._may_ask):
            self._begin(network.epoch, may_ask=network.asks)
        known = self._costs.get(configuration)
        if known is not None:
            return 0, known
        try:
            cost = self._cost_of(network, configuration)
        except _NotYet as reason:
            return reason.args[0], None
        except StoreFull:
            self._begin(network.epoch, may_ask=network.asks)
            self._n_in_slice = -MOST_EDGES  # at one go, or else several that need much would begin anew for ever
            try:
                cost = self._cost_of(network, configuration)
            except _NotYet as reason:
                return reason.args[0], None
            except StoreFull:
                raise LimitExceeded(
                    "The search for the fewest tokens to the end of the text",
                    asked=MOST_WORDS + 1,
                    allowed=MOST_WORDS,
                    remedy="bound what may be repeated, or leave max_tokens out",
                ) from None
        if network.asks and not self._may_ask:  # a rule was built meanwhile that asks
            return 0, None
        if len(self._costs) + len(self._behind) > MOST_KEPT:
            self._costs.clear()
            self._behind.clear()
        self._costs[configuration] = cost
        self._has_chosen |= bool(self._store[HAS_CHOSEN])
        self._has_asked |= self._may_ask
        return 0, cost

    def _cost_of(self, network: TransitionNetwork, configuration: int) -> int:
        arena = network.arena
        if arena[configuration + IS_ACCEPTING]:
            return 0
        if arena[configuration + CONFIGURATION_FLAGS] & LEXES:
            return NO_WAY
        best = NO_WAY
        items = int(items_of(arena, configuration))
        n = int(arena[configuration + N_ITEMS])
        for state, frame in arena[items : items + 2 * n].reshape(-1, 2).tolist():
            best = min(best, self._from(network, state, frame, BOUNDARY))
        return best

    def _from(self, network: TransitionNetwork, state: int, frame: int, suffix: int) -> int:
        """The cost from an item, between two tokens or within one."""
        waiting: list[Key] = []
        while True:
            found = self._through(network, state, frame, suffix, waiting)
            if not waiting:
                return found
            while waiting:
                returns, inside = waiting[-1]
                if (returns, inside) in self._behind:
                    waiting.pop()
                    continue
                n = len(waiting)
                arena = network.arena
                size = int(arena[returns + FRAME_SIZE])
                best = NO_WAY
                for one, below in arena[returns + FRAME_PAIRS :][: 2 * size].reshape(-1, 2).tolist():
                    if one == FINAL_STATE:
                        best = min(best, 0 if inside & CLASS_MASK == BOUNDARY else NO_WAY)
                    else:
                        best = min(best, self._through(network, one, below, inside, waiting))
                if len(waiting) == n:
                    self._behind[returns, inside] = best
                    waiting.pop()

    def _through(self, network: TransitionNetwork, state: int, frame: int, suffix: int, waiting: list[Key]) -> int:
        """The cost from an item, as far as what lies behind is known; what is not is put on the list."""
        chain, returns = self._parts_of(network, frame)
        best = NO_WAY
        at_boundary = self._behind.get((returns, BOUNDARY))
        exits = self._exits(network, state, chain, suffix, returns)
        if at_boundary is None and any(left == BOUNDARY for left, _ in exits):
            waiting.append((returns, BOUNDARY))
            return NO_WAY
        savings = self._suffixes.savings
        for left, cost in exits:
            if cost >= best:
                break
            behind = self._behind.get((returns, left))
            if behind is None:
                if (
                    left == left & CLASS_MASK
                    and at_boundary is not None
                    and cost + at_boundary - int(savings[left & CLASS_MASK]) >= best
                ):
                    continue
                waiting.append((returns, left))
                continue
            best = min(best, cost + behind)
        return best

    def _exits(self, network: TransitionNetwork, state: int, chain: int, suffix: int, returns: int) -> list[Key]:
        """(suffix, cost) of the exits of a context, the cheapest first; of the last rule only those between tokens."""
        store = self._store
        is_last = self._is_last(network, returns)
        followers = self._looked_at(network)
        wanted = self._set_number(followers.behind(returns), followers.last_from(state))
        key = (state, chain, suffix, wanted, is_last)
        if key in self._given_up:
            return []
        code = rounded_at(store, network.arena, state, chain)
        if code == FULL:
            raise StoreFull
        if code < 0:
            raise _NotYet(code)
        context = context_at(store, state, code, suffix, wanted)
        if context == FULL:
            raise StoreFull
        known = (self._settled_last if is_last else self._settled).get(context)
        if known is not None:
            return known
        slack = 0 if is_last else int(store[SLACK])
        code = settle(
            network.arena,
            network.scratch,
            store,
            *self._tables,
            network.member_choices,
            self._wanted,
            self._sets,
            context,
            slack,
            max(1, SLICE - self._n_in_slice),
        )
        n_edges = int(store[N_EDGES_LOOKED_AT])
        self._n_in_slice += n_edges + EDGES_A_SEARCH
        if code == FULL:
            raise StoreFull
        if code == PAUSED:
            self._n_edges[key] = self._n_edges.get(key, 0) + n_edges
            if self._n_edges[key] > MOST_EDGES:
                self._given_up.add(key)
                self._begin(network.epoch, may_ask=self._may_ask)  # what still waits would delay all others
        if code != SETTLED:
            raise _NotYet(min(code, 0))
        if int(store[FREE]) > MOST_WORDS * 3 // 4 and len(self._settled) > 1:
            raise StoreFull
        found = sorted(self._listed(context), key=lambda one: one[1])
        (self._settled_last if is_last else self._settled)[context] = found
        self._n_exits += len(found)
        if self._n_in_slice >= SLICE:
            raise _NotYet(0)  # the next time it is known
        return found

    def _listed(self, context: int) -> Iterator[Key]:
        store = self._store
        exit_ = int(store[context + EXITS])
        while exit_:
            _, suffix, cost = store[exit_ : exit_ + EXIT_SIZE].tolist()
            yield suffix, cost
            exit_ = int(store[exit_])

    def _looked_at(self, network: TransitionNetwork) -> Followers:
        """What may follow what, for all rules there are now."""
        known = self._followers
        if known is None and network.build_ahead(BUILT_AHEAD, BUILT_AT_ONCE):
            raise _NotYet(0)
        if known is None or known.n_rules != network.n_rules:
            if network.asks_of_parts:
                raise UnsupportedBudget(
                    "arrays or objects must differ from their siblings (uniqueItems), and whether they do is not known "
                    "before they end",
                    "leave uniqueItems out where items are arrays or objects, or leave max_tokens out",
                )
            known = self._followers = Followers(network)
            numbers = [self._set_number(known.of(number), known.last(number)) for number in range(known.n_rules)]
            self._wanted = np.array(numbers, dtype=np.int32)
        return known

    def _set_number(self, behind: int, last: int) -> int:
        """The number of these sets, the bytes that may come behind a rule and those that it may end with."""
        number = self._set_numbers.get((behind, last))
        if number is None:
            number = self._set_numbers[behind, last] = len(self._set_numbers)
            self._sets = np.concatenate([self._sets, words_of(behind), words_of(last)])
        return number

    def _is_last(self, network: TransitionNetwork, returns: int) -> bool:
        """Does a frame return to nothing but the end of the text?"""
        pairs = network.arena[returns + FRAME_PAIRS :][: 2 * int(network.arena[returns + FRAME_SIZE])]
        return bool((pairs[::2] == FINAL_STATE).all())

    def _parts_of(self, network: TransitionNetwork, frame: int) -> Key:
        """The counters and sets on top of a frame, put on the frame of a whole text; and the returns below."""
        known = self._parts.get(frame)
        if known is not None:
            return known
        arena = network.arena
        above = []
        returns = frame
        while int(arena[returns + FRAME_SIZE]) in {IS_COUNTER, IS_SET}:
            above.append(returns)
            is_counter = arena[returns + FRAME_SIZE] == IS_COUNTER
            returns = int(arena[returns + (COUNTER_PARENT if is_counter else SET_PARENT)])
        chain = END_FRAME
        for one in reversed(above):
            arena = network.arena
            if arena[one + FRAME_SIZE] == IS_COUNTER:
                bounds = (int(arena[one + word]) for word in (COUNTER_MINIMUM, COUNTER_MAXIMUM, COUNTER_COUNT))
                chain = network.intern(intern_counter, *bounds, chain)
            else:
                n_words = int(arena[one + SET_N_WORDS])
                chain = network.intern(intern_set, n_words, one + SET_WORDS, -1, 0, chain)
        self._parts[frame] = chain, returns
        return chain, returns


class StoreFull(Exception):
    """The store has no room left."""
