"""The rules of a grammar as pictures: which rule calls which, and one rule as a transition network.

    rule_graph(grammar)               # a node for each rule, an edge for each rule that calls another
    rule_network(grammar, "value")    # the states of one rule; edges read a text, a class of bytes, or another rule

Rules are those that the front end made of the specification, before the engine's passes. Of a grammar with a lexer the
rules are those of its parser, and its terminals are boxes without rules below them.
"""

from __future__ import annotations

from typing import Final

from maskwright.errors import InvalidOption
from maskwright.grammar import ir
from maskwright.grammar.drawing.labels import bounds_label, label_of
from maskwright.grammar.drawing.picture import Edge, Node, Picture, Shape
from maskwright.grammar.ir import EPSILON, NOTHING, Grammar
from maskwright.grammar.lexed_language import LexedLanguage
from maskwright.grammar.rewriting import leaves
from maskwright.grammar.right_part_graph import drawn

MAX_NODES: Final = 60
"""More than this nobody sees anything in."""


def rule_graph(grammar: Grammar, *, max_nodes: int = MAX_NODES) -> Picture:
    """Which rules call which, from the start rule on; of more than `max_nodes` those nearest to it, and a note."""
    rules = _Rules(grammar)
    number = {grammar.start: 0}
    edges: list[Edge] = []
    is_whole = True
    for name in (todo := [grammar.start]):  # grows while it is read
        for callee in rules.called(name):
            if callee not in number:
                if len(number) >= max_nodes:
                    is_whole = False
                    continue
                number[callee] = len(number)
                todo.append(callee)
            edges.append(Edge(number[name], number[callee]))
    nodes = tuple(Node(name, Shape.BOX if name in rules.terminals else Shape.ELLIPSE) for name in number)
    note = "" if is_whole else f"the {len(number)} rules nearest to the start are shown"
    return Picture("rules", nodes, tuple(dict.fromkeys(edges)), note)


def rule_network(grammar: Grammar, rule: str | None = None, *, max_nodes: int = MAX_NODES) -> Picture:
    """The states of a rule (the start rule by default) and what leads from one to another; the last one ends it.

    A repetition is a loop with its bounds, members in any order are drawn once each around one state. Raises
    InvalidOption if the grammar has no such rule.
    """
    rules = _Rules(grammar)
    name = grammar.start if rule is None else rule
    rules.body(grammar.start)  # which may be a parser with rules of its own
    body = rules.body(name)
    if body is None:
        raise InvalidOption("rule", name, f"a rule of the grammar, such as '{grammar.start}'")
    network = _Network()
    final = network.state()
    network.draw(body, 0, final)
    return network.picture(name, final, max_nodes)


class _Rules:
    """The rules of a grammar, those of parsers with a lexer among them (mutable: it learns these as they come)."""

    def __init__(self, grammar: Grammar) -> None:
        self._given = grammar.rules
        self._of_parsers: dict[str, ir.Node] = {}
        self.terminals: set[str] = set()

    def body(self, name: str) -> ir.Node | None:
        """The right part of a rule; None for a terminal, and for what is no rule."""
        if name in self._of_parsers:
            return self._of_parsers[name]
        if name in self.terminals or name not in self._given:
            return None
        node = self._given[name]
        for leaf in leaves(node):
            if isinstance(leaf, ir.Lexed):
                self._learn(leaf.language)
        return self._of_parsers.get(name, node)

    def called(self, name: str) -> list[str]:
        """The rules and terminals that a rule calls, without repeats."""
        node = self.body(name)
        found: dict[str, None] = {}
        for leaf in leaves(node) if node is not None else []:
            if isinstance(leaf, ir.Call):
                found[leaf.name] = None
            elif isinstance(leaf, ir.Lexed):
                found[leaf.language.names[_start_symbol(leaf.language)]] = None
        return list(found)

    def _learn(self, language: LexedLanguage) -> None:
        """Take the rules of a parser."""
        bodies: dict[str, list[ir.Node]] = {}
        for rule, (_, head) in enumerate(language.rules.tolist()):
            symbols = language.rule_symbols[language.rule_start[rule] : language.rule_start[rule + 1]].tolist()
            calls = [ir.Call(language.names[symbol]) for symbol in symbols]
            bodies.setdefault(language.names[head], []).append(ir.sequence(*calls))
        self.terminals.update(language.names[1 : language.n_terminals])
        for name, alternatives in bodies.items():
            self._of_parsers.setdefault(name, ir.choice(*alternatives))


