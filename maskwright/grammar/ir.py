"""The intermediate form of every grammar: nonterminals whose right parts are regular expressions over bytes.

A `Grammar` maps names to nodes. A node denotes a set of byte strings:

    Literal(b"abc")             the one string
    ByteClass(mask)             one byte b with bit b of `mask` set
    Sequence((x, y, ...))       concatenation; `EPSILON` is the empty sequence
    Choice((x, y, ...))         union; `NOTHING` is the empty choice
    Repeat(x, m, n)             between m and n times x; n = None means without end
    Call(name)                  whatever the rule `name` denotes
    Permutation(items, ...)     items in any order, each at most once, with a separator between them; how many may count
    Distinct(x)                 a JSON value of x that none of its earlier siblings in the text is equal to
    Document(Call(name))        the same as the call: a JSON text of its own, within which siblings are found
    Network(n, edges)           a graph: all paths from state 0 to state n - 1, each edge labelled with a node
    Automaton(dfa, state, ...)  what a byte automaton accepts from `state`, optionally counting its units
    Lexed(language, ...)        what a lexer and an LR parser accept together (a Lark grammar with lark's lexer)
    TokenSet(...)               one special token of the vocabulary, taken as a whole

Why regular right parts: recognition needs no parse trees, so a pass may rewrite freely while the language stays.
Why `Network`: an object with n optional members is a graph of 2n states but a regular expression of n*n.
Why not character classes: everything below works on bytes; `grammar.characters` spells characters as bytes.

Build nodes with the functions at the end (`sequence`, `choice`, `repeat`, ...): they keep nodes simple (no nested
sequences, no empty parts, adjacent literals joined), so that passes have few cases. Nodes are immutable and may be
shared; equal nodes compare equal.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any

from maskwright.grammar.byte_automaton import ByteAutomaton
from maskwright.grammar.kept_hash import KeepsHash, record
from maskwright.grammar.lexed_language import LexedLanguage
from maskwright.grammar.report import Report

if TYPE_CHECKING:
    from referencing import Registry

    from maskwright.grammar.characters import CharacterAutomaton
    from maskwright.grammar.json_schema import JSONSchemaOptions


class Node(KeepsHash):
    """The base of all kinds of node; never built itself."""

    __slots__ = ()


@record
class Literal(Node):
    """One byte string, never empty."""

    text: bytes


@record
class ByteClass(Node):
    """One byte out of a set: bit b of `mask` says whether byte b belongs to it; never empty."""

    mask: int


@record
class Sequence(Node):
    """The parts one after the other."""

    parts: tuple[Node, ...]


@record
class Choice(Node):
    """Any one of the parts."""

    parts: tuple[Node, ...]


@record
class Repeat(Node):
    """At least `minimum` and at most `maximum` (None: any number of) times the body."""

    body: Node
    minimum: int
    maximum: int | None


@record
class Call(Node):
    """The language of the rule called `name`."""

    name: str


@record
class Network(Node):
    """All paths from state 0 to state `n_states - 1`; an edge is (source, label, target)."""

    n_states: int
    edges: tuple[tuple[int, Node, int], ...]


@record
class Permutation(Node):
    """One or more entries in any order, `separator` between two of them: at least `minimum`, at most `maximum`.

    An entry is an item, `repeatable` or a marker. Item i is `items[i] = (head, tail)`, one after the other; each occurs
    at most once, those in `required` must occur. `repeatable` may occur any number of times; `NOTHING` if there is no
    such thing. A marker `(node, obligations)` may occur like it, and fulfils the obligations listed, numbers below
    `n_obligations`: all of them must be fulfilled in the end, by markers alone. No part matches the empty string.

    Whoever builds one promises that the counts can be met, for the machine looks ahead no further than the required
    items and the obligations: there is an entry at all; there are `minimum` entries (items, or something that repeats);
    with a maximum every marker fulfils a single obligation, and there is room for all of these and the required items.

    Why a node of its own: n items have 2**n sets of items already seen, which the engine keeps as a set in the frame.
    """

    items: tuple[tuple[Node, Node], ...]
    required: tuple[int, ...]
    separator: Node
    repeatable: Node
    minimum: int = 0
    maximum: int | None = None
    n_obligations: int = 0
    markers: tuple[tuple[Node, tuple[int, ...]], ...] = ()

    @property
    def parts(self) -> tuple[Node, ...]:
        """Every node it is made of."""
        entries = [part for item in self.items for part in item]
        return (self.separator, self.repeatable, *entries, *(node for node, _ in self.markers))

    def mapped(self, change: Callable[[Node], Node]) -> Permutation:
        """The same with every part changed, even where that breaks the promises above."""
        return replace(
            self,
            items=tuple((change(head), change(tail)) for head, tail in self.items),
            separator=change(self.separator),
            repeatable=change(self.repeatable),
            markers=tuple((change(node), obligations) for node, obligations in self.markers),
        )


@record
class Distinct(Node):
    """A JSON value that differs from all earlier siblings: what `body` matches is exactly one value or one name.

    The siblings of an item are the items before it in its array, those of a name the names before it in its object;
    they are compared as JSON values (`matching._json_reader`). A member's value has no siblings.

    Contracts. Such a node lies within a `Document`, or else the whole text of the grammar is one JSON text (blanks
    around it are fine): the siblings are found in the text itself. The body matches no blanks around the value, no
    empty string, and no special token.
    After every proper prefix of the body, infinitely many different values can still follow: an end is refused when
    the value has been read, and there must always be another one to go on to, whatever came before. (A finite
    language is written as the items of a `Permutation`.) No body matches a value that the grammar also allows as an
    earlier sibling without `Distinct`: such a repetition may go unnoticed.
    """

    body: Node


@record
class Document(Node):
    """A JSON text within a larger text: what `body`, a call, matches is one JSON value.

    The values in it that must differ from their siblings (`Distinct`) have only siblings that lie within it. Two
    documents that are both in progress at one point of a text, begun at different places, cannot be told apart there:
    a question that is asked then is refused with an error (`LimitExceeded`) when the text has got there.
    """

    body: Call


@record
class Automaton(Node):
    """What `automaton` accepts from `state`.

    With `counter = (minimum, maximum)`, only strings whose number of units (see `ByteAutomaton.edge_unit`) lies in
    that range; `maximum` None means no upper end. Whoever writes a counter promises that every text it lets through
    can be completed within the range (as with one character a unit, where any state may close or go on): the passes do
    not look into automata, and a counter that breaks this leads into a dead end.
    """

    automaton: ByteAutomaton
    state: int = 0
    counter: tuple[int, int | None] | None = None


@record
class Lexed(Node):
    """The texts of a lexed language; `has_empty` says whether the empty one counts, which it must have for that.

    It has a text that is not empty.
    """

    language: LexedLanguage
    has_empty: bool


@record
class TokenSet(Node):
    """One special token taken whole: those listed by id or name, or with `negated` any token except those."""

    ids: tuple[int, ...] = ()
    names: tuple[str, ...] = ()
    negated: bool = False


EPSILON = Sequence(())
NOTHING = Choice(())


@dataclass(frozen=True, slots=True)
class Grammar:
    """Rules by name, and the name to start from.

    `rules` may compute a right part when it is first asked for; iterating over it yields every name that exists.
    `is_prepared` promises what `automata.passes.prepare` would otherwise establish: every rule is productive, no rule
    derives the empty string, and there is no left recursion. `report` says what was restricted or only noted.
    `is_document`: is the whole text one JSON text, so that it becomes a `Document` within others?

    Grammars combine: `a | b` has the texts of both, `a + b` a text of each, `a & pattern` those of `a` that a regular
    expression matches as a whole, `a - pattern` the others (`composition`, `regular_product`). Make one with
    `from_...`, and compile it with `maskwright.Compiler.compile_grammar`.
    """

    start: str
    rules: Mapping[str, Node]
    is_prepared: bool = False
    report: Report = field(default=Report())
    is_document: bool = False

    def __reduce__(self) -> tuple[object, ...]:
        """Pickled with all its rules, those included that would only be computed when they are asked for."""
        from maskwright.grammar.storing.whole import restored, stored

        if self.is_prepared:
            return restored, (stored(self),)
        rules = {name: self.rules[name] for name in list(self.rules)}
        return type(self), (self.start, rules, False, self.report, self.is_document)

    @classmethod
    def from_text(cls, text: str) -> Grammar:
        """The one text."""
        return cls("root", {"root": literal(text.encode())})

    @classmethod
    def from_regex(cls, pattern: str) -> Grammar:
        """The texts that a regular expression in Python's syntax matches as a whole (docs/regex.md)."""
        from maskwright.grammar.regex import regex_grammar

        return regex_grammar(pattern)

    @classmethod
    def from_json_schema(
        cls, schema: object, options: JSONSchemaOptions | None = None, registry: Registry[Any] | None = None
    ) -> Grammar:
        """The JSON texts of the values that satisfy a schema (docs/json_schema.md)."""
        from maskwright.grammar.json_schema import json_schema_grammar

        return json_schema_grammar(schema, options, registry)

    @classmethod
    def from_gbnf(cls, text: str, start: str = "root") -> Grammar:
        """A grammar in llama.cpp's notation (docs/gbnf.md)."""
        from maskwright.grammar.gbnf import gbnf_grammar

        return gbnf_grammar(text, start)

    @classmethod
    def from_lark(cls, text: str, start: str = "start", **options: Any) -> Grammar:
        """A grammar in Lark's notation (`maskwright.grammar.lark.lark_grammar`, which takes the same options)."""
        from maskwright.grammar.lark import lark_grammar

        return lark_grammar(text, start=start, **options)

    @classmethod
    def from_ebnf(cls, text: str, **options: Any) -> Grammar:
        """A grammar in a dialect of EBNF (`maskwright.grammar.ebnf.ebnf_grammar`, which takes the same options)."""
        from maskwright.grammar.ebnf import ebnf_grammar

        return ebnf_grammar(text, **options)

    @classmethod
    def from_function_signatures(
        cls,
        functions: Iterable[object],
        options: JSONSchemaOptions | None = None,
        registry: Registry[Any] | None = None,
    ) -> Grammar:
        """One call of one of the functions: `{"name": ..., "arguments": {...}}` (`function_signatures`)."""
        from maskwright.grammar.function_signatures import function_call_schema

        return cls.from_json_schema(function_call_schema(functions), options, registry)

    @classmethod
    def from_structural_tag(cls, spec: str | Mapping[str, Any], **options: Any) -> Grammar:
        """A structural tag, as servers write tool calls (`structural_tags.structural_tag_grammar`, same options)."""
        from maskwright.grammar.structural_tags import structural_tag_grammar

        return structural_tag_grammar(spec, **options)

    def __or__(self, other: Grammar) -> Grammar:
        if not isinstance(other, Grammar):
            return NotImplemented
        from maskwright.grammar.composition import union

        return union([self, other])

    def __add__(self, other: Grammar) -> Grammar:
        if not isinstance(other, Grammar):
            return NotImplemented
        from maskwright.grammar.composition import concatenation

        return concatenation([self, other])

    def repeat(self, minimum: int = 0, maximum: int | None = None) -> Grammar:
        """Between `minimum` and `maximum` texts, one after the other; None: any number."""
        from maskwright.grammar.composition import repetition

        return repetition(self, minimum, maximum)

    def optional(self) -> Grammar:
        """A text, or nothing."""
        return self.repeat(0, 1)

    def __and__(self, regular: str | CharacterAutomaton) -> Grammar:
        from maskwright.grammar.regular_product import intersection

        return intersection(self, regular)

    def __sub__(self, regular: str | CharacterAutomaton) -> Grammar:
        from maskwright.grammar.regular_product import difference

        return difference(self, regular)


