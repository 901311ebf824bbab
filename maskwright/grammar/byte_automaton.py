"""A deterministic automaton over bytes, held in arrays: the leaf of a grammar where a set of strings is regular.

Edges are byte ranges. An edge may also leave for a state of *another* automaton (`links`), from where that automaton
alone decides. A state may have a *base*, a state of another automaton: bytes without an edge of its own follow the
base's edges, and an edge to `REFUSED` takes a byte away. So "any string except these names" is a small tree with one
or two edges a state on top of the automaton of any string: cheap to build, and the engine starts from the mask that it
already has for the base and corrects it along those edges only.

Units. An automaton can say which of its edges begin a *unit* (a character of a string, one blank) and which may only
be taken when enough units were read (the closing quote). A node `Automaton(dfa, counter=(m, n))` then bounds the number
of units while sharing all states with the unbounded use; without a counter units mean nothing.

Invariants, kept by `automaton_of`: edges of a state are sorted by `low` and do not overlap; every state can be reached
from state 0 or was asked for; every state can reach an accepting one (there are no dead states).
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass, field
from itertools import chain, pairwise

import numpy as np
from numpy.typing import NDArray

REFUSED = -(2**31)
"""The target of an edge that overrides its base's edge with nothing."""

NO_UNIT, BEGINS_UNIT, CLOSES = 0, 1, 2
"""What an edge does to the number of units: nothing, adds one, or demands that the least number is reached."""

MAX_RESERVE = 8_191
"""The greatest `reserve`: it shares a word of the arena with an edge's bytes."""


@dataclass(frozen=True, slots=True, eq=False)
class ByteAutomaton:
    """A trimmed deterministic automaton over bytes.

    edge_start: int32[n_states + 1]; the edges of state s are rows edge_start[s] to edge_start[s + 1].
    edges: int32[n_edges, 3], rows (low, high, target); a target -1 - k means `links[k]`, REFUSED no state at all.
    edge_unit: int8[n_edges], one of NO_UNIT, BEGINS_UNIT, CLOSES.
    accepting: bool[n_states].
    links: (automaton, state) pairs in other automata.
    base: int32[n_states]; where base[s] >= 0, a byte that no edge of s covers (REFUSED ones cover) follows the edges
        of state base[s] of `base_automaton`, with their units. -1: no base. `accepting[s]` stands for itself.
    is_shared: worth keeping token sets for in every vocabulary, because most grammars contain it (any JSON string).
    reserve: int32[n_states], the least number of units from a state to an accepting one; at most MAX_RESERVE;
        None is 0 everywhere. A counter lets an edge be taken only to a state that still has room for what it needs.
    key: a digest of all of the above; automata with equal keys are the same. Equality and hashing use it.
    """

    edge_start: NDArray[np.int32]
    edges: NDArray[np.int32]
    edge_unit: NDArray[np.int8]
    accepting: NDArray[np.bool_]
    links: tuple[tuple[ByteAutomaton, int], ...] = ()
    base: NDArray[np.int32] | None = None
    base_automaton: ByteAutomaton | None = None
    is_shared: bool = False
    reserve: NDArray[np.int32] | None = None
    key: bytes = field(default=b"", repr=False)

    @property
    def n_states(self) -> int:
        """How many states of its own the automaton has."""
        return len(self.accepting)

    def successor(self, state: int, byte: int) -> tuple[ByteAutomaton, int, int] | None:
        """The automaton, state and unit that follow one byte, or None where it is refused."""
        for row in range(int(self.edge_start[state]), int(self.edge_start[state + 1])):
            low, high, target = self.edges[row].tolist()
            if low <= byte <= high:
                unit = int(self.edge_unit[row])
                if target == REFUSED:
                    return None
                return (self, target, unit) if target >= 0 else (*self.links[-1 - target], unit)
        if self.base is not None and self.base_automaton is not None and self.base[state] >= 0:
            return self.base_automaton.successor(int(self.base[state]), byte)
        return None

    def needs(self, state: int) -> int:
        """The least number of units from a state to an accepting one, as far as a counter has to know it."""
        return 0 if self.reserve is None else int(self.reserve[state])

    def reads_only(self, state: int, byte: int) -> bool:
        """Is there no other byte that the state can read?  (In doubt, where a base is overridden: no.)"""
        for row in range(int(self.edge_start[state]), int(self.edge_start[state + 1])):
            low, high, target = self.edges[row].tolist()
            if target != REFUSED and (low != byte or high != byte):
                return False
        if self.base is not None and self.base_automaton is not None and self.base[state] >= 0:
            return self.base_automaton.reads_only(int(self.base[state]), byte)
        return True

    def __eq__(self, other: object) -> bool:
        return isinstance(other, ByteAutomaton) and self.key == other.key

    def __hash__(self) -> int:
        return hash(self.key)