def _start_symbol(language: LexedLanguage) -> int:
    """The symbol that is the whole text: the one that leads from the start to the end of the parser."""
    begin, end = language.table_start[language.start_state : language.start_state + 2].tolist()
    rows: list[tuple[int, int]] = language.table[begin:end].tolist()
    return next(symbol for symbol, action in rows if action == 2 * language.end_state)


class _Network:
    """A transition network while it is drawn (mutable)."""

    def __init__(self) -> None:
        self.n_states = 1
        self.edges: list[tuple[int, str, int]] = []

    def state(self) -> int:
        self.n_states += 1
        return self.n_states - 1

    def draw(self, node: ir.Node, source: int, target: int) -> None:
        """Let what the node reads lead from one state to another."""
        graph = drawn(node, "drawing")
        states = [source, *(self.state() for _ in graph.edges[1:])]
        states[graph.final] = target
        for number, leaving in enumerate(graph.edges):
            for label, following in leaving:
                self._edge(states[number], label, states[following])

    def _edge(self, source: int, label: ir.Node, target: int) -> None:
        match label:
            case ir.Repeat(body, minimum, maximum) if not isinstance(body, ir.Literal | ir.ByteClass):
                begin, end = self.state(), self.state()
                self.edges.append((source, "", begin))
                self.draw(body, begin, end)
                self.edges.append((end, f"again {bounds_label(minimum, maximum)}", begin))
                self.edges.append((end, "", target))
                if not minimum:
                    self.edges.append((source, "", target))
            case ir.Permutation():
                self._members(label, source, target)
            case ir.Distinct(body) | ir.Document(body) if not isinstance(body, ir.Call | ir.Automaton):
                self.draw(body, source, target)
            case _:
                self.edges.append((source, "" if label == EPSILON else label_of(label), target))

    def _members(self, node: ir.Permutation, source: int, target: int) -> None:
        """Members in any order: each from one state to another, and a separator back."""
        choose, after = self.state(), self.state()
        self.edges.append((source, "", choose))
        for number, (head, tail) in enumerate(node.items):
            optional = "" if number in node.required else " ?"
            self.edges.append((choose, f"{label_of(head)} {label_of(tail)}{optional}", after))
        for body in (node.repeatable, *(marked for marked, _ in node.markers)):
            if body != NOTHING:
                self.edges.append((choose, f"{label_of(body)} *", after))
        self.edges.append((after, label_of(node.separator), choose))
        self.edges.append((after, "", target))

    def picture(self, name: str, final: int, max_nodes: int) -> Picture:
        """Without states that only lead on for free; the labels of parallel edges lie one above the other."""
        edges = _without_detours(self.edges, final)
        number = {0: 0}
        for state in (todo := [0]):  # grows while it is read
            for source, _, target in edges:
                if source == state and target not in number:
                    number[target] = len(number)
                    todo.append(target)
        shown = {state for state, place in number.items() if place < max_nodes}
        labels: dict[tuple[int, int], list[str]] = {}
        for source, label, target in edges:
            if source in shown and target in shown:
                labels.setdefault((number[source], number[target]), []).append(label or "ε")
        nodes = tuple(Node("", Shape.ELLIPSE, state == final) for state in number if state in shown)
        note = "" if len(shown) == len(number) else f"{len(number)} states, of which {len(shown)} are shown"
        return Picture(name, nodes, tuple(Edge(*pair, "\n".join(labels[pair])) for pair in sorted(labels)), note)


def _without_detours(edges: list[tuple[int, str, int]], final: int) -> list[tuple[int, str, int]]:
    """The same network without states that only lead on for free."""
    while True:
        leaving: dict[int, list[tuple[int, str, int]]] = {}
        for edge in edges:
            leaving.setdefault(edge[0], []).append(edge)
        detour = next(
            (
                state
                for state, ways in leaving.items()
                if state not in (0, final) and len(ways) == 1 and not ways[0][1] and ways[0][2] != state
            ),
            None,
        )
        if detour is None:
            return list(dict.fromkeys(edges))
        behind = leaving[detour][0][2]
        edges = [(one, label, behind if other == detour else other) for one, label, other in edges if one != detour]
