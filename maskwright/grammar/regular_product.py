"""Intersection and difference of a grammar with a regular language, exactly and without dead ends.

    Grammar.from_gbnf(text) & r"[a-z ]{,200}"            only the texts that the pattern matches as a whole
    Grammar.from_gbnf(text) - r".*(DROP|DELETE).*"       only the others

Idea (Bar-Hillel, Perles and Shamir 1961). The regular language becomes a deterministic automaton over bytes. A rule A
of the product is a rule A of the grammar together with a state p to begin in and a state q to end in: the strings of A
that lead the automaton from p to q. Which (A, p, q) exist is found by a worklist, as an Earley parser finds items: a
right part is a graph (`right_part_graph`), a place in it is (A, p, node of the graph, state of the automaton), and a
call of B in state r waits for the ends of (B, r); repetitions and permutations are looked into like rules. So only what
can be reached is looked at, and only what can be finished is kept; a right part becomes a `Network`.

Where the automaton is in a state from which it accepts everything, the grammar's own rules go on as they are, whatever
kinds of node they hold. So `a - pattern` of a large schema copies only what comes before the pattern is decided.

Cost: polynomial; at most places * states of the automaton, limited by MAX_PLACES. Kinds of node that are more than sets
of strings are exact or refused (`right_part_graph`, `leaf_product`).
Rejected: intersecting while the text is read (a state of the automaton in each configuration), which finds dead ends
only when it is in one.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from maskwright.errors import EmptyLanguage, LimitExceeded
from maskwright.grammar import ir
from maskwright.grammar.byte_table import START, ByteTable, table_of_language, table_of_text
from maskwright.grammar.characters import CharacterAutomaton, match_language
from maskwright.grammar.composition import ComposedRules, Part, in_part
from maskwright.grammar.ir import EPSILON, Call, Document, Grammar, Network, Node
from maskwright.grammar.leaf_product import LeafProducts, LeavesOfText
from maskwright.grammar.right_part_graph import RightPart, drawn, opened
from maskwright.grammar.text_rules import is_of_texts

MAX_PLACES = 1_000_000
"""(Rule, state to begin in, node of its graph, state) that are looked at: some ten seconds, a gigabyte."""


def intersection(grammar: Grammar, regular: str | CharacterAutomaton) -> Grammar:
    """The texts of the grammar that the pattern matches as a whole, or that are members of the language.

    Raises EmptyLanguage, LimitExceeded, and UnsupportedComposition for constructs whose product is not exact.
    """
    table = table_of_language(_language(regular), of_texts=is_of_texts(grammar))
    return restricted(grammar, table, "An intersection with a regular language")


def difference(grammar: Grammar, regular: str | CharacterAutomaton) -> Grammar:
    """The texts of the grammar that the pattern does not match as a whole; also such as are no UTF-8."""
    table = table_of_language(_language(regular), of_texts=is_of_texts(grammar)).complement()
    return restricted(grammar, table, "A difference with a regular language")


def has_text(grammar: Grammar, text: bytes) -> bool:
    """Is a text, which is not empty, a member of the grammar?

    Raises LimitExceeded, and UnsupportedComposition for constructs that are no sets of strings.
    """
    operation = "Reading a text"
    table = table_of_text(text)
    search = _Product(grammar.rules, table, operation, True, LeavesOfText(text, table, operation))
    return bool(search.ends_of(Call(grammar.start)))


def _language(regular: str | CharacterAutomaton) -> CharacterAutomaton:
    return match_language(regular) if isinstance(regular, str) else regular


def restricted(grammar: Grammar, table: ByteTable, operation: str) -> Grammar:
    """The texts of the grammar that a table accepts; `operation` names what is done in the errors, as above."""
    given = grammar.rules
    is_composed = isinstance(given, ComposedRules)
    search = _Product(given, table, operation, is_composed, LeafProducts(table, operation))
    rules = search.rules_from(Call(grammar.start))
    if rules is None:
        raise EmptyLanguage(f"{operation.lower()} leaves no text of rule '{grammar.start}'")
    if isinstance(given, ComposedRules):
        composed = ComposedRules({**given.own, **rules}, given.parts)
    else:
        composed = ComposedRules(rules, [Part(given, grammar.is_prepared)])
    return Grammar("product", composed, report=grammar.report, is_document=grammar.is_document)


_Entry = tuple[Node, int]
"""A call, a repetition or a permutation, and the state of the automaton that it begins in."""

_Point = tuple[int, int]
"""A node of a graph and a state of the automaton."""

_Label = Node | tuple[Node, int, int]
"""Of an edge: a node, or what is to be called: an entry and the state in which it ends."""


@dataclass(slots=True)
class _Visit:
    """What is known of an entry (mutable): edges[point] lead to it, as (point before, label, is it a document?)."""

    graph: RightPart | None
    """None where the automaton accepts everything: the node stays as it is."""
    edges: dict[_Point, list[tuple[_Point, _Label, bool]]] = field(default_factory=dict)
    ends: dict[int, None] = field(default_factory=dict)
    """The states of the automaton in which it can end."""
    callers: list[tuple[_Entry, _Point, int, bool]] = field(default_factory=list)
    """Who waits for the ends: entry, point before the call, node behind it, is it called as a document?"""


class _Product:
    """The worklist and what it has found (mutable)."""

    def __init__(
        self,
        rules: Mapping[str, Node],
        table: ByteTable,
        operation: str,
        is_composed: bool,
        leaves: LeafProducts | LeavesOfText,
    ) -> None:
        self.rules = rules
        self.table = table
        self.operation = operation
        self.is_composed = is_composed
        self.visits: dict[_Entry, _Visit] = {}
        self.leaves = leaves
        self.todo: list[tuple[_Entry, _Point]] = []
        self.n_places = 0
        self.names: dict[tuple[Node, int, int], str] = {}

    def rules_from(self, start: Node) -> dict[str, Node] | None:
        """The rules of the product, that named `product` first; None if no text is left."""
        ends = self.ends_of(start)
        if not ends:
            return None
        wanted: list[tuple[Node, int, int]] = []
        first = ir.choice(*[self._label((start, START, end), False, wanted) for end in ends])
        rules: dict[str, Node] = {"product": first}
        for key in wanted:  # grows while it is read
            rules[self.names[key]] = self._network(*key, wanted)
        return rules

    def ends_of(self, start: Node) -> list[int]:
        """The states in which the texts of a node can end that the table accepts there."""
        visit = self._enter((start, START))
        while self.todo:
            self._follow(*self.todo.pop())
        return [state for state in visit.ends if self.table.accepting[state]]

    def _enter(self, entry: _Entry) -> _Visit:
        visit = self.visits.get(entry)
        if visit is None:
            node, state = entry
            if state in self.table.universal:
                visit = self.visits[entry] = _Visit(None, ends={state: None})
                return visit
            if isinstance(node, Call):
                graph = drawn(self.rules[node.name], self.operation)
            else:
                graph = opened(node, self.operation)
            visit = self.visits[entry] = _Visit(graph)
            self._reach(entry, (0, state))
        return visit

    def _reach(self, entry: _Entry, point: _Point) -> list[tuple[_Point, _Label, bool]]:
        """A point can be reached; the edges to it that are known so far."""
        edges = self.visits[entry].edges
        if point not in edges:
            self.n_places += 1
            if self.n_places > MAX_PLACES:
                raise LimitExceeded(self.operation, asked=self.n_places, allowed=MAX_PLACES)
            edges[point] = []
            self.todo.append((entry, point))
        return edges[point]

    def _follow(self, entry: _Entry, point: _Point) -> None:
        """Everything that leads on from a point."""
        visit = self.visits[entry]
        assert visit.graph is not None, "a node that stays as it is has no points"
        node, state = point
        if node == visit.graph.final:
            visit.ends[state] = None
            for caller, before, behind, is_document in visit.callers:
                self._reach(caller, (behind, state)).append((before, (*entry, state), is_document))
            return
        for label, behind in visit.graph.edges[node]:
            is_document = isinstance(label, Document)
            called = label.body if isinstance(label, Document) else label
            if label == EPSILON:
                self._reach(entry, (behind, state)).append((point, EPSILON, False))
            elif isinstance(called, Call | ir.Repeat | ir.Permutation):
                callee = self._enter((called, state))
                callee.callers.append((entry, point, behind, is_document))
                for end in list(callee.ends):
                    self._reach(entry, (behind, end)).append((point, (called, state, end), is_document))
            elif state in self.table.universal:
                self._reach(entry, (behind, state)).append((point, (label, state, state), False))
            else:
                for made, end in self.leaves.product(label, state):
                    self._reach(entry, (behind, end)).append((point, made, False))

    def _network(self, node: Node, begin: int, end: int, wanted: list[tuple[Node, int, int]]) -> Node:
        """The right part of one rule of the product; what it calls is added to `wanted`."""
        visit = self.visits[node, begin]
        assert visit.graph is not None
        last = (visit.graph.final, end)
        live = {last: 0}
        order = [last]
        edges: list[tuple[_Point, Node, _Point]] = []
        for point in order:  # whatever is found going backward can be finished, and was found going forward
            for before, label, is_document in visit.edges[point]:
                edges.append((before, self._label(label, is_document, wanted), point))
                if before not in live:
                    live[before] = len(live)
                    order.append(before)
        # State 0 is where the rule begins, the last one where it ends, and nothing leads on from there.
        first = (0, begin)
        others = [point for point in order if point not in (first, last)]
        number = {first: 0} | {point: 1 + place for place, point in enumerate(others)}
        final = len(number)
        number.setdefault(last, final)
        return Network(final + 1, tuple([(number[one], label, number[other]) for one, label, other in edges]))

    def _label(self, label: _Label, is_document: bool, wanted: list[tuple[Node, int, int]]) -> Node:
        """The node on an edge of the product."""
        if not isinstance(label, tuple):
            return label
        node, begin, end = label
        if begin in self.table.universal:
            kept = node if self.is_composed else in_part(node, 0)
            return ir.document(kept) if is_document else kept
        name = self.names.get(label)
        if name is None:
            kind = node.name if isinstance(node, Call) else type(node).__name__.lower()
            name = self.names[label] = f"{kind} ({begin} to {end}) #{len(self.names)}"
            wanted.append(label)
        return Document(Call(name)) if is_document else Call(name)
