"""From the intermediate form to productions: any grammar of any front end, over bytes.

A byte is the character of the same number. Members in any order are 2**n sets: written out is one order of those that
must occur, with all others around them, which keeps what derives a text and what is used; the search for ambiguity
leaves such parts out. Automata are known by some of their texts, lexed languages by none. Recursion goes no deeper
than in the passes over nodes: the front ends keep nodes shallow.
"""

from __future__ import annotations

from maskwright.errors import GrammarSyntaxError
from maskwright.grammar.byte_automaton import BEGINS_UNIT, CLOSES, ByteAutomaton
from maskwright.grammar.characters.character_set import character_set
from maskwright.grammar.ir import (
    NOTHING,
    Automaton,
    ByteClass,
    Call,
    Choice,
    Distinct,
    Document,
    Grammar,
    Lexed,
    Literal,
    Network,
    Node,
    Permutation,
    Repeat,
    Sequence,
    TokenSet,
)
from maskwright.grammar.lint.building import Building
from maskwright.grammar.lint.subject import Body, Notation, OneOf, Some, Subject, Word, whole_token

MAX_SAMPLES = 4
MAX_SAMPLE_STEPS = 4_000
"""Texts of an automaton that are tried, and edges that are followed to find them."""


def subject_of_grammar(grammar: Grammar) -> Subject:
    """A grammar in the intermediate form as a subject."""
    lowering = _Lowering()
    made = lowering.made
    names = dict.fromkeys((grammar.start, *grammar.rules))
    todo = list(names)
    for name in todo:  # grows: rules may come into being when a right part that calls them is first looked at
        if name not in grammar.rules:
            raise GrammarSyntaxError(f"rule '{name}' is used but not defined", "", 0)
        made.productions[name] = tuple(lowering.alternatives(grammar.rules[name], name))
        called = [callee for callee in lowering.called if callee not in names]
        names.update(dict.fromkeys(called))
        todo += dict.fromkeys(called)
        lowering.called = []
    cut = frozenset(made.cut)
    return Subject(Notation.NONE, grammar.start, made.productions, tuple(names), made.owners, made.loops, cut)


class _Lowering:
    def __init__(self) -> None:
        self.made = Building()
        self.called: list[str] = []

    def alternatives(self, node: Node, owner: str) -> list[Body]:
        """The alternatives of a node."""
        if isinstance(node, Choice):
            return [self.body(part, owner) for part in node.parts]
        return [self.body(node, owner)]

    def body(self, node: Node, owner: str) -> Body:
        """The node as a sequence of symbols."""
        match node:
            case Literal(text):
                return (Word(text.decode("latin-1")),)
            case ByteClass(mask):
                return (OneOf(character_set((byte, byte) for byte in range(256) if mask >> byte & 1)),)
            case Call(name):
                self.called.append(name)
                return (name,)
            case Sequence(parts):
                return tuple(symbol for part in parts for symbol in self.body(part, owner))
            case Choice():
                return self.made.choice(owner, self.alternatives(node, owner)) if node.parts else self._nothing(owner)
            case Repeat(body, minimum, maximum):
                return self.made.repetition(owner, self.body(body, owner), minimum, maximum)
            case Distinct(body) | Document(body):
                return self.body(body, owner)
            case Lexed(_, has_empty):
                return (Some(("",) if has_empty else ()),)
            case Network():
                return self._network(node, owner)
            case Permutation():
                return self._permutation(node, owner)
            case Automaton():
                return (Some(_some_texts(node)),)
            case TokenSet(ids, names, negated):
                return (whole_token(ids, names, negated),)
        raise AssertionError(node)

    def _nothing(self, owner: str) -> Body:
        return (self.made.helper(owner),)

    def _network(self, network: Network, owner: str) -> Body:
        """A nonterminal for each state: what can be read from there to the end."""
        names = [self.made.helper(owner) for _ in range(network.n_states)]
        bodies: list[list[Body]] = [[] for _ in names]
        bodies[-1].append(())
        for source, label, target in network.edges:
            for body in self.alternatives(label, owner):
                bodies[source].append((*body, names[target]))
        for name, alternatives in zip(names, bodies, strict=True):
            self.made.productions[name] = tuple(alternatives)
        return (names[0],)

    def _permutation(self, node: Permutation, owner: str) -> Body:
        """The required items and a marker for each obligation, one after the other, then anything else."""
        separator = self.body(node.separator, owner)
        items = [(*self.body(head, owner), *self.body(tail, owner)) for head, tail in node.items]
        markers = [(self.body(marker, owner), fulfilled) for marker, fulfilled in node.markers]
        repeatable = [] if node.repeatable == NOTHING else [self.body(node.repeatable, owner)]
        entry = self.made.helper(owner, [*items, *repeatable, *(marker for marker, _ in markers)])
        needed: list[Body] = [items[place] for place in node.required]
        for obligation in range(node.n_obligations):
            ways = [marker for marker, fulfilled in markers if obligation in fulfilled]
            marked = self.made.helper(owner, ways)
            needed.append((marked,))
            self.made.cut.add(marked)
        chain = needed or [(entry,)]
        joined = chain[0]
        for part in chain[1:]:
            joined = (*joined, *separator, *part)
        more = self.made.helper(owner)
        self.made.productions[more] = ((), (*separator, entry, more))
        whole = self.made.helper(owner, [(*joined, more)])
        self.made.cut.update((whole, entry, more))
        return (whole,)


def _some_texts(node: Automaton) -> tuple[str, ...]:
    """Some shortest texts of an automaton within its counter, found breadth first; fewer if the search is cut."""
    least, greatest = node.counter or (0, None)
    level: list[tuple[str, ByteAutomaton, int, int]] = [("", node.automaton, node.state, 0)]
    found: list[str] = []
    steps = 0
    for text, automaton, state, units in level:
        if automaton.accepting[state] and units >= least:
            found.append(text)
            if len(found) == MAX_SAMPLES:
                break
        if steps > MAX_SAMPLE_STEPS:
            continue
        for byte in range(256):
            after = automaton.successor(state, byte)
            if after is None or (after[2] == CLOSES and units < least):
                continue
            counted = units + (after[2] == BEGINS_UNIT)
            if greatest is not None and counted > greatest:
                continue
            steps += 1
            level.append((text + chr(byte), after[0], after[1], counted))
    return tuple(found)
