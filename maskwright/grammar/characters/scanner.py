r"""What `re.match` finds at a place of a text, as an automaton: which prefix is *preferred*, not only which match.

A lexer takes the match that a backtracking engine finds first, which need not be the longest (`a|ab`, `".*?"`). The
preferred match comes from an ordered list of threads (Cox, "Regular Expression Matching: the Virtual Machine Approach",
2009, after Pike): all threads read the text side by side, a thread that comes first in the list is preferred, and when
one ends, all threads behind it are cut off, as no match of theirs can be preferred any more. Threads before it go on:
should one of them end later, its match is preferred to all that ended before.

The automaton has an ordered list of threads as its state. What one character makes of a state is a *chain*: lists of
threads and ends in the order of preference,

    chain = (state | end)*          no state or end stands behind an end without a guard

A chain such as (s, end, t) says: the match ends here, unless s finds a later one. An end can have a *guard*: what
follows the match decides (`(?!=)`, `\b`), read by an automaton of its own; t counts only where the guard refuses.

Conditions are those of `lookaround`. A look-behind that could see text before the match is refused: there a lexer's
answer would depend on the token before.
Cost: limited by MAX_SCANNER_STATES; patterns of real grammars have 2 to 60 states.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field

from maskwright.errors import LimitExceeded, UnsupportedPattern
from maskwright.grammar.characters.alphabet import Alphabet, partition
from maskwright.grammar.characters.character_set import ANY_CHARACTER, CharacterSet
from maskwright.grammar.characters.determinise import language_of
from maskwright.grammar.characters.lookaround import (
    HOLDS,
    MET,
    NO_OBLIGATIONS,
    ConditionalThreads,
    Obligation,
    Terms,
    Thread,
    Threads,
    advance_trackers,
)
from maskwright.grammar.characters.nfa import END, FOUND, check_size
from maskwright.grammar.characters.ordered_nfa import OrderedNFA
from maskwright.grammar.characters.syntax import (
    ANYTHING,
    Characters,
    Expression,
    concatenation,
)

MAX_SCANNER_STATES = 5_000

SATISFIED, VIOLATED = -1, -2
"""Where a guard goes when the text behind the match has decided it."""

NO_GUARD = -1


@dataclass(frozen=True, slots=True)
class Go:
    """A state of the scanner that reads on."""

    state: int


@dataclass(frozen=True, slots=True)
class End:
    """The match ends here, if the guard (NO_GUARD: none) is satisfied by what follows."""

    guard: int


Chain = tuple[Go | End, ...]


@dataclass(frozen=True, slots=True)
class Scanner:
    """The preferred match of one pattern.

    transitions: for each state the number of the chain that follows, by class of the alphabet; chain 0 is empty (no
    match any more). State 0 starts. guards: for each guard state what follows it, by class: a guard state, SATISFIED
    or VIOLATED; and whether it is satisfied where the text ends.
    """

    alphabet: Alphabet
    transitions: tuple[tuple[int, ...], ...]
    chains: tuple[Chain, ...]
    guards: tuple[tuple[int, ...], ...]
    guards_at_end: tuple[bool, ...]


def scanner_of(node: Expression, pattern: str, also: tuple[CharacterSet, ...] = ()) -> Scanner:
    """The scanner of a tree that keeps its order (`dialect.PYTHON_IN_ORDER`).

    `also`: sets that the alphabet must tell apart besides. Raises UnsupportedPattern or LimitExceeded.
    """
    check_size(node, pattern)
    ordered = OrderedNFA(pattern)
    entry = ordered.build(node, END)
    nfa = ordered.nfa
    for members in (ANY_CHARACTER, *also):
        nfa.sets.setdefault(members, len(nfa.sets))
    trackers: list[int] = []
    tracker_of: dict[int, int] = {}
    reaches: list[int] = []
    for index, (body, is_ahead, _) in enumerate(list(nfa.conditions)):
        if not is_ahead:
            tracker_of[index] = len(trackers)
            trackers.append(nfa.build(concatenation((ANYTHING, body)), FOUND))
            reaches.append(_longest(body, pattern))
    alphabet, masks = partition(tuple(nfa.sets))
    threads = ConditionalThreads(nfa, list(nfa.conditions), masks, trackers, tracker_of, pattern)
    return _Construction(threads, ordered, alphabet, tuple(reaches), pattern).run(entry)


def _longest(body: Expression, pattern: str) -> int:
    """How many characters a look-behind may look back."""
    if isinstance(body, Characters):
        return 1
    language = language_of(body, pattern)
    longest = 0 if language.is_empty else language.length_bounds()[1]
    if longest is None:
        raise UnsupportedPattern("A look-behind of any length", pattern, 0, "it may look before the match")
    return longest


_State = tuple[tuple[Threads, ...], tuple[Thread, ...]]
_Guard = tuple[tuple[Threads, ...], frozenset[Obligation]]


class _NotKnown(frozenset[frozenset[Obligation]]):
    """Whether a look-behind holds that may look before the match: asking is an error."""

    def __iter__(self) -> Iterator[frozenset[Obligation]]:
        raise _LooksBefore


class _LooksBefore(Exception):
    """A look-behind was asked that may look before the match."""


@dataclass(slots=True)
class _Construction:
    """States are (trackers, ordered threads), numbered as they are met; `depths` is the fewest characters to them."""

    threads: ConditionalThreads
    ordered: OrderedNFA
    alphabet: Alphabet
    reaches: tuple[int, ...]
    pattern: str
    states: dict[_State, int] = field(default_factory=dict)
    state_list: list[_State] = field(default_factory=list)
    depths: list[int] = field(default_factory=list)
    chains: dict[Chain, int] = field(default_factory=lambda: {(): 0})
    guards: dict[_Guard, int] = field(default_factory=dict)
    guard_list: list[_Guard] = field(default_factory=list)

    def run(self, entry: int) -> Scanner:
        """Build everything from the entry of the pattern's NFA."""
        tracked, holds = advance_trackers(self.threads, None, 0)
        try:
            start = self._closed([(entry, NO_OBLIGATIONS)], self._known(holds, 0))
            chain = self._chain(start, tracked, 0)
        except _LooksBefore:
            raise self._looks_before() from None
        if not chain or not isinstance(chain[0], Go) or len(chain) > 1:
            raise UnsupportedPattern("A match without characters", self.pattern, 0, "a terminal must read something")
        rows: list[tuple[int, ...]] = []
        for state, (tracked, reading) in enumerate(self.state_list):  # grows while it is read
            rows.append(self._row(tracked, reading, self.depths[state]))
        guard_rows = []
        at_end = []
        for tracked, obligations in self.guard_list:  # grows while it is read
            guard_rows.append(self._guard_row(tracked, obligations))
            at_end.append(self.threads.ended(frozenset(((END, obligations),)), END))
        return Scanner(self.alphabet, tuple(rows), tuple(self.chains), tuple(guard_rows), tuple(at_end))

    def _row(self, tracked: tuple[Threads, ...], threads: tuple[Thread, ...], depth: int) -> tuple[int, ...]:
        row = []
        for cls in range(self.alphabet.n_classes):
            after, holds = advance_trackers(self.threads, tracked, cls)
            known = self._known(holds, depth + 1)
            try:
                reached: list[Thread] = []
                for state, obligations in threads:
                    if not self.threads.masks[self.threads.nfa.reads[state]] >> cls & 1:
                        continue
                    kept = self._kept(obligations, cls, known)
                    if kept is not None:
                        reached.append((self.threads.nfa.following[state], kept))
                chain = self._chain(self._closed(reached, known), after, depth + 1)
            except _LooksBefore:
                raise self._looks_before() from None
            row.append(self.chains.setdefault(chain, len(self.chains)))
        return tuple(row)

    def _chain(self, threads: list[Thread], tracked: tuple[Threads, ...], depth: int) -> Chain:
        """Cut an ordered list of threads at those that have ended."""
        chain: list[Go | End] = []
        reading: list[Thread] = []
        for thread in threads:
            if thread[0] != END:
                reading.append(thread)
                continue
            if reading:
                chain.append(Go(self._state(tracked, tuple(reading), depth)))
                reading = []
            if thread == (END, NO_OBLIGATIONS):
                return (*chain, End(NO_GUARD))
            chain.append(End(self._guard(tracked, thread[1])))
        if reading:
            chain.append(Go(self._state(tracked, tuple(reading), depth)))
        return tuple(chain)

    def _state(self, tracked: tuple[Threads, ...], threads: tuple[Thread, ...], depth: int) -> int:
        number = self.states.setdefault((tracked, threads), len(self.states))
        if number == len(self.depths):
            self.depths.append(depth)
            self.state_list.append((tracked, threads))
            if number >= MAX_SCANNER_STATES:
                raise LimitExceeded("The scanner of a terminal", number + 1, MAX_SCANNER_STATES, self.pattern[:80])
        return number

    def _guard(self, tracked: tuple[Threads, ...], obligations: frozenset[Obligation]) -> int:
        number = self.guards.setdefault((tracked, obligations), len(self.guards))
        if number == len(self.guard_list):
            self.guard_list.append((tracked, obligations))
            if number >= MAX_SCANNER_STATES:
                raise LimitExceeded("The look-ahead of a terminal", number + 1, MAX_SCANNER_STATES, self.pattern[:80])
        return number

    def _closed(self, threads: list[Thread], holds: tuple[Terms, ...]) -> list[Thread]:
        """All threads that are reached without reading, in order; of equal ones the first.

        A thread is followed together with the iterations that it has begun since the last character.
        """
        nfa, begins, ends = self.threads.nfa, self.ordered.begins, self.ordered.ends
        found: dict[Thread, None] = {}
        todo: list[tuple[Thread, frozenset[int]]] = [(thread, frozenset()) for thread in threads[::-1]]
        seen: set[tuple[Thread, frozenset[int]]] = set()
        while todo:
            if todo[-1] in seen:
                todo.pop()
                continue
            seen.add(todo[-1])
            (state, obligations), begun = todo.pop()
            self.threads.work += 1
            if state == END or nfa.reads[state] >= 0:
                found[state, obligations] = None
                continue
            targets = nfa.splits[state]
            if state in begins:
                begun |= {begins[state]}
            elif state in ends:
                targets = targets[1:] if ends[state] in begun else targets[:1]
                begun -= {ends[state]}
            reached = [(target, obligations) for target in targets]
            if (condition := nfa.looks[state]) >= 0:
                reached = self.threads.past(condition, nfa.following[state], obligations, holds)
            todo += [(thread, begun) for thread in reached[::-1]]
        return list(found)

    def _kept(
        self, obligations: frozenset[Obligation], cls: int, holds: tuple[Terms, ...]
    ) -> frozenset[Obligation] | None:
        """What is still owed after one more character; None if an obligation has failed."""
        kept: set[Obligation] = set()
        for is_negated, body in obligations:
            after = self.threads.stepped(body, cls, holds)
            if MET in after or not after:
                if (MET in after) == is_negated:
                    return None
            else:
                kept.add((is_negated, after))
        return frozenset(kept)

    def _guard_row(self, tracked: tuple[Threads, ...], obligations: frozenset[Obligation]) -> tuple[int, ...]:
        row = []
        for cls in range(self.alphabet.n_classes):
            after, holds = advance_trackers(self.threads, tracked, cls)
            kept = self._kept(obligations, cls, holds)
            if kept is None:
                row.append(VIOLATED)
            elif kept:
                row.append(self._guard(after, kept))
            else:
                row.append(SATISFIED)
        return tuple(row)

    def _known(self, holds: tuple[Terms, ...], depth: int) -> tuple[Terms, ...]:
        """What is known of the look-behinds after so many characters, whatever stands before the match."""
        return tuple(
            terms if terms == HOLDS or depth >= reach else _NotKnown()
            for terms, reach in zip(holds, self.reaches, strict=True)
        )

    def _looks_before(self) -> UnsupportedPattern:
        return UnsupportedPattern(
            r"A look-behind, '^' or '\b' that may look before the match",
            self.pattern,
            0,
            "a token must not depend on the one before it; leave the condition out, or read what precedes as well",
        )
