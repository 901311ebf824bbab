"""A monitor of names: behind a trigger, a dot for instance, only those that an analysis of the text so far knows.

    with NamesAfterTriggers(compiler, analysis) as names:
        matcher = MonitoredMatcher(grammar.matcher(), names.monitor(before=prompt), vocabulary)

What is legal, in bytes. A *trigger* is a byte string without identifier bytes. Behind each of its occurrences that the
analysis knows something about, the longest run of identifier bytes must be one of the legal names: it grows as long as
it is the beginning of one, and any other byte, or the end of the text, may follow only where it is a whole one. So
nothing may stand between a trigger and the name, no blank either. Where the analysis knows nothing (it answers None) a
text goes on freely. All bytes from 0x80 on count as identifier bytes by default, for Python's letters lie there.

What that is in tokens. A token may begin within a name and run past its end (`append(` behind `app`). It must not run
past the end of a trigger: `.append` is refused and has to be written as `.` and `append`, because only at the dot it is
known what may follow. All texts stay possible, but not all their tokenisations. Rejected: to let such tokens through,
as the reference implementation does (then the rule does not hold), and to ask the analysis at every place where one
may follow, which is nearly every place of a program.

A token without text (a special one) leaves everything as it is. The analysis is asked when a trigger is written
(`asking_ahead`), its answer is needed one token later. Of the states of the text, one a class: `_Outside` of names,
`_AtTrigger`, `_InName`.

Cost. Per set of names an automaton with a state for each byte, kept for the sets that were used last: 4 ms for the 81
members of Python's `str`, 25 ms for the 536 of numpy (built, compiled, and the first mask, for Llama 3's vocabulary).
A mask behind a whole name takes 2 ms when it is first asked for, any mask that is known 1 us.
"""

from __future__ import annotations

import string
from collections.abc import Iterable
from dataclasses import dataclass
from functools import cache, lru_cache
from typing import Final, Self, final

from maskwright.errors import MatcherError
from maskwright.grammar.byte_automaton import NO_UNIT, ByteAutomaton, automaton_of
from maskwright.matching.compiler import Compiler
from maskwright.sampling.monitors.asking_ahead import Analysis, AskedAhead, AskingReport, Question, Waiting
from maskwright.sampling.monitors.protocol import Monitor, Row
from maskwright.sampling.monitors.terms import START, Term, TermSearch, search_for
from maskwright.sampling.monitors.token_rows import TokenRows, row_of

PYTHON_IDENTIFIER_BYTES: Final = frozenset((string.ascii_letters + string.digits + "_").encode()) | frozenset(
    range(0x80, 0x100)
)

_MOST_SETS = 32
"""Sets of names whose automata are kept; each may take half a megabyte and more."""

Edges = list[tuple[int, int, int, int]]


@dataclass(frozen=True, slots=True)
class NameSyntax:
    """What a trigger is and what names are made of.

    triggers: bytes behind which a name stands.  identifier_bytes: what names are made of; by default those of
    Python's names.  Raises MatcherError if a trigger has bytes of names.  `NameSyntax(triggers=(b".", b"->"))`
    """

    triggers: tuple[bytes, ...] = (b".",)
    identifier_bytes: frozenset[int] = PYTHON_IDENTIFIER_BYTES

    def __post_init__(self) -> None:
        for trigger in self.triggers:
            if not trigger or self.identifier_bytes.intersection(trigger):
                raise MatcherError(f"A trigger must have bytes, and none of names: {trigger!r} cannot be one")

    def checked(self, names: Iterable[str] | None) -> Iterable[str] | None:
        """The same names; raises MatcherError for one that could not be written."""
        names = None if names is None else frozenset(names)
        for name in names or ():
            if not name or not self.identifier_bytes.issuperset(name.encode()):
                raise MatcherError(f"The analysis gave {name!r}, which is no name")
        return names

    def end_of_name(self, text: bytes) -> int:
        """How many identifier bytes the text begins with: `b"app(x"` -> 3."""
        return next((at for at, byte in enumerate(text) if byte not in self.identifier_bytes), len(text))


@final
class NamesAfterTriggers:
    """An analysis, its threads, and the masks of its answers: what all texts share; `monitor` begins one.

    As a context manager it ends the threads at the end, as `close` does. Thread-safe.
    """

    def __init__(
        self,
        compiler: Compiler,
        analysis: Analysis,
        *,
        syntax: NameSyntax | None = None,
        waiting: Waiting | None = None,
    ) -> None:
        self.syntax = syntax = syntax or NameSyntax()
        self.search = search = search_for([Term(trigger) for trigger in syntax.triggers])
        self.asked = AskedAhead(lambda text: syntax.checked(analysis(text)), waiting or Waiting())
        self.nothing = row_of(compiler.vocabulary, ())
        outside = _outside(search)

        # Kept as long as this object. They do not refer to it, so what they keep is given back with it at once.
        @cache
        def rows_outside(state: int) -> TokenRows:
            return TokenRows(compiler, outside, state)

        @lru_cache(maxsize=_MOST_SETS)
        def rows_of(names: frozenset[bytes]) -> TokenRows:
            return TokenRows(compiler, _names_then_text(names, syntax, search, outside))

        self.rows_outside, self.rows_of = rows_outside, rows_of

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """End the threads; monitors that come to another trigger raise MatcherError."""
        self.asked.close()

    @property
    def report(self) -> AskingReport:
        """What became of the questions to the analysis."""
        return self.asked.report

    def monitor(self, before: bytes = b"") -> Monitor:
        """The monitor of a text that begins behind `before` (the prompt), which is part of what is analysed.

        It may end within a name: then that name must become a legal one.
        """
        n_typed = self.syntax.end_of_name(before[::-1])
        state, _ = self.search.after(START, before)
        behind_trigger, _ = self.search.after(START, before[: len(before) - n_typed])
        if n_typed and self.search.found[behind_trigger]:
            question = self.asked.ask(before[:-n_typed])
            return _AtTrigger(self, Written(None, before), state, question, before[-n_typed:])
        return self.place(Written(None, before), state)

    def place(self, text: Written, state: int) -> Monitor:
        """The monitor of a text that the search for triggers has read up to `state`."""
        if self.search.found[state]:
            return _AtTrigger(self, text, state, self.asked.ask(text.joined()))
        return _Outside(self, text, state)


