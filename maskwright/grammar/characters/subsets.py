"""The subset construction over threads of any kind, and automata put together from automata by means of it.

    joined = Joined()
    start, end = joined.state(), joined.state()
    joined.insert(start, digits, end)            # a member of `digits` leads from the one to the other
    joined.arrow(end, start)                     # nothing is read on this way
    joined.language(start, end)                  # one or more members, one after the other

A *thread* is a place where a reader may be, any value that can be hashed; a state of the result is the set of threads
that one text leads to (Rabin and Scott 1959). `CharacterAutomaton` has the operations of sets; sequence and loops,
which need nondeterminism, are here.
Cost: the threads in all sets times the classes of characters, limited by MAX_WORK.
"""

from __future__ import annotations

from collections.abc import Callable, Hashable, Iterable, Sequence
from dataclasses import dataclass, field
from typing import TypeVar

import numpy as np
from numpy.typing import NDArray

from maskwright.errors import LimitExceeded
from maskwright.grammar.characters.alphabet import Intervals, merged
from maskwright.grammar.characters.automaton import CharacterAutomaton, automaton_from

MAX_WORK = 4_000_000
"""Steps of single threads, some seconds."""

NO_INTERVALS: Intervals = ((0, -1),)

T = TypeVar("T", bound=Hashable)


@dataclass(frozen=True, slots=True)
class CommonAlphabet:
    """Classes that none of several alphabets tells apart: `classes_of[c][i]` is the class c of alphabet i (or -1)."""

    intervals: Intervals
    classes_of: tuple[tuple[int, ...], ...]

    @property
    def n_classes(self) -> int:
        """How many classes there are."""
        return len(self.classes_of)


def common_alphabet(alphabets: Sequence[Intervals]) -> CommonAlphabet:
    """The coarsest common refinement."""
    intervals: Intervals = NO_INTERVALS
    classes: list[tuple[int, ...]] = []
    for i, other in enumerate(alphabets):
        intervals, pairs = merged(intervals, other)
        classes = [(*(classes[old] if old >= 0 else (-1,) * i), new) for old, new in pairs]
    return CommonAlphabet(intervals, tuple(classes))


def subset_table(
    starts: Iterable[T], n_classes: int, step: Callable[[T, int], Iterable[T]], stage: str
) -> tuple[NDArray[np.int32], list[frozenset[T]]]:
    """The deterministic table of int32[n_states, n_classes], -1 where no thread is left, and the threads of each state.

    `step(thread, cls)` gives the threads that follow one; `stage` names the work in a LimitExceeded.
    """
    first = frozenset(starts)
    number_of: dict[frozenset[T], int] = {first: 0}
    subsets = [first]
    rows: list[list[int]] = []
    work = 0
    for subset in subsets:  # grows while it is read
        row = []
        for cls in range(n_classes):
            reached = frozenset(target for thread in subset for target in step(thread, cls))
            if reached and reached not in number_of:
                number_of[reached] = len(subsets)
                subsets.append(reached)
            row.append(number_of[reached] if reached else -1)
        rows.append(row)
        work += n_classes * len(subset)
        if work > MAX_WORK:
            raise LimitExceeded(stage, work, MAX_WORK)
    return np.array(rows, dtype=np.int32).reshape(len(rows), n_classes), subsets


@dataclass(slots=True)
class Joined:
    """A graph of states; members of languages, or nothing, are read on the way from one to another."""

    n_states: int = 0
    _arrows: dict[int, list[int]] = field(default_factory=dict)
    _alphabets: dict[Intervals, int] = field(default_factory=dict)
    _inside: dict[int, tuple[list[list[int]], int, int]] = field(default_factory=dict)
    """For each state within a language: its rows, its number among them, and the number of its alphabet."""

    def state(self) -> int:
        """A new state."""
        self.n_states += 1
        return self.n_states - 1

    def arrow(self, source: int, target: int) -> None:
        """A way on which nothing is read."""
        self._arrows.setdefault(source, []).append(target)

    def insert(self, source: int, language: CharacterAutomaton, target: int) -> None:
        """A way on which a member of the language is read."""
        alphabet = self._alphabets.setdefault(language.alphabet.intervals, len(self._alphabets))
        base = self.n_states
        self.n_states += language.n_states
        shifted = [[base + to if to >= 0 else -1 for to in row] for row in language.transitions.tolist()]
        for state, accepts in enumerate(language.accepting.tolist()):
            self._inside[base + state] = (shifted, state, alphabet)
            if accepts:
                self.arrow(base + state, target)
        self.arrow(source, base)

    def language(self, start: int, end: int) -> CharacterAutomaton:
        """What is read on all ways from `start` to `end`."""
        alphabet = common_alphabet(list(self._alphabets))
        closures: dict[int, tuple[int, ...]] = {}

        def closed(state: int) -> tuple[int, ...]:
            known = closures.get(state)
            if known is None:
                reached = {state}
                todo = [state]
                while todo:
                    for target in self._arrows.get(todo.pop(), ()):
                        if target not in reached:
                            reached.add(target)
                            todo.append(target)
                known = closures[state] = tuple(s for s in reached if s in self._inside or s == end)
            return known

        def step(state: int, cls: int) -> tuple[int, ...]:
            if state not in self._inside:
                return ()
            rows, own, number = self._inside[state]
            own_class = alphabet.classes_of[cls][number]
            target = rows[own][own_class] if own_class >= 0 else -1
            return closed(target) if target >= 0 else ()

        table, subsets = subset_table(closed(start), alphabet.n_classes, step, "Putting languages together")
        accepting = np.array([end in subset for subset in subsets], dtype=np.bool_)
        return automaton_from(alphabet.intervals, table, accepting)


def concatenated(languages: Iterable[CharacterAutomaton]) -> CharacterAutomaton:
    """A member of each, one after the other."""
    joined = Joined()
    start = end = joined.state()
    for language in languages:
        following = joined.state()
        joined.insert(end, language, following)
        end = following
    return joined.language(start, end)


def repeated(language: CharacterAutomaton, minimum: int, maximum: int | None) -> CharacterAutomaton:
    """Between `minimum` and `maximum` (None: any number of) members, one after the other."""
    joined = Joined()
    start = here = joined.state()
    end = joined.state()
    for done in range(minimum if maximum is None else maximum):
        if done >= minimum:
            joined.arrow(here, end)
        following = joined.state()
        joined.insert(here, language, following)
        here = following
    joined.arrow(here, end)
    if maximum is None:
        loop = joined.state()
        joined.arrow(here, loop)
        joined.insert(loop, language, loop)
        joined.arrow(loop, end)
    return joined.language(start, end)
