"""What `%ignore` lets stand between terminals when a text is read character by character.

lark takes an ignored terminal at a place as `re.match` finds it, as long as it goes, then looks for terminals again: a
comment `#[^\\n]*` is never left before its line ends, however well a terminal would fit within it. So an ignored text
*owes* something to what follows: it must not be continued. A sequence of ignored texts is read by threads

    (ignored terminal or none, state of its scanner, debts)          debts: states of scanners that must not end later

and where it ends, its debts say what a terminal may begin with: `Ignored.after(language)` splits the sequences by what
they leave of that terminal's language. Nearly always that is all of it or nothing.
A debt that outlasts a whole terminal would have to be carried through the grammar; such a grammar is refused.
Source: `lark.parsers.xearley`. Cost: the states of the ignored terminals, and a small product for each terminal.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from functools import cached_property

import numpy as np

from maskwright.errors import UnsupportedPattern
from maskwright.grammar.characters.alphabet import Intervals
from maskwright.grammar.characters.automaton import ANY_TEXT, CharacterAutomaton, automaton_from
from maskwright.grammar.characters.dialect import PYTHON_IN_ORDER
from maskwright.grammar.characters.parser import parse
from maskwright.grammar.characters.preferred import after, unguarded_scanner
from maskwright.grammar.characters.subsets import CommonAlphabet, common_alphabet, concatenated, subset_table

MAX_KINDS_OF_DEBT = 64

Debts = frozenset[tuple[int, int]]
"""(ignored terminal, state of its scanner): none of them may end."""

NO_DEBTS: Debts = frozenset()
BETWEEN = -1


@dataclass(frozen=True, slots=True)
class Ignorable:
    """A terminal that is ignored: rows[s][c] is (the state after class c or -1, does a match end there?).

    `written` is for messages.
    """

    written: str
    intervals: Intervals
    rows: tuple[tuple[tuple[int, bool], ...], ...]


def ignorable(pattern: str) -> Ignorable:
    """The matches of a Python pattern as `re.match` finds them."""
    scanner = unguarded_scanner(parse(pattern, PYTHON_IN_ORDER), pattern)
    rows = tuple(tuple(after(scanner.chains[chain]) for chain in row) for row in scanner.transitions)
    return Ignorable(pattern, scanner.alphabet.intervals, rows)


def longest(language: CharacterAutomaton, name: str) -> Ignorable:
    """The matches of a language that are not followed by what makes a longer one."""
    accepting = language.accepting.tolist()
    rows = tuple(tuple((to, to >= 0 and accepting[to]) for to in row) for row in language.transitions.tolist())
    return Ignorable(name, language.alphabet.intervals, rows)


@dataclass(frozen=True)
class Ignored:
    """Everything that is ignored, in a grammar that ignores something."""

    terminals: tuple[Ignorable, ...]

    @cached_property
    def _alphabet(self) -> CommonAlphabet:
        return common_alphabet([terminal.intervals for terminal in self.terminals])

    @cached_property
    def _sequences(self) -> tuple[np.ndarray[tuple[int, int], np.dtype[np.int32]], list[frozenset[Debts]]]:
        """The table of sequences, and with which debts a sequence may end in each state; state 0 has read nothing."""

        def step(thread: tuple[int, int, Debts], cls: int) -> Iterable[tuple[int, int, Debts]]:
            number, state, debts = thread
            left = self._owed(debts, cls)
            if left is None:
                return
            for k in range(len(self.terminals)) if number == BETWEEN else (number,):
                following, ends = self._step(k, 0 if number == BETWEEN else state, cls)
                if following >= 0:
                    yield k, following, left
                if ends:
                    yield BETWEEN, 0, left | {(k, following)} if following >= 0 else left

        table, subsets = subset_table([(BETWEEN, 0, NO_DEBTS)], self._alphabet.n_classes, step, "What '%ignore' names")
        return table, [frozenset(debts for number, _, debts in subset if number == BETWEEN) for subset in subsets]

    def _step(self, terminal: int, state: int, cls: int) -> tuple[int, bool]:
        own = self._alphabet.classes_of[cls][terminal]
        return self.terminals[terminal].rows[state][own] if own >= 0 else (-1, False)

    def _owed(self, debts: Debts, cls: int) -> Debts | None:
        """The debts after one more character; None if one of them has ended, which none may."""
        left = set()
        for terminal, state in debts:
            following, ends = self._step(terminal, state, cls)
            if ends:
                return None
            if following >= 0:
                left.add((terminal, following))
        return frozenset(left)

    @cached_property
    def kinds(self) -> tuple[Debts, ...]:
        """All debts with which a sequence of ignored texts may end."""
        found = {debts for ends in self._sequences[1] for debts in ends}
        if len(found) > MAX_KINDS_OF_DEBT:
            advice = "simplify the terminals that '%ignore' names"
            raise UnsupportedPattern("Ignored text that may go on in many ways", "", 0, advice)
        return tuple(sorted(found, key=sorted))

    def sequences(self, kinds: Iterable[Debts]) -> CharacterAutomaton:
        """One ignored text or more that may end with one of these debts."""
        table, ends = self._sequences
        wanted = frozenset(kinds)
        accepting = np.array([not wanted.isdisjoint(found) for found in ends], dtype=np.bool_)
        # what has read nothing is no sequence: a copy of state 0 stands for it wherever something has been read
        copied = np.concatenate([table, table[:1]])
        copied[copied == 0] = len(table)
        accepting = np.append(accepting, accepting[0])
        accepting[0] = False
        return automaton_from(self._alphabet.intervals, copied, accepting)

    def all_sequences(self) -> CharacterAutomaton:
        """One ignored text or more, with nothing behind them."""
        return self.sequences(self.kinds)

    def after(self, language: CharacterAutomaton, name: str) -> list[tuple[CharacterAutomaton, CharacterAutomaton]]:
        """Pairs (ignored texts, what a terminal may be behind them) that together are all there is; neither empty.

        `language` has no empty text. Raises UnsupportedPattern where an ignored text could go on behind `name`.
        """
        by_rest: dict[CharacterAutomaton, list[Debts]] = {}
        for debts in self.kinds:
            rest = language
            if debts:
                continued, pending = self._continued(debts)
                rest = language - continued
                if not (rest & pending).is_empty:
                    written = self.terminals[min(debts)[0]].written
                    advice = f"the terminal {name} may stand within it; leave that to one of the two"
                    raise UnsupportedPattern("Ignored text that may go on behind a terminal", written, 0, advice)
            if not rest.is_empty:
                by_rest.setdefault(rest, []).append(debts)
        pairs = [(self.sequences(kinds), rest) for rest, kinds in by_rest.items()]
        return [pair for pair in pairs if not pair[0].is_empty]  # having read nothing leaves no debts either

    def _continued(self, debts: Debts) -> tuple[CharacterAutomaton, CharacterAutomaton]:
        """The texts with which one of the debts ends, whatever stands behind; and those after which some are open."""
        violated: Debts = frozenset({(-1, -1)})

        def step(owed: Debts, cls: int) -> Iterable[Debts]:
            left = owed if owed == violated else self._owed(owed, cls)
            if left is None:
                yield violated
            elif left:
                yield left

        table, subsets = subset_table([debts], self._alphabet.n_classes, step, "What '%ignore' names")
        # each state of the table has one set of debts
        owed = [next(iter(subset)) for subset in subsets]
        begun = automaton_from(self._alphabet.intervals, table, np.array([one == violated for one in owed]))
        pending = automaton_from(self._alphabet.intervals, table, np.array([one != violated for one in owed]))
        return concatenated([begun, ANY_TEXT]) if not begun.is_empty else begun, pending