@final
@dataclass(frozen=True, slots=True, eq=False)
class Written:
    """A text in pieces, so that the texts of many places share what they have in common."""

    before: Written | None
    piece: bytes

    def joined(self) -> bytes:
        """All of it."""
        pieces = []
        here: Written | None = self
        while here is not None:
            pieces.append(here.piece)
            here = here.before
        return b"".join(reversed(pieces))


@final
@dataclass(frozen=True, slots=True, eq=False)
class _Outside:
    """No name is to be restricted here."""

    shared: NamesAfterTriggers
    text: Written
    state: int

    def legal_tokens(self) -> Row:
        """All tokens that do not run past the end of a trigger."""
        return self.shared.rows_outside(self.state).after(b"", may_end=True)

    def after(self, token_id: int, text: bytes) -> Monitor:  # noqa: ARG002  (it is a Monitor)
        if not text:
            return self
        state, _ = self.shared.search.after(self.state, text)
        return self.shared.place(Written(self.text, text), state)


@final
@dataclass(frozen=True, slots=True, eq=False)
class _AtTrigger:
    """A trigger has just been written, and the analysis asked what may follow; a prompt may have begun a name."""

    shared: NamesAfterTriggers
    text: Written
    state: int
    question: Question
    typed: bytes = b""

    def _answered(self) -> Monitor:
        names = self.question.answer()
        if names is None:
            return _Outside(self.shared, self.text, self.state)
        if self.typed:
            names = frozenset(name[len(self.typed) :] for name in names if name.startswith(self.typed))
        return _InName(self.shared, self.text, names)

    def legal_tokens(self) -> Row | None:
        """Those with which a legal name may begin."""
        return self._answered().legal_tokens()

    def after(self, token_id: int, text: bytes) -> Monitor:
        return self._answered().after(token_id, text) if text else self


@final
@dataclass(frozen=True, slots=True, eq=False)
class _InName:
    """Of one of these names, or of what a prompt has left of them, so much has been typed."""

    shared: NamesAfterTriggers
    text: Written
    names: frozenset[bytes]
    typed: bytes = b""

    def legal_tokens(self) -> Row:
        """Those that go on with a legal name, or end it; none at all where no name is legal."""
        if not self.names:
            return self.shared.nothing
        return self.shared.rows_of(self.names).after(self.typed, may_end=self.typed in self.names)

    def after(self, token_id: int, text: bytes) -> Monitor:  # noqa: ARG002  (it is a Monitor)
        if not text:
            return self
        written = Written(self.text, text)
        end = self.shared.syntax.end_of_name(text)
        if end == len(text):
            return _InName(self.shared, written, self.names, self.typed + text)
        # No trigger has bytes of names, so the search for them begins anew behind the name.
        state, _ = self.shared.search.after(START, text[end:])
        return self.shared.place(written, state)


def _outside(search: TermSearch) -> ByteAutomaton:
    """What a token may add outside of names: no trigger ends within it, unless at its end.

    States are those of the search (the ones behind a trigger are where a token may begin), and one more that has no
    edges, for the end of a trigger.
    """
    states = [
        [(low, high, _behind(target, search), NO_UNIT) for low, high, target in search.edges(state)]
        for state in range(len(search.rows))
    ]
    return automaton_of([*states, []], [True] * (len(states) + 1))


def _behind(target: int, search: TermSearch) -> int:
    """The state of `_outside` for a state that the search comes to within a token."""
    return len(search.rows) if search.found[target] else target


def _names_then_text(
    names: frozenset[bytes], syntax: NameSyntax, search: TermSearch, outside: ByteAutomaton
) -> ByteAutomaton:
    """The beginnings of the names, and whole names with what a token may add behind them, which is left to `outside`.

    A state is the beginning of a name. Behind a whole one all bytes lead on that are not of names.
    """
    number = {b"": 0}
    edges: list[list[tuple[int, int, int, int]]] = [[]]
    for name in sorted(names):
        for length in range(1, len(name) + 1):
            begun = name[:length]
            if begun not in number:
                number[begun] = len(edges)
                edges[number[begun[:-1]]].append((begun[-1], begun[-1], number[begun], NO_UNIT))
                edges.append([])
    links = tuple((outside, state) for state in range(outside.n_states))
    behind_name = [
        (byte, byte, -1 - _behind(search.rows[START].get(byte, START), search), NO_UNIT)
        for byte in range(256)
        if byte not in syntax.identifier_bytes
    ]
    states = [sorted(edges[state] + behind_name) if begun in names else edges[state] for begun, state in number.items()]
    return automaton_of(states, [True] * len(states), links=links)