def automaton_of(
    states: Sequence[Sequence[tuple[int, int, int, int]]],
    accepting: Sequence[bool],
    *,
    links: tuple[tuple[ByteAutomaton, int], ...] = (),
    base: Sequence[int] | None = None,
    base_automaton: ByteAutomaton | None = None,
    is_shared: bool = False,
    reserve: Sequence[int] | None = None,
) -> ByteAutomaton:
    """Build an automaton from its states, each a sorted list of edges (low, high, target, unit).

    The caller has removed states that cannot reach an accepting one.
    """
    assert len(states) == len(accepting)
    assert all(one[1] < other[0] for edges in states for one, other in pairwise(edges)), "edges are sorted and disjoint"
    edge_start = np.zeros(len(states) + 1, dtype=np.int32)
    np.cumsum(list(map(len, states)), out=edge_start[1:])
    n_edges = int(edge_start[-1])
    rows = chain.from_iterable(chain.from_iterable(states))
    return automaton_of_table(
        edge_start,
        np.fromiter(rows, dtype=np.int32, count=4 * n_edges).reshape(n_edges, 4),
        np.array(accepting, dtype=np.bool_),
        links=links,
        base=None if base is None else np.array(base, dtype=np.int32),
        base_automaton=base_automaton,
        is_shared=is_shared,
        reserve=None if reserve is None else np.array(reserve, dtype=np.int32),
    )


def automaton_of_table(
    edge_start: NDArray[np.int32],
    table: NDArray[np.int32],
    accepting: NDArray[np.bool_],
    *,
    links: tuple[tuple[ByteAutomaton, int], ...] = (),
    base: NDArray[np.int32] | None = None,
    base_automaton: ByteAutomaton | None = None,
    is_shared: bool = False,
    reserve: NDArray[np.int32] | None = None,
) -> ByteAutomaton:
    """The same from arrays: `table` int32[n_edges, 4] has rows (low, high, target, unit), sorted within each state."""
    digest = hashlib.blake2b(digest_size=16)
    digest.update(table.tobytes() + edge_start.tobytes() + accepting.tobytes() + bytes([is_shared]))
    for target, state in links:
        digest.update(target.key + state.to_bytes(4, "little"))
    if base is not None and base_automaton is not None:
        digest.update(b"base" + base.tobytes() + base_automaton.key)
    if reserve is not None:
        digest.update(b"reserve" + reserve.tobytes())
    return ByteAutomaton(
        edge_start=edge_start,
        edges=np.ascontiguousarray(table[:, :3]),
        edge_unit=table[:, 3].astype(np.int8),
        accepting=accepting,
        links=links,
        base=base,
        base_automaton=base_automaton,
        is_shared=is_shared,
        reserve=reserve,
        key=digest.digest(),
    )


def without_empty_string(automaton: ByteAutomaton, state: int) -> ByteAutomaton:
    """What the automaton accepts from `state`, from state 0 and without the empty string.

    State 0 of the result is a copy of `state` that does not accept; the others keep their order after it.
    """

    def edges_of(source: int) -> list[tuple[int, int, int, int]]:
        rows = range(int(automaton.edge_start[source]), int(automaton.edge_start[source + 1]))
        return [
            (low, high, target + 1 if target >= 0 else target, int(automaton.edge_unit[row]))
            for row in rows
            for low, high, target in [automaton.edges[row].tolist()]
        ]

    assert automaton.reserve is None, "only JSON strings count what they need, and these are not empty"
    order = [state, *range(automaton.n_states)]
    return automaton_of(
        [edges_of(source) for source in order],
        [False, *automaton.accepting.tolist()],
        links=automaton.links,
        base=None if automaton.base is None else [int(automaton.base[source]) for source in order],
        base_automaton=automaton.base_automaton,
        is_shared=automaton.is_shared,
    )
