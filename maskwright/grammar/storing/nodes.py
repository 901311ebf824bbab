"""The nodes of right parts as integers: one record for each, behind those of its parts, named by its number.

    LITERAL        begin, end                   of the texts, all in one array of bytes
    BYTE_CLASS     four words of 64 bits, the lowest first
    SEQUENCE       n, part * n
    CHOICE         n, part * n
    REPEAT         body, minimum, maximum or NONE
    CALL           name
    NETWORK        n states, n, (source, label, target) * n
    PERMUTATION    n, (head, tail) * n, n, required * n, separator, repeatable, minimum, maximum or NONE,
                   obligations, n, (node, n, obligation * n) * n
    DISTINCT       body
    DOCUMENT       body
    AUTOMATON      automaton, state, is it counted?, minimum, maximum or NONE
    LEXED          language, has it the empty text?
    TOKEN_SET      is it negated?, n, id * n, n, name * n

A node that occurs in several places is written once, and read back as one. As parts come first there are no circles,
and reading needs no recursion. Whatever is used as an index is checked, and so is how large a node is when every part
is counted where it occurs, for that is what the engine writes it out to.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any

from maskwright.grammar import ir
from maskwright.grammar.byte_automaton import ByteAutomaton
from maskwright.grammar.ir import Node
from maskwright.grammar.lexed_language import LexedLanguage
from maskwright.grammar.storing.automata import AutomatonWriter, check

NONE = -1
"""No maximum."""

MAX_SIZE = 1 << 24
"""The parts of one node, parts of parts included."""
MAX_DEPTH = 300
"""Parts inside each other, which others go through by recursion, up to three calls a level; front ends make dozens."""

(LITERAL, BYTE_CLASS, SEQUENCE, CHOICE, REPEAT, CALL, NETWORK, PERMUTATION, DISTINCT, DOCUMENT, AUTOMATON, LEXED,
 TOKEN_SET) = range(13)  # fmt: skip

_BITS = (1 << 64) - 1
_SIGN = 1 << 63


class NodeWriter:
    """Nodes met so far (mutable): their words, and what these refer to."""

    def __init__(self) -> None:
        self.words: list[int] = []
        self.texts = bytearray()
        self.names: dict[str, int] = {}
        self.called: list[str] = []  # each name once, in the order in which they were met
        self.languages: dict[LexedLanguage, int] = {}
        self.automata = AutomatonWriter()
        self._number_of: dict[int, int] = {}
        self._was_called: set[str] = set()
        self._nodes: list[Node] = []  # kept, so that no other node gets the identity of one that is gone

    def name(self, name: str) -> int:
        """The number of a name."""
        return self.names.setdefault(name, len(self.names))

    def call(self, name: str) -> int:
        """The number of the name of a rule, which is noted as one that is needed."""
        if name not in self._was_called:
            self._was_called.add(name)
            self.called.append(name)
        return self.name(name)

    def number(self, node: Node) -> int:
        """The number of a node, which is written if it is new."""
        known = self._number_of.get(id(node))
        if known is None:
            record = self._record(node)
            self.words += record
            known = self._number_of[id(node)] = len(self._nodes)
            self._nodes.append(node)
        return known

    def _numbers(self, nodes: Sequence[Node]) -> list[int]:
        return [len(nodes), *map(self.number, nodes)]

    def _record(self, node: Node) -> list[int]:
        match node:
            case ir.Literal(text):
                begin = len(self.texts)
                self.texts += text
                return [LITERAL, begin, len(self.texts)]
            case ir.ByteClass(mask):
                words = [(mask >> shift) & _BITS for shift in (0, 64, 128, 192)]
                return [BYTE_CLASS, *((word ^ _SIGN) - _SIGN for word in words)]
            case ir.Sequence(parts):
                return [SEQUENCE, *self._numbers(parts)]
            case ir.Choice(parts):
                return [CHOICE, *self._numbers(parts)]
            case ir.Repeat(body, minimum, maximum):
                return [REPEAT, self.number(body), minimum, _or_none(maximum)]
            case ir.Call(name):
                return [CALL, self.call(name)]
            case ir.Network(n_states, edges):
                written = [(source, self.number(label), target) for source, label, target in edges]
                return [NETWORK, n_states, len(edges), *(word for edge in written for word in edge)]
            case ir.Permutation():
                return [PERMUTATION, *self._permutation(node)]
            case ir.Distinct(body):
                return [DISTINCT, self.number(body)]
            case ir.Document(body):
                return [DOCUMENT, self.number(body)]
            case ir.Automaton(automaton, state, counter):
                counts = [0, 0, NONE] if counter is None else [1, counter[0], _or_none(counter[1])]
                return [AUTOMATON, self.automata.number(automaton), state, *counts]
            case ir.Lexed(language, has_empty):
                number = self.languages.setdefault(language, len(self.languages))
                return [LEXED, number, int(has_empty)]
        assert isinstance(node, ir.TokenSet), node
        names = [self.name(name) for name in node.names]
        return [TOKEN_SET, int(node.negated), len(node.ids), *node.ids, len(names), *names]

    def _permutation(self, node: ir.Permutation) -> list[int]:
        items = [self.number(part) for item in node.items for part in item]
        parts = [self.number(node.separator), self.number(node.repeatable)]
        markers = [[self.number(body), len(fulfils), *fulfils] for body, fulfils in node.markers]
        return [
            len(node.items), *items,
            len(node.required), *node.required,
            *parts, node.minimum, _or_none(node.maximum), node.n_obligations,
            len(markers), *(word for marker in markers for word in marker),
        ]  # fmt: skip


def _or_none(maximum: int | None) -> int:
    return NONE if maximum is None else maximum


@dataclass(slots=True)
class NodeReader:
    """Nodes read so far (mutable), and where the next record goes on; words that end too early are an IndexError."""

    words: list[int]
    texts: bytes
    names: Sequence[str]
    automata: Sequence[ByteAutomaton]
    languages: Sequence[LexedLanguage]
    nodes: list[Node] = field(default_factory=list)
    called: set[str] = field(default_factory=set)
    at: int = 0
    _sizes: list[int] = field(default_factory=list)
    _size: int = 0
    _depths: list[int] = field(default_factory=list)
    _depth: int = 0

    def read_all(self) -> list[Node]:
        """All nodes, by number; raises ValueError or IndexError where the words are none."""
        while self.at < len(self.words):
            kind = self.take()
            check(0 <= kind < len(_READERS), "a kind of node")
            self._size = self._depth = 1
            self.nodes.append(_READERS[kind](self))
            check(self._size <= MAX_SIZE, "the size of a node")
            check(self._depth <= MAX_DEPTH, "the nesting of a node")
            self._sizes.append(self._size)
            self._depths.append(self._depth)
        return self.nodes

    def take(self) -> int:
        """The next word."""
        word = self.words[self.at]
        self.at += 1
        return word

    def index(self, end: int, what: str) -> int:
        """The next word, which must be less than `end`."""
        word = self.take()
        check(0 <= word < end, what)
        return word

    def many(self) -> range:
        """As often as the next word says, which cannot be more than there are words."""
        return range(self.index(len(self.words), "a number of parts"))

    def part(self) -> Node:
        """A node that was read before."""
        number = self.index(len(self.nodes), "the number of a node")
        self._size += self._sizes[number]
        self._depth = max(self._depth, 1 + self._depths[number])
        return self.nodes[number]

    def bounds(self) -> tuple[int, int | None]:
        """A minimum and a maximum."""
        minimum, maximum = self.take(), self.take()
        check(minimum >= 0 and (maximum == NONE or maximum >= minimum), "a bound")
        return minimum, None if maximum == NONE else maximum


def _literal(reader: NodeReader) -> Node:
    begin, end = reader.take(), reader.take()
    check(0 <= begin < end <= len(reader.texts), "a text")
    return ir.Literal(reader.texts[begin:end])


def _byte_class(reader: NodeReader) -> Node:
    mask = sum((reader.take() & _BITS) << shift for shift in (0, 64, 128, 192))
    check(mask != 0, "a set of bytes")
    return ir.ByteClass(mask)


def _parts(reader: NodeReader) -> tuple[Node, ...]:
    return tuple([reader.part() for _ in reader.many()])


def _repeat(reader: NodeReader) -> Node:
    return ir.Repeat(reader.part(), *reader.bounds())


def _name(reader: NodeReader) -> str:
    return reader.names[reader.index(len(reader.names), "the number of a name")]


def _call(reader: NodeReader) -> Node:
    name = _name(reader)
    reader.called.add(name)
    return ir.Call(name)


def _network(reader: NodeReader) -> Node:
    n_states = reader.take()
    n_edges = reader.many()
    check(1 <= n_states <= len(n_edges) + 1, "the number of states")  # a state without an edge would have been trimmed
    edges = [(reader.index(n_states, "a state"), reader.part(), reader.index(n_states, "a state")) for _ in n_edges]
    return ir.Network(n_states, tuple(edges))


def _permutation(reader: NodeReader) -> Node:
    items = tuple([(reader.part(), reader.part()) for _ in reader.many()])
    required = tuple([reader.index(len(items), "an item") for _ in reader.many()])
    separator, repeatable = reader.part(), reader.part()
    bounds = reader.bounds()
    n_obligations = reader.index(len(reader.words), "the number of obligations")
    markers = tuple(
        [
            (reader.part(), tuple([reader.index(n_obligations, "an obligation") for _ in reader.many()]))
            for _ in reader.many()
        ]
    )
    fulfilled = {obligation for _, obligations in markers for obligation in obligations}
    check(len(fulfilled) == n_obligations, "the number of obligations")
    check(bounds[1] is None or len(required) + n_obligations <= bounds[1], "a bound")
    return ir.Permutation(items, required, separator, repeatable, *bounds, n_obligations, markers)


def _document(reader: NodeReader) -> Node:
    body = reader.part()
    check(isinstance(body, ir.Call), "the body of a document")
    assert isinstance(body, ir.Call)
    return ir.Document(body)


def _automaton(reader: NodeReader) -> Node:
    automaton = reader.automata[reader.index(len(reader.automata), "the number of an automaton")]
    state = reader.index(automaton.n_states, "a state")
    is_counted = reader.take()
    bounds = reader.bounds()
    return ir.Automaton(automaton, state, bounds if is_counted else None)


def _lexed(reader: NodeReader) -> Node:
    language = reader.languages[reader.index(len(reader.languages), "the number of a language")]
    return ir.Lexed(language, bool(reader.take()))


def _token_set(reader: NodeReader) -> Node:
    negated = bool(reader.take())
    ids = tuple([reader.take() for _ in reader.many()])
    names = tuple([_name(reader) for _ in reader.many()])
    return ir.TokenSet(ids, names, negated)


_READERS: tuple[Callable[[NodeReader], Any], ...] = (
    _literal,
    _byte_class,
    lambda reader: ir.Sequence(_parts(reader)),
    lambda reader: ir.Choice(_parts(reader)),
    _repeat,
    _call,
    _network,
    _permutation,
    lambda reader: ir.Distinct(reader.part()),
    _document,
    _automaton,
    _lexed,
    _token_set,
)
"""By kind."""
