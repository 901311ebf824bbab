"""The terminals of a Lark grammar as nodes of one lexer: scanners in bytes, with labels.

lark's lexer first takes the terminal whose regular expression matches, and then asks whether the matched text is one of
the *keywords* of that terminal: texts in quotes that it matches as a whole, of equal priority (lark calls this
"unless"). So the scanner of a regular expression runs beside the keywords that may still be read, and where it ends
the label lists the keywords found, then the terminal itself.

The keywords of a terminal do not depend on the context, only which of them count (`LexedLanguage.label_terminals`).
Cost: about 0.1 ms a terminal, some milliseconds for one with all of Unicode or many keywords.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field

from lark.lexer import PatternStr, TerminalDef

from maskwright.bounded_cache import bounded_cache
from maskwright.errors import EmptyLanguage, GrammarSyntaxError, LimitExceeded, UnsupportedPattern
from maskwright.grammar.characters.alphabet import Alphabet, partition
from maskwright.grammar.characters.automaton import CharacterAutomaton
from maskwright.grammar.characters.character_set import ANY_CHARACTER, CharacterSet
from maskwright.grammar.characters.dialect import PYTHON_IN_ORDER
from maskwright.grammar.characters.parser import parse
from maskwright.grammar.characters.scanner import NO_GUARD, SATISFIED, End, Go, Scanner, scanner_of
from maskwright.grammar.characters.scanner import VIOLATED as GUARD_VIOLATED
from maskwright.grammar.characters.subsets import common_alphabet
from maskwright.grammar.characters.syntax import Characters, Concatenation, Expression
from maskwright.grammar.characters.utf8_edges import Edges, Segments, Utf8Nodes
from maskwright.grammar.lexed_language import GO, VIOLATED

MAX_NODES = 50_000
"""States of a lexer in bytes; that of Python has some two thousand."""
REMEDY = "use simpler terminals, or lexer='dynamic_complete'"

EVERY_TERMINAL_IS_A_PATTERN: Mapping[str, CharacterAutomaton] = {}

Part = tuple[int, int]
"""(GO, node) or (label, guard)."""


@dataclass(frozen=True, slots=True)
class Keywords:
    """Which texts in quotes are keywords of which regular expression, by the names of the terminals.

    of: keywords by terminal, in the order in which lark asks them. embedded: those that the lexer does not look for by
    themselves in a context that has the terminal.
    """

    of: dict[str, tuple[str, ...]]
    embedded: dict[str, frozenset[str]]


def keywords_of(
    terminals: Sequence[TerminalDef], languages: Mapping[str, CharacterAutomaton] = EVERY_TERMINAL_IS_A_PATTERN
) -> Keywords:
    """Find the keywords as lark does (`lark.lexer._create_unless`); the terminals in lark's order.

    `languages`: what the terminals match that no pattern says (`terminal_algebra`).
    """
    texts = [t for t in terminals if isinstance(t.pattern, PatternStr) and t.name not in languages]
    of: dict[str, tuple[str, ...]] = {}
    embedded: dict[str, frozenset[str]] = {}
    for terminal in terminals:
        if isinstance(terminal.pattern, PatternStr) and terminal.name not in languages:
            continue
        takes = _taking_whole(terminal, languages)
        found = [text for text in texts if text.priority == terminal.priority and takes(text.pattern.value)]
        if found:
            of[terminal.name] = tuple(text.name for text in found)
            embedded[terminal.name] = frozenset(
                text.name for text in found if set(text.pattern.flags) <= set(terminal.pattern.flags)
            )
    return Keywords(of, embedded)


def _taking_whole(terminal: TerminalDef, languages: Mapping[str, CharacterAutomaton]) -> Callable[[str], bool]:
    """Does the terminal match the whole of a text?"""
    if terminal.name in languages:
        return languages[terminal.name].accepts
    expression = re.compile(terminal.pattern.to_regexp())

    def takes(text: str) -> bool:
        found = expression.match(text)
        return found is not None and found[0] == text

    return takes


@dataclass(slots=True)
class Lexer:
    """The nodes, chains, guards and labels of all terminals added so far; see `LexedLanguage` for what they mean."""

    nodes: list[Edges] = field(default_factory=list)
    chains: list[tuple[Part, ...]] = field(default_factory=list)
    guards: list[Edges] = field(default_factory=list)
    guards_at_end: list[bool] = field(default_factory=list)
    labels: dict[tuple[int, ...], int] = field(default_factory=dict)
    _chain_of: dict[tuple[Part, ...], int] = field(default_factory=dict)

    def add(
        self,
        terminal: TerminalDef,
        symbol: int,
        keywords: Sequence[tuple[int, TerminalDef]],
        language: CharacterAutomaton | None = None,
    ) -> int:
        """Add a terminal with its keywords (symbol and definition): the node that it begins with.

        `language`: what it matches, as far as it goes, where that is no pattern.
        """
        words = [(keyword, _letters(definition)) for keyword, definition in keywords]
        also = tuple(dict.fromkeys(members for _, letters in words for members in letters))
        if language is None:
            scanner = _scanner(terminal.pattern.to_regexp(), terminal.name, also)
        else:
            scanner = _longest_match(language, terminal.name, also)
        return _Adding(self, scanner, terminal.name, symbol, words).run()

    def label(self, symbols: tuple[int, ...]) -> int:
        """The number of a label."""
        return self.labels.setdefault(symbols, len(self.labels))

    def chain(self, parts: tuple[Part, ...]) -> int:
        """The number of a chain."""
        number = self._chain_of.setdefault(parts, len(self.chains))
        if number == len(self.chains):
            self.chains.append(parts)
        return number


def check_pattern(terminal: TerminalDef) -> None:
    """Raise GrammarSyntaxError or UnsupportedPattern for a terminal that is no pattern, as lark believes it is."""
    pattern = terminal.pattern.to_regexp()
    with _naming(terminal.name):
        parse(pattern, PYTHON_IN_ORDER)
    try:
        re.compile(pattern)
    except re.error as error:
        message = f"Python's re does not take it: {error.msg}"
        raise GrammarSyntaxError(message, pattern, error.pos or 0, f"pattern of terminal {terminal.name}") from error


def _scanner_bytes(scanner: Scanner) -> int:
    return sum(8 * len(row) for row in (*scanner.transitions, *scanner.guards))


@bounded_cache(_scanner_bytes, max_entries=512)
def _scanner(pattern: str, name: str, also: tuple[CharacterSet, ...]) -> Scanner:
    with _naming(name):
        return scanner_of(parse(pattern, PYTHON_IN_ORDER), pattern, also)


@contextmanager
def _naming(name: str) -> Iterator[None]:
    """Errors of a pattern say of which terminal it is."""
    try:
        yield
    except UnsupportedPattern as error:
        raise UnsupportedPattern(
            f"{error.construct} in terminal {name}", error.source, error.position, error.advice
        ) from error
    except GrammarSyntaxError as error:
        raise GrammarSyntaxError(error.message, error.source, error.position, f"pattern of terminal {name}") from error


def _longest_match(language: CharacterAutomaton, name: str, also: tuple[CharacterSet, ...]) -> Scanner:
    """The scanner that goes as far as the language goes."""
    if language.is_empty:
        raise EmptyLanguage(f"the terminal {name} has no text")
    if language.accepting[0]:
        advice = f"terminal {name} must read something: add & /(?s:.+)/, or use lexer='dynamic_complete'"
        raise UnsupportedPattern("A match without characters", "", 0, advice)
    alphabet = common_alphabet([language.alphabet.intervals, partition((*also, ANY_CHARACTER))[0].intervals])
    chains: dict[tuple[Go | End, ...], int] = {(): 0}
    rows = []
    for row in language.transitions.tolist():
        numbers = []
        for own, _ in alphabet.classes_of:
            target = row[own] if own >= 0 else -1
            chain: tuple[Go | End, ...] = ()
            if target >= 0:
                goes_on = bool((language.transitions[target] >= 0).any())
                chain = (Go(target),) * goes_on + (End(NO_GUARD),) * bool(language.accepting[target])
            numbers.append(chains.setdefault(chain, len(chains)))
        rows.append(tuple(numbers))
    return Scanner(Alphabet(alphabet.intervals, alphabet.n_classes), tuple(rows), tuple(chains), (), ())


def _letters(keyword: TerminalDef) -> tuple[CharacterSet, ...]:
    """The characters of a keyword, one set for each."""
    tree: Expression = parse(keyword.pattern.to_regexp(), PYTHON_IN_ORDER)
    parts = tree.parts if isinstance(tree, Concatenation) else (tree,)
    return tuple(part.members for part in parts if isinstance(part, Characters))


Progress = tuple[int, tuple[int, ...]]
"""(characters read, the keywords that may still be read); which are read is forgotten with the last of them."""

NOTHING_LEFT: Progress = (-1, ())


@dataclass(slots=True)
class _Adding:
    """One terminal on its way into the lexer: states are (scanner state, progress in the keywords)."""

    lexer: Lexer
    scanner: Scanner
    name: str
    symbol: int
    words: list[tuple[int, tuple[CharacterSet, ...]]]
    number_of: dict[tuple[int, Progress], int] = field(default_factory=dict)
    states: list[tuple[int, Progress]] = field(default_factory=list)
    chain_of: dict[tuple[int, Progress], int] = field(default_factory=dict)
    guard_of: list[int] = field(default_factory=list)

    def run(self) -> int:
        """Add everything; the first node."""
        self._add_guards()
        ranges_of = self.scanner.alphabet.ranges()
        ranges = sorted((low, high, cls) for cls, ranges in enumerate(ranges_of) for low, high in ranges)
        ascii_ranges = [(low, min(high, 0x7F), cls) for low, high, cls in ranges if low <= 0x7F]
        other_ranges = [(max(low, 0x80), high, cls) for low, high, cls in ranges if high > 0x7F]
        other_classes = sorted({cls for _, _, cls in other_ranges})
        firsts = [ranges[0][0] for ranges in ranges_of]
        word_classes = [[_classes(letter, firsts) for letter in letters] for _, letters in self.words]
        all_words: Progress = (0, tuple(range(len(self.words)))) if self.words else NOTHING_LEFT
        inner = Utf8Nodes()
        others: dict[tuple[int, ...], Edges] = {}  # states of keywords differ in a few letters, and have this in common
        start = self._node(0, all_words)
        for state, progress in self.states:  # grows while it is read
            chain_of = [
                self._chain(number, _after(progress, cls, word_classes))
                for cls, number in enumerate(self.scanner.transitions[state])
            ]
            shared = tuple([chain_of[cls] for cls in other_classes])
            if shared not in others:
                others[shared] = inner.row(_segments(other_ranges, chain_of))
            edges = inner.row(_segments(ascii_ranges, chain_of)) + others[shared]
            self.lexer.nodes[start + self.number_of[state, progress]] = edges
        self._place_inner(start, inner)
        return start

    def _node(self, state: int, progress: Progress) -> int:
        """The node of a state; those of one terminal lie side by side."""
        number = self.number_of.setdefault((state, progress), len(self.states))
        if number == len(self.states):
            self.states.append((state, progress))
            self.lexer.nodes.append(())
            if len(self.lexer.nodes) > MAX_NODES:
                raise LimitExceeded("The lexer of a grammar", len(self.lexer.nodes), MAX_NODES, self.name, REMEDY)
        return len(self.lexer.nodes) - len(self.states) + number

    def _chain(self, number: int, progress: Progress) -> int:
        """The lexer's chain for one of the scanner, or -1 for the empty one."""
        if (number, progress) not in self.chain_of:
            self.chain_of[number, progress] = self._made_chain(number, progress)
        return self.chain_of[number, progress]

    def _made_chain(self, number: int, progress: Progress) -> int:
        parts: list[Part] = []
        for part in self.scanner.chains[number]:
            if isinstance(part, Go):
                parts.append((GO, self._node(part.state, progress)))
            else:
                depth, words = progress
                read = tuple(self.words[word][0] for word in words if len(self.words[word][1]) == depth)
                guard = self.guard_of[part.guard] if part.guard != NO_GUARD else NO_GUARD
                parts.append((self.lexer.label((*read, self.symbol)), guard))
        return self.lexer.chain(tuple(parts)) if parts else -1

    def _place_inner(self, start: int, inner: Utf8Nodes) -> None:
        """Number the inner nodes behind the others, and turn the targets of all edges into those of the lexer.

        Targets of the rows are -1 - chain and inner nodes; a chain that only reads on is the node itself.
        """
        first_inner = len(self.lexer.nodes)
        self.lexer.nodes += inner.edges
        for node in range(start, len(self.lexer.nodes)):
            self.lexer.nodes[node] = tuple(
                (low, high, first_inner + target if target >= 0 else self._destination(-1 - target))
                for low, high, target in self.lexer.nodes[node]
            )

    def _destination(self, chain: int) -> int:
        parts = self.lexer.chains[chain]
        return parts[0][1] if len(parts) == 1 and parts[0][0] == GO else -1 - chain

    def _add_guards(self) -> None:
        """The scanner's guards in bytes."""
        first = len(self.lexer.guards)
        n_guards = len(self.scanner.guards)
        self.guard_of = list(range(first, first + n_guards))
        self.lexer.guards += [()] * n_guards
        self.lexer.guards_at_end += self.scanner.guards_at_end
        inner = Utf8Nodes()
        for number, row in enumerate(self.scanner.guards):
            segments = [
                (low, high, row[cls] if row[cls] >= 0 else n_guards)
                for cls, ranges in enumerate(self.scanner.alphabet.ranges())
                for low, high in ranges
                if row[cls] != SATISFIED
            ]
            assert GUARD_VIOLATED < 0 <= n_guards
            self.lexer.guards[first + number] = inner.row(tuple(sorted(segments)))
        first_inner = len(self.lexer.guards)
        self.lexer.guards += inner.edges
        self.lexer.guards_at_end += [False] * len(inner.edges)  # no text ends inside a character
        for guard in range(first, len(self.lexer.guards)):
            self.lexer.guards[guard] = tuple(
                (low, high, first_inner + target if target >= 0 else _guard_target(-1 - target, first, n_guards))
                for low, high, target in self.lexer.guards[guard]
            )


def _guard_target(target: int, first: int, n_guards: int) -> int:
    return VIOLATED if target == n_guards else first + target


def _segments(ranges: Sequence[tuple[int, int, int]], chain_of: Sequence[int]) -> Segments:
    """Ranges of classes as ranges that lead to one chain."""
    segments: list[tuple[int, int, int]] = []
    for low, high, cls in ranges:
        chain = chain_of[cls]
        if chain >= 0:
            if segments and segments[-1][1] == low - 1 and segments[-1][2] == chain:
                low = segments.pop()[0]
            segments.append((low, high, chain))
    return tuple(segments)


def _classes(letter: CharacterSet, firsts: Sequence[int]) -> int:
    """A set of characters as a mask of classes, of which these are the first characters."""
    return sum(1 << cls for cls, first in enumerate(firsts) if first in letter)


def _after(progress: Progress, cls: int, word_classes: list[list[int]]) -> Progress:
    """The progress in the keywords after one more character."""
    depth, words = progress
    left = tuple(w for w in words if len(word_classes[w]) > depth and word_classes[w][depth] >> cls & 1)
    return (depth + 1, left) if left else NOTHING_LEFT