def literal(text: bytes) -> Node:
    """`literal(b"ab")` -> `Literal(b"ab")`; of nothing -> `EPSILON`."""
    return Literal(text) if text else EPSILON


def byte_class(members: Iterable[int]) -> Node:
    """`byte_class(range(48, 58))` -> a digit; of nothing -> `NOTHING`."""
    mask = 0
    for byte in members:
        mask |= 1 << byte
    return ByteClass(mask) if mask else NOTHING


def byte_range(low: int, high: int) -> Node:
    """One byte from `low` to `high`, both included."""
    return ByteClass((1 << high + 1) - (1 << low))


def sequence(*parts: Node) -> Node:
    """The parts one after the other, flattened; `NOTHING` anywhere makes the whole `NOTHING`."""
    flat: list[Node] = []
    for part in parts:
        for item in part.parts if isinstance(part, Sequence) else (part,):
            if isinstance(item, Literal):
                if flat and isinstance(flat[-1], Literal):
                    flat[-1] = Literal(flat[-1].text + item.text)
                    continue
            elif isinstance(item, Choice) and not item.parts:
                return NOTHING
            flat.append(item)
    return flat[0] if len(flat) == 1 else Sequence(tuple(flat))


def choice(*parts: Node) -> Node:
    """Any one of the parts, flattened, without repeats."""
    flat: dict[Node, None] = {}
    for part in parts:
        for item in part.parts if isinstance(part, Choice) else (part,):
            flat[item] = None
    return next(iter(flat)) if len(flat) == 1 else Choice(tuple(flat))


def distinct(body: Node) -> Node:
    """The body, different from all its earlier siblings; `NOTHING` stays what it is."""
    return NOTHING if body == NOTHING else Distinct(body)


def document(body: Node) -> Node:
    """The body as a JSON text of its own; alternatives become one each, and what asks no questions stays as it is."""
    match body:
        case Call():
            return Document(body)
        case Choice(parts):
            return choice(*map(document, parts))
    assert isinstance(body, Literal | ByteClass | Automaton | Document | Sequence), body
    return body


def optional(body: Node) -> Node:
    """The body or nothing at all."""
    return choice(EPSILON, body)


def repeat(body: Node, minimum: int = 0, maximum: int | None = None) -> Node:
    """Between `minimum` and `maximum` times the body; `maximum` None means without end."""
    assert minimum >= 0 and (maximum is None or maximum >= minimum)
    if body == NOTHING:
        return EPSILON if minimum == 0 else NOTHING
    if body == EPSILON or maximum == 0:
        return EPSILON
    if maximum == 1:
        return body if minimum == 1 else optional(body)
    return Repeat(body, minimum, maximum)
