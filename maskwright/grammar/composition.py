"""Grammars made of grammars: union, sequence, repetition, with the rules of all operands side by side.

    (Grammar.from_text("answer: ") + Grammar.from_json_schema(schema)).optional()

Idea. The result has a few rules of its own, and keeps the rules of its *parts* (what front ends have made) as they are:
rule `name` of part i is called `name [i]` in it and is renamed when it is first asked for. So nothing is copied, a JSON
Schema of 3 MB still costs only the rules that a text reaches, and names cannot clash. A part that occurs twice is there
once. What front ends have prepared stays prepared (`automata.passes` looks only at the rest).

A grammar whose whole text is one JSON text (`Grammar.is_document`) becomes a `Document` here, so that names and items
that must differ are compared within it. Its scalars ask nothing, and the blanks around it are no part of it: they stay
outside, so that the next document may begin right after them.
Cost: linear in the number of operands. Rejected: to rename all rules at once (it would compute lazy ones).
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass

from maskwright.grammar import ir
from maskwright.grammar.ir import Call, Document, Grammar, Node
from maskwright.grammar.report import Deferred, Report
from maskwright.grammar.rewriting import called_names, map_calls
from maskwright.grammar.schema_places import has_distinct_items, schema_pointers

MAX_UNIONS_ENTERED = 8
"""How many rules deep alternatives of a whole JSON text are looked for, to leave scalars outside of documents."""


@dataclass(frozen=True, slots=True, eq=False)
class Part:
    """The rules of one front end's grammar."""

    rules: Mapping[str, Node]
    is_prepared: bool


class ComposedRules(Mapping[str, Node]):
    """Rules of their own, and those of parts under new names (mutable only in what it remembers)."""

    def __init__(self, own: Mapping[str, Node], parts: Sequence[Part]) -> None:
        self.own = own
        self.parts = tuple(parts)
        self._renamed: dict[str, Node] = {}

    def part_of(self, name: str) -> tuple[Part, str] | None:
        """The part that a rule belongs to, and its name there; None for a rule of its own, or none at all."""
        inner, bracket, number = name.removesuffix("]").rpartition(" [")
        if name in self.own or not bracket or not number.isdecimal() or int(number) >= len(self.parts):
            return None
        return self.parts[int(number)], inner

    def is_prepared(self, name: str) -> bool:
        """Does the rule come from a part that is prepared?"""
        found = self.part_of(name)
        return found is not None and found[0].is_prepared

    def schema_pointers(self, rule: str, step: str | int | None) -> tuple[str, ...]:
        """As its part says: see `SchemaPlaces`."""
        found = self.part_of(rule)
        return () if found is None else schema_pointers(found[0].rules, found[1], step)

    def has_distinct_items(self, rule: str) -> bool:
        """As its part says."""
        found = self.part_of(rule)
        return found is not None and has_distinct_items(found[0].rules, found[1])

    def __getitem__(self, name: str) -> Node:
        known = self.own.get(name) or self._renamed.get(name)
        if known is None:
            found = self.part_of(name)
            if found is None:
                raise KeyError(name)
            part, inner = found
            known = self._renamed[name] = in_part(part.rules[inner], self.parts.index(part))
        return known

    def __contains__(self, name: object) -> bool:
        if not isinstance(name, str) or name in self.own:
            return name in self.own
        found = self.part_of(name)
        return found is not None and found[1] in found[0].rules

    def __iter__(self) -> Iterator[str]:
        yield from self.own
        for number, part in enumerate(self.parts):
            yield from (name_in_part(name, number) for name in part.rules)

    def __len__(self) -> int:
        return len(self.own) + sum(len(part.rules) for part in self.parts)


def name_in_part(name: str, number: int) -> str:
    """What a rule of a part is called: `name_in_part("root", 2)` -> `"root [2]"`."""
    return f"{name} [{number}]"


def in_part(node: Node, number: int) -> Node:
    """A node of a part, its calls renamed."""
    return map_calls(node, lambda call: Call(name_in_part(call.name, number)))


def union(operands: Iterable[Grammar]) -> Grammar:
    """The texts of any of the grammars."""
    return combined(operands, lambda nodes: ir.choice(*nodes), ir.Choice)


def concatenation(operands: Iterable[Grammar]) -> Grammar:
    """A text of each of the grammars, one after the other."""
    return combined(operands, lambda nodes: ir.sequence(*nodes), ir.Sequence)


def repetition(operand: Grammar, minimum: int, maximum: int | None) -> Grammar:
    """Between `minimum` and `maximum` texts (None: any number), one after the other."""
    if minimum < 0 or (maximum is not None and maximum < minimum):
        raise ValueError(f"repeat({minimum}, {maximum}): the bounds must be 0 or more, the lower one first")
    return combined([operand], lambda nodes: ir.repeat(nodes[0], minimum, maximum))


