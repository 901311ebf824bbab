r"""From a syntax tree with conditions (look-ahead, look-behind, anchors, `\b`) to a minimal automaton, exactly.

A state of the subset construction is more than a set of NFA states:

    look-behind   "the text so far ends with r" is what an automaton for .*r says, run from the start of the text beside
                  everything else: its current set of threads is part of the state (a *tracker*). Where r itself looks
                  ahead, it holds on terms: each thread that found r leaves its obligations, and one such set
                  (of a negated look-behind: one obligation out of each set, turned round) must be met.
    look-ahead    "what follows begins with r" is an *obligation* that a thread carries until it is decided: a set of
                  threads in the body of r, and whether it is negated. A positive one is met when the body is FOUND and
                  fails when no thread is left; a negated one the other way round; at the end of the text the rest is
                  decided. A thread with a failed obligation dies. Bodies may hold conditions themselves.

So a thread is (NFA state, set of obligations) and a state is (trackers, set of threads). This is an alternating
automaton turned deterministic: exact wherever a condition stands, also within repetitions, in the worst case doubly
exponential and therefore limited.
Rejected: look-ahead as an intersection with the rest of the pattern, which has no rest to take inside a repetition.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from itertools import product

import numpy as np

from maskwright.errors import LimitExceeded
from maskwright.grammar.characters.alphabet import partition
from maskwright.grammar.characters.automaton import CharacterAutomaton, automaton_from
from maskwright.grammar.characters.character_set import ANY_CHARACTER
from maskwright.grammar.characters.nfa import END, FOUND, NFA
from maskwright.grammar.characters.syntax import ANYTHING, Expression, concatenation

MAX_STATES_WITH_CONDITIONS = 20_000
MAX_WORK = 600_000
"""Threads advanced by one character in one construction: about a second."""

Obligation = tuple[bool, frozenset["Thread"]]
Thread = tuple[int, frozenset[Obligation]]
Threads = frozenset[Thread]
Terms = frozenset[frozenset[Obligation]]
"""When a look-behind holds: if all obligations of one of the sets are met. HOLDS: in any case; no set at all: never."""
NO_OBLIGATIONS: frozenset[Obligation] = frozenset()
HOLDS: Terms = frozenset((NO_OBLIGATIONS,))
MET: Thread = (FOUND, NO_OBLIGATIONS)
MAX_TERMS = 1_000
"""Sets of obligations on which one look-behind may hold at one place."""


@dataclass(slots=True)
class ConditionalThreads:
    """The NFA with what its states read, and the work done so far.

    steps: what one thread becomes by one character; threads do not depend on each other, so sets of them are unions.
    entered: the threads with which the body of a look-ahead begins.
    """

    nfa: NFA
    conditions: list[tuple[Expression, bool, bool]]
    masks: tuple[int, ...]
    trackers: list[int]
    tracker_of: dict[int, int]
    where: str
    work: int = 0
    steps: dict[tuple[Thread, int, tuple[Terms, ...]], Threads] = field(default_factory=dict)
    entered: dict[tuple[int, tuple[Terms, ...]], Threads] = field(default_factory=dict)

    def closed(self, threads: set[Thread], holds: tuple[Terms, ...]) -> Threads:
        """All threads that are reached without reading, in a place where the look-behinds hold as given."""
        nfa = self.nfa
        seen = set(threads)
        todo = list(threads)
        found: set[Thread] = set()
        while todo:
            thread = todo.pop()
            state, obligations = thread
            self.work += 1
            if state in (END, FOUND) or nfa.reads[state] >= 0:
                found.add(thread)
                continue
            reached = [(target, obligations) for target in nfa.splits[state]]
            if (condition := nfa.looks[state]) >= 0:
                reached = self.past(condition, nfa.following[state], obligations, holds)
            for new in reached:
                if new not in seen:
                    seen.add(new)
                    todo.append(new)
        return _without_weaker(found)

    def past(
        self, condition: int, following: int, obligations: frozenset[Obligation], holds: tuple[Terms, ...]
    ) -> list[Thread]:
        """The thread behind a condition, if it may pass."""
        _, is_ahead, is_negated = self.conditions[condition]
        entry = self.nfa.condition_entries[condition]
        if not is_ahead:
            terms = holds[self.tracker_of[condition]]
            if is_negated:
                terms = self._negated(terms)
            return [(following, obligations | demand) for demand in terms]
        body = self.entered.get((condition, holds))
        if body is None:
            body = self.entered[condition, holds] = self.closed({(entry, NO_OBLIGATIONS)}, holds)
        if MET in body:
            return [] if is_negated else [(following, obligations)]
        if not body:
            return [(following, obligations)] if is_negated else []
        return [(following, obligations | {(is_negated, body)})]

    def _negated(self, terms: Terms) -> Terms:
        """When none of the sets of obligations is met: out of each, one obligation is not."""
        asked = 1
        for demand in terms:
            asked *= len(demand)
        if asked > MAX_TERMS:
            raise LimitExceeded("A look-ahead inside a negated look-behind", asked, MAX_TERMS, self.where[:80])
        choices = product(*terms)
        return frozenset(frozenset((not is_negated, body) for is_negated, body in choice) for choice in choices)

    def stepped(self, threads: Threads, cls: int, holds: tuple[Terms, ...]) -> Threads:
        """The threads after one character of class `cls`, the look-behinds holding as given after it."""
        if self.work > MAX_WORK:
            raise LimitExceeded("A pattern with look-around", self.work, MAX_WORK, self.where[:80])
        reached: set[Thread] = set()
        for thread in threads:
            key = (thread, cls, holds)
            known = self.steps.get(key)
            if known is None:
                known = self.steps[key] = self._step(thread, cls, holds)
            self.work += 1
            reached |= known
        return _without_weaker(reached)

    def _step(self, thread: Thread, cls: int, holds: tuple[Terms, ...]) -> Threads:
        """The same for one thread."""
        state, obligations = thread
        if state != FOUND:
            if state == END or not self.masks[self.nfa.reads[state]] >> cls & 1:
                return frozenset()
            state = self.nfa.following[state]
        kept: set[Obligation] = set()
        for is_negated, body in obligations:
            after = self.stepped(body, cls, holds)
            if MET in after or not after:
                if (MET in after) == is_negated:
                    return frozenset()
            else:
                kept.add((is_negated, after))
        return self.closed({(state, frozenset(kept))}, holds)

    def ended(self, threads: Threads, goal: int) -> bool:
        """Is one thread at its goal with every obligation met, if the text ends here?"""
        return any(
            state == goal and all(self.ended(body, FOUND) != is_negated for is_negated, body in obligations)
            for state, obligations in threads
        )


def _without_weaker(threads: set[Thread]) -> Threads:
    """Drop threads that demand more than another one in the same NFA state."""
    if len({state for state, _ in threads}) == len(threads):  # as nearly always
        return frozenset(threads)
    by_state: dict[int, list[frozenset[Obligation]]] = {}
    for state, obligations in threads:
        by_state.setdefault(state, []).append(obligations)
    kept: list[Thread] = []
    for state, demands in by_state.items():
        for demand in demands:
            if len(demands) == 1 or not any(other < demand for other in demands):
                kept.append((state, demand))  # noqa: PERF401
    return frozenset(kept)


def language_with_conditions(node: Expression, where: str = "") -> CharacterAutomaton:
    """The language of a whole text that matches the node."""
    nfa = NFA()
    entry = nfa.build(node, END)
    # every condition may need characters that no set of the pattern has
    nfa.sets.setdefault(ANY_CHARACTER, len(nfa.sets))
    trackers: list[int] = []
    tracker_of: dict[int, int] = {}
    for index, (body, is_ahead, _) in enumerate(list(nfa.conditions)):
        if not is_ahead:
            tracker_of[index] = len(trackers)
            trackers.append(nfa.build(concatenation((ANYTHING, body)), FOUND))
    alphabet, masks = partition(tuple(nfa.sets))
    construction = ConditionalThreads(nfa, list(nfa.conditions), masks, trackers, tracker_of, where)

    start_trackers, holds = advance_trackers(construction, None, 0)
    start = (start_trackers, construction.closed({(entry, NO_OBLIGATIONS)}, holds))
    number_of = {start: 0}
    todo = [start]
    rows: list[list[int]] = []
    accepting: list[bool] = []
    for tracked, threads in todo:
        row = []
        for cls in range(alphabet.n_classes):
            after, holds = advance_trackers(construction, tracked, cls)
            target = (after, construction.stepped(threads, cls, holds))
            if not target[1]:
                row.append(-1)
                continue
            number = number_of.get(target)
            if number is None:
                number = number_of[target] = len(todo)
                todo.append(target)
                if len(todo) > MAX_STATES_WITH_CONDITIONS:
                    raise LimitExceeded("A pattern with look-around", len(todo), MAX_STATES_WITH_CONDITIONS, where[:80])
            row.append(number)
        rows.append(row)
        accepting.append(construction.ended(threads, END))
    table = np.array(rows, dtype=np.int32).reshape(len(rows), alphabet.n_classes)
    return automaton_from(alphabet.intervals, table, np.array(accepting))


def advance_trackers(
    construction: ConditionalThreads, tracked: tuple[Threads, ...] | None, cls: int
) -> tuple[tuple[Threads, ...], tuple[Terms, ...]]:
    """The trackers after one more character (None: at the start), and when the look-behinds hold there.

    Conditions within a look-behind have a smaller index, so their trackers are known first.
    """
    after: list[Threads] = []
    holds: list[Terms] = []
    for index, entry in enumerate(construction.trackers):
        known = tuple(holds)
        if tracked is None:
            threads = construction.closed({(entry, NO_OBLIGATIONS)}, known)
        else:
            threads = construction.stepped(tracked[index], cls, known)
        found = frozenset(obligations for state, obligations in threads if state == FOUND)
        holds.append(HOLDS if NO_OBLIGATIONS in found else found)
        after.append(frozenset(thread for thread in threads if thread[0] != FOUND))
    return tuple(after), tuple(holds)
