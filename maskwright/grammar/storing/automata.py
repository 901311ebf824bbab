"""Byte automata in arrays: all of a grammar's one behind the other, each after those that it links to.

    automata.sizes      int32[n, 6], rows (states, edges, links, base automaton or -1, is it shared?, has it a reserve?)
    automata.edge_start int32[...], each automaton's own, from 0
    automata.table      int32[..., 4], rows (low, high, target, unit)
    automata.accepting  bool[...]
    automata.base       int32[...], of those with a base automaton
    automata.reserve    int32[...], of those with a reserve
    automata.links      int32[..., 2], rows (automaton, state)

Read back, everything that an index may be is checked, and keys are computed anew: automata with equal keys count as
the same in a whole vocabulary, so a key is never taken on trust.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from maskwright.grammar.byte_automaton import CLOSES, MAX_RESERVE, NO_UNIT, REFUSED, ByteAutomaton, automaton_of_table

Arrays = Mapping[str, NDArray[Any]]


class AutomatonWriter:
    """Automata met so far (mutable)."""

    def __init__(self) -> None:
        self._number_of: dict[ByteAutomaton, int] = {}
        self._written: list[ByteAutomaton] = []

    def number(self, automaton: ByteAutomaton) -> int:
        """Its place in the arrays."""
        known = self._number_of.get(automaton)
        if known is None:
            for needed in _needed(automaton):
                self.number(needed)
            known = self._number_of[automaton] = len(self._written)
            self._written.append(automaton)
        return known

    def arrays(self) -> dict[str, NDArray[Any]]:
        """All of them."""
        sizes = [
            (
                automaton.n_states,
                len(automaton.edges),
                len(automaton.links),
                -1 if automaton.base_automaton is None else self._number_of[automaton.base_automaton],
                automaton.is_shared,
                automaton.reserve is not None,
            )
            for automaton in self._written
        ]
        tables = [np.column_stack([one.edges, one.edge_unit]) for one in self._written]
        links = [(self._number_of[target], state) for one in self._written for target, state in one.links]
        bases = [one.base for one in self._written if one.base is not None]
        reserves = [one.reserve for one in self._written if one.reserve is not None]
        return {
            "automata.sizes": np.array(sizes, dtype=np.int32).reshape(-1, 6),
            "automata.edge_start": _joined([one.edge_start for one in self._written], np.int32),
            "automata.table": _joined([table.ravel() for table in tables], np.int32).reshape(-1, 4),
            "automata.accepting": _joined([one.accepting for one in self._written], np.bool_),
            "automata.base": _joined(bases, np.int32),
            "automata.reserve": _joined(reserves, np.int32),
            "automata.links": np.array(links, dtype=np.int32).reshape(-1, 2),
        }


def _needed(automaton: ByteAutomaton) -> list[ByteAutomaton]:
    """The automata that it leads into."""
    bases = [] if automaton.base_automaton is None else [automaton.base_automaton]
    return [target for target, _ in automaton.links] + bases


def _joined(parts: list[NDArray[Any]], dtype: type[np.generic]) -> NDArray[Any]:
    return np.concatenate(parts).astype(dtype, copy=False) if parts else np.zeros(0, dtype)


def read_automata(arrays: Arrays) -> list[ByteAutomaton]:
    """The automata of a file, in order; raises ValueError or KeyError where they are none."""
    sizes = typed(arrays, "automata.sizes", np.int32, 6)
    starts = typed(arrays, "automata.edge_start", np.int32)
    table = typed(arrays, "automata.table", np.int32, 4)
    accepting = typed(arrays, "automata.accepting", np.bool_)
    base = typed(arrays, "automata.base", np.int32)
    reserve = typed(arrays, "automata.reserve", np.int32)
    links = typed(arrays, "automata.links", np.int32, 2)
    read: list[ByteAutomaton] = []
    state = edge = link = based = reserved = 0
    for number, (n_states, n_edges, n_links, base_number, is_shared, has_reserve) in enumerate(sizes.tolist()):
        check(n_states > 0 and n_edges >= 0 and n_links >= 0, "the size of an automaton")
        leads_to = [(_earlier(read, target), where) for target, where in links[link : link + n_links].tolist()]
        check(len(leads_to) == n_links, "the number of links")
        check(all(0 <= where < target.n_states for target, where in leads_to), "the state of a link")
        base_automaton = _earlier(read, base_number) if base_number >= 0 else None
        own_base = base[based : based + n_states].copy() if base_automaton is not None else None
        own_reserve = reserve[reserved : reserved + n_states].copy() if has_reserve else None
        check(not is_shared or not (n_links or base_automaton or has_reserve), "a shared automaton")
        one = automaton_of_table(
            starts[state + number : state + number + n_states + 1].copy(),
            np.ascontiguousarray(table[edge : edge + n_edges]),
            accepting[state : state + n_states].copy(),
            links=tuple(leads_to),
            base=own_base,
            base_automaton=base_automaton,
            is_shared=bool(is_shared),
            reserve=own_reserve,
        )
        _check_automaton(one, n_states, n_edges)
        read.append(one)
        state, edge, link = state + n_states, edge + n_edges, link + n_links
        based += n_states if base_automaton is not None else 0
        reserved += n_states if has_reserve else 0
    return read


def _earlier(read: list[ByteAutomaton], number: int) -> ByteAutomaton:
    check(0 <= number < len(read), "the number of an automaton")
    return read[number]


def _check_automaton(one: ByteAutomaton, n_states: int, n_edges: int) -> None:
    """Everything that is used as an index lies where it must, and the edges of a state are sorted."""
    check(len(one.accepting) == n_states and len(one.edges) == n_edges, "the length of an automaton")
    check_starts(one.edge_start, n_states, n_edges)
    low, high, target = one.edges.T
    check_edges(one.edge_start, low, high)
    is_inside = (target >= -len(one.links)) & (target < n_states)
    check(bool((is_inside | (target == REFUSED)).all()), "the target of an edge")
    check(bool(((one.edge_unit >= NO_UNIT) & (one.edge_unit <= CLOSES)).all()), "the unit of an edge")
    if one.base is not None and one.base_automaton is not None:
        check(len(one.base) == n_states, "the number of bases")
        check(bool(((one.base >= -1) & (one.base < one.base_automaton.n_states)).all()), "the base of a state")
    if one.reserve is not None:
        check(len(one.reserve) == n_states, "the length of a reserve")
        check(bool(((one.reserve >= 0) & (one.reserve <= MAX_RESERVE)).all()), "what a state needs")


def check(is_so: bool, what: str) -> None:
    """Refuse what the writer here cannot have written."""
    if not is_so:
        raise ValueError(f"{what} is out of range")


def check_starts(starts: NDArray[Any], n: int, size: int) -> None:
    """`n + 1` offsets that ascend from 0 to `size`."""
    check(len(starts) == n + 1 and starts[0] == 0 and starts[-1] == size, "an offset")
    check(bool((starts[1:] >= starts[:-1]).all()), "an offset")  # differences of such numbers may run over


def check_edges(starts: NDArray[Any], low: NDArray[Any], high: NDArray[Any]) -> None:
    """The byte ranges of each state are sorted and do not overlap."""
    check(bool(((low >= 0) & (low <= high) & (high <= 255)).all()), "a range of bytes")
    follows = np.ones(len(low), dtype=np.bool_)
    follows[starts[:-1][starts[:-1] < len(low)]] = False  # the first edge of a state
    follows = follows[1:]
    check(bool((low[1:] > high[:-1])[follows].all()), "the order of edges")


def typed(arrays: Arrays, name: str, dtype: type[np.generic], width: int = 0) -> NDArray[Any]:
    """An array of a file that must have a type, and a number of columns if not 0."""
    array = arrays[name]
    is_so = array.dtype == dtype and array.ndim == (2 if width else 1) and (not width or array.shape[1] == width)
    check(is_so, f"the type of {name}")
    return array