class Composer:
    """Puts a grammar together node by node (mutable).

    A grammar that is asked for twice is there once. That matters where a grammar stands in several places of another
    one: were it composed anew for each, n of these in one another would cost 2^n.
    """

    def __init__(self) -> None:
        self._parts: list[Part] = []
        self._own: dict[str, Node] = {}
        self._known: dict[int, tuple[Grammar, Node]] = {}  # by identity; the grammar is kept, so no id is used again

    def node(self, operand: Grammar) -> Node:
        """The node that stands for the texts of a grammar."""
        known = self._known.get(id(operand))
        if known is None:
            known = self._known[id(operand)] = (operand, added(operand, self._parts, self._own))
        return known[1]

    def rule(self, node: Node) -> Node:
        """A call of a rule of this node's, to stand in several places."""
        name = _fresh(self._own)
        self._own[name] = node
        return Call(name)

    def grammar(self, node: Node) -> Grammar:
        """The grammar of a node, when nothing more is to be added."""
        name = _fresh(self._own)
        reports = [operand.report for operand, _ in self._known.values()]
        report = joined([report for report in reports if len(report) or report.nodes])
        return Grammar(name, ComposedRules({**self._own, name: node}, self._parts), report=report)


def combined(
    operands: Iterable[Grammar], build: Callable[[list[Node]], Node], flattened: type[Node] | None = None
) -> Grammar:
    """The grammar of the node that `build` makes of one node for each operand.

    The start rule of an operand that is a node of the kind `flattened` stands in place, any other is called.
    """
    parts: list[Part] = []
    own: dict[str, Node] = {}
    nodes: list[Node] = []
    reports: list[Report] = []
    for operand in operands:
        if len(operand.report) or operand.report.nodes:
            reports.append(operand.report)
        start = added(operand, parts, own)
        if isinstance(start, Call) and flattened is not None and isinstance(own.get(start.name), flattened):
            nodes.append(own.pop(start.name))
        else:
            nodes.append(start)
    name = _fresh(own)
    own[name] = build(nodes)
    return Grammar(name, ComposedRules(own, parts), report=joined(reports))


def added(operand: Grammar, parts: list[Part], own: dict[str, Node]) -> Node:
    """Add the rules of an operand; the node that stands for its texts."""
    rules = operand.rules
    if not isinstance(rules, ComposedRules):
        body = rules.get(operand.start) if isinstance(rules, dict) else None
        if body == ir.EPSILON or isinstance(body, ir.Literal | ir.ByteClass | ir.Automaton | ir.TokenSet):
            return body  # a text or a pattern, which needs no rule of its own
        number = _number_of(Part(rules, operand.is_prepared), parts)
        return in_part(document_of(operand) if operand.is_document else Call(operand.start), number)
    numbers = [_number_of(part, parts) for part in rules.parts]
    new_name: dict[str, str] = {}
    for name in rules.own:
        new_name[name] = _fresh(own)
        own[new_name[name]] = ir.NOTHING  # taken, until all names are known

    def moved(call: Call) -> Call:
        if call.name in new_name:
            return Call(new_name[call.name])
        inner, _, number = call.name.removesuffix("]").rpartition(" [")
        return Call(name_in_part(inner, numbers[int(number)]))

    for name, node in rules.own.items():
        own[new_name[name]] = map_calls(node, moved)
    return Call(new_name[operand.start])


def _number_of(part: Part, parts: list[Part]) -> int:
    for number, known in enumerate(parts):
        if known.rules is part.rules:
            return number
    parts.append(part)
    return len(parts) - 1


def _fresh(own: Mapping[str, Node]) -> str:
    number = len(own) + 1
    while f"combination {number}" in own:
        number += 1
    return f"combination {number}"


def joined(reports: list[Report]) -> Report:
    """All findings of several reports."""
    if len(reports) <= 1:
        return reports[0] if reports else Report()
    return Report(
        Deferred(lambda: [finding for report in reports for finding in report.findings]),
        Deferred(lambda: [pointer for report in reports for pointer in report.nodes]),
    )


def document_of(grammar: Grammar) -> Node:
    """A node, in the names of the grammar's own rules, for its JSON texts as documents within a larger text."""
    marked = _marked(grammar.rules[grammar.start], grammar.rules, MAX_UNIONS_ENTERED)
    return Document(Call(grammar.start)) if marked is None else marked


def _marked(node: Node, rules: Mapping[str, Node], depth: int) -> Node | None:
    """The node with all calls, which may lead to arrays and objects, as documents; None where it is not so simple."""
    match node:
        case Call(name):
            body = rules[name]
            if isinstance(body, ir.Choice) and depth > 0:
                marked = _marked(body, rules, depth - 1)
                if marked is not None:
                    return marked
            return Document(node)
        case ir.Sequence(parts) | ir.Choice(parts):
            is_sequence = isinstance(node, ir.Sequence)
            if is_sequence and any(isinstance(part, ir.Literal) for part in parts):
                return None  # not blanks around a value, but the value itself
            found = [_marked(part, rules, depth) for part in parts]
            marked_parts = [part for part in found if part is not None]
            if len(marked_parts) < len(found):
                return None
            return ir.sequence(*marked_parts) if is_sequence else ir.choice(*marked_parts)
        case ir.Literal() | ir.ByteClass() | ir.Automaton():
            return node
        case ir.Repeat():
            return node if not called_names(node) and _asks_nothing(node) else None
    return None


def _asks_nothing(node: Node) -> bool:
    """Is the node made of nothing but bytes?"""
    match node:
        case ir.Sequence(parts) | ir.Choice(parts):
            return all(map(_asks_nothing, parts))
        case ir.Repeat(body):
            return _asks_nothing(body)
    return isinstance(node, ir.Literal | ir.ByteClass | ir.Automaton)
